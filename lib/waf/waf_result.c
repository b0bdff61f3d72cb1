/* SPDX-License-Identifier: BSD-3-Clause */
/* What came of a transaction: matches as they are told, scores, the verdict. */
#include "waf_tx.h"

#define VALUE_MAX 1024

static const char *const verdict_names[] = {
	[WEIR_WAF_PASS] = "pass", [WEIR_WAF_DENY] = "deny",     [WEIR_WAF_REDIRECT] = "redirect",
	[WEIR_WAF_DROP] = "drop", [WEIR_WAF_LIMIT] = "limit",   [WEIR_WAF_BUDGET] = "budget",
	[WEIR_WAF_MORE] = "more", [WEIR_WAF_MEMORY] = "memory",
};

const char *weir_waf_verdict_name(enum weir_waf_verdict v)
{
	return verdict_names[v];
}

static struct weir_bytes cut(struct weir_bytes b)
{
	if (b.len > VALUE_MAX)
		b.len = VALUE_MAX;
	return b;
}

#define EACH_BYTE(c) ((c)*0x0101010101010101ULL)

/* Whether a byte is zero is told by its top bit, which borrows; likewise below 0x20. */
static bool has_control(uint64_t eight)
{
	uint64_t del = eight ^ EACH_BYTE(0x7fULL);

	return (((eight - EACH_BYTE(0x20ULL)) & ~eight) | ((del - EACH_BYTE(1ULL)) & ~del)) &
	       EACH_BYTE(0x80ULL);
}

static size_t escaped_len(struct weir_bytes b)
{
	size_t plain = 0, len;
	uint64_t eight;

	for (; plain + sizeof(eight) <= b.len; plain += sizeof(eight)) {
		memcpy(&eight, b.ptr + plain, sizeof(eight));
		if (has_control(eight))
			break;
	}
	len = plain;
	for (size_t i = plain; i < b.len; i++)
		len += b.ptr[i] >= 0x20 && b.ptr[i] != 0x7f ? 1 : 4;
	return len;
}

/* Control characters come out as \xHH: what is told stands in one line. */
static struct weir_bytes escaped(struct weir_waf_tx *tx, struct weir_bytes b)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = escaped_len(b);
	uint8_t *out, *at;

	if (len == b.len)
		return b;
	out = at = weir_arena_alloc(&tx->arena, len);
	for (size_t i = 0; out && i < b.len; i++) {
		uint8_t c = b.ptr[i];

		if (c >= 0x20 && c != 0x7f) {
			*at++ = c;
			continue;
		}
		*at++ = '\\';
		*at++ = 'x';
		*at++ = (uint8_t)digits[c >> 4];
		*at++ = (uint8_t)digits[c & 15];
	}
	return weir_bytes_of(out, out ? len : 0);
}

/* A chain tells what its starter says, of what matched last. */
void waf_record_match(struct weir_waf_tx *tx, const struct waf_rule *rule)
{
	struct weir_waf_match *m;

	if (!tx->match)
		tx->match = weir_arena_alloc(&tx->arena, WAF_MATCHES_MAX * sizeof(*tx->match));
	if (!tx->match || tx->n_matches == WAF_MATCHES_MAX) {
		tx->matches_lost++;
		return;
	}
	m = &tx->match[tx->n_matches++];
	*m = (struct weir_waf_match){
		.id = rule->sec->id,
		.severity = rule->sec->severity,
		.phase = tx->phase,
		.logged = rule->sec->log,
		.detect_only = rule->detect_only,
		.msg = escaped(tx, waf_expand(tx, &rule->msg)),
		.data = escaped(tx, cut(waf_expand(tx, &rule->logdata))),
		.value = cut(tx->matched.value),
		.rule = rule->sec,
	};
	if (rule->op)
		m->target = escaped(tx, waf_seen_name(tx, tx->matched.variable, tx->matched.count,
						      tx->matched.name));
}

int32_t waf_score(const struct weir_waf_tx *tx, unsigned int i)
{
	uint16_t number = tx->waf->scores[i];
	int64_t n = number == WAF_NO_NAME ? 0 : waf_tx_number(tx, number);

	return n > INT32_MAX ? INT32_MAX : (int32_t)n;
}

void weir_waf_tx_result(const struct weir_waf_tx *tx, struct weir_waf_result *out)
{
	*out = (struct weir_waf_result){
		.verdict = (enum weir_waf_verdict)tx->verdict,
		.would = (enum weir_waf_verdict)(tx->verdict ? tx->verdict : tx->would),
		.status = tx->status,
		.phase = tx->decided_phase,
		.rule = tx->deciding,
		.location = tx->location,
		.inbound_score = tx->inbound_score,
		.outbound_score = waf_score(tx, 1),
		.request_partial = tx->body_partial,
		.response_partial = tx->response_partial,
		.matches = tx->match,
		.n_matches = tx->n_matches,
		.matches_lost = tx->matches_lost,
	};
}

uint64_t weir_waf_tx_id(const struct weir_waf_tx *tx)
{
	return tx->begin.id;
}

void weir_waf_tx_work(const struct weir_waf_tx *tx, struct weir_waf_work *out)
{
	*out = tx->work;
}

void waf_explain(struct weir_waf_tx *tx, const struct waf_rule *rule, const char *outcome,
		 const struct waf_seen *seen, struct weir_bytes value)
{
	const struct waf_rule *starter = tx->waf->rule[rule->number];
	struct weir_waf_explained e = {
		.rule = starter->sec->id,
		.phase = tx->phase,
		.outcome = outcome,
		.value = cut(value),
	};

	for (const struct waf_rule *r = starter; r != rule; r = r->next)
		e.link++;
	if (seen)
		e.target = waf_seen_name(tx, seen->variable, seen->count, seen->name);
	tx->begin.explain(tx->begin.explain_ctx, &e);
}
