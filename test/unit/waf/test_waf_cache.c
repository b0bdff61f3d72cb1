/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs out of the cache: the same as those that were compiled, and never out of what is
 * damaged, of other rules, or of another build. */
#include <waf_cache.h>
#include <waf_op_impl.h>
#include <weir_waf.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../app/waf/tool_waf.h"
#include "waf_test.h"

/* Two equal sets of phrases, conditions of all kinds, a response. */
static const char rules[] =
	"SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n"
	"SecAction \"id:1,phase:1,nolog,pass,setvar:tx.blocking_paranoia_level=1\"\n"
	"SecRule ARGS \"@rx (?i)union\\s+(?:all\\s+)?select|sleep\\s*\\(\" "
	"\"id:10,phase:2,deny,t:urlDecodeUni\"\n"
	"SecRule ARGS|REQUEST_HEADERS \"@rx <script[^>]*>|javascript:\" \"id:11,phase:2,deny\"\n"
	"SecRule ARGS \"@rx ^[0-9]{3,}'\" \"id:12,phase:2,pass,log\"\n"
	"SecRule ARGS \"@pm /etc/passwd cmd.exe boot.ini\" \"id:13,phase:2,deny\"\n"
	"SecRule REQUEST_HEADERS:User-Agent \"@pm cmd.exe BOOT.INI /etc/passwd\" "
	"\"id:14,phase:1,deny\"\n"
	"SecRule ARGS \"@rx (?!)x\" \"id:15,phase:2,deny\"\n"
	"SecRule TX:blocking_paranoia_level \"@lt 2\" "
	"\"id:16,phase:2,pass,nolog,skipAfter:END\"\n"
	"SecRule ARGS \"@rx [;|`]\\s*(?:cat|ls|id)\\b\" \"id:17,phase:2,deny\"\n"
	"SecMarker END\n"
	"SecRule RESPONSE_BODY \"@pm ORA-0 mysql_fetch\" \"id:18,phase:4,deny\"\n";

static const char *const requests[] = {
	"GET /?a=1 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /?a=1%20UNION%20select%202 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /?a=sleep(5)&b=/ETC/passwd HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /?a=%3Cscript%3E HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: boot.ini\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\nReferer: javascript:1\r\n\r\n",
	"GET /?a=123' HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET /?a=;cat HTTP/1.1\r\nHost: h\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n"
	"Content-Type: application/x-www-form-urlencoded\r\n\r\na=cmd.exe&b",
};
static const char response[] =
	"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n"
	"ora-00001";

/* ---- programs ---- */

struct asked {
	const char *rules; /* NULL: those above */
	struct weir_waf_options options;
};

static struct weir_waf *create(const struct asked *a)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();
	struct weir_waf *w;

	ck_assert(weir_seclang_add_text(s, "test", "/", weir_bytes_str(a->rules ? a->rules : rules),
					r));
	ck_assert(weir_seclang_finish(s, r));
	w = weir_waf_create(s, &a->options, r);
	ck_assert_ptr_nonnull(w);
	weir_conf_report_destroy(r);
	return w;
}

static bool is_cached(const struct asked *a)
{
	struct weir_waf *w = create(a);
	struct weir_waf_info info;

	weir_waf_info(w, &info);
	weir_waf_destroy(w);
	return info.cached;
}

/* ---- a folder ---- */

static char folder[] = "/tmp/weir-waf-cache.XXXXXX";
static bool made; /* its name may end with an X by chance */

static const char *empty_folder(void)
{
	char path[512];
	DIR *d;

	if (!made)
		ck_assert_ptr_nonnull(mkdtemp(folder));
	made = true;
	d = opendir(folder);
	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		unlink(path);
	}
	closedir(d);
	return folder;
}

/* The only file there. */
static void file_path(char path[512])
{
	DIR *d = opendir(folder);
	unsigned int n = 0;

	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, 512, "%s/%s", folder, e->d_name);
		n++;
	}
	closedir(d);
	ck_assert_uint_eq(n, 1);
}

START_TEST(the_folder_goes)
{
	ck_assert_int_eq(rmdir(empty_folder()), 0);
}
END_TEST

/* ---- the same as before ---- */

