/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's tuple as the direction-free key of its flow: the lower end first, where an end is an
 * address and a port. Which end is lower is decided without a branch: it is a coin's throw for
 * every packet. Keys are only compared as bytes, so addresses stand in them as they lie in the
 * frame.
 */
#include "flow_impl.h"

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static unsigned __int128 load128(const uint8_t *p)
{
	unsigned __int128 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* 2^96 + an IPv4 address is not an address that load128 gives for IPv6: pkt/ refuses v4-mapped
 * ones, and the family stands in the key besides. */
static unsigned __int128 load_wide(const uint8_t *addr, uint8_t family)
{
	return family == 6 ? load128(addr) : (unsigned __int128)1 << 96 | load32(addr);
}

/* What no direction has: the protocol, and where the packet was. */
static uint64_t place_word(const struct weir_pkt_tuple *t, uint8_t wire)
{
	return (uint64_t)t->vlan << 48 | (uint64_t)wire << 40 | (uint64_t)t->proto << 32;
}

static void narrow_key(struct flow_key *k, const struct weir_pkt_tuple *t, uint8_t wire)
{
	uint64_t src = (uint64_t)load32(t->src) << 16 | t->sport;
	uint64_t dst = (uint64_t)load32(t->dst) << 16 | t->dport;
	uint64_t low = src < dst ? src : dst;
	uint64_t high = src < dst ? dst : src;

	k->words = FLOW_KEY_NARROW;
	k->swapped = src > dst;
	k->word[0] = high >> 16 << 32 | low >> 16;
	k->word[1] = place_word(t, wire) | (high & UINT16_MAX) << 16 | (low & UINT16_MAX);
}

static void wide_key(struct flow_key *k, const struct weir_pkt_tuple *t, uint8_t wire)
{
	unsigned __int128 src = load_wide(t->src, t->family), dst = load_wide(t->dst, t->family);
	bool swapped = src > dst || (src == dst && t->sport > t->dport);
	unsigned __int128 low = swapped ? dst : src, high = swapped ? src : dst;
	uint64_t low_port = swapped ? t->dport : t->sport;
	uint64_t high_port = swapped ? t->sport : t->dport;

	k->words = FLOW_KEY_WIDE;
	k->swapped = swapped;
	k->word[0] = (uint64_t)low;
	k->word[1] = (uint64_t)(low >> 64);
	k->word[2] = (uint64_t)high;
	k->word[3] = (uint64_t)(high >> 64);
	k->word[4] = place_word(t, wire) | high_port << 16 | low_port;
	k->word[5] = (uint64_t)t->family << 16 | t->vlan_inner;
}

void flow_key_of(struct flow_key *k, const struct weir_pkt_tuple *t, uint8_t wire)
{
	if (weir_likely(t->family == 4 && t->vlan_inner == 0))
		narrow_key(k, t, wire);
	else
		wide_key(k, t, wire);
}

void flow_key_of_flow(struct flow_key *k, const struct weir_flow *f)
{
	unsigned int skip = f->family == 4 ? 12 : 0;
	struct weir_pkt_tuple t = {
		.src = f->addr[0].bytes + skip,
		.dst = f->addr[1].bytes + skip,
		.sport = f->port[0],
		.dport = f->port[1],
		.family = f->family,
		.proto = f->proto,
		.vlan = f->vlan,
		.vlan_inner = f->vlan_inner,
	};

	flow_key_of(k, &t, f->wire);
}

uint64_t weir_flow_hash(const struct weir_siphash_key *key, const struct weir_pkt_tuple *tuple,
			uint8_t wire)
{
	struct flow_key k;

	flow_key_of(&k, tuple, wire);
	return weir_siphash13(key, k.word, k.words);
}
