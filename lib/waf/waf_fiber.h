/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Work that is interrupted and goes on later, on a stack of its own. A worker has a fixed number of
 * such stacks; whoever has one runs on it, until he pauses or is done, while the caller waits.
 */
#ifndef WAF_FIBER_H
#define WAF_FIBER_H

#include <weir_base.h>

struct waf_fiber;
struct waf_fibers;

/* `n` stacks. NULL: no memory. */
struct waf_fibers *waf_fibers_create(unsigned int n);
/* All must have been given back. */
void waf_fibers_destroy(struct waf_fibers *all);

/* NULL: all are in use. */
struct waf_fiber *waf_fiber_take(struct waf_fibers *all);
struct weir_use waf_fibers_use(const struct waf_fibers *all);
/* Its work must be done. */
void waf_fiber_give(struct waf_fibers *all, struct waf_fiber *f);

/* Sets what it is to do when it is run first. */
void waf_fiber_begin(struct waf_fiber *f, void (*work)(void *ctx), void *ctx);
/* Runs it from where it was. True: the work is done; false: it has paused. */
bool waf_fiber_run(struct waf_fiber *f);
/* Called by the work: waf_fiber_run returns, and this when it is called again. */
void waf_fiber_pause(struct waf_fiber *f);

#endif