static void tell(const struct weir_waf_result *r, struct weir_buf *out)
{
	weir_buf_printf(out, "%d %u %u by %u:", r->verdict, r->status, r->phase, r->rule);
	for (uint32_t i = 0; i < r->n_matches; i++) {
		weir_buf_printf(out, " %u ", r->matches[i].id);
		weir_buf_add(out, r->matches[i].target.ptr, r->matches[i].target.len);
	}
	weir_buf_str(out, "\n");
}

/* What all requests come to. */
static void run_all(const struct asked *a, bool cached, struct weir_buf *out)
{
	struct weir_waf *w = create(a);
	struct weir_waf_info info;
	struct tool_engine *e;

	weir_waf_info(w, &info);
	ck_assert_int_eq(info.cached, cached);
	e = tool_engine_create(w);
	ck_assert_ptr_nonnull(e);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(requests); i++) {
		struct tool_exchange x = {.request = weir_bytes_str(requests[i]),
					  .response = weir_bytes_str(response),
					  .has_response = i == 0,
					  .begin = {.id = i + 1}};
		struct weir_waf_result r;
		struct tool_outcome o;

		tool_exchange_run(e, &x, &o);
		ck_assert_ptr_nonnull(o.tx);
		weir_waf_tx_result(o.tx, &r);
		tell(&r, out);
		weir_waf_tx_destroy(o.tx);
	}
	tool_engine_destroy(e);
}

START_TEST(a_cached_program_judges_as_a_compiled_one)
{
	static const uint8_t levels[] = {0, 2};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(levels); i++) {
		struct asked a = {.options = {.paranoia = levels[i]}};
		struct weir_buf none = {0}, cold = {0}, warm = {0};

		run_all(&a, false, &none);
		a.options.cache = empty_folder();
		run_all(&a, false, &cold);
		run_all(&a, true, &warm);
		ck_assert_str_eq(none.ptr, cold.ptr);
		ck_assert_str_eq(none.ptr, warm.ptr);
		/* Rules of all kinds took part. */
		ck_assert_ptr_nonnull(strstr(warm.ptr, "by 10:"));
		ck_assert_ptr_nonnull(strstr(warm.ptr, "by 13:"));
		ck_assert_ptr_nonnull(strstr(warm.ptr, "by 14:"));
		ck_assert_ptr_nonnull(strstr(warm.ptr, "by 18:"));
		ck_assert_int_eq(strstr(warm.ptr, "by 17:") != NULL, levels[i] == 2);
		weir_buf_fini(&none);
		weir_buf_fini(&cold);
		weir_buf_fini(&warm);
	}
}
END_TEST

/* ---- other rules, other options ---- */

#define ONE_RULE     "SecRule ARGS \"@rx ab+cd\" \"id:1,phase:2,deny\"\n"
#define OTHER_RULE   "SecRule ARGS \"@rx ab+ce\" \"id:1,phase:2,deny\"\n"
#define PHRASES      "SecRule ARGS \"@pm alpha beta\" \"id:2,phase:2,deny\"\n"
#define MORE_PHRASES "SecRule ARGS \"@pm alpha beta gamma\" \"id:2,phase:2,deny\"\n"

static const struct {
	const char *rules;
	struct weir_waf_options options;
	bool cached; /* in this order */
} changes[] = {
	{ONE_RULE PHRASES, {0}, false},
	{ONE_RULE PHRASES, {0}, true},
	/* Nothing has to be made anew. */
	{ONE_RULE PHRASES, {.mode = WEIR_WAF_DETECT}, true},
	{ONE_RULE PHRASES, {.no_prefilter = true}, true},
	{OTHER_RULE PHRASES, {0}, false},
	{OTHER_RULE PHRASES, {0}, true},
	{OTHER_RULE MORE_PHRASES, {0}, false},
	{OTHER_RULE MORE_PHRASES, {0}, true},
	{ONE_RULE PHRASES, {0}, true},
	/* One rule less: what the rest needs is not the screen of both. */
	{ONE_RULE PHRASES,
	 {.overrides = &(struct weir_waf_override){2, 2, WEIR_WAF_OFF}, .n_overrides = 1},
	 false},
	{ONE_RULE PHRASES,
	 {.overrides = &(struct weir_waf_override){2, 2, WEIR_WAF_OFF}, .n_overrides = 1},
	 true},
	{ONE_RULE PHRASES, {0}, true},
};

