/* SPDX-License-Identifier: BSD-3-Clause */
/* How a program is made of a rule tree, step by step: waf_program.c takes them in order. Control
 * only. */
#ifndef WAF_COMPILE_H
#define WAF_COMPILE_H

#include "waf_program.h"

/* waf_compile.c: rule trees to rules; false: reported */
bool waf_compile_rules(struct weir_waf *w, struct weir_conf_report *r);
/* waf_ctl_rules.c: those that a ctl:ruleRemove… is about, by number, once all rules have theirs;
 * NULL: no memory */
const uint64_t *waf_ctl_rules(struct weir_waf *w, const struct weir_sec_ctl *c);
/* waf_use.c: a rule's target; a macro that reads a variable, or its member of that name */
void waf_use_target(struct weir_waf *w, const struct weir_sec_target *t);
void waf_use_macro(struct weir_waf *w, uint8_t variable, struct weir_bytes name);
/* After all names are known and scratch is there: which of them selectors match, and which are made
 * at run time only. */
bool waf_resolve_names(struct weir_waf *w);

/* waf_text.c */
bool waf_compile_text(struct weir_waf *w, const struct weir_sec_text *t, struct waf_text *out);

/* waf_name.c: its number, a new one if need be; WAF_NO_NAME: no memory */
uint16_t waf_name_intern(struct weir_waf *w, struct weir_bytes name);

/* waf_fold.c: what is known before any transaction; false: no memory */
void waf_pin(struct weir_waf *w);
bool waf_fold_gates(struct weir_waf *w);
/* Whether the transaction goes on behind a match of it. */
bool waf_rule_passes(const struct waf_rule *starter);
/* It is told, refuses or counts for HIGHEST_SEVERITY. */
bool waf_rule_tells(const struct waf_rule *starter);
/* Takes dead steps out; skips lead to the next that is left. */
bool waf_drop_steps(struct weir_waf *w, struct waf_phase *p, const uint64_t *dead);
/* waf_prologue.c */
bool waf_run_prologue(struct weir_waf *w);
/* waf_chain.c: the trie of transformations; WAF_NO_NODE: no memory */
#define WAF_NO_NODE UINT16_MAX
uint16_t waf_node_of(struct weir_waf *w, const uint8_t *transforms, unsigned int n);

/* waf_screen_build.c */
/* For values before there is a screen: every transformation is done. */
bool waf_make_screen(struct weir_waf *w);
bool waf_build_screen(struct weir_waf *w, struct weir_conf_report *r);
void waf_destroy_screen(struct weir_waf *w);
size_t waf_screen_bytes(const struct weir_waf *w);

#endif
