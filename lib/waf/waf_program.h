/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program that control compiles of rules and that workers only read, but for their part of it.
 * Rules stand in phases; what screens the values of most of them is in waf_screen.h.
 */
#ifndef WAF_PROGRAM_H
#define WAF_PROGRAM_H

#include <weir_waf.h>

#include "waf_bits.h"
#include "waf_clock.h"
#include "waf_op.h"
#include "waf_source.h"

struct waf_screen;
struct waf_places;
struct waf_class;
struct waf_way;
struct waf_known;
struct waf_cache;
struct waf_found_rules;

/* Transformations as a trie: a node is its parent's result and one more step; node 0 is the value
 * itself. */
struct waf_node {
	uint16_t parent;
	uint8_t transform;
	bool always;       /* it may change any value */
	uint64_t triggers; /* of the whole way from node 0: byte classes */
};

/* Names of TX that rules write down have a number; all others are looked up. */
#define WAF_NO_NAME UINT16_MAX

struct waf_piece {
	uint8_t kind;     /* enum waf_piece_kind */
	uint8_t variable; /* of other macros */
	uint16_t name;    /* of WAF_PIECE_TX */
	struct weir_bytes text;
};
enum waf_piece_kind { WAF_PIECE_TEXT, WAF_PIECE_TX, WAF_PIECE_MACRO };

/* Text with macros. With `n` 0 or one piece of text it is constant. */
struct waf_text {
	struct waf_piece *piece;
	uint16_t n;
	bool constant;
	struct weir_bytes text; /* of a constant one */
};

struct waf_target {
	uint8_t variable;
	uint8_t selector; /* enum weir_sec_selector */
	bool count;
	uint16_t name_number; /* of TX:name */
	struct weir_bytes name;
	struct waf_op *regex; /* of WEIR_SEC_REGEX */
	struct weir_bytes
		prefix; /* all that it asks for, where that is how names begin; lower case */
	struct weir_bytes part; /* without which it does not match; lower case */
	bool is_part;           /* that is all that it asks for */
	uint8_t rarest;         /* byte of it */
	uint64_t *numbers;      /* names of TX that it matches */
};

enum waf_do { WAF_DO_SETVAR, WAF_DO_EXPIREVAR, WAF_DO_INITCOL, WAF_DO_CTL };

struct waf_action {
	uint8_t kind;       /* enum waf_do */
	uint8_t collection; /* V_TX, … */
	uint8_t how;        /* enum weir_sec_set */
	uint8_t ctl;        /* enum weir_sec_ctl_kind */
	bool pinned;        /* a setvar that does nothing */
	bool is_dynamic;    /* whatever its macros say, the name is none that has a number */
	bool is_number;     /* the value is a constant number */
	uint16_t name_number;
	struct waf_text name, value;
	int64_t number; /* constant value; of a ctl its value */
	/* ctl:ruleRemove…: which rules, and of …Target… what of them */
	const uint64_t *rules;
	struct waf_target target;
};

struct waf_rule {
	const struct weir_sec_rule *sec;
	struct waf_op *op; /* NULL: SecAction */
	struct waf_target *target, *excluded;
	struct waf_action *action;
	struct waf_text argument, msg, logdata, redirect;
	struct waf_rule *next; /* link of the chain */
	uint32_t number;       /* of the starter, over all rules in file order */
	uint16_t n_targets, n_excluded, n_actions;
	uint16_t node;    /* of its transformations */
	uint16_t n_nodes; /* of multiMatch: nodes of the way, in order */
	uint16_t *nodes;
	int16_t slot;   /* in the prefilter; -1: asked always */
	uint8_t n_sets; /* its conditions, for one value */
	uint8_t n_literals;
	uint64_t set[WAF_NEED_SETS];        /* byte classes */
	uint64_t single[WAF_NEED_LITERALS]; /* classes that stand for a literal of one byte */
	bool detect_only;                   /* by an override */
	bool engine_limit;
};

