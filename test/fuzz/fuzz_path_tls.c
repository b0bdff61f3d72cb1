/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections through the path whose TLS it ends, with real handshakes: clients, and the
 * servers of one of two Services, speak TLS by lib/tls. Records of {what, number, number, number}
 * say, seal, change, cut, drop, repeat; ends, resets, closed windows, time; buffers may run out.
 * What arrives is what was said, from the first byte on and none behind a change; what must hold of
 * the connections holds after each; all memory is back at the end.
 */
#include "path_tls_peer.h"

#include <weir_mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD  4
#define TALKS   2
#define BUFFERS 1023
#define FRAMES  2047
#define PLAIN   80 /* Services: on to the servers in the clear, */
#define TLS     81 /* and by TLS */
#define PUMPS   8
/* Long enough for all timers and all ages, and as many steps as that may take. */
#define END_STEP_NS (600 * WEIR_NS_PER_S)
#define END_STEPS   1000

static const char conf_text[] = "memory: {connections: 64}\n"
				"ports:\n"
				"  - {name: left, device: 'vdev:net_null0'}\n"
				"  - {name: right, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [left, right]}]\n";
static const char policy_text[] =
	"kind: Defaults\nmetadata: {name: defaults}\n"
	"spec: {unmatched: allow, midstream: drop}\n---\n"
	"kind: Service\nmetadata: {name: plain}\n"
	"spec:\n  addresses: 10.0.1.0/24\n  ports: 80\n  protocol: tcp\n"
	"  tls: {mode: terminate, certificates: [{certificate: '%s', key: '%s'}]}\n---\n"
	"kind: Service\nmetadata: {name: tls}\n"
	"spec:\n  addresses: 10.0.1.0/24\n  ports: 81\n  protocol: tcp\n"
	"  tls: {mode: terminate, certificates: [{certificate: '%s', key: '%s'}],\n"
	"        upstream: {mode: tls, verify: none, name: a.example}}\n";

struct record {
	unsigned int what, side;
	unsigned int talk;
	const uint8_t *n; /* three numbers */
};

/* ---- the bed, made once ---- */

static struct weir_path *path;
static struct weir_conf *conf;
static struct weir_names *names;
static struct weir_tls_tickets *tickets;
static struct rte_mempool *pool, *frames;
static struct weir_event_ring *ring;
static struct weir_event_store *store;
static struct weir_tls_crypto *crypto;
static struct weir_tls_client *clients[2]; /* of TLS 1.3, 1.2 */
static struct weir_tls_server *server;
static struct talk talks[TALKS];
static struct tls_peer peers[TALKS][2];
static uint64_t now_ns = 1700000000 * WEIR_NS_PER_S;
static uint16_t port;
static struct rte_mbuf *hostages[BUFFERS];
static unsigned int n_hostages;
static char folder[] = "/tmp/weir-fuzz-tls-XXXXXX";
static char chain[64], key[64];

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

static struct weir_policy *make_policy(struct weir_conf_report *r)
{
	char text[2048];
	const struct weir_conf_docs *list[1];
	struct weir_conf_docs *docs;
	struct weir_policy *policy;

	snprintf(text, sizeof(text), policy_text, chain, key, chain, key);
	docs = weir_conf_load_text("policy.yaml", weir_bytes_str(text), r);
	list[0] = docs;
	policy = docs ? weir_policy_from_docs(list, 1, names, r) : NULL;
	weir_assert(policy != NULL);
	weir_conf_docs_destroy(docs);
	return policy;
}

static struct weir_generation *make_generation(void)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_generation *g = weir_generation_create(1, make_policy(r), "fuzz");
	struct weir_tls_loading loading = {.n_workers = 1, .names = names, .report = r};

	weir_assert(g != NULL);
	loading.policy = g->policy;
	loading.tickets = tickets = weir_tls_tickets_create();
	weir_assert(weir_path_load_tls(&loading, &g->tls) == 0);
	weir_conf_report_destroy(r);
	return g;
}

static void write_certificate(EVP_PKEY *pkey, const char *file)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	FILE *f = fopen(file, "w");

	weir_assert(x && f);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a.example", -1,
				   -1, 0);
	X509_set_issuer_name(x, name);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000000);
	X509_set_pubkey(x, pkey);
	weir_assert(X509_sign(x, pkey, EVP_sha256()) > 0);
	weir_assert(PEM_write_X509(f, x) == 1 && fclose(f) == 0);
	X509_free(x);
}

