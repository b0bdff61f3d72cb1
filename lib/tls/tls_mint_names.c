/* SPDX-License-Identifier: BSD-3-Clause */
/* Which names a minted leaf has: those of the upstream certificate that the CA may sign. */
#include "tls_mint.h"

/* More of a certificate are left out. Each costs up to 6 us where the CA is constrained. */
#define NAMES_MAX 512

static struct weir_bytes bytes_of(const ASN1_STRING *s)
{
	return weir_bytes_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* A host, or "*." before one: what clients match (RFC 6125 section 6.4.3). A NUL or whatever else
 * could be read in two ways is not signed again. */
static bool is_host(struct weir_bytes name)
{
	char text[WEIR_TLS_NAME_MAX + 1];

	if (name.len > 2 && name.ptr[0] == '*' && name.ptr[1] == '.')
		name = weir_bytes_of(name.ptr + 2, name.len - 2);
	return weir_tls_name_read(name, text) == WEIR_TLS_SNI_NAME;
}

static bool is_uri(struct weir_bytes uri)
{
	for (size_t i = 0; i < uri.len; i++)
		if (uri.ptr[i] <= ' ' || uri.ptr[i] > '~')
			return false;
	return uri.len > 0;
}

static bool is_copied(const GENERAL_NAME *g)
{
	int len;

	switch (g->type) {
	case GEN_DNS:
		return is_host(bytes_of(g->d.dNSName));
	case GEN_URI:
		return is_uri(bytes_of(g->d.uniformResourceIdentifier));
	case GEN_IPADD:
		len = ASN1_STRING_length(g->d.iPAddress);
		return len == 4 || len == 16;
	default:
		return false;
	}
}

/* ---- making them ---- */

static bool push(GENERAL_NAMES *names, int type, struct weir_bytes value)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_STRING *s = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

	if (!g || !s || ASN1_STRING_set(s, value.ptr, (int)value.len) != 1) {
		ASN1_STRING_free(s);
		GENERAL_NAME_free(g);
		return false;
	}
	GENERAL_NAME_set0_value(g, type, s);
	if (sk_GENERAL_NAME_push(names, g) > 0)
		return true;
	GENERAL_NAME_free(g);
	return false;
}

static bool push_text(GENERAL_NAMES *names, const char *text)
{
	struct weir_addr a;

	if (is_host(weir_bytes_str(text)))
		return push(names, GEN_DNS, weir_bytes_str(text));
	if (weir_addr_parse(text, &a) != 0)
		return true;
	return push(names, GEN_IPADD,
		    a.family == 4 ? weir_bytes_of(a.bytes + 12, 4) : weir_bytes_of(a.bytes, 16));
}

GENERAL_NAMES *tls_mint_names_for(const char *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	if (names && !push_text(names, name)) {
		GENERAL_NAMES_free(names);
		return NULL;
	}
	return names;
}

/* ---- those of a certificate ---- */

static void take_out(GENERAL_NAMES *names, int at)
{
	GENERAL_NAME_free(sk_GENERAL_NAME_delete(names, at));
}

static GENERAL_NAMES *copied(X509 *leaf)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

	if (!names)
		return GENERAL_NAMES_new();
	for (int i = sk_GENERAL_NAME_num(names) - 1; i >= 0; i--)
		if (i >= NAMES_MAX || !is_copied(sk_GENERAL_NAME_value(names, i)))
			take_out(names, i);
	return names;
}

/* The last CN is the most specific one. */
static bool push_common_name(GENERAL_NAMES *names, X509 *leaf)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	char text[WEIR_TLS_NAME_MAX + 1];
	uint8_t *utf8 = NULL;
	int at = -1, last = -1, len;
	enum weir_tls_sni kind;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		last = at;
	if (last < 0)
		return true;
	len = ASN1_STRING_to_UTF8(&utf8,
				  X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	if (len <= 0)
		return true;
	kind = weir_tls_name_read(weir_bytes_of(utf8, (size_t)len), text);
	OPENSSL_free(utf8);
	return (kind != WEIR_TLS_SNI_NAME && kind != WEIR_TLS_SNI_ADDRESS) ||
	       push_text(names, text);
}

GENERAL_NAMES *tls_mint_names_of(X509 *leaf)
{
	GENERAL_NAMES *names = copied(leaf);

	if (names && X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0 &&
	    !push_common_name(names, leaf)) {
		GENERAL_NAMES_free(names);
		return NULL;
	}
	return names;
}

/* ---- name constraints (RFC 5280 section 4.2.1.10) ---- */

bool tls_mint_is_permitted(X509 *x, const struct tls_signer *s)
{
	bool ok = true;

	if (sk_X509_num(s->constrained) == 0)
		return true;
	/* libcrypto reads a certificate's extensions when it is first asked for a purpose. */
	X509_check_purpose(x, -1, 0);
	for (int i = 0; ok && i < sk_X509_num(s->constrained); i++) {
		NAME_CONSTRAINTS *nc = X509_get_ext_d2i(sk_X509_value(s->constrained, i),
							NID_name_constraints, NULL, NULL);

		ok = nc && NAME_CONSTRAINTS_check(x, nc) == X509_V_OK;
		NAME_CONSTRAINTS_free(nc);
	}
	return ok;
}

/* By a certificate with these names, which nobody ever sees. False: no memory. */
static bool probe(const GENERAL_NAMES *names, const struct tls_signer *s, bool *permitted)
{
	X509 *x = X509_new();
	bool ok = x &&
		  X509_add1_ext_i2d(x, NID_subject_alt_name, (void *)(uintptr_t)names, 0, 0) == 1;

	*permitted = ok && tls_mint_is_permitted(x, s);
	X509_free(x);
	return ok;
}

static bool probe_one(GENERAL_NAME *name, const struct tls_signer *s, bool *permitted)
{
	GENERAL_NAMES *one = sk_GENERAL_NAME_new_null();
	bool ok = one && sk_GENERAL_NAME_push(one, name) > 0 && probe(one, s, permitted);

	sk_GENERAL_NAME_free(one); /* not the name */
	return ok;
}

bool tls_mint_names_permit(GENERAL_NAMES *names, const struct tls_signer *s)
{
	bool permitted;

	if (sk_X509_num(s->constrained) == 0 || sk_GENERAL_NAME_num(names) == 0)
		return true;
	if (!probe(names, s, &permitted))
		return false;
	for (int i = permitted ? -1 : sk_GENERAL_NAME_num(names) - 1; i >= 0; i--) {
		if (!probe_one(sk_GENERAL_NAME_value(names, i), s, &permitted))
			return false;
		if (!permitted)
			take_out(names, i);
	}
	return true;
}
