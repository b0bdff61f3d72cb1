/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one decision function: policy documents compiled on the control thread into an immutable
 * object that workers, `weirctl explain`, `weir replay` and dry runs ask the same way.
 */
#ifndef WEIR_POLICY_H
#define WEIR_POLICY_H

#include <weir_base.h>
#include <weir_conf.h>
#include <weir_http.h>
#include <weir_stats.h>
#include <weir_tls_cert.h>
#include <weir_tls_context.h>
#include <weir_tls_info.h>
#include <weir_tls_name.h>
#include <weir_waf.h>

enum weir_verdict {
	WEIR_VERDICT_ALLOW,
	WEIR_VERDICT_DENY, /* answered with RST or ICMP */
	WEIR_VERDICT_DROP  /* silent */
};
const char *weir_verdict_name(enum weir_verdict v); /* "allow", "deny", "drop" */

/* weir_policy_decision.flags */
#define WEIR_DECISION_INSPECT 0x01 /* the policy wants the flow's content inspected */
#define WEIR_DECISION_WOULD_DENY \
	0x02                    /* allowed; with the policies in mode detect it would not be */
#define WEIR_DECISION_KEEP 0x04 /* onChange: keep: allowed for the flow's life */
#define WEIR_DECISION_IDENTITY                                                                   \
	0x08 /* allowed as far as the handshake of TLS, which weir ends: who the client shows to \
		be decides, by weir_policy_decide_identity, and its servers hear nothing before */
#define WEIR_DECISION_HTTP                                                                     \
	0x10 /* HTTP is to be read: of a Service with a ThreatPolicy that is not off, or whose \
		HTTP is translated; weir_policy_service tells. INSPECT stands with it */

#define WEIR_DECISION_TLS \
	0x20 /* to a Service whose TLS weir ends: weir_policy_service tells how. INSPECT too */

#define WEIR_DECISION_NAMES                                                                  \
	0x40 /* allowed as far as TCP's handshake only: whom the client asks for decides, by \
		weir_policy_decide_name, and nothing it says goes on before. Policy and rule \
		are the first that ask */
#define WEIR_DECISION_INTERCEPT \
	0x80 /* TLS is to be opened under the operator's CA: `intercept` tells how. INSPECT too */

struct weir_policy_query {
	struct weir_addr src; /* the initiator */
	struct weir_addr dst;
	uint16_t dport; /* host order; ICMP: type */
	uint8_t proto;
};

struct weir_policy_decision {
	uint32_t policy; /* interned name; "default" where no policy decided */
	uint32_t rule;   /* interned name; 0: the policy has just one */
	uint16_t reason; /* enum weir_drop; WEIR_DROP_NONE when allowed without would_deny. With
			    WOULD_DENY: the reason it would have had, and policy and rule that said
			    so */
	uint8_t verdict; /* enum weir_verdict */
	uint8_t flags;
	uint16_t intercept; /* with INTERCEPT: place of weir_policy_tls; else WEIR_NO_TLS */
	uint32_t bypass;    /* interned reason for which it is not opened though its rule says so;
			       0: none */
	bool look;          /* to a Service whose TLS is passed on: its handshake is told of */
};

/* What is known of whom a client wants to speak to. Names are what `weirctl explain` shows; the
 * reason is that of a refusal where rules ask for a name. */
#define WEIR_NAME_STATES(X)                                                                   \
	X(GOOD, "good", SNI_DENIED)                                                           \
	X(MISSING, "missing", SNI_MISSING)   /* TLS without a name */                         \
	X(BAD, "bad", SNI_BAD)               /* an address, two names, NUL, 300 bytes, … */ \
	X(NO_TLS, "no_tls", NO_HELLO)        /* something else than TLS */                    \
	X(MALFORMED, "malformed", HELLO_BAD) /* TLS that is none */                           \
	X(LATE, "late", HELLO_TIMEOUT)       /* it did not come in time */                    \
	X(UNSEEN, "unseen", NAME_UNSEEN)     /* the flow's beginning was not seen */

