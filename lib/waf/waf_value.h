/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of a transaction, by name in lists, and what transformations make of them. */
#ifndef WAF_VALUE_H
#define WAF_VALUE_H

#include <weir_base.h>

struct weir_waf;
struct weir_waf_tx;
struct waf_group;
struct waf_hits;
struct waf_json_names;
struct waf_view;
struct waf_way;

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
	struct waf_entry *first, *last;
	struct waf_entry *screened; /* the last one that has been */
	uint32_t n;                 /* that were added; more than there are entries of */
};

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
/* Takes views that live as long as the transaction; what no rule asks for is only counted. False:
 * no memory, or no time. */
bool waf_list_add(struct weir_waf_tx *tx, unsigned int list, struct weir_bytes name,
		  struct weir_bytes value);
void waf_list_number(struct weir_waf_tx *tx, unsigned int list, uint64_t number);
struct weir_bytes waf_number_text(struct weir_waf_tx *tx, int64_t number);
int64_t waf_text_number(struct weir_bytes text);

#endif
