/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

#define DATA      WEIR_TLS_APPLICATION_DATA
#define HANDSHAKE WEIR_TLS_HANDSHAKE

#define V2     WEIR_TLS_1_2
#define V3     WEIR_TLS_1_3
#define CLIENT false
#define SERVER true

#define UPDATE_BYTES "\x18\0\0\1\0"
#define ASK_BYTES    "\x18\0\0\1\1"
#define TICKET_BYTES "\4\0\0\3abc"
#define HELLO_BYTES  "\1\0\0\3abc"

/* What one record of handshake messages does to an end. */
static const struct {
	uint16_t version;
	bool is_server;
	const char *content;
	size_t len;
	int want;
} rows[] = {
#define ROW(v, role, bytes, want)                       \
	{                                               \
		v, role, bytes, sizeof(bytes) - 1, want \
	}
	ROW(V3, CLIENT, UPDATE_BYTES, 0),
	ROW(V3, SERVER, UPDATE_BYTES, 0),
	ROW(V3, CLIENT, TICKET_BYTES, 0),
	ROW(V3, CLIENT, TICKET_BYTES TICKET_BYTES UPDATE_BYTES, 0),
	ROW(V3, CLIENT, "\4\0\0\0", 0),
	ROW(V3, CLIENT, "\4\2\1\12", 0), /* 131,338 bytes are to come */
	ROW(V3, CLIENT, "\4\2\1\13", -WEIR_TLS_E_MESSAGE_VALUE),
	ROW(V3, SERVER, TICKET_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V3, CLIENT, HELLO_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V3, SERVER, HELLO_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V3, CLIENT, "\0\0\0\0", -WEIR_TLS_E_MESSAGE),
	ROW(V3, CLIENT, "\15\0\0\3abc", -WEIR_TLS_E_MESSAGE), /* CertificateRequest */
	ROW(V3, SERVER, "\13", -WEIR_TLS_E_MESSAGE),          /* Certificate */
	ROW(V3, SERVER, "\24\0\0\1\0", -WEIR_TLS_E_MESSAGE),  /* Finished */
	ROW(V3, CLIENT, "", -WEIR_TLS_E_MESSAGE),
	ROW(V3, SERVER, "\x18\0\0\1\2", -WEIR_TLS_E_MESSAGE_VALUE),
	ROW(V3, SERVER, "\x18\0\0\0", -WEIR_TLS_E_MESSAGE_FORMAT),
	ROW(V3, SERVER, "\x18\0\0\2\0\0", -WEIR_TLS_E_MESSAGE_FORMAT),
	ROW(V3, SERVER, "\x18\1\0\1\0", -WEIR_TLS_E_MESSAGE_FORMAT),
	ROW(V3, SERVER, UPDATE_BYTES "\x18", -WEIR_TLS_E_MESSAGE),
	ROW(V3, SERVER, UPDATE_BYTES UPDATE_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V3, CLIENT, UPDATE_BYTES TICKET_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V2, CLIENT, "\0\0\0\0", 0),
	ROW(V2, CLIENT, "\0\0\0\1x", -WEIR_TLS_E_MESSAGE_FORMAT),
	ROW(V2, SERVER, "\0\0\0\0", -WEIR_TLS_E_MESSAGE),
	ROW(V2, SERVER, HELLO_BYTES, 0),
	ROW(V2, CLIENT, HELLO_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V2, CLIENT, UPDATE_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V2, SERVER, UPDATE_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V2, CLIENT, TICKET_BYTES, -WEIR_TLS_E_MESSAGE),
	ROW(V2, SERVER, "", -WEIR_TLS_E_MESSAGE),
#undef ROW
};

START_TEST(messages_come_where_they_may)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_tls_opened opened;
		struct pair p;

		pair_init(&p, (struct kind){.version = rows[i].version,
					    .is_server = rows[i].is_server});
		ck_assert_int_eq(hear(&p, HANDSHAKE, rows[i].content, rows[i].len, &opened),
				 rows[i].want);
		pair_fini(&p);
	}
}
END_TEST

