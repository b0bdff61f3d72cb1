/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that ask for names and identities, found by lookups: against plain lists of texts that are
 * compared one after the other, on random policies, and what a decision costs among thousands.
 */
#include "fixture.h"
#include "random_policy.h"

#include <stdio.h>
#include <time.h>

#define RULES      40
#define LISTED_MAX 4
#define PORTS      8

/* ---- a policy as plain lists ---- */

enum action { ALLOW, DENY };

struct plain_rule {
	char name[16];
	uint32_t priority, place;
	bool detect;
	enum action action;
	unsigned int lo, hi;
	bool from_any, to_any;
	bool asks_name, any_hello, missing_sni;
	char names[LISTED_MAX][64];
	unsigned int n_names;
	char ids[LISTED_MAX][64];
	unsigned int n_ids;
};

struct plain_policy {
	struct plain_rule rules[RULES];
	unsigned int n;
};

/* What a client shows. */
struct client {
	bool from, to; /* in the groups */
	uint16_t port;
	const struct weir_policy_name *name;
	const struct weir_policy_identity *id;
};

static bool is_below(const char *host, size_t len, const char *wanted)
{
	size_t tail = strlen(wanted) - 1; /* behind the '*' */

	return len > tail && memcmp(host + len - tail, wanted + 1, tail) == 0;
}

static bool is_host(const char *host, size_t len, const char *wanted)
{
	return wanted[0] == '*' ? is_below(host, len, wanted)
				: strlen(wanted) == len && memcmp(host, wanted, len) == 0;
}

static bool name_fits(const struct plain_rule *r, const struct weir_policy_name *name)
{
	if (!r->asks_name || !name)
		return true;
	if (name->state == WEIR_NAME_MISSING)
		return r->any_hello || r->missing_sni;
	if (name->state != WEIR_NAME_GOOD)
		return false;
	for (unsigned int i = 0; i < r->n_names; i++)
		if (is_host(name->text, strlen(name->text), r->names[i]))
			return true;
	return r->any_hello;
}

/* A SPIFFE ID, segment by segment from the left. */
static bool is_spiffe(const char *id, const char *wanted)
{
	while (*id && *wanted) {
		size_t n = strcspn(id, "/"), m = strcspn(wanted, "/");

		if (strcmp(wanted, "*") == 0)
			return true;
		if ((m != 1 || *wanted != '*') && (m != n || memcmp(id, wanted, n) != 0))
			return false;
		id += n + (id[n] == '/');
		wanted += m + (wanted[m] == '/');
	}
	return !*id && !*wanted;
}

static bool is_one_of_hosts(const char *id, const char *wanted)
{
	char list[256], *rest = list;

	snprintf(list, sizeof(list), "%s", id + 4);
	for (char *host = strsep(&rest, ","); host; host = strsep(&rest, ","))
		if (is_host(host, strlen(host), wanted))
			return true;
	return false;
}

static bool id_is(const char *id, const char *wanted)
{
	if (strncmp(wanted, "spiffe:", 7) == 0)
		return strncmp(id, "spiffe:", 7) == 0 && is_spiffe(id + 9, wanted + 9);
	if (strncmp(wanted, "dns:", 4) == 0)
		return strncmp(id, "dns:", 4) == 0 && is_one_of_hosts(id, wanted + 4);
	return strcmp(id, wanted) == 0;
}

static bool id_fits(const struct plain_rule *r, const struct weir_policy_identity *id)
{
	bool good = id && id->state == WEIR_IDENTITY_GOOD;

	if (!r->n_ids || !id)
		return true;
	if (!good && id->state != WEIR_IDENTITY_NAMELESS)
		return false;
	for (unsigned int i = 0; i < r->n_ids; i++)
		if (strcmp(r->ids[i], "any") == 0 || (good && id_is(id->text, r->ids[i])))
			return true;
	return false;
}

static const char *const reasons_of_names[] = {
#define REASON(id, text, reason) #reason,
	WEIR_NAME_STATES(REASON)};
