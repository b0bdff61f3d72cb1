/* SPDX-License-Identifier: BSD-3-Clause */
/* Pattern files, side-cars and the cache. */
#include "scan_test.h"

#include <stdio.h>

Suite *scan_rules_suite(void);

/* ---- what is wrong, and where ---- */

static const struct {
	const char *patterns, *sidecar, *said;
} wrong[] = {
	{"abc\n", NULL, "a.hs:1:1: error: a line is id:/expression/flags\n"},
	{"-1:/a/\n", NULL, "a.hs:1:1: error: a line is id:/expression/flags\n"},
	{"4294967296:/a/\n", NULL, "a.hs:1:1: error: a line is id:/expression/flags\n"},
	{"1:a\n", NULL, "a.hs:1:3: error: the expression must stand between slashes\n"},
	{"1:/a\n", NULL, "a.hs:1:3: error: the expression must stand between slashes\n"},
	{"1://\n", NULL, "a.hs:1:4: error: the expression is empty\n"},
	{"1:/a/ix\n", NULL, "a.hs:1:7: error: flags are of i s m H V 8 W P L\n"},
	{"1:/a/i{min=3}\n", NULL,
	 "a.hs:1:8: error: a parameter is min_offset=, max_offset=, min_length=, edit_distance= "
	 "or hamming_distance=\n"},
	{"1:/a/i{min_offset=x}\n", NULL, "a.hs:1:19: error: a number must stand here\n"},
	{"1:/a/{min_offset=1\n", NULL, "a.hs:1:19: error: '}' is missing\n"},
	{"1:/a/{min_offset=1}x\n", NULL, "a.hs:1:20: error: nothing may follow the flags\n"},
	{"# one\n1:/a/\n\n1:/b/\n", NULL,
	 "a.hs:4:1: error: id 1 stands already in a.hs on line 2\n"},
	{"1:/a(/\n2:/b/\n3:/[/\n", NULL,
	 "a.hs:1:4: error: Missing close parenthesis for group started at index 1.\n"
	 "a.hs:3:4: error: Unterminated character class starting at index 0.\n"},
	{"1:/a*/\n", NULL,
	 "a.hs:1:4: error: Pattern matches empty buffer; use HS_FLAG_ALLOWEMPTY to enable "
	 "support.\n"},
	{"1:/a/\n", "patterns: [ { id: 2 } ]\n", "a.yaml:1:19: error: no pattern has id 2\n"},
	{"1:/a/\n", "patterns: [ { id: 1 }, { id: 1 } ]\n",
	 "a.yaml:1:30: error: id 1 stands here twice\n"},
	{"1:/a/\n", "patterns: [ { id: 1, acton: drop } ]\n",
	 "a.yaml:1:22: error: unknown key 'acton', did you mean 'action'?\n"},
	{"1:/a/\n", "patterns: [ { id: 1, ports: [ 80, 90-80 ] } ]\n",
	 "a.yaml:1:35: error: '90-80' is neither a port nor a range like 8000-8999\n"},
	{"1:/a/\n", "patterns: [ { message: x } ]\n", "a.yaml:1:13: error: 'id' is missing\n"},
};

START_TEST(what_is_wrong_is_told_at_its_place)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(wrong); i++) {
		remove_files();
		write_file("a.hs", wrong[i].patterns);
		if (wrong[i].sidecar)
			write_file("a.yaml", wrong[i].sidecar);
		ck_assert_ptr_null(load_said(&(struct load){0}, wrong[i].said));
	}
}
END_TEST

START_TEST(an_id_is_unique_over_all_files)
{
	remove_files();
	write_file("a.hs", "1:/a/\n");
	write_file("b.hs", "2:/b/\n1:/c/\n");
	ck_assert_ptr_null(load_said(&(struct load){0},
				     "b.hs:2:1: error: id 1 stands already in a.hs on line 1\n"));
}
END_TEST

START_TEST(no_rules_are_no_database)
{
	remove_files();
	write_file("a.hs", "# nothing\n\n");
	ck_assert_ptr_null(load_said(&(struct load){0}, ""));
}
END_TEST

