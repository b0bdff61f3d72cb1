/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of policy/ share: documents as read, and the compiled form that decides. */
#ifndef POLICY_IMPL_H
#define POLICY_IMPL_H

#include <weir_policy.h>

struct rte_fib;
struct rte_fib6;

#define GROUP_ANY     0 /* the group that every address is in */
#define PROTO_TCP     6
#define PROTO_ANY     256
#define PRIORITY_REST 65536 /* added for what stands after all rules: an EgressPolicy's rest */

/* ---- growing arrays of plain things; control thread only ---- */

struct array {
	void *items;
	uint32_t n;
	uint32_t cap;
};
/* A zeroed new item of `size` bytes at the end; NULL: no memory. Pointers into the array move. */
void *array_add(struct array *a, size_t size);
/* Number `at` of an array of uint32_t, which grows by zeros to hold it; NULL: no memory. */
uint32_t *array_at(struct array *a, uint32_t at);
/* Of an array of uint32_t what begins at `first`: in order, each once. */
void array_tidy(struct array *a, uint32_t first);
/* The order of uint32_t, for qsort() and bsearch(). */
int array_by_number(const void *a, const void *b);
void array_fini(struct array *a);

/* ---- documents as read ---- */

struct group {
	uint32_t name; /* in docs.group_names; an inline CIDR's text for a group of its own */
	struct weir_conf_pos pos;
};

struct member {
	struct weir_prefix prefix;
	uint32_t group;
};

enum mode { MODE_OFF, MODE_DETECT, MODE_ENFORCE };

struct range {
	uint16_t lo;
	uint16_t hi; /* inclusive: 65535 must fit */
};

/* What a rule wants of the flow's TLS. */
enum rule_tls {
	RULE_TLS_NONE,     /* nothing: it is not looked at */
	RULE_TLS_SNI,      /* a name that fits */
	RULE_TLS_ANY,      /* a ClientHello, whatever its name */
	RULE_TLS_INTERCEPT /* the same with or without names, and it is opened */
};

/*
 * What a rule asks of a name or of an identity, a number for each that it takes; and what is known
 * of a client, a number for each that it fits. A rule is found by the one, asked for by the other.
 */
enum key {
	KEY_UNKNOWN, /* the client's is not known yet, so that each rule is taken to fit */
	KEY_UNASKED, /* the rule takes whatever it is */
	KEY_ANY,     /* the rule takes every ClientHello with a name or none, every certificate */
	KEY_NO_NAME, /* the rule takes a ClientHello without a name beside those it lists */
	KEY_PATTERNS /* and what stands in docs.patterns */
};

/* Most that one client fits: of a certificate's names each and each label's end, one byte apart. */
#define KEYS_MAX (WEIR_TLS_ID_MAX / 2 + KEY_PATTERNS)
struct keys {
	uint32_t n;
	uint32_t key[KEYS_MAX];
};

/* Keys of a rule: a part of docs.keys, in order, each once. */
struct key_list {
	uint32_t first, n;
};

/* One rule of one policy, its lists as parts of the arrays in struct docs. */
struct rule {
	uint32_t policy; /* interned names */
	uint32_t name;
	uint32_t from, n_from; /* in docs.groups_of_rules */
	uint32_t to, n_to;
	uint32_t proto, n_proto; /* in docs.protos; one PROTO_ANY for any */
	uint32_t range, n_range; /* in docs.ranges; none: all ports */
	uint32_t priority;
	uint32_t order; /* in the files */
	uint8_t verdict;
	uint8_t flags; /* WEIR_DECISION_INSPECT, KEEP */
	uint8_t mode;
	uint8_t tls;        /* enum rule_tls */
	uint16_t intercept; /* place in docs.tls, with RULE_TLS_INTERCEPT */
	/* None: it does not ask. */
	struct key_list names; /* with every other `tls` than RULE_TLS_NONE */
	struct key_list identities;
};

/* What is asked for is known only when the flow has begun, if ever. */
static inline bool rule_asks(const struct rule *rule)
{
	return rule->names.n || rule->identities.n;
}

/*
 * What one rule list times the other, times protocols, port ranges and what is asked for, may come
 * to over all rules, and the groups of all classes together: a policy that asks for more is refused
 * rather than left to take the machine's memory, which is some 40 bytes for each.
 */
#define PARTS_MAX         2000000
#define CLASS_MEMBERS_MAX 8000000

