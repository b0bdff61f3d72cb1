/* SPDX-License-Identifier: BSD-3-Clause */
/* The errors' names, texts and statuses, and what bytes may be part of. */
#include "http_impl.h"

static const struct {
	const char *name, *text;
	unsigned int status;
} errors[WEIR_HTTP_ERROR_END] = {[WEIR_HTTP_OK] = {"", "", 200},
#define X(n, s, t) [WEIR_HTTP_E_##n] = {#n, t, s},
				 WEIR_HTTP_ERRORS(X)
#undef X
};

const char *weir_http_error_name(enum weir_http_error e)
{
	return errors[e].name;
}

const char *weir_http_error_text(enum weir_http_error e)
{
	return errors[e].text;
}

unsigned int weir_http_error_status(enum weir_http_error e)
{
	return errors[e].status;
}

#define T (HTTP_TOKEN | HTTP_TARGET | HTTP_VALUE)
#define H (HTTP_TARGET | HTTP_VALUE | HTTP_HOST)
#define A (HTTP_TOKEN | HTTP_TARGET | HTTP_VALUE | HTTP_HOST)
#define V HTTP_VALUE
#define G (HTTP_TARGET | HTTP_VALUE)

const uint8_t http_classes[256] = {
	[1 ... 9] = V,      [11 ... 12] = V,   [14 ... ' '] = V,
	['!'] = A,          ['"'] = G,         ['#'] = HTTP_TOKEN | V,
	['$' ... '\''] = A, ['(' ... ')'] = H, ['*' ... '+'] = A,
	[','] = H,          ['-' ... '.'] = A, ['/'] = G,
	['0' ... '9'] = A,  [':' ... ';'] = H, ['<'] = G,
	['='] = H,          ['>' ... '@'] = G, ['A' ... 'Z'] = A,
	['['] = H,          ['\\'] = G,        [']'] = H,
	['^'] = T,          ['_'] = A,         ['`'] = T,
	['a' ... 'z'] = A,  ['{'] = G,         ['|'] = T,
	['}'] = G,          ['~'] = A,         [127] = V,
	[128 ... 255] = G,
};
