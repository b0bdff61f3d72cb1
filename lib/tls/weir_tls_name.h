/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of hosts, as ClientHellos and certificates have them. */
#ifndef WEIR_TLS_NAME_H
#define WEIR_TLS_NAME_H

#include <weir_base.h>

#define WEIR_TLS_NAME_MAX 255 /* bytes of a host name */

/* What the client says whom it wants to talk to (RFC 6066 section 3). All but NAME are names that
 * no policy should take for the server's. */
enum weir_tls_sni {
	WEIR_TLS_SNI_NONE,
	WEIR_TLS_SNI_NAME,
	WEIR_TLS_SNI_ADDRESS, /* an address in the place of a name, which RFC 6066 forbids */
	WEIR_TLS_SNI_TWICE,   /* more than one name */
	WEIR_TLS_SNI_BAD,     /* NUL, or anything else that is not of a host's name */
	WEIR_TLS_SNI_LONG,    /* the name, or a label of it */
	WEIR_TLS_SNI_END
};
/* "none", "name", …: for records. */
const char *weir_tls_sni_name(enum weir_tls_sni sni);

/*
 * Brings a host's name into the one form that names are compared in: lower case, no dot at the
 * end. *text is "" unless NAME or ADDRESS comes back; it may be `in` itself, or NONE for an empty
 * one. Letters, digits, '-', '_' and dots between labels that are not empty.
 */
enum weir_tls_sni weir_tls_name_read(struct weir_bytes in, char text[WEIR_TLS_NAME_MAX + 1]);

#endif