static const char *const reasons_of_ids[] = {WEIR_IDENTITY_STATES(REASON)};
#undef REASON

static void lower(const char *in, char out[64])
{
	size_t i = 0;

	for (; in[i]; i++)
		out[i] = (char)(in[i] >= 'A' && in[i] <= 'Z' ? in[i] + 32 : in[i]);
	out[i] = '\0';
}

struct plain_decision {
	const struct plain_rule *rule; /* NULL: none */
	const char *reason;
};

static struct plain_decision plain_decide(const struct plain_policy *p, const struct client *c,
					  bool all)
{
	const char *missed = NULL;

	for (unsigned int i = 0; i < p->n; i++) {
		const struct plain_rule *r = &p->rules[i];

		if ((r->detect && !all) || c->port < r->lo || r->hi < c->port ||
		    !(r->from_any || c->from) || !(r->to_any || c->to))
			continue;
		if (name_fits(r, c->name) && id_fits(r, c->id))
			return (struct plain_decision){
				r, r->action == ALLOW ? "none" : (missed ? missed : "policy_deny")};
		if (!missed)
			missed = !name_fits(r, c->name) ? reasons_of_names[c->name->state]
							: reasons_of_ids[c->id->state];
	}
	return (struct plain_decision){NULL, missed ? missed : "default_deny"};
}

static bool is_allowed(struct plain_decision d)
{
	return d.rule && d.rule->action == ALLOW;
}

static void plain_text(const struct plain_policy *p, const struct client *c, char text[128])
{
	struct plain_decision d = plain_decide(p, c, false), would = plain_decide(p, c, true);
	bool would_deny = is_allowed(d) && !is_allowed(would);
	struct plain_decision told = would_deny ? would : d;
	char reason[64];

	lower(told.reason, reason);
	snprintf(text, 128, "%s %s/ %s%s", is_allowed(d) ? "allow" : "deny",
		 told.rule ? told.rule->name : "default", reason, would_deny ? " would_deny" : "");
}

/* ---- random policies and clients ---- */

static const char *const hosts[] = {"a",     "b.a",   "c.b.a", "d.c.b.a", "x.b.a",
				    "bb.a",  "b.c",   "c",     "a.c",     "a.a.a",
				    "b.b.a", "a-b.a", "ab.a",  "x.c.b.a", "z"};
static const char *const id_hosts[] = {"a", "b.a", "c.b.a", "bb.a", "b.c"};
static const char *const segments[] = {"ns", "a", "b", "sa", "A"};

static const char *any_of(struct dice *d, const char *const *list, size_t n)
{
	return list[dice_below(d, (uint32_t)n)];
}

static void random_pattern_of_host(struct dice *d, const char *scheme, char out[64])
{
	snprintf(out, 64, "%s%s%s", scheme, dice_one_in(d, 3) ? "*." : "",
		 any_of(d, hosts, WEIR_ARRAY_LEN(hosts)));
}

/* `stars` of a hundred segments are '*'. */
static void random_spiffe(struct dice *d, unsigned int stars, char out[64])
{
	unsigned int n = 1 + dice_below(d, 4);

	snprintf(out, 64, "spiffe://%s", dice_one_in(d, 4) ? "t2" : "t1");
	for (unsigned int i = 0; i < n; i++)
		snprintf(out + strlen(out), 64 - strlen(out), "/%s",
			 dice_below(d, 100) < stars
				 ? "*"
				 : any_of(d, segments, WEIR_ARRAY_LEN(segments)));
}

static void random_pattern_of_id(struct dice *d, char out[64])
{
	switch (dice_below(d, 8)) {
	case 0:
		strcpy(out, "any");
		return;
	case 1:
		snprintf(out, 64, "cn:%s", any_of(d, hosts, WEIR_ARRAY_LEN(hosts)));
		return;
	case 2:
	case 3:
		random_pattern_of_host(d, "dns:", out);
		return;
	default:
		random_spiffe(d, 35, out);
	}
}

