/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON text (RFC 8259) into a buffer: decision records and answers on the control socket. */
#include <weir_base.h>

#include <math.h>

struct weir_json weir_json_into(struct weir_buf *out)
{
	return (struct weir_json){.out = out};
}

/* Length of the well-formed UTF-8 sequence at `p` (RFC 3629 section 4), 0 when there is none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	static const struct {
		uint8_t first_low, first_high, second_low, second_high, len;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(forms); i++) {
		if (p[0] < forms[i].first_low || p[0] > forms[i].first_high)
			continue;
		if (left < forms[i].len)
			return 0;
		if (forms[i].len > 1 && (p[1] < forms[i].second_low || p[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

static void add_escaped(struct weir_buf *b, uint8_t c)
{
	switch (c) {
	case '"':
		weir_buf_str(b, "\\\"");
		break;
	case '\\':
		weir_buf_str(b, "\\\\");
		break;
	case '\n':
		weir_buf_str(b, "\\n");
		break;
	case '\r':
		weir_buf_str(b, "\\r");
		break;
	case '\t':
		weir_buf_str(b, "\\t");
		break;
	default:
		weir_buf_printf(b, "\\u%04x", c);
	}
}

static void add_quoted(struct weir_buf *b, struct weir_bytes text)
{
	size_t done = 0, at = 0;

	weir_buf_add(b, "\"", 1);
	while (at < text.len) {
		uint8_t c = text.ptr[at];
		size_t len = utf8_len(text.ptr + at, text.len - at);

		if (len && c != '"' && c != '\\' && c >= 0x20 && c != 0x7f) {
			at += len;
			continue;
		}
		weir_buf_add(b, text.ptr + done, at - done);
		if (len)
			add_escaped(b, c);
		else
			weir_buf_str(b, "\\ufffd");
		done = ++at;
	}
	weir_buf_add(b, text.ptr + done, at - done);
	weir_buf_add(b, "\"", 1);
}

static void before_value(struct weir_json *j, const char *key)
{
	if (j->comma[j->depth])
		weir_buf_add(j->out, ",", 1);
	j->comma[j->depth] = true;
	if (!key)
		return;
	add_quoted(j->out, (struct weir_bytes){(const uint8_t *)key, strlen(key)});
	weir_buf_add(j->out, ":", 1);
}

static void open_level(struct weir_json *j, const char *key, const char *bracket)
{
	before_value(j, key);
	weir_assert(j->depth + 1 < WEIR_JSON_DEPTH);
	j->comma[++j->depth] = false;
	weir_buf_str(j->out, bracket);
}

static void close_level(struct weir_json *j, const char *bracket)
{
	weir_assert(j->depth > 0);
	j->depth--;
	weir_buf_str(j->out, bracket);
}

void weir_json_object(struct weir_json *j, const char *key)
{
	open_level(j, key, "{");
}

void weir_json_array(struct weir_json *j, const char *key)
{
	open_level(j, key, "[");
}

void weir_json_end_object(struct weir_json *j)
{
	close_level(j, "}");
}

void weir_json_end_array(struct weir_json *j)
{
	close_level(j, "]");
}

void weir_json_bytes(struct weir_json *j, const char *key, struct weir_bytes text)
{
	before_value(j, key);
	add_quoted(j->out, text);
}

void weir_json_str(struct weir_json *j, const char *key, const char *text)
{
	weir_json_bytes(j, key, (struct weir_bytes){(const uint8_t *)text, strlen(text)});
}

void weir_json_u64(struct weir_json *j, const char *key, uint64_t value)
{
	before_value(j, key);
	weir_buf_u64(j->out, value);
}

void weir_json_i64(struct weir_json *j, const char *key, int64_t value)
{
	before_value(j, key);
	weir_buf_printf(j->out, "%lld", (long long)value);
}

void weir_json_double(struct weir_json *j, const char *key, double value)
{
	if (!isfinite(value)) {
		weir_json_null(j, key);
		return;
	}
	before_value(j, key);
	weir_buf_printf(j->out, "%.6g", value);
}

void weir_json_bool(struct weir_json *j, const char *key, bool value)
{
	before_value(j, key);
	weir_buf_str(j->out, value ? "true" : "false");
}

void weir_json_null(struct weir_json *j, const char *key)
{
	before_value(j, key);
	weir_buf_str(j->out, "null");
}
