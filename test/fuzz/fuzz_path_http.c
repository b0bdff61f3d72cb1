/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections of HTTP through the path: records of {what, number, number, number} add to the
 * streams of clients and servers, out of a list of pieces or the input itself, and send them in any
 * segments, with losses, repetitions, ends, resets, closed windows, time and reloads; buffers may
 * run out. A stream rule looks at the bytes, too. What must hold of the connections holds after
 * each. At the end the servers have got whole requests that pass, and of the last one a part
 * perhaps; each request was told of once; all memory is back.
 */
#include "path_oracle.h"
#include "path_talk.h"

#include <weir_mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD  4
#define TALKS   2
#define BUFFERS 1023
#define FRAMES  2047
#define STORE   512
#define RELOADS 1 /* they take time */
/* Long enough for all timers and all ages, and as many steps as that may take. */
#define END_STEP_NS (600 * WEIR_NS_PER_S)
#define END_STEPS   1000

static const char conf_text[] = "memory: {connections: 64, waf: 4MiB}\n"
				"ports:\n"
				"  - {name: left, device: 'vdev:net_null0'}\n"
				"  - {name: right, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [left, right]}]\n"
				"rules: {stream: ['%s/stream.hs']}\n";
static const char policy_text[] =
	"kind: Defaults\nmetadata: {name: defaults}\nspec: {unmatched: allow, midstream: "
	"drop}\n---\n"
	"kind: Group\nmetadata: {name: servers}\nspec: {cidrs: [10.0.1.0/24]}\n---\n"
	"kind: Service\nmetadata: {name: shop}\n"
	"spec: {addresses: [servers], ports: [80], protocol: http}\n---\n"
	"kind: ThreatPolicy\nmetadata: {name: shop-rules}\n"
	"spec: {services: [shop], mode: enforce, rules: {crs: [], before: ['%s/waf.conf']}}\n";
static const char rules_text[] =
	"SecRuleEngine On\n"
	"SecRequestBodyAccess On\n"
	"SecRequestBodyLimit 16384\n"
	"SecRequestBodyLimitAction Reject\n"
	"SecResponseBodyAccess On\n"
	"SecResponseBodyMimeType text/plain text/html\n"
	"SecResponseBodyLimit 8192\n"
	"SecResponseBodyLimitAction ProcessPartial\n"
	"SecRule REQUEST_HEADERS:Content-Type \"@contains json\" "
	"\"id:10,phase:1,pass,nolog,t:none,ctl:requestBodyProcessor=JSON\"\n"
	"SecRule REQUEST_HEADERS:Content-Type \"@contains xml\" "
	"\"id:11,phase:1,pass,nolog,t:none,ctl:requestBodyProcessor=XML\"\n"
	"SecRule REQUEST_URI \"@contains attack1\" \"id:1,phase:1,deny,status:403,log,t:none\"\n"
	"SecRule ARGS|XML:/* \"@contains attack2\" \"id:2,phase:2,deny,status:403,log,t:none\"\n"
	"SecRule RESPONSE_HEADERS:X-Leak \"@contains attack3\" "
	"\"id:3,phase:3,deny,status:403,log,t:none\"\n"
	"SecRule RESPONSE_BODY \"@contains attack4\" \"id:4,phase:4,deny,status:403,log,t:none\"\n"
	"SecRule REQUEST_URI \"@contains redirectme\" \"id:5,phase:1,status:302,log,t:none,"
	"redirect:'http://elsewhere.example/'\"\n"
	"SecRule REQUEST_URI \"@contains dropme\" \"id:6,phase:1,drop,log,t:none\"\n"
	"SecRule REQBODY_ERROR \"!@eq 0\" \"id:7,phase:2,deny,status:400,log,t:none\"\n";

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define HOST " HTTP/1.1\r\nHost: x\r\n"