static struct plain_rule random_rule(struct dice *d, unsigned int place)
{
	struct plain_rule r = {.place = place,
			       .priority = dice_below(d, 3),
			       .detect = dice_one_in(d, 6),
			       .lo = 1 + dice_below(d, PORTS),
			       .from_any = dice_one_in(d, 2),
			       .to_any = dice_one_in(d, 3)};

	snprintf(r.name, sizeof(r.name), "p%u", place);
	r.hi = dice_one_in(d, 2) ? PORTS : r.lo + dice_below(d, PORTS + 1 - r.lo);
	r.asks_name = dice_one_in(d, 2);
	r.any_hello = r.asks_name && dice_one_in(d, 6);
	if (r.asks_name && !r.any_hello)
		r.n_names = 1 + dice_below(d, LISTED_MAX);
	r.missing_sni = r.n_names && dice_one_in(d, 4);
	for (unsigned int i = 0; i < r.n_names; i++)
		random_pattern_of_host(d, "", r.names[i]);
	if (dice_one_in(d, 2))
		r.n_ids = 1 + dice_below(d, LISTED_MAX);
	for (unsigned int i = 0; i < r.n_ids; i++)
		random_pattern_of_id(d, r.ids[i]);
	/* Only what asks for nothing may deny, and few such may stand in the way of the rest. */
	r.action = !r.asks_name && !r.n_ids && dice_one_in(d, 2) ? DENY : ALLOW;
	if (!r.asks_name && !r.n_ids)
		r.hi = r.lo;
	return r;
}

static void write_list(struct weir_buf *yaml, const char *key, char list[][64], unsigned int n)
{
	if (!n)
		return;
	weir_buf_printf(yaml, ", %s: [", key);
	for (unsigned int i = 0; i < n; i++)
		weir_buf_printf(yaml, "%s'%s'", i ? ", " : " ", list[i]);
	weir_buf_str(yaml, " ]");
}

static void write_rule(struct weir_buf *yaml, struct plain_rule *r)
{
	weir_buf_printf(yaml,
			"---\nkind: AccessPolicy\nmetadata: { name: %s }\nspec: { priority: %u, "
			"mode: %s, from: %s, to: %s, protocol: tcp, ports: %u-%u, action: %s",
			r->name, r->priority, r->detect ? "detect" : "enforce",
			r->from_any ? "any" : "workloads", r->to_any ? "any" : "servers", r->lo,
			r->hi, r->action == ALLOW ? "allow" : "deny");
	if (r->any_hello)
		weir_buf_str(yaml, ", tls: any");
	if (r->missing_sni)
		weir_buf_str(yaml, ", missingSni: allow");
	write_list(yaml, "names", r->names, r->n_names);
	write_list(yaml, "identities", r->ids, r->n_ids);
	weir_buf_str(yaml, " }\n");
}

static int by_priority(const void *a, const void *b)
{
	const struct plain_rule *x = a, *y = b;

	return x->priority != y->priority ? (int)x->priority - (int)y->priority
					  : (int)x->place - (int)y->place;
}

/* Groups that count as named, and a Service that verifies clients wherever they go. */
#define SCENE                                                                               \
	"kind: Group\nmetadata: { name: workloads }\nspec: { cidrs: [ 10.0.0.0/8 ] }\n"     \
	"---\nkind: Group\nmetadata: { name: servers }\nspec: { cidrs: [ 10.2.0.0/16 ] }\n" \
	"---\nkind: Service\nmetadata: { name: shop }\n"                                    \
	"spec: { addresses: 10.0.0.0/8, ports: [ 1-65535 ], protocol: tcp,\n"               \
	"  tls: { mode: terminate, certificates: [ { certificate: /c } ],\n"                \
	"         client: { verify: required, ca: /ca } } }\n"                              \
	"---\nkind: AccessPolicy\nmetadata: { name: udp }\n"                                \
	"spec: { from: workloads, protocol: udp, action: allow }\n"

static struct loaded random_asking_policy(struct dice *d, struct plain_policy *p)
{
	struct weir_buf yaml = {0};
	struct loaded l;

