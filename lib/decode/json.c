/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON (RFC 8259) in one pass without recursion. The way to the present value stands in `name`,
 * which grows and shrinks with the frames.
 */
#include <stdio.h>

#include "decode_impl.h"

struct frame {
	size_t name_len; /* of the container's own name */
	uint32_t index;  /* of the next element; arrays */
	bool is_array;
};

struct parser {
	struct weir_bytes in;
	size_t at,
		look_at; /* offsets: of what is read, and of the caller's next look at the clock */
	const struct weir_json_limits *limits;
	struct weir_arena *arena;
	const struct weir_param_sink *sink;
	struct weir_decode_error *error;
	uint8_t *name;
	size_t name_len, name_cap;
	struct frame *frames;
	uint32_t depth, frames_cap;
	uint32_t values;
	bool stopped; /* by the caller */
};

/* False: the caller wants no more. */
static bool look_now(struct parser *p)
{
	p->stopped = p->stopped || !may_go_on(p->sink);
	return !p->stopped;
}

/* The same, when what is read has come to `at`. */
static bool look(struct parser *p, size_t at)
{
	if (weir_likely(at < p->look_at))
		return true;
	p->look_at = at + LOOK_EVERY;
	return look_now(p);
}

static int fail(struct parser *p, const char *text)
{
	*p->error = (struct weir_decode_error){.text = text, .at = p->at};
	return p->stopped ? -WEIR_ELIMIT : -WEIR_EFORMAT;
}

static int limit(struct parser *p, const char *text)
{
	*p->error = (struct weir_decode_error){.text = text, .at = p->at};
	return -WEIR_ELIMIT;
}

/* The byte at hand; -1 at the end. */
static int peek(const struct parser *p)
{
	return p->at < p->in.len ? p->in.ptr[p->at] : -1;
}

