/* SPDX-License-Identifier: BSD-3-Clause */
/* Collections that outlive transactions: IP, GLOBAL and their kin, of one worker. */
#ifndef WAF_STORE_H
#define WAF_STORE_H

#include <weir_seclang.h>

struct waf_record;
struct waf_store;

#define WAF_STORES 5 /* IP, GLOBAL, RESOURCE, SESSION, USER */

struct waf_store *waf_store_create(uint32_t keys, uint64_t seed);
void waf_store_destroy(struct waf_store *s);
/* One that made room for another is as if there had been none left. */
struct weir_use waf_store_use(const struct waf_store *s);
/* It stays until it is closed as often as it was opened. NULL: all places are in use. */
struct waf_record *waf_store_open(struct waf_store *s, uint8_t collection, struct weir_bytes key,
				  uint64_t now_ns, uint32_t timeout_s);
void waf_store_close(struct waf_store *s, struct waf_record *r);
int waf_store_index(uint8_t collection);
bool waf_record_get(struct waf_record *r, struct weir_bytes name, uint64_t now_ns,
		    struct weir_bytes *text);
void waf_record_set(struct waf_record *r, struct weir_bytes name, struct weir_bytes text,
		    uint64_t now_ns);
void waf_record_unset(struct waf_record *r, struct weir_bytes name);
void waf_record_expire(struct waf_record *r, struct weir_bytes name, uint64_t at_ns);
/* The i-th variable, in no order; false: there are no more. */
bool waf_record_next(const struct waf_record *r, unsigned int *i, uint64_t now_ns,
		     struct weir_bytes *name, struct weir_bytes *text);

#endif
