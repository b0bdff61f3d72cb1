/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What clients write so that rules do not see it, undone: SecLang's transformations, and the
 * parameters of a request out of URL-encoded, multipart, JSON and XML text. Everything is given
 * bytes and gives bytes in the caller's memory; nothing here knows HTTP or rules.
 */
#ifndef WEIR_DECODE_H
#define WEIR_DECODE_H

#include <weir_base.h>

/* ---- transformations ---- */

/* SecLang's, by their names there; ModSecurity v2's results where engines differ. */
enum weir_transform {
	WEIR_T_BASE64DECODE,
	WEIR_T_BASE64DECODEEXT,
	WEIR_T_BASE64ENCODE,
	WEIR_T_CMDLINE,
	WEIR_T_COMPRESSWHITESPACE,
	WEIR_T_CSSDECODE,
	WEIR_T_ESCAPESEQDECODE,
	WEIR_T_HEXDECODE,
	WEIR_T_HEXENCODE,
	WEIR_T_HTMLENTITYDECODE,
	WEIR_T_JSDECODE,
	WEIR_T_LENGTH,
	WEIR_T_LOWERCASE,
	WEIR_T_MD5,
	WEIR_T_NORMALIZEPATH,
	WEIR_T_NORMALIZEPATHWIN,
	WEIR_T_PARITYEVEN7BIT,
	WEIR_T_PARITYODD7BIT,
	WEIR_T_PARITYZERO7BIT,
	WEIR_T_REMOVECOMMENTS,
	WEIR_T_REMOVECOMMENTSCHAR,
	WEIR_T_REMOVENULLS,
	WEIR_T_REMOVEWHITESPACE,
	WEIR_T_REPLACECOMMENTS,
	WEIR_T_REPLACENULLS,
	WEIR_T_SHA1,
	WEIR_T_SQLHEXDECODE,
	WEIR_T_TRIM,
	WEIR_T_TRIMLEFT,
	WEIR_T_TRIMRIGHT,
	WEIR_T_UPPERCASE,
	WEIR_T_URLDECODE,
	WEIR_T_URLDECODEUNI,
	WEIR_T_URLENCODE,
	WEIR_T_UTF8TOUNICODE,
	WEIR_T_END
};

/* As the reference manual writes it; never NULL. */
const char *weir_transform_name(enum weir_transform t);
/* By name in any case, aliases (normalisePath) too; -WEIR_ENOTFOUND for others. */
int weir_transform_find(const char *name);
/* Bytes that `out` must have for an input of `len` bytes. */
size_t weir_transform_bound(enum weir_transform t, size_t len);
/*
 * The bytes of which one must stand in a value for the transformation to change it, as a set of
 * 256 bits; NULL where any value may change. A value without them is its own result.
 */
const uint64_t *weir_transform_triggers(enum weir_transform t);

/* Whether `in`, in which triggers stand, is seen at a glance to be its own result all the same.
 * False tells nothing. */
bool weir_transform_leaves(enum weir_transform t, struct weir_bytes in);
/* Bytes that the result has at most, by a glance at `in`; weir_transform_bound() or less. */
size_t weir_transform_most(enum weir_transform t, struct weir_bytes in);

/* Code points to single bytes for urlDecodeUni (SecUnicodeMapFile); 0: not in the map. */
struct weir_unicode_map {
	uint8_t byte[65536];
};

/* Writes the result into `out`, which has weir_transform_bound() bytes and does not overlap `in`.
 * Returns its length. `map` may be NULL. */
size_t weir_transform_run(enum weir_transform t, struct weir_bytes in, uint8_t *out,
			  const struct weir_unicode_map *map);

/* As weir_transform_run; `go_on`, where there is one, is asked whenever some ten kilobytes were
 * read by a transformation of which a long value cannot be cut. False: it said no, and there is
 * nothing.
 */
struct weir_watch {
	bool (*go_on)(void *context);
	void *context;
};
WEIR_MUST_CHECK bool weir_transform_watched(enum weir_transform t, struct weir_bytes in,
					    uint8_t *out, const struct weir_unicode_map *map,
					    const struct weir_watch *watch, size_t *len);

/* How many bytes of a long `in` may be transformed by themselves, what follows by itself, and the
 * results joined: `least` or some more; all, where `t` has no such place. */
size_t weir_transform_piece(enum weir_transform t, struct weir_bytes in, size_t least);

