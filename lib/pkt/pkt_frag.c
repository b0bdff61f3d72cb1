/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments to datagrams, bounded by number, by buffers, by source and by time. Not rte_ip_frag:
 * Debian builds it for at most eight fragments a datagram, a 64 KB ping has 45, and an overlap
 * there can only be guessed from a datagram that never completes. The tables are rte_hash; pieces
 * stay in their mbufs. One source that sends too much is refused; many that fill the table make its
 * oldest datagrams go, since what is honest completes in milliseconds.
 */
#include "pkt_impl.h"

#include <weir_log.h>

#include <stdio.h>
#include <stdlib.h>

#include <rte_hash.h>
#include <rte_lcore.h>

#define PIECES_MAX         128 /* 65,535 bytes in pieces of 512 */
#define PER_SOURCE_DEFAULT 64
#define BUFFERS_DEFAULT    4 /* a datagram */
#define BUFFERS_MIN        512
#define POOL_SHARE         4 /* at most a quarter of a pool's buffers wait here */
#define TIMEOUT_DEFAULT    (30 * WEIR_NS_PER_S)
#define NONE               UINT32_MAX
#define LENGTH_UNKNOWN     UINT32_MAX

/* RFC 791 section 3.2: source, destination, protocol and identification; RFC 8200 section 4.5
 * without the protocol. VLANs are networks of their own. */
struct datagram_key {
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t id;
	uint16_t vlan;
	uint16_t vlan_inner;
	uint16_t origin;
	uint8_t family;
	uint8_t proto;
	uint8_t zero[4];
};
_Static_assert(sizeof(struct datagram_key) == 48, "hashed as words");

/* An address, or for IPv6 the network that one host can have all addresses of. */
struct source_key {
	uint8_t addr[8];
	uint64_t family;
};
_Static_assert(sizeof(struct source_key) == 16, "hashed as words");

/* What a source has in the table; its key is in the hash while it has any datagram. */
struct source {
	uint32_t datagrams;
	uint32_t buffers;
};

/* In the list by age from begin() to end(). Pieces are in order and do not overlap. */
struct datagram {
	struct datagram_key key;
	uint64_t first_ns;
	uint32_t older, newer;
	uint32_t source; /* its place */
	uint32_t buffers;
	uint32_t total; /* payload bytes, LENGTH_UNKNOWN until the last piece came */
	uint32_t held;  /* payload bytes */
	uint16_t n;
	uint16_t frag_size;
	uint16_t refused; /* enum weir_drop: why nothing more is taken of it, or none */
	struct pkt_piece piece[PIECES_MAX];
};

struct weir_frag {
	struct rte_hash *datagrams; /* key -> place */
	struct rte_hash *sources;   /* address -> place */
	struct datagram *datagram;
	struct source *source;
	uint32_t max;
	uint32_t buffers_max;
	uint32_t quota; /* datagrams of a source */
	uint64_t timeout_ns;
	struct weir_siphash_key key;
	uint32_t oldest, newest;
	struct weir_use held; /* datagrams */
	uint32_t buffers;
	uint32_t evicted; /* not counted yet */
};

/* ---- making ---- */

static struct rte_hash *make_hash(const struct weir_frag *f, char kind, uint32_t key_len)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {
		.name = name,
		.entries = f->max < 8 ? 8 : f->max,
		.key_len = key_len,
		.socket_id = (int)rte_socket_id(),
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	snprintf(name, sizeof(name), "%cfrag_%x", kind, (unsigned int)((uintptr_t)f >> 4));
	return rte_hash_create(&params);
}

struct weir_frag *weir_frag_create(const struct weir_frag_cfg *cfg)
{
	struct weir_frag *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->max = cfg->datagrams;
	f->held.size = f->max;
	f->quota = cfg->per_source ? cfg->per_source : PER_SOURCE_DEFAULT;
	f->buffers_max = cfg->buffers ? cfg->buffers
				      : RTE_MAX(BUFFERS_DEFAULT * f->max, (uint32_t)BUFFERS_MIN);
	f->timeout_ns = cfg->timeout_ns ? cfg->timeout_ns : TIMEOUT_DEFAULT;
	f->key = cfg->key;
	f->oldest = f->newest = NONE;
	f->datagrams = make_hash(f, 'd', sizeof(struct datagram_key));
	f->sources = make_hash(f, 's', sizeof(struct source_key));
	/* rte_hash hands out places up to its number of entries, which it may round up. */
	f->datagram = calloc((f->max < 8 ? 8 : f->max) + 1, sizeof(*f->datagram));
	f->source = calloc((f->max < 8 ? 8 : f->max) + 1, sizeof(*f->source));
	if (!f->datagrams || !f->sources || !f->datagram || !f->source) {
		weir_frag_destroy(f);
		return NULL;
	}
	return f;
}

