/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

#define DATA WEIR_TLS_APPLICATION_DATA

/* A record of theirs, and a copy of our end that has not seen it. */
struct record {
	struct pair p;
	uint8_t wire[WIRE_MAX];
	size_t size, len;
};

static void record_init(struct record *x, struct kind kind, size_t len)
{
	ssize_t n;

	pair_init(&x->p, kind);
	x->len = len;
	n = seal(x->p.c, &x->p.them, DATA, weir_bytes_of(some_bytes(), len), x->wire);
	ck_assert_int_gt(n, 0);
	x->size = (size_t)n;
}

static void assert_opens(struct weir_tls_crypto *c, const struct record *x, struct scattered *in,
			 struct scattered *out)
{
	struct weir_tls_spans s = {in->view, in->n, out->room, out->n};
	struct weir_tls_records copy = x->p.us;
	struct weir_tls_opened opened;
	uint8_t plain[WIRE_MAX];

	ck_assert_int_eq(weir_tls_open(c, &copy, &s, &opened), x->size);
	ck_assert_uint_eq(opened.type, DATA);
	ck_assert_uint_eq(opened.len, x->len);
	gather(out, plain);
	ck_assert_mem_eq(plain, some_bytes(), x->len);
}

static void try_pieces(const struct record *x, const size_t *sizes, unsigned int n_sizes)
{
	struct weir_tls_crypto *other = weir_tls_crypto_create(false);
	struct scattered *in = scattered_create(), *out = scattered_create();
	size_t room = weir_tls_open_room(&x->p.us, x->size);

	for (unsigned int i = 0; i < n_sizes; i++)
		for (unsigned int k = 0; k < n_sizes; k++)
			for (unsigned int which = 0; which < 2; which++) {
				scatter(in, x->wire, x->size, sizes[i]);
				scatter(out, NULL, room, sizes[k]);
				assert_opens(which ? other : x->p.c, x, in, out);
			}
	free(in);
	free(out);
	weir_tls_crypto_destroy(other);
}

START_TEST(pieces_of_every_size_are_opened_by_both_libraries)
{
	size_t sizes[48];

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(sizes); i++)
		sizes[i] = i + 1;
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct record x;

		record_init(&x, kind_of(i), 130);
		try_pieces(&x, sizes, WEIR_ARRAY_LEN(sizes));
		pair_fini(&x.p);
	}
}
END_TEST

START_TEST(large_records_are_opened_too)
{
	static const size_t sizes[] = {16, 63, 64, 1400, 1448, 2048, 16384, WIRE_MAX};
	static const size_t lengths[] = {1, 15, 16, 17, 768, 1400, 16383, 16384};

	for (unsigned int i = 0; i < N_KINDS * WEIR_ARRAY_LEN(lengths); i++) {
		struct record x;

		record_init(&x, kind_of(i % N_KINDS), lengths[i / N_KINDS]);
		try_pieces(&x, sizes, WEIR_ARRAY_LEN(sizes));
		pair_fini(&x.p);
	}
}
END_TEST

START_TEST(pieces_are_opened_in_place)
{
	struct scattered *in = scattered_create();

	for (unsigned int i = 0; i < N_KINDS; i++)
		for (size_t piece = 1; piece < 400; piece++) {
			struct weir_tls_room rooms[400];
			struct weir_tls_spans s = {.in = in->view, .out = rooms};
			uint8_t plain[WIRE_MAX];
			struct weir_tls_opened opened;
			struct record x;

			record_init(&x, kind_of(i), 300);
			scatter(in, x.wire, x.size, piece);
			s.n_in = in->n;
			s.n_out = weir_tls_open_in_place(&x.p.us, in->view, in->n, rooms, 400);
			ck_assert_int_eq(weir_tls_open(x.p.c, &x.p.us, &s, &opened), x.size);
			gather(in, plain);
			ck_assert_uint_eq(opened.len, 300);
			ck_assert_mem_eq(plain + weir_tls_seal_offset(&x.p.us), some_bytes(), 300);
			pair_fini(&x.p);
		}
	free(in);
}
END_TEST

