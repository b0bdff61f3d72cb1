/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files share that build a program's screen: waf_screen_build.c, _classes.c, _literals.c
 * and _views.c. Control only. */
#ifndef WAF_SCREEN_BUILD_H
#define WAF_SCREEN_BUILD_H

#include "waf_program.h"
#include "waf_screen.h"

struct waf_literal {
	struct weir_bytes text;
	uint16_t pair; /* slot, and condition in the top bit */
};

struct waf_build {
	struct weir_waf *w;
	struct waf_screen *screen;
	struct weir_conf_report *r;
	struct waf_rule *rule[WAF_SLOTS];
	struct waf_need need[WAF_SLOTS];
	struct waf_set *sets; /* what classes must tell apart */
	uint32_t n_sets, cap_sets;
	struct waf_literal *literal; /* of one side, all conditions of all slots */
	uint32_t n_literals, cap_literals;
};

/* Each: false when memory ran out, or reported. In this order. */
bool waf_build_classes(struct waf_build *b);
bool waf_build_literals(struct waf_build *b);
bool waf_build_views(struct waf_build *b);

/* waf_relay.c: the conditions of a rule of that kind, once constants are known. False: it is none.
 */
bool waf_relay_need(struct weir_waf *w, const struct waf_rule *starter, struct waf_need *out);
/* Once all have their slots: who tells what they leave behind. */
void waf_relay_watch(const struct weir_waf *w, struct waf_screen *screen);

#endif
