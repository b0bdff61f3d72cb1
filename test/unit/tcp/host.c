/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <weir_reasm.h>

#include <weir_test.h>

#define RTO_NS     (400 * WEIR_NS_PER_MS)
#define RTO_MAX_NS (4 * WEIR_NS_PER_S)

uint8_t host_byte(uint8_t salt, uint32_t off)
{
	uint32_t x = (off + 1) * 2654435761u ^ (uint32_t)salt << 13;

	return (uint8_t)(x >> 11 ^ x >> 23);
}

void host_init(struct host *h, const struct host_cfg *cfg, bool active)
{
	memset(h, 0, sizeof(*h));
	h->cfg = *cfg;
	h->active = active;
	h->rto_ns = RTO_NS;
	h->peer_mss = 536;
	ck_assert_uint_lt(cfg->expect, HOST_BYTES_MAX);
}

bool host_is_done(const struct host *h)
{
	return h->fin_acked && h->fin_in;
}

/* ---- receiving ---- */

static bool has(const struct host *h, uint32_t off)
{
	return h->have[off / 8] >> off % 8 & 1;
}

static uint32_t window(const struct host *h)
{
	uint32_t held = h->in - h->read;

	return held < h->cfg.window ? h->cfg.window - held : 0;
}

static uint8_t expected(const struct host *h, uint32_t off)
{
	return h->cfg.byte_expected ? h->cfg.byte_expected(h->cfg.ctx, off)
				    : host_byte(h->cfg.salt_expected, off);
}

static void take_payload(struct host *h, const struct segment *s)
{
	uint32_t off = s->seq - (h->irs + 1);

	for (uint32_t i = 0; i < s->len; i++) {
		uint32_t at = off + i;

		if ((int32_t)(at - h->in) < 0)
			continue;
		ck_assert_msg(at < h->cfg.expect, "byte %u of %u", at, h->cfg.expect);
		ck_assert_msg(s->payload[i] == expected(h, at), "byte %u is not what was sent", at);
		h->have[at / 8] |= (uint8_t)(1 << at % 8);
	}
	while (h->in < h->cfg.expect && has(h, h->in))
		h->in++;
	h->ack_due = true;
}

static void take_fin(struct host *h, const struct segment *s)
{
	h->fin_known = true;
	h->fin_at = s->seq + s->len - (h->irs + 1);
	ck_assert_uint_eq(h->fin_at, h->cfg.expect);
	h->ack_due = true;
}

static void take_ack(struct host *h, const struct segment *s, uint64_t now_ns)
{
	uint32_t off = s->ack - (h->cfg.iss + 1);
	uint32_t all = h->cfg.send + h->fin_sent;

	if (!(s->flags & WEIR_TCP_ACK))
		return;
	ck_assert_msg(off <= all + (h->cfg.send == off), "acknowledges %u of %u", off, all);
	if ((int32_t)(off - h->una) > 0) {
		h->una = off;
		h->nxt = (int32_t)(h->nxt - h->una) < 0 ? h->una : h->nxt;
		h->dupacks = 0;
		h->rto_ns = RTO_NS;
		h->resend_ns = h->una < h->nxt ? now_ns + h->rto_ns : 0;
	} else if (off == h->una && h->una < h->nxt && !s->len &&
		   !(s->flags & (WEIR_TCP_SYN | WEIR_TCP_FIN))) {
		if (++h->dupacks == 3)
			h->nxt = h->una;
	}
	h->peer_window = (uint32_t)s->window
			 << (s->flags & WEIR_TCP_SYN || h->cfg.scale == 0xff ? 0 : h->peer_scale);
	if (h->una == h->cfg.send + 1)
		h->fin_acked = true;
}

static void take_syn(struct host *h, const struct segment *s)
{
	h->irs = s->seq;
	h->syn_seen = true;
	h->peer_mss = s->mss ? s->mss : 536;
	h->peer_scale = s->scale == 0xff ? 0 : s->scale;
	if (s->scale == 0xff)
		h->cfg.scale = 0xff;
	h->sack_ok = h->cfg.sack && s->sack_ok;
	h->ts_ok = h->cfg.timestamps && s->timestamp;
	h->ts_recent = s->ts_val;
	h->ack_due = true;
}

void host_input(struct host *h, const struct segment *s, uint64_t now_ns)
{
	if (s->flags & WEIR_TCP_RST) {
		h->failed = true;
		return;
	}
	if (s->flags & WEIR_TCP_SYN) {
		if (h->syn_seen)
			ck_assert_uint_eq(s->seq, h->irs);
		else
			take_syn(h, s);
		h->ack_due = true;
	}
	if (!h->syn_seen)
		return;
	if (s->flags & WEIR_TCP_ACK && s->ack != h->cfg.iss) {
		h->open = true;
		take_ack(h, s, now_ns);
	}
	if (h->ts_ok && s->timestamp && (int32_t)(s->ts_val - h->ts_recent) > 0)
		h->ts_recent = s->ts_val;
	if (s->len)
		take_payload(h, s);
	else if (weir_seq_lt(s->seq, h->irs + 1 + h->in + h->fin_in))
		h->ack_due = true; /* a probe, or an answer that was lost */
	if (s->flags & WEIR_TCP_FIN)
		take_fin(h, s);
	if (h->fin_known && h->in == h->fin_at)
		h->fin_in = true;
}

/* ---- sending ---- */

