/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of messages to variables: heads, and bodies by what processes them. */
#ifndef WAF_BODY_H
#define WAF_BODY_H

#include <weir_decode.h>
#include <weir_http.h>

struct weir_waf_tx;

/* What ModSecurity calls a strict error. */
#define WAF_MULTIPART_STRICT                                                                      \
	(WEIR_MULTIPART_DATA_BEFORE | WEIR_MULTIPART_DATA_AFTER | WEIR_MULTIPART_HEADER_FOLDING | \
	 WEIR_MULTIPART_LF_LINE | WEIR_MULTIPART_BOUNDARY_QUOTED |                                \
	 WEIR_MULTIPART_BOUNDARY_WHITESPACE | WEIR_MULTIPART_MISSING_SEMICOLON |                  \
	 WEIR_MULTIPART_INVALID_QUOTING | WEIR_MULTIPART_INVALID_PART |                           \
	 WEIR_MULTIPART_INVALID_HEADER | WEIR_MULTIPART_FILE_LIMIT)

/* waf_request.c, waf_body.c */
bool waf_take_request(struct weir_waf_tx *tx, const struct weir_http_head *head);
void waf_take_body(struct weir_waf_tx *tx);
int waf_take_args(struct weir_waf_tx *tx, unsigned int list, struct weir_bytes text);
bool waf_take_param(struct weir_waf_tx *tx, struct weir_bytes name, struct weir_bytes value);
void waf_set_number(struct weir_waf_tx *tx, unsigned int list, uint64_t number);
void waf_set_bytes(struct weir_waf_tx *tx, unsigned int list, struct weir_bytes bytes);
/* `text` is a constant. */
void waf_body_error(struct weir_waf_tx *tx, const char *text);
/* "text/html" of "text/html; charset=utf-8". */
struct weir_bytes waf_media_type(struct weir_bytes content_type);
bool waf_take_response(struct weir_waf_tx *tx, const struct weir_http_head *head);
void waf_take_response_body(struct weir_waf_tx *tx);
/* Undoes content codings, as far as they are known; returns what there is. */
struct weir_bytes waf_undo_codings(struct weir_waf_tx *tx, const struct weir_http_head *head,
				   struct weir_bytes body, uint64_t limit, bool *failed);
/* Undoes one, as far as the limit goes; false: not all of it. */
bool waf_undo_coding(struct weir_waf_tx *tx, enum weir_coding coding, struct weir_bytes *body,
		     uint64_t limit);
/* Makes arguments of what a parser tells. */
struct weir_param_sink waf_param_sink(struct weir_waf_tx *tx);
int waf_json(struct weir_waf_tx *tx, struct weir_bytes body, const char *prefix,
	     struct weir_decode_error *error);
/* What a parser has returned. */
void waf_tell_error(struct weir_waf_tx *tx, int rc, const struct weir_decode_error *e);

/* waf_grpc.c */
void waf_take_grpc(struct weir_waf_tx *tx, struct weir_bytes body);
/* The text of a response's messages, as far as its limit goes. */
struct weir_bytes waf_grpc_text(struct weir_waf_tx *tx, struct weir_bytes body);

#endif