START_TEST(other_rules_and_options_are_compiled)
{
	empty_folder();
	for (size_t i = 0; i < WEIR_ARRAY_LEN(changes); i++) {
		struct asked a = {changes[i].rules, changes[i].options};

		a.options.cache = folder;
		ck_assert_msg(is_cached(&a) == changes[i].cached, "change %zu", i);
	}
}
END_TEST

START_TEST(the_folder_has_no_more_files_than_it_may)
{
	struct asked a = {.options = {.cache = empty_folder()}};
	char text[128];
	unsigned int n = 0;
	DIR *d;

	a.rules = text;
	for (unsigned int i = 0; i < WEIR_CACHE_FILES + 5; i++) {
		snprintf(text, sizeof(text), "SecRule ARGS \"@streq x%u\" \"id:1,phase:2,deny\"\n",
			 i);
		is_cached(&a);
	}
	d = opendir(folder);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	ck_assert_uint_eq(n, WEIR_CACHE_FILES);
}
END_TEST

START_TEST(without_a_folder_to_write_programs_are_compiled)
{
	static const char *const folders[] = {"/proc/weir", "/dev/null/x"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(folders); i++) {
		struct asked a = {.options = {.cache = folders[i]}};

		ck_assert(!is_cached(&a));
		ck_assert(!is_cached(&a));
	}
}
END_TEST

START_TEST(without_a_cache_nothing_is_cached)
{
	struct asked a = {0};

	ck_assert(!is_cached(&a));
	/* Not even what needed nothing. */
	a.rules = "SecAction \"id:1,phase:1,pass\"\n";
	ck_assert(!is_cached(&a));
}
END_TEST

/* ---- damage ---- */

#define FLIPS 150

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

START_TEST(a_damaged_file_is_made_anew)
{
	struct asked a = {.rules = ONE_RULE PHRASES, .options = {.cache = empty_folder()}};
	struct stat st;
	char path[512];
	off_t at = 0;

	ck_assert(!is_cached(&a));
	file_path(path);
	ck_assert_int_eq(stat(path, &st), 0);
	while (at < st.st_size) {
		flip(path, at);
		ck_assert_msg(!is_cached(&a), "byte %ld", (long)at);
		ck_assert(is_cached(&a));
		/* Each of the first ones, where the lengths stand. */
		at += at < 100 ? 1 : 1 + st.st_size / FLIPS;
	}
}
END_TEST

START_TEST(a_file_that_is_cut_is_made_anew)
{
	struct asked a = {.rules = ONE_RULE PHRASES, .options = {.cache = empty_folder()}};
	struct stat st;
	char path[512];

	ck_assert(!is_cached(&a));
	file_path(path);
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t len = 0; len < st.st_size; len += 1 + st.st_size / FLIPS) {
		ck_assert_int_eq(truncate(path, len), 0);
		ck_assert(!is_cached(&a));
		ck_assert(is_cached(&a));
	}
}
END_TEST

/* ---- several at once ---- */

#define CREATORS 4

static void *create_often(void *context)
{
	for (unsigned int i = 0; i < 8; i++)
		weir_waf_destroy(create(context));
	return NULL;
}

START_TEST(creators_at_once_leave_one_good_file)
{
	struct asked a = {.rules = ONE_RULE PHRASES, .options = {.cache = empty_folder()}};
	pthread_t thread[CREATORS];
	char path[512];

	for (unsigned int i = 0; i < CREATORS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, create_often, &a), 0);
	for (unsigned int i = 0; i < CREATORS; i++)
		pthread_join(thread[i], NULL);
	ck_assert(is_cached(&a));
	file_path(path);
}
END_TEST

/* ---- records ---- */

static const struct weir_cache_key key_one = {{1, 2}}, key_two = {{3, 4}};

static struct weir_bytes get(struct waf_cache *c, const struct weir_cache_key *key)
{
	return waf_cache_get(c, WAF_RECORD_NEED, key);
}

