/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fields say about the body and the connection (RFC 9112 sections 6, 7 and 9). */
#include "http_impl.h"

bool http_list_next(struct weir_bytes *list, struct weir_bytes *element)
{
	while (list->len) {
		const uint8_t *comma = memchr(list->ptr, ',', list->len);
		size_t n = comma ? (size_t)(comma - list->ptr) : list->len;
		size_t used = n + (comma != NULL);

		*element = weir_bytes_trim(weir_bytes_of(list->ptr, n));
		*list = weir_bytes_of(list->ptr + used, list->len - used);
		if (element->len)
			return true;
	}
	return false;
}

bool http_number(struct weir_bytes text, uint64_t *out)
{
	*out = 0;
	if (!text.len || text.len > 18)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if ((uint8_t)(text.ptr[i] - '0') > 9)
			return false;
		*out = *out * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	return true;
}

/* The fields that decide; NULL where absent. Repetition of those that may not is told in `twice`.
 */
struct fields {
	const struct weir_http_header *length, *transfer, *host, *expect, *upgrade;
	bool length_twice, transfer_twice, host_twice;
	bool close, keep_alive, upgrade_wanted, upgrade_http;
};

static void read_connection(struct fields *f, struct weir_bytes list)
{
	struct weir_bytes option;

	while (http_list_next(&list, &option)) {
		f->close |= weir_bytes_is_case(option, "close");
		f->keep_alive |= weir_bytes_is_case(option, "keep-alive");
		f->upgrade_wanted |= weir_bytes_is_case(option, "upgrade");
	}
}

static bool begins_with(struct weir_bytes b, const char *text)
{
	size_t n = strlen(text);

	return b.len >= n && weir_bytes_is_case(weir_bytes_of(b.ptr, n), text);
}

/* Names of what would still be HTTP behind the upgrade, but read by nobody (RFC 7540 section 3.2,
 * RFC 2817). */
static void read_upgrade(struct fields *f, struct weir_bytes list)
{
	struct weir_bytes protocol;

	while (http_list_next(&list, &protocol))
		f->upgrade_http |= weir_bytes_is_case(protocol, "h2c") ||
				   weir_bytes_is_case(protocol, "h2") ||
				   begins_with(protocol, "HTTP/") || begins_with(protocol, "TLS/");
}

static void note(const struct weir_http_header **field, bool *twice,
		 const struct weir_http_header *h)
{
	*twice |= *field != NULL;
	*field = h;
}

static void read_fields(const struct weir_http_head *h, struct fields *f)
{
	bool ignored = false;

	for (uint16_t i = 0; i < h->n_headers; i++) {
		const struct weir_http_header *at = &h->headers[i];

		/* By length first: most fields are none of these. */
		switch (at->name.len) {
		case 4:
			if (weir_bytes_is_case(at->name, "host"))
				note(&f->host, &f->host_twice, at);
			break;
		case 6:
			if (weir_bytes_is_case(at->name, "expect"))
				f->expect = at;
			break;
		case 7:
			if (!weir_bytes_is_case(at->name, "upgrade"))
				break;
			note(&f->upgrade, &ignored, at);
			read_upgrade(f, at->value);
			break;
		case 10:
			if (weir_bytes_is_case(at->name, "connection"))
				read_connection(f, at->value);
			break;
		case 14:
			if (weir_bytes_is_case(at->name, "content-length"))
				note(&f->length, &f->length_twice, at);
			break;
		case 17:
			if (weir_bytes_is_case(at->name, "transfer-encoding"))
				note(&f->transfer, &f->transfer_twice, at);
			break;
		default:
			break;
		}
	}
}

/* RFC 9112 section 6.1: chunked, once and last. weir knows no other coding. */
static int understand_transfer(const struct weir_http_head *h, const struct fields *f)
{
	struct weir_bytes list = f->transfer->value, coding;
	unsigned int chunked = 0;

	if (f->transfer_twice)
		return -WEIR_HTTP_E_TRANSFER_TWICE;
	if (h->minor == 0)
		return -WEIR_HTTP_E_TRANSFER_VERSION;
	if (f->length)
		return -WEIR_HTTP_E_LENGTH_AND_CHUNKED;
	while (http_list_next(&list, &coding)) {
		if (!weir_bytes_is_case(coding, "chunked"))
			return -WEIR_HTTP_E_TRANSFER_CODING;
		chunked++;
	}
	return chunked == 1 ? 0 : -WEIR_HTTP_E_TRANSFER_TWICE;
}

/* Section 6.3, the part that requests and responses share. */
static int understand_framing(struct weir_http_head *h, const struct fields *f,
			      enum weir_http_framing otherwise)
{
	int rc;

	h->framing = otherwise;
	if (f->transfer) {
		rc = understand_transfer(h, f);
		if (rc)
			return rc;
		h->framing = WEIR_HTTP_CHUNKED;
	} else if (f->length) {
		if (f->length_twice)
			return -WEIR_HTTP_E_LENGTH_TWICE;
		if (!http_number(f->length->value, &h->length))
			return -WEIR_HTTP_E_LENGTH;
		h->framing = h->length ? WEIR_HTTP_LENGTH : WEIR_HTTP_NO_BODY;
	}
	return 0;
}

/* Section 9.3. */
static bool is_persistent(const struct weir_http_head *h, const struct fields *f)
{
	return !f->close && (h->minor == 1 || f->keep_alive);
}

static void note_upgrade(struct weir_http_head *h, const struct fields *f)
{
	bool wanted = f->upgrade && f->upgrade_wanted;

	h->upgrade = wanted && !f->upgrade_http;
	h->upgrade_http = wanted && f->upgrade_http;
}

int http_request_understand(struct weir_http_head *h)
{
	struct fields f = {0};
	int rc;

	read_fields(h, &f);
	if (f.host_twice)
		return -WEIR_HTTP_E_HOST_TWICE;
	if (!f.host && h->minor == 1)
		return -WEIR_HTTP_E_HOST_MISSING;
	if (f.host && !http_host_is_valid(f.host->value))
		return -WEIR_HTTP_E_HOST;
	if (f.host)
		h->host = f.host->value;
	rc = understand_framing(h, &f, WEIR_HTTP_NO_BODY);
	h->keep_alive = is_persistent(h, &f);
	h->expects =
		f.expect && h->minor == 1 && weir_bytes_is_case(f.expect->value, "100-continue");
	note_upgrade(h, &f);
	return rc;
}

int http_response_understand(struct weir_http_head *h, const struct weir_http_head *request)
{
	struct fields f = {0};
	int rc;

	read_fields(h, &f);
	rc = understand_framing(h, &f, WEIR_HTTP_UNTIL_CLOSE);
	if (rc)
		return rc;
	h->keep_alive = is_persistent(h, &f) && h->framing != WEIR_HTTP_UNTIL_CLOSE;
	note_upgrade(h, &f);
	if (h->status == 101 || (request->is_connect && h->status / 100 == 2)) {
		h->framing = WEIR_HTTP_TUNNEL;
	} else if (h->status / 100 == 1 || h->status == 204 || h->status == 304 ||
		   request->is_head) {
		h->framing = WEIR_HTTP_NO_BODY;
		h->keep_alive = is_persistent(h, &f);
	}
	return 0;
}
