/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @rx: PCRE2 as ModSecurity v2 uses it: a dot matches line ends, `$` only the very end, bytes are
 * no UTF-8. Expressions are machine code but for those that have macros, which are known only with
 * a transaction: a worker compiles these itself, into a region of its own.
 */
#include <stdlib.h>

#include "waf_op_impl.h"

#define RX_OPTIONS    (PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF)
#define REGION_BYTES  (256 << 10)
#define LITERALS_MAX  512
#define MESSAGE_BYTES 128

/* ---- compiling ---- */

static void report(const struct op_source *from, int error, size_t offset)
{
	PCRE2_UCHAR text[MESSAGE_BYTES];

	pcre2_get_error_message(error, text, sizeof(text));
	weir_conf_error(from->report, from->pos, "the expression is wrong at offset %zu: %s",
			offset, (const char *)text);
}

bool waf_rx_compile(struct waf_op *op, const struct op_source *from, struct weir_bytes pattern,
		    uint32_t options)
{
	size_t offset, size = 0, jit_size = 0;
	int error;

	op->rx.match_limit = from->cfg->match_limit;
	op->rx.limit_grows = from->cfg->limit_grows;
	op->rx.depth_limit = from->cfg->depth_limit;
	op->rx.code = pcre2_compile(pattern.len ? pattern.ptr : (PCRE2_SPTR) "", pattern.len,
				    options | PCRE2_USE_OFFSET_LIMIT, &error, &offset, NULL);
	if (!op->rx.code) {
		report(from, error, offset);
		return false;
	}
	op->rx.jit = pcre2_jit_compile(op->rx.code, PCRE2_JIT_COMPLETE) == 0;
	op->rx.slices =
		waf_rx_can_be_sliced(pattern) &&
		(!op->rx.jit || pcre2_jit_compile(op->rx.code, PCRE2_JIT_PARTIAL_HARD) == 0);
	if (!op->rx.jit)
		weir_conf_warning(from->report, from->pos,
				  "the expression cannot be machine code: it is matched slowly");
	pcre2_pattern_info(op->rx.code, PCRE2_INFO_SIZE, &size);
	pcre2_pattern_info(op->rx.code, PCRE2_INFO_JITSIZE, &jit_size);
	op->bytes += size + jit_size;
	return true;
}

void waf_rx_free(struct waf_op *op)
{
	pcre2_code_free(op->rx.code);
	op->rx.code = NULL;
}

static bool create(struct waf_op *op, const struct op_source *from)
{
	if (op->has_macro) {
		op->rx.match_limit = from->cfg->match_limit;
		op->rx.depth_limit = from->cfg->depth_limit;
		return true;
	}
	op->rx.whole = weir_bytes_is(op->argument, "^.*$");
	op->rx.first = weir_bytes_is(op->argument, ".");
	return waf_rx_compile(op, from, op->argument, RX_OPTIONS);
}

/* ---- compiling while a worker waits ---- */

static void *region_take(PCRE2_SIZE bytes, void *data)
{
	struct op_region *r = data;
	size_t need = (bytes + 15) & ~(size_t)15;
	void *at = r->base + r->used;

	if (need < bytes || r->room - r->used < need)
		return NULL;
	r->used += need;
	return at;
}

static void region_give(void *at, void *data)
{
}

struct op_compiled *waf_rx_compiled_create(void)
{
	struct op_compiled *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->region.base = malloc(REGION_BYTES);
	c->region.room = c->region.base ? REGION_BYTES : 0;
	c->memory = pcre2_general_context_create(region_take, region_give, &c->region);
	c->context = c->memory ? pcre2_compile_context_create(c->memory) : NULL;
	if (!c->context) {
		waf_rx_compiled_destroy(c);
		return NULL;
	}
	c->region.kept = c->region.used;
	return c;
}

void waf_rx_compiled_destroy(struct op_compiled *c)
{
	if (!c)
		return;
	free(c->region.base);
	free(c);
}

/* Text and code into the region, instead of what was there. 0, or what PCRE2 says. */
static int compile_now(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes text)
{
	struct op_compiled *c = s->compiled;
	size_t offset;
	uint8_t *at;
	int error = PCRE2_ERROR_NOMEMORY;

	c->op = NULL;
	c->region.used = c->region.kept;
	at = region_take(text.len, &c->region);
	if (!at)
		return error;
	if (text.len)
		memcpy(at, text.ptr, text.len);
	c->text = weir_bytes_of(at, text.len);
	s->n_compiled++;
	c->code = pcre2_compile(at, text.len, RX_OPTIONS, &error, &offset, c->context);
	if (!c->code)
		return error;
	c->match_data = pcre2_match_data_create(WAF_CAPTURES, c->memory);
	if (!c->match_data)
		return PCRE2_ERROR_NOMEMORY;
	c->op = op;
	return 0;
}

/* ---- matching ---- */

