/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

#define DATA WEIR_TLS_APPLICATION_DATA

static void assert_goes(struct pair *p)
{
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	struct weir_tls_opened opened;
	ssize_t n = seal(p->c, &p->us, DATA, weir_bytes_str("x"), wire);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(open_one(p->c, &p->them, weir_bytes_of(wire, (size_t)n), plain, &opened),
			 n);
	ck_assert_uint_eq(opened.len, 1);
}

START_TEST(an_old_key_is_changed_before_more_data)
{
	for (unsigned int i = 1; i < N_KINDS; i += 2) {
		struct weir_tls_opened opened;
		uint8_t wire[WIRE_MAX];
		struct pair p;

		pair_init(&p, kind_of(i));
		ck_assert_uint_eq(p.us.key_records, WEIR_TLS_KEY_RECORDS);
		p.us.key_records = 10;
		for (unsigned int k = 0; k < 5; k++) {
			for (unsigned int n = 0; n < 10; n++)
				assert_goes(&p);
			ck_assert(weir_tls_post_due(&p.us));
			ck_assert_int_eq(seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire), 0);
			answer(&p, &opened);
			ck_assert_uint_eq(opened.type, WEIR_TLS_HANDSHAKE);
			ck_assert_uint_eq(p.us.tx.seq, 0);
			ck_assert(!weir_tls_post_due(&p.them));
		}
		pair_fini(&p);
	}
}
END_TEST

START_TEST(a_peer_with_an_old_key_is_asked_once)
{
	for (unsigned int i = 1; i < N_KINDS; i += 2) {
		struct weir_tls_opened opened;
		uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
		struct pair p;
		size_t n;

		pair_init(&p, kind_of(i));
		p.us.key_records = 10;
		for (unsigned int k = 0; k < 5; k++) {
			hear_data(&p, 9);
			ck_assert(!weir_tls_post_due(&p.us));
			hear_data(&p, 1);
			answer(&p, &opened);
			ck_assert(weir_tls_post_due(&p.them));
			/* It takes its time. */
			p.them.update_due = false;
			hear_data(&p, 3);
			ck_assert(!weir_tls_post_due(&p.us));
			p.them.update_due = true;
			n = post_all(p.c, &p.them, wire);
			ck_assert_int_eq(
				open_one(p.c, &p.us, weir_bytes_of(wire, n), plain, &opened), n);
		}
		pair_fini(&p);
	}
}
END_TEST

START_TEST(updates_that_were_asked_for_are_not_counted)
{
	struct weir_tls_opened opened;
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	struct pair p;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_3});
	for (unsigned int i = 0; i < 300; i++) {
		size_t n;

		weir_tls_key_update(&p.us, true);
		answer(&p, &opened);
		p.them.empty = 0;
		p.them.updates = 0;
		n = post_all(p.c, &p.them, wire);
		ck_assert_int_eq(open_one(p.c, &p.us, weir_bytes_of(wire, n), plain, &opened), n);
	}
	pair_fini(&p);
}
END_TEST

/* RFC 5246 has no such message. */
START_TEST(tls_1_2_keys_are_never_changed)
{
	for (unsigned int i = 0; i < N_KINDS; i += 2) {
		struct pair p;

		pair_init(&p, kind_of(i));
		p.us.key_records = 10;
		weir_tls_key_update(&p.us, true);
		for (unsigned int n = 0; n < 30; n++)
			assert_goes(&p);
		hear_data(&p, 30);
		ck_assert(!weir_tls_post_due(&p.us));
		pair_fini(&p);
	}
}
END_TEST

