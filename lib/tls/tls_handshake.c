/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection until its handshake is done: libssl is given what has come, and what it says is
 * given to the caller. */
#include "tls_impl.h"

#include <openssl/err.h>

/* ---- making ---- */

static bool set_bio(struct weir_tls_conn *c)
{
	BIO *bio = BIO_new(c->context->bio);

	if (!bio)
		return false;
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(c->ssl, bio, bio);
	return SSL_set_app_data(c->ssl, c) == 1;
}

struct weir_tls_conn *tls_conn_create(struct tls_context *context, bool is_server)
{
	struct weir_tls_conn *c = OPENSSL_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	context->conns++;
	c->context = context;
	c->is_server = is_server;
	c->failure = (struct weir_tls_failure){
		.alert_sent = WEIR_TLS_NO_ALERT, .alert_received = WEIR_TLS_NO_ALERT, .detail = ""};
	c->ssl = SSL_new(context->ctx);
	if (c->ssl && set_bio(c))
		return c;
	weir_tls_conn_destroy(c);
	return NULL;
}

void weir_tls_conn_destroy(struct weir_tls_conn *c)
{
	if (!c)
		return;
	tls_conn_free_ssl(c);
	tls_context_put(c->context);
	OPENSSL_clear_free(c, sizeof(*c));
}

/* A connection that ends without close_notify would take its session with it. */
void tls_conn_free_ssl(struct weir_tls_conn *c)
{
	if (c->ssl && c->done)
		SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	c->ssl = NULL;
}

/* ---- views and writer ---- */

void tls_conn_lend(struct weir_tls_conn *c, const struct weir_bytes *in, unsigned int n,
		   const struct weir_tls_writer *out)
{
	c->in = in;
	c->n_in = n;
	c->in_at = 0;
	c->used = 0;
	c->out = out;
	tls_lib_watch(c->context->lib, c);
	/* What others have left in the thread's queue would be taken for ours. */
	ERR_clear_error();
}

size_t tls_conn_idle(struct weir_tls_conn *c)
{
	c->in = NULL;
	c->n_in = 0;
	c->out = NULL;
	tls_lib_watch(c->context->lib, NULL);
	return c->used;
}

/* ---- going on ---- */

/* Until the peer's first record is read, all that is said is in clear. */
static bool speaks_in_clear(const struct weir_tls_conn *c)
{
	return !c->written || SSL_get_state(c->ssl) == TLS_ST_CW_CLNT_HELLO;
}

/* libssl says nothing to what is no TLS at all. */
static void alert_in_clear(struct weir_tls_conn *c, enum weir_tls_error e)
{
	uint8_t alert = weir_tls_error_alert(e);
	const uint8_t record[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, alert};

	if (alert == WEIR_TLS_NO_ALERT || c->failure.alert_sent != WEIR_TLS_NO_ALERT ||
	    !speaks_in_clear(c) || c->write_failed)
		return;
	if (c->out && c->out->write(c->out->ctx, weir_bytes_of(record, sizeof(record))) >= 0)
		c->failure.alert_sent = alert;
}

static int fail(struct weir_tls_conn *c, enum weir_tls_error e)
{
	c->error = e;
	alert_in_clear(c, e);
	return -(int)e;
}

/* Whether the first byte can begin a ClientHello's record. libssl would take one of SSL 2.0, too.
 */
static bool begins_well(struct weir_tls_conn *c)
{
	const struct weir_bytes *first = c->in;
	unsigned int n = c->n_in;

	while (n && !first->len) {
		first++;
		n--;
	}
	if (!n || c->began)
		return true;
	c->began = true;
	return first->ptr[0] == SSL3_RT_HANDSHAKE;
}

static int advance(struct weir_tls_conn *c)
{
	int rc;

	if (c->is_server && !begins_well(c))
		return fail(c, WEIR_TLS_E_NO_HELLO);
	rc = SSL_do_handshake(c->ssl);
	if (rc == 1 && !c->write_failed) {
		c->done = true;
		if (!c->is_server)
			tls_client_keep_renewed(c);
		return WEIR_TLS_DONE;
	}
	if (SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_READ && !c->write_failed)
		return WEIR_TLS_WANT;
	return fail(c, tls_reason(c));
}

int weir_tls_handshake(struct weir_tls_conn *c, const struct weir_bytes *in, unsigned int n,
		       size_t *used, const struct weir_tls_writer *out)
{
	int rc;

	*used = 0;
	if (c->error)
		return -(int)c->error;
	if (c->done)
		return WEIR_TLS_DONE;
	tls_conn_lend(c, in, n, out);
	rc = advance(c);
	*used = tls_conn_idle(c);
	return rc;
}

struct weir_tls_failure weir_tls_conn_failure(const struct weir_tls_conn *c)
{
	return c->failure;
}
