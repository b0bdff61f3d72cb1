/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Protocol Buffers' wire format without a schema. Whether the bytes of a field are text, a message
 * or neither the format does not say, so they are read in each way that they can be: what parses
 * whole as a message is one, and is text as well where reading it as a message would cut text in
 * pieces; of what is neither the runs of text in it are told. Groups are no levels here: their
 * fields are those of the message around them.
 */
#include <stdio.h>

#include "decode_impl.h"

enum { VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 };

#define VARINT_MAX 10 /* bytes */
#define NAME_MAX   512
#define FIELD_NAME 11 /* bytes of a dot and a number of 29 bits */

/* Of bytes that are no text, runs of so many characters of ASCII are told: short ones are more
 * likely to be what somebody has written, and pictures have few runs of twelve. */
#define SHORT     256
#define RUN_SHORT 5
#define RUN_LONG  12
/* And of what stands between the fields of a message. */
#define RUN_BETWEEN 8

struct frame {
	size_t end;      /* of the message, in the input */
	size_t name_len; /* of its own name */
};

struct parser {
	struct weir_bytes in;
	size_t at;
	size_t read, look_at; /* bytes, and how many at the caller's next look at the clock */
	const struct weir_protobuf_limits *limits;
	struct weir_arena *arena;
	const struct weir_param_sink *sink;
	uint32_t depth, values;
	size_t name_len;
	char name[NAME_MAX];
	struct frame frame[WEIR_PROTOBUF_DEPTH_MAX];
};
_Static_assert(WEIR_PROTOBUF_DEPTH_MAX *FIELD_NAME + FIELD_NAME + 32 <= NAME_MAX, "names fit");

/* `n` bytes more were read. False: the caller wants no more. */
static bool look(struct parser *p, size_t n)
{
	p->read += n;
	if (weir_likely(p->read < p->look_at))
		return true;
	p->look_at = p->read + LOOK_EVERY;
	return may_go_on(p->sink);
}

static int tell(struct parser *p, struct weir_bytes value)
{
	struct weir_bytes name;

	if (!value.len)
		return 0;
	if (++p->values > p->limits->values)
		return -WEIR_ELIMIT;
	name = weir_arena_copy(p->arena, weir_bytes_of(p->name, p->name_len));
	if (!name.ptr)
		return -WEIR_ENOMEM;
	return p->sink->param(p->sink->context, name, value) ? 0 : -WEIR_ELIMIT;
}

/* ---- text ---- */

enum charset { ASCII, UTF_8 };

/* Bytes of the character of a text at the beginning of `in`; 0: it is none. */
static unsigned int text_next(struct weir_bytes in, enum charset set)
{
	uint8_t c = in.ptr[0];
	uint32_t code;

	if (c < 0x80)
		return (c >= 0x20 && c != 0x7f) || c == '\t' || c == '\n' || c == '\r';
	return set == UTF_8 ? weir_utf8_next(in, &code) : 0;
}

/* Bytes of text that `in` begins with. */
static size_t text_run(struct parser *p, struct weir_bytes in, enum charset set, bool *stopped)
{
	size_t n = 0, next = LOOK_EVERY;
	unsigned int one;

	while (n < in.len && (one = text_next(weir_bytes_of(in.ptr + n, in.len - n), set))) {
		n += one;
		if (weir_unlikely(n >= next)) {
			next = n + LOOK_EVERY;
			if (!may_go_on(p->sink)) {
				*stopped = true;
				break;
			}
		}
	}
	return n;
}

/* Tells the runs of text in `in`, joined by spaces. */
static int tell_runs(struct parser *p, struct weir_bytes in, size_t least)
{
	size_t out = 0, n;
	uint8_t *text = NULL;
	bool stopped = false;

	for (size_t at = 0; at < in.len; at += n + 1) {
		n = text_run(p, weir_bytes_of(in.ptr + at, in.len - at), ASCII, &stopped);
		if (stopped || !look(p, n + 1))
			return -WEIR_ELIMIT;
		if (n < least)
			continue;
		if (!text)
			text = weir_arena_alloc(p->arena, in.len - at + 1);
		if (!text)
			return -WEIR_ENOMEM;
		memcpy(text + out, in.ptr + at, n);
		out += n;
		text[out++] = ' ';
	}
	return tell(p, weir_bytes_of(text, out ? out - 1 : 0));
}

/* Of a message the fields are told, too. */
static int tell_text(struct parser *p, struct weir_bytes in, bool is_message)
{
	size_t least = is_message ? RUN_BETWEEN : RUN_SHORT;
	bool stopped = false;
	size_t n = text_run(p, in, UTF_8, &stopped);

	if (stopped)
		return -WEIR_ELIMIT;
	return n == in.len ? tell(p, in) : tell_runs(p, in, in.len <= SHORT ? least : RUN_LONG);
}

/* ---- fields ---- */

