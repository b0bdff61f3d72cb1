/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may stand between TCP's endpoints of a carried flow, as the others call it: TLS, HTTP, and
 * the translation from HTTP/1.1 to HTTP/2. Each has a header of its own for its files.
 */
#ifndef PATH_LAYERS_H
#define PATH_LAYERS_H

#include "path_carried.h"

/* path_tls.c: connections whose TLS weir ends. Those that path_stream.h calls mean what they mean
 * there. */
/* False: no room for another. */
bool path_tls_begin(struct path_worker *w, struct path_carried *k);
/* The same to whatever server, by the policy's interception `tls`. */
bool path_tls_begin_intercepted(struct path_worker *w, struct path_carried *k, uint16_t tls,
				const struct weir_tls_hello *hello);
void path_tls_end(struct path_tls *x);
/* TCP has something of the peer of `leg`. */
void path_tls_input(struct path_tls *x, unsigned int leg);
void path_tls_flush(struct path_tls *x);
void path_tls_turn(struct path_worker *w);
unsigned int path_tls_read(const struct path_tls *x, unsigned int leg, uint32_t skip,
			   struct weir_bytes *views, unsigned int max);
uint32_t path_tls_readable(const struct path_tls *x, unsigned int leg);
uint64_t path_tls_offset(const struct path_tls *x, unsigned int leg);
bool path_tls_is_ended(const struct path_tls *x, unsigned int leg);
void path_tls_want(struct path_tls *x, unsigned int leg, uint32_t bytes);
bool path_tls_is_full(const struct path_tls *x, unsigned int leg);
void path_tls_pass(struct path_tls *x, unsigned int leg, uint32_t n);
void path_tls_discard(struct path_tls *x, unsigned int leg, uint32_t n);
/* *done bytes were taken, all of them when 0 is returned. */
WEIR_MUST_CHECK int path_tls_write(struct path_tls *x, unsigned int leg, struct weir_bytes bytes,
				   size_t *done);
void path_tls_shut(struct path_tls *x, unsigned int leg);
void path_tls_abort_leg(struct path_tls *x, unsigned int leg);
/* Resets the peer of `leg`; the other one is heard and spoken to as before. */
void path_tls_leave(struct path_tls *x, unsigned int leg);
/* close_notify and FIN to the peer of `leg` alone. */
void path_tls_finish(struct path_tls *x, unsigned int leg);
bool path_tls_is_cut(const struct path_tls *x, unsigned int leg);
/* Cut in what its peer was about to say, or by a reset. */
bool path_tls_is_torn(const struct path_tls *x, unsigned int leg);
/* From now on the end of one side is not done to the other by itself. */
void path_tls_keep_ends(struct path_tls *x);
/* Whoever reads `leg` is called when TCP has told of room for more towards its peer. */
void path_tls_tell_room(struct path_tls *x, unsigned int leg);
/* Its handshake is done, or it has none. */
bool path_tls_is_up(const struct path_tls *x, unsigned int leg);
enum weir_event_alpn path_tls_alpn(const struct path_tls *x, unsigned int leg);
/* Its servers speak TLS, too. */
bool path_tls_has_server(const struct path_tls *x);
/* Its servers are asked for HTTP/2 whatever the client speaks. */
bool path_tls_may_translate(const struct path_tls *x);
/* They have been seen to take nothing else, and were not asked for it. */
void path_tls_learn_http2(struct path_tls *x);
/* Why there is no answer of such servers, and what helps. */
#define PATH_HTTP2_ONLY "HTTP2_ONLY (http2Upstream: true)"
/* It is a Service of HTTP whose clients may speak HTTP/2. */
bool path_tls_speaks_http2(const struct path_tls *x);
bool path_tls_is_open(const struct path_tls *x);
const char *path_tls_failure(const struct path_tls *x);
/* Because policy does not let this client. */
bool path_tls_is_refused(const struct path_tls *x);
void path_tls_describe(const struct path_tls *x, struct weir_event_tls tls[2],
		       char sni[WEIR_EVENT_SNI], struct weir_event_identity *identity);