static int peek_after_space(struct parser *p)
{
	int c;

	while ((c = peek(p)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		if (!look(p, ++p->at))
			return -1;
	return c;
}

/* ---- the name ---- */

static bool append_name(struct parser *p, struct weir_bytes b)
{
	size_t need = p->name_len + b.len;

	if (need > p->name_cap) {
		size_t cap = need * 2 + 64;
		uint8_t *grown = weir_arena_alloc(p->arena, cap);

		if (!grown)
			return false;
		if (p->name_len)
			memcpy(grown, p->name, p->name_len);
		p->name = grown;
		p->name_cap = cap;
	}
	if (b.len)
		memcpy(p->name + p->name_len, b.ptr, b.len);
	p->name_len = need;
	return true;
}

static bool append_key(struct parser *p, struct weir_bytes key)
{
	return append_name(p, weir_bytes_str(".")) && append_name(p, key);
}

static bool append_index(struct parser *p, uint32_t index)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", index);
	return append_key(p, weir_bytes_str(text));
}

static int tell(struct parser *p, struct weir_bytes value)
{
	struct weir_bytes name;

	if (++p->values > p->limits->values)
		return limit(p, "too many values");
	name = weir_arena_copy(p->arena, weir_bytes_of(p->name, p->name_len));
	if (!name.ptr)
		return -WEIR_ENOMEM;
	return p->sink->param(p->sink->context, name, value) ? 0 : limit(p, "too many values");
}

/* ---- strings ---- */

static size_t put_utf8(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* The four digits at `at`; -1 where they are none. */
static int32_t hex4(struct weir_bytes in, size_t at)
{
	if (!is_hex_pair(in, at) || !is_hex_pair(in, at + 2))
		return -1;
	return hex_pair(in, at) << 8 | hex_pair(in, at + 2);
}

/* `\uXXXX` at `at`, with its second half where it is half a pair; returns the bytes read, 0 for
 * none. */
static size_t unicode_escape(struct weir_bytes in, size_t at, uint32_t *code)
{
	int32_t hi = hex4(in, at + 2), lo;

	if (hi < 0)
		return 0;
	*code = (uint32_t)hi;
	if (hi < 0xd800 || hi > 0xdfff)
		return 6;
	*code = 0xfffd;
	if (hi > 0xdbff || at + 7 >= in.len || in.ptr[at + 6] != '\\' || in.ptr[at + 7] != 'u')
		return 6;
	lo = hex4(in, at + 8);
	if (lo < 0xdc00 || lo > 0xdfff)
		return 6;
	*code = 0x10000 + ((uint32_t)(hi - 0xd800) << 10) + (uint32_t)(lo - 0xdc00);
	return 12;
}

/* One escape of `in` (a string's inside) at *at; false where it is none. */
static bool unescape_one(struct weir_bytes in, size_t *at, uint8_t *out, size_t *n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint8_t c = *at + 1 < in.len ? in.ptr[*at + 1] : 0;
	const char *known = c ? strchr(from, c) : NULL;
	uint32_t code;
	size_t used;

	if (known) {
		out[(*n)++] = (uint8_t)to[known - from];
		*at += 2;
		return true;
	}
	used = c == 'u' ? unicode_escape(in, *at, &code) : 0;
	if (!used)
		return false;
	*n += put_utf8(out + *n, code);
	*at += used;
	return true;
}

/* A string's inside without its escapes. An escape is never shorter than what it stands for. */
static int unescape(struct parser *p, struct weir_bytes in, struct weir_bytes *out)
{
	uint8_t *at = weir_arena_alloc(p->arena, in.len);
	size_t n = 0, next = LOOK_EVERY;

	if (!at)
		return -WEIR_ENOMEM;
	for (size_t i = 0; i < in.len;) {
		if (i >= next) {
			next = i + LOOK_EVERY;
			if (!look_now(p))
				return limit(p, "there is no time for it");
		}
		if (in.ptr[i] != '\\')
			at[n++] = in.ptr[i++];
		else if (!unescape_one(in, &i, at, &n))
			return fail(p, "an escape that is none");
	}
	*out = weir_bytes_of(at, n);
	return 0;
}

/* Piece by piece, none of which ends within a character. */
static bool is_utf8(struct parser *p, struct weir_bytes in)
{
	while (in.len) {
		size_t n = in.len < LOOK_EVERY ? in.len : LOOK_EVERY;

		for (unsigned int i = 0; i < 3 && n < in.len && (in.ptr[n] & 0xc0) == 0x80; i++)
			n--;
		if (!weir_utf8_is_valid(weir_bytes_of(in.ptr, n)) || !look_now(p))
			return false;
		in = weir_bytes_of(in.ptr + n, in.len - n);
	}
	return true;
}

/* The string whose opening quote is at hand. */
static int read_string(struct parser *p, struct weir_bytes *out)
{
	size_t start = ++p->at, i = start;
	bool escaped = false, high = false;
	uint8_t c = 0;

	for (; i < p->in.len && (c = p->in.ptr[i]) != '"'; i++) {
		if (c < 0x20 || !look(p, i)) {
			p->at = i;
			return fail(p, "a control character in a string");
		}
		high |= c >= 0x80;
		if (c == '\\') {
			escaped = true;
			i++;
		}
	}
	if (i >= p->in.len)
		return fail(p, "a string without end");
	*out = weir_bytes_of(p->in.ptr + start, i - start);
	if (high && !is_utf8(p, *out))
		return fail(p, "a string that is not UTF-8");
	p->at = i + 1;
	return escaped ? unescape(p, *out, out) : 0;
}

/* ---- numbers and literals ---- */

static size_t skip_digits(struct parser *p, size_t i)
{
	while (i < p->in.len && (uint8_t)(p->in.ptr[i] - '0') < 10 && look(p, i))
		i++;
	return i;
}

static bool at_is(const struct parser *p, size_t i, uint8_t c)
{
	return i < p->in.len && p->in.ptr[i] == c;
}

/* RFC 8259 section 6. */
static int read_number(struct parser *p, struct weir_bytes *out)
{
	size_t i = p->at + at_is(p, p->at, '-'), digits = i;

	i = skip_digits(p, i);
	if (i == digits || (i - digits > 1 && p->in.ptr[digits] == '0'))
		return fail(p, "a number that is none");
	if (at_is(p, i, '.')) {
		digits = i + 1;
		i = skip_digits(p, digits);
		if (i == digits)
			return fail(p, "a number that is none");
	}
	if (at_is(p, i, 'e') || at_is(p, i, 'E')) {
		i++;
		i += at_is(p, i, '+') || at_is(p, i, '-');
		digits = i;
		i = skip_digits(p, digits);
		if (i == digits)
			return fail(p, "a number that is none");
	}
	*out = weir_bytes_of(p->in.ptr + p->at, i - p->at);
	p->at = i;
	return 0;
}

/* A null has no value: ModSecurity's is empty. */
static int read_literal(struct parser *p, struct weir_bytes *out)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t k = 0; k < WEIR_ARRAY_LEN(words); k++) {
		size_t len = strlen(words[k]);

		if (p->in.len - p->at >= len && memcmp(p->in.ptr + p->at, words[k], len) == 0) {
			*out = weir_bytes_of(p->in.ptr + p->at, k == 2 ? 0 : len);
			p->at += len;
			return 0;
		}
	}
	return fail(p, "a value was expected");
}

