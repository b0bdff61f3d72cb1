/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that ask one server through weir. One exchange goes on at a time and nothing is lost, so
 * a peer is a few numbers: what it sends next, what it has, whether the other has ended.
 */
#include "http.h"
#include "segment.h"

#include <weir_pkt.h>

#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

enum { CLIENT, SERVER };

#define CLIENT_ADDR 0x0a010001u
#define SERVER_ADDR 0x0a020001u
#define FIRST_PORT  2048
/* How long an answer may take in the bench's own time. */
#define PATIENCE 1000
#define HEAD_MAX 256
/* Between connections that are closed, so that those which wait for their end do not fill the
 * tables. */
#define REST_NS (20 * WEIR_NS_PER_MS)

struct connection {
	uint16_t port; /* of the client; 0: none */
	bool over;     /* weir or a peer has ended it */
	uint32_t seq[2], ack[2];
	uint64_t got[2]; /* bytes since the exchange began */
	bool fin[2];     /* the other's, seen */
};

struct http_peers {
	struct http_bed *bed;
	uint16_t server_port;
	uint16_t last_port;
	uint32_t addr; /* of the client; another one when its ports are used up */
	unsigned int n, at;
	char *response;
	size_t response_len;
	struct connection *now;         /* whose exchange goes on */
	struct connection connection[]; /* the last one for those that are closed */
};

/* ---- segments ---- */

static void take(struct connection *c, unsigned int end, const struct bench_segment *s)
{
	if (s->flags & WEIR_TCP_RST) {
		c->over = true;
		return;
	}
	if (s->flags & WEIR_TCP_SYN)
		c->ack[end] = s->seq + 1;
	if (s->payload.len && s->seq == c->ack[end]) {
		c->ack[end] += (uint32_t)s->payload.len;
		c->got[end] += s->payload.len;
	}
	if (s->flags & WEIR_TCP_FIN && !c->fin[end]) {
		c->ack[end]++;
		c->fin[end] = c->over = true;
	}
}

/* What weir has sent reaches who it is for; what is for a connection that rests changes nothing. */
static void deliver(struct http_peers *p)
{
	struct http_bed *b = p->bed;

	for (unsigned int i = 0; i < b->n_sent; i++) {
		unsigned int end = b->sent_port[i];
		struct bench_segment s;

		bench_segment_read(b->sent[i], &s);
		if ((end == CLIENT ? s.dport : s.sport) == p->now->port)
			take(p->now, end, &s);
		rte_pktmbuf_free(b->sent[i]);
	}
	b->n_sent = 0;
}

static bool send_segment(struct http_peers *p, unsigned int from, uint8_t flags,
			 struct weir_bytes payload)
{
	struct connection *c = p->now;
	const struct bench_segment s = {
		.src = from == CLIENT ? p->addr : SERVER_ADDR,
		.dst = from == CLIENT ? SERVER_ADDR : p->addr,
		.sport = from == CLIENT ? c->port : p->server_port,
		.dport = from == CLIENT ? p->server_port : c->port,
		.seq = c->seq[from],
		.ack = c->ack[from],
		.flags = flags,
		.clock_ms = (uint32_t)(p->bed->now_ns / WEIR_NS_PER_MS),
		.payload = payload,
	};
	struct rte_mbuf *m = bench_segment_make(p->bed->pool, &s);

	if (!m)
		return false;
	c->seq[from] += (uint32_t)payload.len + !!(flags & (WEIR_TCP_SYN | WEIR_TCP_FIN));
	http_bed_give(p->bed, from, m);
	deliver(p);
	return true;
}

static bool send_flags(struct http_peers *p, unsigned int from, uint8_t flags)
{
	return send_segment(p, from, flags, weir_bytes_of(NULL, 0));
}

static bool send_all(struct http_peers *p, unsigned int from, struct weir_bytes b)
{
	while (b.len && !p->now->over) {
		size_t n = b.len < BENCH_MSS ? b.len : BENCH_MSS;
		uint8_t flags = n == b.len ? WEIR_TCP_ACK | WEIR_TCP_PSH : WEIR_TCP_ACK;

		if (!send_segment(p, from, flags, weir_bytes_of(b.ptr, n)))
			return false;
		b = weir_bytes_of(b.ptr + n, b.len - n);
	}
	return true;
}

/* ---- connections ---- */

static void next_port(struct http_peers *p)
{
	if (p->last_port++ < UINT16_MAX - 1)
		return;
	p->last_port = FIRST_PORT;
	p->addr++;
}

