/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is not looked up by its own addresses: frames that are not IP, packets that cannot be read,
 * fragments, ICMP errors, and the neighbour discovery without which no IPv6 packet comes at all.
 */
#include "path_carried.h"
#include "path_event.h"

#define ETHER_TYPE_ARP 0x0806

static const struct weir_policy_defaults *defaults(const struct path_worker *w)
{
	return weir_policy_defaults(w->gen->policy);
}

void path_non_ip(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	enum weir_verdict verdict =
		p->ether_type == ETHER_TYPE_ARP ? defaults(w)->arp : defaults(w)->non_ip;

	if (verdict != WEIR_VERDICT_ALLOW) {
		path_drop(w, b, p, WEIR_DROP_NON_IP_DENIED);
		return;
	}
	weir_count(&w->stats, WEIR_COUNT_FORWARDED_NON_IP, 1);
	path_forward(w, b, p);
}

void path_unreadable(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	if (p->flags & WEIR_PKT_UNFINISHED)
		weir_count(&w->stats, WEIR_COUNT_CHECKSUM_UNFINISHED, 1);
	if (defaults(w)->on_parse == WEIR_FAIL_OPEN) {
		weir_count(&w->stats, WEIR_COUNT_FORWARDED_STATELESS, 1);
		path_send(w, b->in->peer, p->mbuf);
		return;
	}
	path_drop(w, b, p, (enum weir_drop)p->drop);
}

/* ---- IPv6 neighbour discovery and multicast listener discovery: what ARP and IGMP are to IPv4
 * ---- */

/* RFC 4861 sections 4.1 to 4.4 (not redirect, 4.5), RFC 2710, RFC 3810. */
bool path_is_neighbour(const struct weir_pkt *p)
{
	return (p->icmp_type >= 130 && p->icmp_type <= 136) || p->icmp_type == 143;
}

void path_neighbour(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	if (defaults(w)->arp != WEIR_VERDICT_ALLOW) {
		path_drop(w, b, p, WEIR_DROP_NON_IP_DENIED);
		return;
	}
	weir_count(&w->stats, WEIR_COUNT_FORWARDED_NON_IP, 1);
	path_forward(w, b, p);
}

/* ---- ICMP errors ---- */

static bool is_redirect(const struct weir_pkt *p)
{
	return p->tuple.proto == WEIR_PROTO_ICMP ? p->icmp_type == 5 : p->icmp_type == 137;
}

/*
 * Passed when it is about a flow that is allowed and, for TCP, about a segment that is in flight
 * (RFC 5927 section 4.1). It must also come from the side that the quoted packet went to.
 */
void path_icmp_error(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	bool good, mine = false;
	struct weir_flow *f;
	uint8_t dir;

	if (is_redirect(p)) {
		path_drop(w, b, p, WEIR_DROP_ICMP_UNSOLICITED);
		return;
	}
	f = weir_flow_lookup(w->flows, &p->quote, b->in->wire, &dir);
	if (!f && w->n_workers > 1 && !b->handed && path_steer(w, b, p, &p->quote))
		return;
	if (!f || f->decision.verdict != WEIR_VERDICT_ALLOW || (f->side ^ dir) == b->in->side) {
		path_drop(w, b, p, WEIR_DROP_ICMP_ERROR_NO_FLOW);
		return;
	}
	if (f->flags & WEIR_FLOW_F_CARRIED)
		mine = path_carry_icmp(w, p, f, dir, &good);
	else
		good = weir_flow_quote_in_window(f, p->quote_seq, dir);
	if (!good) {
		path_drop(w, b, p, WEIR_DROP_ICMP_ERROR_NO_FLOW);
		return;
	}
	weir_count(&w->stats, WEIR_COUNT_ICMP_ERRORS_RELATED, 1);
	if (mine) {
		path_free(w, p->mbuf);
		return;
	}
	path_forward(w, b, p);
}

/* ---- fragments ---- */

/* `m` is a whole datagram: reads it again, and remembers how it was cut. */
static void read_datagram(struct weir_pkt *p, struct rte_mbuf *m, const struct weir_frag_made *made,
			  enum weir_pkt_checksum checksum)
{
	weir_pkt_parse(p, m, checksum);
	p->flags |= WEIR_PKT_REASSEMBLED;
	p->frag_size = made->frag_size;
	p->frag_id = made->frag_id;
}

bool path_fragment(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	struct weir_frag_made made;
	enum weir_drop drop = WEIR_DROP_NONE;
	struct rte_mbuf *whole;

	if (!b->handed)
		weir_count(&w->stats, WEIR_COUNT_FRAGMENTS_IN, 1);
	if (!defaults(w)->reassemble_fragments) {
		path_drop(w, b, p, WEIR_DROP_FRAG_DENIED);
		return false;
	}
	if (w->n_workers > 1 && !b->handed && path_steer_fragment(w, b, p))
		return false;
	whole = weir_frag_add(w->frags, p, w->now_ns, &made, &drop);
	if (drop != WEIR_DROP_NONE) {
		weir_count_drop(&w->stats, drop);
		path_note_drop(w, b, NULL, drop);
	}
	if (!whole)
		return false;
	weir_count(&w->stats, WEIR_COUNT_DATAGRAMS_REASSEMBLED, 1);
	read_datagram(p, whole, &made, (enum weir_pkt_checksum)b->in->checksum);
	if (p->drop) {
		path_unreadable(w, b, p);
		return false;
	}
	return w->n_workers == 1 || p->flags & WEIR_PKT_ICMP_ERROR ||
	       !path_steer(w, b, p, &p->tuple);
}
