/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses of OCSP (RFC 6960) that are stapled: whether one is for our certificate. Its signature
 * is for clients to verify; what is malformed or says something else is told to the operator. */
#include "tls_impl.h"

#include <openssl/ocsp.h>

#define DAY_S 86400

/* Without nextUpdate newer information is always available (section 4.2.2.1): a day is fair. */
static int64_t end_of(const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *until)
{
	return until ? tls_time(until) : tls_time(from) + DAY_S;
}

static bool check_single(OCSP_SINGLERESP *single, int64_t *until, struct weir_buf *why)
{
	ASN1_GENERALIZEDTIME *from, *next;
	int status = OCSP_single_get0_status(single, NULL, NULL, &from, &next);

	if (status != V_OCSP_CERTSTATUS_GOOD)
		return tls_fail(why, "it says that the certificate is %s",
				status == V_OCSP_CERTSTATUS_REVOKED ? "revoked" : "unknown");
	*until = end_of(from, next);
	return true;
}

static bool is_for(OCSP_SINGLERESP *single, X509 *leaf)
{
	OCSP_CERTID *id = (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single);
	ASN1_INTEGER *serial = NULL;

	return OCSP_id_get0_info(NULL, NULL, NULL, &serial, id) == 1 &&
	       ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0;
}

static bool check_basic(OCSP_BASICRESP *basic, X509 *leaf, int64_t *until, struct weir_buf *why)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);

		if (is_for(single, leaf))
			return check_single(single, until, why);
	}
	return tls_fail(why, "it is not for the certificate");
}

bool tls_ocsp_check(struct weir_bytes der, X509 *leaf, int64_t *until, struct weir_buf *why)
{
	const uint8_t *at = der.ptr;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
	bool ok;

	if (!basic || at != der.ptr + der.len)
		ok = tls_fail_openssl(why, "this is no response of OCSP in DER");
	else if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		ok = tls_fail(why, "the responder has refused to answer");
	else
		ok = check_basic(basic, leaf, until, why);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	return ok;
}
