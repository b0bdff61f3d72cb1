/* SPDX-License-Identifier: BSD-3-Clause */
#include "scan_test.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static char path[64];
static struct weir_names *all_names;

const char *folder(void)
{
	if (!path[0]) {
		snprintf(path, sizeof(path), "/tmp/weir-scan.XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(path));
	}
	return path;
}

struct weir_names *names(void)
{
	if (!all_names)
		all_names = weir_names_create();
	return all_names;
}

void write_bytes(const char *name, const char *bytes, size_t len)
{
	char full[128];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", folder(), name);
	f = fopen(full, "w");
	ck_assert_ptr_nonnull(f);
	fwrite(bytes, 1, len, f);
	fclose(f);
}

void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

void remove_files(void)
{
	DIR *d = opendir(folder());
	struct dirent *e;
	char full[512];

	while ((e = readdir(d))) {
		snprintf(full, sizeof(full), "%s/%s", folder(), e->d_name);
		unlink(full);
	}
	closedir(d);
}

/* Without the folder, whose name is another one each time. */
static void strip_folder(char *text)
{
	size_t len = strlen(folder()) + 1;
	char *at;

	while ((at = strstr(text, folder())))
		memmove(at, at + len, strlen(at + len) + 1);
}

struct weir_scan_db *load_said(const struct load *how, const char *said)
{
	const char *paths[] = {how->path ? how->path : folder()};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_scan_cfg cfg = {
		.paths = paths,
		.n_paths = 1,
		.cache = how->cache,
		.n_workers = how->workers ? how->workers : 1,
		.streams = how->streams ? how->streams : 8,
		.names = names(),
	};
	struct weir_scan_db *db;
	struct weir_buf text = {0};
	int error = weir_scan_load(&cfg, r, &db);

	weir_buf_str(&text, "");
	weir_conf_report_text(r, &text);
	strip_folder(text.ptr);
	ck_assert_str_eq(text.ptr, said);
	ck_assert_int_eq(error, weir_conf_errors(r) ? -WEIR_EFORMAT : 0);
	ck_assert(!error || !db);
	weir_buf_fini(&text);
	weir_conf_report_destroy(r);
	return db;
}

struct weir_scan_db *db_of(const char *patterns, const char *sidecar)
{
	remove_files();
	write_file("a.hs", patterns);
	if (sidecar)
		write_file("a.yaml", sidecar);
	return load_said(&(struct load){0}, "");
}

void put(struct weir_scan_db *db)
{
	ck_assert(weir_scan_db_put(db));
}

Suite *scan_rules_suite(void);
Suite *scan_stream_suite(void);
Suite *scan_set_suite(void);

int main(void)
{
	static const weir_suite_fn suites[] = {scan_rules_suite, scan_stream_suite, scan_set_suite};
	int failed = weir_test_run(suites, WEIR_ARRAY_LEN(suites));

	remove_files();
	rmdir(folder());
	weir_names_destroy(all_names);
	return failed;
}