static bool open_connection(struct http_peers *p)
{
	struct connection *c = p->now;

	next_port(p);
	*c = (struct connection){.port = p->last_port,
				 .seq = {p->last_port * 40503u, p->last_port * 65521u}};
	return send_flags(p, CLIENT, WEIR_TCP_SYN) &&
	       send_flags(p, SERVER, WEIR_TCP_SYN | WEIR_TCP_ACK) &&
	       send_flags(p, CLIENT, WEIR_TCP_ACK) && !c->over;
}

/* In order, whoever began; a connection that was reset is forgotten. */
static bool close_connection(struct http_peers *p)
{
	bool good = send_flags(p, CLIENT, WEIR_TCP_FIN | WEIR_TCP_ACK) &&
		    send_flags(p, SERVER, WEIR_TCP_FIN | WEIR_TCP_ACK) &&
		    send_flags(p, CLIENT, WEIR_TCP_ACK);

	p->now->port = 0;
	return good;
}

/* ---- exchanges ---- */

/* One step of the server. False: it has nothing to do. */
static bool serve(struct http_peers *p, size_t request_len, bool *answered)
{
	const struct connection *c = p->now;

	if (*answered || c->over || c->got[SERVER] == 0)
		return false;
	*answered = c->got[SERVER] >= request_len;
	if (!*answered)
		return send_flags(p, SERVER, WEIR_TCP_ACK);
	return send_all(p, SERVER, weir_bytes_of(p->response, p->response_len));
}

static bool exchange(struct http_peers *p, struct weir_bytes request)
{
	struct connection *c = p->now;
	bool answered = false;

	c->got[CLIENT] = c->got[SERVER] = 0;
	if (!send_all(p, CLIENT, request))
		return false;
	for (unsigned int i = 0; i < PATIENCE && !c->got[CLIENT] && !c->over; i++)
		if (!serve(p, request.len, &answered)) {
			http_bed_wait(p->bed, WEIR_NS_PER_MS);
			deliver(p);
		}
	return c->got[CLIENT] > 0;
}

static bool ask(struct http_peers *p, struct weir_bytes request, bool alone)
{
	bool good;

	if (p->now->port && p->now->over && !close_connection(p))
		return false;
	if (!p->now->port && !open_connection(p))
		return false;
	if (!alone)
		p->bed->cycles = 0;
	good = exchange(p, request);
	if (!alone || !good)
		return good;
	good = close_connection(p);
	http_bed_wait(p->bed, REST_NS);
	deliver(p);
	return good;
}

bool http_peers_ask(struct http_peers *p, struct weir_bytes request, bool alone)
{
	p->now = &p->connection[alone ? p->n : p->at];
	if (!alone)
		p->at = (p->at + 1) % p->n;
	p->bed->cycles = 0;
	if (ask(p, request, alone))
		return true;
	fprintf(stderr, "weir-bench http: no response (port %u): %.*s\n", p->server_port,
		(int)(request.len < 80 ? request.len : 80), (const char *)request.ptr);
	return false;
}

/* ---- making ---- */

static bool make_response(struct http_peers *p)
{
	size_t body = p->bed->opt->response;
	int head;

	p->response = malloc(HEAD_MAX + body);
	if (!p->response)
		return false;
	head = snprintf(p->response, HEAD_MAX,
			"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/html\r\n"
			"Content-Length: %zu\r\nConnection: keep-alive\r\n\r\n",
			body);
	for (size_t i = 0; i < body; i++)
		p->response[(size_t)head + i] = "<p>All is well.</p>\n"[i % 20];
	p->response_len = (size_t)head + body;
	return true;
}

struct http_peers *http_peers_create(struct http_bed *b, enum http_way way,
				     unsigned int connections)
{
	struct http_peers *p =
		calloc(1, sizeof(*p) + (connections + 1) * sizeof(struct connection));

	if (!p)
		return NULL;
	p->bed = b;
	p->server_port = (uint16_t)(HTTP_PORT + way);
	p->last_port = FIRST_PORT;
	p->addr = CLIENT_ADDR;
	p->n = connections;
	if (make_response(p))
		return p;
	free(p);
	return NULL;
}

void http_peers_destroy(struct http_peers *p)
{
	if (!p)
		return;
	for (unsigned int i = 0; i <= p->n; i++) {
		p->now = &p->connection[i];
		if (p->now->port)
			(void)close_connection(p);
	}
	free(p->response);
	free(p);
}
