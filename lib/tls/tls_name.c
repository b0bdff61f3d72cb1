/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of hosts as clients send them: what is one, and the form in which two are compared. */
#include "weir_tls_name.h"

/* RFC 1035 section 2.3.4, and what its lengths leave of 255 bytes. */
#define LABEL_MAX 63
#define TEXT_MAX  253

const char *weir_tls_sni_name(enum weir_tls_sni sni)
{
	static const char *const names[WEIR_TLS_SNI_END] = {
		[WEIR_TLS_SNI_NONE] = "none",       [WEIR_TLS_SNI_NAME] = "name",
		[WEIR_TLS_SNI_ADDRESS] = "address", [WEIR_TLS_SNI_TWICE] = "twice",
		[WEIR_TLS_SNI_BAD] = "bad",         [WEIR_TLS_SNI_LONG] = "long",
	};

	return names[sni];
}

/* '_' is of no host's name, yet names with it are resolved and served. */
static bool is_name_char(uint8_t c)
{
	return (uint8_t)(weir_lower(c) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '-' ||
	       c == '_';
}

static enum weir_tls_sni check_labels(struct weir_bytes in)
{
	size_t label = 0;
	bool is_long = false;

	for (size_t i = 0; i <= in.len; i++) {
		if (i < in.len && is_name_char(in.ptr[i])) {
			label++;
			continue;
		}
		if (label == 0 || (i < in.len && in.ptr[i] != '.'))
			return WEIR_TLS_SNI_BAD;
		is_long |= label > LABEL_MAX;
		label = 0;
	}
	return is_long ? WEIR_TLS_SNI_LONG : WEIR_TLS_SNI_NAME;
}

/* Resolvers take more for an address than four numbers: "127.1", "0x7f000001". What ends in a
 * number is none of a name (WHATWG URL, "ends in a number"). */
static bool ends_in_number(const char *text)
{
	const char *dot = strrchr(text, '.'), *last = dot ? dot + 1 : text;

	if (last[0] == '0' && last[1] == 'x')
		return strspn(last + 2, "0123456789abcdef") == strlen(last + 2);
	return strspn(last, "0123456789") == strlen(last);
}

static bool is_address(const char *text, enum weir_tls_sni sni)
{
	struct weir_addr addr;

	return weir_addr_parse(text, &addr) == 0 ||
	       (sni == WEIR_TLS_SNI_NAME && ends_in_number(text));
}

enum weir_tls_sni weir_tls_name_read(struct weir_bytes in, char text[WEIR_TLS_NAME_MAX + 1])
{
	enum weir_tls_sni sni;

	text[0] = '\0';
	if (in.len == 0)
		return WEIR_TLS_SNI_NONE;
	if (memchr(in.ptr, '\0', in.len))
		return WEIR_TLS_SNI_BAD;
	in.len -= in.ptr[in.len - 1] == '.';
	if (in.len > TEXT_MAX)
		return WEIR_TLS_SNI_LONG;
	for (size_t i = 0; i < in.len; i++)
		text[i] = (char)weir_lower(in.ptr[i]);
	text[in.len] = '\0';
	sni = check_labels(in);
	if (is_address(text, sni))
		return WEIR_TLS_SNI_ADDRESS;
	if (sni != WEIR_TLS_SNI_NAME)
		text[0] = '\0';
	return sni;
}
