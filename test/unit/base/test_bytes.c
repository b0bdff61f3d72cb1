/* SPDX-License-Identifier: BSD-3-Clause */
/* Cursors, the growing buffer, the distance between words. */
#include "base_test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Lets allocations fail under the address sanitizer as they do without it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* ---- cursor ---- */

static const uint8_t numbers[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07};

START_TEST(a_cursor_reads_big_endian_numbers_in_order)
{
	struct weir_cursor c = weir_cursor_of(numbers, sizeof(numbers));

	ck_assert_uint_eq(weir_cursor_u8(&c), 0x01);
	ck_assert_uint_eq(weir_cursor_u16(&c), 0x0203);
	ck_assert_uint_eq(weir_cursor_u32(&c), 0x04050607);
	ck_assert_uint_eq(weir_cursor_left(&c), 0);
	ck_assert(c.ok);
}
END_TEST

START_TEST(high_bits_survive_the_cursor)
{
	static const uint8_t high[] = {0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9};
	struct weir_cursor c = weir_cursor_of(high, sizeof(high));

	ck_assert_uint_eq(weir_cursor_u32(&c), 0xfffefdfc);
	ck_assert_uint_eq(weir_cursor_u16(&c), 0xfbfa);
	ck_assert_uint_eq(weir_cursor_u8(&c), 0xf9);
}
END_TEST

/* The bytes end where the next page is not mapped, so that a read too far is a crash. */
START_TEST(a_cursor_never_reads_past_its_end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mprotect(map + page, page, PROT_NONE), 0);
	memset(map, 0xff, page);
	for (size_t len = 0; len <= 7; len++) {
		struct weir_cursor c = weir_cursor_of(map + page - len, len);

		ck_assert_uint_eq(weir_cursor_u32(&c), len >= 4 ? 0xffffffff : 0);
		ck_assert(c.ok == (len >= 4));
		ck_assert_uint_eq(weir_cursor_u16(&c), len >= 6 ? 0xffff : 0);
		ck_assert(c.ok == (len >= 6));
		ck_assert_uint_eq(weir_cursor_u8(&c), len >= 7 ? 0xff : 0);
		ck_assert(c.ok == (len >= 7));
	}
	munmap(map, 2 * page);
}
END_TEST

START_TEST(a_failed_read_makes_all_later_ones_fail)
{
	struct weir_cursor c = weir_cursor_of(numbers, 3);

	ck_assert_uint_eq(weir_cursor_u32(&c), 0);
	ck_assert(!c.ok);
	ck_assert_uint_eq(weir_cursor_left(&c), 3);
	ck_assert_uint_eq(weir_cursor_u8(&c), 0);
	ck_assert_ptr_null(weir_cursor_take(&c, 1));
	ck_assert_ptr_null(weir_cursor_take(&c, 0));
	ck_assert(!c.ok);
}
END_TEST

START_TEST(take_gives_the_place_and_moves_on)
{
	struct weir_cursor c = weir_cursor_of(numbers, sizeof(numbers));

	ck_assert_ptr_eq(weir_cursor_take(&c, 3), numbers);
	ck_assert_ptr_eq(weir_cursor_take(&c, 0), numbers + 3);
	ck_assert_ptr_eq(weir_cursor_take(&c, 4), numbers + 3);
	ck_assert(c.ok);
	ck_assert_ptr_null(weir_cursor_take(&c, SIZE_MAX));
	ck_assert(!c.ok);
}
END_TEST

/* ---- buffer ---- */

START_TEST(a_buffer_is_terminated_after_each_addition)
{
	struct weir_buf b = {0};

	weir_buf_str(&b, "");
	ck_assert_str_eq(b.ptr, "");
	weir_buf_str(&b, "one");
	ck_assert_str_eq(b.ptr, "one");
	weir_buf_add(&b, "-two-", 4);
	ck_assert_str_eq(b.ptr, "one-two");
	weir_buf_printf(&b, "%c%d", '-', 3);
	ck_assert_str_eq(b.ptr, "one-two-3");
	ck_assert_uint_eq(b.len, strlen(b.ptr));
	weir_buf_add(&b, NULL, 0);
	ck_assert_str_eq(b.ptr, "one-two-3");
	weir_buf_fini(&b);
	ck_assert_ptr_null(b.ptr);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(a_buffer_keeps_bytes_that_are_not_text)
{
	struct weir_buf b = {0};

	weir_buf_add(&b, "a\0b", 3);
	weir_buf_str(&b, "c");
	ck_assert_uint_eq(b.len, 4);
	ck_assert_mem_eq(b.ptr, "a\0bc", 5);
	weir_buf_fini(&b);
}
END_TEST

START_TEST(a_buffer_grows_at_every_length)
{
	struct weir_buf b = {0};

	for (unsigned int i = 0; i < 5000; i++) {
		weir_buf_add(&b, &(char){(char)('a' + i % 26)}, 1);
		ck_assert_uint_eq(b.len, i + 1);
		ck_assert_int_eq(b.ptr[b.len], '\0');
	}
	for (unsigned int i = 0; i < 5000; i++)
		ck_assert_int_eq(b.ptr[i], 'a' + (int)i % 26);
	weir_buf_fini(&b);
}
END_TEST

START_TEST(printf_of_any_length_is_whole)
{
	for (int width = 1; width < 1200; width += 7) {
		struct weir_buf b = {0};

		weir_buf_str(&b, "x");
		weir_buf_printf(&b, "%*d", width, 7);
		ck_assert_uint_eq(b.len, (size_t)width + 1);
		ck_assert_int_eq(b.ptr[width], '7');
		weir_buf_fini(&b);
	}
}
END_TEST

START_TEST(numbers_have_the_digits_that_printf_gives_them)
{
	struct weir_buf b = {0};
	uint64_t power = 1;
	char wanted[24];

	for (unsigned int digits = 1; digits <= 20; digits++, power *= 10) {
		const uint64_t values[] = {0,         power - 1, power,
					   power + 1, power * 9, UINT64_MAX - power};

		for (size_t i = 0; i < WEIR_ARRAY_LEN(values); i++) {
			weir_buf_reset(&b);
			weir_buf_u64(&b, values[i]);
			snprintf(wanted, sizeof(wanted), "%llu", (unsigned long long)values[i]);
			ck_assert_str_eq(b.ptr, wanted);
		}
	}
	weir_buf_fini(&b);
}
END_TEST

START_TEST(hexadecimal_numbers_always_have_sixteen_digits)
{
	static const struct {
		uint64_t value;
		const char *text;
	} rows[] = {
		{0, "0000000000000000"},
		{0x9abcdef, "0000000009abcdef"},
		{0xfedcba9876543210, "fedcba9876543210"},
		{UINT64_MAX, "ffffffffffffffff"},
	};
	char text[WEIR_HEX_U64];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		ck_assert_str_eq(weir_hex_u64(rows[i].value, text), rows[i].text);
}
END_TEST

START_TEST(a_reset_buffer_is_empty_and_usable)
{
	struct weir_buf b = {0};

	weir_buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	weir_buf_str(&b, "before");
	weir_buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.ptr, "");
	weir_buf_str(&b, "after");
	ck_assert_str_eq(b.ptr, "after");
	weir_buf_fini(&b);
}
END_TEST

