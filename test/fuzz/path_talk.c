/* SPDX-License-Identifier: BSD-3-Clause */
/* A client and a server that speak TCP with each other through a path. */
#include "path_talk.h"

#include <rte_common.h>
#include <rte_mbuf.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

#define SEGMENT_MAX  1400
#define SEGMENTS_MAX 600 /* of one talk_send_all */

static const uint32_t isn[2] = {0xffffff00u, 5000};

static uint32_t load_u32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* ---- what the ends send ---- */

static void feed(struct talk *t, unsigned int from, uint8_t flags, uint32_t seq,
		 struct weir_bytes bytes)
{
	struct talk_end *e = &t->end[from];
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->frames);
	struct frame_spec s = e->spec;
	struct frame frame;

	if (!m)
		return; /* lost */
	s.tcp_flags = flags;
	s.seq = seq;
	s.ack = flags & ACK ? e->expect : 0;
	s.window = e->window;
	s.payload = bytes.len ? (const char *)bytes.ptr : NULL;
	s.payload_len = bytes.len;
	frame = frame_tcp(&s);
	memcpy(rte_pktmbuf_append(m, (uint16_t)frame.len), frame.bytes, frame.len);
	*t->now_ns += 10 * WEIR_NS_PER_US;
	weir_path_feed(t->path, from, m, *t->now_ns);
}

static const struct weir_bytes nothing;

void talk_ack(struct talk *t, unsigned int from)
{
	struct talk_end *e = &t->end[from];

	e->wants_ack = false;
	if (e->opened && !e->rst)
		feed(t, from, ACK, e->first + (uint32_t)e->next + e->fin_sent, nothing);
}

void talk_settle(struct talk *t)
{
	for (int i = 0; i < 4096 && (t->end[0].wants_ack || t->end[1].wants_ack); i++)
		for (unsigned int from = 0; from < 2; from++)
			if (t->end[from].wants_ack)
				talk_ack(t, from);
}

/* The reader can have no more than what was sent without a gap; what waits behind a gap is taken
 * for one piece. */
static void note_sent(struct talk_end *e, size_t at, size_t end)
{
	size_t *island = e->island;

	if (at > e->whole) {
		bool empty = island[0] >= island[1];

		island[0] = empty || at < island[0] ? at : island[0];
		island[1] = empty || end > island[1] ? end : island[1];
	} else if (end > e->whole) {
		e->whole = end;
	}
	if (island[0] < island[1] && island[0] <= e->whole) {
		e->whole = island[1] > e->whole ? island[1] : e->whole;
		island[0] = island[1] = 0;
	}
	if (end > e->next)
		e->next = end;
}

void talk_write(struct talk *t, unsigned int from, const void *bytes, size_t len)
{
	struct talk_end *e = &t->end[from];

	if (e->fin_sent || len > TALK_STREAM - e->n_stream)
		return;
	memcpy(e->stream + e->n_stream, bytes, len);
	e->n_stream += len;
}

void talk_send(struct talk *t, unsigned int from, size_t at, size_t len)
{
	struct talk_end *e = &t->end[from];

	if (!e->opened || at >= e->n_stream)
		return;
	len = RTE_MIN(RTE_MIN(len, e->n_stream - at), SEGMENT_MAX);
	note_sent(e, at, at + len);
	feed(t, from, PSH | ACK, e->first + (uint32_t)at, (struct weir_bytes){e->stream + at, len});
}

void talk_send_all(struct talk *t, unsigned int from, size_t piece)
{
	struct talk_end *e = &t->end[from];

	for (int i = 0; i < SEGMENTS_MAX && e->opened && !e->rst && e->next < e->n_stream; i++) {
		size_t n = RTE_MIN(RTE_MIN(piece, SEGMENT_MAX), e->n_stream - e->next);

		if (e->next + n > e->room)
			return;
		talk_send(t, from, e->next, n);
		talk_settle(t);
	}
}

void talk_fin(struct talk *t, unsigned int from)
{
	struct talk_end *e = &t->end[from];

	/* What is not sent by now is never said: the stream ends here. */
	if (!e->opened)
		return;
	e->n_stream = e->next;
	e->fin_sent = true;
	feed(t, from, FIN | ACK, e->first + (uint32_t)e->next, nothing);
}

