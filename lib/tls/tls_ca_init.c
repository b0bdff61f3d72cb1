/* SPDX-License-Identifier: BSD-3-Clause */
/* A new CA in a folder: its certificate for everybody, its key for its owner alone. */
#include "tls_mint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#define CA_YEARS      10
#define SECONDS_A_DAY 86400
#define CLOCKS_DIFFER 3600 /* seconds that a client's clock may be behind */

/* ---- the certificate ---- */

static bool fill(X509 *x, EVP_PKEY *key, const char *name, int64_t now)
{
	return X509_set_version(x, X509_VERSION_3) == 1 && tls_x509_serial(x) &&
	       tls_x509_times(x, now - CLOCKS_DIFFER, now + CA_YEARS * 365LL * SECONDS_A_DAY) &&
	       tls_x509_common_name(X509_get_subject_name(x), name) &&
	       X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
	       X509_set_pubkey(x, key) == 1 &&
	       tls_x509_extension(x, NID_basic_constraints, true, "CA:TRUE,pathlen:0") &&
	       tls_x509_extension(x, NID_key_usage, true, "keyCertSign,cRLSign") &&
	       tls_x509_key_id(x) && tls_x509_sign(x, key);
}

static bool write_texts(const struct weir_tls_ca_new *ca, BIO *cert, BIO *key)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	bool ok = k && x && fill(x, k, ca->name, ca->now) && PEM_write_bio_X509(cert, x) == 1 &&
		  PEM_write_bio_PKCS8PrivateKey(key, k, NULL, NULL, 0, NULL, NULL) == 1;

	X509_free(x);
	EVP_PKEY_free(k);
	return ok;
}

/* ---- the files ---- */

static bool write_all(int fd, const char *bytes, long len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, (size_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= n;
	}
	return true;
}

/* Never over a file that is there: a CA that is lost cannot be had back. */
static int put_file(const char *path, mode_t mode, BIO *text, struct weir_buf *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	char *at = NULL;
	long len = BIO_get_mem_data(text, &at);
	bool ok;

	if (fd < 0) {
		int rc = errno == EEXIST ? -WEIR_EEXIST : -WEIR_EIO;

		tls_fail(why, "%s: %s", path, strerror(errno));
		return rc;
	}
	ok = fchmod(fd, mode) == 0 && write_all(fd, at, len) && fsync(fd) == 0;
	if (!ok)
		tls_fail(why, "%s: %s", path, strerror(errno));
	if (close(fd) != 0 && ok)
		ok = tls_fail(why, "%s: %s", path, strerror(errno));
	if (!ok)
		unlink(path);
	return ok ? 0 : -WEIR_EIO;
}

static int put_files(const struct weir_tls_ca_new *ca, BIO *cert, BIO *key, struct weir_buf *why)
{
	char cert_path[4096], key_path[4096];
	int a = snprintf(cert_path, sizeof(cert_path), "%s/" WEIR_TLS_CA_CERT, ca->folder);
	int b = snprintf(key_path, sizeof(key_path), "%s/" WEIR_TLS_CA_KEY, ca->folder);
	int rc;

	if (a < 0 || b < 0 || (size_t)a >= sizeof(cert_path) || (size_t)b >= sizeof(key_path)) {
		tls_fail(why, "the folder's name is too long");
		return -WEIR_EINVAL;
	}
	rc = put_file(cert_path, 0644, cert, why);
	if (rc)
		return rc;
	rc = put_file(key_path, 0600, key, why);
	if (rc)
		unlink(cert_path);
	return rc;
}

static int make_folder(const char *folder, struct weir_buf *why)
{
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return 0;
	tls_fail(why, "%s: %s", folder, strerror(errno));
	return -WEIR_EIO;
}

int weir_tls_ca_init(const struct weir_tls_ca_new *ca, struct weir_buf *why)
{
	BIO *cert = BIO_new(BIO_s_mem());
	BIO *key = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
	int rc = -WEIR_EINVAL;

	ERR_clear_error();
	if (!*ca->name || strlen(ca->name) > WEIR_TLS_CA_NAME_MAX) {
		tls_fail(why, "a CA's name has 1 to %d bytes", WEIR_TLS_CA_NAME_MAX);
	} else if (!cert || !key || !write_texts(ca, cert, key)) {
		tls_fail_openssl(why, "the CA cannot be made");
	} else {
		rc = make_folder(ca->folder, why);
		if (!rc)
			rc = put_files(ca, cert, key, why);
	}
	BIO_free(cert);
	BIO_free(key);
	return rc;
}