	weir_buf_str(&yaml, SCENE);
	p->n = 1 + dice_below(d, RULES);
	for (unsigned int i = 0; i < p->n; i++) {
		p->rules[i] = random_rule(d, i);
		write_rule(&yaml, &p->rules[i]);
	}
	l = load(yaml.ptr);
	ck_assert_msg(l.policy != NULL, "%s%s", yaml.ptr, l.text.ptr);
	qsort(p->rules, p->n, sizeof(p->rules[0]), by_priority);
	weir_buf_fini(&yaml);
	return l;
}

static struct weir_policy_name random_name(struct dice *d)
{
	struct weir_policy_name name = {.text = any_of(d, hosts, WEIR_ARRAY_LEN(hosts))};

	if (dice_one_in(d, 4))
		name.state = (enum weir_name_state)dice_below(d, WEIR_NAME_STATE_END);
	return name;
}

static struct weir_policy_identity random_identity(struct dice *d, char text[64])
{
	struct weir_policy_identity id = {.text = text};
	unsigned int n = 1 + dice_below(d, 3);

	if (dice_one_in(d, 6))
		id.state = (enum weir_identity_state)dice_below(d, WEIR_IDENTITY_STATE_END);
	switch (dice_below(d, 5)) {
	case 0:
		snprintf(text, 64, "cn:%s", any_of(d, hosts, WEIR_ARRAY_LEN(hosts)));
		break;
	case 1:
		strcpy(text, "dns:");
		for (unsigned int i = 0; i < n; i++)
			snprintf(text + strlen(text), 64 - strlen(text), "%s%s", i ? "," : "",
				 any_of(d, id_hosts, WEIR_ARRAY_LEN(id_hosts)));
		break;
	default:
		random_spiffe(d, 0, text);
	}
	return id;
}

/* ---- the comparison ---- */

struct seen {
	unsigned int allowed, denied, would_deny;
};

static void check_client(const struct loaded *l, const struct plain_policy *p, struct dice *d,
			 struct seen *seen)
{
	char id_text[64], wanted[128];
	struct weir_policy_name name = random_name(d);
	struct weir_policy_identity id = random_identity(d, id_text);
	struct client c = {.from = dice_one_in(d, 2),
			   .to = dice_one_in(d, 2),
			   .port = (uint16_t)(1 + dice_below(d, PORTS + 1)),
			   .name = dice_one_in(d, 5) ? NULL : &name,
			   .id = dice_one_in(d, 5) ? NULL : &id};
	struct weir_policy_query q = query(c.from ? "10.1.0.1" : "192.0.2.1",
					   c.to ? "10.2.0.1" : "10.3.0.1", TCP, c.port);
	struct weir_policy_decision got;
	struct decision_text text;

	plain_text(p, &c, wanted);
	weir_policy_decide_identity(l->policy, &q, c.name, c.id, &got);
	got.flags &= WEIR_DECISION_WOULD_DENY;
	describe(l->names, &got, &text);
	ck_assert_msg(strcmp(text.is, wanted) == 0, "port %u, %s %s, %s %s: %s, wanted %s", c.port,
		      c.name ? weir_name_state_name(c.name->state) : "-",
		      c.name ? c.name->text : "",
		      c.id ? weir_identity_state_name(c.id->state) : "-", c.id ? id_text : "",
		      text.is, wanted);
	seen->allowed += got.verdict == WEIR_VERDICT_ALLOW;
	seen->denied += got.verdict == WEIR_VERDICT_DENY;
	seen->would_deny += got.flags != 0;
}

START_TEST(random_policies_decide_as_a_comparison_with_each_rule_in_turn_does)
{
	struct dice d = {20241126};
	struct seen seen = {0};

	for (unsigned int i = 0; i < 300; i++) {
		static struct plain_policy p;
		struct loaded l = random_asking_policy(&d, &p);

		for (unsigned int k = 0; k < 100; k++)
			check_client(&l, &p, &d, &seen);
		unload(&l);
	}
	/* The comparison must have had something to compare. */
	ck_assert_uint_gt(seen.allowed, 5000);
	ck_assert_uint_gt(seen.denied, 5000);
	ck_assert_uint_gt(seen.would_deny, 50);
}
END_TEST

