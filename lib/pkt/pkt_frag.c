/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments to datagrams, bounded by number, by source and by time. Not rte_ip_frag: Debian builds
 * it for at most eight fragments a datagram, a 64 KB ping has 45, and an overlap there can only be
 * guessed from a datagram that never completes. The tables are rte_hash; pieces stay in their
 * mbufs.
 */
#include "pkt_impl.h"

#include <weir_log.h>

#include <stdio.h>
#include <stdlib.h>

#include <rte_hash.h>
#include <rte_lcore.h>

#define PIECES_MAX         128 /* 65,535 bytes in pieces of 512 */
#define PER_SOURCE_DEFAULT 64
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
	uint8_t family;
	uint8_t proto;
	uint8_t zero[6];
};
_Static_assert(sizeof(struct datagram_key) == 48, "hashed as words");

struct source_key {
	uint8_t addr[16];
};

struct piece {
	struct rte_mbuf *m;
	uint16_t off; /* in the datagram's payload */
	uint16_t len;
	uint16_t payload_off; /* in the mbuf */
};

/* In the list by age while `used`. Pieces are in order and do not overlap. */
struct datagram {
	struct datagram_key key;
	uint64_t first_ns;
	uint32_t older, newer;
	uint32_t total; /* payload bytes, LENGTH_UNKNOWN until the last piece came */
	uint32_t held;  /* payload bytes */
	uint16_t n;
	uint16_t frag_size;
	bool used;
	bool refused; /* overlapped: nothing more is taken of it */
	struct piece piece[PIECES_MAX];
};

struct weir_frag {
	struct rte_hash *datagrams; /* key -> place */
	struct rte_hash *sources;   /* address -> place in per_source */
	struct datagram *datagram;
	uint32_t *per_source;
	uint32_t max;
	uint32_t quota;
	uint64_t timeout_ns;
	struct weir_siphash_key key;
	uint32_t oldest, newest;
	uint32_t held;
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
	f->quota = cfg->per_source ? cfg->per_source : PER_SOURCE_DEFAULT;
	f->timeout_ns = cfg->timeout_ns ? cfg->timeout_ns : TIMEOUT_DEFAULT;
	f->key = cfg->key;
	f->oldest = f->newest = NONE;
	f->datagrams = make_hash(f, 'd', sizeof(struct datagram_key));
	f->sources = make_hash(f, 's', sizeof(struct source_key));
	/* rte_hash hands out places up to its number of entries, which it may round up. */
	f->datagram = calloc((f->max < 8 ? 8 : f->max) + 1, sizeof(*f->datagram));
	f->per_source = calloc((f->max < 8 ? 8 : f->max) + 1, sizeof(*f->per_source));
	if (!f->datagrams || !f->sources || !f->datagram || !f->per_source) {
		weir_frag_destroy(f);
		return NULL;
	}
	return f;
}

static void free_pieces(struct datagram *d)
{
	for (unsigned int i = 0; i < d->n; i++)
		rte_pktmbuf_free(d->piece[i].m);
	d->n = 0;
	d->held = 0;
}

void weir_frag_destroy(struct weir_frag *f)
{
	if (!f)
		return;
	for (uint32_t i = f->oldest; f->datagram && i != NONE; i = f->datagram[i].newer)
		free_pieces(&f->datagram[i]);
	rte_hash_free(f->datagrams);
	rte_hash_free(f->sources);
	free(f->datagram);
	free(f->per_source);
	free(f);
}

uint32_t weir_frag_held(const struct weir_frag *f)
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

static hash_sig_t hash_of_source(const struct weir_frag *f, const struct datagram_key *k)
{
	return hash_of(f, k->src, 2);
}

/* One more unfinished datagram of this source: false when it has its fill. */
static bool charge_source(struct weir_frag *f, const struct datagram_key *k)
{
	int at = rte_hash_add_key_with_hash(f->sources, k->src, hash_of_source(f, k));

	if (at < 0 || f->per_source[at] >= f->quota)
		return false;
	f->per_source[at]++;
	return true;
}

