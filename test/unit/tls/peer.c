/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL as the other end, and the line between it and ours. */
#include "conn_test.h"

void peer_init(struct peer *p, bool is_server)
{
	*p = (struct peer){
		.ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method())};
	ck_assert_ptr_nonnull(p->ctx);
}

void peer_start(struct peer *p)
{
	p->ssl = SSL_new(p->ctx);
	p->rx = BIO_new(BIO_s_mem());
	p->tx = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(p->rx, -1);
	BIO_set_mem_eof_return(p->tx, -1);
	SSL_set_bio(p->ssl, p->rx, p->tx);
	if (SSL_is_server(p->ssl))
		SSL_set_accept_state(p->ssl);
	else
		SSL_set_connect_state(p->ssl);
}

void peer_stop(struct peer *p)
{
	if (p->ssl)
		SSL_set_shutdown(p->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(p->ssl);
	p->ssl = NULL;
}

void peer_fini(struct peer *p)
{
	peer_stop(p);
	SSL_CTX_free(p->ctx);
}

void peer_show(struct peer *p, const struct pki_cert *c)
{
	ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(p->ctx, c->chain), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(p->ctx, c->key), 1);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **at = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(*at);
	*at = session;
	return 1;
}

void peer_keep_sessions(struct peer *p, SSL_SESSION **session)
{
	SSL_CTX_set_app_data(p->ctx, session);
	SSL_CTX_set_session_cache_mode(p->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(p->ctx, keep_session);
}

/* ---- the line ---- */

static int to_peer(void *ctx, struct weir_bytes bytes)
{
	struct line *l = ctx;

	return BIO_write(l->them->rx, bytes.ptr, (int)bytes.len) == (int)bytes.len ? 0 : -1;
}

void line_init(struct line *l, struct weir_tls_conn *us, struct peer *them)
{
	ck_assert_ptr_nonnull(us);
	*l = (struct line){.us = us, .them = them, .writer = {to_peer, NULL}};
	l->writer.ctx = l;
}

void line_fini(struct line *l)
{
	weir_tls_conn_destroy(l->us);
	weir_buf_fini(&l->come);
	peer_stop(l->them);
}

void line_fetch(struct line *l)
{
	char bytes[4096];
	int n;

	while ((n = BIO_read(l->them->tx, bytes, sizeof(bytes))) > 0)
		weir_buf_add(&l->come, bytes, (size_t)n);
}

void line_drop(struct line *l, size_t n)
{
	ck_assert_uint_le(n, l->come.len);
	if (n)
		memmove(l->come.ptr, l->come.ptr + n, l->come.len - n);
	l->come.len -= n;
}

/* One call; in two views where there are two bytes. */
static int step(struct line *l)
{
	size_t give = l->cut && l->cut < l->come.len ? l->cut : l->come.len, used = 0;
	const struct weir_bytes views[] = {weir_bytes_of(l->come.ptr, give / 2),
					   weir_bytes_of(l->come.ptr + give / 2, give - give / 2)};
	int rc = weir_tls_handshake(l->us, views, 2, &used, &l->writer);

	ck_assert_uint_le(used, give);
	if (rc == WEIR_TLS_WANT)
		ck_assert_uint_eq(used, give);
	line_drop(l, used);
	return rc;
}

int line_shake(struct line *l)
{
	int rc;

	do {
		rc = step(l);
		if (l->come.len && rc == WEIR_TLS_WANT)
			continue;
		SSL_do_handshake(l->them->ssl);
		line_fetch(l);
	} while (rc == WEIR_TLS_WANT && l->come.len);
	return rc;
}

/* ---- our end ---- */

static struct weir_tls_lib *shared_lib;

static void free_lib(void)
{
	weir_tls_lib_destroy(shared_lib);
}

static struct weir_tls_lib *lib(void)
{
	if (!shared_lib) {
		shared_lib = weir_tls_lib_create();
		ck_assert_ptr_nonnull(shared_lib);
		atexit(free_lib);
	}
	return shared_lib;
}

struct weir_tls_server_cfg server_cfg(void)
{
	static const struct weir_tls_cert *certs[1];
	static const char *const alpn[] = {"h2", "http/1.1"};

	certs[0] = pki()->ec_cert;
	return (struct weir_tls_server_cfg){
		.lib = lib(), .id = "www", .certs = certs, .n_certs = 1, .alpn = {alpn, 2}};
}

struct weir_tls_server *server_of(const struct weir_tls_server_cfg *cfg)
{
	struct weir_buf why = {0};
	struct weir_tls_server *s = weir_tls_server_create(cfg, &why);

	ck_assert_msg(s, "%s", why.ptr);
	weir_buf_fini(&why);
	return s;
}

struct weir_tls_client_cfg client_cfg(void)
{
	static const char *const alpn[] = {"h2", "http/1.1"};

	return (struct weir_tls_client_cfg){.lib = lib(), .roots = pki()->roots, .alpn = {alpn, 2}};
}

struct weir_tls_client *client_of(const struct weir_tls_client_cfg *cfg)
{
	struct weir_buf why = {0};
	struct weir_tls_client *c = weir_tls_client_create(cfg, &why);

	ck_assert_msg(c, "%s", why.ptr);
	weir_buf_fini(&why);
	return c;
}

struct weir_tls_conn *accept_from(struct weir_tls_server *s)
{
	return weir_tls_accept(s, &(struct weir_tls_accept_opts){.alpn = 3});
}

struct weir_tls_conn *connect_to(struct weir_tls_client *c, const char *name)
{
	return weir_tls_connect(c, &(struct weir_tls_connect_opts){.name = name, .alpn = 3});
}
