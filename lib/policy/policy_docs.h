/* SPDX-License-Identifier: BSD-3-Clause */
/* Documents as read, and what reads which part of them. Control thread only. */
#ifndef POLICY_DOCS_H
#define POLICY_DOCS_H

#include <weir_policy.h>

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

/* A part of an array. */
struct slice {
	uint32_t first, n;
};

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

/* One rule of one policy, its lists as parts of the arrays in struct docs. */
struct rule {
	uint32_t policy; /* interned names */
	uint32_t name;
	struct slice from, to; /* of docs.groups_of_rules */
	struct slice protos;   /* of docs.protos; one PROTO_ANY for any */
	struct slice ranges;   /* of docs.ranges; none: all ports */
	uint32_t priority;
	uint32_t order; /* in the files */
	uint8_t verdict;
	uint8_t flags; /* WEIR_DECISION_INSPECT, KEEP */
	uint8_t mode;
	uint8_t tls;        /* enum rule_tls */
	uint16_t intercept; /* place in docs.tls, with RULE_TLS_INTERCEPT */
	/* Of docs.keys; none: it does not ask. */
	struct slice names; /* with every other `tls` than RULE_TLS_NONE */
	struct slice identities;
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
	struct array protos;               /* uint32_t */
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

/* policy_docs.c */
bool docs_init(struct docs *d, struct weir_names *names, struct weir_conf_report *r);
void docs_read(struct docs *d, const struct weir_conf_docs *const *files, unsigned int n);
void docs_fini(struct docs *d);
uint32_t docs_group_by_name(const struct docs *d, const char *name); /* GROUP_ANY: none */
uint32_t docs_add_group(struct docs *d, const char *name, struct weir_conf_pos pos);
typedef bool docs_read_fn(struct docs *d, const struct weir_conf_node *n);
/* Reads the node, or each of the list that it is; a list of none is an error that ends with
 * `empty`. False: reported. */
bool docs_read_each(struct docs *d, const struct weir_conf_node *n, docs_read_fn *read,
		    const char *empty);
/* False: no memory. `to` is an array of uint32_t. */
bool docs_add_number(struct docs *d, struct array *to, uint32_t number);
/* A list whose entries become numbers: where they go, what reads one, what is said of none. */
struct number_list {
	struct array *to;
	docs_read_fn *read;
	const char *empty;
};
/* The numbers in order, each once. False: reported. */
bool docs_read_numbers(struct docs *d, const struct weir_conf_node *n,
		       const struct number_list *how, struct slice *out);
/* An address or CIDR; false: reported. */
bool docs_read_prefix(struct docs *d, const struct weir_conf_node *n, struct weir_prefix *out);
void docs_add_member(struct docs *d, uint32_t group, const struct weir_prefix *prefix);
bool docs_is_address(const char *text);

/* policy_defaults.c */
extern const struct weir_policy_defaults policy_defaults_initial;
void docs_read_defaults(struct docs *d, struct weir_conf_pos pos,
			const struct weir_conf_node *spec);

/* policy_sides.c */
/* An error at `n`, which names a Group that is not there, with the nearest that is. Returns false.
 */
bool docs_unknown_group(struct docs *d, const struct weir_conf_node *n);
/* The groups at `key`, which are any when it is left out. False: reported. */
bool docs_read_side(struct docs *d, const struct weir_conf_node *map, const char *key,
		    struct slice *out);

/* policy_protocols.c */
/* False: reported. Left out, it is any. */
bool rule_read_protos(struct docs *d, const struct weir_conf_node *map, struct rule *rule);
/* `ports` go with TCP, UDP and SCTP, `types` with ICMP; both are the same dimension. */
bool rule_read_ranges(struct docs *d, const struct weir_conf_node *map, struct rule *rule);
/* Left out, it is TCP here. Of the rule whose protocols were the last ones read. */
bool rule_narrow_to_tcp(struct docs *d, const struct weir_conf_node *map, struct rule *rule);
/* A port, a range, or a list of them: ascending and apart. False: reported. */
bool docs_read_ports(struct docs *d, const struct weir_conf_node *list, struct slice *out);

/* policy_rule_tls.c */
/* `names` and `tls`. A ClientHello without a name fits `names` with `missing_sni`. False: reported.
 */
bool rule_read_tls(struct docs *d, const struct weir_conf_node *map, struct rule *rule,
		   bool missing_sni);
/* False: reported. */
bool rule_read_identities(struct docs *d, const struct weir_conf_node *map, struct rule *rule);

/* policy_rules.c */
void docs_read_access(struct docs *d, uint32_t name, const struct weir_conf_node *spec);
void docs_read_egress(struct docs *d, uint32_t name, const struct weir_conf_node *spec);

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

/* policy_names.c: whom rules let clients ask for */
/* A name or a list of them. False: reported. */
bool docs_read_names(struct docs *d, const struct weir_conf_node *list, struct slice *out);

/* policy_identities.c: who clients must be */
/* `any`, an identity or a list of them. False: reported. */
bool docs_read_identities(struct docs *d, const struct weir_conf_node *list, struct slice *out);

/* policy_intercept.c */
/* The key `intercept` of a policy: its place in docs.tls; WEIR_NO_TLS: there is none, or reported.
 */
uint16_t docs_read_intercept(struct docs *d, uint32_t policy, const struct weir_conf_node *spec);

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
/* And where calls of gRPC are expected. */
void threat_add_grpc(struct weir_buf *first);
void threat_read_exclusions(struct docs *d, const struct weir_conf_node *list,
			    struct weir_buf *first, struct weir_buf *last);

#endif