static void discharge_source(struct weir_frag *f, const struct datagram_key *k)
{
	hash_sig_t sig = hash_of_source(f, k);
	int at = rte_hash_lookup_with_hash(f->sources, k->src, sig);

	weir_assert(at >= 0 && f->per_source[at] > 0);
	if (--f->per_source[at] == 0)
		rte_hash_del_key_with_hash(f->sources, k->src, sig);
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

static struct datagram *begin(struct weir_frag *f, const struct datagram_key *k, hash_sig_t sig,
			      uint64_t now_ns, enum weir_drop *drop)
{
	struct datagram *d;
	int at;

	*drop = WEIR_DROP_FRAG_TABLE_FULL;
	if (f->held == f->max)
		return NULL;
	*drop = WEIR_DROP_FRAG_QUOTA;
	if (!charge_source(f, k))
		return NULL;
	at = rte_hash_add_key_with_hash(f->datagrams, k, sig);
	weir_assert(at >= 0);
	d = &f->datagram[at];
	d->key = *k;
	d->first_ns = now_ns;
	d->total = LENGTH_UNKNOWN;
	d->n = d->frag_size = 0;
	d->held = 0;
	d->refused = false;
	d->used = true;
	append_newest(f, (uint32_t)at);
	f->held++;
	*drop = WEIR_DROP_NONE;
	return d;
}

static struct datagram *find_or_begin(struct weir_frag *f, const struct weir_pkt *p,
				      uint64_t now_ns, enum weir_drop *drop)
{
	struct datagram_key k = key_of(p);
	hash_sig_t sig = hash_of(f, &k, sizeof(k) / 8);
	int at = rte_hash_lookup_with_hash(f->datagrams, &k, sig);

	return at >= 0 ? &f->datagram[at] : begin(f, &k, sig, now_ns, drop);
}

/* Forgets a datagram whose pieces are gone or given away. */
static void end(struct weir_frag *f, struct datagram *d)
{
	unlink_datagram(f, d);
	discharge_source(f, &d->key);
	rte_hash_del_key_with_hash(f->datagrams, &d->key, hash_of(f, &d->key, sizeof(d->key) / 8));
	d->used = false;
	f->held--;
}

/* ---- adding a piece ---- */

/* Nothing more of it is taken until it is too old (RFC 5722 section 4: all of it is discarded). */
static enum weir_drop refuse(struct datagram *d, enum weir_drop why)
{
	free_pieces(d);
	d->refused = true;
	return why;
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
	const struct piece *last = d->n ? &d->piece[d->n - 1] : NULL;

	if (p->frag_more)
		return d->total == LENGTH_UNKNOWN || end_off < d->total;
	if (last && last->off + (uint32_t)last->len > end_off)
		return false;
	if (d->total != LENGTH_UNKNOWN && d->total != end_off)
		return false;
	d->total = end_off;
	return true;
}

static enum weir_drop insert(struct datagram *d, const struct weir_pkt *p)
{
	uint32_t len = pkt_l4_len(p), off = p->frag_offset;
	unsigned int at = place_for(d, p->frag_offset);

	if (is_twin(d, at, off, len))
		return WEIR_DROP_FRAG_OVERLAP; /* sent twice: this copy alone goes */
	if (overlaps(d, at, off, len) || !length_agrees(d, p, off + len))
		return refuse(d, WEIR_DROP_FRAG_OVERLAP);
	if (d->n == PIECES_MAX)
		return refuse(d, WEIR_DROP_FRAG_QUOTA);
	memmove(&d->piece[at + 1], &d->piece[at], (d->n - at) * sizeof(d->piece[0]));
	d->piece[at] = (struct piece){.m = p->mbuf,
				      .off = p->frag_offset,
				      .len = (uint16_t)len,
				      .payload_off = p->l4_off};
	d->n++;
	d->held += len;
	d->frag_size = RTE_MAX(d->frag_size, (uint16_t)RTE_MIN(p->l3_len, (uint32_t)UINT16_MAX));
	return WEIR_DROP_NONE;
}

/* ---- a whole datagram ---- */

/* Leaves bytes [from, from + len) of a frame, which may be a chain. */
static void cut_to(struct rte_mbuf *m, uint32_t from, uint32_t len)
{
	uint32_t excess = rte_pktmbuf_pkt_len(m) - from - len;

	while (excess) {
		struct rte_mbuf *last = rte_pktmbuf_lastseg(m);
		uint32_t n = RTE_MIN(excess, (uint32_t)last->data_len);

		/* The first segment holds all headers, so a trim never has to go past it. */
		rte_pktmbuf_trim(m, (uint16_t)n);
		excess -= n;
		if (last->data_len == 0 && last != m) {
			struct rte_mbuf *before = m;

			while (before->next != last)
				before = before->next;
			before->next = NULL;
			m->nb_segs--;
			rte_pktmbuf_free_seg(last);
		}
	}
	if (from)
		rte_pktmbuf_adj(m, (uint16_t)from);
}

static void finish_ipv4(struct rte_mbuf *m, uint32_t l3_off)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, l3_off);
	uint16_t sum;

	ip->total_length = rte_cpu_to_be_16((uint16_t)(rte_pktmbuf_pkt_len(m) - l3_off));
	ip->fragment_offset &= rte_cpu_to_be_16(0x4000);
	ip->hdr_checksum = 0;
	sum = rte_raw_cksum(ip, (size_t)(ip->version_ihl & 0xf) * 4);
	ip->hdr_checksum = (uint16_t)~sum;
}

