/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL behind the ends of a connection through the fixture's path. */
#include "tls_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>

#define ROUNDS 2000 /* of pumping, more than any test needs */

const char *upstream_tls(const char *more)
{
	static char text[512];

	snprintf(text, sizeof(text), ", upstream: {mode: tls, ca: '%s', name: %s%s}",
		 pki()->ca.chain, SERVER_NAME, more);
	return text;
}

struct tls_lab *tls_lab_create(const char *tls, const char *service)
{
	struct tls_lab *t = calloc(1, sizeof(*t));
	char *text;

	ck_assert_ptr_nonnull(t);
	ck_assert_int_gt(asprintf(&text,
				  ", tls: {mode: terminate, certificates: [{certificate: '%s', "
				  "key: '%s'}]%s}%s",
				  pki()->ec.chain, pki()->ec.key_file, tls, service),
			 0);
	t->l = lab_create(text, "");
	free(text);
	return t;
}

struct tls_lab *tls_lab_over(struct http_lab *l)
{
	struct tls_lab *t = calloc(1, sizeof(*t));

	ck_assert_ptr_nonnull(t);
	t->l = l;
	return t;
}

static void stop(struct tls_end *e)
{
	peer_stop(&e->peer);
	weir_buf_fini(&e->plain);
	weir_buf_fini(&e->wire);
	e->fed = 0;
	e->closed = false;
	e->alert = -1;
}

void tls_lab_destroy(struct tls_lab *t)
{
	for (unsigned int i = 0; i < 2; i++) {
		stop(&t->end[i]);
		if (t->end[i].peer.ctx)
			peer_fini(&t->end[i].peer);
	}
	lab_destroy(t->l);
	free(t);
}

SSL_CTX *tls_lab_speak(struct tls_lab *t, unsigned int end)
{
	struct tls_end *e = &t->end[end];

	e->tls = true;
	snprintf(e->asks, sizeof(e->asks), "%s", SERVER_NAME);
	peer_init(&e->peer, end == SERVER);
	if (end == SERVER)
		peer_show(&e->peer, &pki()->ec);
	return e->peer.ctx;
}

struct tls_lab *tls_lab_with(const char *tls)
{
	struct tls_lab *t = tls_lab_create(tls, "");

	tls_lab_speak(t, CLIENT);
	if (strstr(tls, "upstream"))
		tls_lab_speak(t, SERVER);
	return t;
}

/* ---- one end ---- */

static void on_info(const SSL *ssl, int where, int value)
{
	struct tls_end *e = SSL_get_app_data(ssl);

	if (where & SSL_CB_READ && where & SSL_CB_ALERT && value >> 8 == SSL3_AL_FATAL)
		e->alert = value & 255;
}

static void start(struct tls_end *e)
{
	peer_start(&e->peer);
	SSL_set_app_data(e->peer.ssl, e);
	SSL_set_info_callback(e->peer.ssl, on_info);
	if (!SSL_is_server(e->peer.ssl))
		SSL_set_tlsext_host_name(e->peer.ssl, e->asks);
	if (e->session)
		SSL_set_session(e->peer.ssl, e->session);
}

/* False: nothing new. */
static bool feed(struct tls_lab *t, unsigned int end)
{
	struct tls_end *e = &t->end[end];
	struct lab_end *tcp = &t->l->end[end];
	size_t n = tcp->n_got - e->fed;

	if (!n || t->deaf)
		return false;
	ck_assert_int_eq(BIO_write(e->peer.rx, tcp->got + e->fed, (int)n), (int)n);
	lab_clear(t->l, end);
	e->fed = 0;
	return true;
}

static void take_plain(struct tls_end *e)
{
	char bytes[4096];
	int n;

	ERR_clear_error(); /* of the other end, which would be taken for this one's */
	if (!SSL_is_init_finished(e->peer.ssl) && SSL_do_handshake(e->peer.ssl) != 1)
		return;
	while ((n = SSL_read(e->peer.ssl, bytes, sizeof(bytes))) > 0)
		weir_buf_add(&e->plain, bytes, (size_t)n);
	e->closed |= SSL_get_error(e->peer.ssl, n) == SSL_ERROR_ZERO_RETURN;
}

/* False: nothing was sent. */
static bool drain(struct tls_lab *t, unsigned int end)
{
	struct tls_end *e = &t->end[end];
	char bytes[4096];
	size_t sent;
	int n;

	while ((n = BIO_read(e->peer.tx, bytes, sizeof(bytes))) > 0)
		weir_buf_add(&e->wire, bytes, (size_t)n);
	if (!e->wire.len)
		return false;
	sent = lab_send(t->l, end, e->wire.ptr, e->wire.len);
	memmove(e->wire.ptr, e->wire.ptr + sent, e->wire.len - sent);
	e->wire.len -= sent;
	return sent > 0;
}

static bool work(struct tls_lab *t, unsigned int end)
{
	bool more;

	if (!t->end[end].tls)
		return false;
	more = feed(t, end);
	take_plain(&t->end[end]);
	return drain(t, end) || more;
}

void tls_lab_pump(struct tls_lab *t)
{
	unsigned int rounds = 0;
	bool more = true;

	while (more) {
		ck_assert_uint_lt(rounds++, ROUNDS);
		more = work(t, CLIENT);
		more = work(t, SERVER) || more;
		if (!more) {
			lab_wait(t->l, 50 * WEIR_NS_PER_MS);
			more = work(t, CLIENT);
			more = work(t, SERVER) || more;
		}
	}
}

/* ---- what tests do ---- */

void tls_lab_connect(struct tls_lab *t)
{
	for (unsigned int i = 0; i < 2; i++) {
		stop(&t->end[i]);
		if (t->end[i].tls)
			start(&t->end[i]);
	}
	if (t->used)
		lab_connect(t->l);
	t->used = true;
	tls_lab_pump(t);
}

void tls_lab_send(struct tls_lab *t, unsigned int end, const void *bytes, size_t len)
{
	if (t->end[end].tls)
		ck_assert_int_eq(SSL_write(t->end[end].peer.ssl, bytes, (int)len), (int)len);
	else
		ck_assert_uint_eq(lab_send(t->l, end, bytes, len), len);
	tls_lab_pump(t);
}

void tls_lab_say(struct tls_lab *t, unsigned int end, const char *text)
{
	tls_lab_send(t, end, text, strlen(text));
}

void tls_lab_close(struct tls_lab *t, unsigned int end)
{
	if (t->end[end].tls)
		SSL_shutdown(t->end[end].peer.ssl);
	tls_lab_pump(t);
}

const char *tls_lab_got(const struct tls_lab *t, unsigned int end)
{
	const struct tls_end *e = &t->end[end];

	if (!e->tls)
		return lab_got(t->l, end);
	return e->plain.len ? e->plain.ptr : "";
}

uint64_t tls_lab_count(const struct tls_lab *t, enum weir_counter c)
{
	return lab_count(t->l, c);
}

uint64_t tls_lab_bad(const struct tls_lab *t, unsigned int leg, enum weir_tls_error e)
{
	return weir_path_bad_tls(t->l->f->path, 0, leg, e);
}
