/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram that came in fragments leaves in fragments, of the size of the largest that came (as
 * Linux does it): to its receiver weir changes nothing. Pieces are copies; this is not the fast
 * path.
 */
#include "pkt_impl.h"

#define FRAGMENT_HEADER 8

struct cutting {
	const struct weir_pkt *p;
	struct rte_mempool *pool;
	uint32_t fixed;  /* bytes of the frame before what is cut up */
	uint32_t rest;   /* bytes that are cut up */
	uint32_t piece;  /* bytes of it a fragment, a multiple of 8 */
	uint32_t header; /* bytes before the piece in each fragment */
};

/* Headers that every IPv6 fragment has (RFC 8200 section 4.5): up to hop-by-hop and routing
 * headers. */
static uint32_t unfragmentable(const struct weir_pkt *p, uint8_t *next)
{
	const uint8_t *ip = pkt_at(p, p->l3_off);
	uint32_t off = sizeof(struct rte_ipv6_hdr), keep = off;
	uint8_t proto = ip[6];

	*next = proto;
	while (pkt_is_ext(proto) && p->l3_off + off < p->l4_off) {
		uint32_t len = pkt_ext_len(proto, ip + off, p->l3_len - off);
		bool per_hop = proto == IPPROTO_HOPOPTS_ || proto == IPPROTO_ROUTING_;

		if (len == 0)
			break;
		proto = ip[off];
		off += len;
		if (per_hop) {
			keep = off;
			*next = proto;
		}
	}
	return keep;
}

static uint8_t plan(struct cutting *c, const struct weir_pkt *p, struct rte_mempool *pool)
{
	uint8_t next = 0;
	uint32_t l3_header = p->kind == WEIR_PKT_IPV4 ? (uint32_t)p->l4_off - p->l3_off
						      : unfragmentable(p, &next);

	c->p = p;
	c->pool = pool;
	c->fixed = p->l3_off + l3_header;
	c->rest = pkt_l3_end(p) - c->fixed;
	c->header = c->fixed + (p->kind == WEIR_PKT_IPV6 ? FRAGMENT_HEADER : 0);
	c->piece = (p->frag_size - (c->header - p->l3_off)) & ~7u;
	return next;
}

/* RFC 791 section 3.1: options without the copied flag stand in the first fragment only. */
static void blank_uncopied_options(uint8_t *ip, uint32_t header_len)
{
	uint32_t off = sizeof(struct rte_ipv4_hdr);

	while (off < header_len && ip[off] != 0) {
		uint32_t len = ip[off] == 1 ? 1 : ip[off + 1];

		if (!(ip[off] & 0x80))
			memset(ip + off, 1, len);
		off += len;
	}
}

static void finish_ipv4(const struct cutting *c, uint8_t *ip, uint32_t off, uint32_t len, bool more)
{
	struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)ip;
	uint32_t header_len = c->fixed - c->p->l3_off;
	uint16_t df = h->fragment_offset & rte_cpu_to_be_16(0x4000);

	if (off)
		blank_uncopied_options(ip, header_len);
	h->total_length = rte_cpu_to_be_16((uint16_t)(header_len + len));
	h->fragment_offset = df | rte_cpu_to_be_16((uint16_t)(off / 8 | (more ? 0x2000 : 0)));
	h->hdr_checksum = 0;
	h->hdr_checksum = (uint16_t)~rte_raw_cksum(h, header_len);
}

