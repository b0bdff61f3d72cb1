/* SPDX-License-Identifier: BSD-3-Clause */
/* A server's context: which certificate is shown, which protocol is spoken, tickets, and whether
 * clients must show a certificate. */
#include "tls_impl.h"

#include <stdlib.h>
#include <time.h>

#include <openssl/rand.h>

static struct weir_tls_server *server_of(const struct weir_tls_conn *c)
{
	return (struct weir_tls_server *)(void *)c->context;
}

/* ---- certificates ---- */

bool tls_show_identity(SSL *ssl, const struct weir_tls_identity *i)
{
	return SSL_use_cert_and_key(ssl, i->leaf, i->key, i->chain, 1) == 1;
}

bool tls_show_bundle(SSL *ssl, const struct tls_bundle *bundle)
{
	SSL_certs_clear(ssl);
	for (unsigned int k = 0; k < TLS_KIND_END; k++)
		if (bundle->of[k] && !tls_show_identity(ssl, bundle->of[k]))
			return false;
	return true;
}

/* Called for every ClientHello, before anything of it is answered. */
static int on_name(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct weir_tls_conn *c = tls_conn_of(ssl);
	struct weir_tls_server *s = server_of(c);

	(void)arg;
	if (!name)
		return SSL_TLSEXT_ERR_NOACK;
	if (!s->names || c->identity)
		return SSL_TLSEXT_ERR_OK;
	c->bundle = tls_names_lookup(s->names, name);
	if (c->bundle || !s->sni_strict)
		return SSL_TLSEXT_ERR_OK;
	c->error = WEIR_TLS_E_SNI_UNKNOWN;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool same_bundle(const struct tls_bundle *a, const struct tls_bundle *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Called when a certificate is needed, which it is not where a session goes on. The default's are
 * in the context already. */
static int on_cert(SSL *ssl, void *arg)
{
	struct weir_tls_conn *c = tls_conn_of(ssl);
	struct weir_tls_server *s = server_of(c);

	(void)arg;
	if (c->identity) {
		SSL_certs_clear(ssl);
		return tls_show_identity(ssl, c->identity);
	}
	if (!c->bundle || same_bundle(c->bundle, tls_names_default(s->names)))
		return 1;
	return tls_show_bundle(ssl, c->bundle);
}

static const struct weir_tls_identity *shown(struct weir_tls_server *s, const X509 *leaf)
{
	for (unsigned int i = 0; i < s->n_identities; i++)
		if (s->identities[i]->leaf == leaf)
			return s->identities[i];
	return NULL;
}

/* A response that is out of date would be worse than none (RFC 6066 section 8 leaves it to us). */
static int on_status(SSL *ssl, void *arg)
{
	const struct weir_tls_identity *i =
		shown(server_of(tls_conn_of(ssl)), SSL_get_certificate(ssl));
	uint8_t *copy;

	(void)arg;
	if (!i || !i->ocsp.len || i->ocsp_until < (int64_t)time(NULL))
		return SSL_TLSEXT_ERR_NOACK;
	copy = OPENSSL_memdup(i->ocsp.ptr, i->ocsp.len);
	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)i->ocsp.len);
	return SSL_TLSEXT_ERR_OK;
}

static bool use_certs(struct weir_tls_server *s, const struct weir_tls_server_cfg *cfg,
		      struct weir_buf *why)
{
	const struct tls_bundle *first;

	SSL_CTX_set_cert_cb(s->base.ctx, on_cert, NULL);
	if (!cfg->n_certs)
		return true;
	s->identities = calloc(cfg->n_certs, sizeof(struct weir_tls_identity *));
	if (!s->identities)
		return tls_fail(why, "no memory");
	for (unsigned int i = 0; i < cfg->n_certs; i++, s->n_identities++) {
		s->identities[i] = tls_identity_create(cfg->certs[i], why);
		if (!s->identities[i])
			return false;
		s->staples |= s->identities[i]->ocsp.len > 0;
	}
	s->names = tls_names_create(cfg->certs, s->identities, cfg->n_certs);
	if (!s->names)
		return tls_fail(why, "no memory");
	first = tls_names_default(s->names);
	for (unsigned int k = 0; k < TLS_KIND_END; k++)
		if (first->of[k] &&
		    SSL_CTX_use_cert_and_key(s->base.ctx, first->of[k]->leaf, first->of[k]->key,
					     first->of[k]->chain, 1) != 1)
			return tls_fail_openssl(why, "%s", cfg->certs[0]->info.subject);
	if (s->staples)
		SSL_CTX_set_tlsext_status_cb(s->base.ctx, on_status);
	return true;
}

