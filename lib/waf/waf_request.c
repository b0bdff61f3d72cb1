/* SPDX-License-Identifier: BSD-3-Clause */
/* A request's head to variables. What the head shows is copied: the bytes it came in go on. */
#include "waf_body.h"
#include "waf_tx.h"

static const struct weir_bytes no_name;

static void add(struct weir_waf_tx *tx, unsigned int variable, struct weir_bytes value)
{
	waf_list_add(tx, variable, no_name, value);
}

static void add_text(struct weir_waf_tx *tx, unsigned int variable, const char *text)
{
	add(tx, variable, weir_arena_copy(&tx->arena, weir_bytes_str(text)));
}

static void add_address(struct weir_waf_tx *tx, unsigned int variable, const struct weir_addr *a)
{
	char text[WEIR_ADDR_TEXT];

	if (tx->waf->uses[variable])
		add_text(tx, variable, weir_addr_format(a, text));
}

/* ---- the copy ---- */

/* A text, and where its copy stands. */
struct copied {
	struct weir_bytes text;
	const uint8_t *to;
};

/* Most of what a head shows is of its text; what is not becomes a copy of its own. */
static void copy_view(struct weir_waf_tx *tx, struct weir_bytes *view, const struct copied *c)
{
	const uint8_t *from = c->text.ptr;

	if (view->ptr >= from && view->ptr + view->len <= from + c->text.len)
		view->ptr = c->to + (view->ptr - from);
	else if (view->len)
		*view = weir_arena_copy(&tx->arena, *view);
}

static bool copy_headers(struct weir_waf_tx *tx, struct weir_http_head *head,
			 const struct copied *c)
{
	size_t bytes = (head->n_headers + 1u) * sizeof(*head->headers);
	struct weir_http_header *h = weir_arena_alloc(&tx->arena, bytes);

	if (!h)
		return false;
	for (unsigned int i = 0; i < head->n_headers; i++) {
		h[i] = head->headers[i];
		copy_view(tx, &h[i].name, c);
		copy_view(tx, &h[i].value, c);
	}
	head->headers = h;
	return true;
}

static bool copy_head(struct weir_waf_tx *tx, struct weir_http_head *head)
{
	const struct copied c = {head->text, weir_arena_copy(&tx->arena, head->text).ptr};
	struct weir_bytes *const views[] = {
		&head->text, &head->line,  &head->method, &head->target, &head->authority,
		&head->path, &head->query, &head->host,   &head->reason, &head->protocol,
	};

	if (!c.to)
		return false;
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(views); i++)
		copy_view(tx, views[i], &c);
	return copy_headers(tx, head, &c);
}

/* ---- parameters ---- */

struct params {
	struct weir_waf_tx *tx;
	unsigned int list;
	uint32_t left; /* SecArgumentsLimit */
};

static bool take_param(void *ctx, struct weir_bytes name, struct weir_bytes value)
{
	struct params *p = ctx;

	if (!p->left)
		return false;
	p->left--;
	p->tx->args_size += name.len + value.len;
	return waf_list_add(p->tx, p->list, name, value);
}

static bool go_on(void *ctx)
{
	struct params *p = ctx;

	return !waf_is_late(p->tx);
}

static bool take_cookie(void *ctx, struct weir_bytes name, struct weir_bytes value)
{
	struct params *p = ctx;

	return waf_list_add(p->tx, p->list, name, value);
}

int waf_take_args(struct weir_waf_tx *tx, unsigned int list, struct weir_bytes text)
{
	uint32_t limit = tx->waf->settings->arguments_limit;
	uint32_t have = tx->list[WEIR_SEC_V_ARGS_GET].n + tx->list[WEIR_SEC_V_ARGS_POST].n;
	struct params p = {.tx = tx, .list = list, .left = limit > have ? limit - have : 0};
	struct weir_param_sink sink = {take_param, &p, go_on};
	unsigned int bad = 0;
	int rc = weir_form_parse(text, tx->waf->settings->argument_separator, &tx->arena, &sink,
				 &bad);

	if (bad)
		waf_set_number(tx, WEIR_SEC_V_URLENCODED_ERROR, 1);
	return rc;
}

