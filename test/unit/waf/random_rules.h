/* SPDX-License-Identifier: BSD-3-Clause */
/* Random rule sets and requests that meet often enough. Repeatable. */
#ifndef RANDOM_RULES_H
#define RANDOM_RULES_H

#include <weir_base.h>

/* Rules of phases 1 and 2 with ids from 100 on, and rule 9, which tells what they counted. */
void random_rules(struct weir_buf *out, unsigned int n, uint64_t *seed);
/* A form: its head and its body. */
void random_request(struct weir_buf *head, struct weir_buf *body, uint64_t *seed);

#endif