/* A rule's place in its phase; `skip_to` is where a match leads, 0: to the next. */
struct waf_step {
	struct waf_rule *rule;
	uint32_t skip_to;
	uint32_t order; /* of the file */
	bool screened;  /* it, or a link of it, has a slot */
};

struct waf_phase {
	struct waf_step *step;
	uint32_t n;
	uint64_t *always; /* steps that no prefilter stands before */
};

/* What a worker needs of a program for itself. */
struct waf_part {
	struct waf_scratch *ops;
	void *hs;                     /* hs_scratch_t of the screen */
	struct waf_rule_count *count; /* by rule number */
	/* What values have in common that have the same classes, or the same way. */
	struct waf_places *class_places, *way_places;
	struct waf_class *class;
	struct waf_way *way;
	struct waf_known *known; /* WAF_KNOWN of them */
	struct waf_clock clock;  /* of the call that is under way */
	uint32_t turn;           /* transactions: every WAF_TIMED_EVERY-th is timed */
} __attribute__((aligned(WEIR_CACHE_LINE)));

#define WAF_TIMED_EVERY 64
struct waf_rule_count {
	uint64_t evaluated, hits, ticks; /* worker writes, control reads: relaxed */
};

struct waf_var {
	int64_t number;
	struct weir_bytes text;
};
enum waf_var_kind { WAF_UNSET, WAF_NUMBER, WAF_TEXT };

/* What rules want of a list: what nobody asks for is not filled in. */
enum waf_use {
	WAF_UNUSED,
	WAF_COUNTED, /* how many stand in it */
	WAF_NAMED,   /* members of some names */
	WAF_READ     /* all of it */
};

/* A name of a list of WAF_NAMED. */
struct waf_wanted {
	const struct waf_wanted *next;
	struct weir_bytes name;
};

struct weir_waf {
	struct weir_seclang *source;
	const struct weir_sec_settings *settings;
	struct weir_waf_options options;
	struct waf_cache *cache; /* while it is compiled */
	struct weir_arena arena; /* of the program */
	struct waf_rule **rule;  /* by number: starters in file order */
	uint32_t n_rules;
	struct waf_op **ops;
	uint32_t n_ops, cap_ops;
	struct waf_node *node;
	uint16_t n_nodes, cap_nodes;
	struct waf_phase phase[WEIR_SEC_PHASES + 1];
	struct waf_screen *screen;
	struct waf_part *part;
	struct waf_found_rules *found; /* by expressions of ctl */
	/* TX names, lower case, by number; sorted index for lookups */
	struct weir_bytes *name;
	uint16_t n_names, cap_names;
	uint16_t *by_name;
	bool *pinned;
	bool *constant; /* since the prologue */
	/* TX as each transaction begins with it */
	uint8_t *tx_kind;
	struct waf_var *tx_var;
	uint16_t captures;        /* number of TX:0 */
	uint16_t limits_exceeded; /* TX:MSC_PCRE_LIMITS_EXCEEDED; WAF_NO_NAME */
	uint16_t scores[2];       /* names of inbound and outbound score; WAF_NO_NAME */
	uint8_t uses[WAF_LISTS];  /* enum waf_use */
	const struct waf_wanted *wanted[WAF_LISTS];
	uint8_t engine; /* enum weir_sec_engine_mode */
	uint64_t hash;
	uint32_t load_ms;
	bool cached;
	double ns_per_tick; /* of waf_ticks */
};

/* waf_use.c: whether a rule may ask for a member of that name */
bool waf_is_wanted(const struct weir_waf *w, unsigned int list, struct weir_bytes name);

/* waf_name.c: names of TX by number; `lower` is in lower case. WAF_NO_NAME: no rule writes it down.
 */
uint16_t waf_name_find(const struct weir_waf *w, struct weir_bytes lower);

#endif