struct docs {
	struct weir_names *names;       /* the process's, of policies and rules */
	struct weir_names *group_names; /* this policy's own: those of groups die with it */
	struct weir_conf_report *r;
	struct weir_policy_defaults defaults;
	struct weir_conf_pos defaults_pos; /* line 0: no Defaults document */
	struct array groups;               /* struct group; [0] is GROUP_ANY */
	struct array group_of_name;        /* uint32_t by number in group_names */
	struct array members;              /* struct member */
	struct array rules;                /* struct rule */
	struct array groups_of_rules;      /* uint32_t */
	struct array protos;               /* uint16_t */
	struct array ranges;               /* struct range */
	struct weir_names *patterns;       /* of hosts and identities; their numbers are keys */
	struct array shapes;               /* const char *, see policy_identities.c */
	struct array keys;                 /* uint32_t */
	struct array bypasses;             /* struct bypass */
	struct array policies;             /* struct weir_conf_pos, of each policy's name */
	struct array policy_of_name;       /* uint32_t by interned name: place in policies + 1 */
	struct array rule_names;           /* uint32_t by interned name: the same, last user */
	struct array services;             /* struct service */
	struct array service_of_name;      /* uint32_t by interned name: place in services + 1 */
	struct array bindings;             /* struct binding */
	struct array threats;              /* struct threat */
	struct array tls;                  /* struct service_tls */
	struct array texts;                /* char *, owned, that others of these show */
	uint32_t threat_of_rest; /* the ThreatPolicy with services: all, by place + 1; 0: none */
	uint32_t n_enforced;     /* policies */
	uint32_t n_inline;       /* groups that are an inline CIDR */
	uint64_t n_parts;
	bool no_memory;
};

/* ---- services and threat policies ---- */

#define SERVICES_MAX 65535 /* and as many threat policies: WEIR_NO_THREAT is none */

struct service {
	struct weir_service is;
	struct weir_conf_pos pos;
	uint32_t threat; /* its ThreatPolicy, whatever its mode, by place in threats + 1; 0: none */
};

struct service_tls {
	struct weir_service_tls is; /* texts are in docs.texts */
	struct array certs;         /* struct weir_service_cert, which is.certs shows */
	uint32_t bypass, n_bypass;  /* in docs.bypasses */
};

/* A name that an interception leaves alone, and why. */
struct bypass {
	uint32_t key;
	uint32_t reason; /* interned */
	uint32_t order;  /* in the list: of two that a name fits the first is the reason */
};

/* A service listens at a prefix on lo..hi. */
struct binding {
	struct weir_prefix prefix;
	struct range ports;
	uint16_t service;
};

struct threat {
	struct weir_threat_policy is; /* texts are owned here */
	char *file;                   /* of is.pos */
	struct array rules;           /* char *, which is.rules shows */
	struct array overrides;       /* struct weir_waf_override, which is.waf shows */
};

/* Bindings of one family and prefix length: part of docs.bindings. */
struct length {
	uint8_t family;
	uint8_t len;
	uint32_t first;
	uint32_t end;
};

/* ---- the compiled form ---- */

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

/* Which rule has which port: a part of view.intervals; disjoint, ascending. */
struct ports {
	uint32_t first;
	uint32_t n;
};

/* The rules for one protocol between one pair of groups. */
struct proto_part {
	uint16_t proto;     /* PROTO_ANY: every other one */
	bool asks;          /* some of its rules ask: view.asked has them */
	struct ports ports; /* of the others */
};

/* Of the rules of a part that ask, those that take these keys. */
struct asked {
	uint32_t part; /* in view.parts */
	uint32_t name, identity;
	struct ports ports;
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
	struct array intervals; /* struct interval */
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
	bool has_services;     /* with a threat policy or TLS */
	bool has_identities;   /* rules ask for them */
	struct array lengths;  /* struct length, long prefixes first */
	uint32_t default_name; /* "default" */
};

/* policy_docs.c */
bool docs_init(struct docs *d, struct weir_names *names, struct weir_conf_report *r);
void docs_read(struct docs *d, const struct weir_conf_docs *const *files, unsigned int n);
void docs_fini(struct docs *d);
uint32_t docs_group_by_name(const struct docs *d, const char *name); /* GROUP_ANY: none */
uint32_t docs_add_group(struct docs *d, const char *name, struct weir_conf_pos pos);
/* Reads the node, or each of the list that it is; a list of none is an error that ends with
 * `empty`. False: reported. */
bool docs_read_each(struct docs *d, const struct weir_conf_node *n,
		    bool (*read)(struct docs *d, const struct weir_conf_node *n),
		    const char *empty);
/* An address or CIDR; false: reported. */
bool docs_read_prefix(struct docs *d, const struct weir_conf_node *n, struct weir_prefix *out);
void docs_add_member(struct docs *d, uint32_t group, const struct weir_prefix *prefix);
bool docs_is_address(const char *text);

/* policy_defaults.c */
extern const struct weir_policy_defaults policy_defaults_initial;
void docs_read_defaults(struct docs *d, struct weir_conf_pos pos,
			const struct weir_conf_node *spec);

/* policy_rules.c */
void docs_read_access(struct docs *d, uint32_t name, const struct weir_conf_node *spec);
void docs_read_egress(struct docs *d, uint32_t name, const struct weir_conf_node *spec);

/* An error at `n`, which names a Group that is not there, with the nearest that is. Returns false.
 */
bool docs_unknown_group(struct docs *d, const struct weir_conf_node *n);
/* The number or range at `list`, or a list of them, up to `max`: [*first, *first + *n) of
 * docs.ranges, ascending and apart. False: reported. */
