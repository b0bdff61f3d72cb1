/* SPDX-License-Identifier: BSD-3-Clause */
/* A decision with its grounds: which groups, which rules were looked at, why each did or did not
 * match. */
#include "policy_impl.h"

#include <weir_tls_record.h>

#define CANDIDATES_MAX 100

static void add_side(const struct weir_policy *p, struct weir_json *j, const char *key,
		     const struct weir_addr *addr, const struct class *k)
{
	const struct group *groups = p->docs.groups.items;
	const uint32_t *members = p->classes.member.items;
	char text[WEIR_ADDR_TEXT];

	weir_json_object(j, key);
	weir_json_str(j, "address", weir_addr_format(addr, text));
	weir_json_array(j, "groups");
	for (uint32_t i = 0; i < k->n; i++)
		weir_json_str(j, NULL,
			      weir_names_get(p->docs.group_names,
					     groups[member_group(members[k->first + i])].name));
	weir_json_end_array(j);
	weir_json_end_object(j);
}

static bool in_groups(const struct weir_policy *p, const struct class *k, struct slice groups)
{
	const uint32_t *wanted = (const uint32_t *)p->docs.groups_of_rules.items + groups.first;
	const uint32_t *members = (const uint32_t *)p->classes.member.items + k->first;

	for (uint32_t i = 0; i < groups.n; i++) {
		if (wanted[i] == GROUP_ANY)
			return true;
		for (uint32_t g = 0; g < k->n; g++)
			if (member_group(members[g]) == wanted[i])
				return true;
	}
	return false;
}

/* Of a rule that else matches. */
static const char *why_not_by_name(const struct asking *a, const struct rule *rule)
{
	if (!rule->names.n)
		return NULL;
	if (!a->name)
		return "whom the client asks for decides";
	if (keys_fit(&a->names, &a->p->docs, rule->names))
		return NULL;
	return a->name->state == WEIR_NAME_GOOD ? "another name" : "no name";
}

/* The same of who the client is. */
static const char *why_not_by_identity(const struct asking *a, const struct rule *rule)
{
	if (!rule->identities.n)
		return NULL;
	if (!a->identity)
		return "who the client is decides";
	if (keys_fit(&a->identities, &a->p->docs, rule->identities))
		return NULL;
	if (a->identity->state == WEIR_IDENTITY_UNSEEN)
		return "no Service there verifies clients";
	return a->identity->state == WEIR_IDENTITY_MISSING ? "no certificate" : "another identity";
}

/* NULL when the rule matches. Both sides are in its groups. */
static const char *why_not(const struct asking *a, const struct rule *rule)
{
	const struct weir_policy *p = a->p;
	const struct weir_policy_query *q = a->q;
	const uint32_t *protos = (const uint32_t *)p->docs.protos.items + rule->protos.first;
	const struct range *ranges =
		(const struct range *)p->docs.ranges.items + rule->ranges.first;
	const char *why;
	bool good = false;

	for (uint32_t i = 0; i < rule->protos.n; i++)
		good |= protos[i] == PROTO_ANY || protos[i] == q->proto;
	if (!good)
		return "another protocol";
	good = !rule->ranges.n;
	for (uint32_t i = 0; i < rule->ranges.n; i++)
		good |= ranges[i].lo <= q->dport && q->dport <= ranges[i].hi;
	if (!good)
		return "another port";
	why = why_not_by_name(a, rule);
	return why ? why : why_not_by_identity(a, rule);
}

static void add_candidate(const struct weir_policy *p, const struct weir_names *names,
			  struct weir_json *j, const struct rule *rule, const char *why)
{
	static const char *const modes[] = {"off", "detect", "enforce"};

	weir_json_object(j, NULL);
	weir_json_str(j, "policy", weir_names_get(names, rule->policy));
	if (rule->name)
		weir_json_str(j, "rule", weir_names_get(names, rule->name));
	if (rule->priority < PRIORITY_REST)
		weir_json_u64(j, "priority", rule->priority);
	weir_json_str(j, "mode", modes[rule->mode]);
	weir_json_str(j, "action", weir_verdict_name((enum weir_verdict)rule->verdict));
	weir_json_bool(j, "matches", why == NULL);
	if (why)
		weir_json_str(j, "why_not", why);
	weir_json_end_object(j);
}

static void add_candidates(const struct asking *a, const struct weir_names *names,
			   struct weir_json *j)
{
	const struct weir_policy *p = a->p;
	unsigned int n = 0;

	weir_json_array(j, "candidates");
	for (uint32_t rank = 0; rank < p->n_ranked && n < CANDIDATES_MAX; rank++) {
		const struct rule *rule = rule_at(p, rank);
		const char *why;

		if (!in_groups(p, a->src, rule->from) || !in_groups(p, a->dst, rule->to))
			continue;
		why = why_not(a, rule);
		add_candidate(p, names, j, rule, why);
		n++;
		if (!why && rule->mode == MODE_ENFORCE)
			break; /* decided */
	}
	weir_json_end_array(j);
}

static void add_tls_client(struct weir_json *j, const struct weir_service_tls *t)
{
	static const char *const verify[] = {[WEIR_TLS_CLIENT_NONE] = "none",
					     [WEIR_TLS_CLIENT_OPTIONAL] = "optional",
					     [WEIR_TLS_CLIENT_REQUIRED] = "required"};

	weir_json_array(j, "certificates");
	for (uint32_t i = 0; i < t->n_certs; i++)
		weir_json_str(j, NULL, t->certs[i].files.chain);
	weir_json_end_array(j);
	weir_json_str(j, "min_version", t->min_version == WEIR_TLS_1_3 ? "1.3" : "1.2");
	weir_json_str(j, "client_certificate", verify[t->verify_client]);
}

