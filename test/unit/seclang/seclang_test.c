/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of seclang/ share. */
#include "seclang_test.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

Suite *seclang_line_suite(void);
Suite *seclang_target_suite(void);
Suite *seclang_text_suite(void);
Suite *seclang_operator_suite(void);
Suite *seclang_phrases_suite(void);
Suite *seclang_action_suite(void);
Suite *seclang_setvar_suite(void);
Suite *seclang_ctl_suite(void);
Suite *seclang_merge_suite(void);
Suite *seclang_rule_suite(void);
Suite *seclang_update_suite(void);
Suite *seclang_check_suite(void);
Suite *seclang_directive_suite(void);
Suite *seclang_setting_suite(void);
Suite *seclang_unicode_suite(void);
Suite *seclang_read_suite(void);
Suite *seclang_names_suite(void);
Suite *seclang_crs_suite(void);

static char own_folder[64];
static char out_text[65536];
static struct weir_seclang *last;

const char *folder(void)
{
	if (!own_folder[0]) {
		snprintf(own_folder, sizeof(own_folder), "/tmp/weir-seclang.XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(own_folder));
	}
	return own_folder;
}

void write_bytes(const char *name, const char *bytes, size_t len)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder(), name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

void remove_files(void)
{
	DIR *d = opendir(folder());
	struct dirent *e;
	char path[600];

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", folder(), e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	rmdir(folder());
	own_folder[0] = 0;
}

static void take_report(const struct weir_conf_report *r)
{
	struct weir_buf b = {0};
	char name[80];
	const char *from;
	size_t len, n = 0;

	weir_conf_report_text(r, &b);
	len = (size_t)snprintf(name, sizeof(name), "%s/", folder());
	for (from = b.ptr ? b.ptr : ""; *from && n + 1 < sizeof(out_text); from++) {
		if (strncmp(from, name, len) == 0)
			from += len;
		out_text[n++] = *from;
	}
	out_text[n] = 0;
	weir_buf_fini(&b);
}

static struct weir_seclang *read_text(const char *text, bool *all_good)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();
	bool read, finished;

	read = weir_seclang_add_text(s, "t", folder(), weir_bytes_str(text), r);
	finished = weir_seclang_finish(s, r);
	*all_good = read && finished;
	ck_assert_msg(*all_good == (weir_conf_errors(r) == 0), "%s", text);
	take_report(r);
	weir_conf_report_destroy(r);
	return s;
}

const char *said(const char *text)
{
	bool all_good;

	weir_seclang_destroy(read_text(text, &all_good));
	return out_text;
}

struct weir_seclang *good(const char *text)
{
	bool all_good;

	weir_seclang_destroy(last);
	last = read_text(text, &all_good);
	ck_assert_str_eq(out_text, "");
	return last;
}

static void clean(void)
{
	weir_seclang_destroy(last);
	last = NULL;
	if (own_folder[0])
		rmdir(own_folder);
}

uint32_t n_rules(const struct weir_seclang *s)
{
	uint32_t n;

	weir_seclang_rules(s, &n);
	return n;
}

const struct weir_sec_rule *rule_at(const struct weir_seclang *s, uint32_t i)
{
	uint32_t n;
	struct weir_sec_rule *const *r = weir_seclang_rules(s, &n);

	ck_assert_uint_lt(i, n);
	return r[i];
}

const struct weir_sec_rule *only(const char *rest)
{
	char text[4096];

	snprintf(text, sizeof(text), "SecRule %s\n", rest);
	good(text);
	ck_assert_uint_eq(n_rules(last), 1);
	return rule_at(last, 0);
}

const char *targets_text(const struct weir_sec_rule *r)
{
	static const char *const before[] = {"", ":", ":/", ":/*", "://@*"};
	static const char *const behind[] = {"", "", "/", "", ""};
	struct weir_buf b = {0};

	for (uint16_t i = 0; i < r->n_targets; i++) {
		const struct weir_sec_target *t = &r->targets[i];

		weir_buf_printf(&b, "%s%s%s%s%s%.*s%s", i ? "|" : "", t->excluded ? "!" : "",
				t->count ? "&" : "", weir_sec_variable_name(t->variable),
				before[t->selector], (int)t->name.len, (const char *)t->name.ptr,
				behind[t->selector]);
	}
	snprintf(out_text, sizeof(out_text), "%s", b.ptr ? b.ptr : "");
	weir_buf_fini(&b);
	return out_text;
}

const char *text_text(const struct weir_sec_text *t)
{
	struct weir_buf b = {0};

	for (uint16_t i = 0; i < t->n_pieces; i++) {
		const struct weir_sec_piece *p = &t->pieces[i];

		weir_buf_printf(&b, "[%s%s%s%.*s]", p->is_macro ? "%" : "",
				p->is_macro ? weir_sec_variable_name(p->variable) : "",
				p->is_macro && p->text.len ? "." : "", (int)p->text.len,
				(const char *)p->text.ptr);
	}
	snprintf(out_text, sizeof(out_text), "%s", b.ptr ? b.ptr : "");
	weir_buf_fini(&b);
	return out_text;
}

const char *bytes_text(struct weir_bytes b)
{
	snprintf(out_text, sizeof(out_text), "%.*s", (int)b.len, (const char *)b.ptr);
	return out_text;
}

void check_said(const struct said_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(strcmp(said(rows[i].text), rows[i].said) == 0,
			      "%s\nsaid     %s\nexpected %s", rows[i].text, out_text, rows[i].said);
}

static const weir_suite_fn suites[] = {
	seclang_line_suite,      seclang_target_suite,  seclang_text_suite,
	seclang_operator_suite,  seclang_phrases_suite, seclang_action_suite,
	seclang_setvar_suite,    seclang_ctl_suite,     seclang_merge_suite,
	seclang_rule_suite,      seclang_update_suite,  seclang_check_suite,
	seclang_directive_suite, seclang_setting_suite, seclang_unicode_suite,
	seclang_read_suite,      seclang_names_suite,   seclang_crs_suite,
};

int main(void)
{
	int rc = weir_test_run(suites, WEIR_ARRAY_LEN(suites));

	clean();
	return rc;
}
