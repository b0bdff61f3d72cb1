/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pieces of a datagram, all there and in order, as one frame: the first fragment's headers
 * without what made it a fragment, and the payloads behind them in the buffers that they came in.
 */
#include "pkt_impl.h"

#define FRAGMENT_HEADER 8 /* IPv6, RFC 8200 section 4.5 */

static void free_last_segment(struct rte_mbuf *m, struct rte_mbuf *last)
{
	struct rte_mbuf *before = m;

	while (before->next != last)
		before = before->next;
	before->next = NULL;
	m->nb_segs--;
	rte_pktmbuf_free_seg(last);
}

/* Leaves bytes [from, from + len) of a frame whose first segment has at least `from`. */
static void cut_to(struct rte_mbuf *m, uint32_t from, uint32_t len)
{
	uint32_t excess = rte_pktmbuf_pkt_len(m) - from - len;

	while (excess) {
		struct rte_mbuf *last = rte_pktmbuf_lastseg(m);
		uint32_t n = RTE_MIN(excess, (uint32_t)last->data_len);

		rte_pktmbuf_trim(m, (uint16_t)n);
		excess -= n;
		if (last->data_len == 0 && last != m)
			free_last_segment(m, last);
	}
	if (from)
		rte_pktmbuf_adj(m, (uint16_t)from);
}

static void finish_ipv4(struct rte_mbuf *m, uint32_t l3_off)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, l3_off);

	ip->total_length = rte_cpu_to_be_16((uint16_t)(rte_pktmbuf_pkt_len(m) - l3_off));
	ip->fragment_offset &= rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, rte_ipv4_hdr_len(ip));
}

/* Where the byte stands that names the header at `until` as next. */
static uint8_t *next_header_field(uint8_t *ip, uint32_t until)
{
	uint8_t *field = ip + offsetof(struct rte_ipv6_hdr, proto);
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
	uint32_t len = rte_pktmbuf_pkt_len(m) - l3_off - (uint32_t)sizeof(struct rte_ipv6_hdr) -
		       FRAGMENT_HEADER;
	uint16_t len_be = rte_cpu_to_be_16((uint16_t)len);

	*next_header_field(frame + l3_off, frag_off - l3_off) = frame[frag_off];
	memcpy(frame + l3_off + offsetof(struct rte_ipv6_hdr, payload_len), &len_be,
	       sizeof(len_be));
	memmove(frame + FRAGMENT_HEADER, frame, frag_off);
	rte_pktmbuf_adj(m, FRAGMENT_HEADER);
}

bool pkt_pieces_fit(const struct pkt_piece *first, uint32_t total, bool v6)
{
	uint32_t header = (uint32_t)first->payload_off - first->l3_off;

	/* RFC 8200 section 4.5: the payload length counts what stands before the fragment header.
	 */
	if (v6)
		header -= (uint32_t)sizeof(struct rte_ipv6_hdr) + FRAGMENT_HEADER;
	return header + total <= UINT16_MAX;
}

struct rte_mbuf *pkt_join_pieces(const struct pkt_piece *piece, unsigned int n, bool v6)
{
	struct rte_mbuf *head = piece[0].m;
	bool good = true;

	/* What the device said about the pieces' checksums is not about the whole. */
	head->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	cut_to(head, 0, (uint32_t)piece[0].payload_off + piece[0].len);
	for (unsigned int i = 1; i < n; i++) {
		cut_to(piece[i].m, piece[i].payload_off, piece[i].len);
		if (rte_pktmbuf_chain(head, piece[i].m) == 0)
			continue;
		rte_pktmbuf_free(piece[i].m);
		good = false;
	}
	if (!good) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	if (v6)
		finish_ipv6(head, piece[0].l3_off,
			    piece[0].payload_off - (uint32_t)FRAGMENT_HEADER);
	else
		finish_ipv4(head, piece[0].l3_off);
	return head;
}