bool waf_take_param(struct weir_waf_tx *tx, struct weir_bytes name, struct weir_bytes value)
{
	uint32_t limit = tx->waf->settings->arguments_limit;
	uint32_t have = tx->list[WEIR_SEC_V_ARGS_GET].n + tx->list[WEIR_SEC_V_ARGS_POST].n;
	struct params p = {.tx = tx, .list = WEIR_SEC_V_ARGS_POST, .left = have < limit};

	return take_param(&p, name, value);
}

/* ---- the line ---- */

/* The target without scheme and host, as ModSecurity has it. */
static struct weir_bytes uri_of(const struct weir_http_head *head)
{
	if (head->form != WEIR_HTTP_ABSOLUTE)
		return head->target;
	if (!head->path.len)
		return weir_bytes_str("/");
	return weir_bytes_of(head->path.ptr,
			     (size_t)(head->target.ptr + head->target.len - head->path.ptr));
}

/* REQUEST_FILENAME is what a server takes the path for: escapes undone, once, '+' no space. */
static struct weir_bytes path_decoded(struct weir_waf_tx *tx, struct weir_bytes path)
{
	uint8_t *out, *at;

	if (!path.len || !memchr(path.ptr, '%', path.len))
		return path;
	out = at = weir_arena_alloc(&tx->arena, path.len);
	for (size_t i = 0; out && i < path.len; i++) {
		int high = i + 2 < path.len ? weir_hex_value(path.ptr[i + 1]) : -1;
		int low = i + 2 < path.len ? weir_hex_value(path.ptr[i + 2]) : -1;
		bool escape = path.ptr[i] == '%' && high >= 0 && low >= 0;

		*at++ = escape ? (uint8_t)(high << 4 | low) : path.ptr[i];
		i += escape ? 2 : 0;
	}
	return weir_bytes_of(out, (size_t)(at - out));
}

static struct weir_bytes basename_of(struct weir_bytes path)
{
	size_t at = path.len;

	while (at && path.ptr[at - 1] != '/' && path.ptr[at - 1] != '\\')
		at--;
	return weir_bytes_of(path.ptr + at, path.len - at);
}

static void take_line(struct weir_waf_tx *tx)
{
	const struct weir_http_head *head = &tx->request;
	const uint8_t *uses = tx->waf->uses;
	struct weir_bytes path = head->path.len ? head->path : uri_of(head);

	if (uses[WEIR_SEC_V_REQUEST_FILENAME] || uses[WEIR_SEC_V_REQUEST_BASENAME])
		path = path_decoded(tx, path);
	add(tx, WEIR_SEC_V_REQUEST_LINE, head->line);
	add(tx, WEIR_SEC_V_REQUEST_METHOD, head->method);
	add(tx, WEIR_SEC_V_REQUEST_PROTOCOL, head->protocol);
	add(tx, WEIR_SEC_V_REQUEST_URI_RAW, head->target);
	add(tx, WEIR_SEC_V_REQUEST_URI, uri_of(head));
	add(tx, WEIR_SEC_V_REQUEST_FILENAME, path);
	add(tx, WEIR_SEC_V_REQUEST_BASENAME, basename_of(path));
	add(tx, WEIR_SEC_V_QUERY_STRING, head->query);
	add(tx, WEIR_SEC_V_PATH_INFO, (struct weir_bytes){0});
}

/* ---- fields ---- */

static void take_cookies(struct weir_waf_tx *tx, struct weir_bytes value)
{
	struct params p = {.tx = tx, .list = WEIR_SEC_V_REQUEST_COOKIES};
	struct weir_param_sink sink = {take_cookie, &p};

	/* The sink says no for want of memory or time, both of which the transaction knows. */
	(void)!weir_cookies_parse(value, &sink);
}

