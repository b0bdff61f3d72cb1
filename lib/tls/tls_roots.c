/* SPDX-License-Identifier: BSD-3-Clause */
/* Trusted authorities and their revocation lists: read by control, put into a store for each
 * context. */
#include "tls_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* ---- reading ---- */

/* Behind its length; takes `der`. */
static void add_der(struct weir_buf *to, uint8_t *der, int len)
{
	uint32_t size = (uint32_t)len;

	weir_buf_add(to, &size, sizeof(size));
	weir_buf_add(to, der, size);
	OPENSSL_free(der);
}

/* What stands in a PEM text: certificates, or lists. */
struct pem_kind {
	const char *words;
	/* Adds the next one; false at the end, or when it is malformed. */
	bool (*next)(BIO *in, struct weir_buf *to);
};

static bool next_cert(BIO *in, struct weir_buf *to)
{
	X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
	uint8_t *der = NULL;
	int len = cert ? i2d_X509(cert, &der) : -1;

	X509_free(cert);
	if (len > 0)
		add_der(to, der, len);
	return len > 0;
}

static bool next_crl(BIO *in, struct weir_buf *to)
{
	X509_CRL *crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL);
	uint8_t *der = NULL;
	int len = crl ? i2d_X509_CRL(crl, &der) : -1;

	X509_CRL_free(crl);
	if (len > 0)
		add_der(to, der, len);
	return len > 0;
}

static const struct pem_kind certificates = {"certificate", next_cert};
static const struct pem_kind lists = {"revocation list", next_crl};

/* Returns how many there are, 0 when something is wrong. */
static unsigned int read_pem(const char *path, const struct pem_kind *kind, struct weir_buf *to,
			     struct weir_buf *why)
{
	struct weir_buf text = {0};
	unsigned int n = 0;
	unsigned long e;
	BIO *in = NULL;

	ERR_clear_error();
	if (tls_file_read(path, &text, why) && !(in = BIO_new_mem_buf(text.ptr, (int)text.len)))
		tls_fail(why, "%s: there is no %s in it", path, kind->words);
	while (in && kind->next(in, to))
		n++;
	e = ERR_peek_last_error();
	if (in && (!n || ERR_GET_REASON(e) != PEM_R_NO_START_LINE)) {
		n = 0;
		tls_fail_openssl(why, "%s: not all of it is a %s", path, kind->words);
	}
	ERR_clear_error();
	BIO_free(in);
	weir_buf_fini(&text);
	return n;
}

static bool add_file(struct weir_tls_roots *r, const char *path, struct weir_buf *why)
{
	unsigned int n = read_pem(path, &certificates, &r->certs, why);

	r->n_certs += n;
	return n;
}

static int is_cert_file(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot &&
	       (strcmp(dot, ".pem") == 0 || strcmp(dot, ".crt") == 0 || strcmp(dot, ".cer") == 0);
}

static bool add_folder(struct weir_tls_roots *r, const char *folder, struct weir_buf *why)
{
	struct dirent **file = NULL;
	int n = scandir(folder, &file, is_cert_file, alphasort);
	struct weir_buf path = {0};
	bool ok = n >= 0 || tls_fail(why, "%s: %s", folder, strerror(errno));

	for (int i = 0; i < n; i++) {
		weir_buf_reset(&path);
		weir_buf_printf(&path, "%s/%s", folder, file[i]->d_name);
		ok = ok && add_file(r, path.ptr, why);
		free(file[i]);
	}
	free(file);
	weir_buf_fini(&path);
	return ok;
}

static bool add_system(struct weir_tls_roots *r, struct weir_buf *why)
{
	const char *const path[] = {X509_get_default_cert_file(),
				    "/etc/ssl/certs/ca-certificates.crt",
				    "/etc/pki/tls/certs/ca-bundle.crt"};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(path); i++)
		if (access(path[i], R_OK) == 0)
			return add_file(r, path[i], why);
	return tls_fail(why, "the system's certificates are not there: %s", path[1]);
}

