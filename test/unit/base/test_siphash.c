/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-1-3 against vectors made with CPython 3.11, whose hash() of bytes is SipHash-1-3 under a
 * key that PYTHONHASHSEED determines; the first row is also rust-core's for the empty input.
 */
#include "base_test.h"

#define WORDS_MAX 8

static const struct {
	uint64_t k0, k1;
	unsigned int words; /* input: the bytes 0, 1, 2 … */
	uint64_t hash;
} vectors[] = {
	{0x0706050403020100, 0x0f0e0d0c0b0a0908, 0, 0xabac0158050fc4dc},
	/* PYTHONHASHSEED=42 */
	{0xdc504fd368cd90af, 0xb920bb9ffe99e9c1, 1, 0x60866c3c108c6afb},
	{0xdc504fd368cd90af, 0xb920bb9ffe99e9c1, 2, 0x339176f3ac59ce05},
	{0xdc504fd368cd90af, 0xb920bb9ffe99e9c1, 3, 0xae431c6fb201ce8b},
	{0xdc504fd368cd90af, 0xb920bb9ffe99e9c1, 5, 0xde03d697bf20e38a},
	{0xdc504fd368cd90af, 0xb920bb9ffe99e9c1, 7, 0x6d85aecde75643f1},
	{0xdc504fd368cd90af, 0xb920bb9ffe99e9c1, 8, 0x91639ef7de8d52cb},
	/* PYTHONHASHSEED=2012 */
	{0x9099b9b3202fe9d0, 0xc0c0e130f26a9c9a, 1, 0xe298ac8753b19258},
	{0x9099b9b3202fe9d0, 0xc0c0e130f26a9c9a, 2, 0x1d873ae6ea713e50},
	{0x9099b9b3202fe9d0, 0xc0c0e130f26a9c9a, 3, 0x5bc8baae17557029},
	{0x9099b9b3202fe9d0, 0xc0c0e130f26a9c9a, 5, 0x224a4b4717cb3e2f},
	{0x9099b9b3202fe9d0, 0xc0c0e130f26a9c9a, 7, 0x11cbe18072bc34c1},
	{0x9099b9b3202fe9d0, 0xc0c0e130f26a9c9a, 8, 0xb92e1dd206e67c5b},
};

/* Little-endian, as the vectors read their bytes. */
static void fill(uint64_t words[WORDS_MAX])
{
	for (unsigned int i = 0; i < WORDS_MAX; i++) {
		words[i] = 0;
		for (unsigned int byte = 0; byte < 8; byte++)
			words[i] |= (uint64_t)(i * 8 + byte) << (8 * byte);
	}
}

START_TEST(hashes_are_those_of_other_implementations)
{
	uint64_t words[WORDS_MAX];

	fill(words);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(vectors); i++) {
		struct weir_siphash_key key = {{vectors[i].k0, vectors[i].k1}};

		ck_assert_uint_eq(weir_siphash13(&key, words, vectors[i].words), vectors[i].hash);
	}
}
END_TEST

/* Each bit of key and input changes about half of the output's bits. */
START_TEST(every_bit_of_key_and_input_counts)
{
	struct weir_siphash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
	uint64_t words[2] = {0x1122334455667788, 0x99aabbccddeeff00};
	uint64_t before = weir_siphash13(&key, words, 2);

	for (unsigned int bit = 0; bit < 256; bit++) {
		uint64_t *word = bit < 128 ? &words[bit / 64] : &key.k[bit / 64 - 2];
		int changed;

		*word ^= 1ULL << (bit % 64);
		changed = __builtin_popcountll(before ^ weir_siphash13(&key, words, 2));
		*word ^= 1ULL << (bit % 64);
		ck_assert_int_ge(changed, 12);
		ck_assert_int_le(changed, 52);
	}
}
END_TEST

START_TEST(trailing_zero_words_change_the_hash)
{
	struct weir_siphash_key key = {{1, 2}};
	uint64_t words[4] = {7};

	for (unsigned int a = 1; a <= 4; a++)
		for (unsigned int b = 1; b < a; b++)
			ck_assert_uint_ne(weir_siphash13(&key, words, a),
					  weir_siphash13(&key, words, b));
}
END_TEST

Suite *siphash_suite(void)
{
	return WEIR_SUITE("base siphash", hashes_are_those_of_other_implementations,
			  every_bit_of_key_and_input_counts, trailing_zero_words_change_the_hash);
}
