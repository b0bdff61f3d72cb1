/* SPDX-License-Identifier: BSD-3-Clause */
/* Pattern files, side-cars and the cache. */
#include "scan_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../lib/scan/scan_impl.h"

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
	{"1:/a/ix\n", NULL, "a.hs:1:7: error: flags are of i s m H V O 8 W P L\n"},
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
	{"1:/a*/\n2:/^/\n3:/(b|)/V\n", NULL,
	 "a.hs:1:4: error: it can match nothing at all, and so matches everywhere\n"
	 "a.hs:2:4: error: it can match nothing at all, and so matches everywhere\n"
	 "a.hs:3:4: error: it can match nothing at all, and so matches everywhere\n"},
	/* What only the compiler refuses. */
	{"1:/(abcdefghij){3000}/\n2:/ab/\n3:/(abcdefghi){4000}/\n", NULL,
	 "a.hs:1:4: error: Resource limit exceeded.\n"
	 "a.hs:3:4: error: Resource limit exceeded.\n"},
	{"1:/(?<=a)b/\n", NULL, "a.hs:1:4: error: Zero-width assertions are not supported.\n"},
	{"1:/(a)\\1/\n", NULL, "a.hs:1:4: error: Back-references are unsupported.\n"},
	{"1:/a/HL\n", NULL,
	 "a.hs:1:4: error: HS_FLAG_SINGLEMATCH is not supported in combination with "
	 "HS_FLAG_SOM_LEFTMOST.\n"},
	{"1:/a/\n2:/1 & 1/CQ\n", NULL,
	 "a.hs:2:10: error: flag C: Hyperscan tells a stream's combination only with a later "
	 "match, when its bytes have gone on\n"
	 "a.hs:2:11: error: flag Q: a pattern that is never told is for combinations alone\n"},
	{"1:/abcd/{edit_distance=1,hamming_distance=1}\n", NULL,
	 "a.hs:1:4: error: In hs_expr_ext, cannot have both edit distance and Hamming "
	 "distance.\n"},
	{"1:/abcd/{edit_distance=4294967296}\n", NULL,
	 "a.hs:1:24: error: a number must stand here\n"},
	{"1:/abcd/{min_offset=99999999999999999999}\n", NULL,
	 "a.hs:1:21: error: a number must stand here\n"},
	{"1:/abcd/{min_offset=-1}\n", NULL, "a.hs:1:21: error: a number must stand here\n"},
	{" 1:/a/\n", NULL, "a.hs:1:1: error: a line is id:/expression/flags\n"},
	/* All of it at once: lines, expressions, side-car. */
	{"1:/a/z\n2:/b(/\n3:/c/\n", "patterns: [ { id: 3, action: stop }, { id: 4 } ]\n",
	 "a.hs:1:6: error: flags are of i s m H V O 8 W P L\n"
	 "a.yaml:1:30: error: action cannot be 'stop', did you mean 'drop'?\n"
	 "a.yaml:1:44: error: no pattern has id 4\n"
	 "a.hs:2:4: error: Missing close parenthesis for group started at index 1.\n"},
	{"1:/a/\n", "patterns: [ { id: 2 } ]\n", "a.yaml:1:19: error: no pattern has id 2\n"},
	{"1:/a/\n", "patterns: [ { id: 1 }, { id: 1 } ]\n",
	 "a.yaml:1:30: error: id 1 stands here twice\n"},
	{"1:/a/\n", "patterns: [ { id: 1, acton: drop } ]\n",
	 "a.yaml:1:22: error: unknown key 'acton', did you mean 'action'?\n"},
	{"1:/a/\n", "patterns: [ { id: 1, ports: [ 80, 90-80 ] } ]\n",
	 "a.yaml:1:35: error: '90-80' is neither a port nor a range like 8000-8999\n"},
	{"1:/a/\n", "patterns: [ { id: 1, ports: [ +80, 0, 65536, '' ] } ]\n",
	 "a.yaml:1:31: error: '+80' is neither a port nor a range like 8000-8999\n"
	 "a.yaml:1:36: error: '0' is neither a port nor a range like 8000-8999\n"
	 "a.yaml:1:39: error: '65536' is neither a port nor a range like 8000-8999\n"
	 "a.yaml:1:46: error: '' is neither a port nor a range like 8000-8999\n"},
	{"1:/a/\n", "patterns: [ { message: x } ]\n", "a.yaml:1:13: error: 'id' is missing\n"},
	{"1:/a/\n", "pattern: []\n",
	 "a.yaml:1:1: error: unknown key 'pattern', did you mean 'patterns'?\n"},
	{"1:/a/\n", "patterns: [\n",
	 "a.yaml:2:1: error: did not find expected node content, while parsing a flow node\n"},
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
	db = db_of("1:/a/\n2:/b/\n", "patterns: [ { id: 1, direction: to_server, ports: 80 } ]\n");
	ck_assert(weir_scan_applies(db, WEIR_SCAN_TO_SERVER, 1));
	ck_assert(weir_scan_applies(db, WEIR_SCAN_TO_CLIENT, 65535));
	put(db);
}
END_TEST

