/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet's tuple as the direction-free key of its flow, and its keyed hash. */
#include "flow_impl.h"

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void load_wide(uint64_t out[2], const uint8_t *addr, uint8_t family)
{
	if (family == 6) {
		memcpy(out, addr, 16);
		return;
	}
	/* v4-mapped, as struct weir_addr has it */
	memcpy(out, (const uint8_t[12]){[10] = 0xff, [11] = 0xff}, 12);
	memcpy((uint8_t *)out + 12, addr, 4);
}

static void narrow_key(struct flow_key *k, const struct weir_pkt_tuple *t, uint8_t wire)
{
	uint32_t src = load32(t->src), dst = load32(t->dst);
	unsigned int s = src > dst || (src == dst && t->sport > t->dport);

	k->narrow = true;
	k->swapped = s;
	k->v4.addr[s] = src;
	k->v4.addr[!s] = dst;
	k->v4.port[s] = t->sport;
	k->v4.port[!s] = t->dport;
	k->v4.proto = t->proto;
	k->v4.wire = wire;
	k->v4.vlan = t->vlan;
}

static void wide_key(struct flow_key *k, const struct weir_pkt_tuple *t, uint8_t wire)
{
	uint64_t src[2], dst[2];
	unsigned int s;
	int order;

	load_wide(src, t->src, t->family);
	load_wide(dst, t->dst, t->family);
	order = memcmp(src, dst, sizeof(src));
	s = order > 0 || (order == 0 && t->sport > t->dport);
	memset(&k->v6, 0, sizeof(k->v6));
	k->narrow = false;
	k->swapped = s;
	memcpy(k->v6.addr[s], src, sizeof(src));
	memcpy(k->v6.addr[!s], dst, sizeof(dst));
	k->v6.port[s] = t->sport;
	k->v6.port[!s] = t->dport;
	k->v6.proto = t->proto;
	k->v6.wire = wire;
	k->v6.vlan = t->vlan;
	k->v6.vlan_inner = t->vlan_inner;
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

uint64_t flow_key_hash(const struct weir_siphash_key *key, const struct flow_key *k)
{
	uint64_t words[6];

	if (weir_likely(k->narrow)) {
		memcpy(words, &k->v4, sizeof(k->v4));
		return weir_siphash13(key, words, 2);
	}
	memcpy(words, &k->v6, sizeof(k->v6));
	return weir_siphash13(key, words, 6);
}

uint64_t weir_flow_hash(const struct weir_siphash_key *key, const struct weir_pkt_tuple *tuple,
			uint8_t wire)
{
	struct flow_key k;

	flow_key_of(&k, tuple, wire);
	return flow_key_hash(key, &k);
}