/* ---- containers ---- */

static int push(struct parser *p, bool is_array)
{
	if (p->depth == p->limits->depth || p->depth == WEIR_JSON_DEPTH_MAX)
		return limit(p, "nested too deep");
	if (p->depth == p->frames_cap) {
		uint32_t cap = p->frames_cap ? p->frames_cap * 4 : 16;
		struct frame *grown = weir_arena_alloc(p->arena, cap * sizeof(*grown));

		if (!grown)
			return -WEIR_ENOMEM;
		if (p->depth)
			memcpy(grown, p->frames, p->depth * sizeof(*grown));
		p->frames = grown;
		p->frames_cap = cap;
	}
	p->frames[p->depth++] = (struct frame){.name_len = p->name_len, .is_array = is_array};
	p->at++;
	return 0;
}

/* Names the next element, or reads the next key and its colon. */
static int name_member(struct parser *p)
{
	struct frame *f = &p->frames[p->depth - 1];
	struct weir_bytes key;
	int rc;

	p->name_len = f->name_len;
	if (f->is_array)
		return append_index(p, f->index++) ? 0 : -WEIR_ENOMEM;
	if (peek_after_space(p) != '"')
		return fail(p, "a key was expected");
	rc = read_string(p, &key);
	if (rc)
		return rc;
	if (!append_key(p, key))
		return -WEIR_ENOMEM;
	if (peek_after_space(p) != ':')
		return fail(p, "a colon was expected");
	p->at++;
	return 0;
}

/* After a value: closes what ends here and goes to the next member. `fresh`: a container has just
 * been opened, so its end may come at once. *done at the end of the outermost. */
static int go_on(struct parser *p, bool fresh, bool *done)
{
	while (p->depth) {
		const struct frame *f = &p->frames[p->depth - 1];
		int c = peek_after_space(p);

		if (c == (f->is_array ? ']' : '}')) {
			p->at++;
			p->depth--;
			fresh = false;
			continue;
		}
		if (!fresh && c != ',')
			return fail(p, f->is_array ? "',' or ']' was expected"
						   : "',' or '}' was expected");
		p->at += !fresh;
		return name_member(p);
	}
	*done = true;
	return 0;
}

/* The value at hand; *fresh when it opens a container. */
static int read_value(struct parser *p, bool *fresh)
{
	struct weir_bytes value;
	int c = peek_after_space(p);
	int rc;

	*fresh = c == '{' || c == '[';
	if (*fresh)
		return push(p, c == '[');
	if (c == '"')
		rc = read_string(p, &value);
	else if (c == '-' || (c >= '0' && c <= '9'))
		rc = read_number(p, &value);
	else
		rc = read_literal(p, &value);
	return rc ? rc : tell(p, value);
}

int weir_json_parse(struct weir_bytes in, const char *prefix, const struct weir_json_limits *limits,
		    struct weir_arena *a, const struct weir_param_sink *sink,
		    struct weir_decode_error *error)
{
	struct parser p = {.in = in,
			   .look_at = LOOK_EVERY,
			   .limits = limits,
			   .arena = a,
			   .sink = sink,
			   .error = error};
	bool done = false, fresh;
	int rc = append_name(&p, weir_bytes_str(prefix)) ? 0 : -WEIR_ENOMEM;

	*error = (struct weir_decode_error){0};
	while (!rc && !done) {
		rc = look(&p, p.at) ? read_value(&p, &fresh) : limit(&p, "there is no time for it");
		if (!rc)
			rc = go_on(&p, fresh, &done);
	}
	if (!rc && peek_after_space(&p) != -1)
		rc = fail(&p, "bytes after the value");
	return rc;
}
