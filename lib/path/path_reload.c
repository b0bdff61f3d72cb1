/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload means for flows that go on: policy is asked again by all that is known of them. */
#include "path_carried.h"
#include "path_names.h"

struct weir_policy_query path_flow_query(const struct weir_flow *f)
{
	return (struct weir_policy_query){
		.src = f->addr[0],
		.dst = f->addr[1],
		.dport = f->port[1],
		.proto = f->proto,
	};
}

/* Policy's word on a flow that `p` belongs to. As long as its ClientHello is waited for nobody need
 * know its name, nor who the client is before its handshake is over; afterwards both are
 * remembered. */
static void decide_again(const struct path_worker *w, const struct weir_flow *f,
			 const struct weir_pkt *p, struct weir_policy_decision *d)
{
	struct weir_policy_query q = path_flow_query(f);
	struct weir_policy_name name = path_name_of(w, f->name);
	struct weir_policy_identity identity;
	bool known = path_carry_identity(w, f, &identity);

	if (f->proto == WEIR_PROTO_ICMP || f->proto == WEIR_PROTO_ICMPV6)
		q.dport = p->icmp_type;
	if (path_carry_is_held(f))
		weir_policy_decide(w->gen->policy, &q, d);
	else
		weir_policy_decide_identity(w->gen->policy, &q, &name, known ? &identity : NULL, d);
}

/* ICMP answers have another type than the query that policy decided about. */
static bool answers_query(const struct weir_flow *f, uint8_t dir)
{
	return dir == 1 && (f->proto == WEIR_PROTO_ICMP || f->proto == WEIR_PROTO_ICMPV6);
}

enum path_outcome path_reload_ask(struct path_worker *w, struct weir_flow *f,
				  const struct weir_pkt *p, uint8_t dir,
				  struct weir_policy_decision *d)
{
	if (f->decision.flags & WEIR_DECISION_KEEP) {
		f->decision.generation = w->gen->number;
		return PATH_STANDS;
	}
	if (answers_query(f, dir))
		return PATH_STANDS;
	decide_again(w, f, p, d);
	weir_count(&w->stats, WEIR_COUNT_FLOWS_REEVALUATED, 1);
	if ((d->verdict == WEIR_VERDICT_ALLOW) != (f->decision.verdict == WEIR_VERDICT_ALLOW))
		return d->verdict == WEIR_VERDICT_ALLOW ? PATH_NOW_ALLOWED : PATH_NOW_REFUSED;
	path_flow_remember(w, f, d);
	/* Inspection was not asked for when it began, so its bytes till now were not seen. */
	if (d->flags & WEIR_DECISION_INSPECT && f->proto == WEIR_PROTO_TCP &&
	    !(f->flags & (WEIR_FLOW_F_CARRIED | WEIR_FLOW_F_MIDSTREAM))) {
		f->flags |= WEIR_FLOW_F_MIDSTREAM;
		weir_count(&w->stats, WEIR_COUNT_FLOWS_MIDSTREAM, 1);
	}
	return PATH_STANDS;
}
