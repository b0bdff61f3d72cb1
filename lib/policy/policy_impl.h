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

/* A host's name in a rule's list, or all names below it. */
struct host {
	const char *text; /* in docs.texts; without "*." */
	bool below;
};

enum identity_kind { IDENTITY_ANY, IDENTITY_SPIFFE, IDENTITY_DNS, IDENTITY_CN };

/* What a rule asks of a client's certificate. */
struct identity {
	enum identity_kind kind;
	const char *text; /* in docs.texts; SPIFFE with its scheme, CN and DNS without theirs */
	bool below;       /* DNS: names below it */
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
	uint8_t tls;                       /* enum rule_tls */
	bool missing_sni;                  /* a ClientHello without a name fits */
	uint16_t intercept;                /* place in docs.tls, with RULE_TLS_INTERCEPT */
	uint32_t hosts, n_hosts;           /* in docs.hosts, in order; none: all names */
	uint32_t identities, n_identities; /* in docs.identities; none: it is not asked */
};

/* What is asked for is known only when the flow has begun, if ever. */
static inline bool rule_asks(const struct rule *rule)
{
	return rule->tls != RULE_TLS_NONE || rule->n_identities;
}

/*
 * What one rule list times the other, times protocols and port ranges, may come to over all rules,
 * and the groups of all classes together: a policy that asks for more is refused rather than left
 * to take the machine's memory.
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
	struct array hosts;                /* struct host */
	struct array identities;           /* struct identity */
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

/* Names that an interception leaves alone, and why. */
struct bypass {
	uint32_t hosts, n_hosts;
	uint32_t reason; /* interned */
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

/* The intervals of one protocol between one pair of groups; disjoint, ascending. */
struct proto_part {
	uint16_t proto; /* PROTO_ANY: every other one */
	uint32_t first;
	uint32_t n;
	/* In view.named: of rules that ask for names or identities, which leave their ports to
	 * others; as they are tried. */
	uint32_t first_named;
	uint32_t n_named;
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
	struct array named;     /* the same, of rules that ask for names or identities */
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

/* policy_names.c: whom rules let clients ask for */
/* A name or a list of them: [*first, *first + *n) of docs.hosts. False: reported. */
bool docs_read_names(struct docs *d, const struct weir_conf_node *list, uint32_t *first,
		     uint32_t *n);
bool hosts_have(const struct docs *d, uint32_t first, uint32_t n, const char *name);
/* Whether the name fits a rule that asks for one. */
bool rule_fits_name(const struct docs *d, const struct rule *rule,
		    const struct weir_policy_name *name);

/* policy_identities.c: who clients must be */
/* `any`, an identity or a list of them: [*first, *first + *n) of docs.identities. False: reported.
 */
bool docs_read_identities(struct docs *d, const struct weir_conf_node *list, uint32_t *first,
			  uint32_t *n);
/* Whether the identity fits a rule that asks for one. */
bool rule_fits_identity(const struct docs *d, const struct rule *rule,
			const struct weir_policy_identity *identity);

/* policy_intercept.c */
/* The key `intercept` of a policy: its place in docs.tls; WEIR_NO_TLS: there is none, or reported.
 */
uint16_t docs_read_intercept(struct docs *d, uint32_t policy, const struct weir_conf_node *spec);
/* Why it leaves a name alone, interned; 0: it does not. */
uint32_t intercept_bypass(const struct docs *d, uint16_t intercept, const char *name);

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

/* policy_compile.c */
bool policy_compile(struct weir_policy *p);
void view_fini(struct view *v);

/* policy_decide.c */
/* There is a Service whose TLS weir ends and whose clients it verifies. */
bool policy_verifies_clients(const struct weir_policy *p, const struct weir_policy_query *q);
#define RANK_NONE UINT32_MAX
/* What is asked about a flow. */
struct asking {
	const struct weir_policy *p;
	const struct weir_policy_query *q;
	/* NULL: not known yet, so that each fits */
	const struct weir_policy_name *name;
	const struct weir_policy_identity *identity;
	const struct class *src, *dst;
};
/* RANK_NONE: none. */
struct matched {
	uint32_t best;   /* the first rule that matches */
	uint32_t missed; /* the first one that would, were it another name or identity */
};
struct matched view_match(const struct asking *a, const struct view *v);
static inline const struct rule *rule_at(const struct weir_policy *p, uint32_t rank)
{
	return (const struct rule *)p->docs.rules.items + p->ranked[rank];
}

#endif
