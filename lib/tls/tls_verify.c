/* SPDX-License-Identifier: BSD-3-Clause */
/* What the peer's certificate must be for, and what was wrong with it. */
#include "tls_impl.h"

#include <openssl/x509v3.h>

static const struct {
	long code;
	enum weir_tls_error error;
} verify_errors[] = {
	{X509_V_ERR_CERT_HAS_EXPIRED, WEIR_TLS_E_CERT_EXPIRED},
	{X509_V_ERR_CERT_NOT_YET_VALID, WEIR_TLS_E_CERT_EXPIRED},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, WEIR_TLS_E_CERT_SELF_SIGNED},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, WEIR_TLS_E_CERT_SELF_SIGNED},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, WEIR_TLS_E_CERT_ISSUER},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, WEIR_TLS_E_CERT_ISSUER},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, WEIR_TLS_E_CERT_ISSUER},
	{X509_V_ERR_CERT_UNTRUSTED, WEIR_TLS_E_CERT_ISSUER},
	{X509_V_ERR_HOSTNAME_MISMATCH, WEIR_TLS_E_CERT_NAME},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, WEIR_TLS_E_CERT_NAME},
	{X509_V_ERR_CERT_REVOKED, WEIR_TLS_E_CERT_REVOKED},
	{X509_V_ERR_UNABLE_TO_GET_CRL, WEIR_TLS_E_CERT_CRL},
	{X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, WEIR_TLS_E_CERT_CRL},
	{X509_V_ERR_CRL_HAS_EXPIRED, WEIR_TLS_E_CERT_CRL},
	{X509_V_ERR_CRL_NOT_YET_VALID, WEIR_TLS_E_CERT_CRL},
	{X509_V_ERR_CRL_SIGNATURE_FAILURE, WEIR_TLS_E_CERT_CRL},
	{X509_V_ERR_OUT_OF_MEM, WEIR_TLS_E_MEMORY},
};

enum weir_tls_error tls_verify_error(long code)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(verify_errors); i++)
		if (verify_errors[i].code == code)
			return verify_errors[i].error;
	return WEIR_TLS_E_CERT_BAD;
}

static bool is_address(const char *name)
{
	struct weir_addr a;

	return weir_addr_parse(name, &a) == 0;
}

bool tls_verify_name(SSL *ssl, const char *name, enum weir_tls_verify verify)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	bool address = is_address(name);

	if (*name && !address && SSL_set_tlsext_host_name(ssl, tls_unwritten(name)) != 1)
		return false;
	if (verify != WEIR_TLS_VERIFY_FULL)
		return true;
	if (!*name)
		return false;
	/* Wildcards stand for one whole label (RFC 9525 section 6.3). */
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return (address ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
			: X509_VERIFY_PARAM_set1_host(param, name, 0)) == 1;
}
