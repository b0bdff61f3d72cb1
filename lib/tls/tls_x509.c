/* SPDX-License-Identifier: BSD-3-Clause */
/* What certificates that we make have in common. */
#include "tls_mint.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

/* RFC 5280 section 4.1.2.2: positive, at most 20 octets, and here not to be guessed. */
bool tls_x509_serial(X509 *x)
{
	uint8_t bytes[16];
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

bool tls_x509_times(X509 *x, int64_t not_before, int64_t not_after)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)not_before) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)not_after);
}

bool tls_x509_common_name(X509_NAME *name, const char *text)
{
	return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					  (const uint8_t *)text, -1, -1, 0) == 1;
}

bool tls_x509_extension(X509 *x, int nid, bool critical, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = e && X509_EXTENSION_set_critical(e, critical) == 1 && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return ok;
}

/* RFC 5280 section 4.2.1.2, method 1. */
bool tls_x509_key_id(X509 *x)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	bool ok = id && X509_pubkey_digest(x, EVP_sha1(), digest, &len) == 1 &&
		  ASN1_OCTET_STRING_set(id, digest, (int)len) == 1 &&
		  X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0) == 1;

	ASN1_OCTET_STRING_free(id);
	return ok;
}

/* As strong as the key: SHA-384 for the larger curves; Ed25519 has its own digest. */
bool tls_x509_sign(X509 *x, EVP_PKEY *key)
{
	const EVP_MD *digest = EVP_sha256();

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		digest = NULL;
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) > 256)
		digest = EVP_sha384();
	return X509_sign(x, key, digest) > 0;
}
