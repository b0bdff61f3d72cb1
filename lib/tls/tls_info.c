/* SPDX-License-Identifier: BSD-3-Clause */
/* What a handshake has agreed on and who the peer is, copied out of libssl's objects. */
#include "tls_impl.h"

#include <weir_tls_info.h>

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>

/* ---- names of a certificate ---- */

static bool is_plain(struct weir_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return false;
	return text.len > 0;
}

static struct weir_bytes asn1_bytes(const ASN1_STRING *s)
{
	return weir_bytes_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static bool address_text(struct weir_bytes raw, char text[WEIR_ADDR_TEXT])
{
	struct weir_addr a;

	if (raw.len == 4)
		a = weir_addr_v4((uint32_t)raw.ptr[0] << 24 | (uint32_t)raw.ptr[1] << 16 |
				 (uint32_t)raw.ptr[2] << 8 | raw.ptr[3]);
	else if (raw.len == 16)
		a = weir_addr_v6(raw.ptr);
	else
		return false;
	weir_addr_format(&a, text);
	return true;
}

/* False: of a kind, or with characters, that are left out. */
static bool san_of(const GENERAL_NAME *g, struct weir_tls_san *san, char text[WEIR_ADDR_TEXT])
{
	switch (g->type) {
	case GEN_DNS:
		*san = (struct weir_tls_san){WEIR_TLS_SAN_DNS, asn1_bytes(g->d.dNSName)};
		break;
	case GEN_URI:
		*san = (struct weir_tls_san){WEIR_TLS_SAN_URI,
					     asn1_bytes(g->d.uniformResourceIdentifier)};
		break;
	case GEN_EMAIL:
		*san = (struct weir_tls_san){WEIR_TLS_SAN_EMAIL, asn1_bytes(g->d.rfc822Name)};
		break;
	case GEN_IPADD:
		if (!address_text(asn1_bytes(g->d.iPAddress), text))
			return false;
		*san = (struct weir_tls_san){WEIR_TLS_SAN_IP, weir_bytes_str(text)};
		break;
	default:
		return false;
	}
	return is_plain(san->text);
}

static void copy_sans(const GENERAL_NAMES *names, struct weir_arena *a, struct weir_tls_info *out)
{
	struct weir_tls_san *sans;
	int n = sk_GENERAL_NAME_num(names);

	if (n > WEIR_TLS_SANS_MAX)
		n = WEIR_TLS_SANS_MAX;
	sans = n > 0 ? weir_arena_alloc(a, (size_t)n * sizeof(*sans)) : NULL;
	out->sans = sans;
	for (int i = 0; sans && i < n; i++) {
		struct weir_tls_san san;
		char text[WEIR_ADDR_TEXT];

		if (!san_of(sk_GENERAL_NAME_value(names, i), &san, text))
			continue;
		san.text = weir_arena_copy(a, san.text);
		sans[out->n_sans++] = san;
	}
}

/* ---- the peer ---- */

static struct weir_bytes copy_dn(struct weir_arena *a, const X509_NAME *name)
{
	char *text = tls_dn_text(name);
	struct weir_bytes copy = {0};

	if (text)
		copy = weir_arena_copy(a, weir_bytes_str(text));
	else
		a->failed = true;
	OPENSSL_free(text);
	return copy;
}

static void copy_peer(X509 *leaf, struct weir_arena *a, struct weir_tls_info *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

	out->has_cert = true;
	out->subject = copy_dn(a, X509_get_subject_name(leaf));
	out->issuer = copy_dn(a, X509_get_issuer_name(leaf));
	out->not_after = tls_time(X509_get0_notAfter(leaf));
	copy_sans(names, a, out);
	out->spiffe = weir_arena_copy(a, tls_spiffe_of(names));
	GENERAL_NAMES_free(names);
	/* A malformed extension must not be the error of what libssl is asked next. */
	ERR_clear_error();
}

bool tls_is_verified(const struct weir_tls_conn *c)
{
	return (SSL_get_verify_mode(c->ssl) & SSL_VERIFY_PEER) &&
	       SSL_get_verify_result(c->ssl) == X509_V_OK;
}

int weir_tls_conn_alpn(const struct weir_tls_conn *c)
{
	const uint8_t *alpn = NULL;
	unsigned int len = 0;

	weir_assert(c->ssl);
	SSL_get0_alpn_selected(c->ssl, &alpn, &len);
	return tls_alpn_find(&c->context->alpn, c->alpn, weir_bytes_of(alpn, len));
}

int weir_tls_conn_info(const struct weir_tls_conn *c, struct weir_arena *a,
		       struct weir_tls_info *out)
{
	unsigned int len = 0;
	X509 *leaf;
	const char *sni;

