/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks of a region that is taken at the start, so that a worker's arenas need no system. */
#ifndef WAF_MEMORY_H
#define WAF_MEMORY_H

#include <weir_base.h>

struct waf_memory *waf_memory_create(uint64_t bytes);
void waf_memory_destroy(struct waf_memory *m);
void *waf_memory_take(void *memory, size_t bytes);
void waf_memory_give(void *memory, void *block, size_t bytes);
struct weir_use waf_memory_use(const struct waf_memory *m); /* bytes */

#endif
