/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections through the path (path_waf_bed.h): of HTTP/2 to a server of HTTP/1.1 or of
 * HTTP/2, or of HTTP/1.1 to one of HTTP/2: frames and heads out of a list, frames on any stream,
 * and the input itself. What must hold of the connections holds after each. No head that the rules
 * refuse is in what a peer in HTTP/1.1 got; each request was told of once; all memory is back.
 */
#include "path_waf_bed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OLD = 80, NEW, ONLY_NEW }; /* ports of the servers */

static const char policy_text[] =
	"kind: Defaults\nmetadata: {name: defaults}\nspec: {unmatched: allow, midstream: "
	"drop}\n---\n"
	"kind: Group\nmetadata: {name: servers}\nspec: {cidrs: [10.0.1.0/24]}\n---\n"
	"kind: Service\nmetadata: {name: old}\n"
	"spec: {addresses: [servers], ports: [80], protocol: http, http2Upstream: false}\n---\n"
	"kind: Service\nmetadata: {name: new}\n"
	"spec: {addresses: [servers], ports: [81], protocol: http}\n---\n"
	"kind: Service\nmetadata: {name: only-new}\n"
	"spec: {addresses: [servers], ports: [82], protocol: http, http2Upstream: true}\n---\n"
	"kind: ThreatPolicy\nmetadata: {name: rules}\n"
	"spec: {services: [old, new, only-new], mode: enforce, rules: {crs: [], before: "
	"['FOLDER/waf.conf']}}\n";
static const char rules_text[] =
	"SecRuleEngine On\n"
	"SecRequestBodyAccess On\n"
	"SecRequestBodyLimit 16384\n"
	"SecRequestBodyLimitAction Reject\n"
	"SecResponseBodyAccess On\n"
	"SecResponseBodyMimeType text/plain\n"
	"SecResponseBodyLimit 8192\n"
	"SecResponseBodyLimitAction ProcessPartial\n"
	"SecRule REQUEST_URI \"@contains attack1\" \"id:1,phase:1,deny,status:403,log,t:none\"\n"
	"SecRule ARGS \"@contains attack2\" \"id:2,phase:2,deny,status:403,log,t:none\"\n"
	"SecRule RESPONSE_HEADERS:X-Leak \"@contains attack3\" "
	"\"id:3,phase:3,deny,status:403,log,t:none\"\n"
	"SecRule RESPONSE_BODY \"@contains attack4\" \"id:4,phase:4,deny,status:403,log,t:none\"\n"
	"SecRule REQUEST_URI \"@contains redirectme\" \"id:5,phase:1,status:302,log,t:none,"
	"redirect:'http://elsewhere.example/'\"\n"
	"SecRule REQUEST_URI \"@contains dropme\" \"id:6,phase:1,drop,log,t:none\"\n";

/* ---- what is said ---- */

enum { DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION, RAW };
#define END_STREAM  1
#define END_HEADERS 4
#define ALL         (END_STREAM | END_HEADERS)

struct piece {
	uint8_t type, flags;
	bool of_connection;
	const char *bytes;
	size_t len;
};
#define P(type, flags, text)                               \
	{                                                  \
		type, flags, false, text, sizeof(text) - 1 \
	}
#define C(type, flags, text)                              \
	{                                                 \
		type, flags, true, text, sizeof(text) - 1 \
	}

/* Fields of the static table and such as no table keeps: blocks mean the same in any order. */
#define GET       "\x82\x87\x41\x01x"
#define POST      "\x83\x87\x41\x01x"
#define ROOT      "\x84"
#define PATH(len) "\x04" len
#define FORM           \
	"\x0f\x10\x21" \
	"application/x-www-form-urlencoded"
#define LENGTH(n) "\x0f\x0d\x01" n
#define TEXT           \
	"\x0f\x10\x0a" \
	"text/plain"
#define OK "\x88"