START_TEST(records_are_found_by_kind_and_key)
{
	struct waf_cache *c = waf_cache_open(NULL, &key_one);

	ck_assert_ptr_null(get(c, &key_one).ptr);
	ck_assert_uint_eq(waf_cache_made(c), 0);
	waf_cache_put(c, WAF_RECORD_NEED, &key_one, weir_bytes_str("first"));
	waf_cache_put(c, WAF_RECORD_NEED, &key_two, weir_bytes_str("second"));
	ck_assert_uint_eq(waf_cache_made(c), 2);
	ck_assert(weir_bytes_is(get(c, &key_one), "first"));
	ck_assert(weir_bytes_is(get(c, &key_two), "second"));
	ck_assert_ptr_null(waf_cache_get(c, WAF_RECORD_DATABASE, &key_one).ptr);
	waf_cache_put(c, WAF_RECORD_NEED, &key_one, weir_bytes_str("better"));
	ck_assert(weir_bytes_is(get(c, &key_one), "better"));
	waf_cache_discard(c);
}
END_TEST

START_TEST(what_was_not_asked_for_is_not_written_again)
{
	struct weir_cache_key programs[3] = {{{1}}, {{2}}, {{3}}};
	struct waf_cache *c = waf_cache_open(empty_folder(), &programs[0]);

	waf_cache_put(c, WAF_RECORD_NEED, &key_one, weir_bytes_str("first"));
	waf_cache_put(c, WAF_RECORD_NEED, &key_two, weir_bytes_str("second"));
	waf_cache_close(c);
	/* Of another program, with what that of before has left. */
	c = waf_cache_open(folder, &programs[1]);
	ck_assert(weir_bytes_is(get(c, &key_two), "second"));
	ck_assert_uint_eq(waf_cache_made(c), 0);
	waf_cache_close(c);
	c = waf_cache_open(folder, &programs[1]);
	ck_assert_ptr_null(get(c, &key_one).ptr);
	ck_assert(weir_bytes_is(get(c, &key_two), "second"));
	waf_cache_discard(c);
	c = waf_cache_open(folder, &programs[0]);
	ck_assert(weir_bytes_is(get(c, &key_one), "first"));
	waf_cache_discard(c);
}
END_TEST

/* What a file of ours has behind its header. */
static struct weir_bytes body_of_file(void)
{
	char path[512];
	struct stat st;
	uint8_t *body;
	FILE *f;

	file_path(path);
	ck_assert_int_eq(stat(path, &st), 0);
	body = malloc((size_t)st.st_size - 40);
	f = fopen(path, "rb");
	ck_assert_int_eq(fseek(f, 40, SEEK_SET), 0);
	ck_assert_uint_eq(fread(body, 1, (size_t)st.st_size - 40, f), (size_t)st.st_size - 40);
	fclose(f);
	return weir_bytes_of(body, (size_t)st.st_size - 40);
}

static struct weir_bytes copy_of(struct weir_bytes b, size_t len)
{
	uint8_t *at = malloc(len ? len : 1);

	memcpy(at, b.ptr, len);
	return weir_bytes_of(at, len);
}

START_TEST(a_body_that_is_cut_has_its_first_records_only)
{
	struct waf_cache *c = waf_cache_open(empty_folder(), &key_one);
	struct weir_bytes body;

	waf_cache_put(c, WAF_RECORD_NEED, &key_one, weir_bytes_str("first"));
	waf_cache_put(c, WAF_RECORD_NEED, &key_two, weir_bytes_str("second"));
	waf_cache_close(c);
	body = body_of_file();
	ck_assert_uint_eq(body.len, 16 + 2 * (24 + 8));
	c = waf_cache_open(NULL, &key_one);
	for (size_t len = 0; len <= body.len; len++) {
		ck_assert_int_eq(waf_cache_load(c, copy_of(body, len)), len >= 16);
		ck_assert_int_eq(get(c, &key_one).ptr != NULL, len >= 16 + 32);
		ck_assert_int_eq(get(c, &key_two).ptr != NULL, len >= 16 + 64);
	}
	waf_cache_discard(c);
	free((void *)(uintptr_t)body.ptr);
}
END_TEST

