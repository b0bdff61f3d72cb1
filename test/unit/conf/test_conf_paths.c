/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths: relative ones count from the file's folder, and all come out absolute. */
#include "conf_test.h"

#include <unistd.h>

static const struct {
	const char *file, *path, *want; /* a want without a leading slash is below the cwd */
} paths[] = {
	{"/etc/weir/weir.yaml", "policy.d", "/etc/weir/policy.d"},
	{"/etc/weir/weir.yaml", "./policy.d", "/etc/weir/policy.d"},
	{"/etc/weir/weir.yaml", ".//././policy.d", "/etc/weir/policy.d"},
	{"/etc/weir/weir.yaml", "../rules/x", "/etc/weir/../rules/x"},
	{"/etc/weir/weir.yaml", ".hidden/x", "/etc/weir/.hidden/x"},
	{"/etc/weir/weir.yaml", "/srv/policy", "/srv/policy"},
	{"/etc/weir/weir.yaml", "a b/'c\"\\", "/etc/weir/a b/'c\"\\"},
	{"/etc/weir/weir.yaml", "gr\xc3\xbc\xc3\x9f", "/etc/weir/gr\xc3\xbc\xc3\x9f"},
	{"/etc//weir//weir.yaml", "p", "/etc//weir/p"},
	{"/weir.yaml", "policy.d", "/policy.d"},
	{"//weir.yaml", "policy.d", "/policy.d"},
	{"weir.yaml", "policy.d", "policy.d"},
	{"./weir.yaml", "policy.d", "policy.d"},
	{".//weir.yaml", "policy.d", "policy.d"},
	{"config/weir.yaml", "policy.d", "config/policy.d"},
	{"./config/weir.yaml", "policy.d", "config/policy.d"},
	{"../weir.yaml", "policy.d", "../policy.d"},
	{"weir.yaml", "/policy.d", "/policy.d"},
};

/* `path` as a single-quoted scalar. */
static void add_scalar(struct weir_buf *out, const char *path)
{
	weir_buf_str(out, "'");
	for (; *path; path++)
		weir_buf_add(out, *path == '\'' ? "''" : path, *path == '\'' ? 2 : 1);
	weir_buf_str(out, "'");
}

START_TEST(paths_are_absolute_from_the_files_folder)
{
	char *cwd = getcwd(NULL, 0);

	ck_assert_ptr_nonnull(cwd);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(paths); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_buf text = {0}, want = {0};
		struct weir_conf *c;

		weir_buf_str(&text, TWO_PORTS ONE_WIRE "policy: [");
		add_scalar(&text, paths[i].path);
		weir_buf_str(&text, "]\nlog: {events: ");
		add_scalar(&text, paths[i].path);
		weir_buf_str(&text, "}\n");
		if (paths[i].want[0] != '/')
			weir_buf_printf(&want, "%s/", strcmp(cwd, "/") == 0 ? "" : cwd);
		weir_buf_str(&want, paths[i].want);
		c = weir_conf_from_text(paths[i].file, bytes_of(text.ptr), r);
		assert_said(r, text.ptr, "");
		ck_assert_str_eq(c->policy[0], want.ptr);
		ck_assert_str_eq(c->event_file, want.ptr);
		weir_conf_destroy(c);
		weir_buf_fini(&text);
		weir_buf_fini(&want);
	}
	free(cwd);
}
END_TEST

START_TEST(lists_of_paths_keep_their_order)
{
	struct weir_conf *c = conf_of(TWO_PORTS ONE_WIRE "policy: [b, a, /c]\n"
							 "rules: { stream: [x, y] }\n",
				      "");

	ck_assert_uint_eq(c->n_policy, 3);
	ck_assert_str_eq(c->policy[0], "/etc/weir/b");
	ck_assert_str_eq(c->policy[1], "/etc/weir/a");
	ck_assert_str_eq(c->policy[2], "/c");
	ck_assert_uint_eq(c->n_stream_rules, 2);
	ck_assert_str_eq(c->stream_rules[0], "/etc/weir/x");
	ck_assert_str_eq(c->stream_rules[1], "/etc/weir/y");
	weir_conf_destroy(c);
}
END_TEST

static const struct said_row refused[] = {
	{"policy: policy.d\n", "t.yaml:3:9: error: policy must be a list, not a value\n"},
	{"policy:\n", "t.yaml:3:8: error: policy is empty: it must be a list\n"},
	{"policy: {a: b}\n", "t.yaml:3:9: error: policy must be a list, not a mapping\n"},
	{"policy: [a, [b]]\n", "t.yaml:3:13: error: a path must be a value, not a list\n"},
	{"policy: [a, ~]\n", "t.yaml:3:13: error: a path is empty: it must be a value\n"},
	{"policy: ['']\n", "t.yaml:3:10: error: a path is an empty path\n"},
	{"policy: [\"a\\nb\"]\n", "t.yaml:3:10: error: a path 'a\\x0ab' has control characters\n"},
	{"policy: [a, b, ./a]\n", "t.yaml:3:16: error: './a' stands twice in the list\n"},
	{"rules: {stream: [a, a]}\n", "t.yaml:3:21: error: 'a' stands twice in the list\n"},
	{"log: {events: }\n", "t.yaml:3:15: error: events is empty: it must be a value\n"},
	{"log: {events: ''}\n", "t.yaml:3:15: error: events is an empty path\n"},
	{"log: {events: [a]}\n", "t.yaml:3:15: error: events must be a value, not a list\n"},
	{"log: {events: \"\\e[2J\"}\n",
	 "t.yaml:3:15: error: events '\\x1b[2J' has control characters\n"},
};

START_TEST(what_cannot_be_a_path_is_refused)
{
	assert_refused(TWO_PORTS ONE_WIRE, refused, WEIR_ARRAY_LEN(refused));
}
END_TEST

START_TEST(a_list_has_at_most_64_paths)
{
	static const struct said_row too_many = {
		", last]\n",
		"t.yaml:3:9: error: policy has 65 paths, 64 are the most: name a folder instead\n"};
	struct weir_buf text = {0}, closed = {0};
	struct weir_conf *c;

	weir_buf_str(&text, TWO_PORTS ONE_WIRE "policy: [p0");
	for (unsigned int i = 1; i < WEIR_CONF_PATHS_MAX; i++)
		weir_buf_printf(&text, ", p%u", i);
	weir_buf_printf(&closed, "%s]\n", text.ptr);
	c = conf_of(closed.ptr, "");
	ck_assert_uint_eq(c->n_policy, WEIR_CONF_PATHS_MAX);
	ck_assert_str_eq(c->policy[63], "/etc/weir/p63");
	weir_conf_destroy(c);
	assert_refused(text.ptr, &too_many, 1);
	weir_buf_fini(&closed);
	weir_buf_fini(&text);
}
END_TEST

Suite *paths_suite(void)
{
	return WEIR_SUITE("conf paths", paths_are_absolute_from_the_files_folder,
			  lists_of_paths_keep_their_order, what_cannot_be_a_path_is_refused,
			  a_list_has_at_most_64_paths);
}
