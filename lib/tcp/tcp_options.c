/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options (RFC 9293 section 3.2, 7323, 2018), read and written. What is not in here is not
 * spoken: fast open and multipath end at weir. */
#include "tcp_impl.h"

#include <rte_tcp.h>

#define KIND_END       0
#define KIND_NOP       1
#define KIND_MSS       2
#define KIND_SCALE     3
#define KIND_SACK_OK   4
#define KIND_SACK      5
#define KIND_TIMESTAMP 8

static void read_sack(struct weir_cursor *c, uint8_t len, struct tcp_options *o)
{
	for (unsigned int i = 0; i < (len - 2u) / 8 && o->n_sack < TCP_SACK_BLOCKS; i++) {
		struct tcp_sack *s = &o->sack[o->n_sack++];

		s->start = weir_cursor_u32(c);
		s->end = weir_cursor_u32(c);
	}
}

/* One option's value; the cursor is over it alone. */
static void read_value(uint8_t kind, uint8_t len, struct weir_cursor *c, struct tcp_options *o)
{
	if (kind == KIND_MSS && len == 4) {
		o->has_mss = true;
		o->mss = weir_cursor_u16(c);
	} else if (kind == KIND_SCALE && len == 3) {
		o->has_scale = true;
		o->scale = weir_cursor_u8(c);
	} else if (kind == KIND_SACK_OK && len == 2) {
		o->has_sack_ok = true;
	} else if (kind == KIND_SACK && len >= 10) {
		read_sack(c, len, o);
	} else if (kind == KIND_TIMESTAMP && len == 10) {
		o->has_timestamp = true;
		o->ts_val = weir_cursor_u32(c);
		o->ts_ecr = weir_cursor_u32(c);
	}
}

static void read_all(struct weir_cursor *c, struct tcp_options *o)
{
	while (weir_cursor_left(c)) {
		uint8_t kind = weir_cursor_u8(c);
		struct weir_cursor value;
		const uint8_t *at;
		uint8_t len;

		if (kind == KIND_END)
			return;
		if (kind == KIND_NOP)
			continue;
		len = weir_cursor_u8(c);
		if (len < 2 || !(at = weir_cursor_take(c, len - 2u)))
			return;
		value = weir_cursor_of(at, len - 2u);
		read_value(kind, len, &value, o);
	}
}

void tcp_read_options(const struct weir_pkt *p, struct tcp_options *o)
{
	const uint8_t *tcp = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->l4_off);
	uint32_t len = p->payload_off - p->l4_off - (uint32_t)sizeof(struct rte_tcp_hdr);
	struct weir_cursor c = weir_cursor_of(tcp + sizeof(struct rte_tcp_hdr), len);

	o->has_mss = o->has_scale = o->has_sack_ok = o->has_timestamp = false;
	o->n_sack = 0;
	if (len)
		read_all(&c, o);
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
	return at + 4;
}

static uint8_t *put_timestamp(uint8_t *at, uint32_t val, uint32_t ecr)
{
	*at++ = KIND_TIMESTAMP;
	*at++ = 10;
	return put32(put32(at, val), ecr);
}

uint32_t tcp_write_syn_options(uint8_t *at, const struct tcp_options *o)
{
	uint8_t *start = at;

	if (o->has_mss) {
		*at++ = KIND_MSS;
		*at++ = 4;
		*at++ = (uint8_t)(o->mss >> 8);
		*at++ = (uint8_t)o->mss;
	}
	if (o->has_sack_ok) {
		*at++ = KIND_SACK_OK;
		*at++ = 2;
	}
	if (o->has_timestamp)
		at = put_timestamp(at, o->ts_val, o->ts_ecr);
	if (o->has_scale) {
		*at++ = KIND_SCALE;
		*at++ = 3;
		*at++ = o->scale;
	}
	while ((at - start) % 4)
		*at++ = KIND_NOP;
	return (uint32_t)(at - start);
}

/* RFC 2883: a duplicate is told in the first block. */
static unsigned int sacks_to_tell(struct tcp_leg *l, struct tcp_sack *out, unsigned int max)
{
	unsigned int n = 0;

	if (l->flags & LEG_DSACK) {
		out[n++] = l->blocks->dsack;
		l->flags &= (uint16_t)~LEG_DSACK;
	}
	for (unsigned int i = 0; i < l->n_sack && n < max; i++)
		out[n++] = l->blocks->sack[i];
	return n;
}

static uint8_t *put_sack(struct tcp_leg *l, uint8_t *at)
{
	struct tcp_sack s[TCP_SACK_BLOCKS];
	unsigned int n = sacks_to_tell(l, s, l->flags & LEG_TIMESTAMPS ? 3 : 4);

	if (!n)
		return at;
	*at++ = KIND_NOP;
	*at++ = KIND_NOP;
	*at++ = KIND_SACK;
	*at++ = (uint8_t)(2 + 8 * n);
	for (unsigned int i = 0; i < n; i++)
		at = put32(put32(at, s[i].start), s[i].end);
	return at;
}

uint32_t tcp_write_options(struct weir_tcp_conn *c, struct tcp_leg *l, uint8_t *at, bool with_sack)
{
	uint8_t *start = at;

	if (l->flags & LEG_TIMESTAMPS) {
		*at++ = KIND_NOP;
		*at++ = KIND_NOP;
		at = put_timestamp(at, tcp_other(c, l)->ts_seen, l->ts_recent);
	}
	if (with_sack && l->flags & LEG_SACK && (l->n_sack || l->flags & LEG_DSACK))
		at = put_sack(l, at);
	return (uint32_t)(at - start);
}
