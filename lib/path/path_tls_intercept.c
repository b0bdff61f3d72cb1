/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections to whatever server, opened by policy under the operator's CA. The client's hello has
 * been read and is held; the server is spoken with first, in the name and with the protocols that
 * the client asks for, and verified. Then a leaf is made after the server's, and the client's
 * handshake begins. Where the server cannot be spoken with, HTTP has words for that, over a leaf
 * made by name; all else gets an alert.
 */
#include "path_event.h"
#include "path_tls.h"

#include <weir_tls_hello.h>

#define ACCESS_DENIED  49 /* alerts (RFC 8446 section 6.2) */
#define INTERNAL_ERROR 80

/* ---- beginning ---- */

/* Whether HTTP, where it is read, may be HTTP/2. */
static bool may_be_http2(const struct path_worker *w, const struct weir_flow *f)
{
	const struct weir_service *s = weir_policy_service(w->gen->policy, &f->addr[1], f->port[1]);

	return s && s->http2 && path_http2_is_possible(w);
}

/* Those of the client's that are spoken here: one of them the server takes, and then the client. */
static uint8_t protocols_of(const struct path_worker *w, const struct path_carried *k,
			    const struct weir_tls_hello *hello)
{
	struct weir_bytes left = hello->alpn, protocol;
	uint8_t bits = 0;

	while (weir_tls_alpn_next(&left, &protocol))
		for (unsigned int i = 0; i < path_tls_protocols.n; i++)
			if (weir_bytes_equal(protocol, weir_bytes_str(path_tls_protocols.names[i])))
				bits |= (uint8_t)PATH_TLS_BIT(i);
	if (k->flow->decision.flags & WEIR_DECISION_HTTP && !may_be_http2(w, k->flow))
		bits &= PATH_TLS_BIT(PATH_TLS_HTTP1);
	return bits;
}

bool path_tls_begin_intercepted(struct path_worker *w, struct path_carried *k, uint16_t tls,
				const struct weir_tls_hello *hello)
{
	const struct path_tls_service *s = path_tls_service_get(w, w->gen, tls);
	struct path_tls *x = s ? path_tls_open_service(w, k, s) : NULL;

	if (!x)
		return false;
	x->leg[PATH_CLIENT].begun_ns = 0; /* it is the server who has the time now */
	x->heard = true;
	x->offered = protocols_of(w, k, hello) & 3;
	if (hello->sni == WEIR_TLS_SNI_NAME && !path_tls_set_sni(x, weir_bytes_str(hello->name))) {
		path_tls_end(x);
		return false;
	}
	weir_count(&w->stats, WEIR_COUNT_TLS_INTERCEPTED, 1);
	return true;
}

bool path_tls_waits_for_server(const struct path_tls *x)
{
	enum path_tls_state s = x->leg[PATH_SERVER].state;

	return x->service->intercepts && (s == PATH_TLS_IDLE || s == PATH_TLS_HANDSHAKE);
}

/* ---- the leaf ---- */

static int mint(struct path_tls *x, struct weir_tls_mint what)
{
	what.now = (int64_t)(path_unix_ns(x->w) / WEIR_NS_PER_S);
	return weir_tls_mint(x->service->minter[x->w->id], &what, &x->identity);
}

int path_tls_mint(struct path_tls *x, int alpn)
{
	x->offered = alpn >= 0 ? PATH_TLS_BIT((unsigned int)alpn) & 3 : 0;
	return mint(x, (struct weir_tls_mint){.upstream = x->leg[PATH_SERVER].conn});
}

void path_tls_put_leaf(struct path_tls *x)
{
	if (x->identity)
		weir_tls_mint_put(x->service->minter[x->w->id], x->identity);
	x->identity = NULL;
}

/* ---- failures ---- */

static bool is_about_certificate(enum weir_tls_error e)
{
	return e >= WEIR_TLS_E_CERT_MISSING && e <= WEIR_TLS_E_CERT_BAD;
}

bool path_tls_explain_failure(struct path_tls *x, bool by_http)
{
	if (x->leg[PATH_CLIENT].state != PATH_TLS_IDLE)
		return by_http;
	if (by_http && *path_tls_sni(x) &&
	    mint(x, (struct weir_tls_mint){.name = path_tls_sni(x)}) == 0)
		return true;
	path_hello_alert(x->w, x->k,
			 is_about_certificate(path_tls_server_failure(x)) ? ACCESS_DENIED
									  : INTERNAL_ERROR);
	return false;
}

/* What clients say to a certificate that they do not want, or who makes it: bad_certificate,
 * unsupported_certificate, certificate_unknown, unknown_ca. Others just go. */
static bool is_refusal(const struct path_tls *x, int error)
{
	uint8_t alert = weir_tls_conn_failure(x->leg[PATH_CLIENT].conn).alert_received;

	return error == -WEIR_TLS_E_TRUNCATED || alert == 42 || alert == 43 || alert == 46 ||
	       alert == 48;
}

void path_tls_note_refusal(struct path_tls *x, int error)
{
	const struct path_tls_leg *l = &x->leg[PATH_CLIENT];

	if (!x->service->intercepts || l->state != PATH_TLS_HANDSHAKE || !l->conn ||
	    !is_refusal(x, error))
		return;
	weir_count(&x->w->stats, WEIR_COUNT_TLS_PINNED, 1);
	path_event_pinned(x->w, x->k->flow, path_tls_sni(x));
}