/* Its buffers are given away or about to be. */
static void forget_pieces(struct weir_frag *f, struct datagram *d)
{
	f->buffers -= d->buffers;
	f->source[d->source].buffers -= d->buffers;
	d->buffers = 0;
	d->held = 0;
	d->n = 0;
}

static void free_pieces(struct weir_frag *f, struct datagram *d)
{
	for (unsigned int i = 0; i < d->n; i++)
		rte_pktmbuf_free(d->piece[i].m);
	forget_pieces(f, d);
}

void weir_frag_destroy(struct weir_frag *f)
{
	if (!f)
		return;
	for (uint32_t i = f->oldest; f->datagram && i != NONE; i = f->datagram[i].newer)
		free_pieces(f, &f->datagram[i]);
	rte_hash_free(f->datagrams);
	rte_hash_free(f->sources);
	free(f->datagram);
	free(f->source);
	free(f);
}

uint32_t weir_frag_held(const struct weir_frag *f)
{
	return (uint32_t)f->held.used;
}

struct weir_use weir_frag_use(const struct weir_frag *f)
{
	return f->held;
}

/* ---- finding a datagram, or a place for one ---- */

static struct datagram_key key_of(const struct weir_pkt *p)
{
	struct datagram_key k = {
		.id = p->frag_id,
		.vlan = p->tuple.vlan,
		.vlan_inner = p->tuple.vlan_inner,
		.origin = p->origin,
		.family = p->tuple.family,
		.proto = p->kind == WEIR_PKT_IPV4 ? p->tuple.proto : 0,
	};
	size_t len = p->tuple.family == 4 ? 4 : 16;

	memcpy(k.src, p->tuple.src, len);
	memcpy(k.dst, p->tuple.dst, len);
	return k;
}

static hash_sig_t hash_of(const struct weir_frag *f, const void *key, unsigned int words)
{
	uint64_t copy[6];

	memcpy(copy, key, words * sizeof(copy[0]));
	return (hash_sig_t)weir_siphash13(&f->key, copy, words);
}

static struct source_key source_of(const struct datagram_key *k)
{
	struct source_key s = {.family = k->family};

	memcpy(s.addr, k->src, sizeof(s.addr));
	return s;
}

static uint32_t charge_source(struct weir_frag *f, const struct datagram_key *k)
{
	struct source_key s = source_of(k);
	int at = rte_hash_add_key_with_hash(f->sources, &s, hash_of(f, &s, sizeof(s) / 8));

	weir_assert(at >= 0); /* there are no more sources than datagrams */
	f->source[at].datagrams++;
	return (uint32_t)at;
}

static bool source_has_its_fill(const struct weir_frag *f, const struct datagram_key *k)
{
	struct source_key s = source_of(k);
	int at = rte_hash_lookup_with_hash(f->sources, &s, hash_of(f, &s, sizeof(s) / 8));

	return at >= 0 && f->source[at].datagrams >= f->quota;
}

static void discharge_source(struct weir_frag *f, const struct datagram *d)
{
	struct source_key s = source_of(&d->key);

	if (--f->source[d->source].datagrams == 0)
		rte_hash_del_key_with_hash(f->sources, &s, hash_of(f, &s, sizeof(s) / 8));
}

static void append_newest(struct weir_frag *f, uint32_t at)
{
	f->datagram[at].older = f->newest;
	f->datagram[at].newer = NONE;
	if (f->newest == NONE)
		f->oldest = at;
	else
		f->datagram[f->newest].newer = at;
	f->newest = at;
}