bool docs_read_ranges(struct docs *d, const struct weir_conf_node *list, unsigned long max,
		      uint32_t *first, uint32_t *n);

/* policy_service.c */
void docs_read_service(struct docs *d, const char *name, struct weir_conf_pos pos,
		       const struct weir_conf_node *spec);
/* The service that `n` names; NULL: reported. */
struct service *docs_find_service(struct docs *d, const struct weir_conf_node *n);

/* policy_listen.c: who listens where */
/* After all documents. False: no memory, or reported. */
bool listen_build(struct weir_policy *p);

/* policy_tls.c */
/* The key `tls` of a Service, whose protocol is known. */
void docs_read_tls(struct docs *d, const struct weir_conf_node *spec, struct weir_service *s);
/* A new one whose texts are the policy's; NULL: reported, or no memory. */
struct service_tls *docs_add_tls(struct docs *d, const struct weir_conf_node *map);
bool docs_read_cert(struct docs *d, const struct weir_conf_node *map,
		    struct weir_service_cert *out);
/* `handshakeTimeout`, and how servers are verified. */
void docs_read_handshake_timeout(struct docs *d, const struct weir_conf_node *map,
				 struct weir_service_tls *t);
void docs_read_verify(struct docs *d, const struct weir_conf_node *map, struct weir_service_tls *t);
/* `path` as it stands in the file of `n`: relative ones count from that file's folder. To be freed;
 * NULL: no memory. */
char *docs_resolve(const struct weir_conf_node *n, const char *path);
void docs_free_tls(struct docs *d);
void docs_free_texts(struct docs *d);

/* Takes `text`; NULL: no memory. */
const char *docs_keep_text(struct docs *d, char *text);

/* policy_keys.c */
/* The key of a pattern, which is new as often as not; 0: no memory. */
uint32_t docs_pattern(struct docs *d, const char *text);
/* Adds the key of what a rule takes. False: no memory. */
bool docs_add_key(struct docs *d, uint32_t key);
void keys_add(struct keys *k, uint32_t key);
/* Adds the pattern's key where rules have it. */
void keys_add_pattern(struct keys *k, const struct docs *d, const char *text);
/* Adds those of a host's name: its own, and of all names below which it is. */
void keys_add_host(struct keys *k, const struct docs *d, const char *host, size_t len);
/* Whether a client is what a rule's list asks for. */
bool keys_fit(const struct keys *k, const struct docs *d, struct key_list list);

/* policy_names.c: whom rules let clients ask for */
/* A host's name, or "*." and one. False: reported. */
bool docs_read_host(struct docs *d, const struct weir_conf_node *n);
/* A name or a list of them. False: reported. */
bool docs_read_names(struct docs *d, const struct weir_conf_node *list, struct key_list *out);
/* NULL: it is not known. */
void keys_of_name(const struct docs *d, const struct weir_policy_name *name, struct keys *out);

/* policy_identities.c: who clients must be */
/* `any`, an identity or a list of them. False: reported. */
bool docs_read_identities(struct docs *d, const struct weir_conf_node *list, struct key_list *out);
/* NULL: it is not known. */
void keys_of_identity(const struct docs *d, const struct weir_policy_identity *identity,
		      struct keys *out);

/* policy_intercept.c */
/* The key `intercept` of a policy: its place in docs.tls; WEIR_NO_TLS: there is none, or reported.
 */
uint16_t docs_read_intercept(struct docs *d, uint32_t policy, const struct weir_conf_node *spec);
/* Why it leaves a client's name alone, interned; 0: it does not. */
uint32_t intercept_bypass(const struct docs *d, uint16_t intercept, const struct keys *names);

/* policy_threat.c */
/* `name` is interned. */
void docs_read_threat(struct docs *d, uint32_t name, struct weir_conf_pos pos,
		      const struct weir_conf_node *spec);
/* After all documents: what `services: all` leaves to whom, and what is off. */
void docs_assign_threats(struct docs *d);
void docs_free_threats(struct docs *d);

/* policy_exclude.c: what SecLang a threat policy's own keys become */
/* A rule id or range "a-b"; false: reported. */
bool docs_read_ids(struct docs *d, const struct weir_conf_node *n, uint32_t *first, uint32_t *last);
/* The settings and rules that stand before all others. */
void threat_add_base(struct weir_buf *first, const struct weir_waf_options *o);
void threat_read_exclusions(struct docs *d, const struct weir_conf_node *list,
			    struct weir_buf *first, struct weir_buf *last);

/* policy_classes.c */
/* False: no memory, or reported. */
bool classes_build(struct classes *c, const struct docs *d);
void classes_fini(struct classes *c);
const struct class *class_of(const struct classes *c, const struct weir_addr *a);

/* policy_ports.c: of rules that have the same ports the first */
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
struct ports claims_end(struct claims *c);
#define RANK_NONE UINT32_MAX
/* The rank of the rule that has the port; RANK_NONE: none. */
uint32_t ports_find(const struct array *intervals, struct ports ports, uint16_t port);

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