static void add_options(const struct host *h, struct segment *s, uint64_t now_ns)
{
	uint32_t at = h->in;

	s->timestamp = h->ts_ok || (s->flags & WEIR_TCP_SYN && h->cfg.timestamps && !h->syn_seen);
	s->ts_val = (uint32_t)(now_ns / WEIR_NS_PER_MS);
	s->ts_ecr = h->ts_recent;
	if (!h->sack_ok || s->len)
		return;
	while (s->n_sack < 3 && at < h->cfg.expect) {
		uint32_t start;

		while (at < h->cfg.expect && !has(h, at))
			at++;
		for (start = at; at < h->cfg.expect && has(h, at);)
			at++;
		if (start < at) {
			s->sack[s->n_sack][0] = h->irs + 1 + start;
			s->sack[s->n_sack++][1] = h->irs + 1 + at;
		}
	}
}

static void finish(struct host *h, struct segment *s, uint64_t now_ns)
{
	uint32_t scale = s->flags & WEIR_TCP_SYN || h->cfg.scale == 0xff ? 0 : h->cfg.scale;
	uint32_t w = window(h) >> scale;

	s->window = (uint16_t)(w > UINT16_MAX ? UINT16_MAX : w);
	s->ack = h->syn_seen ? h->irs + 1 + h->in + h->fin_in : 0;
	if (h->syn_seen)
		s->flags |= WEIR_TCP_ACK;
	add_options(h, s, now_ns);
	h->ack_due = false;
	h->high = h->nxt > h->high ? h->nxt : h->high;
}

static bool send_syn(struct host *h, struct segment *s, uint64_t now_ns)
{
	if (h->resend_ns && now_ns < h->resend_ns && !h->ack_due)
		return false;
	if (!h->active && !h->syn_seen)
		return false;
	h->resend_ns = now_ns + RTO_NS;
	s->seq = h->cfg.iss;
	s->flags = WEIR_TCP_SYN;
	s->mss = h->cfg.mss;
	s->scale = h->cfg.scale;
	s->sack_ok = h->cfg.sack && (!h->syn_seen || h->sack_ok);
	finish(h, s, now_ns);
	return true;
}

static bool send_data(struct host *h, struct segment *s, uint64_t now_ns)
{
	uint32_t limit = h->una + h->peer_window, burst = h->una + h->cfg.burst * h->cfg.mss, len;
	uint32_t mss = h->peer_mss < h->cfg.mss ? h->peer_mss : h->cfg.mss;

	if (h->ts_ok)
		mss -= 12;
	if (!h->peer_window && h->una == h->nxt && h->una < h->cfg.send) {
		/* The window is shut: a byte now and then. */
		if (!h->resend_ns)
			h->resend_ns = now_ns + h->rto_ns;
		return false;
	}
	limit = limit < burst ? limit : burst;
	if (h->nxt < h->cfg.send && h->nxt < limit) {
		len = h->cfg.send - h->nxt < mss ? h->cfg.send - h->nxt : mss;
		len = len < limit - h->nxt ? len : limit - h->nxt;
		s->seq = h->cfg.iss + 1 + h->nxt;
		for (uint32_t i = 0; i < len; i++)
			s->payload[i] = host_byte(h->cfg.salt, h->nxt + i);
		s->len = (uint16_t)len;
		s->flags = WEIR_TCP_PSH;
		h->nxt += len;
	} else if (h->nxt == h->cfg.send && (!h->fin_sent || h->una <= h->cfg.send) &&
		   h->una + h->cfg.burst * h->cfg.mss >= h->cfg.send) {
		s->seq = h->cfg.iss + 1 + h->nxt;
		s->flags = WEIR_TCP_FIN;
		h->fin_sent = true;
		h->nxt++;
	} else {
		return false;
	}
	if (!h->resend_ns)
		h->resend_ns = now_ns + h->rto_ns;
	finish(h, s, now_ns);
	return true;
}

static void on_timeout(struct host *h, uint64_t now_ns)
{
	h->rto_ns = 2 * h->rto_ns < RTO_MAX_NS ? 2 * h->rto_ns : RTO_MAX_NS;
	h->resend_ns = now_ns + h->rto_ns;
	h->nxt = h->una;
	h->dupacks = 0;
	if (!h->peer_window)
		h->peer_window = 1;
}

static void read_some(struct host *h, uint64_t now_ns)
{
	bool was_shut = window(h) < h->cfg.mss;

	if (h->cfg.read_every && now_ns - h->last_ns < h->cfg.read_every * WEIR_NS_PER_MS)
		return;
	h->last_ns = now_ns;
	if (h->read == h->in)
		return;
	h->read = h->in;
	if (was_shut)
		h->ack_due = true;
}

bool host_output(struct host *h, struct segment *s, uint64_t now_ns)
{
	memset(s, 0, offsetof(struct segment, payload));
	s->scale = 0xff;
	if (h->failed)
		return false;
	if (!h->open)
		return send_syn(h, s, now_ns);
	read_some(h, now_ns);
	if (h->resend_ns && now_ns >= h->resend_ns && h->una < h->cfg.send + 1)
		on_timeout(h, now_ns);
	if (send_data(h, s, now_ns))
		return true;
	if (!h->ack_due)
		return false;
	s->seq = h->cfg.iss + 1 + h->high;
	finish(h, s, now_ns);
	return true;
}