/* ---- ALPN ---- */

/* Ours is the order (RFC 7301 section 3.2). */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		   const unsigned char *in, unsigned int in_len, void *arg)
{
	struct weir_tls_conn *c = tls_conn_of(ssl);
	const struct tls_alpn *ours = &c->context->alpn;
	int best = -1;

	(void)arg;
	if (!c->alpn)
		return SSL_TLSEXT_ERR_NOACK;
	for (unsigned int at = 0; at < in_len && at + 1U + in[at] <= in_len; at += 1U + in[at]) {
		struct weir_bytes theirs = weir_bytes_of(in + at + 1, in[at]);
		int place = tls_alpn_find(ours, c->alpn, theirs);

		if (place >= 0 && (best < 0 || place < best)) {
			best = place;
			*out = theirs.ptr;
			*out_len = (unsigned char)theirs.len;
		}
	}
	return best >= 0 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- tickets ---- */

static int start_ticket(const struct weir_tls_server *s, const struct tls_ticket_key *key,
			EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const uint8_t *iv, bool seal)
{
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", sha256, 0),
			       OSSL_PARAM_construct_end()};

	return EVP_MAC_init(mac, key->hmac, sizeof(key->hmac), params) == 1 &&
	       EVP_CipherInit_ex(cipher, s->aes, NULL, key->aes, iv, seal) == 1;
}

/* RFC 5077 section 4. 1: go on; 2: and send a new ticket, as is always done in TLS 1.3 (RFC 8446
 * section 4.6.1); 0: no such key, so no resumption. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
		     EVP_MAC_CTX *mac, int seal)
{
	const struct weir_tls_server *s = server_of(tls_conn_of(ssl));
	struct tls_ticket_key key;
	int age = 0, ok;

	if (seal) {
		tls_tickets_newest(s->tickets, &key);
		memcpy(name, key.name, sizeof(key.name));
		if (RAND_bytes(iv, 16) != 1)
			return -1;
	} else {
		age = tls_tickets_find(s->tickets, name, &key);
		if (age < 0)
			return 0;
	}
	ok = start_ticket(s, &key, cipher, mac, iv, seal);
	OPENSSL_cleanse(&key, sizeof(key));
	if (!ok)
		return -1;
	return age || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
}

/* The host name that this ClientHello asks for, as it stands there; empty for none. */
static struct weir_bytes asked_name(SSL *ssl)
{
	const uint8_t *ext = NULL, *name;
	struct weir_cursor c;
	size_t len = 0;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &len) != 1)
		return (struct weir_bytes){0};
	c = weir_cursor_of(ext, len);
	weir_cursor_take(&c, 3);
	len = weir_cursor_u16(&c);
	name = weir_cursor_take(&c, len);
	return weir_bytes_of(name, name ? len : 0);
}

/* In TLS 1.2 the name is the session's, and another must not go on with it (RFC 6066 section 3).
 * A client's certificate that has expired since is no longer good for a session. */
static bool may_go_on(SSL *ssl, SSL_SESSION *session)
{
	const X509 *peer = SSL_SESSION_get0_peer(session);
	const char *name = SSL_SESSION_get0_hostname(session);

	if (SSL_SESSION_get_protocol_version(session) != TLS1_3_VERSION &&
	    !weir_bytes_equal_case(asked_name(ssl), weir_bytes_str(name ? name : "")))
		return false;
	return !peer || X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

static SSL_TICKET_RETURN on_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
				   size_t key_name_len, SSL_TICKET_STATUS status, void *arg)
{
	(void)key_name;
	(void)key_name_len;
	(void)arg;
	switch (status) {
	case SSL_TICKET_SUCCESS:
	case SSL_TICKET_SUCCESS_RENEW:
		if (!may_go_on(ssl, session))
			return SSL_TICKET_RETURN_IGNORE_RENEW;
		return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
						    : SSL_TICKET_RETURN_USE_RENEW;
	case SSL_TICKET_EMPTY:
	case SSL_TICKET_NO_DECRYPT:
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	default:
		return SSL_TICKET_RETURN_ABORT;
	}
}

