/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What takes long to find out while a program is compiled: conditions of expressions, databases of
 * literals. Each is a record under the hash of what it was made from, so that a record that is
 * found is the right one, whichever rules it was made for; a file has those of one program.
 */
#ifndef WAF_CACHE_H
#define WAF_CACHE_H

#include "waf_op.h"

struct hs_database;
struct waf_cache;

/* Reads what `folder` has of `program` or else what was written there last; with NULL records are
 * kept while it is open. NULL: no memory. */
struct waf_cache *waf_cache_open(const char *folder, const struct weir_cache_key *program);
/* This build and CPU. */
struct weir_cache_key waf_cache_maker(const struct waf_cache *c);
/* Takes a file's content, which came from malloc: its maker and records. What is no record is left
 * out. False: another build or another CPU made it. */
bool waf_cache_load(struct waf_cache *c, struct weir_bytes body);
/* Writes the records that were asked for, unless its file has them. */
void waf_cache_close(struct waf_cache *c);
/* Writes nothing: the program came to nothing. NULL: nothing. */
void waf_cache_discard(struct waf_cache *c);
/* How many records had to be made; with none all that was asked for was found. */
uint32_t waf_cache_made(const struct waf_cache *c);

enum waf_record_kind { WAF_RECORD_NEED = 1, WAF_RECORD_DATABASE };

/* A view that is good until `c` is closed; ptr NULL: there is none. */
struct weir_bytes waf_cache_get(struct waf_cache *c, enum waf_record_kind kind,
				const struct weir_cache_key *key);
/* Copies; in the place of what is there. Without memory nothing is kept. */
void waf_cache_put(struct waf_cache *c, enum waf_record_kind kind, const struct weir_cache_key *key,
		   struct weir_bytes bytes);

/* ---- waf_cache_need.c; `c` may be NULL ---- */

/* As waf_op_need. */
WEIR_MUST_CHECK int waf_cache_need(struct waf_cache *c, const struct waf_op *op,
				   struct weir_arena *a, struct waf_need *out);
/* Conditions as bytes and back. False: `bytes` are not conditions, or there is no memory. */
void waf_need_write(const struct waf_need *need, struct weir_buf *out);
WEIR_MUST_CHECK bool waf_need_read(struct weir_bytes bytes, struct weir_arena *a,
				   struct waf_need *out);

/* ---- waf_database.c; `c` may be NULL ---- */

/*
 * A database in block mode of `n` literals, each found in any case of ASCII letters and told by its
 * index. They are not empty, and no two are equal. NULL: *why tells. The caller frees it.
 */
struct hs_database *waf_database_create(struct waf_cache *c, const struct weir_bytes *literals,
					uint32_t n, struct weir_buf *why);

#endif
