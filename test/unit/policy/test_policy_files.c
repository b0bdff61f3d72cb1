/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <policy/config_folder.h>

/* A folder of its own a test; what is put in is taken out again. */
struct folder {
	char path[64];
	char made[16][128]; /* in order of making */
	unsigned int n;
};

static struct folder folder_create(void)
{
	struct folder f = {.path = "/tmp/weir-policy-XXXXXX"};

	ck_assert_ptr_nonnull(mkdtemp(f.path));
	return f;
}

static char *note(struct folder *f, const char *name)
{
	struct weir_buf path = {0};

	ck_assert_uint_lt(f->n, 16);
	weir_buf_printf(&path, "%s/%s", f->path, name);
	ck_assert_uint_lt(path.len, sizeof(f->made[0]));
	strcpy(f->made[f->n], path.ptr);
	weir_buf_fini(&path);
	return f->made[f->n++];
}

static void put(struct folder *f, const char *name, const char *text)
{
	FILE *file = fopen(note(f, name), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void make_folder(struct folder *f, const char *name)
{
	ck_assert_int_eq(mkdir(note(f, name), 0700), 0);
}

static void folder_remove(struct folder *f)
{
	while (f->n > 0)
		ck_assert_int_eq(remove(f->made[--f->n]), 0);
	ck_assert_int_eq(rmdir(f->path), 0);
}

static struct loaded load_paths(const char *const *paths, unsigned int n)
{
	struct loaded l = {.names = weir_names_create(), .report = weir_conf_report_create()};

	l.policy = weir_policy_load(paths, n, l.names, l.report);
	weir_buf_str(&l.text, "");
	weir_conf_report_text(l.report, &l.text);
	return l;
}

#define DENY(name) "kind: AccessPolicy\nmetadata: { name: " name " }\nspec: { action: deny }\n"

START_TEST(all_yaml_files_below_a_folder_are_read_in_the_order_of_their_names)
{
	struct folder f = folder_create();
	struct loaded l;

	put(&f, "20.yaml", DENY("twenty"));
	make_folder(&f, "10");
	put(&f, "10/b.yml", DENY("ten-b"));
	put(&f, "10/a.yaml", DENY("ten-a"));
	put(&f, "README.md", "not: [yaml");
	put(&f, ".hidden.yaml", "not: [yaml");
	make_folder(&f, ".git");
	put(&f, ".git/x.yaml", "not: [yaml");
	put(&f, "yaml", "not: [yaml");
	l = load_paths((const char *const[]){f.path}, 1);
	ck_assert_str_eq(l.text.ptr, "");
	ck_assert_uint_eq(weir_policy_size(l.policy).policies, 3);
	check_decides(&l, "10.0.0.1", "10.0.0.2", TCP, 1, "deny ten-a/ policy_deny");
	unload(&l);
	folder_remove(&f);
}
END_TEST

START_TEST(a_file_is_read_whatever_its_name_and_paths_keep_their_order)
{
	struct folder f = folder_create();
	char one[128], two[128];
	struct loaded l;

	put(&f, "b.conf", DENY("b"));
	put(&f, "a.conf", DENY("a"));
	snprintf(one, sizeof(one), "%s", f.made[0]);
	snprintf(two, sizeof(two), "%s", f.made[1]);
	l = load_paths((const char *const[]){one, two}, 2);
	ck_assert_str_eq(l.text.ptr, "");
	check_decides(&l, "10.0.0.1", "10.0.0.2", TCP, 1, "deny b/ policy_deny");
	unload(&l);
	folder_remove(&f);
}
END_TEST

START_TEST(links_to_files_are_followed)
{
	struct folder f = folder_create();
	struct loaded l;

	put(&f, "real", DENY("linked"));
	ck_assert_int_eq(symlink("real", note(&f, "link.yaml")), 0);
	l = load_paths((const char *const[]){f.path}, 1);
	ck_assert_str_eq(l.text.ptr, "");
	check_decides(&l, "10.0.0.1", "10.0.0.2", TCP, 1, "deny linked/ policy_deny");
	unload(&l);
	folder_remove(&f);
}
END_TEST

START_TEST(folders_that_link_in_a_circle_end_with_an_error)
{
	struct folder f = folder_create();
	struct loaded l;

	put(&f, "a.yaml", DENY("a"));
	ck_assert_int_eq(symlink(".", note(&f, "self")), 0);
	l = load_paths((const char *const[]){f.path}, 1);
	ck_assert_ptr_null(l.policy);
	ck_assert_ptr_nonnull(
		strstr(l.text.ptr, "error: cannot be read: folders are nested too deeply"));
	unload(&l);
	folder_remove(&f);
}
END_TEST

START_TEST(what_is_wrong_in_one_of_the_files_is_told_with_the_file)
{
	struct folder f = folder_create();
	char expected[512];
	struct loaded l;

	put(&f, "a.yaml", DENY("same"));
	put(&f, "b.yaml", DENY("same"));
	snprintf(expected, sizeof(expected),
		 "%s/b.yaml:2:19: error: there is already a policy 'same' at %s/a.yaml:2:19\n",
		 f.path, f.path);
	l = load_paths((const char *const[]){f.path}, 1);
	ck_assert_ptr_null(l.policy);
	ck_assert_str_eq(l.text.ptr, expected);
	unload(&l);
	put(&f, "c.yaml", "kind: [\n");
	l = load_paths((const char *const[]){f.path}, 1);
	ck_assert_ptr_null(l.policy);
	ck_assert_ptr_nonnull(strstr(l.text.ptr, "/c.yaml:"));
	unload(&l);
	folder_remove(&f);
}
END_TEST

START_TEST(a_path_that_is_not_there_is_an_error)
{
	struct loaded l = load_paths((const char *const[]){"/nonexistent/policy.d"}, 1);

	ck_assert_ptr_null(l.policy);
	ck_assert_ptr_nonnull(strstr(l.text.ptr, "/nonexistent/policy.d: error: "));
	ck_assert_ptr_nonnull(strstr(l.text.ptr, "No such file or directory"));
	unload(&l);
}
END_TEST

START_TEST(a_folder_without_policy_files_is_warned_of)
{
	struct folder f = folder_create();
	char expected[256];
	struct loaded l = load_paths((const char *const[]){f.path}, 1);

	snprintf(expected, sizeof(expected),
		 "%s: warning: no *.yaml or *.yml file in this folder\n", f.path);
	ck_assert_ptr_nonnull(l.policy);
	ck_assert_msg(strncmp(l.text.ptr, expected, strlen(expected)) == 0, "%s", l.text.ptr);
	unload(&l);
	folder_remove(&f);
}
END_TEST

/* What is shipped must load, and do what it says. The tests run anywhere: the path comes from
 * meson. */
START_TEST(the_shipped_examples_load_without_a_word)
{
	struct loaded l = load_paths((const char *const[]){CONFIG_FOLDER "/policy.d"}, 1);

	ck_assert_str_eq(l.text.ptr, "");
	ck_assert_ptr_nonnull(l.policy);
	ck_assert_uint_gt(weir_policy_size(l.policy).policies, 2);
	unload(&l);
	l = load_paths((const char *const[]){CONFIG_FOLDER "/profiles/allow-all.yaml"}, 1);
	ck_assert_str_eq(l.text.ptr, "");
	check_decides(&l, "10.0.0.1", "192.0.2.2", TCP, 1, "allow default/ none");
	check_decides(&l, "fd00::1", "2001:db8::1", GRE, 0, "allow default/ none");
	ck_assert_uint_eq(weir_policy_defaults(l.policy)->non_ip, WEIR_VERDICT_ALLOW);
	unload(&l);
}
END_TEST

Suite *files_suite(void)
{
	return WEIR_SUITE(
		"policy files", all_yaml_files_below_a_folder_are_read_in_the_order_of_their_names,
		a_file_is_read_whatever_its_name_and_paths_keep_their_order,
		links_to_files_are_followed, folders_that_link_in_a_circle_end_with_an_error,
		what_is_wrong_in_one_of_the_files_is_told_with_the_file,
		a_path_that_is_not_there_is_an_error, a_folder_without_policy_files_is_warned_of,
		the_shipped_examples_load_without_a_word);
}
