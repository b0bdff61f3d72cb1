/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the ClientHello's parser. */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include "tls_plain.h"
#include "weir_tls_hello.h"

/* Looks at a list of 16-bit numbers: 0, -HELLO_SIZE, or -MESSAGE_FORMAT because of `why`. */
WEIR_MUST_CHECK int tls_hello_numbers(struct weir_tls_hello *h, struct weir_bytes list,
				      const char *why);
/* Reads what stands in h->extensions; the errors of weir_tls_hello_parse. */
WEIR_MUST_CHECK int tls_hello_extensions(struct weir_tls_hello *h);

#endif
