/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of policy/ share: the compiled form that decides, made from policy_docs.h. */
#ifndef POLICY_IMPL_H
#define POLICY_IMPL_H

#include "policy_docs.h"

struct rte_fib;
struct rte_fib6;

/* Which groups an address is in: part of `member`. Class 0 is no group. A prefix of length 0 puts
 * its whole family into a group, which is `any` by another name: it does not make an address named.
 */
struct class
{
	uint32_t first;
	uint32_t n;
	bool named[2]; /* one of the groups is named by a policy, in each view */
};

/* An address is in the group only through a prefix of length 0. */
#define MEMBER_WHOLE 1u
static inline uint32_t member_group(uint32_t member)
{
	return member >> 1;
}

struct classes {
	struct rte_fib *v4;
	struct rte_fib6 *v6;
	struct array class;  /* struct class */
	struct array member; /* uint32_t: group << 1, and MEMBER_WHOLE */
};

/* Ports lo..hi go to the rule at `rank`. */
struct interval {
	uint16_t lo;
	uint16_t hi;
	uint32_t rank;
};

/* The rules for one protocol between one pair of groups. */
struct proto_part {
	uint16_t proto;     /* PROTO_ANY: every other one */
	bool asks;          /* some of its rules ask: view.asked has them */
	struct slice ports; /* of the others, see `intervals` */
};

/* Of the rules of a part that ask, those that take these keys. */
struct asked {
	uint32_t part; /* in view.parts */
	uint32_t name, identity;
	struct slice ports;
};

struct pair {
	uint32_t to;   /* group */
	uint32_t best; /* the lowest rank of its rules */
	uint32_t first_part;
	uint32_t n_parts;
};

/* The pairs with one group as `from`, by `to`: [first, end) of pairs. */
struct row {
	uint32_t first;
	uint32_t end;
	uint32_t best; /* the lowest rank of its pairs */
};

/* Rules of some modes, ready to decide. */
struct view {
	struct row *rows;       /* by group */
	struct array pairs;     /* struct pair */
	struct array parts;     /* struct proto_part */
	struct array intervals; /* struct interval; of each part, disjoint and ascending */
	struct array asked;     /* struct asked */
	uint32_t *asked_index;  /* place in `asked` + 1 by hash of part and keys; 0: none */
	uint32_t asked_mask;
};

enum { VIEW_ENFORCED, VIEW_ALL, VIEWS };

struct weir_policy {
	struct docs docs; /* kept for explain */
	uint32_t *ranked; /* rules of mode enforce and detect in the order they are tried */
	uint32_t n_ranked;
	struct classes classes;
	struct view view[VIEWS];
	bool has_detect;
	bool has_services;     /* with a threat policy, TLS, or two kinds of HTTP */
	bool has_identities;   /* rules ask for them */
	struct array lengths;  /* struct length, long prefixes first */
	uint32_t default_name; /* "default" */
};

/* ---- what is known of a client ---- */

/* Most that one client fits: of a certificate's names each and each label's end, one byte apart. */
#define KEYS_MAX (WEIR_TLS_ID_MAX / 2 + KEY_PATTERNS)
struct keys {
	uint32_t n;
	uint32_t key[KEYS_MAX];
};

/* policy_keys.c */
void keys_add(struct keys *k, uint32_t key);
/* Adds the pattern's key where rules have it. */
void keys_add_pattern(struct keys *k, const struct docs *d, const char *text);
/* Adds those of a host's name: its own, and of all names below which it is. */
void keys_add_host(struct keys *k, const struct docs *d, const char *host, size_t len);
/* Whether a client is what a rule's list asks for. */
bool keys_fit(const struct keys *k, const struct docs *d, struct slice list);
/* policy_names.c; NULL: it is not known */
void keys_of_name(const struct docs *d, const struct weir_policy_name *name, struct keys *out);
/* policy_identities.c; the same */
void keys_of_identity(const struct docs *d, const struct weir_policy_identity *identity,
		      struct keys *out);
/* policy_intercept.c */
/* Why it leaves a client's name alone, interned; 0: it does not. */
uint32_t intercept_bypass(const struct docs *d, uint16_t intercept, const struct keys *names);

/* ---- compiling and deciding ---- */

/* policy_classes.c */
/* False: no memory, or reported. */
bool classes_build(struct classes *c, const struct docs *d);
void classes_fini(struct classes *c);
const struct class *class_of(const struct classes *c, const struct weir_addr *a);

/* policy_claims.c: of rules that have the same ports the first */
struct claims {
	const struct docs *d;
	struct array *intervals;
	uint32_t first;
	struct array free; /* struct range: what no earlier rule took */
	bool good;         /* false: no memory */
};
void claims_begin(struct claims *c);
/* Gives the rule what earlier ones left of its ports. */
void claims_add(struct claims *c, const struct rule *rule, uint32_t rank);
/* Whether there is anything left for others. */
bool claims_left(const struct claims *c);
struct slice claims_end(struct claims *c);
#define RANK_NONE UINT32_MAX
/* The rank of the rule that has the port; RANK_NONE: none. */
uint32_t ports_find(const struct array *intervals, struct slice ports, uint16_t port);

/* policy_asked.c: rules that ask for names or identities */
struct asking_rules {
	const struct weir_policy *p;
	struct view *view;
	struct claims *claims;
	struct array ranks;   /* uint32_t: the rules of the part at hand, in order */
	struct array entries; /* what they take */
};
/* Enters the rules, and forgets them. False: no memory. */
bool asked_add_part(struct asking_rules *a, uint32_t part);
/* After all parts. False: no memory. */
bool asked_index(struct view *v);
/* The ports of a part's rules that take both keys; NULL: there are none. */
const struct asked *asked_find(const struct view *v, uint32_t part, uint32_t name,
			       uint32_t identity);

/* policy_compile.c */
bool policy_compile(struct weir_policy *p);
void view_fini(struct view *v);

/* policy_decide.c */
/* There is a Service whose TLS weir ends and whose clients it verifies. */
bool policy_verifies_clients(const struct weir_policy *p, const struct weir_policy_query *q);
/* What is asked about a flow. */
struct asking {
	const struct weir_policy *p;
	const struct weir_policy_query *q;
	/* NULL: not known yet, so that each fits */
	const struct weir_policy_name *name;
	const struct weir_policy_identity *identity;
	struct keys names, identities; /* what they fit */
	const struct class *src, *dst;
};
/* Everything in it is written. */
void asking_begin(struct asking *a, const struct weir_policy *p, const struct weir_policy_query *q,
		  const struct weir_policy_name *name, const struct weir_policy_identity *identity);
void asking_decide(const struct asking *a, struct weir_policy_decision *out);
static inline const struct rule *rule_at(const struct weir_policy *p, uint32_t rank)
{
	return (const struct rule *)p->docs.rules.items + p->ranked[rank];
}

#endif
