/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"
#include "waf_test.h"

#include <stdio.h>

#define S WEIR_NS_PER_S

static struct weir_bytes b(const char *text)
{
	return weir_bytes_str(text);
}

/* "(none)" where it is not there. */
static const char *get(struct waf_record *r, const char *name, uint64_t now_ns)
{
	static char text[200];
	struct weir_bytes value;

	if (!waf_record_get(r, b(name), now_ns, &value))
		return "(none)";
	snprintf(text, sizeof(text), "%.*s", (int)value.len, (const char *)value.ptr);
	return text;
}

static struct waf_record *open_ip(struct waf_store *s, const char *key, uint64_t now_ns)
{
	return waf_store_open(s, WEIR_SEC_V_IP, b(key), now_ns, 3600);
}

START_TEST(what_was_set_is_there_under_its_key_and_collection_only)
{
	struct waf_store *s = waf_store_create(8, 1);
	struct waf_record *r = open_ip(s, "10.0.0.1", S);

	waf_record_set(r, b("N"), b("5"), S);
	waf_store_close(s, r);
	r = open_ip(s, "10.0.0.1", 2 * S);
	ck_assert_str_eq(get(r, "n", 2 * S), "5");
	ck_assert_str_eq(get(r, "m", 2 * S), "(none)");
	ck_assert_str_eq(get(open_ip(s, "10.0.0.2", 2 * S), "n", 2 * S), "(none)");
	ck_assert_str_eq(
		get(waf_store_open(s, WEIR_SEC_V_GLOBAL, b("10.0.0.1"), 2 * S, 3600), "n", 2 * S),
		"(none)");
	waf_store_destroy(s);
}
END_TEST

START_TEST(the_key_that_was_used_longest_ago_makes_room)
{
	struct waf_store *s = waf_store_create(3, 1);
	static const char *const keys[] = {"a", "b", "c", "a", "d"};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(keys); i++) {
		struct waf_record *r = open_ip(s, keys[i], S + i);

		if (i != 3)
			waf_record_set(r, b("is"), b(keys[i]), S + i);
		waf_store_close(s, r);
	}
	ck_assert_uint_eq(waf_store_use(s).used, 3);
	ck_assert_uint_eq(waf_store_use(s).size, 3);
	ck_assert_uint_eq(waf_store_use(s).full, 1);
	ck_assert_str_eq(get(open_ip(s, "a", 2 * S), "is", 2 * S), "a");
	ck_assert_str_eq(get(open_ip(s, "d", 2 * S), "is", 2 * S), "d");
	ck_assert_str_eq(get(open_ip(s, "c", 2 * S), "is", 2 * S), "c");
	waf_store_destroy(s);
	s = waf_store_create(3, 1);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(keys); i++)
		waf_store_close(s, open_ip(s, keys[i], S + i));
	ck_assert_str_eq(get(open_ip(s, "b", 2 * S), "is", 2 * S), "(none)");
	waf_store_destroy(s);
}
END_TEST

START_TEST(a_key_in_use_makes_no_room)
{
	struct waf_store *s = waf_store_create(2, 1);
	struct waf_record *a = open_ip(s, "a", S), *again = open_ip(s, "a", S), *other;

	ck_assert_ptr_eq(a, again);
	other = open_ip(s, "b", S);
	ck_assert_ptr_null(open_ip(s, "c", S));
	waf_record_set(a, b("n"), b("1"), S);
	waf_store_close(s, other);
	other = open_ip(s, "c", S);
	ck_assert_ptr_nonnull(other);
	ck_assert_str_eq(get(a, "n", S), "1");
	ck_assert_ptr_null(open_ip(s, "d", S));
	waf_store_close(s, again);
	ck_assert_ptr_null(open_ip(s, "d", S));
	waf_store_close(s, a);
	ck_assert_ptr_eq(open_ip(s, "d", S), a);
	waf_store_destroy(s);
}
END_TEST

START_TEST(what_a_key_holds_ends_when_it_was_not_written_for_its_timeout)
{
	struct waf_store *s = waf_store_create(4, 1);
	struct waf_record *r = waf_store_open(s, WEIR_SEC_V_IP, b("k"), 100 * S, 60);

	waf_record_set(r, b("n"), b("1"), 100 * S);
	waf_store_close(s, r);
	r = waf_store_open(s, WEIR_SEC_V_IP, b("k"), 150 * S, 60);
	ck_assert_str_eq(get(r, "n", 150 * S), "1");
	waf_store_close(s, r);
	r = waf_store_open(s, WEIR_SEC_V_IP, b("k"), 160 * S, 60); /* opened, but not written */
	ck_assert_str_eq(get(r, "n", 160 * S), "(none)");
	waf_record_set(r, b("n"), b("2"), 160 * S);
	waf_record_set(r, b("m"), b("3"), 200 * S);
	waf_store_close(s, r);
	r = waf_store_open(s, WEIR_SEC_V_IP, b("k"), 230 * S, 60);
	ck_assert_str_eq(get(r, "n", 230 * S), "2");
	waf_store_destroy(s);
}
END_TEST