/* Sent by the peer, whose own key changes with it. */
static void hear_update(struct pair *p, bool ask)
{
	struct weir_tls_opened opened;
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	size_t n;

	weir_tls_key_update(&p->them, ask);
	n = post_all(p->c, &p->them, wire);
	ck_assert_int_eq(open_one(p->c, &p->us, weir_bytes_of(wire, n), plain, &opened), n);
	ck_assert_uint_eq(opened.type, HANDSHAKE);
}

START_TEST(data_goes_on_under_the_next_key)
{
	for (unsigned int i = 1; i < N_KINDS; i += 2) {
		struct weir_tls_keys was;
		struct pair p;

		pair_init(&p, kind_of(i));
		for (unsigned int n = 0; n < 5; n++) {
			was = p.us.rx;
			hear_update(&p, false);
			ck_assert_mem_ne(was.key, p.us.rx.key, 16);
			ck_assert_mem_ne(was.secret, p.us.rx.secret, 32);
			ck_assert_uint_eq(p.us.rx.seq, 0);
			ck_assert(!weir_tls_post_due(&p.us));
			hear_data(&p, 3);
		}
		pair_fini(&p);
	}
}
END_TEST

START_TEST(requests_are_answered_by_one_update_before_data)
{
	for (unsigned int i = 1; i < N_KINDS; i += 2) {
		struct weir_tls_opened opened;
		uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
		struct pair p;
		ssize_t n;

		pair_init(&p, kind_of(i));
		for (unsigned int k = 0; k < 3; k++) {
			hear_update(&p, true);
			hear_data(&p, 1);
		}
		ck_assert_int_eq(seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire), 0);
		answer(&p, &opened);
		ck_assert_uint_eq(opened.type, HANDSHAKE);
		ck_assert(!weir_tls_post_due(&p.us));
		ck_assert(!weir_tls_post_due(&p.them)); /* ours did not ask again */
		n = seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire);
		ck_assert_int_eq(
			open_one(p.c, &p.them, weir_bytes_of(wire, (size_t)n), plain, &opened), n);
		pair_fini(&p);
	}
}
END_TEST

/* A message over as many records as it has bytes, and several with a record each byte. */
START_TEST(messages_are_taken_in_any_cut)
{
	static const char all[] = TICKET_BYTES TICKET_BYTES ASK_BYTES;
	const size_t len = sizeof(all) - 1;

	for (size_t a = 1; a < len; a++)
		for (size_t b = a; b <= len; b++) {
			struct weir_tls_keys was;
			struct pair p;

			pair_init(&p, (struct kind){.version = V3});
			was = p.us.rx;
			hear_ok(&p, HANDSHAKE, all, a);
			if (b > a)
				hear_ok(&p, HANDSHAKE, all + a, b - a);
			if (b < len)
				hear_ok(&p, HANDSHAKE, all + b, len - b);
			ck_assert_mem_ne(was.key, p.us.rx.key, 16);
			ck_assert(weir_tls_post_due(&p.us));
			pair_fini(&p);
		}
}
END_TEST

START_TEST(a_large_ticket_is_passed_over)
{
	const uint8_t head[] = {4, 1, 0, 0}; /* 65,536 bytes */
	struct pair p;

	pair_init(&p, (struct kind){.version = V3});
	hear_ok(&p, HANDSHAKE, head, sizeof(head));
	for (unsigned int i = 0; i < 4; i++)
		hear_ok(&p, HANDSHAKE, some_bytes(), WEIR_TLS_RECORD_MAX);
	hear_data(&p, 1);
	pair_fini(&p);
}
END_TEST

