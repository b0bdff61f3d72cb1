/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client and a server of one connection at a time through weir. Nothing is lost: an end is a few
 * numbers. What a server has to send comes in bursts, as far as weir's window lets it, and the
 * client acknowledges every second segment. The client's TLS is lib/tls's, too; its time is not
 * counted.
 */
#include "https.h"
#include "segment.h"

#include <weir_pkt.h>
#include <weir_tls.h>

#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

enum { CLIENT, SERVER };

#define CLIENT_ADDR 0x0a010001u
#define SERVER_ADDR 0x0a020001u
#define FIRST_PORT  2048
#define REST_NS     (20 * WEIR_NS_PER_MS)
#define PATIENCE    2000         /* rounds without anything new */
#define WIRE_MAX    (256u << 10) /* bytes that wait to be opened */
#define SEALED_MAX  (WEIR_TLS_RECORD_MAX + 64)

static const char request[] = "GET /page.html HTTP/1.1\r\nHost: site.example\r\n"
			      "User-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n";

struct end {
	uint32_t seq, ack; /* next to be sent, next to come */
	uint32_t edge;     /* up to which it may send */
	uint64_t got;      /* bytes of the stream since the exchange began */
	bool fin, over;
	uint32_t owed[WEIR_PATH_FEED_MAX]; /* acknowledgements that are to be sent */
	unsigned int n_owed, unanswered;
};

struct https_peers {
	struct http_bed *bed;
	struct weir_tls_client *client[2]; /* without sessions, with them */
	struct weir_tls_crypto *crypto;
	struct weir_tls_conn *conn; /* in its handshake, or waits for a ticket */
	struct weir_tls_records keys;
	bool tls, done, resumed;
	uint8_t *wire; /* what came and is not opened */
	size_t n_wire;
	uint16_t port, server_port;
	uint32_t addr;
	struct end end[2];
	uint64_t plain; /* bytes that the client got, of the exchange */
	uint64_t records;
	char *response;
	size_t response_len, sent, room;
};

static bool fail(const struct https_peers *p, const char *what)
{
	fprintf(stderr, "weir-bench https: %s (port %u)\n", what, p->server_port);
	return false;
}

/* ---- segments ---- */

static void owe(struct end *e)
{
	if (e->n_owed < WEIR_PATH_FEED_MAX)
		e->n_owed++;
	e->owed[e->n_owed - 1] = e->ack;
	e->unanswered = 0;
}

static void keep(struct https_peers *p, struct weir_bytes in)
{
	weir_assert(in.len <= WIRE_MAX - p->n_wire);
	memcpy(p->wire + p->n_wire, in.ptr, in.len);
	p->n_wire += in.len;
}

static void take(struct https_peers *p, unsigned int at, const struct bench_segment *s)
{
	struct end *e = &p->end[at];

	if (s->flags & WEIR_TCP_RST) {
		e->over = true;
		return;
	}
	if (s->flags & WEIR_TCP_SYN) {
		e->ack = s->seq + 1;
		e->edge = s->ack + UINT16_MAX;
		return;
	}
	if (s->flags & WEIR_TCP_ACK)
		e->edge = s->ack + s->window;
	if (s->payload.len && s->seq == e->ack) {
		e->ack += (uint32_t)s->payload.len;
		e->got += s->payload.len;
		if (at == CLIENT && p->tls)
			keep(p, s->payload);
		else if (at == CLIENT)
			p->plain += s->payload.len;
		if (++e->unanswered == 2)
			owe(e);
	}
	if (s->flags & WEIR_TCP_FIN && !e->fin) {
		e->ack++;
		e->fin = true;
		owe(e);
	}
}

static void deliver(struct https_peers *p)
{
	struct http_bed *b = p->bed;

	for (unsigned int i = 0; i < b->n_sent; i++) {
		unsigned int at = b->sent_port[i];
		struct bench_segment s;

		bench_segment_read(b->sent[i], &s);
		if ((at == CLIENT ? s.dport : s.sport) == p->port)
			take(p, at, &s);
		rte_pktmbuf_free(b->sent[i]);
	}
	b->n_sent = 0;
}

static struct rte_mbuf *make(const struct https_peers *p, unsigned int from, uint8_t flags,
			     struct weir_bytes payload)
{
	const struct end *e = &p->end[from];

