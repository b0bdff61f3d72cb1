/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

#define V2 WEIR_TLS_1_2
#define V3 WEIR_TLS_1_3

/* The bounds of AES-GCM: 24 bytes are added in TLS 1.2, 17 in TLS 1.3. */
static const struct {
	uint16_t version;
	uint8_t head[WEIR_TLS_HEADER];
	ssize_t want;
} rows[] = {
	{V3, {23, 3, 3, 0, 17}, 5 + 17},
	{V3, {23, 3, 3, 0, 16}, -WEIR_TLS_E_RECORD_MAC},
	{V3, {23, 3, 3, 0, 0}, -WEIR_TLS_E_RECORD_MAC},
	{V3, {23, 3, 3, 0x40, 17}, 5 + 16384 + 17},
	{V3, {23, 3, 3, 0x40, 18}, -WEIR_TLS_E_RECORD_SIZE},
	{V3, {23, 3, 3, 0xff, 0xff}, -WEIR_TLS_E_RECORD_SIZE},
	{V3, {20, 3, 3, 0, 1}, -WEIR_TLS_E_RECORD_TYPE},
	{V3, {21, 3, 3, 0, 2}, -WEIR_TLS_E_RECORD_TYPE},
	{V3, {22, 3, 3, 0, 100}, -WEIR_TLS_E_RECORD_TYPE},
	{V3, {23, 3, 1, 0, 100}, -WEIR_TLS_E_RECORD_VERSION},
	{V3, {23, 3, 4, 0, 100}, -WEIR_TLS_E_RECORD_VERSION},
	{V3, {'G', 'E', 'T', ' ', '/'}, -WEIR_TLS_E_RECORD_TYPE},
	{V2, {23, 3, 3, 0, 24}, 5 + 24},
	{V2, {23, 3, 3, 0, 23}, -WEIR_TLS_E_RECORD_MAC},
	{V2, {23, 3, 3, 0x40, 24}, 5 + 16384 + 24},
	{V2, {23, 3, 3, 0x40, 25}, -WEIR_TLS_E_RECORD_SIZE},
	{V2, {20, 3, 3, 0, 100}, 105},
	{V2, {21, 3, 3, 0, 100}, 105},
	{V2, {22, 3, 3, 0, 100}, 105},
	{V2, {24, 3, 3, 0, 100}, -WEIR_TLS_E_RECORD_TYPE},
	{V2, {19, 3, 3, 0, 100}, -WEIR_TLS_E_RECORD_TYPE},
	{V2, {23, 3, 2, 0, 100}, -WEIR_TLS_E_RECORD_VERSION},
	{V2, {23, 2, 3, 0, 100}, -WEIR_TLS_E_RECORD_VERSION},
};

START_TEST(five_bytes_tell_size_and_what_is_wrong)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct kind kind = {.version = rows[i].version};
		struct weir_tls_opened opened;
		uint8_t plain[WIRE_MAX];
		struct weir_bytes in;
		struct pair p;

		pair_init(&p, kind);
		for (size_t n = 0; n < WEIR_TLS_HEADER; n++) {
			in = weir_bytes_of(rows[i].head, n);
			ck_assert_int_eq(weir_tls_peek(&p.us, &in, 1), 0);
			ck_assert_int_eq(open_one(p.c, &p.us, in, plain, &opened), 0);
		}
		in = weir_bytes_of(rows[i].head, WEIR_TLS_HEADER);
		ck_assert_int_eq(weir_tls_peek(&p.us, &in, 1), rows[i].want);
		ck_assert_int_eq(open_one(p.c, &p.us, in, plain, &opened),
				 rows[i].want < 0 ? rows[i].want : 0);
		ck_assert(weir_tls_post_due(&p.us) == (rows[i].want < 0));
		pair_fini(&p);
	}
}
END_TEST

START_TEST(a_scattered_header_is_read)
{
	static const uint8_t head[] = {23, 3, 3, 0, 100};
	struct weir_bytes in[7] = {{head, 1},     {head + 1, 0}, {head + 1, 2}, {NULL, 0},
				   {head + 3, 1}, {head + 4, 1}, {NULL, 0}};
	struct pair p;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_3});
	ck_assert_int_eq(weir_tls_peek(&p.us, in, 7), 105);
	ck_assert_int_eq(weir_tls_peek(&p.us, in, 5), 0);
	ck_assert_int_eq(weir_tls_peek(&p.us, in, 0), 0);
	pair_fini(&p);
}
END_TEST

START_TEST(sizes_are_those_of_the_versions)
{
	static const size_t added[2][WEIR_TLS_SUITE_END] = {{29, 29, 21}, {22, 22, 22}};

	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct kind kind = kind_of(i);
		size_t more = added[kind.version == WEIR_TLS_1_3][kind.suite];
		uint8_t wire[WIRE_MAX];
		struct pair p;

		pair_init(&p, kind);
		ck_assert_uint_le(more, WEIR_TLS_OVERHEAD_MAX);
		ck_assert_uint_eq(weir_tls_seal_room(&p.us, 100), 100 + more);
		ck_assert_int_eq(seal(p.c, &p.us, WEIR_TLS_APPLICATION_DATA,
				      weir_bytes_of(some_bytes(), 100), wire),
				 100 + more);
		ck_assert_uint_eq(weir_tls_open_room(&p.us, 100 + more),
				  100 + (kind.version == WEIR_TLS_1_3));
		ck_assert_uint_eq(weir_tls_open_room(&p.us, 3), 0);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(rooms_in_place_are_the_ciphertext)
{
	uint8_t wire[WIRE_MAX];
	struct weir_bytes in[3];
	struct weir_tls_room rooms[3];
	struct pair p;
	ssize_t n;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_2});
	n = seal(p.c, &p.them, WEIR_TLS_APPLICATION_DATA, weir_bytes_of(some_bytes(), 100), wire);
	in[0] = weir_bytes_of(wire, 20);
	in[1] = weir_bytes_of(wire + 20, 70);
	in[2] = weir_bytes_of(wire + 90, (size_t)n - 90);
	ck_assert_uint_eq(weir_tls_open_in_place(&p.us, in, 3, rooms, 3), 3);
	ck_assert_ptr_eq(rooms[0].ptr, wire + 13);
	ck_assert_uint_eq(rooms[0].len, 7);
	ck_assert_uint_eq(rooms[1].len, 70);
	ck_assert_uint_eq(rooms[2].len, 23);
	ck_assert_uint_eq(weir_tls_open_in_place(&p.us, in, 3, rooms, 2), 0);
	ck_assert_uint_eq(weir_tls_open_in_place(&p.us, in, 2, rooms, 3), 0);
	pair_fini(&p);
}
END_TEST

Suite *record_suite(void)
{
	return WEIR_SUITE("tls record", five_bytes_tell_size_and_what_is_wrong,
			  a_scattered_header_is_read, sizes_are_those_of_the_versions,
			  rooms_in_place_are_the_ciphertext);
}