START_TEST(what_does_not_fit_into_memory_marks_the_buffer)
{
	volatile size_t huge = SIZE_MAX / 4; /* the compiler knows better where it sees it */
	struct weir_buf b = {0};

	weir_buf_str(&b, "kept");
	weir_buf_add(&b, "", huge);
	ck_assert(b.failed);
	ck_assert_str_eq(b.ptr, "kept");
	weir_buf_str(&b, "more");
	ck_assert_str_eq(b.ptr, "kept");
	weir_buf_reset(&b);
	ck_assert(!b.failed);
	weir_buf_str(&b, "again");
	ck_assert_str_eq(b.ptr, "again");
	weir_buf_fini(&b);
}
END_TEST

/* ---- edit distance ---- */

static const struct {
	const char *a, *b;
	unsigned int distance;
} distances[] = {
	{"", "", 0},
	{"", "abc", 3},
	{"policy", "policy", 0},
	{"polcy", "policy", 1},
	{"policyy", "policy", 1},
	{"polixy", "policy", 1},
	{"oplicy", "policy", 2},
	{"kitten", "sitting", 3},
	{"saturday", "sunday", 3},
	{"ports", "wires", 3},
	{"a", "b", 1},
};

START_TEST(edit_distance_counts_insertions_deletions_and_changes)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(distances); i++) {
		ck_assert_uint_eq(weir_edit_distance(distances[i].a, distances[i].b),
				  distances[i].distance);
		ck_assert_uint_eq(weir_edit_distance(distances[i].b, distances[i].a),
				  distances[i].distance);
	}
}
END_TEST

START_TEST(edit_distance_of_long_texts_is_bounded)
{
	char a[66], b[66];

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	a[64] = b[64] = '\0';
	ck_assert_uint_eq(weir_edit_distance(a, b), 64);
	ck_assert_uint_eq(weir_edit_distance(a, a), 0);
	a[64] = 'a';
	a[65] = '\0';
	ck_assert_uint_eq(weir_edit_distance(a, a), 64);
	ck_assert_uint_eq(weir_edit_distance(a, ""), 64);
	ck_assert_uint_eq(weir_edit_distance("", a), 64);
}
END_TEST

/* ---- comparing ---- */

/* Any byte against any other, at every place of every length. */
START_TEST(only_ascii_letters_of_either_case_are_equal)
{
	uint8_t a[20], b[20];

	memset(a, 'k', sizeof(a));
	for (size_t len = 1; len <= sizeof(a); len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned int pair = 0; pair < 65536; pair += 1 + (len > 9) * 6) {
				bool equal;

				memcpy(b, a, sizeof(b));
				b[(at + 1) % len] = 'K';
				a[at] = (uint8_t)(pair >> 8);
				b[at] = (uint8_t)pair;
				equal = weir_lower(a[at]) == weir_lower(b[at]);
				ck_assert(weir_bytes_equal_case(weir_bytes_of(a, len),
								weir_bytes_of(b, len)) == equal);
				a[at] = 'k';
			}
	ck_assert(!weir_bytes_equal_case(weir_bytes_str("host"), weir_bytes_str("hosts")));
	ck_assert(weir_bytes_equal_case((struct weir_bytes){0}, weir_bytes_str("")));
}
END_TEST

Suite *bytes_suite(void)
{
	return WEIR_SUITE(
		"base bytes", a_cursor_reads_big_endian_numbers_in_order,
		high_bits_survive_the_cursor, a_cursor_never_reads_past_its_end,
		a_failed_read_makes_all_later_ones_fail, take_gives_the_place_and_moves_on,
		a_buffer_is_terminated_after_each_addition, a_buffer_keeps_bytes_that_are_not_text,
		a_buffer_grows_at_every_length, printf_of_any_length_is_whole,
		numbers_have_the_digits_that_printf_gives_them,
		hexadecimal_numbers_always_have_sixteen_digits, a_reset_buffer_is_empty_and_usable,
		what_does_not_fit_into_memory_marks_the_buffer,
		only_ascii_letters_of_either_case_are_equal,
		edit_distance_counts_insertions_deletions_and_changes,
		edit_distance_of_long_texts_is_bounded);
}