	return bench_segment_make(p->bed->pool,
				  &(struct bench_segment){
					  .src = from == CLIENT ? p->addr : SERVER_ADDR,
					  .dst = from == CLIENT ? SERVER_ADDR : p->addr,
					  .sport = from == CLIENT ? p->port : p->server_port,
					  .dport = from == CLIENT ? p->server_port : p->port,
					  .seq = e->seq,
					  .ack = e->ack,
					  .flags = flags,
					  .clock_ms = (uint32_t)(p->bed->now_ns / WEIR_NS_PER_MS),
					  .payload = payload,
				  });
}

static bool send_flags(struct https_peers *p, unsigned int from, uint8_t flags)
{
	struct rte_mbuf *m = make(p, from, flags, weir_bytes_of(NULL, 0));

	if (!m)
		return fail(p, "no buffer");
	p->end[from].seq += !!(flags & (WEIR_TCP_SYN | WEIR_TCP_FIN));
	http_bed_give(p->bed, from, m);
	deliver(p);
	return true;
}

/* What the window takes of the bytes, in one burst at most; how many. */
static size_t send_burst(struct https_peers *p, unsigned int from, struct weir_bytes bytes)
{
	struct end *e = &p->end[from];
	struct rte_mbuf *m[WEIR_PATH_FEED_MAX];
	unsigned int n = 0;
	size_t sent = 0;

	while (n < WEIR_PATH_FEED_MAX && sent < bytes.len) {
		size_t part = bytes.len - sent < BENCH_MSS ? bytes.len - sent : BENCH_MSS;
		struct weir_bytes payload = weir_bytes_of(bytes.ptr + sent, part);

		if ((int32_t)(e->edge - e->seq) < (int32_t)part)
			break;
		m[n] = make(p, from, WEIR_TCP_ACK | WEIR_TCP_PSH, payload);
		if (!m[n])
			break;
		e->seq += (uint32_t)part;
		sent += part;
		n++;
	}
	if (n) {
		e->n_owed = e->unanswered = 0; /* what was sent says it */
		http_bed_give_burst(p->bed, from, m, n);
		deliver(p);
	}
	return sent;
}

/* False: nothing was owed. */
static bool send_acks(struct https_peers *p, unsigned int from)
{
	struct end *e = &p->end[from];
	struct rte_mbuf *m[WEIR_PATH_FEED_MAX];
	uint32_t ack = e->ack;
	unsigned int n = 0;

	if (e->unanswered)
		owe(e);
	for (unsigned int i = 0; i < e->n_owed; i++) {
		e->ack = e->owed[i];
		m[n] = make(p, from, WEIR_TCP_ACK, weir_bytes_of(NULL, 0));
		n += !!m[n];
	}
	e->ack = ack;
	e->n_owed = e->unanswered = 0;
	if (!n)
		return false;
	http_bed_give_burst(p->bed, from, m, n);
	deliver(p);
	return true;
}

/* ---- the client's TLS ---- */

static int say(void *ctx, struct weir_bytes bytes)
{
	return send_burst(ctx, CLIENT, bytes) == bytes.len ? 0 : -WEIR_ELIMIT;
}

static void forget_front(struct https_peers *p, size_t n)
{
	p->n_wire -= n;
	memmove(p->wire, p->wire + n, p->n_wire);
}

/* A step of the handshake. What comes while it says something stands behind what it has taken. */
static bool hand(struct https_peers *p)
{
	const struct weir_tls_writer out = {say, p};
	struct weir_bytes in = weir_bytes_of(p->wire, p->n_wire);
	size_t used = 0;
	int rc = weir_tls_handshake(p->conn, &in, 1, &used, &out);

	forget_front(p, used);
	p->done = rc == WEIR_TLS_DONE;
	if (p->done)
		return weir_tls_take_records(p->conn, &p->keys);
	return rc == WEIR_TLS_WANT || fail(p, "the client's handshake failed");
}

static void take_opened(struct https_peers *p, const struct weir_tls_opened *o, const uint8_t *text)
{
	struct weir_bytes view = weir_bytes_of(text, o->content);

	p->plain += o->len;
	p->records += o->len > 0;
	if (o->type == WEIR_TLS_HANDSHAKE && weir_tls_wants_ticket(p->conn))
		weir_tls_conn_ticket(p->conn, p->crypto, &view, 1);
}

