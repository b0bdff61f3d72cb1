/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What screens values, so that most rules are not asked at all: a rule has a slot, and what must
 * stand in a value for the slot to be hot is looked for in all values at once (waf_screen.c).
 */
#ifndef WAF_SCREEN_H
#define WAF_SCREEN_H

#include <weir_decode.h>
#include <weir_seclang.h>

#include "waf_bits.h"
#include "waf_need.h"
#include "waf_source.h"

struct weir_waf_tx;
struct waf_entry;
struct waf_part;
struct waf_rule;
struct waf_value;
struct waf_way;

/* Steps of slots, to turn hot slots into live steps. */
struct waf_slot {
	uint8_t phase;
	uint32_t step;
};

/* What screens values: the slots that ask about them, and through which chains. */
struct waf_view {
	waf_bits slots;
	uint64_t *nodes;     /* set of them */
	uint64_t transforms; /* on the way to any of them */
	uint32_t number;     /* from 1 */
	bool used;
};

/* What screens the values of a list. Members that some rule names have a view of their own, with
 * the rules in it that ask about all. */
struct waf_list_view {
	struct waf_view all;
	struct waf_named_view *named;
};
struct waf_named_view {
	struct waf_view view;
	struct waf_named_view *next;
	struct weir_bytes name;
};

/* The literals of one side, and for each the slots that it satisfies. */
enum waf_side { WAF_REQUEST, WAF_RESPONSE, WAF_SIDES };
enum waf_side waf_side_of_list(unsigned int list);

/* Slots whose literals were found, by condition. */
struct waf_hits {
	waf_bits_loose found[WAF_NEED_LITERALS];
};

/* What is known of the names of JSON members before they are scanned: how they begin. */
struct waf_json_names {
	struct waf_hits hits;
	uint8_t skipped; /* bytes that need not be scanned for that */
};

struct waf_literal_set {
	void *database; /* hs_database_t; NULL: there are none */
	uint32_t n;
	uint32_t *first; /* n + 1, into `pair` */
	uint16_t *pair;  /* slot, and condition in the top bit */
	uint16_t *length;
	uint16_t longest, longest_marked; /* with WAF_MARK at an end; 0: none */
	struct waf_json_names json;
};

#define WAF_ANY_VALUE (~0ULL)

struct waf_screen {
	uint64_t class_of[256];        /* one bit of 64 */
	uint64_t triggers[WEIR_T_END]; /* of each transformation, or WAF_ANY_VALUE */
	unsigned int n_classes;
	uint32_t n_slots;
	struct waf_slot slot[WAF_SLOTS];
	waf_bits set[WAF_NEED_SETS][64]; /* slots that a class satisfies, by condition */
	waf_bits no_set[WAF_NEED_SETS];  /* slots without that condition */
	waf_bits no_literal[WAF_NEED_LITERALS];
	waf_bits sqli;               /* slots that no name of JSON can match */
	waf_bits relays;             /* slots of rules that hand values on (waf_relay.c) */
	waf_bits overhear;           /* slots of rules that tell what those leave behind */
	bool overheard;              /* by a rule without a slot, or of another phase */
	uint16_t min_len[WAF_SLOTS]; /* bytes of a value that matches */
	waf_bits *of_node;           /* slots by chain */
	uint64_t transforms;         /* on any way, with triggers */
	uint64_t untriggered;        /* on any way, that may change any value */
	struct waf_way *all;         /* of all transformations: a result a node */
	uint32_t node_words;
	struct waf_list_view values[WAF_LISTS], names[WAF_LISTS];
	uint8_t list[WAF_SIDES][WAF_LISTS]; /* those that some rule asks about */
	uint8_t n_lists[WAF_SIDES];
	waf_bits single[WAF_NEED_LITERALS][64]; /* slots whose literals of one byte a class has */
	struct waf_literal_set literals[WAF_SIDES];
};

/* One of the results that chains make of a value, and the slots that ask about it. */
struct waf_group {
	struct waf_group *next;
	struct waf_value *value; /* NULL: what made `slots` hot is known already */
	waf_bits_loose slots;
};

/* An entry that the rule of a slot could match. */
struct waf_pair {
	struct waf_pair *next; /* of the slot, in the order of lists */
	struct waf_entry *entry;
	uint8_t list;
	bool name; /* its name, not its value */
};

/* waf_screen.c: after new entries, before a phase runs */
void waf_screen(struct weir_waf_tx *tx);
/* waf_known.c: what was screened before. `view` is that of a list or of a member. */
#define WAF_KNOWN 256
size_t waf_known_bytes(void);
bool waf_comes_again(unsigned int list, bool is_name, struct weir_bytes name,
		     struct weir_bytes value);
bool waf_known_find(const struct waf_part *part, const struct waf_view *view,
		    struct weir_bytes bytes, waf_bits *hot);
void waf_known_keep(const struct waf_part *part, const struct waf_view *view,
		    struct weir_bytes bytes, const waf_bits *hot);

bool waf_is_candidate(const struct weir_waf_tx *tx, const struct waf_rule *rule,
		      struct waf_value *v);

#endif
