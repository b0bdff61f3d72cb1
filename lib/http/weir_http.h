/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP/1.1 messages (RFC 9112): heads out of bytes, bodies out of their framing. Where two readers
 * could disagree about a message it is an error with a name and a status: never a guess, so that
 * what goes on is what was judged. Zero copy; nothing is kept between calls but a few numbers.
 */
#ifndef WEIR_HTTP_H
#define WEIR_HTTP_H

#include <weir_base.h>

/* ---- what is wrong with a message: name, status of the answer, text for people ---- */

#define WEIR_HTTP_ERRORS(X)                                                                        \
	X(REQUEST_LINE, 400, "the request line is not METHOD SP target SP HTTP/1.x")               \
	X(METHOD, 400, "the method has characters that no token has")                              \
	X(TARGET, 400, "the request target is in none of the four forms")                          \
	X(VERSION, 400, "the version is neither HTTP/1.1 nor HTTP/1.0")                            \
	X(STATUS_LINE, 502, "the status line is not HTTP/1.x SP three digits")                     \
	X(LINE_END, 400, "a line ends in LF alone, or CR stands alone")                            \
	X(HEADER_NAME, 400, "a field name has characters that no token has, or a space behind it") \
	X(HEADER_VALUE, 400, "a field value has NUL, CR or LF")                                    \
	X(HEADER_FOLDING, 400, "a field goes on in the next line (obs-fold)")                      \
	X(HOST_MISSING, 400, "Host is missing")                                                    \
	X(HOST_TWICE, 400, "Host is there twice")                                                  \
	X(HOST, 400, "Host is no host and port")                                                   \
	X(LENGTH, 400, "Content-Length is no number")                                              \
	X(LENGTH_TWICE, 400, "Content-Length is there twice")                                      \
	X(LENGTH_AND_CHUNKED, 400, "both Content-Length and Transfer-Encoding")                    \
	X(TRANSFER_CODING, 501, "a transfer coding other than chunked")                            \
	X(TRANSFER_TWICE, 400, "Transfer-Encoding is there twice, or not once chunked")            \
	X(TRANSFER_VERSION, 400, "Transfer-Encoding in HTTP/1.0")                                  \
	X(CHUNK_SIZE, 400, "a chunk's size is no hexadecimal number")                              \
	X(CHUNK_EXTENSION, 400, "a chunk's extension is malformed")                                \
	X(CHUNK_END, 400, "a chunk is not followed by CRLF")                                       \
	X(TRAILER, 400, "a trailer field that may not be one")                                     \
	X(LINE_LIMIT, 414, "the request line is too long")                                         \
	X(HEADER_LIMIT, 431, "a field is too long, or there are too many")                         \
	X(CHUNK_LIMIT, 413, "chunk extensions or trailers are too long")

enum weir_http_error {
	WEIR_HTTP_OK,
#define X(name, status, text) WEIR_HTTP_E_##name,
	WEIR_HTTP_ERRORS(X)
#undef X
		WEIR_HTTP_ERROR_END
};

/* "CHUNK_SIZE": for counters and records. "" for WEIR_HTTP_OK. */
const char *weir_http_error_name(enum weir_http_error e);
const char *weir_http_error_text(enum weir_http_error e);
/* What a client is answered, 400 to 505; 502 where a server's response is wrong. */
unsigned int weir_http_error_status(enum weir_http_error e);

/* ---- heads ---- */

struct weir_http_header {
	struct weir_bytes name;
	struct weir_bytes value; /* without white space around it */
};

enum weir_http_framing {
	WEIR_HTTP_NO_BODY,
	WEIR_HTTP_LENGTH,
	WEIR_HTTP_CHUNKED,
	WEIR_HTTP_UNTIL_CLOSE, /* responses only */
	WEIR_HTTP_TUNNEL       /* after CONNECT or 101: no message any more */
};

enum weir_http_form {
	WEIR_HTTP_ORIGIN,
	WEIR_HTTP_ABSOLUTE,
	WEIR_HTTP_AUTHORITY,
	WEIR_HTTP_ASTERISK
};

/* All views are into the bytes that were parsed. */
struct weir_http_head {
	struct weir_bytes text; /* what was parsed: the views below lie in it */
	struct weir_bytes line; /* request or status line without its end */
	/* requests */
	struct weir_bytes method;
	struct weir_bytes target;    /* as sent */
	struct weir_bytes authority; /* of the target's absolute or authority form */
	struct weir_bytes path;      /* "*" in asterisk form, empty in authority form */
	struct weir_bytes query;     /* without '?' */
	struct weir_bytes host;      /* the Host field's value */
	enum weir_http_form form;
	/* responses */
	uint16_t status;
	struct weir_bytes reason;
	/* both */
	struct weir_bytes protocol; /* "HTTP/1.1" */
	struct weir_http_header *headers;
	uint16_t n_headers;
	uint8_t minor; /* 0 or 1 */
	enum weir_http_framing framing;
	uint64_t length;   /* with WEIR_HTTP_LENGTH */
	bool keep_alive;   /* the sender means to go on after this message */
	bool expects;      /* Expect: 100-continue */
	bool upgrade;      /* Connection: upgrade with an Upgrade field, to what is no HTTP */
	bool upgrade_http; /* the same, but it names HTTP/2, or HTTP in TLS */
	bool is_head;      /* the method is HEAD */
	bool is_connect;   /* the method is CONNECT */
};

