/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <stdio.h>

struct loaded load(const char *yaml)
{
	struct loaded l = {.names = weir_names_create(), .report = weir_conf_report_create()};
	struct weir_bytes text = {(const uint8_t *)yaml, strlen(yaml)};
	struct weir_conf_docs *docs = weir_conf_load_text("t", text, l.report);

	if (docs)
		l.policy = weir_policy_from_docs((const struct weir_conf_docs *const[]){docs}, 1,
						 l.names, l.report);
	weir_conf_docs_destroy(docs);
	weir_buf_str(&l.text, "");
	weir_conf_report_text(l.report, &l.text);
	return l;
}

struct loaded load_good(const char *yaml)
{
	struct loaded l = load(yaml);

	ck_assert_str_eq(l.text.ptr, "");
	ck_assert_ptr_nonnull(l.policy);
	return l;
}

void unload(struct loaded *l)
{
	weir_policy_destroy(l->policy);
	weir_conf_report_destroy(l->report);
	weir_names_destroy(l->names);
	weir_buf_fini(&l->text);
}

void check_bad_rows(const struct bad_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct loaded l = load(rows[i].yaml);

		ck_assert_msg(!l.policy, "accepted:\n%s", rows[i].yaml);
		ck_assert_msg(strcmp(l.text.ptr, rows[i].report) == 0, "%s\ngives  %swanted %s",
			      rows[i].yaml, l.text.ptr, rows[i].report);
		unload(&l);
	}
}

struct weir_policy_query query(const char *src, const char *dst, uint8_t proto, uint16_t port)
{
	struct weir_policy_query q = {.dport = port, .proto = proto};

	ck_assert_int_eq(weir_addr_parse(src, &q.src), 0);
	ck_assert_int_eq(weir_addr_parse(dst, &q.dst), 0);
	return q;
}

struct weir_policy_decision decide(const struct loaded *l, const char *src, const char *dst,
				   uint8_t proto, uint16_t port)
{
	struct weir_policy_query q = query(src, dst, proto, port);
	struct weir_policy_decision d;

	memset(&d, 0xee, sizeof(d)); /* every field must be written */
	weir_policy_decide(l->policy, &q, &d);
	return d;
}

const char *describe(const struct weir_names *names, const struct weir_policy_decision *d,
		     struct decision_text *text)
{
	snprintf(text->is, sizeof(text->is), "%s %s/%s %s%s%s%s",
		 weir_verdict_name((enum weir_verdict)d->verdict), weir_names_get(names, d->policy),
		 weir_names_get(names, d->rule), weir_drop_name((enum weir_drop)d->reason),
		 d->flags & WEIR_DECISION_INSPECT ? " inspect" : "",
		 d->flags & WEIR_DECISION_KEEP ? " keep" : "",
		 d->flags & WEIR_DECISION_WOULD_DENY ? " would_deny" : "");
	return text->is;
}

void check_decides(const struct loaded *l, const char *src, const char *dst, uint8_t proto,
		   uint16_t port, const char *expected)
{
	struct weir_policy_decision d = decide(l, src, dst, proto, port);
	struct decision_text text;

	ck_assert_msg(strcmp(describe(l->names, &d, &text), expected) == 0,
		      "%s to %s, protocol %u, port %u: %s, wanted %s", src, dst, proto, port,
		      text.is, expected);
}
