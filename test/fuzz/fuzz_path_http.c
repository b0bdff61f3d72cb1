/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections of HTTP/1.1 through the path (path_waf_bed.h), out of a list of pieces or the
 * input itself. What must hold of the connections holds after each. At the end the servers have got
 * whole requests that pass, and of the last one a part perhaps; each request was told of once; all
 * memory is back.
 */
#include "path_oracle.h"
#include "path_waf_bed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy_text[] =
	"kind: Defaults\nmetadata: {name: defaults}\nspec: {unmatched: allow, midstream: "
	"drop}\n---\n"
	"kind: Group\nmetadata: {name: servers}\nspec: {cidrs: [10.0.1.0/24]}\n---\n"
	"kind: Service\nmetadata: {name: shop}\n"
	"spec: {addresses: [servers], ports: [80], protocol: http, http2: false}\n---\n"
	"kind: ThreatPolicy\nmetadata: {name: shop-rules}\n"
	"spec: {services: [shop], mode: enforce, rules: {crs: [], before: ['FOLDER/waf.conf']}}\n";
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
#define GRPC "Content-Type: application/grpc-web-text\r\n"
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
	"POST /g" HOST GRPC "Content-Length: 24\r\n\r\nAAAAAAsKCWEgYXR0YWNrMg==",
	"POST /g" HOST GRPC "Content-Length: 16\r\n\r\nAAAAAAcKBWhlbGxv",
	"HTTP/1.1 200 OK\r\n" GRPC "Transfer-Encoding: chunked\r\n\r\n",
	"HTTP/1.1 200 OK\r\n" GRPC "Content-Length: 40\r\n\r\nAAAAAAcKBWhlbGxv",
	"HTTP/1.1 200 OK\r\n" GRPC "\r\n",
	"10\r\nAAAAAAcKBWhlbGxv\r\n",
	"18\r\nAAAAAAsKCWEgYXR0YWNrNA==\r\n",
	"14\r\nAAAAAAYKBG1pYXUAAAAA\r\n10\r\nCwoJYSBhdHRhY2s0\r\n",
	"AAAAAAsKCWEgYXR0YWNrNA==",
	"GET /h2" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
	"HTTP2-Settings: AAMAAABk\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
};

/* ---- what must come of it ---- */

static struct weir_generation *oracles;
static struct oracle oracle;

/* It has the rules of a generation of its own, which nobody else uses. */
static void make_oracle(void)
{
	struct weir_waf_worker_cfg worker = {.bytes = 4 << 20, .seed = 1};

	oracles = waf_bed_generation();
	oracle.waf = weir_programs_at(oracles->programs, 0)->waf;
	oracle.worker = weir_waf_worker_create(&worker);
	weir_assert(oracle.waf && oracle.worker);
}

static void stop(void)
{
	weir_waf_worker_destroy(oracle.worker);
	weir_generation_destroy(oracles);
}

static void start(void)
{
	/* What uses the path goes before it. */
	waf_bed_start(policy_text, rules_text, 80);
	make_oracle();
	atexit(stop);
}

static uint64_t exhaustions(void)
{
	return bed_count(WEIR_COUNT_HTTP_MEMORY) + bed_count(WEIR_COUNT_HTTP_BUDGET) +
	       bed_count(WEIR_COUNT_HTTP_LIMIT);
}

static uint64_t exhausted_before, tunnels_before;

static void begin_counting(void)
{
	exhausted_before = exhaustions();
	tunnels_before = bed_count(WEIR_COUNT_HTTP_TUNNELS);
}

/* Its ends are as they are: what has not come by now may still come, and is none of it then. */
static void look(const struct talk *t)
{
	const struct talk_end *c = &t->end[CLIENT], *s = &t->end[SERVER];

	oracle.lenient = exhaustions() != exhausted_before;
	oracle.tunnel = bed_count(WEIR_COUNT_HTTP_TUNNELS) != tunnels_before;
	oracle_read(&oracle, weir_bytes_of(c->stream, c->whole));
	oracle_check_server(&oracle, weir_bytes_of(s->got, s->n_got));
	oracle_check_client(&oracle, weir_bytes_of(c->got, c->n_got));
}

/* ---- records ---- */

static void write_pieces(const struct bed_record *r)
{
	const char *piece = pieces[r->n[0] % WEIR_ARRAY_LEN(pieces)];

	for (int i = 0; i <= r->n[1] % 20; i++)
		talk_write(r->talk, r->side, piece, strlen(piece));
}

static void run_record(const struct bed_record *r)
{
	switch (r->what) {
	case 1:
		write_pieces(r);
		break;
	case 12: /* what is written in one go is sent so, too */
		write_pieces(r);
		talk_send_all(r->talk, r->side, 1 + r->n[2] * 6u);
		break;
	default:
		waf_bed_act(r);
	}
}

static const struct bed_target target = {waf_bed_write_raw, run_record, look};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!bed.path)
		start();
	begin_counting();
	waf_bed_begin();
	bed_play(&target, data, size);
	return 0;
}
