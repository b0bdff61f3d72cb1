/* SPDX-License-Identifier: BSD-3-Clause */
/* Cache folders: a file is there whole or not at all, whoever writes, and whatever befell it. */
#include "base_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char folder[40];
	struct weir_cache cache;
};

static void place_init(struct place *p)
{
	snprintf(p->folder, sizeof(p->folder), "/tmp/weir-cache.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->folder));
	p->cache = (struct weir_cache){.folder = p->folder, .begin = "kind", .end = ".db"};
}

/* Tells how many files there were. */
static unsigned int place_fini(struct place *p)
{
	DIR *d = opendir(p->folder);
	unsigned int n = 0;
	char path[512];

	for (struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", p->folder, e->d_name);
		n += unlink(path) == 0;
	}
	closedir(d);
	ck_assert_int_eq(rmdir(p->folder), 0);
	return n;
}

static struct weir_cache_key key_of(const char *text)
{
	struct weir_cache_key key = {{0}};

	weir_cache_key_add(&key, weir_bytes_str(text));
	return key;
}

static void path_of(const struct place *p, const struct weir_cache_key *key, char path[128])
{
	snprintf(path, 128, "%s/kind-%016llx%016llx.db", p->folder,
		 (unsigned long long)key->half[0], (unsigned long long)key->half[1]);
}

static void put(const struct place *p, const char *key_text, const char *body)
{
	struct weir_cache_key key = key_of(key_text);

	ck_assert_int_eq(weir_cache_write(&p->cache, &key, weir_bytes_str(body)), 0);
}

/* What reading says; the body must be `body` when it is 0. */
static int get(const struct place *p, const char *key_text, const char *body)
{
	struct weir_cache_key key = key_of(key_text);
	struct weir_bytes out;
	int rc = weir_cache_read(&p->cache, &key, &out);

	ck_assert_int_eq(out.ptr == NULL, rc != 0);
	if (!rc)
		ck_assert(weir_bytes_is(out, body));
	free((void *)(uintptr_t)out.ptr);
	return rc;
}

START_TEST(a_body_of_any_size_comes_back)
{
	static const size_t sizes[] = {1, 7, 8, 511, 512, 513, 1024, 100001};
	static uint8_t body[100001];
	struct weir_bytes out;
	struct place p;

	place_init(&p);
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(sizes); i++) {
		struct weir_cache_key key = {{i, 0}};
		struct weir_bytes in = weir_bytes_of(body, sizes[i]);

		ck_assert_int_eq(weir_cache_read(&p.cache, &key, &out), -WEIR_ENOTFOUND);
		ck_assert_int_eq(weir_cache_write(&p.cache, &key, in), 0);
		ck_assert_int_eq(weir_cache_read(&p.cache, &key, &out), 0);
		ck_assert(weir_bytes_equal(in, out));
		free((void *)(uintptr_t)out.ptr);
	}
	ck_assert_uint_eq(place_fini(&p), WEIR_ARRAY_LEN(sizes));
}
END_TEST

START_TEST(parts_of_a_key_are_kept_apart)
{
	static const char *const parts[][3] = {
		{"", NULL},       {"", "", NULL},   {"ab", NULL},     {"a", "b", NULL},
		{"b", "a", NULL}, {"", "ab", NULL}, {"ab", "", NULL},
	};
	struct weir_cache_key key[WEIR_ARRAY_LEN(parts)] = {{{0}}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(parts); i++) {
		for (size_t k = 0; k < 3 && parts[i][k]; k++)
			weir_cache_key_add(&key[i], weir_bytes_str(parts[i][k]));
		for (size_t k = 0; k < i; k++) {
			ck_assert_uint_ne(key[i].half[0], key[k].half[0]);
			ck_assert_uint_ne(key[i].half[1], key[k].half[1]);
		}
	}
}
END_TEST