/* The name of `dXNlcjpwYXNz`, "user:pass": what the client says, nobody has checked it. */
static void take_user(struct weir_waf_tx *tx, struct weir_bytes credentials)
{
	size_t room = weir_transform_bound(WEIR_T_BASE64DECODE, credentials.len);
	uint8_t *text = weir_arena_alloc(&tx->arena, room);
	const uint8_t *colon;
	size_t len;

	if (!text)
		return;
	len = weir_transform_run(WEIR_T_BASE64DECODE, credentials, text, NULL);
	colon = len ? memchr(text, ':', len) : NULL;
	if (colon)
		add(tx, WEIR_SEC_V_REMOTE_USER, weir_bytes_of(text, (size_t)(colon - text)));
}

/* `Basic dXNlcjpwYXNz` */
static void take_authorization(struct weir_waf_tx *tx, struct weir_bytes value)
{
	const uint8_t *end = value.len ? memchr(value.ptr, ' ', value.len) : NULL;
	size_t len = end ? (size_t)(end - value.ptr) : value.len;
	struct weir_bytes type = weir_bytes_of(value.ptr, len);

	add(tx, WEIR_SEC_V_AUTH_TYPE, type);
	if (end && weir_bytes_is_case(type, "basic"))
		take_user(tx, weir_bytes_trim(weir_bytes_of(end, value.len - len)));
}

static void take_fields(struct weir_waf_tx *tx)
{
	const uint8_t *uses = tx->waf->uses;

	for (unsigned int i = 0; i < tx->request.n_headers; i++) {
		const struct weir_http_header *h = &tx->request.headers[i];

		waf_list_add(tx, WEIR_SEC_V_REQUEST_HEADERS, h->name, h->value);
		if (uses[WEIR_SEC_V_REQUEST_COOKIES] && weir_bytes_is_case(h->name, "cookie"))
			take_cookies(tx, h->value);
		else if ((uses[WEIR_SEC_V_AUTH_TYPE] || uses[WEIR_SEC_V_REMOTE_USER]) &&
			 weir_bytes_is_case(h->name, "authorization"))
			take_authorization(tx, h->value);
	}
}

static bool begins(struct weir_bytes b, const char *prefix)
{
	size_t len = strlen(prefix);

	return b.len >= len && weir_bytes_is_case(weir_bytes_of(b.ptr, len), prefix);
}

struct weir_bytes waf_media_type(struct weir_bytes content_type)
{
	const uint8_t *end =
		content_type.len ? memchr(content_type.ptr, ';', content_type.len) : NULL;

	if (end)
		content_type.len = (size_t)(end - content_type.ptr);
	return weir_bytes_trim(content_type);
}

/* JSON and XML too, for which ModSecurity's recommended configuration has rules of its own. */
static uint8_t processor_of(const struct weir_http_head *head)
{
	const struct weir_http_header *h = weir_http_header_find(head, "Content-Type");
	struct weir_bytes type, subtype;

	if (!h)
		return WEIR_SEC_BODY_NONE;
	type = waf_media_type(h->value);
	if (weir_bytes_is_case(type, "application/x-www-form-urlencoded"))
		return WEIR_SEC_BODY_URLENCODED;
	if (begins(type, "multipart/form-data"))
		return WEIR_SEC_BODY_MULTIPART;
	if (weir_http_grpc(head, &subtype))
		return WEIR_SEC_BODY_GRPC;
	if (weir_bytes_is_case(type, "application/json") || begins(type, "text/json"))
		return WEIR_SEC_BODY_JSON;
	if (weir_bytes_is_case(type, "text/xml") || weir_bytes_is_case(type, "application/xml"))
		return WEIR_SEC_BODY_XML;
	subtype = type.len > 5 ? weir_bytes_of(type.ptr + type.len - 5, 5) : type;
	if (begins(type, "application/") && weir_bytes_is_case(subtype, "+json"))
		return WEIR_SEC_BODY_JSON;
	if (begins(type, "application/") && type.len > 4 &&
	    weir_bytes_is_case(weir_bytes_of(type.ptr + type.len - 4, 4), "+xml"))
		return WEIR_SEC_BODY_XML;
	return WEIR_SEC_BODY_NONE;
}

/* ---- the connection ---- */

