/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An operator out of the input, asked about the rest of it: the first byte names the operator, the
 * second says how long its argument is and whether it is a macro's. What it matches meets its
 * condition; asked twice it answers the same; what is captured stands in the value.
 */
#include <stdlib.h>

#include <waf_op.h>

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	enum weir_sec_operator op;
	bool macro;
	struct weir_bytes argument, value;
};

static bool read_input(const uint8_t *data, size_t size, struct input *in)
{
	size_t len;

	if (size < 2)
		return false;
	in->op = data[0] % WEIR_SEC_O_END;
	in->macro = data[1] & 0x80;
	len = data[1] & 0x7f;
	if (len > size - 2)
		len = size - 2;
	in->argument = weir_bytes_of(data + 2, len);
	in->value = weir_bytes_of(data + 2 + len, size - 2 - len);
	return true;
}

static uint32_t split(struct weir_bytes text, struct weir_bytes words[WORDS_MAX])
{
	uint32_t n = 0;

	for (size_t i = 0; i < text.len && n < WORDS_MAX; i++) {
		size_t start = i;

		while (i < text.len && text.ptr[i] != ' ')
			i++;
		words[n++] = weir_bytes_of(text.ptr + start, i - start);
	}
	return n;
}

static struct waf_op *create(const struct input *in, struct weir_arena *a,
			     struct weir_conf_report *r)
{
	struct waf_op_cfg cfg = {.match_limit = 2000, .depth_limit = 2000};
	struct weir_sec_test test = {.op = (uint8_t)in->op};
	struct weir_bytes words[WORDS_MAX];

	test.argument.source = in->argument;
	test.argument.has_macro = in->macro;
	test.phrases = words;
	test.n_phrases = split(in->argument, words);
	return waf_op_create(&test, &cfg, (struct weir_conf_pos){.file = "fuzz"}, a, r);
}

static void check_captures(const struct input *in, const struct waf_op_match *m)
{
	if (m->n_captures > WAF_CAPTURES)
		abort();
	for (unsigned int i = 0; i < m->n_captures; i++) {
		struct weir_bytes c = m->capture[i];

		if (!c.ptr || !c.len || in->op == WEIR_SEC_O_DETECTSQLI)
			continue;
		if (c.ptr < in->value.ptr || c.ptr + c.len > in->value.ptr + in->value.len)
			abort();
	}
}

static void ask(const struct input *in, const struct waf_op *op, struct waf_scratch *s,
		struct weir_arena *a)
{
	struct waf_op_match match;
	enum waf_outcome first = waf_op_run(op, s, in->value, in->argument, &match);
	enum waf_outcome second = waf_op_run(op, s, in->value, in->argument, NULL);
	struct waf_need need;

	if (first != second || (first != WAF_MATCH && match.n_captures))
		abort();
	check_captures(in, &match);
	if (waf_op_need(op, a, &need) != 0)
		return;
	if (first == WAF_MATCH && !waf_need_is_met(&need, in->value))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_conf_report *r;
	struct waf_scratch *s;
	struct weir_arena a;
	struct waf_op *op;
	struct input in;

	if (!read_input(data, size, &in))
		return 0;
	r = weir_conf_report_create();
	weir_arena_init(&a, &weir_arena_malloc, 8 << 20);
	op = create(&in, &a, r);
	s = op ? waf_scratch_create(&op, 1) : NULL;
	if (s)
		ask(&in, op, s, &a);
	waf_scratch_destroy(s);
	waf_op_destroy(op);
	weir_arena_reset(&a);
	weir_conf_report_destroy(r);
	return 0;
}