START_TEST(nothing_comes_between_parts_of_a_message)
{
	static const uint8_t types[] = {DATA, WEIR_TLS_ALERT, WEIR_TLS_CHANGE_CIPHER_SPEC};

	for (unsigned int i = 0; i < N_KINDS * WEIR_ARRAY_LEN(types); i++) {
		struct kind kind = kind_of(i % N_KINDS);
		struct weir_tls_opened opened;
		struct pair p;

		if (kind.version == V2 && !kind.is_server)
			continue; /* its message has no parts but of the header */
		pair_init(&p, kind);
		hear_ok(&p, HANDSHAKE, kind.version == V3 ? ASK_BYTES : HELLO_BYTES, 4);
		ck_assert_int_eq(hear(&p, types[i / N_KINDS], "\1\0", 2, &opened),
				 -WEIR_TLS_E_MESSAGE);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(updates_are_limited)
{
	struct weir_tls_opened opened;
	struct pair p;
	unsigned int n = 0;
	int rc;

	/* One for each eight records of data may go on for ever. */
	pair_init(&p, (struct kind){.version = V3});
	for (unsigned int i = 0; i < 200; i++) {
		hear_update(&p, true);
		answer(&p, &opened);
		p.them.empty = 0; /* it gets no data, and does not mind */
		p.them.updates = 0;
		hear_data(&p, 8);
	}
	/* With fewer they come too fast. */
	do {
		rc = hear(&p, HANDSHAKE, ASK_BYTES, 5, &opened);
		if (rc == 0) {
			struct weir_tls_records_cfg cfg = other_end(&p.us);

			ck_assert_int_eq(weir_tls_records_init(&p.them, &cfg), 0);
			hear_data(&p, 1);
		}
	} while (rc == 0 && ++n < 1000);
	ck_assert_int_eq(rc, -WEIR_TLS_E_KEY_UPDATES);
	ck_assert_uint_gt(n, 32);
	ck_assert_uint_lt(n, 40);
	pair_fini(&p);
}
END_TEST

/* RFC 5246 section 7.4.1.1 and 7.2.2: to either end's wish. */
START_TEST(renegotiation_is_refused_and_the_connection_goes_on)
{
	for (unsigned int i = 0; i < N_KINDS; i += 2) {
		struct kind kind = kind_of(i);
		struct weir_tls_opened opened;
		struct pair p;

		pair_init(&p, kind);
		for (unsigned int k = 0; k < 100; k++) {
			if (kind.is_server)
				hear_ok(&p, HANDSHAKE, HELLO_BYTES, 7);
			else
				hear_ok(&p, HANDSHAKE, "\0\0\0\0", 4);
			answer(&p, &opened);
			ck_assert_uint_eq(opened.type, WEIR_TLS_ALERT);
			ck_assert_uint_eq(opened.alert, 100);
			hear_data(&p, 8);
			p.them.warnings = 0;
			p.them.empty = 0;
		}
		pair_fini(&p);
	}
}
END_TEST

START_TEST(renegotiation_is_refused_so_often_only)
{
	struct weir_tls_opened opened;
	struct pair p;
	unsigned int n = 0;
	int rc;

	pair_init(&p, (struct kind){.version = V2, .is_server = true});
	do {
		hear_data(&p, 1);
		rc = hear(&p, HANDSHAKE, HELLO_BYTES, 7, &opened);
	} while (rc == 0 && ++n < 1000);
	ck_assert_int_eq(rc, -WEIR_TLS_E_RENEGOTIATION);
	ck_assert_uint_lt(n, 40);
	pair_fini(&p);
}
END_TEST

Suite *message_suite(void)
{
	return WEIR_SUITE(
		"tls message", messages_come_where_they_may, data_goes_on_under_the_next_key,
		requests_are_answered_by_one_update_before_data, messages_are_taken_in_any_cut,
		a_large_ticket_is_passed_over, nothing_comes_between_parts_of_a_message,
		updates_are_limited, renegotiation_is_refused_and_the_connection_goes_on,
		renegotiation_is_refused_so_often_only);
}