static void write_at(const char *path, off_t at, uint8_t byte)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static uint8_t read_at(const char *path, off_t at)
{
	int fd = open(path, O_RDONLY);
	uint8_t byte;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	close(fd);
	return byte;
}

static off_t size_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

START_TEST(a_file_with_any_byte_changed_is_not_read)
{
	struct weir_cache_key key = key_of("a");
	struct place p;
	char path[128];
	off_t size;

	place_init(&p);
	put(&p, "a", "the body");
	path_of(&p, &key, path);
	size = size_of(path);
	for (off_t i = 0; i < size; i++) {
		uint8_t byte = read_at(path, i);

		for (unsigned int bit = 0; bit < 8; bit++) {
			write_at(path, i, (uint8_t)(byte ^ 1U << bit));
			ck_assert_int_eq(get(&p, "a", ""), -WEIR_EFORMAT);
		}
		write_at(path, i, byte);
		ck_assert_int_eq(get(&p, "a", "the body"), 0);
	}
	place_fini(&p);
}
END_TEST

START_TEST(a_file_of_another_length_is_not_read)
{
	struct weir_cache_key key = key_of("a");
	struct place p;
	char path[128];
	off_t size;

	place_init(&p);
	put(&p, "a", "the body");
	path_of(&p, &key, path);
	size = size_of(path);
	ck_assert_int_eq(truncate(path, size + 1), 0);
	ck_assert_int_eq(get(&p, "a", ""), -WEIR_EFORMAT);
	for (off_t len = size; len-- > 0;) {
		ck_assert_int_eq(truncate(path, len), 0);
		ck_assert_int_eq(get(&p, "a", ""), -WEIR_EFORMAT);
	}
	place_fini(&p);
}
END_TEST

START_TEST(a_file_under_the_name_of_another_is_not_read)
{
	struct weir_cache_key a = key_of("a"), b = key_of("b");
	char from[128], to[128];
	struct place p;

	place_init(&p);
	put(&p, "a", "of a");
	path_of(&p, &a, from);
	path_of(&p, &b, to);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(get(&p, "b", ""), -WEIR_EFORMAT);
	ck_assert_int_eq(get(&p, "a", ""), -WEIR_ENOTFOUND);
	place_fini(&p);
}
END_TEST

START_TEST(what_others_may_write_and_what_is_no_file_is_not_read)
{
	struct weir_cache_key key = key_of("a");
	char path[128], other[160];
	struct place p;

	place_init(&p);
	put(&p, "a", "mine");
	path_of(&p, &key, path);
	ck_assert_int_eq(chmod(path, 0620), 0);
	ck_assert_int_eq(get(&p, "a", ""), -WEIR_EPERM);
	ck_assert_int_eq(chmod(path, 0602), 0);
	ck_assert_int_eq(get(&p, "a", ""), -WEIR_EPERM);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(get(&p, "a", "mine"), 0);
	snprintf(other, sizeof(other), "%s.moved", path);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(get(&p, "a", ""), -WEIR_EIO);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(get(&p, "a", ""), -WEIR_EPERM);
	place_fini(&p);
}
END_TEST

