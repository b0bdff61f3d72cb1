/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of waf/ share: the program that control compiles, the worker's part, and the
 * transaction. Read waf_run.c for how a transaction goes through the program, and waf_screen.c for
 * how most rules are not asked at all.
 */
#ifndef WAF_IMPL_H
#define WAF_IMPL_H

#include <weir_decode.h>
#include <weir_waf.h>

#include "waf_bits.h"
#include "waf_clock.h"
#include "waf_op.h"

/* ---- where a variable's values stand ---- */

/* A list of a transaction for each variable that has values of its own, and one for XML's
 * attributes. Variables of names share the list of what they name. */
#define WAF_LIST_XML_ATTRS WEIR_SEC_V_END
#define WAF_LISTS          (WEIR_SEC_V_END + 1)
/* The name of XML's text; its attributes have their own. */
#define WAF_XML_TEXT "/*"

enum waf_source_kind {
	WAF_FROM_LIST,    /* filled in before the phase begins: can be screened */
	WAF_FROM_TX,      /* TX */
	WAF_FROM_STORE,   /* IP, GLOBAL, …: kept between transactions */
	WAF_FROM_MATCHES, /* MATCHED_VAR and its kin */
	WAF_FROM_CLOCK,   /* TIME_*, DURATION */
	WAF_FROM_RULE,    /* RULE:id, … */
	WAF_FROM_NOTHING  /* GEO, …: never has a value */
};

struct waf_source {
	uint8_t kind;    /* enum waf_source_kind */
	uint8_t list[2]; /* of WAF_FROM_LIST; WAF_LISTS: none */
	bool names;      /* the names of what stands there */
	bool changes;    /* what stands there is written over: not screened */
};
const struct waf_source *waf_source(enum weir_sec_variable v);

/* ---- the program ---- */

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

/* A table of what was found before, by a number that is never 0: four places a set, the oldest of
 * which is given up. */
#define WAF_PLACES 4
struct waf_places {
	uint64_t key[WAF_PLACES];
	uint8_t next;
};

/*
 * Of the transformations on the ways of all chains only those matter that change a value: which
 * results its chains then have, many of them the same one, and which slots of a view ask about
 * which. Result 0 is the value itself.
 */
#define WAF_WAY_RESULTS 32 /* where there are more all transformations are taken */
#define WAF_WAY_ASKED   12
struct waf_way_step {
	uint16_t from; /* result */
	uint8_t transform;
	uint64_t later; /* transformations that some chain does to the result */
};
struct waf_way {
	uint64_t key;                  /* of its transformations and view */
	uint16_t n;                    /* results */
	uint8_t n_asked;               /* of them; WAF_WAY_ASKED + 1: too many to be kept here */
	bool is_plain;                 /* about the value itself alone, or about nothing */
	struct waf_way_step *step;     /* by result, from 1 */
	uint16_t *of;                  /* result by node */
	waf_bits *slots;               /* by what is asked about */
	uint16_t asked[WAF_WAY_ASKED]; /* results */
	/* What is asked about matters only if the result of this step has so many bytes; 0: none.
	 */
	uint16_t gate[WAF_WAY_ASKED], gate_len[WAF_WAY_ASKED];
};
#define WAF_WAY_BITS 5
#define WAF_WAY_SETS (1 << WAF_WAY_BITS)

/* What a value's classes tell. */
#define WAF_CLASS_BITS 7
#define WAF_CLASS_SETS (1 << WAF_CLASS_BITS)
struct waf_class {
	uint64_t transforms; /* that are triggered, as a set */
	waf_bits satisfied;  /* slots whose byte sets the classes satisfy */
	waf_bits single[WAF_NEED_LITERALS];
	waf_bits cold; /* slots whose conditions are met without any literal */
};

struct waf_var {
	int64_t number;
	struct weir_bytes text;
};
enum waf_var_kind { WAF_UNSET, WAF_NUMBER, WAF_TEXT };

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
	bool uses[WEIR_SEC_V_END];
	uint8_t engine; /* enum weir_sec_engine_mode */
	uint64_t hash;
	uint32_t load_ms;
	bool cached;
	double ns_per_tick; /* of waf_ticks */
};

/* ---- values of a transaction ---- */

/* A transformation that was done to a value. */
struct waf_done {
	struct waf_done *next;
	struct waf_value *result;
	uint8_t transform;
};

/* What the chains of a way make of a value, as far as it was asked for. */
struct waf_results {
	uint64_t transforms;   /* that change it or one of these results */
	struct waf_value **of; /* by result of the way; NULL: none yet */
};

