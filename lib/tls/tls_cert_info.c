/* SPDX-License-Identifier: BSD-3-Clause */
/* What operators are told about a certificate: names, times, its key. */
#include "tls_impl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/x509v3.h>

int64_t tls_time(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

char *tls_dn_text(const X509_NAME *name)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *at = NULL, *copy = NULL;
	long len;

	if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_get_mem_data(out, &at);
		copy = OPENSSL_zalloc((size_t)len + 1);
		if (copy && len)
			memcpy(copy, at, (size_t)len);
	}
	BIO_free(out);
	return copy;
}

/* ---- names ---- */

struct names {
	char **name;
	unsigned int n;
	bool failed;
};

/* In lower case. What no host could be asked for by is left out. */
static void add(struct names *names, const char *text, size_t len)
{
	char **more = realloc(names->name, (names->n + 1) * sizeof(*more));
	char *copy = strndup(text, len);

	if (more)
		names->name = more;
	if (!more || !copy) {
		names->failed = true;
		free(copy);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		copy[i] = (char)weir_lower((uint8_t)copy[i]);
		if ((uint8_t)copy[i] <= ' ' || (uint8_t)copy[i] > '~') {
			free(copy);
			return;
		}
	}
	names->name[names->n++] = copy;
}

static void add_general(struct names *names, const GENERAL_NAME *g)
{
	char text[INET6_ADDRSTRLEN];
	int len;

	if (g->type == GEN_DNS) {
		add(names, (const char *)ASN1_STRING_get0_data(g->d.dNSName),
		    (size_t)ASN1_STRING_length(g->d.dNSName));
	} else if (g->type == GEN_IPADD) {
		len = ASN1_STRING_length(g->d.iPAddress);
		if ((len == 4 || len == 16) &&
		    inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(g->d.iPAddress),
			      text, sizeof(text)))
			add(names, text, strlen(text));
	}
}

/* Only where no SAN names a host (RFC 6125 section 6.4.4). */
static void add_common_name(struct names *names, X509 *leaf)
{
	X509_NAME *subject = X509_get_subject_name(leaf);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	uint8_t *text = NULL;
	int len;

	if (at < 0)
		return;
	len = ASN1_STRING_to_UTF8(&text,
				  X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (len > 0)
		add(names, (const char *)text, (size_t)len);
	OPENSSL_free(text);
}

static struct names names_of(X509 *leaf)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	struct names names = {0};

	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++)
		add_general(&names, sk_GENERAL_NAME_value(san, i));
	GENERAL_NAMES_free(san);
	if (!names.n)
		add_common_name(&names, leaf);
	return names;
}

/* ---- all of it ---- */

static char *key_text(const EVP_PKEY *key)
{
	const char *type = EVP_PKEY_get0_type_name(key);
	char *text = NULL;

	return asprintf(&text, "%s %d", type ? type : "?", EVP_PKEY_get_bits(key)) < 0 ? NULL
										       : text;
}

bool tls_cert_info_init(struct weir_tls_cert_info *info, X509 *leaf, EVP_PKEY *key)
{
	struct names names = names_of(leaf);
	unsigned int len = 0;

	*info = (struct weir_tls_cert_info){
		.subject = tls_dn_text(X509_get_subject_name(leaf)),
		.issuer = tls_dn_text(X509_get_issuer_name(leaf)),
		.names = (const char *const *)names.name,
		.n_names = names.n,
		.key = key_text(key),
		.not_before = tls_time(X509_get0_notBefore(leaf)),
		.not_after = tls_time(X509_get0_notAfter(leaf)),
	};
	return info->subject && info->issuer && info->key && !names.failed &&
	       X509_digest(leaf, EVP_sha256(), info->sha256, &len) == 1;
}

void tls_cert_info_fini(struct weir_tls_cert_info *info)
{
	OPENSSL_free((void *)(uintptr_t)info->subject);
	OPENSSL_free((void *)(uintptr_t)info->issuer);
	free((void *)(uintptr_t)info->key);
	for (unsigned int i = 0; i < info->n_names; i++)
		free((void *)(uintptr_t)info->names[i]);
	free((void *)(uintptr_t)info->names);
	*info = (struct weir_tls_cert_info){0};
}
