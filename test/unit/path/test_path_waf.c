/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs of threat policies: compiled, shared, held by connections, gone with the last. */
#include "fixture.h"

#include "../../../lib/path/path_impl.h"

#include <stdio.h>
#include <unistd.h>

Suite *path_waf_suite(void);

#define RULE(id) "SecRule ARGS \"@contains x\" \"id:" id ",phase:1,deny\"\n"

struct setup {
	struct fixture *f;
	struct weir_conf_report *r;
	struct weir_policy *policy;
	char folder[64];
};

static void write_file(const struct setup *s, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Services a, b and c; `threats` has %s where the folder of rule files stands. */
static void load_policy(struct setup *s, const char *threats)
{
	struct weir_buf text = {0}, spec = {0};
	const struct weir_conf_docs *list[1];
	struct weir_conf_docs *docs;

	for (char c = 'a'; c <= 'c'; c++)
		weir_buf_printf(&text,
				"kind: Service\nmetadata: {name: %c}\nspec: {addresses: 10.0.1.%d, "
				"ports: 80, protocol: http}\n---\n",
				c, c - 'a' + 2);
	for (const char *p = threats; *p; p++)
		if (*p == '@')
			weir_buf_str(&spec, s->folder);
		else
			weir_buf_add(&spec, p, 1);
	weir_buf_add(&text, spec.ptr, spec.len);
	docs = weir_conf_load_text("policy.yaml", weir_bytes_str(text.ptr), s->r);
	ck_assert_ptr_nonnull(docs);
	list[0] = docs;
	s->policy = weir_policy_from_docs(list, 1, s->f->names, s->r);
	ck_assert_ptr_nonnull(s->policy);
	weir_conf_docs_destroy(docs);
	weir_buf_fini(&text);
	weir_buf_fini(&spec);
}

static struct setup begin(const char *threats)
{
	struct setup s = {.f = fixture_create(POLICY_WEB, 64), .r = weir_conf_report_create()};

	strcpy(s.folder, "/tmp/weir-path-waf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s.folder));
	write_file(&s, "one.conf", RULE("1"));
	write_file(&s, "two.conf", RULE("2"));
	write_file(&s, "bad.conf", RULE("3") "SecRule ARGS \"@nothing x\" \"id:4\"\n");
	load_policy(&s, threats);
	return s;
}

static void end(struct setup *s)
{
	static const char *const names[] = {"one.conf", "two.conf", "bad.conf"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", s->folder, names[i]);
		unlink(path);
	}
	ck_assert_int_eq(rmdir(s->folder), 0);
	weir_policy_destroy(s->policy);
	weir_conf_report_destroy(s->r);
	fixture_destroy(s->f);
}

static int load(struct setup *s, struct weir_programs **out)
{
	return weir_path_load_waf(s->policy, s->f->conf, s->f->conf, 1, s->f->names, s->r, out);
}

#define THREAT(name, service, rest)                        \
	"kind: ThreatPolicy\nmetadata: {name: " name "}\n" \
	"spec: {services: " service ", rules: {crs: [@/" rest "}\n---\n"

START_TEST(policies_of_the_same_rules_and_options_share_a_program)
{
	struct setup s =
		begin(THREAT("t1", "a", "one.conf]}")
			      THREAT("t2", "b", "one.conf]}, failure: open, refusals: json")
				      THREAT("t3", "c", "one.conf]}, mode: enforce"));
	struct weir_programs *p;

	ck_assert_int_eq(load(&s, &p), 0);
	ck_assert_uint_eq(weir_programs_count(p), 3);
	ck_assert_ptr_nonnull(weir_programs_at(p, 0)->waf);
	ck_assert_ptr_eq(weir_programs_at(p, 0)->waf, weir_programs_at(p, 1)->waf);
	ck_assert_ptr_ne(weir_programs_at(p, 0)->waf, weir_programs_at(p, 2)->waf);
	ck_assert_uint_eq(weir_programs_at(p, 0)->on_error, WEIR_FAIL_CLOSED);
	ck_assert_uint_eq(weir_programs_at(p, 1)->on_error, WEIR_FAIL_OPEN);
	ck_assert(weir_programs_at(p, 1)->json_refusals);
	ck_assert_uint_eq(weir_programs_at(p, 2)->mode, WEIR_WAF_ENFORCE);
	ck_assert_str_eq(weir_names_get(s.f->names, weir_programs_at(p, 2)->name), "t3");
	weir_programs_destroy(p);
	end(&s);
}
END_TEST

START_TEST(other_rules_are_another_program_and_off_is_none)
{
	struct setup s = begin(THREAT("t1", "a", "one.conf]}") THREAT("t2", "b", "two.conf]}")
				       THREAT("t3", "c", "nowhere.conf]}, mode: off"));
	struct weir_programs *p;

	ck_assert_int_eq(load(&s, &p), 0);
	ck_assert_ptr_ne(weir_programs_at(p, 0)->waf, weir_programs_at(p, 1)->waf);
	ck_assert_ptr_null(weir_programs_at(p, 2)->waf);
	weir_programs_destroy(p);
	end(&s);
}
END_TEST

START_TEST(without_threat_policies_there_are_no_programs)
{
	struct setup s = begin("");
	struct weir_programs *p;

	ck_assert_int_eq(load(&s, &p), 0);
	ck_assert_ptr_null(p);
	ck_assert_uint_eq(weir_programs_count(p), 0);
	weir_programs_destroy(p);
	end(&s);
}
END_TEST

static void check_refused(struct setup *s, const char *wanted)
{
	struct weir_programs *p;
	struct weir_buf text = {0};

	ck_assert_int_lt(load(s, &p), 0);
	ck_assert_ptr_null(p);
	weir_conf_report_text(s->r, &text);
	ck_assert_msg(strstr(text.ptr, wanted) != NULL, "%s", text.ptr);
	weir_buf_fini(&text);
}

START_TEST(a_bad_rule_is_told_with_its_place_and_its_policy)
{
	struct setup s = begin(THREAT("t1", "a", "bad.conf]}") THREAT("t2", "b", "one.conf]}"));

	check_refused(&s, "/bad.conf:2:16: error: ");
	check_refused(&s,
		      "policy.yaml:14:18: error: the rules of ThreatPolicy 't1' cannot be used");
	end(&s);
}
END_TEST

START_TEST(a_pattern_that_names_nothing_is_told)
{
	struct setup s = begin(THREAT("t1", "a", "nowhere.conf]}"));

	check_refused(&s, "nowhere.conf");
	end(&s);
}
END_TEST

START_TEST(without_memory_for_transactions_no_policy_can_act)
{
	struct setup s = begin(THREAT("t1", "a", "one.conf]}"));
	uint64_t bytes = s.f->conf->waf_bytes;

	s.f->conf->waf_bytes = 0;
	check_refused(&s, "policy.yaml:14:18: error: ThreatPolicy 't1' cannot act: weir runs "
			  "without memory for transactions (memory.waf)");
	s.f->conf->waf_bytes = bytes;
	end(&s);
}
END_TEST

/* ---- connections and reloads ---- */

static void publish(struct setup *s, uint32_t number, struct weir_programs *programs)
{
	struct weir_generation *g = weir_generation_create(number, s->policy, "test");

	ck_assert_ptr_nonnull(g);
	s->policy = NULL;
	g->programs = programs;
	weir_path_publish(s->f->path, g);
}

static struct path_worker *worker(struct setup *s)
{
	return s->f->path->worker[0];
}

START_TEST(a_program_lives_until_its_last_connection_has_given_it_back)
{
	struct setup s = begin(THREAT("t1", "a", "one.conf]}") THREAT("t2", "b", "two.conf]}")
				       THREAT("t3", "c", "one.conf]}, mode: off"));
	const struct weir_program *one, *two;
	struct weir_path_gauges gauges;
	struct weir_waf_info info;
	struct weir_programs *p;

	ck_assert_int_eq(load(&s, &p), 0);
	publish(&s, 2, p);
	weir_path_gauges(s.f->path, 0, &gauges);
	ck_assert_uint_eq(gauges.waf_kib_max, 2 << 10);
	ck_assert_uint_eq(gauges.waf_kib, 0);
	one = path_program_get(worker(&s), worker(&s)->gen, 0);
	two = path_program_get(worker(&s), worker(&s)->gen, 1);
	ck_assert_ptr_nonnull(one);
	ck_assert_ptr_nonnull(two);
	ck_assert_ptr_null(path_program_get(worker(&s), worker(&s)->gen, 2)); /* off */
	ck_assert_ptr_null(path_program_get(worker(&s), worker(&s)->gen, 3));
	ck_assert_ptr_null(path_program_get(worker(&s), worker(&s)->gen, WEIR_NO_THREAT));
	load_policy(&s, "");
	publish(&s, 3, NULL);
	ck_assert_ptr_nonnull(s.f->path->retired_programs);
	weir_waf_info(one->waf, &info); /* still there: sanitizers would tell */
	ck_assert_uint_ge(info.rules, 1);
	path_program_put(worker(&s), one);
	weir_path_sync_clock(s.f->path);
	ck_assert_ptr_nonnull(s.f->path->retired_programs);
	weir_waf_info(two->waf, &info);
	path_program_put(worker(&s), two);
	weir_path_sync_clock(s.f->path); /* as control does once a second */
	ck_assert_ptr_null(s.f->path->retired_programs);
	end(&s);
}
END_TEST

START_TEST(programs_that_nobody_has_go_with_their_generation)
{
	struct setup s = begin(THREAT("t1", "a", "one.conf]}"));
	struct weir_programs *p;

	ck_assert_int_eq(load(&s, &p), 0);
	publish(&s, 2, p);
	path_program_put(worker(&s), path_program_get(worker(&s), worker(&s)->gen, 0));
	load_policy(&s, "");
	publish(&s, 3, NULL);
	ck_assert_ptr_null(s.f->path->retired_programs);
	end(&s);
}
END_TEST

Suite *path_waf_suite(void)
{
	return WEIR_SUITE("path waf", policies_of_the_same_rules_and_options_share_a_program,
			  other_rules_are_another_program_and_off_is_none,
			  without_threat_policies_there_are_no_programs,
			  a_bad_rule_is_told_with_its_place_and_its_policy,
			  a_pattern_that_names_nothing_is_told,
			  without_memory_for_transactions_no_policy_can_act,
			  a_program_lives_until_its_last_connection_has_given_it_back,
			  programs_that_nobody_has_go_with_their_generation);
}