START_TEST(a_link_is_replaced_and_not_written_through)
{
	struct weir_cache_key key = key_of("a");
	char path[128], victim[160];
	struct place p;
	struct stat st;

	place_init(&p);
	path_of(&p, &key, path);
	snprintf(victim, sizeof(victim), "%s/victim", p.folder);
	ck_assert_int_eq(symlink(victim, path), 0);
	put(&p, "a", "body");
	ck_assert_int_eq(get(&p, "a", "body"), 0);
	ck_assert_int_ne(stat(victim, &st), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(place_fini(&p), 1);
}
END_TEST

static void set_age(const struct place *p, const char *key_text, time_t age)
{
	struct timespec times[2] = {{.tv_sec = 1000000000 - age}, {.tv_sec = 1000000000 - age}};
	struct weir_cache_key key = key_of(key_text);
	char path[128];

	path_of(p, &key, path);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void make_file(const struct place *p, const char *name)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", p->folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
}

START_TEST(the_oldest_go_and_files_of_others_stay)
{
	static const char *const strangers[] = {"kind",
						"kind-",
						"kind-0123.db",
						"kinds-00000000000000000000000000000000.db",
						"other-00000000000000000000000000000000.db",
						"README"};
	struct place p;
	char text[8];

	place_init(&p);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(strangers); i++)
		make_file(&p, strangers[i]);
	for (int i = 0; i < WEIR_CACHE_FILES + 4; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put(&p, text, text);
		/* The first ones are the newest. */
		set_age(&p, text, i);
	}
	for (int i = 0; i < WEIR_CACHE_FILES + 4; i++) {
		bool stays = i < WEIR_CACHE_FILES - 1 || i == WEIR_CACHE_FILES + 3;

		snprintf(text, sizeof(text), "%d", i);
		ck_assert_int_eq(get(&p, text, text), stays ? 0 : -WEIR_ENOTFOUND);
	}
	ck_assert_uint_eq(place_fini(&p), WEIR_CACHE_FILES + WEIR_ARRAY_LEN(strangers));
}
END_TEST

START_TEST(what_is_asked_for_is_not_old)
{
	struct place p;
	char text[8];

	place_init(&p);
	for (int i = 0; i < WEIR_CACHE_FILES; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put(&p, text, text);
		set_age(&p, text, 100 - i);
	}
	ck_assert_int_eq(get(&p, "0", "0"), 0);
	put(&p, "new", "new");
	ck_assert_int_eq(get(&p, "0", "0"), 0);
	ck_assert_int_eq(get(&p, "1", "1"), -WEIR_ENOTFOUND);
	ck_assert_int_eq(get(&p, "2", "2"), 0);
	place_fini(&p);
}
END_TEST

START_TEST(what_writers_left_behind_goes_with_the_oldest)
{
	struct place p;
	char name[80];

	place_init(&p);
	for (int i = 0; i < 3 * WEIR_CACHE_FILES; i++) {
		snprintf(name, sizeof(name), "kind-%032d.db.a%05d", i, i);
		make_file(&p, name);
	}
	put(&p, "a", "body");
	ck_assert_int_eq(get(&p, "a", "body"), 0);
	ck_assert_uint_eq(place_fini(&p), WEIR_CACHE_FILES);
}
END_TEST

static void newest_is(const struct place *p, int rc, const char *body)
{
	struct weir_bytes out;

	ck_assert_int_eq(weir_cache_read_newest(&p->cache, &out), rc);
	if (!rc)
		ck_assert(weir_bytes_is(out, body));
	free((void *)(uintptr_t)out.ptr);
}

START_TEST(the_newest_that_is_whole_is_found)
{
	struct weir_cache_key key = key_of("b");
	char path[128];
	struct place p;

	place_init(&p);
	newest_is(&p, -WEIR_ENOTFOUND, "");
	put(&p, "a", "of a");
	put(&p, "b", "of b");
	put(&p, "c", "of c");
	make_file(&p, "kind-00000000000000000000000000000000.db.tmp123");
	set_age(&p, "a", 2);
	set_age(&p, "b", 1);
	set_age(&p, "c", 3);
	newest_is(&p, 0, "of b");
	path_of(&p, &key, path);
	write_at(path, 0, 'X');
	set_age(&p, "b", 1);
	newest_is(&p, 0, "of a");
	place_fini(&p);
}
END_TEST

