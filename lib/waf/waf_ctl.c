/* SPDX-License-Identifier: BSD-3-Clause */
/* What a matching rule changes for the rest of its transaction: ctl, and which targets it takes. */
#include "waf_body.h"
#include "waf_cond.h"
#include "waf_tx.h"

static void remove_rules(struct weir_waf_tx *tx, const uint64_t *rules)
{
	size_t words = waf_words(tx->waf->n_rules);

	if (!tx->removed)
		tx->removed = weir_arena_zalloc(&tx->arena, words * sizeof(*tx->removed));
	for (size_t i = 0; tx->removed && i < words; i++)
		tx->removed[i] |= rules[i];
}

static void remove_target(struct weir_waf_tx *tx, const struct waf_action *a)
{
	struct waf_untarget *u = weir_arena_alloc(&tx->arena, sizeof(*u));

	if (!u)
		return;
	*u = (struct waf_untarget){.next = tx->untargets, .rules = a->rules, .target = &a->target};
	tx->untargets = u;
}

static const char *const processors[] = {
	[WEIR_SEC_BODY_NONE] = "",
	[WEIR_SEC_BODY_URLENCODED] = "URLENCODED",
	[WEIR_SEC_BODY_MULTIPART] = "MULTIPART",
	[WEIR_SEC_BODY_JSON] = "JSON",
	[WEIR_SEC_BODY_XML] = "XML",
	[WEIR_SEC_BODY_GRPC] = "GRPC",
};

/* REQBODY_PROCESSOR is filled in before phase 1 and may be changed in it. */
void waf_set_processor(struct weir_waf_tx *tx, uint8_t processor)
{
	tx->processor = processor;
	waf_set_bytes(tx, WEIR_SEC_V_REQBODY_PROCESSOR, weir_bytes_str(processors[processor]));
}

void waf_ctl(struct weir_waf_tx *tx, const struct waf_action *a)
{
	switch ((enum weir_sec_ctl_kind)a->ctl) {
	case WEIR_SEC_CTL_AUDIT_ENGINE:
	case WEIR_SEC_CTL_AUDIT_LOG_PARTS:
		break;
	case WEIR_SEC_CTL_FORCE_REQUEST_BODY_VARIABLE:
		tx->force_body = a->number != 0;
		break;
	case WEIR_SEC_CTL_REQUEST_BODY_ACCESS:
		tx->body_access = a->number != 0;
		break;
	case WEIR_SEC_CTL_REQUEST_BODY_LIMIT:
		tx->body_limit = (uint64_t)a->number;
		break;
	case WEIR_SEC_CTL_REQUEST_BODY_PROCESSOR:
		waf_set_processor(tx, (uint8_t)a->number);
		break;
	case WEIR_SEC_CTL_RESPONSE_BODY_ACCESS:
		tx->response_access = a->number != 0;
		break;
	case WEIR_SEC_CTL_RESPONSE_BODY_LIMIT:
		tx->response_limit = (uint64_t)a->number;
		break;
	case WEIR_SEC_CTL_RULE_ENGINE:
		if (tx->waf->options.mode == WEIR_WAF_AS_RULES || a->number == WEIR_SEC_OFF)
			tx->engine = (uint8_t)a->number;
		break;
	case WEIR_SEC_CTL_RULE_REMOVE_BY_ID:
	case WEIR_SEC_CTL_RULE_REMOVE_BY_TAG:
	case WEIR_SEC_CTL_RULE_REMOVE_BY_MSG:
		remove_rules(tx, a->rules);
		break;
	case WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID:
	case WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_TAG:
	case WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_MSG:
		remove_target(tx, a);
		break;
	}
}

/* ---- targets ---- */

/* Text has a name that no attribute can have (waf_body.c). */
static bool is_xml_text(const struct waf_seen *seen)
{
	return weir_bytes_is_case(seen->name, WAF_XML_TEXT);
}

static bool begins_with(struct weir_bytes name, struct weir_bytes prefix)
{
	return name.len >= prefix.len &&
	       weir_bytes_equal_case(weir_bytes_of(name.ptr, prefix.len), prefix);
}

bool waf_target_takes(struct weir_waf_tx *tx, const struct waf_target *t,
		      const struct waf_seen *seen)
{
	if (t->variable != seen->variable)
		return false;
	switch ((enum weir_sec_selector)t->selector) {
	case WEIR_SEC_NAME:
		return weir_bytes_equal_case(t->name, seen->name);
	case WEIR_SEC_REGEX:
		if (t->prefix.len)
			return begins_with(seen->name, t->prefix);
		return (!t->part.len || waf_literal_in(seen->name, t->part)) &&
		       (t->is_part || waf_op_run(t->regex, tx->part->ops, seen->name,
						 (struct weir_bytes){0}, NULL) == WAF_MATCH);
	case WEIR_SEC_XML_TEXT:
		return is_xml_text(seen);
	case WEIR_SEC_XML_ATTRS:
		return !is_xml_text(seen);
	case WEIR_SEC_ALL:
		break;
	}
	return true;
}

bool waf_is_untargeted(struct weir_waf_tx *tx, const struct waf_rule *rule,
		       const struct waf_seen *seen)
{
	for (const struct waf_untarget *u = tx->untargets; u; u = u->next)
		if (waf_word_has(u->rules, rule->number) && waf_target_takes(tx, u->target, seen))
			return true;
	return false;
}
