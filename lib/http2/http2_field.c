/* SPDX-License-Identifier: BSD-3-Clause */
/* What a field may be called and hold (RFC 9113 section 8.2), and which ones go on. */
#include "http2_impl.h"

/* RFC 9110 section 5.6.2, without upper case: names are sent in lower case. */
#define TOKEN 0x1
#define UPPER 0x2

static const uint8_t classes[256] = {
	['!'] = TOKEN,         ['#' ... '\''] = TOKEN, ['*' ... '+'] = TOKEN,
	['-' ... '.'] = TOKEN, ['0' ... '9'] = TOKEN,  ['A' ... 'Z'] = UPPER,
	['^' ... 'z'] = TOKEN, ['|'] = TOKEN,          ['~'] = TOKEN,
};

/* Whether it is one of a list in lower case that ends with NULL. */
static bool is_among(struct weir_bytes name, const char *const *list)
{
	for (; *list; list++)
		if (weir_bytes_is_case(name, *list))
			return true;
	return false;
}

bool http2_is_token(struct weir_bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!classes[name.ptr[i]])
			return false;
	return name.len;
}

static enum weir_http2_error check_name(struct weir_bytes name)
{
	uint8_t seen = 0;

	if (!http2_is_token(name))
		return WEIR_HTTP2_E_NAME;
	for (size_t i = 0; i < name.len; i++)
		seen |= classes[name.ptr[i]];
	return seen & UPPER ? WEIR_HTTP2_E_NAME_CASE : WEIR_HTTP2_OK;
}

enum weir_http2_error http2_value_check(struct weir_bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!value.ptr[i] || value.ptr[i] == '\r' || value.ptr[i] == '\n')
			return WEIR_HTTP2_E_VALUE;
	if (value.len && weir_bytes_trim(value).len != value.len)
		return WEIR_HTTP2_E_VALUE_SPACE;
	return WEIR_HTTP2_OK;
}

bool http2_is_hop_by_hop(struct weir_bytes name)
{
	static const char *const fields[] = {"connection", "proxy-connection",  "keep-alive",
					     "upgrade",    "transfer-encoding", "http2-settings",
					     NULL};

	return is_among(name, fields);
}

/* Section 8.2.2. */
enum weir_http2_error http2_field_check(struct weir_bytes name, struct weir_bytes value)
{
	enum weir_http2_error e = check_name(name);

	if (!e)
		e = http2_value_check(value);
	if (e)
		return e;
	if (weir_bytes_is(name, "te"))
		return weir_bytes_is_case(value, "trailers") ? WEIR_HTTP2_OK : WEIR_HTTP2_E_TE;
	if (!http2_is_hop_by_hop(name))
		return WEIR_HTTP2_OK;
	return weir_bytes_is(name, "transfer-encoding") ? WEIR_HTTP2_E_TRANSFER_ENCODING
							: WEIR_HTTP2_E_CONNECTION_FIELD;
}

/* Fields that frame, route or authenticate must not come after the body (RFC 9110 section 6.5.1),
 * and are the same that must not in HTTP/1.1. */
bool http2_may_be_trailer(struct weir_bytes name)
{
	static const char *const forbidden[] = {
		"content-length", "host",       "content-encoding", "content-type", "content-range",
		"trailer",        "te",         "expect",           "range",        "authorization",
		"cookie",         "set-cookie", "cache-control",    "location",     NULL};

	return !is_among(name, forbidden) && !http2_is_hop_by_hop(name);
}

/* ---- Connection's list (RFC 9110 section 7.6.1) ---- */

static bool next_option(struct weir_bytes *list, struct weir_bytes *option)
{
	while (list->len) {
		const uint8_t *comma = memchr(list->ptr, ',', list->len);
		size_t n = comma ? (size_t)(comma - list->ptr) : list->len;
		size_t used = n + (comma != NULL);

		*option = weir_bytes_trim(weir_bytes_of(list->ptr, n));
		*list = weir_bytes_of(list->ptr + used, list->len - used);
		if (option->len)
			return true;
	}
	return false;
}

/* A list that names these would have a gateway take away what frames, routes or authenticates the
 * message, which was judged with it. */
static bool belongs_to_message(struct weir_bytes option)
{
	static const char *const fields[] = {"host",          "content-length",
					     "content-type",  "content-encoding",
					     "content-range", "range",
					     "expect",        "authorization",
					     "cookie",        "set-cookie",
					     "location",      "cache-control",
					     "origin",        "forwarded",
					     "trailer",       "x-forwarded-for",
					     "x-real-ip",     NULL};

	return is_among(option, fields) || option.ptr[0] == ':';
}

enum weir_http2_error http2_connection_check(const struct weir_http_head *h)
{
	for (uint16_t i = 0; i < h->n_headers; i++) {
		struct weir_bytes list = h->headers[i].value, option;

		if (!weir_bytes_is_case(h->headers[i].name, "connection"))
			continue;
		while (next_option(&list, &option))
			if (belongs_to_message(option))
				return WEIR_HTTP2_E_CONNECTION_OPTION;
	}
	return WEIR_HTTP2_OK;
}

bool http2_list_has(struct weir_bytes list, struct weir_bytes token)
{
	struct weir_bytes option;

	while (next_option(&list, &option))
		if (weir_bytes_equal_case(option, token))
			return true;
	return false;
}

bool http2_is_connection_option(const struct weir_http_head *h, struct weir_bytes name)
{
	for (uint16_t i = 0; i < h->n_headers; i++)
		if (weir_bytes_is_case(h->headers[i].name, "connection") &&
		    http2_list_has(h->headers[i].value, name))
			return true;
	return false;
}