/* ---- UTF-8 (RFC 3629) ---- */

/* Bytes of the character at the start of `in` and its code point; 0 where `in` does not begin with
 * a whole character, or with one over-long, a surrogate or beyond U+10FFFF. */
unsigned int weir_utf8_next(struct weir_bytes in, uint32_t *code);
bool weir_utf8_is_valid(struct weir_bytes in);

/* ---- parameters out of bodies ---- */

/* Told each parameter in order. `name` and `value` live in the arena, or in the input where they
 * needed no decoding, as long as these. Returns false to end the parse with -WEIR_ELIMIT; so may
 * `go_on`, which is asked whenever some ten kilobytes were read, whatever they are, so that no
 * input keeps the caller from looking at the clock. NULL: nobody asks. */
struct weir_param_sink {
	bool (*param)(void *context, struct weir_bytes name, struct weir_bytes value);
	void *context;
	bool (*go_on)(void *context);
};

/*
 * `a=1&b=%20`, as a query string or a form has it (WHATWG URL section 5.1, undone as ModSecurity's
 * nonstrict decoder does: an escape that is none stays as it is). Pairs are parted by `separator`;
 * empty pairs are left out. *bad_escapes counts escapes that are none.
 * 0; -WEIR_ELIMIT when the sink said no; -WEIR_ENOMEM.
 */
WEIR_MUST_CHECK int weir_form_parse(struct weir_bytes in, uint8_t separator, struct weir_arena *a,
				    const struct weir_param_sink *sink, unsigned int *bad_escapes);

/*
 * `a=1; b=2` as a Cookie field has it (RFC 6265 section 4.2.1); nothing is decoded. As in
 * ModSecurity 2 the white space before a pair is left out, vertical tabs and form feeds included,
 * and all else is kept: quotes, and white space before and behind an equals sign and before a
 * semicolon. 0 or -WEIR_ELIMIT.
 */
WEIR_MUST_CHECK int weir_cookies_parse(struct weir_bytes in, const struct weir_param_sink *sink);

struct weir_json_limits {
	uint32_t depth;  /* nesting of objects and arrays, at most WEIR_JSON_DEPTH_MAX */
	uint32_t values; /* scalars */
};
#define WEIR_JSON_DEPTH_MAX 1024

/* What stopped the parse, for people. `at` is an offset into the input. */
struct weir_decode_error {
	const char *text;
	size_t at;
};

/*
 * JSON (RFC 8259), every scalar as a parameter: its name is `prefix` and the keys and array indexes
 * on the way to it, joined with dots: json.a.0.b. Strings are unescaped to UTF-8, lone surrogates
 * become U+FFFD; numbers and literals stay as written. Nothing but white space may follow.
 * 0; -WEIR_EFORMAT (then *error says what; the parameters before it have been told); -WEIR_ELIMIT
 * (depth, values or the sink); -WEIR_ENOMEM.
 */
WEIR_MUST_CHECK int weir_json_parse(struct weir_bytes in, const char *prefix,
				    const struct weir_json_limits *limits, struct weir_arena *a,
				    const struct weir_param_sink *sink,
				    struct weir_decode_error *error);

struct weir_protobuf_limits {
	uint32_t depth;  /* nesting of messages, at most WEIR_PROTOBUF_DEPTH_MAX */
	uint32_t values; /* that are told */
};
#define WEIR_PROTOBUF_DEPTH_MAX 40

/*
 * A message of Protocol Buffers (the encoding that protobuf.dev describes), without its schema:
 * the text in it as parameters, each named by `prefix`, at most 31 bytes, and the numbers of the
 * fields on the way to it: grpc.1.3. A field of bytes that parses whole as a message is read as
 * one, and as text as well where that could cut text in two; of bytes that are neither, or nested
 * too deep, the runs of text are told, joined by spaces. So is an input that is no message:
 * nothing is refused for its form. Numbers are not told, nor is what is empty.
 * 0; -WEIR_ELIMIT (values or the sink); -WEIR_ENOMEM.
 */
WEIR_MUST_CHECK int weir_protobuf_parse(struct weir_bytes in, const char *prefix,
					const struct weir_protobuf_limits *limits,
					struct weir_arena *a, const struct weir_param_sink *sink);

struct weir_xml_limits {
	uint32_t depth;
	uint32_t attributes;
};

/* `text` is the text of all elements, joined as XPath's string() of the document would; each
 * attribute's value is told to the sink with its name. */
