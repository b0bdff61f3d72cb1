/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections whose keys libssl has not told: it makes and reads their records itself. */
#include "tls_impl.h"

static int fail(struct weir_tls_conn *c)
{
	c->error = tls_reason(c);
	return -(int)c->error;
}

/* Fills one room as far as it goes. 1: it is full; 0: nothing more is there; or negative. */
static int fill(struct weir_tls_conn *c, const struct weir_tls_room *room,
		struct weir_tls_opened *opened)
{
	size_t at = 0, got = 0;

	while (at < room->len) {
		int rc = SSL_read_ex(c->ssl, room->ptr + at, room->len - at, &got);

		if (rc != 1) {
			int e = SSL_get_error(c->ssl, rc);

			opened->closed = e == SSL_ERROR_ZERO_RETURN;
			return opened->closed || e == SSL_ERROR_WANT_READ ? 0 : fail(c);
		}
		at += got;
		opened->len += got;
		opened->type = WEIR_TLS_APPLICATION_DATA;
	}
	return 1;
}

ssize_t weir_tls_kept_read(struct weir_tls_conn *c, const struct weir_tls_spans *s,
			   const struct weir_tls_writer *out, struct weir_tls_opened *opened)
{
	int rc = 1;
	size_t used;

	*opened = (struct weir_tls_opened){0};
	if (c->error)
		return -(ssize_t)c->error;
	weir_assert(c->ssl);
	tls_conn_lend(c, s->in, s->n_in, out);
	for (unsigned int i = 0; rc == 1 && i < s->n_out; i++)
		rc = fill(c, &s->out[i], opened);
	used = tls_conn_idle(c);
	opened->content = opened->len;
	return rc < 0 ? rc : (ssize_t)used;
}

bool weir_tls_kept_is_in_record(const struct weir_tls_conn *c)
{
	return c->noted.read.have || c->noted.read.left;
}

static int write_view(struct weir_tls_conn *c, struct weir_bytes b)
{
	while (b.len) {
		size_t n = 0;

		if (SSL_write_ex(c->ssl, b.ptr, b.len, &n) != 1)
			return fail(c);
		b = weir_bytes_of(b.ptr + n, b.len - n);
	}
	return 0;
}

int weir_tls_kept_write(struct weir_tls_conn *c, const struct weir_bytes *in, unsigned int n,
			const struct weir_tls_writer *out)
{
	int rc = 0;

	if (c->error)
		return -(int)c->error;
	tls_conn_lend(c, NULL, 0, out);
	for (unsigned int i = 0; rc == 0 && i < n; i++)
		rc = write_view(c, in[i]);
	tls_conn_idle(c);
	return rc;
}

int weir_tls_kept_close(struct weir_tls_conn *c, const struct weir_tls_writer *out)
{
	int rc;

	if (c->error)
		return -(int)c->error;
	tls_conn_lend(c, NULL, 0, out);
	rc = SSL_shutdown(c->ssl) >= 0 ? 0 : fail(c);
	tls_conn_idle(c);
	return rc;
}
