/* SPDX-License-Identifier: BSD-3-Clause */
/* Which HTTP the peers of a connection speak: by ALPN where weir ends TLS, else by what the client
 * says first, and by what its Service says of the servers. */
#include "path_http.h"
#include "path_stream.h"

#include <weir_http2.h>

#define PREFACE 24 /* bytes of HTTP/2's */

/* ---- the client ---- */

/* What a peer has said first, at most PREFACE bytes of it. */
static struct weir_bytes first_bytes(const struct path_http *x, unsigned int leg,
				     uint8_t to[PREFACE])
{
	struct weir_bytes views[PREFACE];
	unsigned int n = path_http_views(x, leg, views, PREFACE);
	size_t len = 0;

	for (unsigned int i = 0; i < n && len < PREFACE; i++) {
		size_t part = RTE_MIN(views[i].len, PREFACE - len);

		memcpy(to + len, views[i].ptr, part);
		len += part;
	}
	return weir_bytes_of(to, len);
}

/* Servers of HTTP/2 begin with SETTINGS (RFC 9113 section 3.4). False: this is none, as far as it
 * goes. */
static bool may_be_settings(const struct path_http *x)
{
	static const uint8_t settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
	uint8_t bytes[PREFACE];
	struct weir_bytes b = first_bytes(x, PATH_TO_CLIENT, bytes);

	for (size_t i = 0; i < b.len && i < sizeof(settings); i++)
		if (bytes[i] != settings[i] && i != 1 && i != 2) /* its length */
			return false;
	return true;
}

/* They may do so before they hear anything; who speaks first otherwise is for HTTP/1.1 to judge. */
static bool is_other_server(const struct path_http *x)
{
	return !may_be_settings(x) || path_http_is_ended(x, PATH_TO_CLIENT);
}

/* By prior knowledge (RFC 9113 section 3.3): no HTTP/1.1 request begins so. */
static enum path_http_protocol detect(struct path_http *x)
{
	uint8_t bytes[PREFACE];

	if (!x->service.http2 || !path_http2_is_possible(x->w))
		return PATH_HTTP_1;
	switch (weir_http2_detect(first_bytes(x, PATH_TO_SERVER, bytes))) {
	case WEIR_HTTP2_PREFACE_NOT:
		return PATH_HTTP_1;
	case WEIR_HTTP2_PREFACE_YES:
		return PATH_HTTP_2;
	case WEIR_HTTP2_PREFACE_MORE:
		break;
	}
	if (path_http_is_ended(x, PATH_TO_SERVER) || is_other_server(x))
		return PATH_HTTP_1;
	if (path_http_left(x, PATH_TO_SERVER) && !x->side[PATH_TO_SERVER].since_ns)
		x->side[PATH_TO_SERVER].since_ns = x->w->now_ns;
	return PATH_HTTP_UNKNOWN;
}

/* ---- the servers ---- */

bool path_http_server_speaks_http2(const struct path_http *x, bool by_prior_knowledge)
{
	const struct path_carried *k = x->k;

	if (k->tls && path_tls_has_server(k->tls))
		return path_tls_alpn(k->tls, 1) == WEIR_EVENT_ALPN_HTTP2;
	if (x->service.http2_upstream == WEIR_SERVICE_AS_CLIENT)
		return by_prior_knowledge;
	return x->service.http2_upstream == WEIR_SERVICE_HTTP2_UPSTREAM;
}

bool path_http_may_translate(const struct path_http *x)
{
	if (x->k->tls)
		return path_tls_may_translate(x->k->tls);
	return x->service.http2_upstream == WEIR_SERVICE_HTTP2_UPSTREAM &&
	       path_http2_is_possible(x->w);
}

/* Servers that have chosen nothing by ALPN, and go without a word before the client does. One that
 * fails in its answer is none of them. */
static bool go_unheard(const struct path_http *x)
{
	const struct path_tls *tls = x->k->tls;

	return tls && path_tls_has_server(tls) && path_tls_is_up(tls, 1) &&
	       path_tls_alpn(tls, 1) == WEIR_EVENT_ALPN_NONE && !path_tls_is_torn(tls, 1) &&
	       !path_http_is_ended(x, PATH_TO_SERVER);
}

bool path_http_is_wrong_server(const struct path_http *x)
{
	if (x->responses || x->k->translator)
		return false;
	return path_http_left(x, PATH_TO_CLIENT) ? may_be_settings(x) : go_unheard(x);
}

/* What they speak is for their handshake to say, and nothing is read before that. */
static bool waits_for_server(const struct path_http *x)
{
	const struct path_tls *tls = x->k->tls;

	return path_http_may_translate(x) && path_tls_has_server(tls) && !path_tls_is_up(tls, 1) &&
	       !path_tls_failure(tls);
}

/* ---- both ---- */

static enum path_http_protocol protocol_of(struct path_http *x)
{
	const struct path_carried *k = x->k;

	if (!k->tls)
		return detect(x);
	if (!path_tls_is_up(k->tls, 0))
		return PATH_HTTP_UNKNOWN;
	if (path_tls_alpn(k->tls, 0) == WEIR_EVENT_ALPN_HTTP2)
		return PATH_HTTP_2;
	return waits_for_server(x) ? PATH_HTTP_UNKNOWN : PATH_HTTP_1;
}

/* What is needed where a peer speaks HTTP/2. False: no memory. */
static bool begin_http2(struct path_http *x)
{
	if (x->protocol == PATH_HTTP_2)
		return path_http2_begin(x, !x->k->tls);
	if (x->protocol == PATH_HTTP_1 && path_http_may_translate(x) &&
	    path_http_server_speaks_http2(x, false))
		return path_translate_begin(x);
	return true;
}

bool path_http_choose_protocol(struct path_http *x)
{
	x->protocol = protocol_of(x);
	if (!begin_http2(x)) {
		weir_count(&x->w->stats, WEIR_COUNT_HTTP_MEMORY, 1);
		path_http_abort(x);
		return false;
	}
	if (x->protocol == PATH_HTTP_1 && !x->program && !x->k->translator) {
		path_http_be_tunnel(x);
		if (path_stream_failure(x->k)) /* and nobody has words for it */
			path_http_abort(x);
	}
	return x->protocol != PATH_HTTP_UNKNOWN;
}
