/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_HTTP_IMPL_H
#define WEIR_HTTP_IMPL_H

#include <weir_http.h>

/* What a byte may be part of. */
#define HTTP_TOKEN  0x1 /* RFC 9110 section 5.6.2 */
#define HTTP_TARGET 0x2 /* visible ASCII but '#', and bytes from 0x80, which clients do send */
#define HTTP_VALUE  0x4 /* all but NUL, CR, LF */
#define HTTP_HOST   0x8 /* RFC 3986 section 3.2.2: reg-name, IP literal, port */
extern const uint8_t http_classes[256];

static inline bool http_is(uint8_t c, uint8_t class)
{
	return http_classes[c] & class;
}

/* Whether all bytes are of the class; an empty view is. */
static inline bool http_all(struct weir_bytes b, uint8_t class)
{
	uint8_t all = class;

	for (size_t i = 0; i < b.len; i++)
		all &= http_classes[b.ptr[i]];
	return all;
}

/* The next element of a comma-separated list, trimmed; false at its end. Empty ones are passed over
 * (RFC 9110 section 5.6.1.2). */
bool http_list_next(struct weir_bytes *list, struct weir_bytes *element);

/* A decimal number without sign, at most 18 digits; false for others. */
bool http_number(struct weir_bytes text, uint64_t *out);

/* Splits a request target (RFC 9112 section 3.2); false when it is in no form for that method. */
bool http_target_split(struct weir_http_head *h);

/* Whether `host` can be a Host field's value (RFC 9110 section 7.2). */
bool http_host_is_valid(struct weir_bytes host);

/* Framing, keep-alive, Host and Expect out of the fields. */
int http_request_understand(struct weir_http_head *h);
int http_response_understand(struct weir_http_head *h, const struct weir_http_head *request);

#endif