static void unlink_datagram(struct weir_frag *f, const struct datagram *d)
{
	if (d->older == NONE)
		f->oldest = d->newer;
	else
		f->datagram[d->older].newer = d->newer;
	if (d->newer == NONE)
		f->newest = d->older;
	else
		f->datagram[d->newer].older = d->older;
}

/* Forgets a datagram that has no pieces any more. */
static void end(struct weir_frag *f, struct datagram *d)
{
	unlink_datagram(f, d);
	discharge_source(f, d);
	rte_hash_del_key_with_hash(f->datagrams, &d->key, hash_of(f, &d->key, sizeof(d->key) / 8));
	weir_use_give(&f->held, 1);
}

/* The oldest datagram but `spared` makes room. */
static void evict(struct weir_frag *f, const struct datagram *spared)
{
	struct datagram *d = &f->datagram[f->oldest];

	if (d == spared)
		d = &f->datagram[d->newer];
	f->evicted += !d->refused;
	free_pieces(f, d);
	end(f, d);
}

static struct datagram *begin(struct weir_frag *f, const struct datagram_key *k, hash_sig_t sig,
			      uint64_t now_ns)
{
	int at = rte_hash_add_key_with_hash(f->datagrams, k, sig);
	struct datagram *d;

	weir_assert(at >= 0);
	d = &f->datagram[at];
	d->key = *k;
	d->first_ns = now_ns;
	d->total = LENGTH_UNKNOWN;
	d->held = d->buffers = 0;
	d->n = d->frag_size = 0;
	d->refused = WEIR_DROP_NONE;
	d->source = charge_source(f, k);
	append_newest(f, (uint32_t)at);
	weir_use_take(&f->held, 1);
	return d;
}

/* NULL with *drop set when there is no place for another one. */
static struct datagram *find_or_begin(struct weir_frag *f, const struct weir_pkt *p,
				      uint64_t now_ns, enum weir_drop *drop)
{
	struct datagram_key k = key_of(p);
	hash_sig_t sig = hash_of(f, &k, sizeof(k) / 8);
	int at = rte_hash_lookup_with_hash(f->datagrams, &k, sig);

	if (at >= 0)
		return &f->datagram[at];
	*drop = f->max == 0 ? WEIR_DROP_FRAG_TABLE_FULL : WEIR_DROP_FRAG_QUOTA;
	if (f->max == 0 || source_has_its_fill(f, &k))
		return NULL;
	*drop = WEIR_DROP_NONE;
	if (f->held.used == f->max) {
		f->held.full++;
		evict(f, NULL);
	}
	return begin(f, &k, sig, now_ns);
}

/* ---- adding a piece ---- */

/* Nothing more of it is taken until it is too old (RFC 5722 section 4: all of it is discarded). */
static enum weir_drop refuse(struct weir_frag *f, struct datagram *d, enum weir_drop why)
{
	free_pieces(f, d);
	d->refused = (uint16_t)why;
	return why;
}

/* Room for `m` in `d`: other datagrams make it, unless this source has its share already. */
static bool make_room(struct weir_frag *f, const struct datagram *d, const struct rte_mbuf *m)
{
	uint32_t most = RTE_MIN(f->buffers_max, m->pool->size / POOL_SHARE);
	uint32_t share = RTE_MIN(most, RTE_MAX(most / 2, (uint32_t)PIECES_MAX));

	if (f->source[d->source].buffers + m->nb_segs > share)
		return false;
	while (f->buffers + m->nb_segs > most)
		evict(f, d);
	return true;
}

/* The place among the pieces where `off` belongs. */
static unsigned int place_for(const struct datagram *d, uint16_t off)
{
	unsigned int i = d->n;

	while (i > 0 && d->piece[i - 1].off > off)
		i--;
	return i;
}

static bool overlaps(const struct datagram *d, unsigned int at, uint32_t off, uint32_t len)
{
	if (at > 0 && d->piece[at - 1].off + (uint32_t)d->piece[at - 1].len > off)
		return true;
	return at < d->n && off + len > d->piece[at].off;
}

static bool is_twin(const struct datagram *d, unsigned int at, uint32_t off, uint32_t len)
{
	return at > 0 && d->piece[at - 1].off == off && d->piece[at - 1].len == len;
}

