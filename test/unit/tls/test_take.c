/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

#define DATA  WEIR_TLS_APPLICATION_DATA
#define ALERT WEIR_TLS_ALERT

#define V2 WEIR_TLS_1_2
#define V3 WEIR_TLS_1_3

/* One record of an alert; what it does to a connection. */
static const struct {
	uint16_t version;
	uint8_t content[4];
	size_t len;
	int want;
	bool closed;
} alerts[] = {
	{V2, {1, 0}, 2, 0, true},
	{V2, {2, 0}, 2, -WEIR_TLS_E_PEER_ALERT, false},
	{V2, {1, 90}, 2, 0, false},
	{V2, {1, 100}, 2, 0, false},
	{V2, {2, 40}, 2, -WEIR_TLS_E_PEER_ALERT, false},
	{V2, {3, 40}, 2, -WEIR_TLS_E_MESSAGE_VALUE, false},
	{V2, {1}, 1, -WEIR_TLS_E_MESSAGE, false},
	{V2, {0}, 0, -WEIR_TLS_E_MESSAGE, false},
	{V2, {1, 0, 1}, 3, -WEIR_TLS_E_MESSAGE, false},
	{V3, {1, 0}, 2, 0, true},
	{V3, {2, 0}, 2, 0, true},
	{V3, {1, 90}, 2, 0, false},
	{V3, {2, 90}, 2, 0, false},
	{V3, {1, 40}, 2, -WEIR_TLS_E_PEER_ALERT, false},
	{V3, {2, 20}, 2, -WEIR_TLS_E_PEER_ALERT, false},
	{V3, {2}, 1, -WEIR_TLS_E_MESSAGE, false},
	{V3, {1, 0, 1, 0}, 4, -WEIR_TLS_E_MESSAGE, false},
};

START_TEST(alerts_mean_what_the_versions_say)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(alerts); i++) {
		struct weir_tls_opened opened;
		struct pair p;

		pair_init(&p, (struct kind){.version = alerts[i].version});
		ck_assert_int_eq(hear(&p, ALERT, alerts[i].content, alerts[i].len, &opened),
				 alerts[i].want);
		ck_assert(opened.closed == alerts[i].closed);
		if (alerts[i].len == 2)
			ck_assert_uint_eq(opened.alert, alerts[i].content[1]);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(a_fatal_alert_of_the_peer_ends_everything)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		uint8_t wire[WIRE_MAX], key[32] = {0};
		struct pair p;

		pair_init(&p, kind_of(i));
		ck_assert_int_eq(hear(&p, ALERT, "\2\50", 2, &opened), -WEIR_TLS_E_PEER_ALERT);
		ck_assert(!weir_tls_post_due(&p.us));
		ck_assert_mem_eq(p.us.tx.key, key, sizeof(key));
		ck_assert_mem_eq(p.us.rx.key, key, sizeof(key));
		ck_assert_int_eq(seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire),
				 -WEIR_TLS_E_CLOSED);
		ck_assert_int_eq(weir_tls_eof(&p.us), -WEIR_TLS_E_PEER_ALERT);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(close_notify_closes_one_direction)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
		struct pair p;
		ssize_t n;

		pair_init(&p, kind_of(i));
		ck_assert_int_eq(weir_tls_eof(&p.us), -WEIR_TLS_E_TRUNCATED);
		hear_ok(&p, ALERT, "\1\0", 2);
		ck_assert_int_eq(weir_tls_eof(&p.us), 0);
		n = seal(p.c, &p.us, DATA, weir_bytes_str("more"), wire);
		ck_assert_int_eq(
			open_one(p.c, &p.them, weir_bytes_of(wire, (size_t)n), plain, &opened), n);
		/* Whatever comes is passed over. */
		ck_assert_int_eq(
			open_one(p.c, &p.us, weir_bytes_of(some_bytes(), 77), plain, &opened), 77);
		ck_assert(opened.closed);
		ck_assert_uint_eq(opened.type, 0);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(records_without_data_are_limited_in_a_row)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		struct pair p;

		pair_init(&p, kind_of(i));
		for (unsigned int k = 0; k < 100; k++) {
			for (unsigned int n = 0; n < 32; n++)
				hear_ok(&p, DATA, NULL, 0);
			hear_data(&p, 1);
		}
		for (unsigned int n = 0; n < 32; n++)
			hear_ok(&p, DATA, NULL, 0);
		ck_assert_int_eq(hear(&p, DATA, NULL, 0, &opened), -WEIR_TLS_E_RECORDS_EMPTY);
		ck_assert_uint_eq(p.us.fatal_due, 10);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(warnings_are_limited_in_a_row)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		struct pair p;

		pair_init(&p, kind_of(i));
		for (unsigned int n = 0; n < 100; n++) {
			hear_ok(&p, ALERT, "\1\132", 2);
			hear_data(&p, n % 4 == 3);
		}
		for (unsigned int n = 0; n < 4; n++)
			hear_ok(&p, ALERT, "\1\132", 2);
		ck_assert_int_eq(hear(&p, ALERT, "\1\132", 2, &opened), -WEIR_TLS_E_RECORDS_EMPTY);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(a_change_of_cipher_spec_may_not_come)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		struct pair p;

		pair_init(&p, kind_of(i));
		ck_assert_int_eq(hear(&p, WEIR_TLS_CHANGE_CIPHER_SPEC, "\1", 1, &opened),
				 -WEIR_TLS_E_RECORD_TYPE);
		ck_assert_uint_eq(p.us.fatal_due, 10);
		pair_fini(&p);
	}
}
END_TEST

Suite *take_suite(void)
{
	return WEIR_SUITE("tls take", alerts_mean_what_the_versions_say,
			  a_fatal_alert_of_the_peer_ends_everything,
			  close_notify_closes_one_direction,
			  records_without_data_are_limited_in_a_row, warnings_are_limited_in_a_row,
			  a_change_of_cipher_spec_may_not_come);
}
