/* SPDX-License-Identifier: BSD-3-Clause */
/* Policies from text, and questions to them. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "../weir_test.h"

#include <weir_policy.h>

struct loaded {
	struct weir_policy *policy; /* NULL: refused */
	struct weir_names *names;
	struct weir_buf said; /* the report's lines; "" when there are none */
};

struct loaded load(const char *yaml);
void unload(struct loaded *l);
/* Loads, and fails the test when it is refused. */
struct loaded load_good(const char *yaml);

struct weir_policy_query query(const char *from, const char *to, uint8_t proto, uint16_t port);
struct weir_policy_decision decide(const struct loaded *l, const char *from, const char *to,
				   uint8_t proto, uint16_t port);
/* The decision that explain tells, as "verdict policy rule reason would_deny". */
void explained(const struct loaded *l, const struct weir_policy_query *q, struct weir_buf *out);
void decided(const struct loaded *l, const struct weir_policy_query *q, struct weir_buf *out);

#endif
