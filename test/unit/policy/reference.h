/* SPDX-License-Identifier: BSD-3-Clause */
/* A policy made at random, as YAML and as lists that a naive decider goes through one by one. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <weir_policy.h>

struct reference;
struct reference *reference_create(unsigned int groups, unsigned int prefixes, unsigned int rules,
				   uint64_t seed);
void reference_destroy(struct reference *r);
const char *reference_yaml(const struct reference *r);
/* A query whose addresses mostly lie in groups. */
struct weir_policy_query reference_query(struct reference *r);
/* "verdict policy rule reason would_deny", by scanning all rules and prefixes. */
void reference_decide(const struct reference *r, const struct weir_policy_query *q,
		      struct weir_buf *out);

#endif