static const char *const pieces[] = {
	"GET /" HOST "\r\n",
	"HEAD /" HOST "\r\n",
	"GET /attack1" HOST "\r\n",
	"GET /redirectme" HOST "\r\n",
	"GET /dropme" HOST "\r\n",
	"GET /old HTTP/1.0\r\n\r\n",
	"GET /close" HOST "Connection: close\r\n\r\n",
	"GET /chat" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	"CONNECT x:80" HOST "\r\n",
	"POST /f" HOST FORM "Content-Length: 7\r\n\r\na=b&c=d",
	"POST /f" HOST FORM "Content-Length: 9\r\n\r\na=attack2",
	"POST /f" HOST FORM "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n",
	"POST /c" HOST FORM "Transfer-Encoding: chunked\r\n\r\n",
	"POST /j" HOST "Content-Type: application/json\r\nContent-Length: 17\r\n\r\n"
	"{\"a\":\"attack2!!\"}",
	"POST /x" HOST "Content-Type: text/xml\r\nContent-Length: 14\r\n\r\n<a>attack2</a>",
	"POST /m" HOST "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 63\r\n\r\n"
	"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nattack2\r\n--b--\r\n",
	"PUT /s" HOST "Content-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n",
	"POST /big" HOST FORM "Content-Length: 16385\r\n\r\n",
	"POST /far" HOST FORM "Content-Length: 200000\r\n\r\n",
	"POST /both" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	"0\r\n\r\n",
	"0\r\nX: y\r\n\r\n",
	"2\r\na=\r\n",
	"7\r\nattack2\r\n",
	"5;e=f\r\nhello\r\n",
	"\r\n",
	"X: y\r\n",
	"streamattack",
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n",
	"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX-Leak: attack3\r\nContent-Length: 3\r\n\r\nabc",
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nattack4",
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9000\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
	"HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\nuntil the end",
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
};

struct record {
	unsigned int what, side;
	struct talk *talk;
	const uint8_t *n; /* three numbers */
};

/* ---- the bed, made once ---- */

static struct weir_path *path;
static struct weir_conf *conf;
static struct weir_names *names;
static struct weir_generation *oracles;
static char folder[] = "/tmp/weir-fuzz-http-XXXXXX";
static struct rte_mempool *pool, *frames;
static struct weir_event_ring *ring;
static struct weir_event_store *store;
static struct talk talks[TALKS];
static struct oracle oracle;
static uint64_t now_ns = 1700000000 * WEIR_NS_PER_S;
static uint64_t told; /* transactions */
static unsigned int reloads;
static uint16_t port;
static struct rte_mbuf *hostages[BUFFERS];
static unsigned int n_hostages;

static void on_tx(void *ctx, unsigned int to, struct rte_mbuf **m, unsigned int n)
{
	uint8_t bytes[2048];

	(void)ctx;
	for (unsigned int i = 0; i < n; i++) {
		size_t len = rte_pktmbuf_pkt_len(m[i]);
		const void *frame;

		weir_assert(len <= sizeof(bytes));
		frame = rte_pktmbuf_read(m[i], 0, (uint32_t)len, bytes);
		for (unsigned int t = 0; t < TALKS; t++)
			if (talk_take(&talks[t], to, frame, len))
				break;
		rte_pktmbuf_free(m[i]);
	}
}

static struct weir_bytes bytes_of(const char *text)
{
	return weir_bytes_of(text, strlen(text));
}

static void write_file(const char *name, const char *text)
{
	char to[64];
	FILE *f;

	snprintf(to, sizeof(to), "%s/%s", folder, name);
	f = fopen(to, "w");
	weir_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static struct weir_policy *make_policy(struct weir_conf_report *r)
{
	char text[2048];
	const struct weir_conf_docs *list[1];
	struct weir_conf_docs *docs;
	struct weir_policy *policy;

	snprintf(text, sizeof(text), policy_text, folder);
	docs = weir_conf_load_text("policy.yaml", bytes_of(text), r);
	list[0] = docs;
	policy = docs ? weir_policy_from_docs(list, 1, names, r) : NULL;
	weir_assert(policy != NULL);
	weir_conf_docs_destroy(docs);
	return policy;
}

/* All generations are alike. */
static struct weir_generation *make_generation(void)
{
	static uint32_t number;
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_generation *g = weir_generation_create(++number, make_policy(r), "fuzz");

	weir_assert(g != NULL);
	weir_assert(weir_path_load_rules(conf, conf, 1, names, r, &g->scan) == 0);
	weir_assert(weir_path_load_waf(g->policy, conf, conf, 1, names, r, &g->programs) == 0);
	weir_conf_report_destroy(r);
	return g;
}

/* It has the rules of a generation of its own, which nobody else uses. */
static void make_oracle(void)
{
	struct weir_waf_worker_cfg worker = {.bytes = 4 << 20, .seed = 1};

	oracles = make_generation();
	oracle.waf = weir_programs_at(oracles->programs, 0)->waf;
	oracle.worker = weir_waf_worker_create(&worker);
	weir_assert(oracle.waf && oracle.worker);
}

static void make_conf(void)
{
	struct weir_conf_report *r = weir_conf_report_create();
	char text[1024];

	weir_assert(mkdtemp(folder) != NULL);
	write_file("waf.conf", rules_text);
	write_file("stream.hs", "1:/streamattack/\n");
	write_file("stream.yaml", "patterns: [{id: 1, action: reset}]\n");
	snprintf(text, sizeof(text), conf_text, folder);
	conf = weir_conf_from_text("weir.yaml", bytes_of(text), r);
	weir_assert(conf != NULL);
	weir_conf_report_destroy(r);
}

static void remove_files(void)
{
	static const char *const made[] = {"waf.conf", "stream.hs", "stream.yaml", ""};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(made); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s/%s", folder, made[i]);
		remove(name);
	}
}