START_TEST(a_variable_ends_when_it_expires)
{
	struct waf_store *s = waf_store_create(4, 1);
	struct waf_record *r = open_ip(s, "k", S);

	waf_record_set(r, b("n"), b("1"), S);
	waf_record_expire(r, b("N"), 5 * S);
	waf_record_expire(r, b("other"), 5 * S);
	ck_assert_str_eq(get(r, "n", 5 * S - 1), "1");
	ck_assert_str_eq(get(r, "n", 5 * S), "(none)");
	waf_record_set(r, b("n"), b("2"), 3 * S); /* goes on as it would */
	ck_assert_str_eq(get(r, "n", 5 * S), "(none)");
	waf_record_set(r, b("n"), b("3"), 6 * S); /* anew: it has no end */
	ck_assert_str_eq(get(r, "n", 1000 * S), "3");
	waf_store_destroy(s);
}
END_TEST

START_TEST(names_texts_and_keys_are_cut_to_their_places)
{
	struct waf_store *s = waf_store_create(4, 1);
	char key[200], text[200];
	struct waf_record *r;

	memset(key, 'k', sizeof(key));
	memset(text, 't', sizeof(text));
	r = waf_store_open(s, WEIR_SEC_V_IP, weir_bytes_of(key, sizeof(key)), S, 60);
	ck_assert_ptr_eq(waf_store_open(s, WEIR_SEC_V_IP, weir_bytes_of(key, 95), S, 60), r);
	ck_assert_ptr_ne(waf_store_open(s, WEIR_SEC_V_IP, weir_bytes_of(key, 94), S, 60), r);
	ck_assert_ptr_nonnull(waf_store_open(s, WEIR_SEC_V_IP, (struct weir_bytes){0}, S, 60));
	waf_record_set(r, weir_bytes_of(key, 200), weir_bytes_of(text, 200), S);
	key[39] = 0;
	ck_assert_uint_eq(strlen(get(r, key, S)), 111);
	waf_record_set(r, (struct weir_bytes){0}, b("nothing"), S);
	ck_assert_str_eq(get(r, "", S), "(none)");
	waf_store_destroy(s);
}
END_TEST

START_TEST(twelve_variables_are_kept_and_a_free_place_is_used_again)
{
	struct waf_store *s = waf_store_create(4, 1);
	struct waf_record *r = open_ip(s, "k", S);
	struct weir_bytes name, text;
	unsigned int i = 0, n = 0;
	char one[8];

	for (unsigned int k = 0; k < 13; k++) {
		snprintf(one, sizeof(one), "v%u", k);
		waf_record_set(r, b(one), b(one), S);
	}
	ck_assert_str_eq(get(r, "v11", S), "v11");
	ck_assert_str_eq(get(r, "v12", S), "(none)");
	waf_record_unset(r, b("V3"));
	waf_record_set(r, b("v12"), b("now"), S);
	ck_assert_str_eq(get(r, "v12", S), "now");
	ck_assert_str_eq(get(r, "v3", S), "(none)");
	waf_record_expire(r, b("v5"), 2 * S);
	while (waf_record_next(r, &i, 2 * S, &name, &text)) {
		ck_assert(!weir_bytes_equal(name, b("v5")));
		n++;
	}
	ck_assert_uint_eq(n, 11);
	waf_store_destroy(s);
}
END_TEST

/* A few keys more than there are places, against a list of what was written to each. */
START_TEST(a_store_never_shows_one_key_what_another_wrote)
{
	struct waf_store *s = waf_store_create(5, 3);
	uint64_t random = 4711;

	for (unsigned int i = 0; i < 20000; i++) {
		char key[8];
		struct waf_record *r;
		const char *is;

		snprintf(key, sizeof(key), "k%u", next_random(&random) % 9);
		r = open_ip(s, key, S + i);
		is = get(r, "is", S + i);
		ck_assert_msg(!strcmp(is, "(none)") || !strcmp(is, key), "%s of %s", is, key);
		waf_record_set(r, b("is"), b(key), S + i);
		waf_store_close(s, r);
	}
	waf_store_destroy(s);
}
END_TEST

START_TEST(each_collection_has_its_own_place)
{
	static const uint8_t all[] = {WEIR_SEC_V_IP, WEIR_SEC_V_GLOBAL, WEIR_SEC_V_RESOURCE,
				      WEIR_SEC_V_SESSION, WEIR_SEC_V_USER};

	for (int i = 0; i < WAF_STORES; i++)
		ck_assert_int_eq(waf_store_index(all[i]), i);
}
END_TEST

Suite *waf_store_suite(void)
{
	return WEIR_SUITE(
		"waf store", what_was_set_is_there_under_its_key_and_collection_only,
		the_key_that_was_used_longest_ago_makes_room, a_key_in_use_makes_no_room,
		what_a_key_holds_ends_when_it_was_not_written_for_its_timeout,
		a_variable_ends_when_it_expires, names_texts_and_keys_are_cut_to_their_places,
		twelve_variables_are_kept_and_a_free_place_is_used_again,
		a_store_never_shows_one_key_what_another_wrote, each_collection_has_its_own_place);
}