/* ---- what it costs ---- */

static double ns_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) * 1e9 + (double)(now.tv_nsec - begin->tv_nsec);
}

/* A rule for each name and each identity, all between the same groups and ports. */
static struct loaded many_rules(unsigned int n)
{
	struct weir_buf yaml = {0};
	struct timespec begin;
	struct loaded l;

	weir_buf_str(&yaml, SCENE "---\nkind: AccessPolicy\nmetadata: { name: p }\nspec:\n"
				  "  rules:\n");
	for (unsigned int i = 0; i < n; i++)
		weir_buf_printf(&yaml,
				"  - { name: n%u, from: workloads, to: servers, ports: 443, "
				"names: '%sn%u.example', action: allow }\n"
				"  - { name: i%u, from: workloads, to: servers, ports: 443, "
				"identities: 'spiffe://cluster/ns/n%u/%s', action: allow }\n",
				i, i % 4 ? "" : "*.", i, i, i, i % 4 ? "sa/web" : "*");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	l = load_good(yaml.ptr);
	printf("%u rules by name and identity: %.0f ms from %zu KiB of YAML, %zu KiB compiled\n",
	       2 * n, ns_since(&begin) / 1e6, yaml.len >> 10,
	       (size_t)weir_policy_size(l.policy).bytes >> 10);
	weir_buf_fini(&yaml);
	return l;
}

/* Nanoseconds a decision, of rounds the best: others use the machine too. */
static double best_round(const struct loaded *l, const struct weir_policy_query *q,
			 const struct weir_policy_name *name,
			 const struct weir_policy_identity *identity,
			 struct weir_policy_decision *d)
{
	double best = 1e9;

	for (unsigned int round = 0; round < 10; round++) {
		struct timespec begin;
		double ns;

		clock_gettime(CLOCK_MONOTONIC, &begin);
		for (unsigned int i = 0; i < 1000; i++)
			weir_policy_decide_identity(l->policy, q, name, identity, d);
		ns = ns_since(&begin) / 1000;
		best = ns < best ? ns : best;
	}
	return best;
}

/* One of the last rules fits by name, and none by identity. */
static double measure(const struct loaded *l, unsigned int n)
{
	struct weir_policy_query q = query("10.1.0.1", "10.2.0.1", TCP, 443);
	char host[64], id[64], wanted[64];
	struct weir_policy_name name = {.text = host};
	struct weir_policy_identity identity = {.text = id};
	struct weir_policy_decision d;
	double ns;

	snprintf(host, sizeof(host), "a.b.n%u.example", (n - 1) / 4 * 4);
	snprintf(id, sizeof(id), "spiffe://cluster/ns/n%u/sa/web", n + 1);
	snprintf(wanted, sizeof(wanted), "n%u", (n - 1) / 4 * 4);
	ns = best_round(l, &q, &name, &identity, &d);
	ck_assert_str_eq(weir_names_get(l->names, d.rule), wanted);
	return ns;
}

START_TEST(a_decision_among_thousands_of_names_and_identities_costs_what_one_among_ten_does)
{
	static const unsigned int sizes[] = {10, 1000, 10000};
	double ns[WEIR_ARRAY_LEN(sizes)];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(sizes); i++) {
		struct loaded l = many_rules(sizes[i]);

		ns[i] = measure(&l, sizes[i]);
		printf("a decision among them: %.0f ns\n", ns[i]);
		unload(&l);
	}
	/* Caches and a busy machine leave room; a search through all would be 1,000 times. */
	ck_assert_double_lt(ns[2], ns[0] * 20);
}
END_TEST

Suite *asked_suite(void)
{
	return WEIR_SUITE(
		"policy asked", random_policies_decide_as_a_comparison_with_each_rule_in_turn_does,
		a_decision_among_thousands_of_names_and_identities_costs_what_one_among_ten_does);
}
