/* SPDX-License-Identifier: BSD-3-Clause */
/* The compiled form against the naive decider, on random policies and random flows. */
#include "fixture.h"
#include "random_policy.h"

#include <stdio.h>
#include <time.h>

#define ADDRESSES 1000

static const struct random_cfg sizes[] = {
	/* The size that issue 2 names. */
	{1, 1000, 20000, 10000, WEIR_VERDICT_DENY, WEIR_VERDICT_DROP, false, true},
	{2, 40, 200, 150, WEIR_VERDICT_ALLOW, WEIR_VERDICT_ALLOW, true, true},
	{3, 5, 12, 60, WEIR_VERDICT_DROP, WEIR_VERDICT_DENY, true, true},
	{4, 3, 4, 4, WEIR_VERDICT_ALLOW, WEIR_VERDICT_DROP, false, false},
};
/* Of each size; 56,000 in all. */
static const unsigned int flows[] = {50000, 2000, 2000, 2000};

struct asking {
	struct loaded l;
	struct ref_policy ref;
	struct dice dice;
	struct weir_addr addr[ADDRESSES];
	uint8_t *member[ADDRESSES];
	unsigned int seen[WEIR_DROP_END], would_deny;
};

static double ms_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - begin->tv_nsec) / 1e6;
}

static void pick_addresses(struct asking *a)
{
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		uint32_t p = dice_below(&a->dice, a->ref.n_prefixes);

		a->addr[i] = dice_one_in(&a->dice, 4)
				     ? random_addr(&a->dice)
				     : random_addr_in(&a->dice, &a->ref.prefixes[p]);
		a->member[i] = ref_membership(&a->ref, &a->addr[i]);
	}
}

static void begin(struct asking *a, const struct random_cfg *cfg)
{
	struct weir_buf yaml = {0};
	struct weir_policy_size size;
	struct timespec start;

	random_policy(cfg, &a->ref, &yaml);
	a->dice = (struct dice){cfg->seed + 1000};
	clock_gettime(CLOCK_MONOTONIC, &start);
	a->l = load(yaml.ptr);
	ck_assert_msg(a->l.policy != NULL, "%.2000s", a->l.text.ptr);
	size = weir_policy_size(a->l.policy);
	printf("%u groups, %u prefixes, %u rules: %.0f ms from %zu KiB of YAML, %zu KiB compiled\n",
	       size.groups, size.prefixes, size.rules, ms_since(&start), yaml.len >> 10,
	       (size_t)size.bytes >> 10);
	weir_buf_fini(&yaml);
	pick_addresses(a);
}

static void end(struct asking *a)
{
	for (unsigned int i = 0; i < ADDRESSES; i++)
		free(a->member[i]);
	ref_fini(&a->ref);
	unload(&a->l);
}

/* Protocol and port of some rule as often as not, and one beside its ranges. */
static void pick_port(struct asking *a, struct weir_policy_query *q)
{
	static const uint8_t protos[] = {1, 6, 6, 6, 17, 17, 58, 132, 47, 0, 255};
	const struct ref_rule *r = &a->ref.rules[dice_below(&a->dice, a->ref.n_rules)];

	q->proto = protos[dice_below(&a->dice, WEIR_ARRAY_LEN(protos))];
	q->dport = (uint16_t)dice_below(&a->dice, dice_one_in(&a->dice, 2) ? 64 : 65536);
	if (r->n_proto && dice_one_in(&a->dice, 2))
		q->proto = r->proto[dice_below(&a->dice, r->n_proto)];
	if (r->n_range && dice_one_in(&a->dice, 2))
		q->dport = (uint16_t)(r->range[0].hi + dice_below(&a->dice, 3) - 1);
	if (q->proto != 6 && q->proto != 17 && q->proto != 132)
		q->dport = q->proto == 1 || q->proto == 58 ? q->dport & 255 : 0;
}

static void check_one(struct asking *a)
{
	uint32_t s = dice_below(&a->dice, ADDRESSES), t = dice_below(&a->dice, ADDRESSES);
	struct weir_policy_query q = {.src = a->addr[s], .dst = a->addr[t]};
	struct weir_policy_decision d;
	struct ref_decision ref;
	char expected[128];
	struct decision_text text;

	pick_port(a, &q);
	weir_policy_decide(a->l.policy, &q, &d);
	ref = ref_decide(&a->ref,
			 &(struct ref_query){a->member[s], a->member[t], q.proto, q.dport});
	a->seen[ref.reason]++;
	a->would_deny += ref.would_deny;
	snprintf(expected, sizeof(expected), "%s %s/%s %s%s%s%s", weir_verdict_name(ref.verdict),
		 ref.policy, ref.rule, weir_drop_name(ref.reason), ref.inspect ? " inspect" : "",
		 ref.keep ? " keep" : "", ref.would_deny ? " would_deny" : "");
	describe(a->l.names, &d, &text);
	if (strcmp(text.is, expected) != 0) {
		char from[WEIR_ADDR_TEXT], to[WEIR_ADDR_TEXT];

		ck_abort_msg("%s to %s, protocol %u, port %u: %s, but the reference: %s",
			     weir_addr_format(&q.src, from), weir_addr_format(&q.dst, to), q.proto,
			     q.dport, text.is, expected);
	}
}