/* Where the byte stands that names the header at `until` as next. */
static uint8_t *next_header_field(uint8_t *ip, uint32_t until)
{
	uint8_t *field = ip + 6;
	uint32_t off = sizeof(struct rte_ipv6_hdr);

	while (off < until) {
		uint32_t len = pkt_ext_len(*field, ip + off, until - off);

		field = ip + off;
		if (len == 0)
			break;
		off += len;
	}
	return field;
}

/* Takes the fragment header out: what stands before it moves up by its length. */
static void finish_ipv6(struct rte_mbuf *m, uint32_t l3_off, uint32_t frag_off)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t next = frame[frag_off];
	uint16_t len = rte_cpu_to_be_16(
		(uint16_t)(rte_pktmbuf_pkt_len(m) - l3_off - sizeof(struct rte_ipv6_hdr) - 8));

	*next_header_field(frame + l3_off, frag_off - l3_off) = next;
	memcpy(frame + l3_off + 4, &len, sizeof(len));
	memmove(frame + 8, frame, frag_off);
	rte_pktmbuf_adj(m, 8);
}

static bool chain_up(struct rte_mbuf *head, struct rte_mbuf *m)
{
	if (rte_pktmbuf_chain(head, m) == 0)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

/* The pieces as one frame; they are the caller's from here. NULL: too many segments. */
static struct rte_mbuf *join(struct datagram *d, const struct weir_pkt *p)
{
	struct rte_mbuf *head = d->piece[0].m;
	uint32_t l3_off = p->l3_off;
	uint32_t header_end = d->piece[0].payload_off;
	bool good = true;

	/* What was received with the pieces about checksums is not about the whole. */
	head->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	cut_to(head, 0, header_end + d->piece[0].len);
	for (unsigned int i = 1; i < d->n; i++) {
		cut_to(d->piece[i].m, d->piece[i].payload_off, d->piece[i].len);
		good = chain_up(head, d->piece[i].m) && good;
	}
	if (!good) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	if (p->kind == WEIR_PKT_IPV4)
		finish_ipv4(head, l3_off);
	else
		finish_ipv6(head, l3_off, header_end - 8);
	return head;
}

/* More than the length field of the whole datagram's header can say. */
static bool is_too_long(const struct datagram *d)
{
	const struct piece *first = &d->piece[0];

	return d->total + first->payload_off > 65535 + (uint32_t)RTE_ETHER_HDR_LEN;
}

struct rte_mbuf *weir_frag_add(struct weir_frag *f, struct weir_pkt *p, uint64_t now_ns,
			       struct weir_frag_made *made, enum weir_drop *drop)
{
	struct rte_mbuf *whole = NULL;
	struct datagram *d;

	*drop = WEIR_DROP_NONE;
	d = find_or_begin(f, p, now_ns, drop);
	if (d)
		*drop = d->refused ? WEIR_DROP_FRAG_OVERLAP : insert(d, p);
	if (*drop != WEIR_DROP_NONE) {
		rte_pktmbuf_free(p->mbuf);
		return NULL;
	}
	if (d->held != d->total || d->piece[0].off != 0)
		return NULL;
	if (is_too_long(d)) {
		*drop = refuse(d, WEIR_DROP_FRAG_BAD_LENGTH);
		return NULL;
	}
	*made = (struct weir_frag_made){.frag_size = d->frag_size, .frag_id = p->frag_id};
	whole = join(d, p);
	if (!whole)
		*drop = WEIR_DROP_MBUF_EXHAUSTED;
	d->n = 0;
	end(f, d);
	return whole;
}

void weir_frag_expire(struct weir_frag *f, uint64_t now_ns, struct weir_stats *stats)
{
	while (f->oldest != NONE && now_ns - f->datagram[f->oldest].first_ns >= f->timeout_ns) {
		struct datagram *d = &f->datagram[f->oldest];

		if (!d->refused)
			weir_count_drop(stats, WEIR_DROP_FRAG_TIMEOUT);
		free_pieces(d);
		end(f, d);
	}
}
