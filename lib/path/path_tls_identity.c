/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who the client is, by the certificate that its Service has verified. It is noted for records and
 * reloads, and where policy's rules ask for it, it decides now: till then the servers have heard
 * nothing. Who is refused is told so by HTTP, which has words for that, or else by an alert.
 */
#include "path_event.h"
#include "path_names.h"
#include "path_tls.h"

#define ACCESS_DENIED 49 /* an alert (RFC 8446 section 6.2) */

static bool is_asked(const struct path_tls *x)
{
	return x->k->flow->decision.flags & WEIR_DECISION_IDENTITY;
}

bool path_tls_waits_for_identity(const struct path_tls *x)
{
	return is_asked(x) && !path_tls_is_up(x, PATH_CLIENT);
}

void path_tls_note_name(struct path_tls *x, const struct weir_tls_hello *hello)
{
	struct weir_policy_name name = path_name_of_hello(hello);
	struct weir_flow *f = x->k->flow;

	if (f->name)
		return;
	if (is_asked(x))
		f->name = path_name_get(x->w, &name);
	else if (x->service->verifies_clients)
		f->name = path_name_note(x->w, &name);
}

void path_tls_note_client(struct path_tls *x)
{
	struct path_tls_worker *t = x->w->tls;
	enum weir_tls_id id = weir_tls_conn_id(x->leg[PATH_CLIENT].conn, t->id);

	t->shown =
		(struct weir_policy_identity){.state = weir_identity_state_of(id), .text = t->id};
	if (x->service->verifies_clients || is_asked(x))
		x->client = path_identity_get(x->w, &t->shown);
}

/* ---- refusing ---- */

/* The number of an HTTP/2 stream, or of a request, is worth more to people than an alert. */
static bool has_words(const struct path_tls *x)
{
	return x->k->http && (x->k->flow->decision.flags & WEIR_DECISION_HTTP ||
			      x->leg[PATH_CLIENT].info.alpn == WEIR_EVENT_ALPN_HTTP2);
}

static void refuse(struct path_tls *x, const struct weir_policy_decision *d)
{
	struct path_worker *w = x->w;
	struct weir_flow *f = x->k->flow;

	weir_count(&w->stats, WEIR_COUNT_IDENTITIES_DENIED, 1);
	weir_count(&w->stats, WEIR_COUNT_FLOWS_DENIED, 1);
	path_event_refused(w, f, d, &w->tls->shown);
	f->decision.policy = d->policy;
	f->decision.rule = d->rule;
	if (d->verdict == WEIR_VERDICT_DENY && has_words(x)) {
		path_tls_refuse(x, d->reason);
		return;
	}
	if (d->verdict == WEIR_VERDICT_DENY)
		path_tls_alert(x, PATH_CLIENT, ACCESS_DENIED);
	path_tls_stop(x, d->verdict, d->reason);
}

/* ---- judging ---- */

void path_tls_judge_client(struct path_tls *x)
{
	struct path_worker *w = x->w;
	struct weir_flow *f = x->k->flow;
	struct weir_policy_query q = path_flow_query(f);
	struct weir_policy_name name = path_name_of(w, f->name);
	struct weir_policy_decision d;

	if (!is_asked(x))
		return;
	weir_policy_decide_identity(w->gen->policy, &q, &name, &w->tls->shown, &d);
	if (d.verdict != WEIR_VERDICT_ALLOW) {
		refuse(x, &d);
		return;
	}
	weir_count(&w->stats, WEIR_COUNT_IDENTITIES_ALLOWED, 1);
	if (d.flags & WEIR_DECISION_WOULD_DENY)
		weir_count(&w->stats, WEIR_COUNT_FLOWS_WOULD_DENY, 1);
	path_flow_remember(w, f, &d);
}

/* ---- who it was ---- */

bool path_tls_identity(const struct path_tls *x, struct weir_policy_identity *out)
{
	if (!path_tls_is_up(x, PATH_CLIENT))
		return false;
	*out = path_identity_of(x->w, x->client);
	return true;
}

void path_tls_identity_told(const struct path_tls *x, struct weir_event_identity *out)
{
	weir_event_identity_set(out, path_identity_of(x->w, x->client).text);
}