/* False: it is none. */
static bool read_varint(struct weir_bytes in, size_t *at, uint64_t *out)
{
	*out = 0;
	for (unsigned int i = 0; i < VARINT_MAX && *at < in.len; i++) {
		uint8_t c = in.ptr[(*at)++];

		*out |= (uint64_t)(c & 0x7f) << 7 * i;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

struct field {
	uint32_t number;
	struct weir_bytes bytes; /* of BYTES; ptr NULL: it is of another type */
};

static bool skip(struct weir_bytes in, size_t *at, uint64_t n)
{
	if (n > in.len - *at)
		return false;
	*at += (size_t)n;
	return true;
}

/* The field at *at, which moves behind it; false: it is none. */
static bool read_field(struct weir_bytes in, size_t *at, struct field *f)
{
	uint64_t tag, n;

	*f = (struct field){0};
	if (!read_varint(in, at, &tag) || tag > UINT32_MAX || tag < 8)
		return false;
	f->number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case VARINT:
		return read_varint(in, at, &n);
	case FIXED64:
		return skip(in, at, 8);
	case FIXED32:
		return skip(in, at, 4);
	case GROUP:
	case GROUP_END:
		return true;
	case BYTES:
		if (!read_varint(in, at, &n) || !skip(in, at, n))
			return false;
		f->bytes = weir_bytes_of(in.ptr + *at - n, (size_t)n);
		return true;
	default:
		return false;
	}
}

static bool has_letters(struct weir_bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (!is_space(in.ptr[i]))
			return true;
	return false;
}

/* Whether what stands between the bytes of two fields has a text, or a piece of one that goes on in
 * either of them. `first`: none are before it. */
static bool is_bridge(struct parser *p, struct weir_bytes gap, bool first)
{
	bool stopped = false;

	for (size_t at = 0, n; at < gap.len; at += n + 1) {
		struct weir_bytes run = weir_bytes_of(gap.ptr + at, gap.len - at);
		bool touches = at == 0 && !first;

		n = run.len = text_run(p, run, UTF_8, &stopped);
		touches |= at + n == gap.len;
		if (n >= RUN_BETWEEN || (touches && has_letters(run)))
			return true;
	}
	return false;
}

enum reading { NO_MESSAGE, A_MESSAGE, MESSAGE_AND_TEXT, STOPPED_READING };

/* The bytes of all fields are told by themselves: of text only what stands between them could be
 * missed, and what they cut in two. */
static enum reading read_as(struct parser *p, struct weir_bytes in)
{
	bool bridged = false;
	size_t at = 0, gap = 0;
	struct field f;

	if (!in.len)
		return NO_MESSAGE;
	while (at < in.len) {
		if (!look(p, 16))
			return STOPPED_READING;
		if (!read_field(in, &at, &f))
			return NO_MESSAGE;
		if (!f.bytes.ptr)
			continue;
		bridged =
			bridged ||
			is_bridge(p, weir_bytes_of(in.ptr + gap, at - f.bytes.len - gap), gap == 0);
		gap = at;
	}
	bridged = bridged ||
		  (gap < at && is_bridge(p, weir_bytes_of(in.ptr + gap, at - gap), gap == 0));
	return bridged ? MESSAGE_AND_TEXT : A_MESSAGE;
}

/* ---- messages ---- */

/* Bytes of a field, or the whole input, at the end of which `at` is: what they may be. */
static int take_bytes(struct parser *p, struct weir_bytes in)
{
	enum reading r = p->depth < p->limits->depth && p->depth < WEIR_PROTOBUF_DEPTH_MAX
				 ? read_as(p, in)
				 : NO_MESSAGE;
	int rc = 0;

	if (r == STOPPED_READING)
		return -WEIR_ELIMIT;
	if (r != A_MESSAGE)
		rc = tell_text(p, in, r != NO_MESSAGE);
	if (r == NO_MESSAGE || rc)
		return rc;
	p->frame[p->depth++] = (struct frame){.end = p->at, .name_len = p->name_len};
	p->at -= in.len;
	return 0;
}

static void leave_ended(struct parser *p)
{
	while (p->depth && p->at == p->frame[p->depth - 1].end)
		p->depth--;
}

/* It was seen to be one before. */
static int take_field(struct parser *p)
{
	const struct frame *f = &p->frame[p->depth - 1];
	struct field field;
	bool good;

	if (!look(p, 16))
		return -WEIR_ELIMIT;
	good = read_field(weir_bytes_of(p->in.ptr, f->end), &p->at, &field);
	weir_assert(good);
	if (!field.bytes.ptr)
		return 0;
	p->name_len = f->name_len;
	p->name_len += (size_t)snprintf(p->name + p->name_len, sizeof(p->name) - p->name_len, ".%u",
					field.number);
	return take_bytes(p, field.bytes);
}

int weir_protobuf_parse(struct weir_bytes in, const char *prefix,
			const struct weir_protobuf_limits *limits, struct weir_arena *a,
			const struct weir_param_sink *sink)
{
	struct parser p = {.in = in,
			   .at = in.len,
			   .look_at = LOOK_EVERY,
			   .limits = limits,
			   .arena = a,
			   .sink = sink};
	int rc;

	p.name_len = (size_t)snprintf(p.name, 32, "%.31s", prefix);
	rc = take_bytes(&p, in);
	for (leave_ended(&p); !rc && p.depth; leave_ended(&p))
		rc = take_field(&p);
	return rc;
}
