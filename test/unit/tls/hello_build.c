/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_build.h"

#include <weir_base.h>

#include <ctype.h>
#include <sys/mman.h>
#include <unistd.h>

static void add_byte(struct build *b, unsigned int byte)
{
	ck_assert_uint_lt(b->len, BUILD_MAX);
	b->at[b->len++] = (uint8_t)byte;
}

static void add_words(struct build *b, const char *words, const char *end)
{
	for (const char *w = words; w < end; w++) {
		if (isspace((unsigned char)*w))
			continue;
		if (*w == '\'') {
			for (w++; *w != '\''; w++)
				add_byte(b, (uint8_t)*w);
			continue;
		}
		ck_assert_msg(weir_hex_value((uint8_t)w[0]) >= 0 &&
				      weir_hex_value((uint8_t)w[1]) >= 0,
			      "not hexadecimal: %s", w);
		add_byte(b, (unsigned int)(weir_hex_value((uint8_t)w[0]) << 4 |
					   weir_hex_value((uint8_t)w[1])));
		w++;
	}
}

void build_add(struct build *b, const char *words)
{
	add_words(b, words, words + strlen(words));
}

void build_u16(struct build *b, unsigned int n)
{
	add_byte(b, n >> 8 & 0xff);
	add_byte(b, n & 0xff);
}

void build_zeros(struct build *b, size_t n)
{
	while (n--)
		add_byte(b, 0);
}

size_t build_open(struct build *b, unsigned int bytes)
{
	build_zeros(b, bytes);
	return b->len;
}

void build_close(struct build *b, size_t opened, unsigned int bytes)
{
	size_t len = b->len - opened;

	for (unsigned int i = 1; i <= bytes; i++, len >>= 8)
		b->at[opened - i] = (uint8_t)len;
	ck_assert_uint_eq(len, 0);
}

static void add_extensions(struct build *b, const char *text)
{
	while (*text) {
		const char *words = strchr(text, '='), *end = strchr(text, ';');
		size_t opened;

		ck_assert_ptr_nonnull(words);
		end = end ? end : text + strlen(text);
		build_u16(b, (unsigned int)strtoul(text, NULL, 0));
		opened = build_open(b, 2);
		add_words(b, words + 1, end);
		build_close(b, opened, 2);
		text = *end ? end + 1 : end;
	}
}

static const char *or_else(const char *words, const char *plain)
{
	return words ? words : plain;
}

void build_hello(struct build *b, const struct hello_words *w)
{
	const char *extensions = or_else(w->extensions, "43=020304;10=0002001d;13=00020403");
	size_t message, opened;

	b->len = 0;
	add_byte(b, 1);
	message = build_open(b, 3);
	build_add(b, or_else(w->version, "0303"));
	for (unsigned int i = 0; i < 32; i++)
		add_byte(b, 0xa0 + i);
	build_add(b, or_else(w->session_id, "00"));
	build_add(b, or_else(w->ciphers, "0004 1301 c02b"));
	build_add(b, or_else(w->compressions, "0100"));
	if (strcmp(extensions, "-") != 0) {
		opened = build_open(b, 2);
		add_extensions(b, extensions);
		if (w->padding) {
			build_u16(b, 21);
			build_u16(b, (unsigned int)w->padding);
			build_zeros(b, w->padding);
		}
		build_close(b, opened, 2);
	}
	if (w->tail)
		build_add(b, w->tail);
	build_close(b, message, 3);
}

void build_record(struct build *b, uint8_t type, unsigned int version, const void *content,
		  size_t len)
{
	add_byte(b, type);
	build_u16(b, version);
	build_u16(b, (unsigned int)len);
	ck_assert_uint_le(b->len + len, BUILD_MAX);
	if (len)
		memcpy(b->at + b->len, content, len);
	b->len += len;
}

void build_records(struct build *b, const struct build *message, size_t size)
{
	b->len = 0;
	for (size_t at = 0; at < message->len; at += size)
		build_record(b, 22, 0x0301, message->at + at,
			     message->len - at < size ? message->len - at : size);
}

struct edge edge_create(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct edge e = {.size = (size + page - 1) / page * page};

	e.pages = mmap(NULL, e.size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	ck_assert(e.pages != MAP_FAILED);
	ck_assert_int_eq(mprotect(e.pages + e.size, page, PROT_NONE), 0);
	return e;
}

void edge_destroy(struct edge *e)
{
	munmap(e->pages, e->size + (size_t)sysconf(_SC_PAGESIZE));
}

const uint8_t *edge_put(const struct edge *e, const uint8_t *bytes, size_t len)
{
	ck_assert_uint_le(len, e->size);
	memcpy(e->pages + e->size - len, bytes, len);
	return e->pages + e->size - len;
}