void waf_rx_set_limits(const struct waf_op *op, struct waf_scratch *s, uint32_t limit)
{
	uint32_t depth = op->rx.depth_limit;

	if (weir_likely(s->match_limit == limit && s->depth_limit == depth))
		return;
	pcre2_set_match_limit(s->match_context, limit ? limit : UINT32_MAX);
	pcre2_set_depth_limit(s->match_context, depth ? depth : UINT32_MAX);
	s->match_limit = limit;
	s->depth_limit = depth;
}

/* PCRE2 wants an address, even of no bytes. */
static PCRE2_SPTR subject(struct weir_bytes value)
{
	return value.ptr ? value.ptr : (PCRE2_SPTR) "";
}

int waf_rx_match_once(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
		      size_t offset, uint32_t options)
{
	if (weir_likely(op->rx.jit))
		return pcre2_jit_match(op->rx.code, subject(value), value.len, offset, options,
				       s->match_data, s->match_context);
	return pcre2_match(op->rx.code, subject(value), value.len, offset, options, s->match_data,
			   s->match_context);
}

/* A lazy dot counts each byte. */
uint32_t waf_rx_limit(const struct waf_op *op, struct weir_bytes value)
{
	uint64_t look = 2 * (uint64_t)value.len;

	if (weir_likely(!op->rx.limit_grows || look <= op->rx.match_limit))
		return op->rx.match_limit;
	return look < UINT32_MAX / 2 ? (uint32_t)look : UINT32_MAX / 2;
}

int waf_rx_match(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
		 size_t offset, uint32_t options)
{
	if (weir_unlikely(s->clock && s->clock->until && op->rx.slices &&
			  value.len - offset > OP_SLICE_FROM))
		return waf_rx_match_slices(op, s, value, offset, options);
	waf_rx_set_limits(op, s, waf_rx_limit(op, value));
	return waf_rx_match_once(op, s, value, offset, options);
}

/* The contract's third outcome stands for all that kept PCRE2 from telling. */
enum waf_outcome waf_rx_outcome(int rc)
{
	if (rc >= 0)
		return WAF_MATCH;
	return rc == PCRE2_ERROR_NOMATCH ? WAF_NO_MATCH : WAF_LIMIT;
}

/*
 * Deviation: of an expression with ten groups or more ModSecurity v2 captures none; here the whole
 * and the first nine are told.
 */
static void take_captures(pcre2_match_data *data, int rc, struct weir_bytes value,
			  struct waf_op_match *want)
{
	const PCRE2_SIZE *place = pcre2_get_ovector_pointer(data);
	uint8_t n = rc ? (uint8_t)rc : WAF_CAPTURES;

	for (uint8_t i = 0; i < n; i++) {
		size_t start = place[2 * i], end = place[2 * i + 1];

		/* \K in a look-ahead can put the start behind the end. */
		if (start == PCRE2_UNSET || start > end)
			want->capture[i] = (struct weir_bytes){0};
		else
			want->capture[i] = weir_bytes_of(subject(value) + start, end - start);
	}
	want->n_captures = n;
}

/* Interpreted, with frames from the region, too. As in ModSecurity v2, a text that is no expression
 * matches nothing. */
static enum waf_outcome run_macro(const struct waf_op *op, struct waf_scratch *s,
				  struct weir_bytes value, struct weir_bytes text,
				  struct waf_op_match *want)
{
	struct op_compiled *c = s->compiled;
	int rc = 0;

	if (c->op != op || !weir_bytes_equal(c->text, text))
		rc = compile_now(op, s, text);
	if (rc)
		return rc == PCRE2_ERROR_NOMEMORY || rc == PCRE2_ERROR_HEAP_FAILED ? WAF_LIMIT
										   : WAF_NO_MATCH;
	waf_rx_set_limits(op, s, op->rx.match_limit);
	rc = pcre2_match(c->code, subject(value), value.len, 0, 0, c->match_data, s->match_context);
	if (rc >= 0 && want)
		take_captures(c->match_data, rc, value, want);
	return waf_rx_outcome(rc);
}

/* The value's first `len` bytes match. */
static enum waf_outcome take_plainly(struct weir_bytes value, size_t len, struct waf_op_match *want)
{
	if (want)
		*want = (struct waf_op_match){
			.capture = {weir_bytes_of(subject(value), len)},
			.n_captures = 1,
		};
	return WAF_MATCH;
}

static enum waf_outcome run(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
			    struct weir_bytes argument, struct waf_op_match *want)
{
	int rc;

	if (op->has_macro)
		return run_macro(op, s, value, argument, want);
	if (op->rx.whole || (op->rx.first && value.len))
		return take_plainly(value, op->rx.whole ? value.len : 1, want);
	rc = waf_rx_match(op, s, value, 0, 0);
	if (rc >= 0 && want)
		take_captures(s->match_data, rc, value, want);
	return waf_rx_outcome(rc);
}

static int need(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	if (op->has_macro)
		return 0;
	return waf_need_of_regex(op->argument, false, LITERALS_MAX, a, out);
}

const struct op_kind waf_kind_rx = {
	.create = create, .destroy = waf_rx_free, .run = run, .need = need};