static const struct piece pieces[] = {
	C(RAW, 0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	C(SETTINGS, 0, ""),
	C(SETTINGS, 1, ""),
	C(SETTINGS, 0, "\x00\x04\x00\x00\x00\x05"), /* windows of 5 */
	C(SETTINGS, 0, "\x00\x03\x00\x00\x00\x01"), /* one stream */
	C(PING, 0, "12345678"),
	C(GOAWAY, 0, "\x00\x00\x00\x00\x00\x00\x00\x00"),
	C(WINDOW, 0, "\x00\x01\x00\x00"),
	P(WINDOW, 0, "\x00\x00\x10\x00"),
	P(RST, 0, "\x00\x00\x00\x08"),
	P(PRIORITY, 0, "\x00\x00\x00\x00\x10"),
	P(HEADERS, ALL, GET ROOT),
	P(HEADERS, END_HEADERS, GET ROOT),
	P(HEADERS, END_STREAM, GET),
	P(CONTINUATION, END_HEADERS, ROOT),
	P(HEADERS, ALL, GET PATH("\x08") "/attack1"),
	P(HEADERS, ALL, GET PATH("\x0b") "/redirectme"),
	P(HEADERS, ALL, GET PATH("\x07") "/dropme"),
	P(HEADERS, ALL,
	  "\x02\x04"
	  "HEAD\x87\x41\x01x" ROOT),
	P(HEADERS, END_HEADERS,
	  "\x02\x07"
	  "CONNECT\x41\x04x:80"),
	P(HEADERS, END_HEADERS, POST ROOT FORM),
	P(HEADERS, END_HEADERS, POST ROOT FORM LENGTH("9")),
	P(HEADERS, END_HEADERS,
	  POST ROOT FORM "\x0f\x14\x0c"
			 "100-continue"),
	P(HEADERS, END_HEADERS,
	  POST ROOT "\x0f\x10\x09"
		    "image/png"),
	P(HEADERS, END_HEADERS,
	  POST ROOT "\x0f\x10\x10"
		    "application/grpc"),
	P(HEADERS, ALL,
	  "\x00\x01"
	  "a\x01"
	  "b"), /* trailers */
	P(HEADERS, ALL,
	  GET ROOT "\x00\x01"
		   "A\x01"
		   "b"),
	P(DATA, 0, "a=b"),
	P(DATA, END_STREAM, "c=d"),
	P(DATA, END_STREAM, "a=attack2"),
	P(DATA, 0, "streamattack"),
	P(DATA, END_STREAM, ""),
	P(HEADERS, END_HEADERS, OK),
	P(HEADERS, ALL, OK),
	P(HEADERS, END_HEADERS, OK TEXT),
	P(HEADERS, END_HEADERS, OK LENGTH("3")),
	P(HEADERS, END_HEADERS,
	  OK "\x00\x06"
	     "x-leak\x07"
	     "attack3"),
	P(HEADERS, END_HEADERS,
	  "\x08\x03"
	  "100"),
	P(HEADERS, ALL, "\x89"), /* 204 */
	P(DATA, END_STREAM, "attack4"),
	P(PUSH, END_HEADERS, "\x00\x00\x00\x02" GET ROOT),
	C(RAW, 0, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
	C(RAW, 0, "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n"),
	C(RAW, 0, "HTTP/1.1 204 No Content\r\n\r\n"),
	C(RAW, 0, "HTTP/1.1 100 Continue\r\n\r\n"),
	C(RAW, 0, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
	C(RAW, 0, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
	C(RAW, 0, "HTTP/1.1 200 OK\r\nX-Leak: attack3\r\nContent-Length: 3\r\n\r\nabc"),
	C(RAW, 0,
	  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nattack4"),
	C(RAW, 0,
	  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n"),
	C(RAW, 0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	C(RAW, 0, "5\r\nhello\r\n"),
	C(RAW, 0, "0\r\n\r\n"),
	C(RAW, 0, "0\r\nX: y\r\n\r\n"),
	C(RAW, 0, "HTTP/1.0 200 OK\r\n\r\nuntil the end"),
	C(RAW, 0, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
	/* gRPC's messages */
	P(DATA, 0, "\0\0\0\0\7\x0a\5hello"),
	P(DATA, END_STREAM, "\0\0\0\0\7\x0a\5hello"),
	P(DATA, 0,
	  "\0\0\0\0\x0b\x0a\x09"
	  "a attack2"),
	P(DATA, 0, "\0\0\0\0\x40\x0a\5"),
	P(DATA, END_STREAM, "\2\0\0"),
	/* clients in HTTP/1.1 */
	C(RAW, 0, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
	C(RAW, 0, "HEAD / HTTP/1.0\r\nHost: x\r\n\r\n"),
	C(RAW, 0, "GET http://x HTTP/1.1\r\nHost: x\r\nConnection: close, b\r\nB: c\r\n\r\n"),
	C(RAW, 0, "GET /attack1 HTTP/1.1\r\nHost: x\r\n\r\n"),
	C(RAW, 0,
	  "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade, http2-settings\r\n"
	  "HTTP2-Settings: AAMAAABk\r\nUpgrade: h2c\r\n\r\n"),
	C(RAW, 0, "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
	C(RAW, 0, "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"),
	C(RAW, 0, "POST / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nContent-Length: 300\r\n\r\n"),
	C(RAW, 0,
	  "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nExpect: 100-continue\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n"),
	C(RAW, 0,
	  "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	  "Content-Length: 9\r\n\r\na=attack2"),
	/* and answers */
	P(HEADERS, END_HEADERS,
	  OK "\x0f\x10\x10"
	     "application/grpc"),
	P(DATA, 0,
	  "\0\0\0\0\x0b\x0a\x09"
	  "a attack4"),
	P(DATA, 0, "\2\0\0"),
	C(RAW, 0,
	  "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n"),
	C(RAW, 0, "c\r\n\0\0\0\0\7\x0a\5hello\r\n"),
	C(RAW, 0,
	  "10\r\n\0\0\0\0\x0b\x0a\x09"
	  "a attack4\r\n"),
	C(RAW, 0,
	  "c\r\n\x80\0\0\0\7"
	  "attack3\r\n"),
	/* in Base64 */
	P(HEADERS, END_HEADERS,
	  POST ROOT "\x0f\x10\x19"
		    "application/grpc-web-text"),
	P(HEADERS, END_HEADERS,
	  OK "\x0f\x10\x19"
	     "application/grpc-web-text"),
	P(DATA, 0, "AAAAAAcKBWhlbGxv"),
	P(DATA, 0, "AAAAAAsKCWEgYXR0YWNrMg=="),
	P(DATA, 0, "AAAAAAsKCWEgYXR0YWNrNA=="),
	P(DATA, 0, "AAAAAAYKBG1pYXUAAAAA"),
	P(DATA, END_STREAM, "AAA"),
};

static void write_frame(const struct bed_record *r, const struct piece *p, uint32_t stream)
{
	uint8_t head[9] = {(uint8_t)(p->len >> 16),
			   (uint8_t)(p->len >> 8),
			   (uint8_t)p->len,
			   p->type,
			   p->flags,
			   0,
			   (uint8_t)(stream >> 16),
			   (uint8_t)(stream >> 8),
			   (uint8_t)stream};

	if (p->type != RAW)
		talk_write(r->talk, r->side, head, sizeof(head));
	talk_write(r->talk, r->side, p->bytes, p->len);
}

/* {piece, how many and on streams that go up, first stream} */
static void write_pieces(const struct bed_record *r)
{
	const struct piece *p = &pieces[r->n[0] % WEIR_ARRAY_LEN(pieces)];

	for (uint32_t i = 0; i <= (r->n[1] & 0x7f); i++) {
		uint32_t stream = 2 * (r->n[2] + (r->n[1] & 0x80 ? 0 : i)) + 1;

		write_frame(r, p, p->of_connection ? 0 : stream);
	}
}

/* ---- what must come of it ---- */

static void look(const struct talk *t)
{
	const struct talk_end *s = &t->end[SERVER], *c = &t->end[CLIENT];

	weir_assert(t->server_port != OLD || !memmem(s->got, s->n_got, "/attack1", 8));
	weir_assert(t->server_port != ONLY_NEW || !memmem(c->got, c->n_got, "x-leak: attack3", 15));
}

/* {to a server that speaks only HTTP/2: ONLY_NEW} */
static void reopen(struct talk *t, uint8_t port)
{
	if (port == ONLY_NEW)
		t->server_port = port;
	bed_reopen(t);
}

static void run_record(const struct bed_record *r)
{
	switch (r->what) {
	case 1:
	case 9:
		write_pieces(r);
		break;
	case 12:
		write_pieces(r);
		talk_send_all(r->talk, r->side, 1400);
		break;
	case BED_REOPEN:
		reopen(r->talk, r->n[0]);
		break;
	default:
		waf_bed_act(r);
	}
}

static const struct bed_target target = {waf_bed_write_raw, run_record, look};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!bed.path)
		waf_bed_start(policy_text, rules_text, NEW);
	bed.talks[0].server_port = OLD;
	bed.talks[1].server_port = NEW;
	waf_bed_begin();
	bed_play(&target, data, size);
	return 0;
}