static void add_tls_upstream(struct weir_json *j, const struct weir_service_tls *t)
{
	static const char *const verify[] = {[WEIR_TLS_VERIFY_FULL] = "full",
					     [WEIR_TLS_VERIFY_CA] = "ca",
					     [WEIR_TLS_VERIFY_NONE] = "none"};

	weir_json_str(j, "upstream", t->upstream_tls ? "tls" : "plain");
	if (!t->upstream_tls)
		return;
	weir_json_str(j, "verify", verify[t->verify]);
	if (t->name)
		weir_json_str(j, "server_name", t->name);
}

/* What weir does about the TLS of a service. */
static void add_tls(const struct weir_policy *p, const struct weir_service *s, struct weir_json *j)
{
	if (s->tls == WEIR_NO_TLS && !s->passthrough)
		return;
	weir_json_object(j, "tls");
	weir_json_str(j, "mode", s->passthrough ? "passthrough" : "terminate");
	if (!s->passthrough) {
		add_tls_client(j, weir_policy_tls(p, s->tls));
		add_tls_upstream(j, weir_policy_tls(p, s->tls));
	}
	weir_json_end_object(j);
}

static void add_service(const struct weir_policy *p, const struct weir_policy_query *q,
			const struct weir_names *names, struct weir_json *j)
{
	static const char *const modes[] = {[WEIR_WAF_OFF] = "off",
					    [WEIR_WAF_DETECT] = "detect",
					    [WEIR_WAF_ENFORCE] = "enforce"};
	const struct weir_service *is =
		q->proto == 6 ? weir_policy_service(p, &q->dst, q->dport) : NULL;
	/* The lookup's result is the first member of what the document became. */
	const struct service *s = (const struct service *)is;

	if (!s)
		return;
	weir_json_object(j, "service");
	weir_json_str(j, "name", weir_names_get(names, is->name));
	weir_json_str(j, "protocol",
		      weir_service_protocol_name((enum weir_service_protocol)is->protocol));
	if (s->threat) {
		const struct weir_threat_policy *t =
			weir_policy_threat(p, (uint16_t)(s->threat - 1));

		weir_json_str(j, "threat_policy", weir_names_get(names, t->name));
		weir_json_str(j, "mode", modes[t->waf.mode]);
	}
	add_tls(p, is, j);
	weir_json_end_object(j);
}

static void add_decision(const struct weir_policy_decision *d, const struct weir_names *names,
			 struct weir_json *j)
{
	weir_json_object(j, "decision");
	weir_json_str(j, "verdict", weir_verdict_name((enum weir_verdict)d->verdict));
	weir_json_str(j, "policy", weir_names_get(names, d->policy));
	if (d->rule)
		weir_json_str(j, "rule", weir_names_get(names, d->rule));
	if (d->reason)
		weir_json_str(j, "reason", weir_drop_name((enum weir_drop)d->reason));
	if (d->flags & WEIR_DECISION_WOULD_DENY)
		weir_json_bool(j, "would_deny", true);
	weir_json_bool(j, "inspect", (d->flags & WEIR_DECISION_INSPECT) != 0);
	if (d->flags & WEIR_DECISION_NAMES)
		weir_json_bool(j, "by_name", true);
	if (d->flags & WEIR_DECISION_IDENTITY)
		weir_json_bool(j, "by_identity", true);
	if (d->flags & WEIR_DECISION_INTERCEPT)
		weir_json_bool(j, "intercept", true);
	if (d->bypass)
		weir_json_str(j, "bypass", weir_names_get(names, d->bypass));
	weir_json_str(j, "on_change", d->flags & WEIR_DECISION_KEEP ? "keep" : "reevaluate");
	weir_json_end_object(j);
}

static void add_name(const struct weir_policy_name *name, struct weir_json *j)
{
	if (!name)
		return;
	weir_json_object(j, "name");
	weir_json_str(j, "source", "sni");
	weir_json_str(j, "state", weir_name_state_name(name->state));
	if (name->state == WEIR_NAME_GOOD)
		weir_json_str(j, "text", name->text);
	weir_json_end_object(j);
}

static void add_identity(const struct weir_policy_identity *identity, struct weir_json *j)
{
	weir_json_object(j, "identity");
	weir_json_str(j, "state", weir_identity_state_name(identity->state));
	if (identity->state == WEIR_IDENTITY_GOOD)
		weir_json_str(j, "text", identity->text);
	weir_json_end_object(j);
}

void weir_policy_explain(const struct weir_policy *p, const struct weir_policy_explaining *x,
			 struct weir_json *j, const char *key)
{
	static const struct weir_policy_identity unseen = {.state = WEIR_IDENTITY_UNSEEN};
	const struct weir_policy_query *q = x->q;
	struct weir_policy_decision d;
	struct asking a;

	asking_begin(&a, p, q, x->name, x->identity);
	asking_decide(&a, &d);
	weir_json_object(j, key);
	add_side(p, j, "from", &q->src, a.src);
	add_side(p, j, "to", &q->dst, a.dst);
	weir_json_u64(j, "proto", q->proto);
	weir_json_u64(j, "port", q->dport);
	add_name(x->name, j);
	if (x->identity)
		add_identity(policy_verifies_clients(p, q) ? x->identity : &unseen, j);
	add_candidates(&a, x->names, j);
	add_service(p, q, x->names, j);
	add_decision(&d, x->names, j);
	weir_json_end_object(j);
}