START_TEST(after_close_notify_nothing_is_sent_and_all_is_heard)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		uint8_t wire[WIRE_MAX], plain[WIRE_MAX], key[32] = {0};
		struct weir_tls_room room = {wire, WEIR_TLS_POST_MAX};
		struct pair p;
		ssize_t n;

		pair_init(&p, kind_of(i));
		n = weir_tls_alert_write(p.c, &p.us, WEIR_TLS_CLOSE_NOTIFY, &room, 1);
		ck_assert_int_eq(
			open_one(p.c, &p.them, weir_bytes_of(wire, (size_t)n), plain, &opened), n);
		ck_assert(opened.closed);
		ck_assert_int_eq(seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire),
				 -WEIR_TLS_E_CLOSED);
		ck_assert_int_eq(weir_tls_alert_write(p.c, &p.us, WEIR_TLS_CLOSE_NOTIFY, &room, 1),
				 -WEIR_TLS_E_CLOSED);
		weir_tls_key_update(&p.us, true);
		ck_assert(!weir_tls_post_due(&p.us));
		hear_data(&p, 5);
		/* No alert can be sent any more: keys go at once. */
		ck_assert_int_eq(hear(&p, WEIR_TLS_CHANGE_CIPHER_SPEC, "\1", 1, &opened),
				 -WEIR_TLS_E_RECORD_TYPE);
		ck_assert(!weir_tls_post_due(&p.us));
		ck_assert_mem_eq(p.us.rx.key, key, sizeof(key));
		pair_fini(&p);
	}
}
END_TEST

START_TEST(the_alert_of_an_error_is_heard_and_keys_are_forgotten)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		uint8_t key[32] = {0};
		struct pair p;

		pair_init(&p, kind_of(i));
		ck_assert_int_eq(hear(&p, WEIR_TLS_HANDSHAKE, "\3", 1, &opened),
				 -WEIR_TLS_E_MESSAGE);
		answer(&p, &opened);
		ck_assert_uint_eq(opened.alert, 10);
		ck_assert_int_eq(weir_tls_eof(&p.them), -WEIR_TLS_E_PEER_ALERT);
		ck_assert_mem_eq(p.us.tx.key, key, sizeof(key));
		ck_assert_mem_eq(p.us.rx.secret, key, sizeof(key));
		ck_assert_int_eq(weir_tls_eof(&p.us), -WEIR_TLS_E_MESSAGE);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(a_fatal_alert_of_our_own_ends_both_directions)
{
	struct weir_tls_opened opened;
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	struct weir_tls_room room = {wire, sizeof(wire)};
	struct pair p;
	ssize_t n;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_3});
	n = weir_tls_alert_write(p.c, &p.us, 80, &room, 1);
	ck_assert_int_eq(open_one(p.c, &p.them, weir_bytes_of(wire, (size_t)n), plain, &opened),
			 -WEIR_TLS_E_PEER_ALERT);
	ck_assert_uint_eq(opened.alert, 80);
	ck_assert_int_eq(open_one(p.c, &p.us, weir_bytes_of(wire, (size_t)n), plain, &opened),
			 -WEIR_TLS_E_CLOSED);
	pair_fini(&p);
}
END_TEST

START_TEST(what_is_due_waits_for_room)
{
	struct scattered *out = scattered_create();
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	struct weir_tls_opened opened;
	struct weir_tls_room room = {wire, WEIR_TLS_POST_MAX - 1};
	struct pair p;
	ssize_t n;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_3});
	ck_assert_int_eq(weir_tls_post_write(p.c, &p.us, &room, 1), 0);
	weir_tls_key_update(&p.us, false);
	ck_assert_int_eq(weir_tls_post_write(p.c, &p.us, &room, 1), -WEIR_TLS_E_MEMORY);
	ck_assert(weir_tls_post_due(&p.us));
	scatter(out, NULL, WEIR_TLS_POST_MAX, 7);
	n = weir_tls_post_write(p.c, &p.us, out->room, out->n);
	ck_assert_int_eq(n, 27);
	gather(out, wire);
	ck_assert_int_eq(open_one(p.c, &p.them, weir_bytes_of(wire, (size_t)n), plain, &opened), n);
	assert_goes(&p);
	pair_fini(&p);
	free(out);
}
END_TEST

Suite *post_suite(void)
{
	return WEIR_SUITE(
		"tls post", an_old_key_is_changed_before_more_data,
		a_peer_with_an_old_key_is_asked_once, updates_that_were_asked_for_are_not_counted,
		tls_1_2_keys_are_never_changed, after_close_notify_nothing_is_sent_and_all_is_heard,
		the_alert_of_an_error_is_heard_and_keys_are_forgotten,
		a_fatal_alert_of_our_own_ends_both_directions, what_is_due_waits_for_room);
}