START_TEST(a_folder_is_made_but_not_its_parents)
{
	static const char *const folders[] = {"/proc/weir", "/dev/null/x", "/nonexistent/a/b"};
	struct weir_cache_key key = key_of("a");
	struct weir_bytes out, body = weir_bytes_str("body");
	struct place p;
	char inner[64];

	place_init(&p);
	snprintf(inner, sizeof(inner), "%s/inner", p.folder);
	p.cache.folder = inner;
	ck_assert_int_eq(weir_cache_write(&p.cache, &key, body), 0);
	ck_assert_int_eq(weir_cache_read(&p.cache, &key, &out), 0);
	free((void *)(uintptr_t)out.ptr);
	memcpy(p.folder + strlen(p.folder), "/inner", 7);
	place_fini(&p);
	p.folder[strlen(p.folder) - 6] = 0;
	place_fini(&p);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(folders); i++) {
		p.cache.folder = folders[i];
		ck_assert_int_eq(weir_cache_write(&p.cache, &key, body), -WEIR_EIO);
		ck_assert_int_lt(weir_cache_read(&p.cache, &key, &out), 0);
		newest_is(&p, -WEIR_ENOTFOUND, "");
	}
}
END_TEST

START_TEST(an_empty_body_and_a_huge_one_are_refused)
{
	struct weir_cache_key key = key_of("a");
	struct place p;

	place_init(&p);
	ck_assert_int_eq(weir_cache_write(&p.cache, &key, weir_bytes_of("", 0)), -WEIR_EINVAL);
	ck_assert_int_eq(weir_cache_write(&p.cache, &key, weir_bytes_of("", (256UL << 20) + 1)),
			 -WEIR_EINVAL);
	ck_assert_uint_eq(place_fini(&p), 0);
}
END_TEST

/* ---- several at once ---- */

#define WRITERS 4
#define ROUNDS  50
#define BODY    20000

struct writer {
	const struct weir_cache *cache;
	uint8_t body[BODY];
	unsigned int failed;
};

static void *write_often(void *context)
{
	struct weir_cache_key key = key_of("shared");
	struct writer *w = context;

	for (unsigned int i = 0; i < ROUNDS; i++)
		w->failed += weir_cache_write(w->cache, &key, weir_bytes_of(w->body, BODY)) != 0;
	return NULL;
}

/* All of it by one writer. */
static bool is_of_one(struct weir_bytes b)
{
	for (size_t i = 1; i < b.len; i++)
		if (b.ptr[i] != b.ptr[0])
			return false;
	return b.len == BODY;
}

START_TEST(writers_at_once_leave_one_whole_file)
{
	struct weir_cache_key key = key_of("shared");
	static struct writer w[WRITERS];
	pthread_t thread[WRITERS];
	struct weir_bytes out;
	struct place p;

	place_init(&p);
	for (unsigned int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){.cache = &p.cache};
		memset(w[i].body, (int)('a' + i), BODY);
		ck_assert_int_eq(pthread_create(&thread[i], NULL, write_often, &w[i]), 0);
	}
	for (unsigned int i = 0; i < ROUNDS; i++) {
		int rc = weir_cache_read(&p.cache, &key, &out);

		ck_assert(rc == -WEIR_ENOTFOUND || (rc == 0 && is_of_one(out)));
		free((void *)(uintptr_t)out.ptr);
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		pthread_join(thread[i], NULL);
		ck_assert_uint_eq(w[i].failed, 0);
	}
	ck_assert_uint_eq(place_fini(&p), 1);
}
END_TEST

Suite *cache_suite(void)
{
	return WEIR_SUITE(
		"cache", a_body_of_any_size_comes_back, parts_of_a_key_are_kept_apart,
		a_file_with_any_byte_changed_is_not_read, a_file_of_another_length_is_not_read,
		a_file_under_the_name_of_another_is_not_read,
		what_others_may_write_and_what_is_no_file_is_not_read,
		a_link_is_replaced_and_not_written_through, the_oldest_go_and_files_of_others_stay,
		what_is_asked_for_is_not_old, what_writers_left_behind_goes_with_the_oldest,
		the_newest_that_is_whole_is_found, a_folder_is_made_but_not_its_parents,
		an_empty_body_and_a_huge_one_are_refused, writers_at_once_leave_one_whole_file);
}