static void take_peer(struct weir_waf_tx *tx)
{
	const struct weir_waf_peer *peer = &tx->begin.peer;

	add_address(tx, WEIR_SEC_V_REMOTE_ADDR, &peer->client);
	add_address(tx, WEIR_SEC_V_SERVER_ADDR, &peer->server);
	waf_list_number(tx, WEIR_SEC_V_REMOTE_PORT, peer->client_port);
	waf_list_number(tx, WEIR_SEC_V_SERVER_PORT, peer->server_port);
}

static void take_ids(struct weir_waf_tx *tx)
{
	char id[WEIR_HEX_U64];

	if (tx->waf->uses[WEIR_SEC_V_UNIQUE_ID])
		add_text(tx, WEIR_SEC_V_UNIQUE_ID, weir_hex_u64(tx->begin.id, id));
	add(tx, WEIR_SEC_V_WEBAPPID, tx->waf->settings->web_app_id);
	add(tx, WEIR_SEC_V_MODSEC_BUILD, weir_bytes_str("020909000"));
}

/* Host without its port. */
static void take_server_name(struct weir_waf_tx *tx)
{
	struct weir_bytes host = tx->request.host;
	const uint8_t *colon;

	if (!tx->waf->uses[WEIR_SEC_V_SERVER_NAME])
		return;
	colon = host.len && host.ptr[0] != '[' ? memchr(host.ptr, ':', host.len) : NULL;
	add(tx, WEIR_SEC_V_SERVER_NAME,
	    weir_bytes_of(host.ptr, colon ? (size_t)(colon - host.ptr) : host.len));
}

/* ---- flags that a body may raise later ---- */

static const uint8_t flags[] = {
	WEIR_SEC_V_URLENCODED_ERROR,       WEIR_SEC_V_REQBODY_ERROR,
	WEIR_SEC_V_INBOUND_DATA_ERROR,     WEIR_SEC_V_OUTBOUND_DATA_ERROR,
	WEIR_SEC_V_MULTIPART_STRICT_ERROR, WEIR_SEC_V_MULTIPART_UNMATCHED_BOUNDARY,
};

static void take_flags(struct weir_waf_tx *tx)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(flags); i++)
		waf_set_number(tx, flags[i], 0);
}

bool waf_take_request(struct weir_waf_tx *tx, const struct weir_http_head *head)
{
	tx->request = *head;
	if (!copy_head(tx, &tx->request))
		return false;
	take_peer(tx);
	take_ids(tx);
	take_line(tx);
	take_flags(tx);
	take_fields(tx);
	take_server_name(tx);
	if (waf_take_args(tx, WEIR_SEC_V_ARGS_GET, tx->request.query) == -WEIR_ELIMIT)
		waf_body_error(tx, "more arguments than SecArgumentsLimit");
	waf_set_number(tx, WEIR_SEC_V_ARGS_COMBINED_SIZE, tx->args_size);
	waf_set_number(tx, WEIR_SEC_V_REQUEST_BODY_LENGTH, 0);
	waf_set_processor(tx, processor_of(&tx->request));
	return !tx->arena.failed;
}

bool waf_take_response(struct weir_waf_tx *tx, const struct weir_http_head *head)
{
	const struct weir_http_header *h;

	tx->response = *head;
	if (!copy_head(tx, &tx->response))
		return false;
	add(tx, WEIR_SEC_V_STATUS_LINE, tx->response.line);
	add(tx, WEIR_SEC_V_RESPONSE_PROTOCOL, tx->response.protocol);
	waf_list_number(tx, WEIR_SEC_V_RESPONSE_STATUS, tx->response.status);
	for (unsigned int i = 0; i < tx->response.n_headers; i++)
		waf_list_add(tx, WEIR_SEC_V_RESPONSE_HEADERS, tx->response.headers[i].name,
			     tx->response.headers[i].value);
	h = weir_http_header_find(&tx->response, "Content-Type");
	add(tx, WEIR_SEC_V_RESPONSE_CONTENT_TYPE, h ? h->value : (struct weir_bytes){0});
	h = weir_http_header_find(&tx->response, "Content-Length");
	add(tx, WEIR_SEC_V_RESPONSE_CONTENT_LENGTH, h ? h->value : (struct weir_bytes){0});
	return !tx->arena.failed;
}
