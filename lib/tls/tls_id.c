/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who the peer is, in one text that policies and records have: its SPIFFE ID, else its hosts'
 * names, else its common name. Only a certificate that was verified says so; of a session that goes
 * on it is the session's.
 */
#include "tls_impl.h"

#include <weir_tls_info.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#define SPIFFE_MAX 2048 /* bytes (SPIFFE ID specification, section 2.3) */
#define SCHEME     "spiffe://"

_Static_assert(WEIR_TLS_ID_MAX >= SPIFFE_MAX, "every SPIFFE ID has room");

/* ---- SPIFFE IDs ---- */

static bool is_spiffe_char(uint8_t c, bool in_path)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || (in_path && c >= 'A' && c <= 'Z');
}

/* What stands before the next slash, moved past it. */
static struct weir_bytes next_segment(struct weir_bytes *rest)
{
	ssize_t at = weir_bytes_find(*rest, weir_bytes_str("/"));
	struct weir_bytes segment = *rest;

	if (at < 0) {
		*rest = (struct weir_bytes){0};
		return segment;
	}
	segment.len = (size_t)at;
	*rest = weir_bytes_of(rest->ptr + at + 1, rest->len - (size_t)at - 1);
	return segment;
}

static bool is_segment(struct weir_bytes s, bool in_path)
{
	if (!s.len || (in_path && (weir_bytes_is(s, ".") || weir_bytes_is(s, ".."))))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_spiffe_char(s.ptr[i], in_path))
			return false;
	return true;
}

/* SPIFFE ID specification, sections 2.1 to 2.3: trust domain, then a path that may be empty. */
bool weir_tls_is_spiffe(struct weir_bytes uri)
{
	size_t skip = strlen(SCHEME);
	struct weir_bytes rest;

	if (uri.len > SPIFFE_MAX || uri.len <= skip ||
	    !weir_bytes_is_case(weir_bytes_of(uri.ptr, skip), SCHEME) ||
	    uri.ptr[uri.len - 1] == '/')
		return false;
	rest = weir_bytes_of(uri.ptr + skip, uri.len - skip);
	if (!is_segment(next_segment(&rest), false))
		return false;
	while (rest.len)
		if (!is_segment(next_segment(&rest), true))
			return false;
	return true;
}

static struct weir_bytes asn1_bytes(const ASN1_STRING *s)
{
	return weir_bytes_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* A certificate with more than one URI is no SVID (X.509-SVID specification, section 2), so all of
 * them are looked at, whatever the limit of names is. */
struct weir_bytes tls_spiffe_of(const GENERAL_NAMES *names)
{
	struct weir_bytes found = {0};
	unsigned int uris = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type != GEN_URI)
			continue;
		uris++;
		if (weir_tls_is_spiffe(asn1_bytes(g->d.uniformResourceIdentifier)))
			found = asn1_bytes(g->d.uniformResourceIdentifier);
	}
	return uris == 1 ? found : (struct weir_bytes){0};
}

/* Of an authority, or of a trust domain alone, it is nobody's (X.509-SVID specification, sections
 * 3.1 and 5.2). */
static bool is_workload(X509 *leaf, struct weir_bytes spiffe)
{
	uint32_t usage =
		X509_get_extension_flags(leaf) & EXFLAG_KUSAGE ? X509_get_key_usage(leaf) : 0;

	return !(X509_get_extension_flags(leaf) & EXFLAG_CA) &&
	       !(usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) &&
	       memchr(spiffe.ptr + strlen(SCHEME), '/', spiffe.len - strlen(SCHEME));
}

/* ---- the text ---- */

/* False: it has no room. */
static bool add(char text[WEIR_TLS_ID_MAX + 1], size_t *len, const char *what, size_t n)
{
	if (n > WEIR_TLS_ID_MAX - *len)
		return false;
	memcpy(text + *len, what, n);
	*len += n;
	text[*len] = '\0';
	return true;
}

static bool write_spiffe(X509 *leaf, const GENERAL_NAMES *names, char text[WEIR_TLS_ID_MAX + 1])
{
	struct weir_bytes id = tls_spiffe_of(names);
	size_t len = 0, skip = strlen(SCHEME);

	/* The scheme's case does not matter, so it is written in one. */
	return id.len && is_workload(leaf, id) && add(text, &len, SCHEME, skip) &&
	       add(text, &len, (const char *)id.ptr + skip, id.len - skip);
}

/* What is no host's name, as "*.example.org", names nobody. */
static bool write_hosts(const GENERAL_NAMES *names, char text[WEIR_TLS_ID_MAX + 1])
{
	size_t len = 0, before;
	unsigned int n = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		char host[WEIR_TLS_NAME_MAX + 1];

		if (g->type != GEN_DNS ||
		    weir_tls_name_read(asn1_bytes(g->d.dNSName), host) != WEIR_TLS_SNI_NAME)
			continue;
		before = len;
		if (!add(text, &len, n ? "," : "dns:", n ? 1 : 4) ||
		    !add(text, &len, host, strlen(host))) {
			text[before] = '\0';
			break;
		}
		n++;
	}
	return n > 0;
}

static bool is_plain(const uint8_t *text, int len)
{
	for (int i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len > 0;
}

/* Of two it would not be known which counts. */
static bool write_common_name(X509 *leaf, char text[WEIR_TLS_ID_MAX + 1])
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1), n;
	size_t len = 0;
	uint8_t *cn = NULL;
	bool good;

	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return false;
	n = ASN1_STRING_to_UTF8(&cn, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	good = is_plain(cn, n) && add(text, &len, "cn:", 3) &&
	       add(text, &len, (const char *)cn, (size_t)n);
	OPENSSL_free(cn);
	return good;
}

enum weir_tls_id weir_tls_conn_id(const struct weir_tls_conn *c, char text[WEIR_TLS_ID_MAX + 1])
{
	GENERAL_NAMES *names;
	X509 *leaf;
	bool found;

	weir_assert(c->ssl);
	text[0] = '\0';
	leaf = SSL_get0_peer_certificate(c->ssl);
	if (!leaf || !tls_is_verified(c))
		return WEIR_TLS_ID_MISSING;
	names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	found = write_spiffe(leaf, names, text) || write_hosts(names, text) ||
		write_common_name(leaf, text);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	if (!found)
		text[0] = '\0';
	return found ? WEIR_TLS_ID_GOOD : WEIR_TLS_ID_NAMELESS;
}