START_TEST(every_cut_waits_and_changes_nothing)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		uint8_t plain[WIRE_MAX];
		struct weir_tls_opened opened;
		struct weir_tls_records before;
		struct record x;

		record_init(&x, kind_of(i), 200);
		before = x.p.us;
		for (size_t n = 0; n < x.size; n++) {
			/* Where a read past the cut is seen. */
			uint8_t *cut = malloc(n ? n : 1);

			memcpy(cut, x.wire, n);
			ck_assert_int_eq(
				open_one(x.p.c, &x.p.us, weir_bytes_of(cut, n), plain, &opened), 0);
			ck_assert_uint_eq(opened.len, 0);
			ck_assert_mem_eq(&x.p.us, &before, sizeof(before));
			free(cut);
		}
		ck_assert_int_eq(
			open_one(x.p.c, &x.p.us, weir_bytes_of(x.wire, x.size + 7), plain, &opened),
			x.size);
		ck_assert_uint_eq(opened.len, 200);
		pair_fini(&x.p);
	}
}
END_TEST

START_TEST(rooms_that_are_too_small_change_nothing)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		uint8_t plain[WIRE_MAX];
		struct weir_tls_room room = {plain, 0};
		struct weir_tls_opened opened;
		struct record x;
		struct weir_bytes in;
		struct weir_tls_spans s = {.in = &in, .n_in = 1, .out = &room, .n_out = 1};

		record_init(&x, kind_of(i), 100);
		in = weir_bytes_of(x.wire, x.size);
		for (; room.len < weir_tls_open_room(&x.p.us, x.size); room.len++)
			ck_assert_int_eq(weir_tls_open(x.p.c, &x.p.us, &s, &opened),
					 -WEIR_TLS_E_MEMORY);
		ck_assert_int_eq(weir_tls_open(x.p.c, &x.p.us, &s, &opened), x.size);
		pair_fini(&x.p);
	}
}
END_TEST

static bool is_zero(const uint8_t *bytes, size_t n)
{
	uint8_t all = 0;

	while (n--)
		all |= bytes[n];
	return all == 0;
}

/* Each byte behind the header, by each library, in one piece and in several. */
static void assert_tampering(const struct record *x, struct weir_tls_crypto *c, size_t at,
			     size_t piece, struct scattered *out)
{
	struct weir_tls_records copy = x->p.us;
	struct weir_tls_opened opened;
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	struct weir_bytes in = {wire, x->size};
	struct weir_tls_spans s = {.in = &in, .n_in = 1, .out = out->room};

	memcpy(wire, x->wire, x->size);
	wire[at] ^= 0x10;
	scatter(out, NULL, weir_tls_open_room(&copy, x->size), piece);
	s.n_out = out->n;
	ck_assert_int_eq(weir_tls_open(c, &copy, &s, &opened), -WEIR_TLS_E_RECORD_MAC);
	ck_assert_uint_eq(opened.len, 0);
	ck_assert_uint_eq(copy.fatal_due, 20);
	gather(out, plain);
	ck_assert(is_zero(plain, out->len));
	/* It stays so, also for what would have been right. */
	memcpy(wire, x->wire, x->size);
	ck_assert_int_eq(weir_tls_open(c, &copy, &s, &opened), -WEIR_TLS_E_RECORD_MAC);
}

START_TEST(every_byte_that_is_changed_is_found_and_nothing_is_left)
{
	static const size_t pieces[] = {16, 37, WIRE_MAX};
	struct weir_tls_crypto *other = weir_tls_crypto_create(false);
	struct scattered *out = scattered_create();

	for (unsigned int i = 0; i < N_KINDS * 3; i++) {
		struct record x;

		record_init(&x, kind_of(i % N_KINDS), 150);
		for (size_t at = WEIR_TLS_HEADER; at < x.size; at++) {
			assert_tampering(&x, x.p.c, at, pieces[i / N_KINDS], out);
			assert_tampering(&x, other, at, pieces[i / N_KINDS], out);
		}
		pair_fini(&x.p);
	}
	free(out);
	weir_tls_crypto_destroy(other);
}
END_TEST

START_TEST(what_was_changed_is_wiped_in_place_too)
{
	struct scattered *in = scattered_create();

	for (unsigned int i = 0; i < N_KINDS; i++)
		for (size_t piece = 20; piece < 320; piece += 50) {
			struct weir_tls_room rooms[400];
			struct weir_tls_spans s = {.in = in->view, .out = rooms};
			uint8_t plain[WIRE_MAX];
			struct weir_tls_opened opened;
			struct record x;

			record_init(&x, kind_of(i), 300);
			x.wire[x.size - 1] ^= 1;
			scatter(in, x.wire, x.size, piece);
			s.n_in = in->n;
			s.n_out = weir_tls_open_in_place(&x.p.us, in->view, in->n, rooms, 400);
			ck_assert_int_eq(weir_tls_open(x.p.c, &x.p.us, &s, &opened),
					 -WEIR_TLS_E_RECORD_MAC);
			gather(in, plain);
			ck_assert(is_zero(plain + weir_tls_seal_offset(&x.p.us), 300));
			pair_fini(&x.p);
		}
	free(in);
}
END_TEST