struct waf_value {
	struct weir_bytes bytes;
	uint64_t classes;            /* of bytes that occur, once `has_classes` */
	const struct waf_view *view; /* that it is screened by, or NULL */
	uint64_t transforms;         /* of the view, that change it */
	struct waf_results results;  /* of all chains */
	struct waf_value *sibling;   /* other results of the same origin */
	struct waf_done *done;
	struct waf_hits *hits;
	const struct waf_json_names *json;  /* of a name of JSON, while it has no hits of its own */
	struct waf_group *groups;           /* of an entry's value, once it was queued */
	struct waf_value *like, *like_next; /* while values are screened */
	bool has_classes;
	bool has_results; /* `results` has begun */
	bool comes_again; /* is worth keeping, see waf_known.c */
	bool screened;    /* `hits` is complete */
	bool queued;      /* for screening */
};

struct waf_entry {
	struct waf_entry *next;
	struct weir_bytes name;
	struct waf_value value;
	struct waf_value name_value;
};

struct waf_list {
	struct waf_entry *first, **last;
	struct waf_entry **screened; /* those before it have been */
	uint32_t n;
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

/* A value on its way to an operator. */
struct waf_seen {
	uint8_t variable;
	bool count;
	struct weir_bytes name; /* member; ptr NULL: none */
	struct waf_value *value;
};

struct waf_matched {
	struct waf_matched *next;
	uint8_t variable;
	bool count;
	struct weir_bytes name;
	struct weir_bytes value;
};

/* TX names that no rule writes down. */
struct waf_dynamic {
	struct waf_dynamic *next;  /* in its bucket */
	struct waf_dynamic *newer; /* in order of making */
	struct weir_bytes name;    /* lower case */
	uint8_t kind;
	struct waf_var var;
};
#define WAF_DYNAMIC_BUCKETS 64

struct waf_untarget {
	struct waf_untarget *next;
	const uint64_t *rules;
	const struct waf_target *target;
};

#define WAF_MATCHES_MAX 256
#define WAF_STORES      5 /* IP, GLOBAL, RESOURCE, SESSION, USER */

/* What ModSecurity calls a strict error. */
#define WAF_MULTIPART_STRICT                                                                      \
	(WEIR_MULTIPART_DATA_BEFORE | WEIR_MULTIPART_DATA_AFTER | WEIR_MULTIPART_HEADER_FOLDING | \
	 WEIR_MULTIPART_LF_LINE | WEIR_MULTIPART_BOUNDARY_QUOTED |                                \
	 WEIR_MULTIPART_BOUNDARY_WHITESPACE | WEIR_MULTIPART_MISSING_SEMICOLON |                  \
	 WEIR_MULTIPART_INVALID_QUOTING | WEIR_MULTIPART_INVALID_PART |                           \
	 WEIR_MULTIPART_INVALID_HEADER | WEIR_MULTIPART_FILE_LIMIT)

struct waf_record; /* waf_store.c */

/* A phase that may be judged in several calls. */
struct waf_turns {
	void (*work)(struct weir_waf_tx *tx); /* that is not done; NULL: there is none */
	struct waf_fiber *fiber;              /* on which it is; NULL: it has not begun */
	uint64_t left;                        /* calls that may still be made for it */
	bool abandoned;                       /* nobody waits for what comes of it */
};

struct weir_waf_tx {
	struct weir_waf *waf;
	struct weir_waf_worker *worker;
	struct waf_part *part;
	struct weir_arena arena;
	struct weir_waf_begin begin;
	uint64_t away; /* ticks that it has waited for its turn */
	struct waf_turns turns;

	/* where it stands */
	uint8_t phase;   /* the last that was begun */
	uint8_t engine;  /* enum weir_sec_engine_mode */
	uint8_t verdict; /* enum weir_waf_verdict */
	uint8_t would;
	uint8_t decided_phase;
	uint8_t allowed; /* enum weir_sec_disruptive: ALLOW…, else 0 */
	bool request_judged, response_judged;
	bool timed;
	uint16_t status;
	uint32_t deciding;
	struct weir_bytes location;

	/* request and response */
	struct weir_http_head request, response;
	struct weir_bytes body, response_body; /* what is kept; room in cap */
	size_t body_cap, response_cap;
	uint64_t body_total, response_total;
	uint64_t body_limit, response_limit;
	uint8_t processor; /* enum weir_sec_processor */
	bool force_body, body_access, response_access;
	bool response_inspected; /* its type is among those of SecResponseBodyMimeType */
	bool body_partial, response_partial;

	/* variables */
	struct waf_list list[WAF_LISTS];
	uint8_t *tx_kind;
	struct waf_var *tx_var;
	struct waf_dynamic **dynamic; /* buckets; NULL: none yet */
	struct waf_dynamic *dynamic_first, **dynamic_last;
	struct waf_record *store[WAF_STORES];
	uint64_t args_size, files_size;
	uint8_t highest_severity;
	int32_t inbound_score; /* behind phase 2: CRS 3 counts on in the same variable */