START_TEST(records_of_another_build_are_not_taken)
{
	struct waf_cache *c = waf_cache_open(empty_folder(), &key_one);
	struct weir_bytes body;

	waf_cache_put(c, WAF_RECORD_NEED, &key_one, weir_bytes_str("first"));
	waf_cache_close(c);
	body = body_of_file();
	c = waf_cache_open(NULL, &key_one);
	for (size_t i = 0; i < 16; i++) {
		struct weir_bytes other = copy_of(body, body.len);

		((uint8_t *)(uintptr_t)other.ptr)[i] ^= 1;
		ck_assert(!waf_cache_load(c, other));
		ck_assert_ptr_null(get(c, &key_one).ptr);
	}
	ck_assert(waf_cache_load(c, body));
	ck_assert_ptr_nonnull(get(c, &key_one).ptr);
	waf_cache_discard(c);
}
END_TEST

/* ---- conditions as bytes ---- */

static void need_of(const char *pattern, struct weir_arena *a, struct waf_need *need)
{
	weir_arena_init(a, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(waf_need_of_regex(weir_bytes_str(pattern), false, 40, a, need), 0);
}

static const char *const need_patterns[] = {"(?i)union\\s+select|insert\\s+into",
					    "['\"`;]\\s*or",
					    "(?!)",
					    "",
					    "a\\x00b[\\xf0-\\xff]",
					    "busybox|'",
					    "[0-9]{3,7}<"};

START_TEST(conditions_come_back_as_they_were)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(need_patterns); i++) {
		struct weir_buf first = {0}, again = {0};
		struct waf_need need, back;
		struct weir_arena a;

		need_of(need_patterns[i], &a, &need);
		waf_need_write(&need, &first);
		ck_assert(waf_need_read(weir_bytes_of(first.ptr, first.len), &a, &back));
		waf_need_write(&back, &again);
		ck_assert_uint_eq(first.len, again.len);
		ck_assert_mem_eq(first.ptr, again.ptr, first.len);
		ck_assert_int_eq(need.never, back.never);
		ck_assert_uint_eq(need.min_len, back.min_len);
		weir_buf_fini(&first);
		weir_buf_fini(&again);
		weir_arena_reset(&a);
	}
}
END_TEST

/* What is taken says what was read, and is fit to be asked. */
static void read_any(struct weir_bytes bytes, struct weir_arena *a)
{
	struct weir_bytes exact = copy_of(bytes, bytes.len);
	struct weir_buf again = {0};
	struct waf_need need;

	if (waf_need_read(exact, a, &need)) {
		waf_need_write(&need, &again);
		ck_assert_uint_eq(again.len, exact.len);
		ck_assert_mem_eq(again.ptr, exact.ptr, exact.len);
		for (unsigned int i = 0; i < need.n_literals; i++)
			for (uint32_t k = 0; k < need.literals[i].n; k++)
				ck_assert_uint_gt(need.literals[i].literal[k].len, 0);
	} else {
		ck_assert_uint_eq(need.n_sets + need.n_literals + need.never, 0);
	}
	weir_buf_fini(&again);
	free((void *)(uintptr_t)exact.ptr);
}

START_TEST(bytes_that_are_no_conditions_are_refused)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(need_patterns); i++) {
		struct weir_buf bytes = {0};
		struct waf_need need, back;
		struct weir_arena a;

		need_of(need_patterns[i], &a, &need);
		waf_need_write(&need, &bytes);
		for (size_t len = 0; len < bytes.len; len++)
			ck_assert(!waf_need_read(weir_bytes_of(bytes.ptr, len), &a, &back));
		for (size_t at = 0; at < bytes.len; at++) {
			for (unsigned int bit = 0; bit < 8; bit++) {
				bytes.ptr[at] ^= (char)(1 << bit);
				read_any(weir_bytes_of(bytes.ptr, bytes.len), &a);
				bytes.ptr[at] ^= (char)(1 << bit);
			}
		}
		weir_buf_add(&bytes, "", 1);
		ck_assert(!waf_need_read(weir_bytes_of(bytes.ptr, bytes.len), &a, &back));
		weir_buf_fini(&bytes);
		weir_arena_reset(&a);
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	bool good;
} need_rows[] = {
	{"\0\0\0\0\0\0\0", 7, true},
	{"\1\0\0\0\0\0\7", 7, true},
	{"\2\0\0\0\0\0\0", 7, false},                    /* never is yes or no */
	{"\0\4\0\0\0\0\0", 7, false},                    /* four sets */
	{"\0\0\3\0\0\0\0", 7, false},                    /* three of literals */
	{"\0\0\1\0\0\0\0\0\0\0\1\0\0\0\2ab", 17, true},  /* "ab" */
	{"\0\0\1\0\0\0\0\0\0\0\1\0\0\0\2aB", 17, false}, /* upper case */
	{"\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0ab", 17, false}, /* an empty literal */
	{"\0\0\1\0\0\0\0\0\0\0\1\0\0\0\3ab", 17, false}, /* longer than there is */
	{"\0\0\1\0\0\0\0\0\0\0\1\xff\xff\xff\xff"
	 "ab",
	 17, false},
	{"\0\0\1\0\0\0\0\0\0\0\0", 11, false},                   /* none of nothing: never */
	{"\0\0\1\0\0\0\0\xff\xff\xff\xff\0\0\0\2ab", 17, false}, /* 2^32 of them */
};