	weir_assert(c->ssl);
	leaf = SSL_get0_peer_certificate(c->ssl);
	sni = SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
	*out = (struct weir_tls_info){
		.version = (uint16_t)SSL_version(c->ssl),
		.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(c->ssl)),
		.resumed = SSL_session_reused(c->ssl) == 1,
		.alpn = weir_tls_conn_alpn(c),
		.sni = weir_arena_copy(a, weir_bytes_str(sni ? sni : "")),
	};
	if (leaf)
		copy_peer(leaf, a, out);
	if (leaf && X509_digest(leaf, EVP_sha256(), out->sha256, &len) != 1)
		a->failed = true;
	out->verified = leaf && tls_is_verified(c);
	return a->failed ? -WEIR_TLS_E_MEMORY : 0;
}

/* ---- a certificate alone ---- */

/*
 * libcrypto makes a key of each certificate that it reads, if anything can: that is nine tenths of
 * the time. In a context without algorithms nothing can, and that is no error.
 */
struct weir_tls_leaf_reader {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *nothing;
};

struct weir_tls_leaf_reader *weir_tls_leaf_reader_create(void)
{
	struct weir_tls_leaf_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->libctx = OSSL_LIB_CTX_new();
	r->nothing = r->libctx ? OSSL_PROVIDER_load(r->libctx, "null") : NULL;
	if (r->nothing)
		return r;
	weir_tls_leaf_reader_destroy(r);
	return NULL;
}

void weir_tls_leaf_reader_destroy(struct weir_tls_leaf_reader *r)
{
	if (!r)
		return;
	if (r->nothing)
		OSSL_PROVIDER_unload(r->nothing);
	OSSL_LIB_CTX_free(r->libctx);
	free(r);
}

/* NULL: it is none, or has no room. d2i_X509() would also judge extensions of one that is given. */
static X509 *read_leaf(struct weir_tls_leaf_reader *r, struct weir_bytes der)
{
	ASN1_VALUE *leaf = (ASN1_VALUE *)X509_new_ex(r->libctx, NULL);
	const uint8_t *at = der.ptr;

	if (leaf && der.len && der.len <= INT32_MAX)
		ASN1_item_d2i(&leaf, &at, (long)der.len, ASN1_ITEM_rptr(X509));
	if (at == der.ptr + der.len)
		return (X509 *)leaf;
	X509_free((X509 *)leaf);
	return NULL;
}

int weir_tls_leaf_info(struct weir_tls_leaf_reader *r, struct weir_bytes der, struct weir_arena *a,
		       struct weir_tls_info *out)
{
	X509 *leaf = der.len ? read_leaf(r, der) : NULL;

	*out = (struct weir_tls_info){.alpn = -1};
	if (leaf)
		copy_peer(leaf, a, out);
	if (leaf && EVP_Digest(der.ptr, der.len, out->sha256, NULL, EVP_sha256(), NULL) != 1)
		a->failed = true;
	X509_free(leaf);
	ERR_clear_error();
	if (!leaf)
		return -WEIR_TLS_E_CERT_BAD;
	return a->failed ? -WEIR_TLS_E_MEMORY : 0;
}
