/* SPDX-License-Identifier: BSD-3-Clause */
/* A policy out of text, its report as text, and short ways to ask it. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <weir_policy.h>
#include <weir_test.h>

struct loaded {
	struct weir_names *names;
	struct weir_conf_report *report;
	struct weir_policy *policy; /* NULL: refused */
	struct weir_buf text;       /* the report */
};

/* `yaml` is called "t" in messages. */
struct loaded load(const char *yaml);
/* The same, and a failure with its report unless it was accepted without a word. */
struct loaded load_good(const char *yaml);
void unload(struct loaded *l);

/* One bad input and its whole report. */
struct bad_row {
	const char *yaml;
	const char *report;
};
void check_bad_rows(const struct bad_row *rows, size_t n);

struct weir_policy_query query(const char *src, const char *dst, uint8_t proto, uint16_t port);
struct weir_policy_decision decide(const struct loaded *l, const char *src, const char *dst,
				   uint8_t proto, uint16_t port);
/* "verdict policy/rule reason", then "inspect", "keep", "would_deny"; good until the next call with
 * the same `text`. */
struct decision_text {
	char is[512];
};
const char *describe(const struct weir_names *names, const struct weir_policy_decision *d,
		     struct decision_text *text);
void check_decides(const struct loaded *l, const char *src, const char *dst, uint8_t proto,
		   uint16_t port, const char *expected);

enum { ICMP = 1, TCP = 6, UDP = 17, GRE = 47, ICMPV6 = 58, SCTP = 132 };

Suite *policy_suite(void);
Suite *asked_suite(void);
Suite *classes_suite(void);
Suite *compile_suite(void);
Suite *decide_suite(void);
Suite *defaults_suite(void);
Suite *docs_suite(void);
Suite *exclude_suite(void);
Suite *explain_suite(void);
Suite *files_suite(void);
Suite *identities_suite(void);
Suite *listen_suite(void);
Suite *intercept_suite(void);
Suite *names_suite(void);
Suite *rules_suite(void);
Suite *service_suite(void);
Suite *threat_suite(void);
Suite *tls_suite(void);

#endif