START_TEST(each_field_of_conditions_is_looked_at)
{
	struct weir_arena a;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(need_rows); i++) {
		struct weir_bytes b = weir_bytes_of(need_rows[i].bytes, need_rows[i].len);
		struct waf_need need;

		ck_assert_msg(waf_need_read(b, &a, &need) == need_rows[i].good, "row %zu", i);
	}
	weir_arena_reset(&a);
}
END_TEST

/* ---- databases ---- */

START_TEST(a_database_that_is_none_is_compiled)
{
	const struct weir_bytes literals[] = {weir_bytes_str("alpha"), weir_bytes_str("beta")};
	struct waf_cache *c = waf_cache_open(empty_folder(), &key_one);
	struct weir_buf why = {0};
	struct weir_bytes body;

	hs_free_database(waf_database_create(c, literals, 2, &why));
	waf_cache_close(c);
	body = body_of_file();
	/* Behind the header and the record's: Hyperscan's own. */
	for (size_t at = 16 + 24; at < body.len - 8; at += 1 + body.len / FLIPS) {
		struct weir_bytes bad = copy_of(body, body.len);
		struct hs_database *db;

		((uint8_t *)(uintptr_t)bad.ptr)[at] ^= 0x20;
		c = waf_cache_open(NULL, &key_one);
		ck_assert(waf_cache_load(c, bad));
		db = waf_database_create(c, literals, 2, &why);
		ck_assert_ptr_nonnull(db);
		hs_free_database(db);
		waf_cache_discard(c);
	}
	c = waf_cache_open(NULL, &key_one);
	ck_assert(waf_cache_load(c, body));
	hs_free_database(waf_database_create(c, literals, 2, &why));
	ck_assert_uint_eq(waf_cache_made(c), 0);
	waf_cache_discard(c);
	ck_assert_ptr_null(why.ptr);
}
END_TEST

START_TEST(equal_sets_are_compiled_once)
{
	const struct weir_bytes literals[] = {weir_bytes_str("alpha"), weir_bytes_str("beta")};
	struct waf_cache *c = waf_cache_open(NULL, &key_one);
	struct weir_buf why = {0};

	for (unsigned int i = 0; i < 3; i++) {
		struct hs_database *db = waf_database_create(c, literals, 2, &why);

		ck_assert_ptr_nonnull(db);
		ck_assert_uint_eq(waf_cache_made(c), 1);
		hs_free_database(db);
	}
	hs_free_database(waf_database_create(c, literals, 1, &why));
	ck_assert_uint_eq(waf_cache_made(c), 2);
	waf_cache_discard(c);
}
END_TEST

Suite *waf_cache_suite(void)
{
	return WEIR_SUITE(
		"waf cache", a_cached_program_judges_as_a_compiled_one,
		other_rules_and_options_are_compiled, the_folder_has_no_more_files_than_it_may,
		without_a_folder_to_write_programs_are_compiled, without_a_cache_nothing_is_cached,
		a_damaged_file_is_made_anew, a_file_that_is_cut_is_made_anew,
		creators_at_once_leave_one_good_file, records_are_found_by_kind_and_key,
		what_was_not_asked_for_is_not_written_again,
		a_body_that_is_cut_has_its_first_records_only,
		records_of_another_build_are_not_taken, conditions_come_back_as_they_were,
		bytes_that_are_no_conditions_are_refused, each_field_of_conditions_is_looked_at,
		a_database_that_is_none_is_compiled, equal_sets_are_compiled_once, the_folder_goes);
}