START_TEST(rules_have_what_the_side_car_says)
{
	struct weir_scan_db *db = db_of(
		"7:/seven/\n3:/three/i\n5:/five/\n",
		"defaults: { severity: low, action: drop }\n"
		"patterns:\n"
		"- { id: 3, message: \"the third\", severity: critical, direction: to_client,\n"
		"    ports: [ 80, 8000-8999 ], action: reset }\n"
		"- { id: 5, ports: 443 }\n");
	const struct weir_scan_rule *rule = weir_scan_rule(db, 0);

	ck_assert_uint_eq(rule->id, 3);
	ck_assert_str_eq(weir_names_get(names(), rule->message), "the third");
	ck_assert_int_eq(rule->severity, WEIR_SCAN_CRITICAL);
	ck_assert_int_eq(rule->action, WEIR_SCAN_RESET);
	ck_assert_int_eq(rule->directions, WEIR_SCAN_TO_CLIENT);
	ck_assert_uint_eq(rule->n_ports, 2);
	ck_assert_uint_eq(rule->ports[1].last, 8999);
	rule = weir_scan_rule(db, 2);
	ck_assert_uint_eq(rule->id, 7);
	ck_assert_str_eq(weir_names_get(names(), rule->message), "seven");
	ck_assert_int_eq(rule->severity, WEIR_SCAN_LOW);
	ck_assert_int_eq(rule->action, WEIR_SCAN_DROP);
	put(db);
}
END_TEST

START_TEST(ports_tell_whether_a_direction_is_looked_at)
{
	struct weir_scan_db *db = db_of("1:/a/\n", "patterns:\n"
						   "- { id: 1, direction: to_server, ports: [ 80, "
						   "8000-8001 ] }\n");

	ck_assert(weir_scan_applies(db, WEIR_SCAN_TO_SERVER, 80));
	ck_assert(weir_scan_applies(db, WEIR_SCAN_TO_SERVER, 8001));
	ck_assert(!weir_scan_applies(db, WEIR_SCAN_TO_SERVER, 8002));
	ck_assert(!weir_scan_applies(db, WEIR_SCAN_TO_CLIENT, 80));
	put(db);
}
END_TEST

/* ---- cache ---- */

static bool is_cached(struct weir_scan_db *db)
{
	struct weir_scan_info info;

	weir_scan_db_info(db, &info);
	put(db);
	return info.cached;
}

static void damage_cache(void)
{
	char command[160];

	/* One byte in the middle of each. */
	snprintf(command, sizeof(command),
		 "for f in %s/*.hsdb; do printf X | dd of=$f bs=1 seek=200 conv=notrunc "
		 "2>/dev/null; "
		 "done",
		 folder());
	ck_assert_int_eq(system(command), 0);
}

START_TEST(the_second_load_comes_from_the_cache)
{
	struct load how = {.cache = folder()};

	remove_files();
	write_file("a.hs", "1:/abc/i\n");
	ck_assert(!is_cached(load_said(&how, "")));
	ck_assert(is_cached(load_said(&how, "")));
	write_file("a.hs", "1:/abc/\n");
	ck_assert(!is_cached(load_said(&how, "")));
	write_file("a.hs", "1:/abc/i{min_offset=4}\n");
	ck_assert(!is_cached(load_said(&how, "")));
	write_file("a.hs", "2:/abc/i{min_offset=4}\n");
	ck_assert(!is_cached(load_said(&how, "")));
	/* What the side-car says is not compiled. */
	write_file("a.yaml", "patterns: [ { id: 2, action: drop } ]\n");
	ck_assert(is_cached(load_said(&how, "")));
}
END_TEST

START_TEST(a_damaged_cache_is_not_used)
{
	struct load how = {.cache = folder()};

	remove_files();
	write_file("a.hs", "1:/abc/i\n");
	ck_assert(!is_cached(load_said(&how, "")));
	damage_cache();
	ck_assert(!is_cached(load_said(&how, "")));
	ck_assert(is_cached(load_said(&how, "")));
}
END_TEST

Suite *scan_rules_suite(void)
{
	return WEIR_SUITE("scan rules", what_is_wrong_is_told_at_its_place,
			  an_id_is_unique_over_all_files, no_rules_are_no_database,
			  rules_have_what_the_side_car_says,
			  ports_tell_whether_a_direction_is_looked_at,
			  the_second_load_comes_from_the_cache, a_damaged_cache_is_not_used);
}