enum weir_name_state {
#define WEIR_NAME_STATE_ENUM(id, name, reason) WEIR_NAME_##id,
	WEIR_NAME_STATES(WEIR_NAME_STATE_ENUM)
#undef WEIR_NAME_STATE_ENUM
		WEIR_NAME_STATE_END
};
const char *weir_name_state_name(enum weir_name_state s);
/* What the SNI of a ClientHello is. */
enum weir_name_state weir_name_state_of(enum weir_tls_sni sni);

/* Where it was found. */
enum weir_name_source { WEIR_NAME_SNI };

struct weir_policy_name {
	enum weir_name_source source;
	enum weir_name_state state;
	const char *text; /* GOOD: as weir_tls_name_read() gives it */
};

/* What is known of who a client is: by its certificate, which its Service has verified. The same
 * texts and reasons as of names. */
#define WEIR_IDENTITY_STATES(X)                                                                   \
	X(GOOD, "good", IDENTITY_DENIED)                                                          \
	X(MISSING, "missing", IDENTITY_MISSING)   /* it has shown no certificate */               \
	X(NAMELESS, "nameless", IDENTITY_MISSING) /* it is good, but names nobody */              \
	X(UNSEEN, "unseen", IDENTITY_UNSEEN)      /* no Service there verifies clients, or it was \
						     not asked when the flow began */

enum weir_identity_state {
#define WEIR_IDENTITY_STATE_ENUM(id, name, reason) WEIR_IDENTITY_##id,
	WEIR_IDENTITY_STATES(WEIR_IDENTITY_STATE_ENUM)
#undef WEIR_IDENTITY_STATE_ENUM
		WEIR_IDENTITY_STATE_END
};
const char *weir_identity_state_name(enum weir_identity_state s);
enum weir_identity_state weir_identity_state_of(enum weir_tls_id id);

struct weir_policy_identity {
	enum weir_identity_state state;
	const char *text; /* GOOD: as weir_tls_conn_id() gives it */
};

/* Reads what a certificate might say: "spiffe://…", "dns:a.example,…" or "cn:…", "" for none, into
 * the form that weir_tls_conn_id() gives. False: it is none of these. */
bool weir_policy_identity_read(struct weir_bytes in, char text[WEIR_TLS_ID_MAX + 1],
			       struct weir_policy_identity *out);

/* What becomes of something when a resource or check fails. */
enum weir_failure { WEIR_FAIL_CLOSED, WEIR_FAIL_OPEN, WEIR_FAIL_RESET };

/* Kind Defaults, all in one; what no document says has the value named here. */
struct weir_policy_defaults {
	enum weir_verdict unmatched;        /* neither side in a group that a policy names: deny */
	enum weir_verdict unknown_protocol; /* not TCP, UDP, ICMP and named by no rule: drop */
	enum weir_verdict arp;              /* allow */
	enum weir_verdict non_ip;           /* other EtherTypes: drop */
	bool reassemble_fragments;          /* fragments: reassemble | drop; reassemble */
	enum weir_verdict midstream;        /* allow: policy decides as if the SYN had been seen, in
					       whichever direction it would allow; else deny | drop */
	bool keep_on_change;                /* onChange: keep | reevaluate; reevaluate */
	bool evict_half_open;               /* a full table ends its oldest half-open flow; true */
	bool syn_cookies;                   /* for inspected connections in a flood; true */
	enum weir_failure on_memory;        /* failure.memory: flow table or pools; closed */
	enum weir_failure on_parse;         /* failure.parse: headers that cannot be read; closed
					       (open passes them on, as a bridge would) */
	enum weir_failure on_state;  /* failure.state: segments out of window or state; closed */
	uint32_t answers_per_second; /* RST and ICMP that weir sends, a worker; 10000 */
	struct {
		uint64_t syn_sent_ns, syn_received_ns, established_ns, closing_ns, time_wait_ns,
			closed_ns;
		uint64_t udp_new_ns, udp_replied_ns, icmp_ns, other_ns, denied_ns;
		uint64_t client_hello_ns; /* for a whole ClientHello where names decide; 10 s */
	} timeouts; /* timeouts.synSent … timeouts.denied; as weir_flow_timeouts_default */
};