START_TEST(comments_and_blank_lines_are_no_patterns)
{
	struct weir_scan_db *db =
		db_of("# 1:/a/\n\n  \n\t\r\n7:/a\\/b#c/i  \r\n8:/d/ H {min_offset=2} \n"
		      "9:/last/",
		      NULL);
	struct weir_scan_info info;

	weir_scan_db_info(db, &info);
	ck_assert_uint_eq(info.rules, 3);
	ck_assert_str_eq(weir_scan_rule(db, 0)->expression, "a\\/b#c");
	ck_assert_str_eq(weir_scan_rule(db, 2)->expression, "last");
	put(db);
}
END_TEST

START_TEST(what_makes_a_match_doubtful_is_a_warning)
{
	remove_files();
	write_file("a.hs", "1:/a/8\n2:/b(?=c)/P\n");
	put(load_said(&(struct load){0},
		      "a.hs:1:6: warning: flag 8: what is found in bytes that are not UTF-8 is "
		      "undefined\n"
		      "a.hs:2:11: warning: flag P: it may match more than the expression says\n"));
}
END_TEST

START_TEST(a_zero_byte_and_an_endless_line_are_told)
{
	static char line[16400];

	remove_files();
	write_bytes("a.hs", "1:/a/\n2:/b\0c/\n", 14);
	ck_assert_ptr_null(
		load_said(&(struct load){0}, "a.hs:2:5: error: a zero byte; write \\x00\n"));
	memset(line, 'a', sizeof(line) - 1);
	memcpy(line, "1:/", 3);
	write_file("a.hs", line);
	ck_assert_ptr_null(
		load_said(&(struct load){0}, "a.hs:1:1: error: the line is longer than 16 KiB\n"));
}
END_TEST

START_TEST(what_is_not_a_pattern_file_is_told)
{
	static const struct {
		const char *path, *said;
	} rows[] = {
		{"missing.hs", "missing.hs: error: cannot be read: No such file or directory\n"},
		{"a.txt", "a.txt: error: the name of a pattern file ends in .hs\n"},
		{"fifo.hs", "fifo.hs: error: is not a file\n"},
		{"empty", "empty: warning: no *.hs file in this folder\n"},
		{"", "a.hs:1:1: error: a line is id:/expression/flags\nfifo.hs: error: is not a "
		     "file\n"},
	};
	char full[160];

	remove_files();
	write_file("a.hs", "x\n");
	snprintf(full, sizeof(full), "%s/fifo.hs", folder());
	ck_assert_int_eq(mkfifo(full, 0600), 0);
	snprintf(full, sizeof(full), "%s/empty", folder());
	ck_assert_int_eq(mkdir(full, 0700), 0);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		snprintf(full, sizeof(full), "%s/%s", folder(), rows[i].path);
		if (!rows[i].path[0])
			full[strlen(full) - 1] = 0;
		ck_assert_ptr_null(load_said(&(struct load){.path = full}, rows[i].said));
	}
	snprintf(full, sizeof(full), "%s/empty", folder());
	ck_assert_int_eq(rmdir(full), 0);
}
END_TEST