	/* matching */
	waf_bits hot;
	waf_bits wide;                        /* slots that ask about all values, once hot */
	struct waf_pair **pair, ***pair_last; /* by slot that is hot */
	bool unscreened;   /* some value could not be: every rule asks about all */
	uint64_t *live;    /* steps of the phase at hand */
	uint64_t *removed; /* rules by number; NULL: none */
	struct waf_untarget *untargets;
	struct waf_matched matched; /* the last */
	struct waf_matched *all, **all_last;
	const struct waf_rule *rule; /* being asked */
	struct weir_waf_match *match;
	uint32_t n_matches, matches_lost;
	struct weir_waf_work work;
};

/* ---- the worker's part ---- */

struct waf_store;

struct weir_waf_worker {
	struct weir_arena_source source;
	struct waf_memory *memory;
	struct waf_store *store;
	struct waf_fibers *fibers; /* NULL: what is begun is judged at once */
	uint64_t seed;
};

/* waf_memory.c: blocks of a region taken at the start, so that arenas need no system */
struct waf_memory *waf_memory_create(uint64_t bytes);
void waf_memory_destroy(struct waf_memory *m);
void *waf_memory_take(void *memory, size_t bytes);
void waf_memory_give(void *memory, void *block, size_t bytes);
void waf_memory_use(const struct waf_memory *m, uint64_t *used, uint64_t *max);

/* waf_turn.c: the budget of a call begins */
void waf_begin_call(struct weir_waf_tx *tx);
/*
 * Judges a phase whose body has `bytes`, in as many calls as are needed and it may have; `work`
 * does it. WEIR_WAF_MORE: waf_go_on is to be called.
 */
enum weir_waf_verdict waf_judge(struct weir_waf_tx *tx, uint64_t bytes,
				void (*work)(struct weir_waf_tx *tx));
enum weir_waf_verdict waf_go_on(struct weir_waf_tx *tx);
/* What is under way ends where it is. */
void waf_abandon(struct weir_waf_tx *tx);

/* waf_compile.c: rule trees to rules; false: reported */
bool waf_compile_rules(struct weir_waf *w, struct weir_conf_report *r);
/* waf_ctl_rules.c: those that a ctl:ruleRemove… is about, by number, once all rules have theirs;
 * NULL: no memory */
const uint64_t *waf_ctl_rules(struct weir_waf *w, const struct weir_sec_ctl *c);
/* A rule reads it: what costs something is filled in only then. */
void waf_use_variable(struct weir_waf *w, uint8_t variable);
/* After all names are known and scratch is there: which of them selectors match, and which are made
 * at run time only. */
bool waf_resolve_names(struct weir_waf *w);
/* waf_text.c */
bool waf_compile_text(struct weir_waf *w, const struct weir_sec_text *t, struct waf_text *out);
struct weir_bytes waf_expand(struct weir_waf_tx *tx, const struct waf_text *t);
/* waf_name.c: numbers of TX names */
uint16_t waf_name_intern(struct weir_waf *w, struct weir_bytes name);
uint16_t waf_name_find(const struct weir_waf *w, struct weir_bytes lower);
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

/* Work on short values is not worth a look at the clock each time. */
#define WAF_SHORT 512
#define WAF_EVERY 8

/* waf_value.c */
void waf_value_init(struct waf_value *v, struct weir_bytes bytes);
uint64_t waf_value_find_classes(const struct weir_waf *w, struct weir_bytes b);
static inline uint64_t waf_value_classes(const struct weir_waf *w, struct waf_value *v)
{
	if (!v->has_classes) {
		v->classes = waf_value_find_classes(w, v->bytes);
		v->has_classes = true;
	}
	return v->classes;
}
/* What the chain to `node` makes of `v`. NULL: no memory, or no time. */
struct waf_value *waf_value_result(struct weir_waf_tx *tx, struct waf_value *v, uint16_t node);
/* The i-th result of `way`, which is that of r->transforms. NULL: no memory, no time, or the way
 * was too short: then there are more transformations in `r`, and no results. May wait for the next
 * call: `way` is to be asked for anew. */
struct waf_value *waf_value_way_result(struct weir_waf_tx *tx, struct waf_value *v,
				       const struct waf_way *way, struct waf_results *r,
				       unsigned int i);
/* Takes views that live as long as the transaction. NULL: no memory, or no time. */
struct waf_entry *waf_list_add(struct weir_waf_tx *tx, unsigned int list, struct weir_bytes name,
			       struct weir_bytes value);
void waf_list_number(struct weir_waf_tx *tx, unsigned int list, uint64_t number);
struct weir_bytes waf_number_text(struct weir_waf_tx *tx, int64_t number);
int64_t waf_text_number(struct weir_bytes text);

/* waf_class.c */
/* The place of `key` among 2^bits sets; *known: it was there. */
unsigned int waf_place_of(struct waf_places *places, unsigned int bits, uint64_t key, bool *known);
/* Valid until another is asked for. */
const struct waf_class *waf_class_of(struct weir_waf_tx *tx, uint64_t classes);
/* Those of `transforms` that change `v`, as far as a glance tells. */
uint64_t waf_transforms_of(struct weir_waf_tx *tx, struct waf_value *v, uint64_t transforms);

/* waf_way.c */
#define WAF_ALL_TRANSFORMS (~0ULL)
/* Valid until it is asked for another, which other transactions do between two calls. */
const struct waf_way *waf_way_of(struct weir_waf_tx *tx, const struct waf_view *view,
				 uint64_t transforms);
/* Rooms of ways. False: no memory. */
bool waf_make_ways(struct weir_waf *w, struct waf_way *way, unsigned int n, unsigned int results);
void waf_find_way_of_all(const struct weir_waf *w, struct waf_way *way);

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

/* waf_request.c, waf_body.c, waf_response.c: bytes to variables */
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

/* waf_target.c: tells each value of a rule's targets to `tell` until that says stop */
typedef bool (*waf_tell)(void *ctx, const struct waf_seen *seen);
void waf_for_each_value(struct weir_waf_tx *tx, const struct waf_rule *rule, waf_tell tell,
			void *ctx);
/* A variable's first value as text, for macros. */
struct weir_bytes waf_variable_text(struct weir_waf_tx *tx, uint8_t variable,
				    struct weir_bytes name);
struct weir_bytes waf_seen_name(struct weir_waf_tx *tx, uint8_t variable, bool count,
				struct weir_bytes name);

/* waf_var.c: TX */
bool waf_tx_get(struct weir_waf_tx *tx, uint16_t number, struct weir_bytes *text);
int64_t waf_tx_number(const struct weir_waf_tx *tx, uint16_t number);
void waf_tx_set_text(struct weir_waf_tx *tx, uint16_t number, struct weir_bytes text);
void waf_tx_unset(struct weir_waf_tx *tx, uint16_t number);
struct waf_dynamic *waf_dynamic_find(struct weir_waf_tx *tx, struct weir_bytes lower);
void waf_set_variable(struct weir_waf_tx *tx, const struct waf_action *a);
struct weir_bytes waf_var_text(struct weir_waf_tx *tx, uint8_t kind, const struct waf_var *v);

/* waf_store.c: collections that outlive transactions */
struct waf_store *waf_store_create(uint32_t keys, uint64_t seed);
void waf_store_destroy(struct waf_store *s);
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

/* waf_action.c, waf_ctl.c */
void waf_act(struct weir_waf_tx *tx, const struct waf_rule *rule);
void waf_ctl(struct weir_waf_tx *tx, const struct waf_action *a);
void waf_set_processor(struct weir_waf_tx *tx, uint8_t processor);
bool waf_is_untargeted(struct weir_waf_tx *tx, const struct waf_rule *rule,
		       const struct waf_seen *seen);
bool waf_target_takes(struct weir_waf_tx *tx, const struct waf_target *t,
		      const struct waf_seen *seen);

/* waf_run.c */
/* Judging stops here: what was not looked at is not let through, unless nothing is refused at all.
 */
WEIR_COLD void waf_exceed(struct weir_waf_tx *tx);
/* waf_turn.c: the budget of this call is used up. False: another call was made, and goes on. */
WEIR_COLD bool waf_is_out_of_time(struct weir_waf_tx *tx);
/* Whether the phase's time is used up; then nothing more of it is judged. What the worker's
 * transactions share may not be held over it: another may be judged meanwhile. */
static inline bool waf_is_late(struct weir_waf_tx *tx)
{
	if (weir_likely(!waf_clock_is_over(&tx->part->clock, waf_ticks())))
		return false;
	return waf_is_out_of_time(tx);
}
void waf_run_phase(struct weir_waf_tx *tx, unsigned int phase);
/* Whether all links match; acts as they do. */
bool waf_ask_rule(struct weir_waf_tx *tx, const struct waf_rule *rule);

/* waf_result.c */
int32_t waf_score(const struct weir_waf_tx *tx, unsigned int i);
void waf_record_match(struct weir_waf_tx *tx, const struct waf_rule *rule);

void waf_explain(struct weir_waf_tx *tx, const struct waf_rule *rule, const char *outcome,
		 const struct waf_seen *seen, struct weir_bytes value);

#endif
