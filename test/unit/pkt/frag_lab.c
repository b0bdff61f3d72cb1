/* SPDX-License-Identifier: BSD-3-Clause */
#include "frag_lab.h"

void lab_open(struct lab *l, const struct weir_frag_cfg *cfg)
{
	pool();
	memset(l, 0, sizeof(*l));
	l->now_ns = WEIR_NS_PER_S;
	l->frag = weir_frag_create(cfg);
	ck_assert_ptr_nonnull(l->frag);
}

void lab_close(struct lab *l)
{
	weir_frag_destroy(l->frag);
	check_pool_is_full();
}

static bool is_v6(const struct bytes *f)
{
	return f->at[12] == 0x86;
}

size_t payload_of(const struct bytes *whole)
{
	return whole->len - (is_v6(whole) ? T6(0) : T4(0));
}

static void store16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void fix_header_sum(uint8_t *ip)
{
	uint32_t sum = 0;

	store16(ip + 10, 0);
	for (size_t i = 0; i < (ip[0] & 0xf) * 4u; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	store16(ip + 10, ~((sum & 0xffff) + (sum >> 16)));
}

static void piece4(struct bytes *f, const struct bytes *whole, uint32_t id, size_t from, size_t to)
{
	bool more = T4(to) < whole->len;

	f->len = T4(to - from);
	memcpy(f->at, whole->at, T4(0));
	memcpy(f->at + T4(0), whole->at + T4(from), to - from);
	store16(f->at + IP(2), f->len - 14);
	store16(f->at + IP(4), id);
	store16(f->at + IP(6), from / 8 | (more ? 0x2000 : 0));
	fix_header_sum(f->at + IP(0));
}

static void piece6(struct bytes *f, const struct bytes *whole, uint32_t id, size_t from, size_t to)
{
	bool more = T6(to) < whole->len;

	f->len = T6(8 + to - from);
	memcpy(f->at, whole->at, T6(0));
	store16(f->at + IP(4), 8 + to - from);
	f->at[T6(0)] = f->at[IP(6)];
	f->at[T6(1)] = 0;
	f->at[IP(6)] = 44;
	store16(f->at + T6(2), from | more);
	store16(f->at + T6(4), id >> 16);
	store16(f->at + T6(6), id);
	memcpy(f->at + T6(8), whole->at + T6(from), to - from);
}

struct bytes piece_of(const struct bytes *whole, uint32_t id, size_t from, size_t to)
{
	struct bytes f;

	ck_assert_uint_le(to, payload_of(whole));
	if (is_v6(whole))
		piece6(&f, whole, id, from, to);
	else
		piece4(&f, whole, id, from, to);
	return f;
}

bool feed_mbuf(struct lab *l, struct rte_mbuf *m, enum weir_drop want)
{
	struct weir_frag_made made;
	enum weir_drop drop;
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_msg(p.drop == D(NONE), "%s", weir_drop_name((enum weir_drop)p.drop));
	ck_assert(p.flags & WEIR_PKT_FRAGMENT);
	p.origin = l->origin;
	m = weir_frag_add(l->frag, &p, l->now_ns, &made, &drop);
	ck_assert_msg(drop == want, "%s, not %s", weir_drop_name(drop), weir_drop_name(want));
	if (!m)
		return false;
	ck_assert_int_eq(rte_mbuf_check(m, 1, NULL), 0);
	weir_pkt_parse(&l->made, m, WEIR_PKT_CHECKSUM_VERIFY);
	l->made.frag_size = made.frag_size;
	l->made.frag_id = made.frag_id;
	l->made.flags |= WEIR_PKT_REASSEMBLED;
	l->whole.len = rte_pktmbuf_pkt_len(m);
	ck_assert_uint_le(l->whole.len, sizeof(l->whole.at));
	memmove(l->whole.at, rte_pktmbuf_read(m, 0, (uint32_t)l->whole.len, l->whole.at),
		l->whole.len);
	return true;
}

bool feed(struct lab *l, const struct bytes *f, enum weir_drop want)
{
	return feed_mbuf(l, mbuf_of(f->at, f->len), want);
}

/* The identification is the fragments', and so is the sum of the IPv4 header. */
void check_whole(struct lab *l, const struct bytes *whole)
{
	size_t rest = is_v6(whole) ? 12 : IP(8);

	ck_assert_msg(l->made.drop == D(NONE), "%s", weir_drop_name((enum weir_drop)l->made.drop));
	ck_assert(!(l->made.flags & WEIR_PKT_FRAGMENT));
	ck_assert_uint_eq(l->whole.len, whole->len);
	ck_assert_mem_eq(l->whole.at, whole->at, is_v6(whole) ? 12 : IP(4));
	l->whole.at[IP(10)] = is_v6(whole) ? l->whole.at[IP(10)] : whole->at[IP(10)];
	l->whole.at[IP(11)] = is_v6(whole) ? l->whole.at[IP(11)] : whole->at[IP(11)];
	ck_assert_mem_eq(l->whole.at + rest, whole->at + rest, whole->len - rest);
	rte_pktmbuf_free(l->made.mbuf);
}