struct weir_http_limits {
	uint32_t line_bytes;  /* of a request line or one field; default 8192 */
	uint32_t head_bytes;  /* of all; default 65536 */
	uint16_t headers;     /* at most as many as the array has; default 128 */
	uint32_t chunk_bytes; /* of the extensions and trailers of one message; default 8192 */
};
extern const struct weir_http_limits weir_http_limits_default;

/*
 * Parses a head at the start of `in`; `headers` has room for limits->headers. Up to two empty lines
 * before a request are passed over (RFC 9112 section 2.2), not before a response.
 * Returns the head's bytes, with the empty line at its end; 0 when more is needed; or a negative
 * enum weir_http_error. An error is told as soon as the bytes have it.
 */
ssize_t weir_http_request_parse(struct weir_bytes in, const struct weir_http_limits *limits,
				struct weir_http_header *headers, struct weir_http_head *out);
/* `request` is what the response answers: its body depends on it (RFC 9112 section 6.3). */
ssize_t weir_http_response_parse(struct weir_bytes in, const struct weir_http_limits *limits,
				 const struct weir_http_head *request,
				 struct weir_http_header *headers, struct weir_http_head *out);
/* The first field of that name (in any case), or NULL. */
const struct weir_http_header *weir_http_header_find(const struct weir_http_head *h,
						     const char *name);
/* By Content-Type, with "+" and the name of the messages' codec or without: *codec. */
enum weir_http_grpc {
	WEIR_HTTP_NO_GRPC,
	WEIR_HTTP_GRPC,         /* application/grpc */
	WEIR_HTTP_GRPC_WEB,     /* application/grpc-web: what would be trailers is a last message */
	WEIR_HTTP_GRPC_WEB_TEXT /* application/grpc-web-text: and all is in Base64 */
};
enum weir_http_grpc weir_http_grpc(const struct weir_http_head *h, struct weir_bytes *codec);

/* Base64 of gRPC-Web's text form. Zero it first. */
struct weir_grpc_text {
	uint32_t bits; /* of the quantum at hand */
	uint8_t have;  /* its characters */
	uint8_t padding;
};
/*
 * Decodes what comes, a quantum of four characters when it is whole; what is left of one at the end
 * of a body is t->have characters of none. `max` is 3 or more. Returns the bytes of `in` that were
 * taken, with *n bytes put out, negative: it is no Base64.
 */
ssize_t weir_grpc_text_decode(struct weir_grpc_text *t, struct weir_bytes in, uint8_t *out,
			      size_t max, size_t *n);
/* 4 characters for each 3 bytes that there are of `in`, or fewer at its end; no NUL. */
#define WEIR_GRPC_TEXT_LEN(bytes) (((bytes) + 2) / 3 * 4)
size_t weir_grpc_text_encode(struct weir_bytes in, char *out);

/* ---- bodies ---- */

struct weir_http_body {
	uint64_t left;  /* of the length, or of the chunk at hand */
	uint32_t extra; /* bytes of extensions and trailers so far */
	uint32_t max_extra;
	uint16_t forbidden; /* bits of names that the trailer field at hand may yet turn out to have
			     */
	uint8_t name_len;   /* of that, so far */
	uint8_t state;      /* enum in http_body.c */
	uint8_t digits;     /* of the chunk's size so far */
	bool done;
};

void weir_http_body_init(struct weir_http_body *b, const struct weir_http_head *h,
			 const struct weir_http_limits *limits);
/* What the next byte is of. */
enum weir_http_place { WEIR_HTTP_AT_CONTENT, WEIR_HTTP_AT_FRAMING, WEIR_HTTP_AT_TRAILERS };
enum weir_http_place weir_http_body_place(const struct weir_http_body *b);
/*
 * Takes the next bytes of the message. Returns how many of `in` were taken, at least 1 of a `in`
 * that is not empty unless b->done; or a negative enum weir_http_error. *content is the body's
 * content among them, one span, perhaps empty. Call again with the rest. With WEIR_HTTP_UNTIL_CLOSE
 * and WEIR_HTTP_TUNNEL all is content and `done` never comes.
 */
ssize_t weir_http_body_feed(struct weir_http_body *b, struct weir_bytes in,
			    struct weir_bytes *content);

#endif
