/* SPDX-License-Identifier: BSD-3-Clause */
/* What a packet does to its flow: state by protocol, counts, the age it may reach. */
#include "flow_impl.h"

static const char *const state_names[WEIR_FLOW_STATE_END] = {
#define WEIR_FLOW_STATE_NAME(id, name) [WEIR_FLOW_##id] = name,
	WEIR_FLOW_STATES(WEIR_FLOW_STATE_NAME)
#undef WEIR_FLOW_STATE_NAME
};

const char *weir_flow_state_name(enum weir_flow_state s)
{
	return s < WEIR_FLOW_STATE_END ? state_names[s] : "unknown";
}

const char *weir_flow_end_name(enum weir_flow_end e)
{
	static const char *const names[] = {
		[WEIR_FLOW_END_CLOSED] = "closed",   [WEIR_FLOW_END_EXPIRED] = "timeout",
		[WEIR_FLOW_END_EVICTED] = "evicted", [WEIR_FLOW_END_POLICY] = "policy",
		[WEIR_FLOW_END_REUSED] = "reused",   [WEIR_FLOW_END_STOP] = "shutdown",
	};

	return e < WEIR_ARRAY_LEN(names) ? names[e] : "unknown";
}

static void count(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir, uint64_t now_ns)
{
	f->last_ns = now_ns;
	f->packets[dir]++;
	f->bytes[dir] += p->l3_len;
	f->tcp_flags[dir] |= p->tcp_flags;
}

/* After a change of state: a full handshake is not for eviction, a shorter age counts at once. */
static void on_change(struct weir_flow_table *t, struct weir_flow *f, uint8_t before,
		      uint64_t now_ns)
{
	flow_list_change(t, f, before);
	flow_arm(t, f, now_ns);
}

void weir_flow_note(struct weir_flow_table *t, struct weir_flow *f, const struct weir_pkt *p,
		    uint8_t dir, enum weir_flow_state state, uint64_t now_ns)
{
	uint8_t before = f->state;

	count(f, p, dir, now_ns);
	f->state = (uint8_t)state;
	if (weir_unlikely(state != before))
		on_change(t, f, before, now_ns);
}

void weir_flow_deny(struct weir_flow_table *t, struct weir_flow *f, uint64_t now_ns)
{
	uint8_t before = f->state;

	f->last_ns = now_ns;
	f->state = WEIR_FLOW_DENIED;
	t->denied++;
	on_change(t, f, before, now_ns);
}

void weir_flow_close(struct weir_flow_table *t, struct weir_flow *f, uint64_t now_ns)
{
	uint8_t before = f->state;

	memset(f->tcp, 0, sizeof(f->tcp));
	f->last_ns = now_ns;
	f->state = WEIR_FLOW_CLOSED;
	on_change(t, f, before, now_ns);
}

void weir_flow_resume(struct weir_flow *f, const struct weir_flow_tcp from[2])
{
	f->flags &= (uint8_t)~WEIR_FLOW_F_CARRIED;
	f->tcp[0] = from[0];
	f->tcp[1] = from[1];
	f->state = WEIR_FLOW_ESTABLISHED;
}

enum weir_drop weir_flow_track(struct weir_flow_table *t, struct weir_flow *f,
			       const struct weir_pkt *p, uint8_t dir, uint64_t now_ns, bool *reopen)
{
	enum weir_drop reason = WEIR_DROP_NONE;
	uint8_t before = f->state;

	*reopen = false;
	if (weir_likely(f->proto == WEIR_PROTO_TCP && before != WEIR_FLOW_DENIED))
		reason = flow_tcp_track(f, p, dir, reopen);
	else if (before == WEIR_FLOW_NEW && dir == 1)
		f->state = WEIR_FLOW_REPLIED;
	if (weir_likely(reason == WEIR_DROP_NONE && !*reopen))
		count(f, p, dir, now_ns);
	if (weir_unlikely(f->state != before))
		on_change(t, f, before, now_ns);
	return reason;
}
