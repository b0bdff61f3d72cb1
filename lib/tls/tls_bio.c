/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What libssl reads from and writes to: the views and the writer that the connection has been lent
 * for the time of a call. libssl offers the keys of records to kernel TLS by a control command;
 * they are noted, and the offer is declined.
 */
#include "tls_impl.h"

#define CTRL_SET_KTLS 72 /* BIO_CTRL_SET_KTLS of libssl, which is in none of its headers */

static int bio_read(BIO *b, char *to, int len)
{
	struct weir_tls_conn *c = BIO_get_data(b);
	int have = 0;

	BIO_clear_retry_flags(b);
	while (c->n_in && have < len) {
		size_t left = c->in->len - c->in_at;
		size_t n = left < (size_t)(len - have) ? left : (size_t)(len - have);

		if (n)
			memcpy(to + have, c->in->ptr + c->in_at, n);
		have += (int)n;
		c->in_at += n;
		if (c->in_at == c->in->len) {
			c->in++;
			c->n_in--;
			c->in_at = 0;
		}
	}
	if (!have) {
		BIO_set_retry_read(b);
		return -1;
	}
	c->used += (size_t)have;
	tls_counter_add(&c->noted.read, weir_bytes_of(to, (size_t)have));
	return have;
}

static int bio_write(BIO *b, const char *from, int len)
{
	struct weir_tls_conn *c = BIO_get_data(b);
	struct weir_bytes bytes = weir_bytes_of(from, (size_t)len);

	BIO_clear_retry_flags(b);
	if (!c->out || c->write_failed || c->out->write(c->out->ctx, bytes) < 0) {
		c->write_failed = true;
		return -1;
	}
	c->written += bytes.len;
	tls_counter_add(&c->noted.written, bytes);
	return len;
}

static long bio_ctrl(BIO *b, int cmd, long number, void *ptr)
{
	struct weir_tls_conn *c = BIO_get_data(b);

	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case CTRL_SET_KTLS:
		tls_noted_offer(&c->noted, &(struct tls_offer){.is_tx = number != 0, .info = ptr});
		return 0;
	default:
		return 0;
	}
}

BIO_METHOD *tls_bio_method_create(void)
{
	/* Nothing looks for it by its type, so it needs no number of its own. */
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "weir");

	if (m && BIO_meth_set_read(m, bio_read) == 1 && BIO_meth_set_write(m, bio_write) == 1 &&
	    BIO_meth_set_ctrl(m, bio_ctrl) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}
