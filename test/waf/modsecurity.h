/* SPDX-License-Identifier: BSD-3-Clause */
/* Debian's libmodsecurity behind the few calls that the oracle and the measurement need. Only tests
 * link it. */
#ifndef MODSECURITY_TEST_H
#define MODSECURITY_TEST_H

#include <weir_http.h>

#define MODSECURITY_IDS_MAX 256

struct modsecurity;
/* Rules of SecLang text, then of the files that the patterns name. NULL: printed. */
struct modsecurity *modsecurity_create(const char *text, const char *const *pattern,
				       unsigned int n);
void modsecurity_destroy(struct modsecurity *m);

struct modsecurity_input {
	const char *client;
	struct weir_bytes request, response;
	bool has_response;
};

struct modsecurity_result {
	bool bad_request; /* HTTP's parser refused it, libmodsecurity has not seen it */
	int status;       /* of the intervention, 0: none */
	uint32_t id[MODSECURITY_IDS_MAX]; /* of logged rules, in order */
	unsigned int n_ids;
};

/* A whole transaction; messages are parsed by lib/http, so that only the engines differ. */
void modsecurity_run(struct modsecurity *m, const struct modsecurity_input *in,
		     struct modsecurity_result *out);

#endif