struct weir_policy;

/*
 * Reads the files and folders (every *.yaml and *.yml below, by name) of policy documents and
 * compiles them. Kinds: Group, AccessPolicy, EgressPolicy, Service, ThreatPolicy, Defaults; see
 * config/ for each key.
 * Reports everything that is wrong with its place; names are interned in `names`. Returns NULL when
 * there was an error. Control thread; may take seconds for tens of thousands of rules.
 */
struct weir_policy *weir_policy_load(const char *const *paths, unsigned int n,
				     struct weir_names *names, struct weir_conf_report *r);
/* The same from documents in memory, for tests and fuzzing. */
struct weir_policy *weir_policy_from_docs(const struct weir_conf_docs *const *docs, unsigned int n,
					  struct weir_names *names, struct weir_conf_report *r);
void weir_policy_destroy(struct weir_policy *p);

/*
 * Decides. Any thread, no lock, no allocation. First match by priority (low numbers first, then
 * file order) among enforced policies. Nothing matched:
 * UNKNOWN_PROTOCOL by `unknown_protocol`; else DEFAULT_DENY when either side is in a group or CIDR
 * that an enforced policy names (by more than a prefix of length 0, which is `any` of its family);
 * else NO_POLICY by `unmatched`. Policies in mode detect never
 * change the verdict, they set WOULD_DENY.
 */
void weir_policy_decide(const struct weir_policy *p, const struct weir_policy_query *q,
			struct weir_policy_decision *out);

/*
 * The same once it is known whom the client asks for; NAMES does not come back. Of the rules that
 * ask for names those match that this name fits. Where they ask, what is refused after all has the
 * name's reason.
 */
void weir_policy_decide_name(const struct weir_policy *p, const struct weir_policy_query *q,
			     const struct weir_policy_name *name, struct weir_policy_decision *out);

/*
 * The same once it is known who the client is, by a Service that verifies clients: IDENTITY does
 * not come back. A `name` of NULL is not known. Of the rules that ask for identities those match
 * that this one fits; what is refused after all has the reason of what the first rule that else
 * matched was missing.
 */
void weir_policy_decide_identity(const struct weir_policy *p, const struct weir_policy_query *q,
				 const struct weir_policy_name *name,
				 const struct weir_policy_identity *identity,
				 struct weir_policy_decision *out);

/* What is to be explained, and how it is written. */
struct weir_policy_explaining {
	const struct weir_policy_query *q;
	const struct weir_policy_name *name;         /* NULL: not known */
	const struct weir_policy_identity *identity; /* NULL: not known */
	const struct weir_names *names;
};
/* The same decision with its grounds as one JSON object: groups of both sides, the rules that were
 * candidates in order with whether and why not each matched (at most 100), the decision. */
void weir_policy_explain(const struct weir_policy *p, const struct weir_policy_explaining *x,
			 struct weir_json *j, const char *key);

const struct weir_policy_defaults *weir_policy_defaults(const struct weir_policy *p);

/* ---- services, and what protects them ---- */

enum weir_service_protocol { WEIR_SERVICE_TCP, WEIR_SERVICE_HTTP };
const char *weir_service_protocol_name(enum weir_service_protocol p); /* "tcp", "http" */

/* What servers are spoken to in. In the clear: HTTP/2 when the client came by prior knowledge, or
 * always, or never. By TLS it is offered: to what the client speaks, always, or never. */
enum weir_service_upstream {
	WEIR_SERVICE_AS_CLIENT,
	WEIR_SERVICE_HTTP2_UPSTREAM,
	WEIR_SERVICE_HTTP1_UPSTREAM
};

#define WEIR_NO_THREAT UINT16_MAX
#define WEIR_NO_TLS    UINT16_MAX

/* Who listens somewhere, and how patient weir is with those who talk to it. Plain data: a
 * connection that outlives the policy keeps a copy. */