static bool hear(struct https_peers *p)
{
	uint8_t text[SEALED_MAX];
	struct weir_tls_room room = {text, sizeof(text)};
	size_t at = 0;
	ssize_t n;

	do {
		struct weir_bytes in = weir_bytes_of(p->wire + at, p->n_wire - at);
		const struct weir_tls_spans s = {.in = &in, .n_in = 1, .out = &room, .n_out = 1};
		struct weir_tls_opened opened;

		n = in.len ? weir_tls_open(p->crypto, &p->keys, &s, &opened) : 0;
		if (n > 0)
			take_opened(p, &opened, text);
		at += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	forget_front(p, at);
	return n == 0 || fail(p, "the client cannot open what came");
}

static bool seal(struct https_peers *p, struct weir_bytes text)
{
	uint8_t bytes[SEALED_MAX];
	struct weir_tls_room room = {bytes, sizeof(bytes)};
	const struct weir_tls_spans s = {.in = &text, .n_in = 1, .out = &room, .n_out = 1};
	ssize_t n = weir_tls_seal(p->crypto, &p->keys, WEIR_TLS_APPLICATION_DATA, &s);

	return n > 0 && say(p, weir_bytes_of(bytes, (size_t)n)) == 0;
}

static bool say_close(struct https_peers *p)
{
	uint8_t bytes[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {bytes, sizeof(bytes)};
	ssize_t n = weir_tls_alert_write(p->crypto, &p->keys, WEIR_TLS_CLOSE_NOTIFY, &room, 1);

	return n > 0 && say(p, weir_bytes_of(bytes, (size_t)n)) == 0;
}

/* ---- one round ---- */

static bool serve(struct https_peers *p)
{
	size_t n;

	if (p->end[SERVER].got < sizeof(request) - 1 || p->sent == p->response_len)
		return false;
	n = send_burst(p, SERVER, weir_bytes_of(p->response + p->sent, p->response_len - p->sent));
	p->sent += n;
	return n > 0;
}

/* False: nothing happens any more by itself. */
static bool go_on(struct https_peers *p)
{
	bool more = serve(p);

	if (p->tls && !hear(p))
		return false;
	more |= send_acks(p, CLIENT);
	return send_acks(p, SERVER) || more;
}

static void wait(struct https_peers *p)
{
	http_bed_wait(p->bed, WEIR_NS_PER_MS);
	deliver(p);
}

static bool is_over(const struct https_peers *p)
{
	return p->end[CLIENT].over || p->end[SERVER].over;
}

/* ---- what the bench does ---- */

static bool open_tcp(struct https_peers *p)
{
	memset(p->end, 0, sizeof(p->end));
	p->end[CLIENT].seq = p->port * 40503u;
	p->end[SERVER].seq = p->port * 65521u;
	p->response_len = p->sent = p->n_wire = 0;
	return send_flags(p, CLIENT, WEIR_TCP_SYN) &&
	       send_flags(p, SERVER, WEIR_TCP_SYN | WEIR_TCP_ACK) &&
	       send_flags(p, CLIENT, WEIR_TCP_ACK);
}

static bool open_tls(struct https_peers *p, bool resume)
{
	const struct weir_tls_connect_opts opts = {.name = "site.example"};

	p->conn = weir_tls_connect(p->client[resume], &opts);
	p->done = false;
	if (!p->conn)
		return fail(p, "no memory");
	for (unsigned int i = 0; i < PATIENCE && !p->done; i++) {
		if (!hand(p))
			return false;
		if (!p->done && !send_acks(p, CLIENT) && !p->n_wire)
			wait(p);
	}
	return p->done || fail(p, "no handshake");
}

bool https_open(struct https_peers *p, uint16_t port, bool resume)
{
	if (++p->port == UINT16_MAX) {
		p->port = FIRST_PORT;
		p->addr++;
	}
	p->server_port = port;
	p->tls = port == HTTPS_PORT;
	return open_tcp(p) && (!p->tls || open_tls(p, resume));
}

/* The other end has all of it. */
static bool tell(struct https_peers *p, unsigned int from, struct weir_bytes bytes)
{
	struct end *to = &p->end[!from];
	uint64_t wanted = to->got + bytes.len;
	unsigned int idle = 0;
	size_t sent = 0;

	while (to->got < wanted && idle < PATIENCE && !is_over(p)) {
		size_t n = send_burst(p, from, weir_bytes_of(bytes.ptr + sent, bytes.len - sent));
		bool more = send_acks(p, !from) || n > 0;

		sent += n;
		if (more)
			idle = 0;
		else if (idle++)
			wait(p);
	}
	return to->got == wanted || fail(p, "a handshake does not arrive");
}

bool https_talk(struct https_peers *p, const struct https_flights *f)
{
	for (unsigned int i = 0; i < f->n; i++) {
		const struct weir_buf *said = &f->flight[i];

		if (!tell(p, i % 2 ? SERVER : CLIENT, weir_bytes_of(said->ptr, said->len)))
			return false;
	}
	return true;
}

static bool make_response(struct https_peers *p, size_t body)
{
	char head[256];
	size_t n = (size_t)snprintf(head, sizeof(head),
				    "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: "
				    "application/octet-stream\r\nContent-Length: %zu\r\n\r\n",
				    body);

	if (p->room < n + body) {
		free(p->response);
		p->room = n + body;
		p->response = malloc(p->room);
		if (p->response)
			memset(p->response, 'x', p->room);
	}
	if (!p->response)
		return fail(p, "no memory");
	memcpy(p->response, head, n);
	p->response_len = n + body;
	return true;
}

static bool send_request(struct https_peers *p)
{
	struct weir_bytes text = weir_bytes_of(request, sizeof(request) - 1);

	return p->tls ? seal(p, text) : send_burst(p, CLIENT, text) == text.len;
}

bool https_ask(struct https_peers *p, size_t body)
{
	unsigned int idle = 0;

	p->end[CLIENT].got = p->end[SERVER].got = p->plain = p->sent = 0;
	if (!make_response(p, body) || !send_request(p))
		return false;
	while (p->plain < p->response_len && idle < PATIENCE && !is_over(p)) {
		if (go_on(p))
			idle = 0;
		else if (idle++)
			wait(p);
	}
	return p->plain == p->response_len || fail(p, "no whole response");
}

bool https_close(struct https_peers *p)
{
	bool good = !p->tls || say_close(p);

	good = good && send_flags(p, CLIENT, WEIR_TCP_FIN | WEIR_TCP_ACK) &&
	       send_flags(p, SERVER, WEIR_TCP_FIN | WEIR_TCP_ACK);
	while (good && (send_acks(p, CLIENT) || send_acks(p, SERVER)))
		;
	weir_tls_records_wipe(p->crypto, &p->keys);
	weir_tls_conn_destroy(p->conn);
	p->conn = NULL;
	http_bed_wait(p->bed, REST_NS);
	deliver(p);
	return good;
}

uint64_t https_records(const struct https_peers *p)
{
	return p->records;
}

/* ---- making ---- */

static bool make_clients(struct https_peers *p)
{
	struct weir_buf why = {0};

	for (unsigned int sessions = 0; sessions < 2; sessions++) {
		const struct weir_tls_client_cfg cfg = {.verify = WEIR_TLS_VERIFY_NONE,
							.sessions = sessions};

		p->client[sessions] = weir_tls_client_create(&cfg, &why);
	}
	weir_buf_fini(&why);
	p->crypto = weir_tls_crypto_create(true);
	p->wire = malloc(WIRE_MAX);
	return p->client[0] && p->client[1] && p->crypto && p->wire;
}

struct https_peers *https_peers_create(struct http_bed *b)
{
	struct https_peers *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct https_peers){.bed = b, .addr = CLIENT_ADDR, .port = FIRST_PORT};
	if (make_clients(p))
		return p;
	https_peers_destroy(p);
	return NULL;
}

void https_peers_destroy(struct https_peers *p)
{
	if (!p)
		return;
	weir_tls_conn_destroy(p->conn);
	weir_tls_client_destroy(p->client[0]);
	weir_tls_client_destroy(p->client[1]);
	weir_tls_crypto_destroy(p->crypto);
	free(p->wire);
	free(p->response);
	free(p);
}