static bool use_tickets(struct weir_tls_server *s, const struct weir_tls_server_cfg *cfg,
			struct weir_buf *why)
{
	SSL_CTX *ctx = s->base.ctx;

	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	s->tickets = cfg->tickets;
	if (!cfg->tickets) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		return SSL_CTX_set_num_tickets(ctx, 0) == 1;
	}
	s->aes = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (!s->aes || SSL_CTX_set_num_tickets(ctx, 1) != 1 ||
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1 ||
	    SSL_CTX_set_session_ticket_cb(ctx, NULL, on_opened, NULL) != 1)
		return tls_fail_openssl(why, "session tickets");
	return true;
}

/* What a session must have in common with the context that it is resumed in: else a certificate
 * that one service has accepted would pass at another. */
static bool set_session_context(struct weir_tls_server *s, const struct weir_tls_server_cfg *cfg)
{
	const char *id = cfg->id ? cfg->id : "";
	uint8_t mode = (uint8_t)cfg->verify_client, sum[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, id, strlen(id) + 1) == 1 &&
		  EVP_DigestUpdate(ctx, &mode, 1) == 1;

	if (ok && mode != WEIR_TLS_CLIENT_NONE)
		ok = EVP_DigestUpdate(ctx, cfg->client_roots->sha256,
				      sizeof(cfg->client_roots->sha256)) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, sum, NULL) == 1 &&
	     SSL_CTX_set_session_id_context(s->base.ctx, sum, sizeof(sum)) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* ---- clients' certificates ---- */

static bool use_client_roots(struct weir_tls_server *s, const struct weir_tls_server_cfg *cfg,
			     struct weir_buf *why)
{
	int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;

	if (cfg->verify_client == WEIR_TLS_CLIENT_NONE)
		return true;
	if (!cfg->client_roots)
		return tls_fail(why, "clients' certificates need authorities to verify them by");
	if (cfg->verify_client == WEIR_TLS_CLIENT_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(s->base.ctx, mode, NULL);
	return tls_roots_use(cfg->client_roots, s->base.ctx, why) &&
	       (tls_roots_announce(cfg->client_roots, s->base.ctx) ||
		tls_fail_openssl(why, "names of clients' authorities"));
}

/* ---- the whole ---- */

static void free_server(struct tls_context *c)
{
	struct weir_tls_server *s = (struct weir_tls_server *)(void *)c;

	tls_context_fini(c);
	tls_names_destroy(s->names);
	for (unsigned int i = 0; i < s->n_identities; i++)
		tls_identity_destroy(s->identities[i]);
	free(s->identities);
	EVP_CIPHER_free(s->aes);
	free(s);
}

struct weir_tls_server *weir_tls_server_create(const struct weir_tls_server_cfg *cfg,
					       struct weir_buf *why)
{
	struct weir_tls_server *s = calloc(1, sizeof(*s));
	const struct tls_context_cfg base = {.method = TLS_server_method(),
					     .lib = cfg->lib,
					     .versions = &cfg->versions,
					     .algorithms = &cfg->algorithms,
					     .alpn = &cfg->alpn};

	if (!s) {
		tls_fail(why, "no memory");
		return NULL;
	}
	s->base.free = free_server;
	s->sni_strict = cfg->sni_strict;
	if (!tls_context_init(&s->base, &base, why) || !use_certs(s, cfg, why) ||
	    !use_client_roots(s, cfg, why) || !use_tickets(s, cfg, why))
		goto destroy;
	if (!set_session_context(s, cfg)) {
		tls_fail_openssl(why, "the context of sessions");
		goto destroy;
	}
	SSL_CTX_set_tlsext_servername_callback(s->base.ctx, on_name);
	if (cfg->alpn.n)
		SSL_CTX_set_alpn_select_cb(s->base.ctx, on_alpn, NULL);
	return s;
destroy:
	free_server(&s->base);
	return NULL;
}

void weir_tls_server_destroy(struct weir_tls_server *s)
{
	if (s)
		tls_context_drop(&s->base);
}

struct weir_tls_conn *weir_tls_accept(struct weir_tls_server *s,
				      const struct weir_tls_accept_opts *opts)
{
	struct weir_tls_conn *c = tls_conn_create(&s->base, true);

	if (!c)
		return NULL;
	c->alpn = opts->alpn;
	c->identity = opts->identity;
	SSL_set_accept_state(c->ssl);
	return c;
}