static void stop(void)
{
	weir_path_destroy(path);
	weir_waf_worker_destroy(oracle.worker);
	weir_generation_destroy(oracles);
	weir_event_ring_destroy(ring);
	weir_event_store_destroy(store);
	weir_names_destroy(names);
	weir_conf_destroy(conf);
	remove_files();
}

static void start(void)
{
	struct weir_eal_cfg eal = {.program = "fuzz", .need_bytes = 128 << 20, .quiet = true};
	struct weir_path_cfg cfg = {.n_workers = 1, .segments = 256, .seed = 7, .tx = on_tx};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	pool = weir_mbuf_pool_create("fuzz", BUFFERS, 2048, 0);
	frames = weir_mbuf_pool_create("fuzz_frames", FRAMES, 2048, 0);
	ring = weir_event_ring_create("fuzz", 4096);
	store = weir_event_store_create("fuzz_tx", STORE);
	names = weir_names_create();
	weir_assert(pool && frames && ring && store && names);
	make_conf();
	make_oracle();
	cfg.names = names;
	cfg.conf = conf;
	cfg.generation = make_generation();
	cfg.pool = &pool;
	cfg.event_ring = &ring;
	cfg.event_store = &store;
	cfg.now_ns = now_ns;
	path = weir_path_create(&cfg);
	weir_assert(path != NULL);
	for (unsigned int t = 0; t < TALKS; t++)
		talks[t] = (struct talk){.path = path, .frames = frames, .now_ns = &now_ns};
	atexit(stop);
}

static uint64_t count_of(enum weir_counter c)
{
	return weir_path_stats(path, 0)->count[c];
}

static void take_events(void)
{
	struct weir_event events[64];
	unsigned int n;

	while ((n = weir_event_take(ring, events, WEIR_ARRAY_LEN(events))) > 0)
		for (unsigned int i = 0; i < n; i++)
			if (events[i].type == WEIR_EVENT_HTTP) {
				weir_event_http_give(events[i].http);
				told++;
			}
}

/* ---- what records do ---- */

static void write_fill(const struct record *r, size_t len)
{
	uint8_t fill[65536];

	memset(fill, r->n[2] ? r->n[2] : 'x', len);
	talk_write(r->talk, r->side, fill, len);
}

static void write_chunk(const struct record *r, size_t len)
{
	char size[16];

	snprintf(size, sizeof(size), "%zx\r\n", len);
	talk_write(r->talk, r->side, size, strlen(size));
	write_fill(r, len);
	talk_write(r->talk, r->side, "\r\n", 2);
}

static void write_pieces(const struct record *r)
{
	const char *piece = pieces[r->n[0] % WEIR_ARRAY_LEN(pieces)];

	for (int i = 0; i <= r->n[1] % 20; i++)
		talk_write(r->talk, r->side, piece, strlen(piece));
}

static void give_back(void)
{
	while (n_hostages)
		rte_pktmbuf_free(hostages[--n_hostages]);
}

/* All buffers but `left` are gone. */
static void starve(unsigned int left)
{
	while (n_hostages < BUFFERS && rte_mempool_avail_count(pool) > left)
		hostages[n_hostages++] = rte_pktmbuf_alloc(pool);
}

static void reopen(struct talk *t)
{
	port = port < 40000 ? 40000 : port;
	talk_open(t, port++);
}

static void hear(const struct record *r)
{
	struct talk_end *e = &r->talk->end[r->side];

	e->silent = r->n[0] & 1;
	e->window = (uint16_t)(r->n[1] << 8 | r->n[2]);
	talk_ack(r->talk, r->side);
}

static void pass_time(const struct record *r)
{
	now_ns += (uint64_t)r->n[0] << (r->n[1] & 0x1f);
	weir_path_advance(path, now_ns);
}

/* Returns how many bytes of the input it has used as such, of `left`. */
static size_t write_raw(const struct record *r, const uint8_t *in, size_t left)
{
	size_t n = r->n[0] < left ? r->n[0] : left;

	talk_write(r->talk, r->side, in, n);
	return n;
}