static bool add_all(struct weir_tls_roots *r, const struct weir_tls_roots_files *f,
		    struct weir_buf *why)
{
	if ((f->file && !add_file(r, f->file, why)) ||
	    (f->folder && !add_folder(r, f->folder, why)) || (f->system && !add_system(r, why)) ||
	    (f->crl && !read_pem(f->crl, &lists, &r->crls, why)))
		return false;
	if (r->certs.failed || r->crls.failed)
		return tls_fail(why, "no memory");
	return r->n_certs || tls_fail(why, "%s: there is no certificate in it",
				      f->folder ? f->folder : "trusted certificates");
}

static bool digest(struct weir_tls_roots *r)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, r->certs.ptr, r->certs.len) == 1 &&
		  EVP_DigestUpdate(ctx, &r->certs.len, sizeof(r->certs.len)) == 1 &&
		  EVP_DigestUpdate(ctx, r->crls.ptr, r->crls.len) == 1 &&
		  EVP_DigestFinal_ex(ctx, r->sha256, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

struct weir_tls_roots *weir_tls_roots_load(const struct weir_tls_roots_files *files,
					   struct weir_buf *why)
{
	struct weir_tls_roots *r = calloc(1, sizeof(*r));

	if (!r)
		tls_fail(why, "no memory");
	else if (add_all(r, files, why) && (digest(r) || tls_fail(why, "no memory")))
		return r;
	weir_tls_roots_destroy(r);
	return NULL;
}

void weir_tls_roots_destroy(struct weir_tls_roots *r)
{
	if (!r)
		return;
	weir_buf_fini(&r->certs);
	weir_buf_fini(&r->crls);
	free(r);
}

unsigned int weir_tls_roots_count(const struct weir_tls_roots *r)
{
	return r->n_certs;
}

/* ---- using ---- */

static struct weir_bytes next_der(struct weir_cursor *c)
{
	const uint8_t *at = weir_cursor_take(c, sizeof(uint32_t));
	uint32_t len = 0;

	if (!at)
		return (struct weir_bytes){0};
	memcpy(&len, at, sizeof(len));
	return weir_bytes_of(weir_cursor_take(c, len), len);
}

static X509 *next_root(struct weir_cursor *c)
{
	struct weir_bytes der = next_der(c);

	return der.ptr ? d2i_X509(NULL, &der.ptr, (long)der.len) : NULL;
}

static bool add_certs(const struct weir_tls_roots *r, X509_STORE *store)
{
	struct weir_cursor c = weir_cursor_of(r->certs.ptr, r->certs.len);

	while (weir_cursor_left(&c)) {
		X509 *cert = next_root(&c);
		bool added = cert && X509_STORE_add_cert(store, cert) == 1;

		X509_free(cert);
		if (!added)
			return false;
	}
	return true;
}

static bool add_crls(const struct weir_tls_roots *r, X509_STORE *store)
{
	struct weir_cursor c = weir_cursor_of(r->crls.ptr, r->crls.len);

	while (weir_cursor_left(&c)) {
		struct weir_bytes der = next_der(&c);
		X509_CRL *crl = der.ptr ? d2i_X509_CRL(NULL, &der.ptr, (long)der.len) : NULL;
		bool added = crl && X509_STORE_add_crl(store, crl) == 1;

		X509_CRL_free(crl);
		if (!added)
			return false;
	}
	return true;
}

bool tls_roots_use(const struct weir_tls_roots *r, SSL_CTX *ctx, struct weir_buf *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;

	/* As nginx and HAProxy do: with lists at all, each issuer must have one. */
	if (r->crls.len)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	if (!add_certs(r, store) || !add_crls(r, store) || X509_STORE_set_flags(store, flags) != 1)
		return tls_fail_openssl(why, "trusted certificates");
	return true;
}

bool tls_roots_announce(const struct weir_tls_roots *r, SSL_CTX *ctx)
{
	struct weir_cursor c = weir_cursor_of(r->certs.ptr, r->certs.len);

	while (weir_cursor_left(&c)) {
		X509 *cert = next_root(&c);
		bool added = cert && SSL_CTX_add_client_CA(ctx, cert) == 1;

		X509_free(cert);
		if (!added)
			return false;
	}
	return true;
}
