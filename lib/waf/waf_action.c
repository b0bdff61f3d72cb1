/* SPDX-License-Identifier: BSD-3-Clause */
/* What a rule does at each match, in the order in which it is written (non-disruptive actions). */
#include "waf_body.h"
#include "waf_tx.h"

static void expire(struct weir_waf_tx *tx, const struct waf_action *a)
{
	struct waf_record *r;
	int64_t seconds;

	if (a->collection == WEIR_SEC_V_TX)
		return; /* it ends before */
	r = tx->store[waf_store_index(a->collection)];
	seconds = waf_text_number(waf_expand(tx, &a->value));
	if (r && seconds > 0 && seconds < INT32_MAX)
		waf_record_expire(r, waf_expand(tx, &a->name),
				  tx->begin.unix_ns + (uint64_t)seconds * WEIR_NS_PER_S);
}

/* setsid and setuid name the client's session and user, too. */
static void name_owner(struct weir_waf_tx *tx, uint8_t collection, struct weir_bytes key)
{
	if (collection == WEIR_SEC_V_SESSION)
		waf_set_bytes(tx, WEIR_SEC_V_SESSIONID, weir_arena_copy(&tx->arena, key));
	else if (collection == WEIR_SEC_V_USER)
		waf_set_bytes(tx, WEIR_SEC_V_USERID, weir_arena_copy(&tx->arena, key));
}

/* The first opening counts, as in ModSecurity. */
static void open_collection(struct weir_waf_tx *tx, const struct waf_action *a)
{
	int i = waf_store_index(a->collection);
	struct weir_bytes key;

	if (tx->store[i])
		return;
	key = waf_expand(tx, &a->value);
	tx->store[i] = waf_store_open(tx->worker->store, a->collection, key, tx->begin.unix_ns,
				      tx->waf->settings->collection_timeout_s);
	name_owner(tx, a->collection, key);
}

void waf_act(struct weir_waf_tx *tx, const struct waf_rule *rule)
{
	for (unsigned int i = 0; i < rule->n_actions; i++) {
		const struct waf_action *a = &rule->action[i];

		switch ((enum waf_do)a->kind) {
		case WAF_DO_SETVAR:
			if (!rule->detect_only)
				waf_set_variable(tx, a);
			break;
		case WAF_DO_EXPIREVAR:
			expire(tx, a);
			break;
		case WAF_DO_INITCOL:
			open_collection(tx, a);
			break;
		case WAF_DO_CTL:
			waf_ctl(tx, a);
			break;
		}
	}
}
