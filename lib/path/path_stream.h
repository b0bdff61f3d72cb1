/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the peers of a carried connection say to each other, whatever is around it: TCP's bytes
 * where there is no TLS, and what TLS has brought where weir ends it (path_tls.c); on that,
 * perhaps, HTTP/1.1 that is made of HTTP/2 (path_translate.c). Stream rules and HTTP stand on this.
 * Calls mean what those of weir_tcp.h with the same names do.
 */
#ifndef PATH_STREAM_H
#define PATH_STREAM_H

#include "path_layers.h"

/* ---- below what translates HTTP ---- */

static inline unsigned int path_line_read(const struct path_carried *k, unsigned int leg,
					  uint32_t skip, struct weir_bytes *views, unsigned int max)
{
	if (weir_likely(!k->tls))
		return weir_tcp_read(k->conn, leg, skip, views, max);
	return path_tls_read(k->tls, leg, skip, views, max);
}

static inline uint32_t path_line_readable(const struct path_carried *k, unsigned int leg)
{
	return weir_likely(!k->tls) ? weir_tcp_readable(k->conn, leg)
				    : path_tls_readable(k->tls, leg);
}

static inline uint64_t path_line_offset(const struct path_carried *k, unsigned int leg)
{
	return weir_likely(!k->tls) ? weir_tcp_offset(k->conn, leg) : path_tls_offset(k->tls, leg);
}

static inline bool path_line_is_ended(const struct path_carried *k, unsigned int leg)
{
	return weir_likely(!k->tls) ? weir_tcp_is_ended(k->conn, leg)
				    : path_tls_is_ended(k->tls, leg);
}

static inline void path_line_discard(struct path_worker *w, struct path_carried *k,
				     unsigned int leg, uint32_t n)
{
	if (weir_likely(!k->tls))
		(void)weir_tcp_discard(w->tcp, k->conn, leg, n);
	else
		path_tls_discard(k->tls, leg, n);
}

/* ---- what the peers say ---- */

/* What the peer of `leg` says was said in HTTP/2, and is read as HTTP/1.1. */
static inline bool path_stream_is_translated(const struct path_carried *k, unsigned int leg)
{
	return weir_unlikely(k->translator != NULL) && leg == 1;
}

static inline unsigned int path_stream_read(const struct path_carried *k, unsigned int leg,
					    uint32_t skip, struct weir_bytes *views,
					    unsigned int max)
{
	if (path_stream_is_translated(k, leg))
		return path_translate_read(k->translator, skip, views, max);
	return path_line_read(k, leg, skip, views, max);
}

static inline uint32_t path_stream_readable(const struct path_carried *k, unsigned int leg)
{
	if (path_stream_is_translated(k, leg))
		return path_translate_readable(k->translator);
	return path_line_readable(k, leg);
}

static inline uint64_t path_stream_offset(const struct path_carried *k, unsigned int leg)
{
	if (path_stream_is_translated(k, leg))
		return path_translate_offset(k->translator);
	return path_line_offset(k, leg);
}

static inline bool path_stream_is_ended(const struct path_carried *k, unsigned int leg)
{
	if (path_stream_is_translated(k, leg))
		return path_translate_is_ended(k->translator);
	return path_line_is_ended(k, leg);
}

static inline void path_stream_want(struct path_worker *w, struct path_carried *k, unsigned int leg,
				    uint32_t bytes)
{
	if (path_stream_is_translated(k, leg))
		path_translate_want(k->translator, bytes);
	else if (weir_likely(!k->tls))
		weir_tcp_want(w->tcp, k->conn, leg, bytes);
	else
		path_tls_want(k->tls, leg, bytes);
}

static inline bool path_stream_is_full(const struct path_worker *w, const struct path_carried *k,
				       unsigned int leg)
{
	if (path_stream_is_translated(k, leg))
		return path_translate_is_full(k->translator);
	return weir_likely(!k->tls) ? weir_tcp_is_full(w->tcp, k->conn, leg)
				    : path_tls_is_full(k->tls, leg);
}

