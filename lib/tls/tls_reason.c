/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a handshake failed, out of what libssl leaves behind: its reasons first, then the alert that
 * it has sent. */
#include "tls_impl.h"

#include <openssl/err.h>

static const struct {
	int reason;
	enum weir_tls_error error;
} reasons[] = {
	{SSL_R_HTTP_REQUEST, WEIR_TLS_E_NO_HELLO},
	{SSL_R_HTTPS_PROXY_REQUEST, WEIR_TLS_E_NO_HELLO},
	{SSL_R_WRONG_VERSION_NUMBER, WEIR_TLS_E_RECORD_VERSION},
	{SSL_R_UNSUPPORTED_PROTOCOL, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_WRONG_SSL_VERSION, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_UNKNOWN_PROTOCOL, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_VERSION_TOO_LOW, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_VERSION_TOO_HIGH, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_NO_PROTOCOLS_AVAILABLE, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_INAPPROPRIATE_FALLBACK, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_BAD_PROTOCOL_VERSION_NUMBER, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_R_NO_SHARED_CIPHER, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_NO_SUITABLE_KEY_SHARE, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_NO_SUITABLE_GROUPS, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_MISSING_SIGALGS_EXTENSION, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_WRONG_CIPHER_RETURNED, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_WRONG_SIGNATURE_TYPE, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_WRONG_CURVE, WEIR_TLS_E_NO_CIPHER},
	{SSL_R_NO_APPLICATION_PROTOCOL, WEIR_TLS_E_NO_ALPN},
	{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, WEIR_TLS_E_CERT_MISSING},
	{SSL_R_EE_KEY_TOO_SMALL, WEIR_TLS_E_CERT_BAD},
	{SSL_R_CA_KEY_TOO_SMALL, WEIR_TLS_E_CERT_BAD},
	{SSL_R_CA_MD_TOO_WEAK, WEIR_TLS_E_CERT_BAD},
	{SSL_R_DATA_LENGTH_TOO_LONG, WEIR_TLS_E_RECORD_SIZE},
	{SSL_R_ENCRYPTED_LENGTH_TOO_LONG, WEIR_TLS_E_RECORD_SIZE},
	{SSL_R_PACKET_LENGTH_TOO_LONG, WEIR_TLS_E_RECORD_SIZE},
	{SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, WEIR_TLS_E_RECORD_MAC},
	{SSL_R_BAD_RECORD_TYPE, WEIR_TLS_E_RECORD_TYPE},
	{SSL_R_UNEXPECTED_RECORD, WEIR_TLS_E_RECORD_TYPE},
	{SSL_R_APP_DATA_IN_HANDSHAKE, WEIR_TLS_E_RECORD_TYPE},
	{SSL_R_RECORD_TOO_SMALL, WEIR_TLS_E_RECORDS_EMPTY},
	{SSL_R_NO_RENEGOTIATION, WEIR_TLS_E_RENEGOTIATION},
	{ERR_R_MALLOC_FAILURE, WEIR_TLS_E_MEMORY},
};

static const struct {
	uint8_t alert;
	enum weir_tls_error error;
} alerts[] = {
	{SSL_AD_UNEXPECTED_MESSAGE, WEIR_TLS_E_MESSAGE},
	{SSL_AD_BAD_RECORD_MAC, WEIR_TLS_E_RECORD_MAC},
	{SSL_AD_RECORD_OVERFLOW, WEIR_TLS_E_RECORD_SIZE},
	{SSL_AD_BAD_CERTIFICATE, WEIR_TLS_E_CERT_BAD},
	{SSL_AD_UNSUPPORTED_CERTIFICATE, WEIR_TLS_E_CERT_BAD},
	{SSL_AD_CERTIFICATE_REVOKED, WEIR_TLS_E_CERT_REVOKED},
	{SSL_AD_CERTIFICATE_EXPIRED, WEIR_TLS_E_CERT_EXPIRED},
	{SSL_AD_CERTIFICATE_UNKNOWN, WEIR_TLS_E_CERT_BAD},
	{SSL_AD_UNKNOWN_CA, WEIR_TLS_E_CERT_ISSUER},
	{SSL_AD_ILLEGAL_PARAMETER, WEIR_TLS_E_MESSAGE_VALUE},
	{SSL_AD_DECODE_ERROR, WEIR_TLS_E_MESSAGE_FORMAT},
	{SSL_AD_DECRYPT_ERROR, WEIR_TLS_E_MESSAGE_VALUE},
	{SSL_AD_PROTOCOL_VERSION, WEIR_TLS_E_PROTOCOL_VERSION},
	{SSL_AD_MISSING_EXTENSION, WEIR_TLS_E_MESSAGE_VALUE},
	{SSL_AD_UNSUPPORTED_EXTENSION, WEIR_TLS_E_MESSAGE_VALUE},
	{SSL_AD_UNRECOGNIZED_NAME, WEIR_TLS_E_SNI_UNKNOWN},
	{SSL_AD_NO_APPLICATION_PROTOCOL, WEIR_TLS_E_NO_ALPN},
};

enum weir_tls_error tls_alert_error(uint8_t alert)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(alerts); i++)
		if (alerts[i].alert == alert)
			return alerts[i].error;
	return WEIR_TLS_E_HANDSHAKE;
}

static enum weir_tls_error reason_error(struct weir_tls_conn *c, unsigned long e)
{
	int reason = ERR_GET_REASON(e);

	if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET) {
		c->failure.alert_received = (uint8_t)(reason - SSL_AD_REASON_OFFSET);
		return WEIR_TLS_E_PEER_ALERT;
	}
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return tls_verify_error(SSL_get_verify_result(c->ssl));
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(reasons); i++)
		if (reasons[i].reason == reason)
			return reasons[i].error;
	return WEIR_TLS_OK;
}

/* The first of the queue that says something, for later ones follow from it. */
static enum weir_tls_error queue_error(struct weir_tls_conn *c)
{
	enum weir_tls_error found = WEIR_TLS_OK;
	const char *words = NULL;
	unsigned long e;

	while ((e = ERR_get_error())) {
		if (!found)
			found = reason_error(c, e);
		if (!words || ERR_GET_LIB(e) == ERR_LIB_SSL)
			words = ERR_reason_error_string(e);
	}
	if (words)
		c->failure.detail = words;
	return found;
}

enum weir_tls_error tls_reason(struct weir_tls_conn *c)
{
	enum weir_tls_error queued = queue_error(c);
	long verify = SSL_get_verify_result(c->ssl);

	if (c->write_failed)
		return WEIR_TLS_E_MEMORY;
	if (c->error)
		return c->error;
	if (c->failure.alert_received != WEIR_TLS_NO_ALERT)
		return WEIR_TLS_E_PEER_ALERT;
	if (queued && queued == tls_verify_error(verify) && verify != X509_V_OK)
		c->failure.detail = X509_verify_cert_error_string(verify);
	if (queued)
		return queued;
	return c->failure.alert_sent != WEIR_TLS_NO_ALERT ? tls_alert_error(c->failure.alert_sent)
							  : WEIR_TLS_E_HANDSHAKE;
}
