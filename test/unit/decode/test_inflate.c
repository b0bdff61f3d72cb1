/* SPDX-License-Identifier: BSD-3-Clause */
#include <brotli/encode.h>
#include <zlib.h>

#include "decode_test.h"

static uint8_t packed[4096];
static char plain[100000];

static void fill_plain(void)
{
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (char)('a' + i / 1000 % 26);
}

/* `window` as deflateInit2() takes it. */
static size_t deflate_all(int window)
{
	z_stream z = {0};
	size_t n;

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)plain;
	z.avail_in = sizeof(plain);
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = sizeof(packed) - z.avail_out;
	deflateEnd(&z);
	return n;
}

/* `window` in bits. */
static size_t brotli_all(int window)
{
	size_t n = sizeof(packed);

	ck_assert(BrotliEncoderCompress(9, window, BROTLI_MODE_GENERIC, sizeof(plain),
					(const uint8_t *)plain, &n, packed));
	return n;
}

static const struct {
	enum weir_coding coding;
	int window;
	size_t (*pack)(int window);
} rows[] = {
	{WEIR_CODING_GZIP, MAX_WBITS + 16, deflate_all},
	{WEIR_CODING_DEFLATE, MAX_WBITS, deflate_all},
	{WEIR_CODING_DEFLATE, -MAX_WBITS, deflate_all},
	{WEIR_CODING_BROTLI, BROTLI_MIN_WINDOW_BITS, brotli_all},
	{WEIR_CODING_BROTLI, BROTLI_DEFAULT_WINDOW, brotli_all},
};

START_TEST(codings_are_undone_up_to_the_limit)
{
	fill_plain();
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		size_t n = rows[i].pack(rows[i].window);
		struct weir_bytes out;
		struct weir_arena a;

		weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
		ck_assert_int_eq(
			weir_inflate(rows[i].coding, weir_bytes_of(packed, n),
				     &(const struct weir_inflate_limits){.max = sizeof(plain)}, &a,
				     &out),
			0);
		ck_assert(weir_bytes_equal(out, weir_bytes_of(plain, sizeof(plain))));
		ck_assert_int_eq(weir_inflate(rows[i].coding, weir_bytes_of(packed, n),
					      &(const struct weir_inflate_limits){.max = 1000}, &a,
					      &out),
				 -WEIR_ELIMIT);
		ck_assert(weir_bytes_equal(out, weir_bytes_of(plain, 1000)));
		ck_assert_int_eq(
			weir_inflate(rows[i].coding, weir_bytes_of(packed, n / 2),
				     &(const struct weir_inflate_limits){.max = sizeof(plain)}, &a,
				     &out),
			-WEIR_EFORMAT);
		weir_arena_reset(&a);
	}
}
END_TEST

START_TEST(brotli_is_undone)
{
	/* "hello" by brotli 1.0.9 */
	static const uint8_t text[] = {0x0b, 0x02, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x03};
	struct weir_bytes out;
	struct weir_arena a;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(weir_inflate(WEIR_CODING_BROTLI, weir_bytes_of(text, sizeof(text)),
				      &(const struct weir_inflate_limits){.max = 100}, &a, &out),
			 0);
	ck_assert(weir_bytes_is(out, "hello"));
	ck_assert_int_eq(weir_inflate(WEIR_CODING_BROTLI, weir_bytes_of(text, sizeof(text)),
				      &(const struct weir_inflate_limits){.max = 3}, &a, &out),
			 -WEIR_ELIMIT);
	ck_assert_int_eq(weir_inflate(WEIR_CODING_BROTLI, weir_bytes_str("junk"),
				      &(const struct weir_inflate_limits){.max = 100}, &a, &out),
			 -WEIR_EFORMAT);
	weir_arena_reset(&a);
}
END_TEST

/* However little there is of a body, it may come to any size: what is made is bounded, and so is
 * the memory for it, at each limit around the pieces in which it is made. */
START_TEST(a_bomb_takes_no_more_memory_than_its_limit)
{
	static const size_t limits[] = {0, 1, 16383, 16384, 16385, 32768, 99999};

	memset(plain, 'x', sizeof(plain));
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		size_t n = rows[i].pack(rows[i].window);

		ck_assert_uint_lt(n, 300);
		for (size_t k = 0; k < WEIR_ARRAY_LEN(limits); k++) {
			struct weir_bytes out;
			struct weir_arena a;

			/* twice, as pieces and joined, and a piece that is not full */
			weir_arena_init(&a, &weir_arena_malloc, 2 * limits[k] + (64 << 10));
			ck_assert_int_eq(weir_inflate(rows[i].coding, weir_bytes_of(packed, n),
						      &(struct weir_inflate_limits){limits[k]}, &a,
						      &out),
					 -WEIR_ELIMIT);
			ck_assert(weir_bytes_equal(out, weir_bytes_of(plain, limits[k])));
			weir_arena_reset(&a);
		}
	}
}
END_TEST

/* The decoder takes the whole window from the system. */
START_TEST(a_large_window_of_brotli_is_refused_where_so_much_may_not_be_made)
{
	struct weir_bytes out;
	struct weir_arena a;
	size_t n;

	fill_plain();
	n = brotli_all(BROTLI_MAX_WINDOW_BITS);
	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(weir_inflate(WEIR_CODING_BROTLI, weir_bytes_of(packed, n),
				      &(struct weir_inflate_limits){sizeof(plain)}, &a, &out),
			 -WEIR_ELIMIT);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_int_eq(weir_inflate(WEIR_CODING_BROTLI, weir_bytes_of(packed, n),
				      &(struct weir_inflate_limits){16 << 20}, &a, &out),
			 0);
	ck_assert(weir_bytes_equal(out, weir_bytes_of(plain, sizeof(plain))));
	weir_arena_reset(&a);
}
END_TEST

START_TEST(codings_have_names)
{
	ck_assert_int_eq(weir_coding_find(weir_bytes_str("GZIP")), WEIR_CODING_GZIP);
	ck_assert_int_eq(weir_coding_find(weir_bytes_str("br")), WEIR_CODING_BROTLI);
	ck_assert_int_eq(weir_coding_find(weir_bytes_str("compress")), -WEIR_ENOTFOUND);
}
END_TEST

Suite *inflate_suite(void)
{
	return WEIR_SUITE("decode inflate", codings_are_undone_up_to_the_limit, brotli_is_undone,
			  a_bomb_takes_no_more_memory_than_its_limit,
			  a_large_window_of_brotli_is_refused_where_so_much_may_not_be_made,
			  codings_have_names);
}