static void send_some(const struct record *r)
{
	const struct talk_end *e = &r->talk->end[r->side];
	int64_t at = (int64_t)e->next + (int8_t)r->n[1] * 4;

	talk_send(r->talk, r->side, at < 0 ? 0 : (size_t)at, 1 + r->n[0] * 6u);
}

static void act(const struct record *r)
{
	struct talk *t = r->talk;

	switch (r->what) {
	case 1:
		write_pieces(r);
		break;
	case 2:
		send_some(r);
		break;
	case 3:
		talk_send_all(t, r->side, 1 + r->n[0] * 6u);
		break;
	case 4:
		talk_fin(t, r->side);
		break;
	case 5:
		talk_reset(t, r->side, (int8_t)r->n[0]);
		break;
	case 6:
		hear(r);
		break;
	case 7:
		pass_time(r);
		break;
	case 8:
		write_fill(r, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 9:
		write_chunk(r, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 10:
		t->end[r->side].next = t->end[r->side].acked;
		break;
	case 11:
		give_back();
		if (r->n[0] & 1)
			starve(r->n[1]);
		break;
	case 15:
		if (reloads++ < RELOADS)
			weir_path_publish(path, make_generation());
		break;
	case 12: /* what is written in one go is sent so, too */
		write_pieces(r);
		talk_send_all(t, r->side, 1 + r->n[2] * 6u);
		break;
	default:
		talk_ack(t, r->side);
	}
}

/* ---- what must come of it ---- */

static uint64_t exhaustions(void)
{
	return count_of(WEIR_COUNT_HTTP_MEMORY) + count_of(WEIR_COUNT_HTTP_BUDGET) +
	       count_of(WEIR_COUNT_HTTP_LIMIT);
}

static uint64_t exhausted_before, tunnels_before, requests_before;

static void begin_counting(void)
{
	exhausted_before = exhaustions();
	tunnels_before = count_of(WEIR_COUNT_HTTP_TUNNELS);
	requests_before = count_of(WEIR_COUNT_HTTP_REQUESTS);
	told = 0;
	reloads = 0;
}

/* Its ends are as they are: what has not come by now may still come, and is none of it then. */
static void look(const struct talk *t)
{
	const struct talk_end *c = &t->end[CLIENT], *s = &t->end[SERVER];

	oracle.lenient = exhaustions() != exhausted_before;
	oracle.tunnel = count_of(WEIR_COUNT_HTTP_TUNNELS) != tunnels_before;
	oracle_read(&oracle, weir_bytes_of(c->stream, c->whole));
	oracle_check_server(&oracle, weir_bytes_of(s->got, s->n_got));
	oracle_check_client(&oracle, weir_bytes_of(c->got, c->n_got));
}

static void run_record(const struct record *r)
{
	if (r->what == 14) {
		look(r->talk);
		reopen(r->talk);
	} else {
		act(r);
	}
	take_events();
	weir_path_check(path);
}

static bool is_empty(void)
{
	struct weir_path_gauges g;

	weir_path_gauges(path, 0, &g);
	weir_assert(g.flows || g.waf_kib == 0);
	return g.flows == 0;
}

static void end_all(void)
{
	unsigned int i;

	give_back();
	for (i = 0; i < END_STEPS && !is_empty(); i++) {
		now_ns += END_STEP_NS;
		weir_path_advance(path, now_ns);
		take_events();
		weir_path_check(path);
	}
	weir_assert(is_empty());
	weir_assert(rte_mempool_in_use_count(pool) == 0);
	weir_assert(rte_mempool_in_use_count(frames) == 0);
	weir_assert(told == count_of(WEIR_COUNT_HTTP_REQUESTS) - requests_before);
}

/* {what, with 0x10 the server's side, with 0x20 the second connection; three numbers} */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!path)
		start();
	begin_counting();
	for (unsigned int t = 0; t < TALKS; t++)
		reopen(&talks[t]);
	while (size >= RECORD) {
		struct record r = {
			.what = data[0] & 15,
			.side = data[0] >> 4 & 1,
			.talk = &talks[data[0] >> 5 & 1],
			.n = data + 1,
		};
		size_t used = RECORD;

		if (r.what == 0)
			used += write_raw(&r, data + RECORD, size - RECORD);
		run_record(&r);
		data += used;
		size -= used;
	}
	for (unsigned int t = 0; t < TALKS; t++)
		look(&talks[t]);
	end_all();
	return 0;
}
