/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <malloc.h>

#include <rte_malloc.h>

START_TEST(a_load_that_can_allow_nothing_is_warned_of)
{
	static const struct {
		const char *yaml, *report;
	} rows[] = {
		{"", "policy: warning: no policy, so everything is denied; "
		     "config/profiles/allow-all.yaml passes everything\n"},
		{"kind: Defaults\nspec: { unmatched: drop }\n",
		 "policy: warning: no policy, so everything is denied; "
		 "config/profiles/allow-all.yaml passes everything\n"},
		{"kind: AccessPolicy\nmetadata: { name: p }\nspec: { mode: detect, action: allow "
		 "}\n",
		 "policy: warning: no policy is in mode enforce, so everything is denied; "
		 "config/profiles/allow-all.yaml passes everything\n"},
		{"kind: Defaults\nspec: { unmatched: allow }\n", ""},
		{"kind: AccessPolicy\nmetadata: { name: p }\nspec: { action: deny }\n", ""},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct loaded l = load(rows[i].yaml);

		ck_assert_ptr_nonnull(l.policy);
		ck_assert_str_eq(l.text.ptr, rows[i].report);
		unload(&l);
	}
}
END_TEST

START_TEST(no_documents_at_all_are_a_policy_too)
{
	struct loaded l = {.names = weir_names_create(), .report = weir_conf_report_create()};

	l.policy = weir_policy_from_docs(NULL, 0, l.names, l.report);
	ck_assert_ptr_nonnull(l.policy);
	check_decides(&l, "10.0.0.1", "10.0.0.2", TCP, 1, "deny default/ no_policy");
	check_decides(&l, "fd00::1", "fd00::2", TCP, 1, "deny default/ no_policy");
	unload(&l);
}
END_TEST

START_TEST(the_size_counts_what_the_documents_say)
{
	struct loaded l = load_good(
		"kind: Group\nmetadata: { name: a }\nspec: { cidrs: [ 10.0.0.1, 10.0.0.2 ] }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: p }\nspec:\n  rules:\n"
		"  - { from: 10.0.0.3, action: allow }\n  - { to: a, action: allow }\n"
		"---\nkind: EgressPolicy\nmetadata: { name: q }\n"
		"spec: { from: 10.0.0.3/32, allow: [ { to: any, ports: 80 } ] }\n");
	struct weir_policy_size s = weir_policy_size(l.policy);

	ck_assert_uint_eq(s.groups, 1);
	ck_assert_uint_eq(s.prefixes, 3);
	ck_assert_uint_eq(s.policies, 2);
	ck_assert_uint_eq(s.rules, 4);
	ck_assert_uint_gt(s.bytes, 0);
	unload(&l);
}
END_TEST

START_TEST(errors_of_an_earlier_file_do_not_make_a_policy_bad)
{
	struct loaded l = {.names = weir_names_create(), .report = weir_conf_report_create()};

	weir_conf_error(l.report, (struct weir_conf_pos){.file = "weir.yaml"}, "something else");
	l.policy = weir_policy_from_docs(NULL, 0, l.names, l.report);
	ck_assert_ptr_nonnull(l.policy);
	unload(&l);
}
END_TEST

static size_t eal_heap_used(void)
{
	size_t used = 0;

	for (unsigned int socket = 0; socket < 8; socket++) {
		struct rte_malloc_socket_stats s;

		if (rte_malloc_get_socket_stats((int)socket, &s) == 0)
			used += s.heap_allocsz_bytes;
	}
	return used;
}

/* Two generations live at a time, as during a reload; names differ from one to the next. */
START_TEST(a_thousand_reloads_leave_nothing_behind)
{
	struct weir_names *names = weir_names_create();
	struct weir_policy *running = NULL;
	size_t heap = 0, plain = 0;
	uint32_t last_name = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_buf yaml = {0};
		struct weir_conf_docs *docs;
		struct weir_policy *next;

		weir_buf_printf(&yaml,
				"kind: Group\nmetadata: { name: g%u }\n"
				"spec: { cidrs: [ 10.%u.0.0/16, \"fd00:%u::/32\" ] }\n"
				"---\nkind: AccessPolicy\nmetadata: { name: p }\n"
				"spec: { from: [ g%u, 192.0.2.%u ], action: allow }\n",
				i, i % 250, i, i, i % 250);
		docs = weir_conf_load_text("t", (struct weir_bytes){(uint8_t *)yaml.ptr, yaml.len},
					   r);
		next = weir_policy_from_docs((const struct weir_conf_docs *const[]){docs}, 1, names,
					     r);
		ck_assert_ptr_nonnull(next);
		weir_conf_docs_destroy(docs);
		weir_conf_report_destroy(r);
		weir_buf_fini(&yaml);
		weir_policy_destroy(running);
		running = next;
		if (i == 10) {
			heap = eal_heap_used();
			plain = mallinfo2().uordblks;
			last_name = weir_names_intern(names, "name-of-the-test");
		}
	}
	ck_assert_uint_le(eal_heap_used(), heap);
	ck_assert_uint_le(mallinfo2().uordblks, plain + 65536);
	/* Only names that records need outlive a policy. */
	ck_assert_uint_eq(weir_names_intern(names, "another-name"), last_name + 1);
	weir_policy_destroy(running);
	weir_names_destroy(names);
}
END_TEST

START_TEST(destroying_nothing_is_allowed)
{
	weir_policy_destroy(NULL);
}
END_TEST

Suite *policy_suite(void)
{
	return WEIR_SUITE("policy", a_load_that_can_allow_nothing_is_warned_of,
			  no_documents_at_all_are_a_policy_too,
			  the_size_counts_what_the_documents_say,
			  errors_of_an_earlier_file_do_not_make_a_policy_bad,
			  a_thousand_reloads_leave_nothing_behind, destroying_nothing_is_allowed);
}
