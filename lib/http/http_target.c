/* SPDX-License-Identifier: BSD-3-Clause */
/* Request targets in their four forms (RFC 9112 section 3.2), and the Host field. */
#include "http_impl.h"

static bool is_scheme_char(uint8_t c)
{
	return (uint8_t)(weir_lower(c) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '+' ||
	       c == '-' || c == '.';
}

static void split_query(struct weir_http_head *h, struct weir_bytes b)
{
	const uint8_t *mark = b.len ? memchr(b.ptr, '?', b.len) : NULL;

	h->path = mark ? weir_bytes_of(b.ptr, (size_t)(mark - b.ptr)) : b;
	h->query = mark ? weir_bytes_of(mark + 1, b.len - h->path.len - 1)
			: weir_bytes_of(b.ptr + b.len, 0);
}

/* scheme "://" authority path [ "?" query ] */
static bool split_absolute(struct weir_http_head *h)
{
	struct weir_bytes t = h->target;
	size_t scheme = 0, end;

	while (scheme < t.len && is_scheme_char(t.ptr[scheme]))
		scheme++;
	if (!scheme || t.len - scheme < 3 || memcmp(t.ptr + scheme, "://", 3) != 0)
		return false;
	end = scheme + 3;
	while (end < t.len && t.ptr[end] != '/' && t.ptr[end] != '?')
		end++;
	h->form = WEIR_HTTP_ABSOLUTE;
	h->authority = weir_bytes_of(t.ptr + scheme + 3, end - scheme - 3);
	split_query(h, weir_bytes_of(t.ptr + end, t.len - end));
	return h->authority.len && http_host_is_valid(h->authority);
}

bool http_target_split(struct weir_http_head *h)
{
	struct weir_bytes t = h->target;

	h->form = WEIR_HTTP_ORIGIN;
	if (h->is_connect) {
		h->form = WEIR_HTTP_AUTHORITY;
		h->authority = t;
		return http_host_is_valid(t) && memrchr(t.ptr, ':', t.len) &&
		       t.ptr[t.len - 1] != ']';
	}
	if (t.ptr[0] == '/') {
		split_query(h, t);
		return true;
	}
	if (t.len == 1 && t.ptr[0] == '*') {
		h->form = WEIR_HTTP_ASTERISK;
		h->path = t;
		return weir_bytes_is(h->method, "OPTIONS");
	}
	return split_absolute(h);
}

/* Digits after the last colon; nothing after it is a port, too (RFC 3986 section 3.2.3). */
static bool is_port(struct weir_bytes p)
{
	uint64_t port = 0;

	return !p.len || (p.len <= 5 && http_number(p, &port) && port <= 65535);
}

/* "%" in a name must begin an escape of a byte that can be seen: a NUL in a name is a trick. */
static bool has_good_escapes(struct weir_bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		int hi, lo;

		if (name.ptr[i] != '%')
			continue;
		if (name.len - i < 3)
			return false;
		hi = weir_hex_value(name.ptr[i + 1]);
		lo = weir_hex_value(name.ptr[i + 2]);
		if (hi < 2 || lo < 0 || (hi == 7 && lo == 15))
			return false;
	}
	return true;
}

bool http_host_is_valid(struct weir_bytes host)
{
	struct weir_bytes name = host, port = {0};
	const uint8_t *end;

	if (!host.len || !http_all(host, HTTP_HOST))
		return false;
	if (host.ptr[0] == '[') {
		end = memchr(host.ptr, ']', host.len);
		if (!end || end - host.ptr < 3)
			return false;
		name = weir_bytes_of(host.ptr + 1, (size_t)(end - host.ptr) - 1);
		port = weir_bytes_of(end + 1, host.len - name.len - 2);
		if (port.len && port.ptr[0] != ':')
			return false;
		if (port.len)
			port = weir_bytes_of(port.ptr + 1, port.len - 1);
		for (size_t i = 0; i < name.len; i++)
			if (weir_hex_value(name.ptr[i]) < 0 && !strchr(":.v", name.ptr[i]))
				return false;
		return is_port(port);
	}
	end = memchr(host.ptr, ':', host.len);
	if (end) {
		name.len = (size_t)(end - host.ptr);
		port = weir_bytes_of(end + 1, host.len - name.len - 1);
	}
	return name.len && !memchr(name.ptr, '[', name.len) && !memchr(name.ptr, ']', name.len) &&
	       has_good_escapes(name) && is_port(port);
}