void talk_reset(struct talk *t, unsigned int from, int32_t off)
{
	const struct talk_end *e = &t->end[from];

	feed(t, from, RST, e->first + (uint32_t)e->next + e->fin_sent + (uint32_t)off, nothing);
}

/* ---- what they get ---- */

/* Repetitions must be what was there before. */
static void take_bytes(struct talk_end *e, uint32_t seq, struct weir_bytes in, bool fin)
{
	uint32_t ahead = e->expect - seq;

	if (e->silent || e->over || (int32_t)ahead < 0)
		return;
	if (ahead > in.len || e->fin) {
		e->wants_ack = true;
		return;
	}
	weir_assert(ahead > e->n_got || memcmp(e->got + e->n_got - ahead, in.ptr, ahead) == 0);
	in = weir_bytes_of(in.ptr + ahead, in.len - ahead);
	e->over = in.len > TALK_GOT - e->n_got;
	if (e->over)
		return;
	if (in.len)
		memcpy(e->got + e->n_got, in.ptr, in.len);
	e->n_got += in.len;
	e->expect += (uint32_t)in.len + fin;
	e->fin = fin;
	e->wants_ack = true;
}

static void take_ack(struct talk_end *e, uint32_t ack, uint16_t window)
{
	uint32_t off = ack - e->first;

	if (off > e->n_stream + e->fin_sent) /* of the handshake; else it was never sent */
		return;
	e->acked = RTE_MAX(e->acked, RTE_MIN(off, e->next));
	e->room = RTE_MAX(e->room, (size_t)off + window);
}

static void take_segment(struct talk_end *e, const uint8_t *tcp, size_t len)
{
	size_t head = (size_t)(tcp[12] >> 4) * 4;
	uint32_t seq = load_u32(tcp + 4);
	uint8_t flags = tcp[13];

	if (flags & RST) {
		e->rst = true;
		return;
	}
	if (flags & ACK)
		take_ack(e, load_u32(tcp + 8), (uint16_t)(tcp[14] << 8 | tcp[15]));
	if (flags & SYN) {
		e->expect = seq + 1;
		e->opened = true;
		return;
	}
	if (len > head || flags & FIN)
		take_bytes(e, seq, weir_bytes_of(tcp + head, len - head), flags & FIN);
}

bool talk_take(struct talk *t, unsigned int port, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + 14, *tcp = ip + (ip[0] & 15) * 4;
	size_t tcp_len = (size_t)(ip[2] << 8 | ip[3]) - (size_t)(tcp - ip);
	struct talk_end *e = &t->end[port];

	weir_assert(len >= 54 && tcp_len >= 20 && (size_t)(tcp - frame) + tcp_len <= len);
	if ((tcp[0] << 8 | tcp[1]) != e->spec.dport || (tcp[2] << 8 | tcp[3]) != e->spec.sport)
		return false;
	take_segment(e, tcp, tcp_len);
	return true;
}

/* ---- the beginning ---- */

void talk_open(struct talk *t, uint16_t port)
{
	static const struct frame_spec spec[2] = {
		{.src = "10.0.0.2", .dst = "10.0.1.2"},
		{.src = "10.0.1.2", .dst = "10.0.0.2", .from_second = true},
	};

	for (unsigned int i = 0; i < 2; i++) {
		struct talk_end *e = &t->end[i];

		memset(e, 0, offsetof(struct talk_end, stream));
		e->spec = spec[i];
		*(i ? &e->spec.dport : &e->spec.sport) = port;
		*(i ? &e->spec.sport : &e->spec.dport) = t->server_port;
		e->first = isn[i] + 1;
		e->window = 65535;
	}
	feed(t, CLIENT, SYN, isn[CLIENT], nothing);
	if (t->end[SERVER].opened)
		feed(t, SERVER, SYN | ACK, isn[SERVER], nothing);
	if (t->end[CLIENT].opened)
		feed(t, CLIENT, ACK, isn[CLIENT] + 1, nothing);
}