struct weir_service {
	uint32_t name;    /* interned */
	uint8_t protocol; /* enum weir_service_protocol */
	uint16_t threat;  /* index of its ThreatPolicy; WEIR_NO_THREAT: none, or its mode is off */
	uint16_t tls;     /* index of how weir ends its TLS; WEIR_NO_TLS: it does not */
	bool passthrough; /* its TLS is passed on, and looked at */
	bool http2;       /* clients may speak HTTP/2 */
	uint8_t http2_upstream;     /* enum weir_service_upstream */
	uint64_t header_timeout_ns; /* for a whole head, from its first byte; 0: none */
	uint64_t body_timeout_ns;   /* without a byte of a body; 0: none */
	uint64_t idle_timeout_ns;   /* between requests; 0: none */
	struct weir_http_limits limits;
};

/* In the clear its servers may be spoken to in another HTTP than its clients come with. */
static inline bool weir_service_translates(const struct weir_service *s)
{
	if (s->protocol != WEIR_SERVICE_HTTP || s->tls != WEIR_NO_TLS)
		return false;
	return s->http2_upstream == WEIR_SERVICE_HTTP2_UPSTREAM ||
	       (s->http2_upstream == WEIR_SERVICE_HTTP1_UPSTREAM && s->http2);
}

/* The service that listens there, NULL: none. The longest prefix wins. Any thread, no lock. */
const struct weir_service *weir_policy_service(const struct weir_policy *p,
					       const struct weir_addr *addr, uint16_t port);

struct weir_threat_policy {
	uint32_t name;            /* interned */
	struct weir_conf_pos pos; /* of the name; its file is the policy's own text */
	char *first;              /* SecLang of weir's own that is read before the rules */
	char **rules; /* patterns of rule files in order: before, crs, after; absolute */
	uint16_t n_rules;
	char *last; /* the same, of exclusions that name rules which must have been read; "" */
	struct weir_waf_options waf; /* n_workers and cache are filled in by who compiles */
	enum weir_failure on_error;  /* memory, budget: closed (503) | open (passes unjudged) */
	bool json_refusals;          /* refusals are JSON whatever Accept says */
};
uint16_t weir_policy_threats(const struct weir_policy *p);
const struct weir_threat_policy *weir_policy_threat(const struct weir_policy *p, uint16_t i);

/* Files of a certificate, and where they are named. */
struct weir_service_cert {
	struct weir_conf_pos pos;
	struct weir_tls_cert_files files;
};

/* A Service's TLS: how weir speaks it with clients, and how it goes on to the servers. Or that of
 * flows which a policy's `intercept` opens: then there is an authority in place of certificates.
 * What it points to is the policy's. */
struct weir_service_tls {
	uint32_t service; /* interned name; of the policy */
	bool intercepts;
	struct weir_service_cert authority;
	bool http, http2;
	uint8_t http2_upstream; /* enum weir_service_upstream */
	struct weir_conf_pos pos;
	const struct weir_service_cert *certs;
	uint32_t n_certs;
	uint16_t min_version;
	const char *ciphers12, *ciphers13, *groups; /* names, colons; NULL: weir's own choice */
	bool sni_strict;
	uint64_t handshake_timeout_ns;
	enum weir_tls_verify_client verify_client;
	struct weir_conf_pos client_pos; /* of `client`, and of `upstream` */
	struct weir_tls_roots_files client_roots;
	struct weir_conf_pos upstream_pos;
	bool upstream_tls; /* else it goes on in the clear */
	enum weir_tls_verify verify;
	struct weir_tls_roots_files roots;
	const char *name; /* of the servers; NULL: what the client asks for */
	bool has_cert;
	struct weir_service_cert cert; /* shown to them */
};
uint16_t weir_policy_tls_count(const struct weir_policy *p);
const struct weir_service_tls *weir_policy_tls(const struct weir_policy *p, uint16_t i);

struct weir_policy_size {
	uint32_t groups, prefixes, policies, rules, services, threats;
	uint64_t bytes; /* about, compiled */
};
struct weir_policy_size weir_policy_size(const struct weir_policy *p);

#endif