static void make_certificate(void)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	FILE *f;

	weir_assert(pkey && mkdtemp(folder) != NULL);
	snprintf(chain, sizeof(chain), "%s/chain.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
	write_certificate(pkey, chain);
	umask(077);
	f = fopen(key, "w");
	weir_assert(f && PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	EVP_PKEY_free(pkey);
}

static void make_peers(void)
{
	static const uint16_t newest[2] = {WEIR_TLS_1_3, WEIR_TLS_1_2};
	const struct weir_tls_cert_files files = {.chain = chain, .key = key};
	struct weir_buf why = {0};
	struct weir_tls_cert *cert = weir_tls_cert_load(&files, &why);
	const struct weir_tls_cert *const certs[] = {cert};
	const struct weir_tls_server_cfg s = {.certs = certs, .n_certs = 1};

	weir_assert(cert != NULL);
	server = weir_tls_server_create(&s, &why);
	for (unsigned int i = 0; i < 2; i++) {
		const struct weir_tls_client_cfg c = {.verify = WEIR_TLS_VERIFY_NONE,
						      .versions = {.max = newest[i]}};

		clients[i] = weir_tls_client_create(&c, &why);
	}
	crypto = weir_tls_crypto_create(true);
	weir_assert(server && clients[0] && clients[1] && crypto);
	weir_buf_fini(&why);
	weir_tls_cert_destroy(cert);
}

static void stop(void)
{
	for (unsigned int t = 0; t < TALKS; t++)
		for (unsigned int end = 0; end < 2; end++)
			peer_end(&peers[t][end]);
	weir_path_destroy(path);
	weir_tls_tickets_destroy(tickets);
	weir_tls_server_destroy(server);
	weir_tls_client_destroy(clients[0]);
	weir_tls_client_destroy(clients[1]);
	weir_tls_crypto_destroy(crypto);
	weir_event_ring_destroy(ring);
	weir_event_store_destroy(store);
	weir_names_destroy(names);
	weir_conf_destroy(conf);
}

static void make_bed(void)
{
	struct weir_conf_report *r = weir_conf_report_create();

	pool = weir_mbuf_pool_create("fuzz", BUFFERS, 2048, 0);
	frames = weir_mbuf_pool_create("fuzz_frames", FRAMES, 2048, 0);
	ring = weir_event_ring_create("fuzz", 4096);
	store = weir_event_store_create("fuzz_tx", 64);
	names = weir_names_create();
	conf = weir_conf_from_text("weir.yaml", weir_bytes_str(conf_text), r);
	weir_assert(pool && frames && ring && store && names && conf);
	weir_conf_report_destroy(r);
}

static void remove_files(void)
{
	remove(chain);
	remove(key);
	remove(folder);
}

static void start(void)
{
	struct weir_eal_cfg eal = {.program = "fuzz", .need_bytes = 128 << 20, .quiet = true};
	struct weir_path_cfg cfg = {.n_workers = 1, .segments = 256, .seed = 7, .tx = on_tx};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	make_bed();
	make_certificate();
	make_peers();
	cfg.names = names;
	cfg.conf = conf;
	cfg.generation = make_generation();
	remove_files();
	cfg.pool = &pool;
	cfg.event_ring = &ring;
	cfg.event_store = &store;
	cfg.now_ns = now_ns;
	path = weir_path_create(&cfg);
	weir_assert(path != NULL);
	for (unsigned int t = 0; t < TALKS; t++) {
		talks[t] = (struct talk){.path = path, .frames = frames, .now_ns = &now_ns};
		for (unsigned int end = 0; end < 2; end++) {
			peers[t][end].talk = &talks[t];
			peers[t][end].end = end;
			peers[t][end].crypto = crypto;
		}
	}
	atexit(stop);
}

static void take_events(void)
{
	struct weir_event events[64];

	while (weir_event_take(ring, events, WEIR_ARRAY_LEN(events)) > 0)
		;
}

/* ---- what records do ---- */

/* Bits of `how`: servers speak TLS; TLS 1.2 with the client. */
static void reopen(unsigned int t, unsigned int how)
{
	const struct weir_tls_connect_opts to = {.name = "a.example"};
	const struct weir_tls_accept_opts by = {0};

	for (unsigned int end = 0; end < 2; end++)
		peer_end(&peers[t][end]);
	port = port < 40000 ? 40000 : port;
	talks[t].server_port = how & 1 ? TLS : PLAIN;
	talk_open(&talks[t], port++);
	peer_begin(&peers[t][CLIENT], weir_tls_connect(clients[how >> 1 & 1], &to));
	peer_begin(&peers[t][SERVER], how & 1 ? weir_tls_accept(server, &by) : NULL);
}

/* Both take what came and send what they have, for some rounds. */
static void pump(unsigned int t, size_t piece, unsigned int rounds)
{
	for (unsigned int i = 0; i < (rounds ? rounds : PUMPS); i++)
		for (unsigned int end = 0; end < 2; end++) {
			peer_work(&peers[t][end]);
			talk_send_all(&talks[t], end, piece);
			talk_settle(&talks[t]);
		}
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

static void hear(const struct record *r)
{
	struct talk_end *e = &talks[r->talk].end[r->side];

	e->silent = r->n[0] & 1;
	e->window = (uint16_t)(r->n[1] << 8 | r->n[2]);
	talk_ack(&talks[r->talk], r->side);
}

static void pass_time(const struct record *r)
{
	now_ns += (uint64_t)r->n[0] << (r->n[1] & 0x1f);
	weir_path_advance(path, now_ns);
}

static void send_some(const struct record *r)
{
	const struct talk_end *e = &talks[r->talk].end[r->side];
	int64_t at = (int64_t)e->next + (int8_t)r->n[1] * 4;

	talk_send(&talks[r->talk], r->side, at < 0 ? 0 : (size_t)at, 1 + r->n[0] * 6u);
}

static void act(const struct record *r)
{
	struct talk *t = &talks[r->talk];
	struct tls_peer *p = &peers[r->talk][r->side];

	switch (r->what) {
	case 1:
		pump(r->talk, 1 + r->n[0] * 6u, r->n[1] % PUMPS);
		break;
	case 2:
		peer_say(p, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 3:
		peer_change_next(p, (enum peer_change)(r->n[0] % PEER_CHANGES),
				 (size_t)(r->n[1] << 8 | r->n[2]));
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
		peer_record(p, r->n[0], weir_bytes_of(r->n + 1, r->n[1] % 3));
		break;
	case 9:
		peer_update_key(p, r->n[0] & 1);
		break;
	case 10:
		peer_alert(p, r->n[0]);
		break;
	case 11:
		give_back();
		if (r->n[0] & 1)
			starve(r->n[1]);
		break;
	case 12:
		send_some(r);
		break;
	case 13:
		t->end[r->side].next = t->end[r->side].acked;
		break;
	case 15:
		weir_assert(weir_tls_tickets_rotate(tickets) == 0);
		break;
	default:
		talk_ack(t, r->side);
	}
}

/* ---- what must come of it ---- */

static void look(unsigned int t)
{
	peer_check(&peers[t][CLIENT], &peers[t][SERVER]);
	peer_check(&peers[t][SERVER], &peers[t][CLIENT]);
}

static void run_record(const struct record *r)
{
	if (r->what == 14) {
		look(r->talk);
		reopen(r->talk, r->n[0]);
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
	return g.flows == 0;
}

static void end_all(void)
{
	give_back();
	for (unsigned int i = 0; i < END_STEPS && !is_empty(); i++) {
		now_ns += END_STEP_NS;
		weir_path_advance(path, now_ns);
		take_events();
		weir_path_check(path);
	}
	weir_assert(is_empty());
	weir_assert(rte_mempool_in_use_count(pool) == 0);
	weir_assert(rte_mempool_in_use_count(frames) == 0);
}

/* A byte for how the two connections are, then {what, with 0x10 the server's side, with 0x20 the
 * second connection; three numbers}. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!path)
		start();
	for (unsigned int t = 0; t < TALKS; t++)
		reopen(t, size ? data[0] >> 2 * t : 0);
	data += size > 0;
	size -= size > 0;
	while (size >= RECORD) {
		struct record r = {
			.what = data[0] & 15,
			.side = data[0] >> 4 & 1,
			.talk = data[0] >> 5 & 1,
			.n = data + 1,
		};
		size_t used = RECORD;

		if (r.what == 0) {
			size_t n = RTE_MIN((size_t)r.n[0], size - RECORD);

			peer_raw(&peers[r.talk][r.side], weir_bytes_of(data + RECORD, n));
			used += n;
		}
		run_record(&r);
		data += used;
		size -= used;
	}
	for (unsigned int t = 0; t < TALKS; t++)
		look(t);
	end_all();
	return 0;
}