START_TEST(a_record_is_opened_once_and_in_its_turn)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		uint8_t first[WIRE_MAX], second[WIRE_MAX], plain[WIRE_MAX];
		struct weir_tls_opened opened;
		struct weir_tls_records copy;
		ssize_t n, m;
		struct pair p;

		pair_init(&p, kind_of(i));
		n = seal(p.c, &p.them, DATA, weir_bytes_str("first"), first);
		m = seal(p.c, &p.them, DATA, weir_bytes_str("second"), second);
		copy = p.us;
		ck_assert_int_eq(
			open_one(p.c, &copy, weir_bytes_of(second, (size_t)m), plain, &opened),
			-WEIR_TLS_E_RECORD_MAC);
		copy = p.us;
		ck_assert_int_eq(
			open_one(p.c, &copy, weir_bytes_of(first, (size_t)n), plain, &opened), n);
		ck_assert_int_eq(
			open_one(p.c, &copy, weir_bytes_of(first, (size_t)n), plain, &opened),
			-WEIR_TLS_E_RECORD_MAC);
		pair_fini(&p);
	}
}
END_TEST

/* They have no padding of their own to send: what follows the type is sealed as content. */
static ssize_t seal_padded(struct pair *p, uint8_t type, size_t len, size_t padding, uint8_t *wire)
{
	static uint8_t inner[WEIR_TLS_RECORD_MAX + 1];

	memcpy(inner, some_bytes(), len);
	inner[len] = type;
	memset(inner + len + 1, 0, padding);
	/* The sealed type is the last zero. */
	return seal(p->c, &p->them, 0, weir_bytes_of(inner, len + padding), wire);
}

START_TEST(padding_is_stripped)
{
	static const size_t rows[][2] = {{1, 1},     {0, 1},     {100, 300},
					 {1, 16383}, {16383, 1}, {0, 16384}};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct scattered *out = scattered_create();
		uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
		struct weir_bytes in = {wire, 0};
		struct weir_tls_spans s = {.in = &in, .n_in = 1, .out = out->room};
		struct weir_tls_opened opened;
		struct pair p;

		pair_init(&p, (struct kind){.version = WEIR_TLS_1_3});
		in.len = (size_t)seal_padded(&p, DATA, rows[i][0], rows[i][1], wire);
		scatter(out, NULL, WEIR_TLS_RECORD_MAX + 1, 1 + i * 100);
		s.n_out = out->n;
		ck_assert_int_eq(weir_tls_open(p.c, &p.us, &s, &opened), in.len);
		ck_assert_uint_eq(opened.type, DATA);
		ck_assert_uint_eq(opened.len, rows[i][0]);
		gather(out, plain);
		ck_assert_mem_eq(plain, some_bytes(), opened.len);
		pair_fini(&p);
		free(out);
	}
}
END_TEST

START_TEST(padding_alone_is_refused)
{
	struct weir_tls_opened opened;
	struct pair p;

	for (size_t n = 0; n < 3; n++) {
		pair_init(&p, (struct kind){.version = WEIR_TLS_1_3});
		ck_assert_int_eq(hear(&p, 0, "\0\0", n, &opened), -WEIR_TLS_E_RECORD_TYPE);
		ck_assert_uint_eq(p.us.fatal_due, 10);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(the_last_number_is_not_opened)
{
	struct weir_tls_opened opened;
	struct pair p;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_2});
	p.us.rx.seq = UINT64_MAX;
	ck_assert_int_eq(hear(&p, DATA, "x", 1, &opened), -WEIR_TLS_E_KEY_LIMIT);
	pair_fini(&p);
}
END_TEST

Suite *open_suite(void)
{
	return WEIR_SUITE(
		"tls open", pieces_of_every_size_are_opened_by_both_libraries,
		large_records_are_opened_too, pieces_are_opened_in_place,
		every_cut_waits_and_changes_nothing, rooms_that_are_too_small_change_nothing,
		every_byte_that_is_changed_is_found_and_nothing_is_left,
		what_was_changed_is_wiped_in_place_too, a_record_is_opened_once_and_in_its_turn,
		padding_is_stripped, padding_alone_is_refused, the_last_number_is_not_opened);
}