/* path_tls_identity.c */
/* Who the client is. False: its handshake is not over. */
bool path_tls_identity(const struct path_tls *x, struct weir_policy_identity *out);
/* The same for records; "" where it is not known. */
void path_tls_identity_told(const struct path_tls *x, struct weir_event_identity *out);
WEIR_MUST_CHECK int path_tls_worker_create(struct path_worker *w, uint32_t connections);
void path_tls_worker_destroy(struct path_worker *w);
/* Memory that goes with an inspected connection. */
size_t path_tls_bytes_each(void);
/* And that goes with a worker. */
size_t path_tls_worker_bytes(void);
/* path_tls_load.c */
void path_retire_tls(struct weir_path *p, struct weir_generation *g);
void path_free_retired_tls(struct weir_path *p);

/* path_http.c: connections to a Service of HTTP that a threat policy protects */
/* False: no room for another. */
bool path_http_begin(struct path_worker *w, struct path_carried *k);
void path_http_end(struct path_http *x);
/* Of the bytes that can be read from the peer of `leg`, the first `clean` are let pass by stream
 * rules: passes what may go. Also to be called for a FIN. */
void path_http_bytes(struct path_http *x, unsigned int leg, uint32_t clean);
/* Stream rules see its messages, which are not what is on the wire. */
bool path_http_scans(const struct path_http *x);
/* The connection is over for a reason that is none of HTTP: nothing more is done. */
void path_http_abandon(struct path_http *x);
/* False: what it says is no HTTP any more. */
bool path_http_is_active(const struct path_http *x);
void path_http_describe(const struct path_http *x, struct weir_path_flow *out);
void path_http_turn(struct path_worker *w);
/* Bodies of which so many are being judged at a time, by turns; others wait till one is done. */
#define PATH_HTTP_TURNS 16
/* Goes on with one that is judged by turns, in time that others leave. True: there was one. */
bool path_http_judge_turn(struct path_worker *w, bool is_busy);
WEIR_MUST_CHECK int path_http_worker_create(struct path_worker *w, uint32_t connections);
void path_http_worker_destroy(struct path_worker *w);
/* Memory that goes with an inspected connection. */
size_t path_http_bytes_each(void);

/*
 * path_translate.c: a client of HTTP/1.1 whose servers speak HTTP/2. Those that path_stream.h calls
 * mean what they mean there: what the servers answer can be read as HTTP/1.1.
 */
/* TCP or TLS has something of the servers. */
void path_translate_input(struct path_translator *t);
unsigned int path_translate_read(const struct path_translator *t, uint32_t skip,
				 struct weir_bytes *views, unsigned int max);
uint32_t path_translate_readable(const struct path_translator *t);
uint64_t path_translate_offset(const struct path_translator *t);
bool path_translate_is_ended(const struct path_translator *t);
void path_translate_want(struct path_translator *t, uint32_t bytes);
bool path_translate_is_full(const struct path_translator *t);
/* Of what the client has said, and of what the servers have. */
void path_translate_pass_request(struct path_translator *t, uint32_t n);
void path_translate_pass_response(struct path_translator *t, uint32_t n);
void path_translate_discard(struct path_translator *t, uint32_t n);
/* The servers are told that nothing more comes, and that nobody waits for what is under way. */
void path_translate_leave(struct path_translator *t);
const char *path_translate_failure(const struct path_translator *t);

/* path_http2_memory.c */
WEIR_MUST_CHECK int path_http2_worker_create(struct path_worker *w, uint64_t bytes);
void path_http2_worker_destroy(struct path_worker *w);
bool path_http2_is_possible(const struct path_worker *w);
/* Bytes of memory.http2 that are taken, in blocks of 64 KiB. */
void path_http2_memory(const struct path_worker *w, uint64_t *used, uint64_t *max);

#endif
