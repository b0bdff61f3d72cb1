/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections whose both ends are here: handshake, data, FIN from the client, FIN from the server.
 * Enough of RFC 9293 that a stateful middle sees nothing to object to; data is never sent again, as
 * what is lost is what is measured, so an end acknowledges the highest byte that it has seen.
 */
#include "traffic.h"

#include <stdlib.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

#define RETRY_NS   (200 * WEIR_NS_PER_MS)
#define TRIES_MAX  5
#define ACK_EVERY  8           /* data segments */
#define IN_FLIGHT  (256 << 10) /* bytes at most; far below the window that is offered */
#define LOOK_AHEAD 4           /* connections looked at for each packet wanted */

enum tcp_state { IDLE, SYN_SENT, SYN_RECEIVED, OPEN, CLIENT_FIN, SERVER_FIN };

/* Arrays are by direction of what is sent: [0] the client's, [1] the server's. */
struct tcp_conn {
	uint32_t number; /* of its addresses: its place, and so many streams more each time */
	uint32_t snd[2]; /* the next sequence number to send */
	uint32_t acked[2];
	uint32_t rcv[2]; /* the next one expected of what this end hears */
	uint32_t sent;   /* data segments, both directions */
	uint8_t state;
	uint8_t tries;
	uint8_t unacked[2]; /* data segments heard since the last ACK */
	uint64_t since_tsc; /* of the last step, for retries and the handshake's time */
};

struct tcp_conn *traffic_tcp_create(const struct traffic *t)
{
	struct tcp_conn *conn = calloc(t->streams, sizeof(*conn));

	for (uint32_t i = 0; conn && i < t->streams; i++)
		conn[i].number = i;
	return conn;
}

void traffic_tcp_destroy(struct tcp_conn *conn)
{
	free(conn);
}

static uint32_t stream_of(const struct traffic *t, const struct tcp_conn *c)
{
	return (uint32_t)(c - t->conn);
}

/* ---- sending ---- */

static bool send_control(struct traffic *t, struct tcp_conn *c, enum bench_dir dir, uint8_t flags)
{
	const struct bench_template *template =
		bench_template_of(&t->templates, c->number, dir, flags & SYN);
	struct bench_fields fields = {
		.number = c->number,
		.len = template->payload,
		.tcp_flags = flags,
		.tcp_seq = c->snd[dir],
		.tcp_ack = flags & ACK ? c->rcv[dir] : 0,
	};

	if (!traffic_emit(t, dir, stream_of(t, c), template, &fields))
		return false;
	if (flags & ACK)
		c->unacked[dir] = 0;
	t->tcp.control++;
	return true;
}

static bool send_data(struct traffic *t, struct tcp_conn *c, enum bench_dir dir)
{
	const struct bench_template *template =
		bench_template_of(&t->templates, c->number, dir, false);
	struct bench_fields fields = {
		.number = c->number,
		.tcp_flags = PSH | ACK,
		.tcp_seq = c->snd[dir],
		.tcp_ack = c->rcv[dir],
	};

	if (!traffic_send_stamped(t, dir, stream_of(t, c), template, &fields))
		return false;
	c->snd[dir] += (uint32_t)(fields.len - template->payload);
	c->unacked[dir] = 0;
	c->sent++;
	return true;
}

/* The next connection in this place has addresses of its own, so that no TIME_WAIT is met. */
static void begin_anew(const struct traffic *t, struct tcp_conn *c)
{
	c->number += t->streams;
	if (c->number >= t->net.clients * BENCH_PORTS)
		c->number = stream_of(t, c);
	c->state = IDLE;
	c->tries = 0;
}

static void enter(struct traffic *t, struct tcp_conn *c, enum tcp_state state)
{
	c->state = state;
	c->tries = 0;
	c->since_tsc = t->now_tsc;
}

static bool open_connection(struct traffic *t, struct tcp_conn *c)
{
	uint32_t mix = c->number * 2654435761u;

	c->snd[0] = c->acked[0] = c->rcv[1] = mix;
	c->snd[1] = c->acked[1] = c->rcv[0] = ~mix;
	c->sent = 0;
	c->unacked[0] = c->unacked[1] = 0;
	if (!send_control(t, c, BENCH_TO_SERVER, SYN))
		return false;
	enter(t, c, SYN_SENT);
	return true;
}

static bool send_fin(struct traffic *t, struct tcp_conn *c, enum bench_dir dir)
{
	return send_control(t, c, dir, FIN | ACK);
}

/* The last flight again, or the end of the attempt. */
static bool retry(struct traffic *t, struct tcp_conn *c)
{
	bool sent = false;

	if (traffic_ns(t, t->now_tsc - c->since_tsc) < RETRY_NS)
		return false;
	c->since_tsc = t->now_tsc;
	if (++c->tries > TRIES_MAX) {
		t->tcp.failed++;
		begin_anew(t, c);
		return false;
	}
	if (c->state == SYN_SENT || c->state == SYN_RECEIVED)
		sent = send_control(t, c, BENCH_TO_SERVER, SYN);
	else
		sent = send_fin(t, c, BENCH_TO_SERVER);
	t->tcp.retried += sent;
	return sent;
}

/* Room in what may be in flight; after a silence what was lost is forgotten. */
static bool may_send(struct traffic *t, struct tcp_conn *c, enum bench_dir dir)
{
	if (c->snd[dir] - c->acked[dir] < IN_FLIGHT)
		return true;
	if (traffic_ns(t, t->now_tsc - c->since_tsc) < RETRY_NS)
		return false;
	c->acked[dir] = c->snd[dir];
	return true;
}