static inline void path_stream_pass(struct path_worker *w, struct path_carried *k, unsigned int leg,
				    uint32_t n)
{
	if (weir_unlikely(k->translator && leg == 0))
		path_translate_pass_request(k->translator, n);
	else if (weir_unlikely(k->translator != NULL))
		path_translate_pass_response(k->translator, n);
	else if (weir_likely(!k->tls))
		weir_tcp_pass(w->tcp, k->conn, leg, n);
	else
		path_tls_pass(k->tls, leg, n);
}

static inline void path_stream_discard(struct path_worker *w, struct path_carried *k,
				       unsigned int leg, uint32_t n)
{
	if (path_stream_is_translated(k, leg))
		path_translate_discard(k->translator, n);
	else
		path_line_discard(w, k, leg, n);
}

/* *done bytes were taken: all with 0, with -WEIR_ENOMEM perhaps some. */
static inline int path_stream_write(struct path_worker *w, struct path_carried *k, unsigned int leg,
				    struct weir_bytes bytes, size_t *done)
{
	int error;

	if (weir_unlikely(k->tls != NULL))
		return path_tls_write(k->tls, leg, bytes, done);
	error = weir_tcp_write(w->tcp, k->conn, leg, bytes);
	*done = error ? 0 : bytes.len;
	return error;
}

static inline void path_stream_shut(struct path_worker *w, struct path_carried *k, unsigned int leg)
{
	if (path_stream_is_translated(k, leg))
		path_translate_leave(k->translator);
	if (weir_likely(!k->tls))
		weir_tcp_shut(w->tcp, k->conn, leg);
	else
		path_tls_shut(k->tls, leg);
}

static inline void path_stream_abort_leg(struct path_worker *w, struct path_carried *k,
					 unsigned int leg)
{
	if (weir_likely(!k->tls))
		weir_tcp_abort_leg(w->tcp, k->conn, leg, w->now_ns);
	else
		path_tls_abort_leg(k->tls, leg);
}

/* Resets the peer of `leg` alone: the other one is heard and spoken to as before. For who keeps the
 * ends apart, as the next two. */
static inline void path_stream_leave(struct path_worker *w, struct path_carried *k,
				     unsigned int leg)
{
	if (weir_likely(!k->tls))
		weir_tcp_abort_leg(w->tcp, k->conn, leg, w->now_ns);
	else
		path_tls_leave(k->tls, leg);
}

/* Ends what is said to the peer of `leg`. */
static inline void path_stream_finish(struct path_worker *w, struct path_carried *k,
				      unsigned int leg)
{
	if (weir_likely(!k->tls))
		weir_tcp_shut(w->tcp, k->conn, leg);
	else
		path_tls_finish(k->tls, leg);
}

/* The peer of `leg` did not end what it said: it was cut off. */
static inline bool path_stream_is_cut(const struct path_carried *k, unsigned int leg)
{
	if (weir_likely(!k->tls))
		return weir_tcp_is_gone(k->conn, leg) && !weir_tcp_is_ended(k->conn, leg);
	return path_tls_is_cut(k->tls, leg);
}

/* Both peers have what they need to be spoken with. */
static inline bool path_stream_is_open(const struct path_carried *k)
{
	return weir_tcp_is_open(k->conn) && (weir_likely(!k->tls) || path_tls_is_open(k->tls));
}

/* Why the servers cannot be spoken with, though the client can; NULL: they can, or may yet. */
static inline const char *path_stream_failure(const struct path_carried *k)
{
	const char *failure = weir_likely(!k->tls) ? NULL : path_tls_failure(k->tls);

	return weir_unlikely(!failure && k->translator) ? path_translate_failure(k->translator)
							: failure;
}

/* Because policy does not let this client. */
static inline bool path_stream_is_refused(const struct path_carried *k)
{
	return weir_unlikely(k->tls != NULL) && path_tls_is_refused(k->tls);
}

/* What a timer has done to the streams is done to the connection. */
static inline void path_stream_flush(struct path_carried *k)
{
	if (weir_unlikely(k->tls != NULL))
		path_tls_flush(k->tls);
}

#endif
