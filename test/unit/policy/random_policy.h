/* SPDX-License-Identifier: BSD-3-Clause */
/* A random policy as YAML text and, beside it, as the lists of the reference decider. */
#ifndef RANDOM_POLICY_H
#define RANDOM_POLICY_H

#include "reference.h"

struct random_cfg {
	uint64_t seed;
	uint32_t groups, prefixes, rules;
	enum weir_verdict unmatched, unknown_protocol;
	bool keep;
	bool modes; /* detect and off too */
};

/* A generator of its own, so that a run can be repeated exactly anywhere (xorshift64*, Vigna 2016).
 */
struct dice {
	uint64_t state;
};
uint32_t dice_below(struct dice *d, uint32_t end);
bool dice_one_in(struct dice *d, uint32_t n);

void random_policy(const struct random_cfg *cfg, struct ref_policy *out, struct weir_buf *yaml);
/* An address within `p`. */
struct weir_addr random_addr_in(struct dice *d, const struct ref_prefix *p);
struct weir_addr random_addr(struct dice *d);

#endif
