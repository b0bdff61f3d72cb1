/* SPDX-License-Identifier: BSD-3-Clause */
/* A leaf under the operator's CA, for one set of names. */
#include "tls_mint.h"

#define COMMON_NAME_MAX 64 /* ub-common-name of RFC 5280 */

static bool is_name(const GENERAL_NAME *g, struct weir_bytes name)
{
	return g->type == GEN_DNS &&
	       weir_bytes_equal_case(weir_bytes_of(ASN1_STRING_get0_data(g->d.dNSName),
						   (size_t)ASN1_STRING_length(g->d.dNSName)),
				     name);
}

static bool has_name(const GENERAL_NAMES *names, struct weir_bytes name)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (is_name(sk_GENERAL_NAME_value(names, i), name))
			return true;
	return false;
}

static void copy_name(const ASN1_STRING *s, char text[COMMON_NAME_MAX + 1])
{
	size_t len = (size_t)ASN1_STRING_length(s);

	if (len <= COMMON_NAME_MAX) {
		memcpy(text, ASN1_STRING_get0_data(s), len);
		text[len] = '\0';
	}
}

/* The upstream's CN where it is among the names, else the first name; "" when none fits. */
static void choose_common_name(const struct tls_leaf *leaf, char text[COMMON_NAME_MAX + 1])
{
	text[0] = '\0';
	if (leaf->like) {
		int len = X509_NAME_get_text_by_NID(X509_get_subject_name(leaf->like),
						    NID_commonName, text, COMMON_NAME_MAX + 1);

		if (len > 0 && has_name(leaf->names, weir_bytes_of(text, (size_t)len)))
			return;
		text[0] = '\0';
	}
	for (int i = 0; !text[0] && i < sk_GENERAL_NAME_num(leaf->names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(leaf->names, i);

		if (g->type == GEN_DNS)
			copy_name(g->d.dNSName, text);
	}
}

/* Names our CA by its key, which clients find it by when it has been renewed. */
static bool add_authority(X509 *x, const struct tls_signer *s)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(s->ca->leaf);
	AUTHORITY_KEYID *a;
	bool ok;

	if (!id)
		return true;
	a = AUTHORITY_KEYID_new();
	if (!a)
		return false;
	a->keyid = ASN1_OCTET_STRING_dup(id);
	ok = a->keyid && X509_add1_ext_i2d(x, NID_authority_key_identifier, a, 0, 0) == 1;
	AUTHORITY_KEYID_free(a);
	return ok;
}

/* RFC 5280 section 4.2.1.6: critical where there is no subject. */
static bool add_names(X509 *x, const struct tls_leaf *leaf, bool critical)
{
	return X509_add1_ext_i2d(x, NID_subject_alt_name, (void *)(uintptr_t)leaf->names, critical,
				 0) == 1;
}

static bool add_extensions(X509 *x, const struct tls_signer *s, enum tls_leaf_key key)
{
	return tls_x509_extension(x, NID_basic_constraints, true, "CA:FALSE") &&
	       tls_x509_extension(x, NID_key_usage, true,
				  key == TLS_LEAF_RSA ? "digitalSignature,keyEncipherment"
						      : "digitalSignature") &&
	       tls_x509_extension(x, NID_ext_key_usage, false, "serverAuth") &&
	       tls_x509_key_id(x) && add_authority(x, s);
}

X509 *tls_mint_template(const struct tls_signer *s, enum tls_leaf_key key)
{
	X509 *x = X509_new();

	if (x && X509_set_version(x, X509_VERSION_3) == 1 && tls_x509_serial(x) &&
	    tls_x509_times(x, s->not_before, s->not_after) &&
	    X509_set_issuer_name(x, X509_get_subject_name(s->ca->leaf)) == 1 &&
	    X509_set_pubkey(x, s->key[key]) == 1 && add_extensions(x, s, key) &&
	    tls_x509_sign(x, s->ca->key))
		return x;
	X509_free(x);
	return NULL;
}

static X509 *make(const struct tls_signer *s, const struct tls_leaf *leaf, const char *common_name)
{
	X509 *x = X509_dup(s->template[leaf->key]);

	if (x && tls_x509_serial(x) && tls_x509_times(x, leaf->not_before, leaf->not_after) &&
	    (!*common_name || tls_x509_common_name(X509_get_subject_name(x), common_name)) &&
	    add_names(x, leaf, !*common_name) && tls_x509_sign(x, s->ca->key))
		return x;
	X509_free(x);
	return NULL;
}

X509 *tls_mint_leaf(const struct tls_signer *s, const struct tls_leaf *leaf,
		    enum weir_tls_error *error)
{
	char common_name[COMMON_NAME_MAX + 1];
	X509 *x;

	choose_common_name(leaf, common_name);
	x = make(s, leaf, common_name);
	/* The CA may be constrained to subjects that this one is not among. */
	if (x && *common_name && !tls_mint_is_permitted(x, s)) {
		X509_free(x);
		x = make(s, leaf, "");
	}
	*error = x ? WEIR_TLS_E_CERT_NAME : WEIR_TLS_E_MEMORY;
	if (x && tls_mint_is_permitted(x, s))
		return x;
	X509_free(x);
	return NULL;
}