static void finish_ipv6(const struct cutting *c, uint8_t *ip, uint32_t off, uint32_t len, bool more,
			uint8_t next)
{
	uint32_t header_len = c->fixed - c->p->l3_off;
	uint16_t payload = rte_cpu_to_be_16(
		(uint16_t)(header_len - sizeof(struct rte_ipv6_hdr) + FRAGMENT_HEADER + len));
	uint16_t field = rte_cpu_to_be_16((uint16_t)(off | more));
	uint32_t id = rte_cpu_to_be_32(c->p->frag_id);
	uint8_t *naming = ip + 6;
	uint32_t at = sizeof(struct rte_ipv6_hdr);

	while (at < header_len) { /* the last of the headers that stay names the fragment header */
		uint32_t ext = pkt_ext_len(*naming, ip + at, header_len - at);

		naming = ip + at;
		if (ext == 0)
			break;
		at += ext;
	}
	*naming = IPPROTO_FRAGMENT_;
	memcpy(ip + 4, &payload, sizeof(payload));
	ip[header_len] = next;
	ip[header_len + 1] = 0;
	memcpy(ip + header_len + 2, &field, sizeof(field));
	memcpy(ip + header_len + 4, &id, sizeof(id));
}

static bool copy_bytes(const struct rte_mbuf *from, uint32_t off, uint32_t len, uint8_t *to)
{
	const uint8_t *at = rte_pktmbuf_read(from, off, len, to);

	if (at && at != to)
		memcpy(to, at, len);
	return at != NULL;
}

/* Appends to a chain whose last segment is `last`; gives the new last one, NULL: no buffer. */
static struct rte_mbuf *add_segment(struct rte_mbuf *m, struct rte_mbuf *last,
				    struct rte_mempool *pool)
{
	struct rte_mbuf *more = rte_pktmbuf_alloc(pool);

	if (!more)
		return NULL;
	last->next = more;
	m->nb_segs++;
	return rte_pktmbuf_tailroom(more) ? more : NULL;
}

/* Copies bytes [off, off + len) of the datagram's frame to the end of `m`. */
static bool append_copy(const struct cutting *c, struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	struct rte_mbuf *last = m;

	while (len) {
		uint32_t n = RTE_MIN(len, (uint32_t)rte_pktmbuf_tailroom(last));

		if (n == 0) {
			last = add_segment(m, last, c->pool);
			if (!last)
				return false;
			continue;
		}
		if (!copy_bytes(c->p->mbuf, off, n,
				rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len)))
			return false;
		last->data_len += (uint16_t)n;
		m->pkt_len += n;
		off += n;
		len -= n;
	}
	return true;
}

static struct rte_mbuf *cut_one(const struct cutting *c, uint32_t off, uint8_t next)
{
	uint32_t len = RTE_MIN(c->piece, c->rest - off);
	struct rte_mbuf *m = rte_pktmbuf_alloc(c->pool);
	uint8_t *at = m && c->header <= rte_pktmbuf_tailroom(m)
			      ? (uint8_t *)rte_pktmbuf_append(m, (uint16_t)c->header)
			      : NULL;

	if (!at || !copy_bytes(c->p->mbuf, 0, c->fixed, at) ||
	    !append_copy(c, m, c->fixed + off, len)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	if (c->p->kind == WEIR_PKT_IPV4)
		finish_ipv4(c, at + c->p->l3_off, off, len, off + len < c->rest);
	else
		finish_ipv6(c, at + c->p->l3_off, off, len, off + len < c->rest, next);
	return m;
}

/* Returns how many pieces stand in `out`, or negative, and then *n of them have to be freed. */
static int cut_all(const struct cutting *c, uint8_t next, struct rte_mbuf **out, unsigned int max,
		   unsigned int *n)
{
	for (uint32_t off = 0; off < c->rest; off += c->piece) {
		if (*n == max)
			return -WEIR_ELIMIT;
		out[*n] = cut_one(c, off, next);
		if (!out[*n])
			return -WEIR_ENOMEM;
		++*n;
	}
	return (int)*n;
}

int weir_frag_cut(struct weir_pkt *p, struct rte_mempool *pool, struct rte_mbuf **out,
		  unsigned int max)
{
	struct cutting c;
	uint8_t next = plan(&c, p, pool);
	unsigned int n = 0;
	int rc = -WEIR_EINVAL;

	if (p->frag_size >= c.header - p->l3_off + 8)
		rc = cut_all(&c, next, out, max, &n);
	if (rc < 0)
		rte_pktmbuf_free_bulk(out, n);
	rte_pktmbuf_free(p->mbuf);
	return rc;
}
