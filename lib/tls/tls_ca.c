/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's CA: read by control, copied by each worker. */
#include "tls_mint.h"

#include <stdlib.h>

#include <openssl/err.h>

#define LEAF_RSA_BITS 2048

/* ---- what control holds ---- */

static bool keep_key(struct tls_secret *out, EVP_PKEY *key)
{
	uint8_t *at, *der = NULL;
	int len = key ? i2d_PrivateKey(key, NULL) : 0;
	bool ok = len > 0 && tls_secret_init(out, (size_t)len);

	if (ok) {
		at = der = out->ptr;
		ok = i2d_PrivateKey(key, &at) == len;
	}
	EVP_PKEY_free(key);
	return ok && der;
}

static bool check_ca(const struct weir_tls_ca *ca, const char *path, struct weir_buf *why)
{
	struct weir_buf reason = {0};
	struct weir_tls_identity *i = tls_identity_create(ca->cert, &reason);
	bool ok = false;

	if (!i)
		tls_fail(why, "%s: %s", path, reason.ptr);
	else if (X509_check_ca(i->leaf) != 1)
		tls_fail(why, "%s: this is no certificate of a CA that may sign others", path);
	else
		ok = true;
	tls_identity_destroy(i);
	weir_buf_fini(&reason);
	return ok;
}

struct weir_tls_ca *weir_tls_ca_load(const struct weir_tls_cert_files *files, struct weir_buf *why)
{
	struct weir_tls_ca *ca = calloc(1, sizeof(*ca));

	if (!ca) {
		tls_fail(why, "no memory");
		return NULL;
	}
	ca->cert = weir_tls_cert_load(files, why);
	if (!ca->cert || !check_ca(ca, files->chain, why))
		goto destroy;
	if (!keep_key(&ca->key[TLS_LEAF_EC], EVP_EC_gen("P-256")) ||
	    !keep_key(&ca->key[TLS_LEAF_RSA], EVP_RSA_gen(LEAF_RSA_BITS))) {
		tls_fail_openssl(why, "no keys could be made for leaves");
		goto destroy;
	}
	return ca;
destroy:
	weir_tls_ca_destroy(ca);
	return NULL;
}

void weir_tls_ca_destroy(struct weir_tls_ca *ca)
{
	if (!ca)
		return;
	for (unsigned int k = 0; k < TLS_LEAF_KEYS; k++)
		tls_secret_fini(&ca->key[k]);
	weir_tls_cert_destroy(ca->cert);
	free(ca);
}

const struct weir_tls_cert_info *weir_tls_ca_info(const struct weir_tls_ca *ca)
{
	return weir_tls_cert_info(ca->cert);
}

/* ---- a worker's copy ---- */

static bool push_ref(STACK_OF(X509) * to, X509 *x)
{
	if (sk_X509_push(to, x) <= 0)
		return false;
	X509_up_ref(x);
	return true;
}

static bool is_root(X509 *x)
{
	return X509_self_signed(x, 0) == 1;
}

/* Clients have the root already, and take none from a server. */
static bool sort_in(struct tls_signer *s, X509 *x)
{
	return (is_root(x) || push_ref(s->shown, x)) &&
	       (X509_get_ext_by_NID(x, NID_name_constraints, -1) < 0 ||
		push_ref(s->constrained, x));
}

static bool sort_chain(struct tls_signer *s)
{
	bool ok;

	s->shown = sk_X509_new_null();
	s->constrained = sk_X509_new_null();
	ok = s->shown && s->constrained && sort_in(s, s->ca->leaf);
	for (int i = 0; ok && i < sk_X509_num(s->ca->chain); i++)
		ok = sort_in(s, sk_X509_value(s->ca->chain, i));
	return ok;
}

static bool copy_keys(struct tls_signer *s, const struct weir_tls_ca *ca)
{
	bool ok = true;

	for (unsigned int k = 0; ok && k < TLS_LEAF_KEYS; k++) {
		const uint8_t *at = ca->key[k].ptr;

		s->key[k] = d2i_AutoPrivateKey(NULL, &at, (long)ca->key[k].len);
		ok = s->key[k];
	}
	return ok;
}

static bool make_templates(struct tls_signer *s)
{
	bool ok = true;

	for (unsigned int k = 0; ok && k < TLS_LEAF_KEYS; k++) {
		s->template[k] = tls_mint_template(s, (enum tls_leaf_key)k);
		ok = s->template[k];
	}
	return ok;
}

bool tls_signer_init(struct tls_signer *s, const struct weir_tls_ca *ca, struct weir_buf *why)
{
	const struct weir_tls_cert_info *info = weir_tls_cert_info(ca->cert);

	*s = (struct tls_signer){.not_before = info->not_before, .not_after = info->not_after};
	s->ca = tls_identity_create(ca->cert, why);
	if (!s->ca)
		return false;
	if (copy_keys(s, ca) && sort_chain(s) && make_templates(s))
		return true;
	tls_signer_fini(s);
	return tls_fail_openssl(why, "the CA cannot be copied");
}

void tls_signer_fini(struct tls_signer *s)
{
	sk_X509_pop_free(s->shown, X509_free);
	sk_X509_pop_free(s->constrained, X509_free);
	for (unsigned int k = 0; k < TLS_LEAF_KEYS; k++) {
		X509_free(s->template[k]);
		EVP_PKEY_free(s->key[k]);
	}
	tls_identity_destroy(s->ca);
	*s = (struct tls_signer){0};
}