static bool step_open(struct traffic *t, struct tcp_conn *c, bool ending)
{
	enum bench_dir dir = t->opt->both ? c->sent % 2 : BENCH_TO_SERVER;

	if (!ending && c->sent < t->opt->per_connection)
		return may_send(t, c, dir) && send_data(t, c, dir);
	if (!send_fin(t, c, BENCH_TO_SERVER))
		return false;
	enter(t, c, CLIENT_FIN);
	return true;
}

static bool step(struct traffic *t, struct tcp_conn *c, bool ending)
{
	switch ((enum tcp_state)c->state) {
	case IDLE:
		return !ending && open_connection(t, c);
	case OPEN:
		return step_open(t, c, ending);
	default:
		return retry(t, c);
	}
}

static unsigned int step_some(struct traffic *t, unsigned int n, bool ending)
{
	unsigned int looks = n * LOOK_AHEAD, sent = 0;

	while (sent < n && looks--) {
		sent += step(t, &t->conn[t->turn], ending);
		t->turn = t->turn + 1 < t->streams ? t->turn + 1 : 0;
	}
	return sent;
}

static unsigned int send_tcp(struct traffic *t, unsigned int n)
{
	return step_some(t, n, false);
}

static unsigned int wind_down_tcp(struct traffic *t, unsigned int n)
{
	return step_some(t, n, true);
}

/* ---- receiving ---- */

static void take_data(struct traffic *t, struct tcp_conn *c, enum bench_dir dir,
		      const struct bench_seen *seen)
{
	enum bench_dir back = !dir;
	uint32_t end = seen->tcp_seq + seen->payload_len;

	if ((int32_t)(end - c->rcv[back]) > 0)
		c->rcv[back] = end;
	if (++c->unacked[back] >= ACK_EVERY)
		send_control(t, c, back, ACK);
}

static void take_syn(struct traffic *t, struct tcp_conn *c)
{
	if (c->state != SYN_SENT && c->state != SYN_RECEIVED)
		return;
	/* Again and again with the same number, until the handshake is done. */
	c->snd[1] = c->acked[1];
	c->rcv[1] = c->snd[0] + 1;
	send_control(t, c, BENCH_TO_CLIENT, SYN | ACK);
	c->state = SYN_RECEIVED;
}

static void take_syn_ack(struct traffic *t, struct tcp_conn *c)
{
	if (c->state != SYN_RECEIVED)
		return;
	c->snd[0]++;
	c->snd[1]++;
	c->acked[0] = c->snd[0];
	c->acked[1] = c->snd[1];
	c->rcv[0] = c->snd[1];
	weir_hist_add(&t->tcp.handshake, traffic_ns(t, t->now_tsc - c->since_tsc));
	t->tcp.opened++;
	send_control(t, c, BENCH_TO_SERVER, ACK);
	enter(t, c, OPEN);
}

/* The client's FIN is answered by the server's with its ACK, that by the client's last ACK. */
static void take_fin(struct traffic *t, struct tcp_conn *c, enum bench_dir dir,
		     const struct bench_seen *seen)
{
	uint32_t after = seen->tcp_seq + seen->payload_len + 1;

	if (dir == BENCH_TO_SERVER && (c->state == CLIENT_FIN || c->state == SERVER_FIN)) {
		c->rcv[1] = after;
		send_fin(t, c, BENCH_TO_CLIENT);
		c->state = SERVER_FIN;
	} else if (dir == BENCH_TO_CLIENT && c->state == SERVER_FIN) {
		c->rcv[0] = after;
		c->snd[0]++;
		send_control(t, c, BENCH_TO_SERVER, ACK);
		t->tcp.closed++;
		begin_anew(t, c);
	}
}

static void take_ack(struct tcp_conn *c, enum bench_dir dir, const struct bench_seen *seen,
		     uint64_t now_tsc)
{
	enum bench_dir back = !dir;

	if ((int32_t)(seen->tcp_ack - c->acked[back]) <= 0)
		return;
	c->acked[back] = seen->tcp_ack;
	if (c->state == OPEN)
		c->since_tsc = now_tsc;
}

static struct tcp_conn *find(struct traffic *t, enum bench_dir dir, const uint8_t *frame,
			     const struct bench_seen *seen)
{
	uint32_t number = bench_frame_number(&t->net, frame, seen, dir);
	struct tcp_conn *c;

	if (number == UINT32_MAX)
		return NULL;
	c = &t->conn[number % t->streams];
	return c->number == number ? c : NULL;
}

static void receive_tcp(struct traffic *t, enum bench_dir dir, const uint8_t *frame,
			const struct bench_seen *seen)
{
	struct tcp_conn *c = find(t, dir, frame, seen);

	if (seen->stamped)
		traffic_arrival(t, dir, seen);
	if (!c || c->state == IDLE) {
		/* A connection ends here when its last ACK is sent, before that arrives. */
		t->tcp.stale += seen->tcp_flags != ACK || seen->payload_len;
		return;
	}
	if (seen->tcp_flags & RST) {
		t->tcp.refused++;
		begin_anew(t, c);
		return;
	}
	if (seen->tcp_flags & SYN) {
		if (dir == BENCH_TO_SERVER)
			take_syn(t, c);
		else
			take_syn_ack(t, c);
		return;
	}
	take_ack(c, dir, seen, t->now_tsc);
	if (seen->payload_len)
		take_data(t, c, dir, seen);
	if (seen->tcp_flags & FIN)
		take_fin(t, c, dir, seen);
}

const struct traffic_hooks traffic_tcp = {
	.send = send_tcp,
	.wind_down = wind_down_tcp,
	.receive = receive_tcp,
};
