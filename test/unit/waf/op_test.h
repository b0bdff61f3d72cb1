/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the operators share: an operator out of text, asked about text. */
#ifndef OP_TEST_H
#define OP_TEST_H

#include <waf_op.h>

#include "weir_test.h"

struct op_test {
	struct weir_arena arena;
	struct weir_conf_report *report;
	struct waf_op *op; /* NULL: refused */
	struct waf_scratch *s;
	struct waf_op_match match; /* of the last question */
};

/* `argument` as a rule has it; with "!" before it the operator is negated. @pm's words and the
 * members of @ipMatch are parted by spaces. A "%{" makes a macro of it. */
void op_test_init(struct op_test *t, enum weir_sec_operator op, const char *argument);
void op_test_init_bytes(struct op_test *t, enum weir_sec_operator op, bool negated,
			struct weir_bytes argument);
/* With limits of PCRE2's. */
void op_test_init_limits(struct op_test *t, const char *pattern, uint32_t match_limit);
void op_test_fini(struct op_test *t);

enum waf_outcome op_test_ask(struct op_test *t, const char *value);
enum waf_outcome op_test_ask_bytes(struct op_test *t, const void *value, size_t len);
enum waf_outcome op_test_ask_macro(struct op_test *t, const char *value, const char *argument);
/* What the condition says of `value`. */
bool op_test_need(struct op_test *t, struct weir_bytes value);
/* Capture `i` of the last question as text, "(none)" for one that took no part. */
const char *op_test_capture(struct op_test *t, unsigned int i);

/* Rows of operator, argument, value and what comes out; each also negated. */
struct op_row {
	enum weir_sec_operator op;
	const char *argument, *value;
	bool matches;
};
void op_test_rows(const struct op_row *rows, size_t n);

Suite *waf_op_suite(void);
Suite *waf_op_card_suite(void);
Suite *waf_op_inject_suite(void);
Suite *waf_op_ip_suite(void);
Suite *waf_op_number_suite(void);
Suite *waf_op_pm_suite(void);
Suite *waf_op_rx_suite(void);
Suite *waf_op_slice_suite(void);
Suite *waf_op_sqli_suite(void);
Suite *waf_op_text_suite(void);
Suite *waf_op_validate_suite(void);

#endif