START_TEST(compiled_policies_decide_as_a_linear_scan_does)
{
	static struct asking a;

	memset(&a, 0, sizeof(a));
	begin(&a, &sizes[_i]);
	for (unsigned int i = 0; i < flows[_i]; i++)
		check_one(&a);
	/* The comparison must have had something to compare. */
	ck_assert_uint_gt(a.seen[WEIR_DROP_NONE], flows[_i] / 100);
	ck_assert_uint_gt(a.seen[WEIR_DROP_POLICY_DENY] + a.seen[WEIR_DROP_POLICY_DROP], 10);
	if (_i == 0) {
		ck_assert_uint_gt(a.seen[WEIR_DROP_DEFAULT_DENY], 100);
		ck_assert_uint_gt(a.seen[WEIR_DROP_UNKNOWN_PROTOCOL], 100);
		ck_assert_uint_gt(a.seen[WEIR_DROP_POLICY_DROP], 100);
		ck_assert_uint_gt(a.would_deny, 100);
	}
	end(&a);
}
END_TEST

/* ---- the worst that fits ---- */

START_TEST(many_rules_between_one_pair_of_groups_keep_their_order)
{
	struct weir_buf yaml = {0};
	struct loaded l;

	weir_buf_str(&yaml, "kind: Defaults\n");
	for (unsigned int i = 0; i < 3000; i++)
		weir_buf_printf(&yaml,
				"---\nkind: AccessPolicy\nmetadata: { name: p%u }\n"
				"spec: { priority: %u, protocol: [tcp, udp], ports: [ %u-%u ], "
				"action: allow }\n",
				i, 3000 - i, i, 2 * i + 1);
	l = load_good(yaml.ptr);
	/* Later documents have the lower number here: the widest range that holds a port is asked
	 * last, the one that begins at it first. */
	for (unsigned int port = 0; port < 6000; port += 7) {
		char expected[64];
		unsigned int policy = port < 3000 ? port : 2999;

		snprintf(expected, sizeof(expected), "allow p%u/ none", policy);
		check_decides(&l, "10.0.0.1", "fd00::1", port % 2 ? TCP : UDP, (uint16_t)port,
			      expected);
	}
	check_decides(&l, "10.0.0.1", "10.0.0.2", TCP, 6000, "deny default/ no_policy");
	unload(&l);
	weir_buf_fini(&yaml);
}
END_TEST

START_TEST(more_combinations_than_fit_are_refused_with_the_rule_that_is_too_much)
{
	struct weir_buf yaml = {0}, list = {0};
	struct loaded l;

	for (unsigned int i = 0; i < 1200; i++)
		weir_buf_printf(&list, "%s10.0.%u.%u", i ? ", " : "", i >> 8, i & 255);
	for (unsigned int i = 0; i < 3; i++)
		weir_buf_printf(&yaml,
				"%skind: AccessPolicy\nmetadata: { name: p%u }\n"
				"spec:\n  from: [%s]\n  to: [%s]\n  action: allow\n",
				i ? "---\n" : "", i, list.ptr, list.ptr);
	l = load(yaml.ptr);
	ck_assert_ptr_null(l.policy);
	ck_assert_str_eq(
		l.text.ptr,
		"t:11:3: error: this rule's from, to, protocol, ports, names and identities make "
		"over 2000000 combinations together with those of the rules before; put addresses "
		"into Groups\n");
	unload(&l);
	weir_buf_fini(&yaml);
	weir_buf_fini(&list);
}
END_TEST

Suite *compile_suite(void)
{
	Suite *s =
		WEIR_SUITE("policy compile", many_rules_between_one_pair_of_groups_keep_their_order,
			   more_combinations_than_fit_are_refused_with_the_rule_that_is_too_much);
	TCase *c = tcase_create("against the reference");

	tcase_set_timeout(c, 110);
	tcase_add_loop_test(c, compiled_policies_decide_as_a_linear_scan_does, 0,
			    (int)WEIR_ARRAY_LEN(sizes));
	suite_add_tcase(s, c);
	return s;
}