/* A last piece tells the length; nothing may lie beyond it, nor may two disagree. */
static bool length_agrees(struct datagram *d, const struct weir_pkt *p, uint32_t end_off)
{
	const struct pkt_piece *last = d->n ? &d->piece[d->n - 1] : NULL;

	if (p->frag_more)
		return d->total == LENGTH_UNKNOWN || end_off < d->total;
	if (last && last->off + (uint32_t)last->len > end_off)
		return false;
	if (d->total != LENGTH_UNKNOWN && d->total != end_off)
		return false;
	d->total = end_off;
	return true;
}

static void put_piece(struct weir_frag *f, struct datagram *d, unsigned int at,
		      const struct weir_pkt *p)
{
	memmove(&d->piece[at + 1], &d->piece[at], (d->n - at) * sizeof(d->piece[0]));
	d->piece[at] = (struct pkt_piece){
		.m = p->mbuf,
		.off = p->frag_offset,
		.len = (uint16_t)pkt_l4_len(p),
		.l3_off = p->l3_off,
		.payload_off = p->l4_off,
	};
	d->n++;
	d->held += d->piece[at].len;
	d->frag_size = RTE_MAX(d->frag_size, (uint16_t)RTE_MIN(p->l3_len, (uint32_t)UINT16_MAX));
	d->buffers += p->mbuf->nb_segs;
	f->source[d->source].buffers += p->mbuf->nb_segs;
	f->buffers += p->mbuf->nb_segs;
}

static enum weir_drop insert(struct weir_frag *f, struct datagram *d, const struct weir_pkt *p)
{
	uint32_t len = pkt_l4_len(p), off = p->frag_offset;
	unsigned int at = place_for(d, p->frag_offset);

	if (d->refused)
		return (enum weir_drop)d->refused;
	if (is_twin(d, at, off, len))
		return WEIR_DROP_FRAG_OVERLAP; /* sent twice: this copy alone goes */
	if (overlaps(d, at, off, len) || !length_agrees(d, p, off + len))
		return refuse(f, d, WEIR_DROP_FRAG_OVERLAP);
	if (d->n == PIECES_MAX || !make_room(f, d, p->mbuf))
		return refuse(f, d, WEIR_DROP_FRAG_QUOTA);
	put_piece(f, d, at, p);
	return WEIR_DROP_NONE;
}

/* ---- a whole datagram ---- */

static struct rte_mbuf *take_whole(struct weir_frag *f, struct datagram *d, enum weir_drop *drop)
{
	bool v6 = d->key.family == 6;
	unsigned int n = d->n;
	struct rte_mbuf *whole;

	if (!pkt_pieces_fit(&d->piece[0], d->total, v6)) {
		*drop = refuse(f, d, WEIR_DROP_FRAG_BAD_LENGTH);
		return NULL;
	}
	forget_pieces(f, d);
	whole = pkt_join_pieces(d->piece, n, v6);
	if (!whole)
		*drop = WEIR_DROP_MBUF_EXHAUSTED;
	end(f, d);
	return whole;
}

struct rte_mbuf *weir_frag_add(struct weir_frag *f, struct weir_pkt *p, uint64_t now_ns,
			       struct weir_frag_made *made, enum weir_drop *drop)
{
	struct datagram *d;

	*drop = WEIR_DROP_NONE;
	d = find_or_begin(f, p, now_ns, drop);
	if (d)
		*drop = insert(f, d, p);
	if (*drop != WEIR_DROP_NONE) {
		rte_pktmbuf_free(p->mbuf);
		return NULL;
	}
	if (d->held != d->total || d->piece[0].off != 0)
		return NULL;
	*made = (struct weir_frag_made){.frag_size = d->frag_size, .frag_id = p->frag_id};
	return take_whole(f, d, drop);
}

void weir_frag_expire(struct weir_frag *f, uint64_t now_ns, struct weir_stats *stats)
{
	for (; f->evicted; f->evicted--)
		weir_count_drop(stats, WEIR_DROP_FRAG_TABLE_FULL);
	while (f->oldest != NONE && now_ns >= f->datagram[f->oldest].first_ns + f->timeout_ns) {
		struct datagram *d = &f->datagram[f->oldest];

		if (!d->refused)
			weir_count_drop(stats, WEIR_DROP_FRAG_TIMEOUT);
		free_pieces(f, d);
		end(f, d);
	}
}
