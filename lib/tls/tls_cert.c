/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates with their keys: read and checked once by control, parsed again by each worker. */
#include "tls_impl.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* ---- parsing ---- */

/* Without this libcrypto would ask on the terminal. */
static int no_password(char *buf, int size, int rwflag, void *ctx)
{
	bool *asked = ctx;

	(void)buf;
	(void)size;
	(void)rwflag;
	*asked = true;
	return -1;
}

static bool parse_key(struct weir_tls_identity *i, struct weir_bytes pem, struct weir_buf *why)
{
	BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	bool encrypted = false;

	if (in)
		i->key = PEM_read_bio_PrivateKey(in, NULL, no_password, &encrypted);
	BIO_free(in);
	if (!i->key && encrypted) {
		ERR_clear_error();
		return tls_fail(why, "the key is encrypted");
	}
	return i->key || tls_fail_openssl(why, "there is no private key in it");
}

/* Whether the reading of a PEM text ended where the text does, not at something malformed. */
static bool is_end_of_pem(void)
{
	unsigned long e = ERR_peek_last_error();
	bool end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;

	if (end)
		ERR_clear_error();
	return end;
}

static bool parse_chain(struct weir_tls_identity *i, struct weir_bytes pem, struct weir_buf *why)
{
	BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	X509 *next;

	i->chain = sk_X509_new_null();
	if (!in || !i->chain) {
		BIO_free(in);
		return tls_fail(why, "no memory");
	}
	i->leaf = PEM_read_bio_X509(in, NULL, NULL, NULL);
	while (i->leaf && (next = PEM_read_bio_X509(in, NULL, NULL, NULL)))
		if (!sk_X509_push(i->chain, next)) {
			X509_free(next);
			break;
		}
	BIO_free(in);
	if (!i->leaf)
		return tls_fail_openssl(why, "there is no certificate in it");
	return is_end_of_pem() || tls_fail_openssl(why, "not all of it is certificates");
}

/* TLS_KIND_END: none that TLS is spoken with here. */
static enum tls_kind kind_of(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return TLS_KIND_EC;
	case EVP_PKEY_ED25519:
		return TLS_KIND_ED25519;
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return TLS_KIND_RSA;
	default:
		return TLS_KIND_END;
	}
}

/* One file may hold both. */
static struct weir_bytes chain_of(const struct weir_tls_cert *c)
{
	return c->chain.len ? weir_bytes_of(c->chain.ptr, c->chain.len)
			    : weir_bytes_of(c->key.ptr, c->key.len);
}

static bool copy_ocsp(struct weir_tls_identity *i, const struct weir_tls_cert *c)
{
	if (!c->ocsp.len)
		return true;
	i->ocsp = weir_bytes_of(OPENSSL_memdup(c->ocsp.ptr, c->ocsp.len), c->ocsp.len);
	i->ocsp_until = c->info.ocsp_until;
	return i->ocsp.ptr;
}

struct weir_tls_identity *tls_identity_create(const struct weir_tls_cert *c, struct weir_buf *why)
{
	struct weir_tls_identity *i = OPENSSL_zalloc(sizeof(*i));

	if (!i) {
		tls_fail(why, "no memory");
		return NULL;
	}
	if (!parse_chain(i, chain_of(c), why) ||
	    !parse_key(i, weir_bytes_of(c->key.ptr, c->key.len), why))
		goto destroy;
	i->kind = kind_of(i->key);
	if (i->kind == TLS_KIND_END)
		tls_fail(why, "keys are RSA, EC or Ed25519 here");
	else if (X509_check_private_key(i->leaf, i->key) != 1)
		tls_fail_openssl(why, "the key is not that of the first certificate");
	else if (!copy_ocsp(i, c))
		tls_fail(why, "no memory");
	else
		return i;
destroy:
	tls_identity_destroy(i);
	return NULL;
}

void tls_identity_destroy(struct weir_tls_identity *i)
{
	if (!i)
		return;
	X509_free(i->leaf);
	EVP_PKEY_free(i->key);
	sk_X509_pop_free(i->chain, X509_free);
	OPENSSL_free((void *)(uintptr_t)i->ocsp.ptr);
	OPENSSL_free(i);
}

/* ---- what control holds ---- */

static bool read_files(struct weir_tls_cert *c, const struct weir_tls_cert_files *f,
		       struct weir_buf *why)
{
	if (!tls_file_read_key(f->key ? f->key : f->chain, &c->key, why))
		return false;
	if (f->key && !tls_file_read(f->chain, &c->chain, why))
		return false;
	return !f->ocsp || tls_file_read(f->ocsp, &c->ocsp, why);
}

static bool check(struct weir_tls_cert *c, const struct weir_tls_cert_files *f,
		  struct weir_buf *why)
{
	struct weir_buf reason = {0};
	struct weir_tls_identity *i = tls_identity_create(c, &reason);
	bool ok = false;

	if (!i)
		tls_fail(why, "%s%s%s: %s", f->chain, f->key ? " with " : "", f->key ? f->key : "",
			 reason.ptr);
	else if (!tls_cert_info_init(&c->info, i->leaf, i->key))
		tls_fail(why, "%s: no memory", f->chain);
	else if (f->ocsp && !tls_ocsp_check(weir_bytes_of(c->ocsp.ptr, c->ocsp.len), i->leaf,
					    &c->info.ocsp_until, &reason))
		tls_fail(why, "%s: %s", f->ocsp, reason.ptr);
	else
		ok = true;
	tls_identity_destroy(i);
	weir_buf_fini(&reason);
	return ok;
}

struct weir_tls_cert *weir_tls_cert_load(const struct weir_tls_cert_files *files,
					 struct weir_buf *why)
{
	struct weir_tls_cert *c = calloc(1, sizeof(*c));

	if (!c) {
		tls_fail(why, "no memory");
		return NULL;
	}
	ERR_clear_error();
	if (read_files(c, files, why) && check(c, files, why))
		return c;
	weir_tls_cert_destroy(c);
	return NULL;
}

void weir_tls_cert_destroy(struct weir_tls_cert *c)
{
	if (!c)
		return;
	tls_cert_info_fini(&c->info);
	tls_secret_fini(&c->key);
	weir_buf_fini(&c->chain);
	weir_buf_fini(&c->ocsp);
	free(c);
}

const struct weir_tls_cert_info *weir_tls_cert_info(const struct weir_tls_cert *c)
{
	return &c->info;
}
