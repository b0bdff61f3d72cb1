/* SPDX-License-Identifier: BSD-3-Clause */
/* Files and what they include. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seclang_test.h"

Suite *seclang_read_suite(void);

static const char *ids(const struct weir_seclang *s)
{
	static char out[100];
	size_t n = 0;

	out[0] = 0;
	for (uint32_t i = 0; i < n_rules(s); i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%u", i ? " " : "",
				      rule_at(s, i)->id);
	return out;
}

START_TEST(patterns_are_read_in_the_order_of_names)
{
	char text[200];

	write_file("b.conf", "SecAction id:2\n");
	write_file("a.conf", "SecAction id:1\nInclude c.inc\n");
	write_file("c.inc", "SecAction id:3\n");
	ck_assert_str_eq(ids(good("SecAction id:9\nInclude *.conf\nSecAction id:4")), "9 1 3 2 4");
	ck_assert_str_eq(ids(good("IncludeOptional *.none\nIncludeOptional b.*\n")), "2");
	snprintf(text, sizeof(text), "Include \"%s/b.conf\"\n", folder());
	ck_assert_str_eq(ids(good(text)), "2");
	remove_files();
}
END_TEST

static void remove_sub(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/sub/%s", folder(), name);
	ck_assert_int_eq(unlink(path), 0);
}

START_TEST(paths_count_from_the_file_that_names_them)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/sub", folder());
	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file("sub/a.conf", "Include b.conf\nSecRule ARGS \"@pmFromFile w.data\" id:1\n");
	write_file("sub/b.conf", "SecAction id:2\n");
	write_file("sub/w.data", "x\n");
	ck_assert_str_eq(ids(good("Include sub/a.conf\n")), "2 1");
	ck_assert_str_eq(rule_at(good("Include sub/a.conf\n"), 0)->pos.file + strlen(path),
			 "/b.conf");
	write_file("sub/b.conf", "\n SecFoo\n");
	ck_assert_str_eq(said("Include sub/a*\n"),
			 "sub/b.conf:2:2: error: no directive 'SecFoo'\n");
	remove_sub("a.conf");
	remove_sub("b.conf");
	remove_sub("w.data");
	rmdir(path);
	remove_files();
}
END_TEST

START_TEST(includes_that_cannot_be_read_are_told)
{
	static const struct said_row rows[] = {
		{"Include a.conf\n", "t:1:9: error: no file is named by 'a.conf'\n"},
		{"\nInclude \\\n *.conf\n", "t:3:2: error: no file is named by '*.conf'\n"},
		{"IncludeOptional self\n", "self:2:9: error: self includes itself\n"},
		{"Include nul\n", "nul: error: it has a NUL byte and so is no text\n"},
		{"Include large\n", "t:1:9: error: large cannot be read: it has over 64 MiB\n"},
		{"Include .\n", "t:1:9: error: . cannot be read: it is no file\n"},
	};

	char large[100];

	snprintf(large, sizeof(large), "%s/large", folder());
	write_file("large", "");
	ck_assert_int_eq(truncate(large, (64 << 20) + 1), 0);
	write_file("self", "\nInclude self\n");
	write_bytes("nul", "SecFoo\0\n", 8);
	CHECK_SAID(rows);
	remove_files();
}
END_TEST

START_TEST(includes_nest_to_their_limit)
{
	char name[20], text[40];

	for (int i = 0; i < 18; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		snprintf(text, sizeof(text), "Include f%d\n", i + 1);
		write_file(name, i == 17 ? "SecAction id:1\n" : text);
	}
	ck_assert_str_eq(said("Include f0\n"),
			 "f15:1:9: error: includes are nested over 16 deep\n");
	ck_assert_str_eq(said("Include f2\n"), "");
	remove_files();
}
END_TEST

START_TEST(files_are_added_by_pattern)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();
	char pattern[100], expected[200];
	struct weir_buf b = {0};

	write_file("a.conf", "SecAction id:1\nSecBad\n");
	write_file("b.conf", "SecAction id:2\n");
	snprintf(pattern, sizeof(pattern), "%s/*.conf", folder());
	ck_assert(!weir_seclang_add(s, pattern, r));
	snprintf(pattern, sizeof(pattern), "%s/b.conf", folder());
	write_file("b.conf", "SecAction id:3\n");
	ck_assert(weir_seclang_add(s, pattern, r));
	ck_assert(!weir_seclang_add(s, "/nowhere/x", r));
	ck_assert(!weir_seclang_finish(s, r));
	ck_assert_str_eq(ids(s), "1 2 3");
	weir_conf_report_text(r, &b);
	snprintf(expected, sizeof(expected),
		 "%s/a.conf:2:1: error: no directive 'SecBad'\n"
		 "/nowhere/x: error: no file is named by '/nowhere/x'\n",
		 folder());
	ck_assert_str_eq(b.ptr, expected);
	weir_buf_fini(&b);
	weir_seclang_destroy(s);
	weir_conf_report_destroy(r);
	remove_files();
}
END_TEST

START_TEST(the_hash_is_of_everything_that_was_read)
{
	static const char text[] = "SecRule ARGS \"@pmFromFile w.data\" id:1\n";
	uint64_t first, other;

	write_file("w.data", "word\n");
	first = weir_seclang_hash(good(text));
	ck_assert_uint_eq(weir_seclang_hash(good(text)), first);
	other = weir_seclang_hash(good("SecRule ARGS \"@pmFromFile w.data\" id:2\n"));
	ck_assert_uint_ne(other, first);
	write_file("w.data", "ward\n");
	ck_assert_uint_ne(weir_seclang_hash(good(text)), first);
	write_file("w.data", "word\n");
	ck_assert_uint_eq(weir_seclang_hash(good(text)), first);
	remove_files();
}
END_TEST

Suite *seclang_read_suite(void)
{
	return WEIR_SUITE("seclang read", patterns_are_read_in_the_order_of_names,
			  paths_count_from_the_file_that_names_them,
			  includes_that_cannot_be_read_are_told, includes_nest_to_their_limit,
			  files_are_added_by_pattern, the_hash_is_of_everything_that_was_read);
}
