/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The naive decider that the compiled one is compared with: plain lists, scanned from the start,
 * every prefix looked at. It shares no code with lib/policy.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <weir_policy.h>

#define REF_SIDE_MAX   4
#define REF_PROTO_MAX  3
#define REF_RANGES_MAX 3

struct ref_prefix {
	struct weir_addr addr;
	uint8_t len;
	uint32_t group;
};

enum ref_mode { REF_OFF, REF_DETECT, REF_ENFORCE };

struct ref_range {
	uint16_t lo, hi;
};

struct ref_rule {
	char policy[16];
	char name[16];
	uint32_t from[REF_SIDE_MAX], to[REF_SIDE_MAX]; /* groups; none: any */
	unsigned int n_from, n_to;
	uint8_t proto[REF_PROTO_MAX]; /* none: any */
	unsigned int n_proto;
	struct ref_range range[REF_RANGES_MAX]; /* none: all */
	unsigned int n_range;
	uint32_t priority, place;
	bool rest; /* an EgressPolicy's otherwise */
	bool inspect, keep;
	enum ref_mode mode;
	enum weir_verdict verdict;
};

struct ref_policy {
	struct ref_prefix *prefixes;
	uint32_t n_prefixes, n_groups; /* groups count inline CIDRs too */
	struct ref_rule *rules;        /* in file order until ref_sort() */
	uint32_t n_rules;
	enum weir_verdict unmatched, unknown_protocol;
	bool keep;
};

/* Rules by priority, file order kept among equals, rests last. */
void ref_sort(struct ref_policy *p);
void ref_fini(struct ref_policy *p);

/* Which groups an address is in, all prefixes looked at: bits 1 in, 2 in by more than length 0. */
uint8_t *ref_membership(const struct ref_policy *p, const struct weir_addr *a);

struct ref_query {
	const uint8_t *src, *dst; /* memberships */
	uint8_t proto;
	uint16_t port;
};

struct ref_decision {
	const char *policy, *rule;
	enum weir_verdict verdict;
	enum weir_drop reason;
	bool inspect, keep, would_deny;
};
struct ref_decision ref_decide(const struct ref_policy *p, const struct ref_query *q);

#endif
