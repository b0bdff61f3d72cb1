/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of what can go wrong with a TLS connection. */
#include "weir_tls_error.h"

static const struct {
	const char *name;
	const char *text;
	uint8_t alert;
} errors[WEIR_TLS_ERROR_END] = {[WEIR_TLS_OK] = {"", "", WEIR_TLS_NO_ALERT},
#define X(id, code, words) [WEIR_TLS_E_##id] = {#id, words, code},
				WEIR_TLS_ERRORS(X)
#undef X
};

const char *weir_tls_error_name(enum weir_tls_error e)
{
	return errors[e].name;
}

const char *weir_tls_error_text(enum weir_tls_error e)
{
	return errors[e].text;
}

uint8_t weir_tls_error_alert(enum weir_tls_error e)
{
	return errors[e].alert;
}
