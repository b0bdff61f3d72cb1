/* SPDX-License-Identifier: BSD-3-Clause */
/* Interned names: numbers that stay, over chunks, growth and threads. */
#include "base_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define MANY 20000

static void name_of(unsigned int i, char text[32])
{
	snprintf(text, 32, "policy-%u/rule", i);
}

START_TEST(a_name_gets_one_number_for_ever)
{
	struct weir_names *n = weir_names_create();
	uint32_t a = weir_names_intern(n, "allow-web"), b = weir_names_intern(n, "allow-db");

	ck_assert_uint_ne(a, 0);
	ck_assert_uint_ne(b, 0);
	ck_assert_uint_ne(a, b);
	ck_assert_uint_eq(weir_names_intern(n, "allow-web"), a);
	ck_assert_uint_eq(weir_names_intern(n, "allow-db"), b);
	ck_assert_str_eq(weir_names_get(n, a), "allow-web");
	ck_assert_str_eq(weir_names_get(n, b), "allow-db");
	weir_names_destroy(n);
}
END_TEST

START_TEST(the_empty_name_is_zero_and_unknown_numbers_are_empty)
{
	static const uint32_t unknown[] = {0,       2,       1023,          1024,
					   1 << 19, 1 << 20, (1 << 20) + 1, UINT32_MAX};
	struct weir_names *n = weir_names_create();

	ck_assert_uint_eq(weir_names_intern(n, ""), 0);
	ck_assert_uint_eq(weir_names_intern(n, "one"), 1);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(unknown); i++)
		ck_assert_str_eq(weir_names_get(n, unknown[i]), "");
	weir_names_destroy(n);
}
END_TEST

START_TEST(a_name_is_found_without_being_made)
{
	struct weir_names *n = weir_names_create();
	uint32_t id = weir_names_intern(n, "one");

	ck_assert_uint_eq(weir_names_find(n, "one"), id);
	ck_assert_uint_eq(weir_names_find(n, "two"), 0);
	ck_assert_uint_eq(weir_names_find(n, ""), 0);
	ck_assert_uint_eq(weir_names_intern(n, "two"), id + 1);
	ck_assert_uint_eq(weir_names_find(n, "two"), id + 1);
	weir_names_destroy(n);
}
END_TEST

START_TEST(the_text_is_copied)
{
	struct weir_names *n = weir_names_create();
	char text[] = "before";
	uint32_t id = weir_names_intern(n, text);

	memcpy(text, "after!", sizeof(text));
	ck_assert_str_eq(weir_names_get(n, id), "before");
	weir_names_destroy(n);
}
END_TEST

START_TEST(thousands_of_names_keep_their_numbers_and_places)
{
	struct weir_names *n = weir_names_create();
	const char *first = weir_names_get(n, weir_names_intern(n, "policy-0/rule"));
	char text[32];

	for (unsigned int i = 0; i < MANY; i++) {
		name_of(i, text);
		ck_assert_uint_eq(weir_names_intern(n, text), i + 1);
	}
	ck_assert_ptr_eq(weir_names_get(n, 1), first);
	for (unsigned int i = 0; i < MANY; i++) {
		name_of(i, text);
		ck_assert_uint_eq(weir_names_intern(n, text), i + 1);
		ck_assert_str_eq(weir_names_get(n, i + 1), text);
	}
	ck_assert_str_eq(weir_names_get(n, MANY + 1), "");
	weir_names_destroy(n);
}
END_TEST

/* Names of each length around the hash's blocks of 56 bytes, each with a twin that differs last. */
START_TEST(names_of_every_length_are_told_apart)
{
	struct weir_names *n = weir_names_create();
	char text[256];

	for (unsigned int len = 1; len < 200; len++) {
		memset(text, 'x', len);
		text[len] = '\0';
		ck_assert_uint_eq(weir_names_intern(n, text), 2 * len - 1);
		text[len - 1] = 'y';
		ck_assert_uint_eq(weir_names_intern(n, text), 2 * len);
	}
	for (unsigned int len = 1; len < 200; len++)
		ck_assert_uint_eq(strlen(weir_names_get(n, 2 * len)), len);
	weir_names_destroy(n);
}
END_TEST

START_TEST(nothing_is_destroyed_without_harm)
{
	weir_names_destroy(NULL);
	weir_names_destroy(weir_names_create());
}
END_TEST

/* ---- threads: two intern the same names, one looks them up as they appear ---- */

struct shared {
	struct weir_names *names;
	_Atomic bool done;
	unsigned int wrong;
	unsigned int seen;
};

static void *intern_all(void *arg)
{
	struct shared *s = arg;
	char text[32];

	for (unsigned int i = 0; i < MANY; i++) {
		name_of(i, text);
		if (weir_names_intern(s->names, text) == 0)
			return s;
	}
	return NULL;
}

/* Every number below the first empty one must already have its whole text. */
static void *look_up(void *arg)
{
	struct shared *s = arg;
	bool last;

	do {
		last = atomic_load(&s->done);
		for (; *weir_names_get(s->names, s->seen + 1); s->seen++) {
			const char *text = weir_names_get(s->names, s->seen + 1);

			if (strncmp(text, "policy-", 7) != 0 || !strstr(text, "/rule"))
				s->wrong++;
		}
	} while (!last);
	return NULL;
}

START_TEST(readers_see_whole_names_while_others_intern)
{
	struct shared s = {.names = weir_names_create()};
	pthread_t writer[2], reader;
	void *failed;

	ck_assert_int_eq(pthread_create(&reader, NULL, look_up, &s), 0);
	for (unsigned int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&writer[i], NULL, intern_all, &s), 0);
	for (unsigned int i = 0; i < 2; i++) {
		pthread_join(writer[i], &failed);
		ck_assert_ptr_null(failed);
	}
	atomic_store(&s.done, true);
	pthread_join(reader, NULL);
	ck_assert_uint_eq(s.wrong, 0);
	ck_assert_uint_eq(s.seen, MANY);
	weir_names_destroy(s.names);
}
END_TEST

Suite *names_suite(void)
{
	return WEIR_SUITE("base names", a_name_gets_one_number_for_ever,
			  the_empty_name_is_zero_and_unknown_numbers_are_empty,
			  a_name_is_found_without_being_made, the_text_is_copied,
			  thousands_of_names_keep_their_numbers_and_places,
			  names_of_every_length_are_told_apart, nothing_is_destroyed_without_harm,
			  readers_see_whole_names_while_others_intern);
}
