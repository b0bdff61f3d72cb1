/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_test.h"

#include "../../../lib/tls/tls_impl.h"

#define NOW 1700000000

static SSL_SESSION *session_of(long timeout_s)
{
	SSL_SESSION *s = SSL_SESSION_new();

	SSL_SESSION_set1_id(s, (const unsigned char *)"id", 2);
	SSL_SESSION_set_time(s, NOW);
	SSL_SESSION_set_timeout(s, timeout_s);
	return s;
}

static const struct {
	long timeout_s, age_s;
	bool good;
} ages[] = {
	{100, 0, true},      {100, 100, true},     {100, 101, false},     {100, -1, false},
	{99999, 7200, true}, {99999, 7201, false}, {99999, 99999, false},
};

START_TEST(a_session_is_good_for_its_time_and_no_longer_than_ours)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(ages); i++) {
		struct tls_sessions *s = tls_sessions_create(1);
		SSL_SESSION *put = session_of(ages[i].timeout_s), *got;

		tls_sessions_put(s, "a", put);
		got = tls_sessions_get(s, "a", NOW + ages[i].age_s);
		ck_assert_msg(got == (ages[i].good ? put : NULL), "row %u", i);
		SSL_SESSION_free(got);
		/* Once it is over it is over. */
		got = tls_sessions_get(s, "a", NOW);
		ck_assert_ptr_eq(got, ages[i].good ? put : NULL);
		SSL_SESSION_free(got);
		tls_sessions_destroy(s);
	}
}
END_TEST

START_TEST(a_newer_session_takes_the_place_of_the_older)
{
	struct tls_sessions *s = tls_sessions_create(1);
	SSL_SESSION *first = session_of(100), *second = session_of(100), *got;

	ck_assert_ptr_null(tls_sessions_get(s, "a", NOW));
	tls_sessions_put(s, "a", first);
	tls_sessions_put(s, "a", second);
	got = tls_sessions_get(s, "a", NOW);
	ck_assert_ptr_eq(got, second);
	SSL_SESSION_free(got);
	ck_assert_ptr_null(tls_sessions_get(s, "b", NOW));
	tls_sessions_destroy(s);
}
END_TEST

Suite *session_suite(void)
{
	return WEIR_SUITE("tls session", a_session_is_good_for_its_time_and_no_longer_than_ours,
			  a_newer_session_takes_the_place_of_the_older);
}