struct weir_xml {
	struct weir_bytes text;
};

/*
 * XML 1.0 by libxml2's SAX parser: no DTD is read, no external entity, no entity but the five that
 * are built in. A document with a DOCTYPE parses, what its entities stand for does not appear.
 * Returns as weir_json_parse. libxml2 allocates from the system: bounded by the input's length.
 */
WEIR_MUST_CHECK int weir_xml_parse(struct weir_bytes in, const struct weir_xml_limits *limits,
				   struct weir_arena *a, const struct weir_param_sink *sink,
				   struct weir_xml *out, struct weir_decode_error *error);

/* ---- multipart/form-data (RFC 7578, RFC 2046 section 5.1) ---- */

/* ModSecurity's flags: each is a way in which parsers have been known to differ. */
#define WEIR_MULTIPART_DATA_BEFORE         0x0001
#define WEIR_MULTIPART_DATA_AFTER          0x0002
#define WEIR_MULTIPART_HEADER_FOLDING      0x0004
#define WEIR_MULTIPART_LF_LINE             0x0008
#define WEIR_MULTIPART_CRLF_LF_LINES       0x0010
#define WEIR_MULTIPART_BOUNDARY_QUOTED     0x0020
#define WEIR_MULTIPART_BOUNDARY_WHITESPACE 0x0040
#define WEIR_MULTIPART_MISSING_SEMICOLON   0x0080
#define WEIR_MULTIPART_INVALID_QUOTING     0x0100
#define WEIR_MULTIPART_INVALID_PART        0x0200
#define WEIR_MULTIPART_INVALID_HEADER      0x0400
#define WEIR_MULTIPART_FILE_LIMIT          0x0800
#define WEIR_MULTIPART_UNMATCHED_BOUNDARY  0x1000
#define WEIR_MULTIPART_INCOMPLETE          0x2000 /* no final boundary */

/* A part that has a name. Views into the body. */
struct weir_part {
	struct weir_bytes name;
	struct weir_bytes filename; /* with `is_file` */
	struct weir_bytes body;
	struct weir_bytes *headers; /* whole lines without their ends */
	uint32_t n_headers;
	bool is_file;
};

struct weir_part_sink {
	bool (*part)(void *context, const struct weir_part *part);
	void *context;
	bool (*go_on)(void *context); /* as in struct weir_param_sink */
};

struct weir_multipart_limits {
	uint32_t parts;
	uint32_t headers; /* of a part */
};

/*
 * The parts of `body`, whose Content-Type field is `type`. *flags gets WEIR_MULTIPART_*; parts told
 * before an error stay told. 0; -WEIR_EFORMAT (with *error) where ModSecurity gives the body up;
 * -WEIR_ELIMIT; -WEIR_ENOMEM.
 */
WEIR_MUST_CHECK int weir_multipart_parse(struct weir_bytes body, struct weir_bytes type,
					 const struct weir_multipart_limits *limits,
					 struct weir_arena *a, const struct weir_part_sink *sink,
					 uint32_t *flags, struct weir_decode_error *error);

/* ---- content codings (RFC 9110 section 8.4.1) ---- */

/* gzip, x-gzip, deflate (with zlib's frame or without, as senders do both) and br; `coding` is one
 * token in any case. */
enum weir_coding {
	WEIR_CODING_IDENTITY,
	WEIR_CODING_GZIP,
	WEIR_CODING_DEFLATE,
	WEIR_CODING_BROTLI
};
/* -WEIR_ENOTFOUND for others. */
int weir_coding_find(struct weir_bytes coding);
struct weir_inflate_limits {
	size_t max;                   /* bytes that are made */
	bool (*go_on)(void *context); /* as in struct weir_param_sink */
	/* Asked before a step that cannot be left and may make so many bytes. NULL: nobody asks. */
	bool (*has_time_for)(void *context, size_t bytes);
	void *context;
};
/*
 * Undoes one coding. At most limits->max bytes are made. 0; -WEIR_ELIMIT (more would come: *out has
 * the first of them; or it was told to stop: nothing); -WEIR_EFORMAT; -WEIR_ENOMEM. The libraries
 * allocate from the system while it lasts.
 */
WEIR_MUST_CHECK int weir_inflate(enum weir_coding coding, struct weir_bytes in,
				 const struct weir_inflate_limits *limits, struct weir_arena *a,
				 struct weir_bytes *out);

#endif
