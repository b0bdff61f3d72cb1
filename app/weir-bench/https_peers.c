/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client and a server of one connection at a time through weir. Nothing is lost: an end is a few
 * numbers. What a server has to send comes in bursts, as far as weir's window lets it, and the
 * client acknowledges every second segment. The client's TLS is OpenSSL's, in memory; its time is
 * not counted.
 */
#include "https.h"
#include "segment.h"

#include <weir_pkt.h>

#include <stdio.h>
#include <stdlib.h>

#include <openssl/ssl.h>
#include <rte_mbuf.h>

enum { CLIENT, SERVER };

#define CLIENT_ADDR 0x0a010001u
#define SERVER_ADDR 0x0a020001u
#define FIRST_PORT  2048
#define REST_NS     (20 * WEIR_NS_PER_MS)
#define PATIENCE    2000 /* rounds without anything new */
#define RECORD_DATA 23

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
	SSL_CTX *ctx;
	SSL_SESSION *session;
	SSL *ssl; /* NULL: a connection without TLS */
	BIO *rx, *tx;
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
		if (at == CLIENT && p->ssl)
			BIO_write(p->rx, s->payload.ptr, (int)s->payload.len);
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

static void count_record(int writing, int version, int type, const void *bytes, size_t len,
			 SSL *ssl, void *arg)
{
	struct https_peers *p = arg;
	const uint8_t *head = bytes;

	(void)version;
	(void)ssl;
	if (!writing && type == SSL3_RT_HEADER && len && head[0] == RECORD_DATA)
		p->records++;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct https_peers *p = SSL_get_app_data(ssl);

	SSL_SESSION_free(p->session);
	p->session = session;
	return 1;
}

static bool start_tls(struct https_peers *p, bool resume)
{
	p->ssl = SSL_new(p->ctx);
	p->rx = BIO_new(BIO_s_mem());
	p->tx = BIO_new(BIO_s_mem());
	if (!p->ssl || !p->rx || !p->tx)
		return fail(p, "no memory");
	SSL_set_bio(p->ssl, p->rx, p->tx);
	SSL_set_connect_state(p->ssl);
	SSL_set_app_data(p->ssl, p);
	SSL_set_msg_callback(p->ssl, count_record);
	SSL_set_msg_callback_arg(p->ssl, p);
	if (resume && p->session)
		SSL_set_session(p->ssl, p->session);
	return true;
}

/* What its libssl has made, into the connection. */
static bool say(struct https_peers *p)
{
	uint8_t bytes[4096];
	int n;

	while ((n = BIO_read(p->tx, bytes, sizeof(bytes))) > 0)
		if (send_burst(p, CLIENT, weir_bytes_of(bytes, (size_t)n)) < (size_t)n)
			return fail(p, "weir's window is too small for the client");
	return true;
}

static void hear(struct https_peers *p)
{
	char bytes[WEIR_TLS_RECORD_MAX];
	int n;

	while ((n = SSL_read(p->ssl, bytes, sizeof(bytes))) > 0)
		p->plain += (uint64_t)n;
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

	if (p->ssl) {
		hear(p);
		more |= BIO_pending(p->tx) > 0;
		if (!say(p))
			return false;
	}
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

bool https_open(struct https_peers *p, uint16_t port, bool resume)
{
	if (++p->port == UINT16_MAX) {
		p->port = FIRST_PORT;
		p->addr++;
	}
	p->server_port = port;
	memset(p->end, 0, sizeof(p->end));
	p->end[CLIENT].seq = p->port * 40503u;
	p->end[SERVER].seq = p->port * 65521u;
	p->response_len = p->sent = 0;
	if (!send_flags(p, CLIENT, WEIR_TCP_SYN) ||
	    !send_flags(p, SERVER, WEIR_TCP_SYN | WEIR_TCP_ACK) ||
	    !send_flags(p, CLIENT, WEIR_TCP_ACK))
		return false;
	if (port != HTTPS_PORT)
		return true;
	if (!start_tls(p, resume))
		return false;
	for (unsigned int i = 0; i < PATIENCE && !SSL_is_init_finished(p->ssl); i++) {
		SSL_do_handshake(p->ssl);
		if (!say(p))
			return false;
		if (!send_acks(p, CLIENT))
			wait(p);
	}
	return SSL_is_init_finished(p->ssl) || fail(p, "no handshake");
}

bool https_is_resumed(const struct https_peers *p)
{
	return SSL_session_reused(p->ssl);
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
	if (p->ssl)
		return SSL_write(p->ssl, request, sizeof(request) - 1) > 0 && say(p);
	return send_burst(p, CLIENT, weir_bytes_of(request, sizeof(request) - 1)) ==
	       sizeof(request) - 1;
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
	bool good = true;

	if (p->ssl) {
		SSL_shutdown(p->ssl);
		good = say(p);
	}
	good = good && send_flags(p, CLIENT, WEIR_TCP_FIN | WEIR_TCP_ACK) &&
	       send_flags(p, SERVER, WEIR_TCP_FIN | WEIR_TCP_ACK);
	while (good && (send_acks(p, CLIENT) || send_acks(p, SERVER)))
		;
	SSL_free(p->ssl);
	p->ssl = NULL;
	http_bed_wait(p->bed, REST_NS);
	deliver(p);
	return good;
}

uint64_t https_records(const struct https_peers *p)
{
	return p->records;
}

/* ---- making ---- */

struct https_peers *https_peers_create(struct http_bed *b)
{
	struct https_peers *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct https_peers){.bed = b, .addr = CLIENT_ADDR, .port = FIRST_PORT};
	p->ctx = SSL_CTX_new(TLS_client_method());
	if (!p->ctx) {
		free(p);
		return NULL;
	}
	SSL_CTX_set_session_cache_mode(p->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(p->ctx, on_session);
	return p;
}

void https_peers_destroy(struct https_peers *p)
{
	if (!p)
		return;
	SSL_SESSION_free(p->session);
	SSL_CTX_free(p->ctx);
	free(p->response);
	free(p);
}
