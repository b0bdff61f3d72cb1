/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table: two rte_hash of direction-free keys, narrow ones for IPv4, over one pool of flows. A
 * burst is hashed and prefetched as a whole before the first key is compared: at a million flows
 * nearly every access misses the caches, and only overlap hides that.
 */
#include "flow_impl.h"

#include <weir_log.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_lcore.h>
#include <rte_prefetch.h>

_Static_assert(offsetof(struct weir_flow, tcp) == WEIR_CACHE_LINE,
	       "a segment touches two lines of its flow");
_Static_assert(offsetof(struct weir_flow, id) == 2 * WEIR_CACHE_LINE,
	       "a segment touches two lines of its flow");

static struct rte_hash *make_hash(const char *name, char kind, uint32_t entries, uint32_t key_len)
{
	char full[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {
		.name = full,
		.entries = entries < 64 ? 64 : entries,
		.key_len = key_len,
		.socket_id = (int)rte_socket_id(),
		/* Without it an unlucky bucket refuses keys long before the table is full. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash *hash;

	snprintf(full, sizeof(full), "%c_%s", kind, name);
	hash = rte_hash_create(&params);
	if (!hash)
		weir_error("%s: cannot make a hash of %u flows: %s", name, entries,
			   rte_strerror(rte_errno));
	return hash;
}

struct weir_flow_table *weir_flow_table_create(const struct weir_flow_cfg *cfg, uint64_t now_ns)
{
	struct weir_flow_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->capacity = t->rearm = cfg->flows;
	t->denied_max = cfg->denied ? cfg->denied : cfg->flows / 8 + 1;
	t->key = cfg->key;
	t->siphash = flow_siphash_best();
	t->id_state = cfg->id_seed;
	t->evict_half_open = cfg->evict_half_open;
	t->on_end = cfg->on_end;
	t->ctx = cfg->ctx;
	t->timeouts = weir_flow_timeouts_default;
	weir_timer_wheel_init(&t->wheel, now_ns);
	t->narrow = make_hash(cfg->name, 'n', cfg->flows, FLOW_KEY_NARROW * sizeof(uint64_t));
	t->wide = make_hash(cfg->name, 'w', cfg->flows, FLOW_KEY_WIDE * sizeof(uint64_t));
	t->pool = weir_pool_create(cfg->name, cfg->flows, sizeof(struct weir_flow));
	if (!t->narrow || !t->wide || !t->pool) {
		weir_flow_table_destroy(t);
		return NULL;
	}
	return t;
}

void weir_flow_table_destroy(struct weir_flow_table *t)
{
	if (!t)
		return;
	rte_hash_free(t->narrow);
	rte_hash_free(t->wide);
	weir_pool_destroy(t->pool);
	free(t);
}

void weir_flow_set_eviction(struct weir_flow_table *t, bool evict_half_open)
{
	t->evict_half_open = evict_half_open;
}

/* ---- lookup ---- */

/*
 * What a hash keeps with a key: the flow's address and, in a bit that an aligned address has to
 * spare, whether its initiator is the upper end. So the direction is known before the flow itself
 * has come from memory.
 */
static void *entry_of(struct weir_flow *f, bool swapped)
{
	return (char *)f + swapped;
}

static struct weir_flow *entry_flow(void *entry)
{
	return (struct weir_flow *)((uintptr_t)entry & ~(uintptr_t)1);
}

static uint8_t entry_direction(const void *entry, bool swapped)
{
	return ((uintptr_t)entry & 1) ^ swapped;
}

static struct rte_hash *hash_for(const struct weir_flow_table *t, const struct flow_key *k)
{
	return k->words == FLOW_KEY_NARROW ? t->narrow : t->wide;
}

static hash_sig_t signature(const struct weir_flow_table *t, const struct flow_key *k)
{
	return (hash_sig_t)weir_siphash13(&t->key, k->word, k->words);
}

struct weir_flow *weir_flow_lookup(struct weir_flow_table *t, const struct weir_pkt_tuple *tuple,
				   uint8_t wire, uint8_t *dir)
{
	struct flow_key k;
	void *entry;

	flow_key_of(&k, tuple, wire);
	if (rte_hash_lookup_with_hash_data(hash_for(t, &k), k.word, signature(t, &k), &entry) < 0)
		return NULL;
	*dir = entry_direction(entry, k.swapped);
	return entry_flow(entry);
}

/* Those of a burst whose keys live in one of the hashes. */
struct part {
	struct flow_columns columns;
	const void *key[FLOW_BURST_MAX];
	uint8_t at[FLOW_BURST_MAX]; /* in the burst */
	unsigned int n;
};

static void part_add(struct part *part, const struct flow_key *k, unsigned int words, uint8_t at)
{
	for (unsigned int w = 0; w < words; w++)
		part->columns.word[w][part->n] = k->word[w];
	part->key[part->n] = k->word;
	part->at[part->n++] = at;
}

static void part_lookup(const struct weir_flow_table *t, struct rte_hash *hash, struct part *part,
			unsigned int words, void **entry)
{
	uint64_t value[FLOW_BURST_MAX], hits = 0;
	hash_sig_t sig[FLOW_BURST_MAX];
	void *found[FLOW_BURST_MAX];

	t->siphash(&t->key, &part->columns, words, part->n, value);
	for (unsigned int i = 0; i < part->n; i++)
		sig[i] = (hash_sig_t)value[i];
	rte_hash_lookup_with_hash_bulk_data(hash, part->key, sig, part->n, &hits, found);
	for (; hits; hits &= hits - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(hits);

		entry[part->at[i]] = found[i];
		rte_prefetch0(found[i]);
		rte_prefetch0((char *)found[i] + WEIR_CACHE_LINE);
	}
}

void weir_flow_lookup_burst(struct weir_flow_table *t, const struct weir_pkt_tuple *const *tuple,
			    const uint8_t *wire, unsigned int n, struct weir_flow **flow,
			    uint8_t *dir)
{
	struct flow_key key[FLOW_BURST_MAX];
	void *entry[FLOW_BURST_MAX];
	struct part narrow, wide;

	narrow.n = wide.n = 0;
	for (unsigned int i = 0; i < n; i++) {
		flow_key_of(&key[i], tuple[i], wire[i]);
		if (weir_likely(key[i].words == FLOW_KEY_NARROW))
			part_add(&narrow, &key[i], FLOW_KEY_NARROW, (uint8_t)i);
		else
			part_add(&wide, &key[i], FLOW_KEY_WIDE, (uint8_t)i);
		entry[i] = NULL;
	}
	if (narrow.n)
		part_lookup(t, t->narrow, &narrow, FLOW_KEY_NARROW, entry);
	if (wide.n)
		part_lookup(t, t->wide, &wide, FLOW_KEY_WIDE, entry);
	for (unsigned int i = 0; i < n; i++) {
		flow[i] = entry_flow(entry[i]);
		dir[i] = entry_direction(entry[i], key[i].swapped);
	}
}

/* ---- adding ---- */

/* SplitMix64 (Steele, Lea and Flood 2014), its upper 53 bits: what every reader of JSON can hold.
 */
static uint64_t next_id(struct weir_flow_table *t)
{
	uint64_t z = t->id_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	z = (z ^ z >> 31) >> 11;
	return z ? z : 1;
}

static struct weir_addr addr_of(const uint8_t *bytes, uint8_t family)
{
	if (family == 4)
		return weir_addr_v4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				    (uint32_t)bytes[2] << 8 | bytes[3]);
	return weir_addr_v6(bytes);
}

static void fill(struct weir_flow *f, const struct weir_pkt *p, uint64_t now_ns)
{
	const struct weir_pkt_tuple *t = &p->tuple;

	memset(f, 0, sizeof(*f));
	f->start_ns = f->last_ns = now_ns;
	f->proto = t->proto;
	f->family = t->family;
	f->addr[0] = addr_of(t->src, t->family);
	f->addr[1] = addr_of(t->dst, t->family);
	f->port[0] = t->sport;
	f->port[1] = t->dport;
	f->vlan = t->vlan;
	f->vlan_inner = t->vlan_inner;
	f->state = WEIR_FLOW_NEW;
}

static void begin_state(struct weir_flow_table *t, struct weir_flow *f, const struct weir_pkt *p,
			bool denied)
{
	if (denied) {
		f->state = WEIR_FLOW_DENIED;
		t->denied++;
		return;
	}
	if (f->proto == WEIR_PROTO_TCP)
		flow_tcp_begin(f, p);
	if (f->state != WEIR_FLOW_ESTABLISHED)
		flow_list_begin(t, f);
}

static struct weir_flow *take_flow(struct weir_flow_table *t, bool denied, uint64_t now_ns)
{
	struct weir_flow *f = weir_pool_take(t->pool);
	struct weir_flow *oldest = t->waiting.oldest;

	if (f)
		return f;
	/* A connection that is over needs its place least; and a refused flow does not push out one
	 * that may yet become a connection. */
	if (oldest)
		weir_flow_remove(t, oldest, WEIR_FLOW_END_CLOSED, now_ns);
	else if (!denied && t->evict_half_open && t->half_open.oldest)
		weir_flow_remove(t, t->half_open.oldest, WEIR_FLOW_END_EVICTED, now_ns);
	return weir_pool_take(t->pool);
}

struct weir_flow *weir_flow_add(struct weir_flow_table *t, const struct weir_pkt *p, uint8_t wire,
				uint8_t side, bool denied, uint64_t now_ns)
{
	struct weir_flow *f;
	struct flow_key k;

	if (denied && t->denied >= t->denied_max)
		return NULL;
	f = take_flow(t, denied, now_ns);
	if (!f)
		return NULL;
	flow_key_of(&k, &p->tuple, wire);
	fill(f, p, now_ns);
	f->wire = wire;
	f->side = side;
	f->flags = k.swapped ? WEIR_FLOW_F_SWAPPED : 0;
	if (rte_hash_add_key_with_hash_data(hash_for(t, &k), k.word, signature(t, &k),
					    entry_of(f, k.swapped)) < 0) {
		weir_pool_give(t->pool, f);
		return NULL;
	}
	f->id = next_id(t);
	f->place = weir_pool_index(t->pool, f);
	begin_state(t, f, p, denied);
	flow_arm(t, f, now_ns);
	return f;
}

/* ---- removing ---- */

void weir_flow_remove(struct weir_flow_table *t, struct weir_flow *f, enum weir_flow_end why,
		      uint64_t now_ns)
{
	struct flow_key k;

	if (t->on_end)
		t->on_end(t->ctx, f, why, now_ns);
	if (f->state == WEIR_FLOW_DENIED)
		t->denied--;
	flow_list_end(t, f);
	weir_timer_cancel(&t->wheel, &f->timer);
	flow_key_of_flow(&k, f);
	weir_assert(rte_hash_del_key_with_hash(hash_for(t, &k), k.word, signature(t, &k)) >= 0);
	weir_pool_give(t->pool, f);
}

void weir_flow_clear(struct weir_flow_table *t, uint64_t now_ns)
{
	for (uint32_t place = 0; place < t->capacity; place++) {
		const struct weir_flow *f = weir_flow_at(t, place);

		if (f)
			weir_flow_remove(t, weir_pool_at(t->pool, place), WEIR_FLOW_END_STOP,
					 now_ns);
	}
}

/* ---- gauges and walks ---- */

uint32_t weir_flow_count(const struct weir_flow_table *t)
{
	return weir_pool_used(t->pool);
}

struct weir_use weir_flow_use(const struct weir_flow_table *t)
{
	return weir_pool_use(t->pool);
}

uint32_t weir_flow_denied_count(const struct weir_flow_table *t)
{
	return t->denied;
}

uint32_t weir_flow_capacity(const struct weir_flow_table *t)
{
	return t->capacity;
}

const struct weir_flow *weir_flow_at(const struct weir_flow_table *t, uint32_t place)
{
	return weir_pool_taken(t->pool, place) ? weir_pool_at(t->pool, place) : NULL;
}
