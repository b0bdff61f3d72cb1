/* SPDX-License-Identifier: BSD-3-Clause */
/* A client's context: how servers are verified, what is shown to them, sessions that go on. */
#include "tls_impl.h"

#include <stdlib.h>
#include <time.h>

#include <openssl/x509.h>

static struct weir_tls_client *client_of(const struct weir_tls_conn *c)
{
	return (struct weir_tls_client *)(void *)c->context;
}

/* Nothing is verified, and so nothing is computed for it. */
static int accept_all(X509_STORE_CTX *ctx, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static bool set_verify(struct weir_tls_client *c, const struct weir_tls_client_cfg *cfg,
		       struct weir_buf *why)
{
	c->verify = cfg->verify;
	if (cfg->verify == WEIR_TLS_VERIFY_NONE) {
		SSL_CTX_set_cert_verify_callback(c->base.ctx, accept_all, NULL);
		return true;
	}
	if (!cfg->roots)
		return tls_fail(why, "servers' certificates need authorities to verify them by");
	SSL_CTX_set_verify(c->base.ctx, SSL_VERIFY_PEER, NULL);
	return tls_roots_use(cfg->roots, c->base.ctx, why);
}

static bool set_cert(struct weir_tls_client *c, const struct weir_tls_client_cfg *cfg,
		     struct weir_buf *why)
{
	if (!cfg->cert)
		return true;
	c->identity = tls_identity_create(cfg->cert, why);
	if (!c->identity)
		return false;
	return SSL_CTX_use_cert_and_key(c->base.ctx, c->identity->leaf, c->identity->key,
					c->identity->chain, 1) == 1 ||
	       tls_fail_openssl(why, "%s", cfg->cert->info.subject);
}

/* Takes the session: 1. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct weir_tls_conn *conn = tls_conn_of(ssl);

	conn->has_session = true;
	tls_sessions_put(client_of(conn)->sessions, conn->name, session);
	return 1;
}

/* libssl tells of new sessions, but not of one that has gone on in TLS 1.2 with another ticket. */
void tls_client_keep_renewed(struct weir_tls_conn *c)
{
	struct tls_sessions *sessions = client_of(c)->sessions;

	if (sessions && SSL_session_reused(c->ssl) && SSL_version(c->ssl) == TLS1_2_VERSION)
		tls_sessions_put(sessions, c->name, SSL_get1_session(c->ssl));
}

static bool set_sessions(struct weir_tls_client *c, const struct weir_tls_client_cfg *cfg,
			 struct weir_buf *why)
{
	if (!cfg->sessions) {
		SSL_CTX_set_session_cache_mode(c->base.ctx, SSL_SESS_CACHE_OFF);
		return true;
	}
	c->sessions = tls_sessions_create(cfg->sessions);
	SSL_CTX_set_session_cache_mode(c->base.ctx,
				       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->base.ctx, on_session);
	return c->sessions || tls_fail(why, "no memory");
}

static void free_client(struct tls_context *base)
{
	struct weir_tls_client *c = (struct weir_tls_client *)(void *)base;

	tls_context_fini(base);
	tls_sessions_destroy(c->sessions);
	tls_identity_destroy(c->identity);
	free(c);
}

struct weir_tls_client *weir_tls_client_create(const struct weir_tls_client_cfg *cfg,
					       struct weir_buf *why)
{
	struct weir_tls_client *c = calloc(1, sizeof(*c));
	const struct tls_context_cfg base = {.method = TLS_client_method(),
					     .lib = cfg->lib,
					     .versions = &cfg->versions,
					     .algorithms = &cfg->algorithms,
					     .alpn = &cfg->alpn};

	if (!c) {
		tls_fail(why, "no memory");
		return NULL;
	}
	c->base.free = free_client;
	if (tls_context_init(&c->base, &base, why) && set_verify(c, cfg, why) &&
	    set_cert(c, cfg, why) && set_sessions(c, cfg, why))
		return c;
	free_client(&c->base);
	return NULL;
}

void weir_tls_client_destroy(struct weir_tls_client *c)
{
	if (c)
		tls_context_drop(&c->base);
}

/* ---- connecting ---- */

/* Without the root's dot, which SNI must not have (RFC 6066 section 3). */
static bool set_name(struct weir_tls_conn *c, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (len && name[len - 1] == '.')
		len--;
	if (len > WEIR_TLS_NAME_MAX || (name && !len))
		return false;
	for (size_t i = 0; i < len; i++)
		c->name[i] = (char)weir_lower((uint8_t)name[i]);
	return tls_verify_name(c->ssl, c->name, client_of(c)->verify);
}

static bool offer_alpn(struct weir_tls_conn *c)
{
	uint8_t wire[TLS_ALPN_WIRE_MAX];
	unsigned int len = tls_alpn_wire(&c->context->alpn, c->alpn, wire);

	return !len || SSL_set_alpn_protos(c->ssl, wire, len) == 0;
}

static bool offer_session(struct weir_tls_conn *c)
{
	struct tls_sessions *sessions = client_of(c)->sessions;
	SSL_SESSION *session =
		sessions ? tls_sessions_get(sessions, c->name, (int64_t)time(NULL)) : NULL;
	bool ok = !session || SSL_set_session(c->ssl, session) == 1;

	SSL_SESSION_free(session);
	return ok;
}

struct weir_tls_conn *weir_tls_connect(struct weir_tls_client *client,
				       const struct weir_tls_connect_opts *opts)
{
	struct weir_tls_conn *c = tls_conn_create(&client->base, false);

	if (!c)
		return NULL;
	c->alpn = opts->alpn;
	SSL_set_connect_state(c->ssl);
	if (set_name(c, opts->name) && offer_alpn(c) && offer_session(c))
		return c;
	weir_tls_conn_destroy(c);
	return NULL;
}
