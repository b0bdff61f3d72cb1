/* SPDX-License-Identifier: BSD-3-Clause */
/* The growing output buffer, views compared, and the distance between two words. */
#include <weir_base.h>

#include <stdio.h>
#include <stdlib.h>

static bool reserve(struct weir_buf *b, size_t more)
{
	size_t need = b->len + more + 1;
	size_t cap = b->cap ? b->cap : 256;
	char *grown;

	if (more > SIZE_MAX / 4)
		b->failed = true;
	if (b->failed)
		return false;
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	grown = realloc(b->ptr, cap);
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->ptr = grown;
	b->cap = cap;
	return true;
}

void weir_buf_fini(struct weir_buf *b)
{
	free(b->ptr);
	*b = (struct weir_buf){0};
}

void weir_buf_reset(struct weir_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

void weir_buf_add_grown(struct weir_buf *b, const void *bytes, size_t len)
{
	if (reserve(b, len))
		weir_buf_add(b, bytes, len);
}

/* Two digits a division. */
void weir_buf_u64(struct weir_buf *b, uint64_t value)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	char digits[20];
	size_t at = sizeof(digits);

	for (; value >= 10; value /= 100) {
		at -= 2;
		memcpy(digits + at, pairs + value % 100 * 2, 2);
	}
	if (value || at == sizeof(digits))
		digits[--at] = (char)('0' + value);
	weir_buf_add(b, digits + at, sizeof(digits) - at);
}

void weir_buf_str(struct weir_buf *b, const char *text)
{
	weir_buf_add(b, text, strlen(text));
}

void weir_buf_vprintf(struct weir_buf *b, const char *format, va_list args)
{
	va_list again;
	int need;

	va_copy(again, args);
	need = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (need < 0 || !reserve(b, (size_t)need)) {
		b->failed = true;
		return;
	}
	vsnprintf(b->ptr + b->len, (size_t)need + 1, format, args);
	b->len += (size_t)need;
}

void weir_buf_printf(struct weir_buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	weir_buf_vprintf(b, format, args);
	va_end(args);
}

const char *weir_hex_u64(uint64_t value, char text[WEIR_HEX_U64])
{
	for (unsigned int i = 16; i--; value >>= 4)
		text[i] = "0123456789abcdef"[value & 15];
	text[16] = '\0';
	return text;
}

#define EDIT_MAX 64

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned int weir_edit_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned int row[EDIT_MAX + 1];

	if (la > EDIT_MAX || lb > EDIT_MAX)
		return EDIT_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

bool weir_bytes_equal(struct weir_bytes a, struct weir_bytes b)
{
	return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool equal_case(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (weir_lower(a[i]) != weir_lower(b[i]))
			return false;
	return true;
}

/* Eight bytes at a time: mostly they are equal, or differ in more than the bit that tells cases. */
bool weir_bytes_equal_case(struct weir_bytes a, struct weir_bytes b)
{
	size_t i = 0;

	if (a.len != b.len)
		return false;
	for (; i + sizeof(uint64_t) <= a.len; i += sizeof(uint64_t)) {
		uint64_t x, y;

		memcpy(&x, a.ptr + i, sizeof(x));
		memcpy(&y, b.ptr + i, sizeof(y));
		if (x == y)
			continue;
		if ((x ^ y) & ~0x2020202020202020ULL ||
		    !equal_case(a.ptr + i, b.ptr + i, sizeof(x)))
			return false;
	}
	return i == a.len || equal_case(a.ptr + i, b.ptr + i, a.len - i);
}

bool weir_bytes_is(struct weir_bytes a, const char *text)
{
	return weir_bytes_equal(a, weir_bytes_str(text));
}

bool weir_bytes_is_case(struct weir_bytes a, const char *text)
{
	return weir_bytes_equal_case(a, weir_bytes_str(text));
}

ssize_t weir_bytes_find(struct weir_bytes hay, struct weir_bytes needle)
{
	const uint8_t *at;

	if (!needle.len)
		return 0;
	at = hay.len ? memmem(hay.ptr, hay.len, needle.ptr, needle.len) : NULL;
	return at ? at - hay.ptr : -1;
}

struct weir_bytes weir_bytes_trim(struct weir_bytes b)
{
	while (b.len && (b.ptr[0] == ' ' || b.ptr[0] == '\t'))
		b = weir_bytes_of(b.ptr + 1, b.len - 1);
	while (b.len && (b.ptr[b.len - 1] == ' ' || b.ptr[b.len - 1] == '\t'))
		b.len--;
	return b;
}
