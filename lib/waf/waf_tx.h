/* SPDX-License-Identifier: BSD-3-Clause */
/* A transaction while it goes through the program: waf_run.c is where to begin to read. */
#ifndef WAF_TX_H
#define WAF_TX_H

#include "waf_program.h"
#include "waf_store.h"
#include "waf_value.h"

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
	void *image;   /* to which it goes back; NULL: none */
	size_t image_bytes;
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
	uint8_t response_mode; /* enum weir_waf_body, by its type */
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

/* What a worker has for all programs. */
struct weir_waf_worker {
	struct weir_arena_source source;
	struct waf_memory *memory;
	struct waf_store *store;
	struct waf_fibers *fibers; /* NULL: what is begun is judged at once */
	uint64_t seed;
};

/* Work on short values is not worth a look at the clock each time. */
#define WAF_SHORT 512
#define WAF_EVERY 8

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

/* waf_mark.c */
void waf_drop_image(struct weir_waf_tx *tx);

/* waf_target.c: tells each value of a rule's targets to `tell` until that says stop */
typedef bool (*waf_tell)(void *ctx, const struct waf_seen *seen);
void waf_for_each_value(struct weir_waf_tx *tx, const struct waf_rule *rule, waf_tell tell,
			void *ctx);
/* A variable's first value as text, for macros. */
struct weir_bytes waf_variable_text(struct weir_waf_tx *tx, uint8_t variable,
				    struct weir_bytes name);
struct weir_bytes waf_seen_name(struct weir_waf_tx *tx, uint8_t variable, bool count,
				struct weir_bytes name);

/* waf_text.c */
struct weir_bytes waf_expand(struct weir_waf_tx *tx, const struct waf_text *t);

/* waf_var.c: TX */
bool waf_tx_get(struct weir_waf_tx *tx, uint16_t number, struct weir_bytes *text);
int64_t waf_tx_number(const struct weir_waf_tx *tx, uint16_t number);
void waf_tx_set_text(struct weir_waf_tx *tx, uint16_t number, struct weir_bytes text);
void waf_tx_unset(struct weir_waf_tx *tx, uint16_t number);
struct waf_dynamic *waf_dynamic_find(struct weir_waf_tx *tx, struct weir_bytes lower);
void waf_set_variable(struct weir_waf_tx *tx, const struct waf_action *a);
struct weir_bytes waf_var_text(struct weir_waf_tx *tx, uint8_t kind, const struct waf_var *v);

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