/* More than fit into any first size, in an order that is not that of their ids. */
START_TEST(ten_thousand_ids_are_kept_apart)
{
	struct weir_buf text = {0};
	struct weir_scan_db *db;

	for (uint32_t i = 0; i < 10000; i++)
		weir_buf_printf(&text, "%u:/id%u;/\n", i * 7919 % 10000 * 65536, i * 7919 % 10000);
	db = db_of(text.ptr, NULL);
	for (uint32_t i = 0; i < 10000; i++) {
		ck_assert_uint_eq(weir_scan_rule(db, i)->id, i * 65536);
		ck_assert_uint_eq((uint32_t)atoi(weir_scan_rule(db, i)->expression + 2), i);
	}
	weir_buf_fini(&text);
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

/* Each load, of these patterns and then this side-car, comes from the cache or does not. */
static const struct {
	const char *patterns, *sidecar;
	bool cached;
} loads[] = {
	{"1:/abc/i\n", NULL, false},
	{"1:/abc/i\n", NULL, true},
	{"# a comment\n1:/abc/i\n", NULL, true},
	{"1:/abc/\n", NULL, false},
	{"2:/abc/\n", NULL, false},
	{"1:/abc/i{min_offset=4}\n", NULL, false},
	{"1:/abc/i{max_offset=4}\n", NULL, false},
	{"1:/abc/i{max_offset=5}\n", NULL, false},
	{"1:/ab/i\n2:/c/i\n", NULL, false},
	{"1:/abc/i\n", NULL, true},
	/* What the side-car says is not compiled, but what belongs to which direction is. */
	{"1:/abc/i\n", "patterns: [ { id: 1, action: drop, ports: 80, message: x } ]\n", true},
	{"1:/abc/i\n2:/d/\n", "patterns: [ { id: 2, direction: to_client } ]\n", false},
	{"1:/abc/i\n2:/d/\n", "patterns: [ { id: 2, direction: to_client } ]\n", true},
};

START_TEST(the_second_load_comes_from_the_cache)
{
	struct load how = {.cache = folder()};

	remove_files();
	for (size_t i = 0; i < WEIR_ARRAY_LEN(loads); i++) {
		write_file("a.hs", loads[i].patterns);
		write_file("a.yaml", loads[i].sidecar ? loads[i].sidecar : "");
		ck_assert_msg(is_cached(load_said(&how, "")) == loads[i].cached, "load %zu", i);
	}
}
END_TEST

static void on_cache_files(const char *command)
{
	char text[256];

	snprintf(text, sizeof(text), "for f in %s/*.hsdb; do %s; done", folder(), command);
	ck_assert_int_eq(system(text), 0);
}

START_TEST(a_damaged_cache_is_not_used)
{
	static const char *const damages[] = {
		"printf X | dd of=$f bs=1 seek=0 conv=notrunc 2>/dev/null",
		"printf X | dd of=$f bs=1 seek=9 conv=notrunc 2>/dev/null",
		"printf X | dd of=$f bs=1 seek=31 conv=notrunc 2>/dev/null", /* a length of 2^62 */
		"printf X | dd of=$f bs=1 seek=33 conv=notrunc 2>/dev/null",
		"printf X | dd of=$f bs=1 seek=200 conv=notrunc 2>/dev/null",
		"printf X >> $f",
		"truncate -s -1 $f",
		"truncate -s 40 $f",
		"truncate -s 39 $f",
		"truncate -s 0 $f",
	};
	struct load how = {.cache = folder()};

	remove_files();
	write_file("a.hs", "1:/abc/i\n");
	ck_assert(!is_cached(load_said(&how, "")));
	for (size_t i = 0; i < WEIR_ARRAY_LEN(damages); i++) {
		ck_assert(is_cached(load_said(&how, "")));
		on_cache_files(damages[i]);
		ck_assert_msg(!is_cached(load_said(&how, "")), "%s", damages[i]);
	}
}
END_TEST

/* Hyperscan takes databases for lesser CPUs; on one that has all there is, none is foreign. */
static bool has_all_features(void)
{
	hs_platform_info_t here;

	ck_assert_int_eq(hs_populate_platform(&here), HS_SUCCESS);
	return here.cpu_features & HS_CPU_FEATURES_AVX512VBMI;
}

/* A file of our own making with a database for a better CPU in it, under the right name. */
START_TEST(a_database_for_a_better_cpu_is_not_used)
{
	const struct scan_pattern p = {.rule = {.expression = (char[]){"abc"}, .id = 1},
				       .flags = HS_FLAG_SINGLEMATCH};
	const char *expression = p.rule.expression;
	const hs_expr_ext_t *ext = &p.ext;
	unsigned int flags = p.flags, id = 1;
	const struct scan_set set = {.n = 1,
				     .mode = HS_MODE_STREAM,
				     .expression = &expression,
				     .flags = &flags,
				     .id = &id,
				     .ext = &ext};
	const hs_platform_info_t other = {.cpu_features = HS_CPU_FEATURES_AVX2 |
							  HS_CPU_FEATURES_AVX512 |
							  HS_CPU_FEATURES_AVX512VBMI};
	struct load how = {.cache = folder()};
	hs_database_t *hs;
	hs_compile_error_t *error;
	struct weir_cache_key key;

	remove_files();
	ck_assert(scan_key_of(&set, &key));
	ck_assert_int_eq(hs_compile(expression, flags, HS_MODE_STREAM, &other, &hs, &error),
			 HS_SUCCESS);
	scan_cache_write(folder(), &key, hs);
	hs_free_database(hs);
	write_file("a.hs", "1:/abc/\n");
	ck_assert_int_eq(is_cached(load_said(&how, "")), has_all_features());
	ck_assert(is_cached(load_said(&how, "")));
}
END_TEST

static unsigned int cache_files(void)
{
	DIR *d = opendir(folder());
	unsigned int n = 0;

	for (struct dirent *e; (e = readdir(d));)
		n += strstr(e->d_name, ".hsdb") != NULL;
	closedir(d);
	return n;
}

START_TEST(the_cache_keeps_the_newest)
{
	struct load how = {.cache = folder()};
	char pattern[32];

	remove_files();
	write_file("stranger.hsdb", "not ours\n");
	for (unsigned int i = 0; i < 20; i++) {
		snprintf(pattern, sizeof(pattern), "1:/abc%u/\n", i);
		write_file("a.hs", pattern);
		ck_assert(!is_cached(load_said(&how, "")));
	}
	ck_assert_uint_eq(cache_files(), 16 + 1);
	ck_assert(is_cached(load_said(&how, "")));
	write_file("a.hs", "1:/abc0/\n");
	ck_assert(!is_cached(load_said(&how, "")));
}
END_TEST

START_TEST(without_a_folder_to_write_rules_are_compiled)
{
	struct load how = {.cache = "/proc/weir"};

	remove_files();
	write_file("a.hs", "1:/abc/\n");
	ck_assert(!is_cached(load_said(&how, "")));
	ck_assert(!is_cached(load_said(&how, "")));
}
END_TEST

Suite *scan_rules_suite(void)
{
	return WEIR_SUITE(
		"scan rules", what_is_wrong_is_told_at_its_place, an_id_is_unique_over_all_files,
		no_rules_are_no_database, rules_have_what_the_side_car_says,
		ports_tell_whether_a_direction_is_looked_at,
		comments_and_blank_lines_are_no_patterns, what_makes_a_match_doubtful_is_a_warning,
		a_zero_byte_and_an_endless_line_are_told, what_is_not_a_pattern_file_is_told,
		ten_thousand_ids_are_kept_apart, the_second_load_comes_from_the_cache,
		a_damaged_cache_is_not_used, a_database_for_a_better_cpu_is_not_used,
		the_cache_keeps_the_newest, without_a_folder_to_write_rules_are_compiled);
}
