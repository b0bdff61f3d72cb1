/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies to variables, by the processor that the head or a rule has named. */
#include "waf_body.h"
#include "waf_tx.h"

static const struct weir_bytes no_name;

/* A variable of one number that may change between phases: it is never screened. */
void waf_set_number(struct weir_waf_tx *tx, unsigned int list, uint64_t number)
{
	if (tx->waf->uses[list])
		waf_set_bytes(tx, list, waf_number_text(tx, (int64_t)number));
}

void waf_set_bytes(struct weir_waf_tx *tx, unsigned int list, struct weir_bytes bytes)
{
	struct waf_list *l = &tx->list[list];

	if (!l->n)
		waf_list_add(tx, list, no_name, bytes);
	else if (l->first)
		waf_value_init(&l->first->value, bytes);
}

void waf_body_error(struct weir_waf_tx *tx, const char *text)
{
	waf_set_number(tx, WEIR_SEC_V_REQBODY_ERROR, 1);
	waf_set_bytes(tx, WEIR_SEC_V_REQBODY_ERROR_MSG, weir_bytes_str(text));
}

static const char too_many[] = "more arguments than SecArgumentsLimit";

void waf_tell_error(struct weir_waf_tx *tx, int rc, const struct weir_decode_error *e)
{
	if (rc == -WEIR_ELIMIT)
		waf_body_error(tx, e->text ? e->text : too_many);
	else if (rc == -WEIR_EFORMAT)
		waf_body_error(tx, e->text ? e->text : "the body is malformed");
}

/* Asked by parsers and decoders. */
static bool go_on(void *ctx)
{
	return !waf_is_late(ctx);
}

/* ---- content codings ---- */

/* Of bytes that a decoder makes without a look at the clock. */
#define BYTES_PER_US 600

static bool has_time_for(void *ctx, size_t bytes)
{
	struct weir_waf_tx *tx = ctx;
	uint64_t ns = bytes * 1000 / BYTES_PER_US;

	if (waf_clock_fits(&tx->part->clock, waf_ticks(),
			   (uint64_t)((double)ns / tx->waf->ns_per_tick)))
		return true;
	waf_clock_stop(&tx->part->clock);
	return !waf_is_late(tx);
}

static struct weir_bytes take_token(struct weir_bytes *list)
{
	const uint8_t *end = list->len ? memchr(list->ptr, ',', list->len) : NULL;
	struct weir_bytes token =
		weir_bytes_of(list->ptr, end ? (size_t)(end - list->ptr) : list->len);
	size_t used = token.len + (end != NULL);

	*list = weir_bytes_of(list->ptr + used, list->len - used);
	return weir_bytes_trim(token);
}

#define CODINGS_MAX 4

/* The codings that were applied, in order; -1: one of them is not known. */
static int codings_of(const struct weir_http_head *head, int out[CODINGS_MAX])
{
	int n = 0;

	for (unsigned int i = 0; i < head->n_headers; i++) {
		struct weir_bytes left = head->headers[i].value;

		if (!weir_bytes_is_case(head->headers[i].name, "content-encoding"))
			continue;
		while (left.len) {
			struct weir_bytes token = take_token(&left);

			if (!token.len)
				continue;
			if (n == CODINGS_MAX)
				return -1;
			out[n] = weir_coding_find(token);
			if (out[n++] < 0)
				return -1;
		}
	}
	return n;
}

bool waf_undo_coding(struct weir_waf_tx *tx, enum weir_coding coding, struct weir_bytes *body,
		     uint64_t limit)
{
	const struct weir_inflate_limits limits = {
		.max = limit, .go_on = go_on, .has_time_for = has_time_for, .context = tx};
	struct weir_bytes out = {0};
	int rc;

	if (coding == WEIR_CODING_IDENTITY)
		return true;
	tx->arena.limit += 2 * limit; /* pieces, and what is joined of them */
	rc = weir_inflate(coding, *body, &limits, &tx->arena, &out);
	tx->arena.limit += WEIR_WAF_BODY_TIMES * out.len;
	if (rc == 0 || rc == -WEIR_ELIMIT)
		*body = out;
	return rc == 0;
}

struct weir_bytes waf_undo_codings(struct weir_waf_tx *tx, const struct weir_http_head *head,
				   struct weir_bytes body, uint64_t limit, bool *failed)
{
	int coding[CODINGS_MAX], n = codings_of(head, coding);

	*failed = n < 0;
	while (n-- > 0 && !*failed) {
		if (waf_is_late(tx))
			break;
		*failed = !waf_undo_coding(tx, (enum weir_coding)coding[n], &body, limit);
	}
	return body;
}

/* ---- processors ---- */

static bool take_body_param(void *ctx, struct weir_bytes name, struct weir_bytes value)
{
	return waf_take_param(ctx, name, value);
}

struct weir_param_sink waf_param_sink(struct weir_waf_tx *tx)
{
	return (struct weir_param_sink){take_body_param, tx, go_on};
}

int waf_json(struct weir_waf_tx *tx, struct weir_bytes body, const char *prefix,
	     struct weir_decode_error *error)
{
	uint32_t depth = tx->waf->settings->json_depth_limit;
	struct weir_json_limits limits = {
		.depth = depth < WEIR_JSON_DEPTH_MAX ? depth : WEIR_JSON_DEPTH_MAX,
		.values = UINT32_MAX, /* SecArgumentsLimit ends it before */
	};
	struct weir_param_sink sink = waf_param_sink(tx);

	return weir_json_parse(body, prefix, &limits, &tx->arena, &sink, error);
}

static void take_json(struct weir_waf_tx *tx, struct weir_bytes body)
{
	struct weir_decode_error error = {0};
	int rc = waf_json(tx, body, "json", &error);

	waf_tell_error(tx, rc, &error);
}

static bool take_attribute(void *ctx, struct weir_bytes name, struct weir_bytes value)
{
	return waf_list_add(ctx, WAF_LIST_XML_ATTRS, name, value);
}

static void take_xml(struct weir_waf_tx *tx, struct weir_bytes body)
{
	static const struct weir_xml_limits limits = {.depth = 256, .attributes = 10000};
	struct weir_param_sink sink = {take_attribute, tx, go_on};
	struct weir_decode_error error = {0};
	struct weir_xml xml = {0};
	int rc = weir_xml_parse(body, &limits, &tx->arena, &sink, &xml, &error);

	waf_tell_error(tx, rc, &error);
	if (!rc)
		waf_list_add(tx, WEIR_SEC_V_XML, weir_bytes_str(WAF_XML_TEXT), xml.text);
}

static bool take_file(struct weir_waf_tx *tx, const struct weir_part *part)
{
	const uint8_t *uses = tx->waf->uses;

	if (uses[WEIR_SEC_V_FILES_SIZES])
		waf_list_add(tx, WEIR_SEC_V_FILES_SIZES, part->name,
			     waf_number_text(tx, (int64_t)part->body.len));
	if (uses[WEIR_SEC_V_FILES_TMP_CONTENT])
		waf_list_add(tx, WEIR_SEC_V_FILES_TMP_CONTENT, part->name, part->body);
	tx->files_size += part->body.len;
	waf_list_add(tx, WEIR_SEC_V_MULTIPART_FILENAME, part->name, part->filename);
	return waf_list_add(tx, WEIR_SEC_V_FILES, part->name, part->filename);
}

static bool take_part(void *ctx, const struct weir_part *part)
{
	struct weir_waf_tx *tx = ctx;

	for (uint32_t i = 0; i < part->n_headers; i++)
		waf_list_add(tx, WEIR_SEC_V_MULTIPART_PART_HEADERS, part->name, part->headers[i]);
	waf_list_add(tx, WEIR_SEC_V_MULTIPART_NAME, part->name, part->name);
	if (part->is_file)
		return take_file(tx, part);
	return waf_take_param(tx, part->name, part->body);
}

static const struct {
	uint8_t variable;
	uint32_t flags;
} multipart_flags[] = {
	{WEIR_SEC_V_MULTIPART_BOUNDARY_QUOTED, WEIR_MULTIPART_BOUNDARY_QUOTED},
	{WEIR_SEC_V_MULTIPART_BOUNDARY_WHITESPACE, WEIR_MULTIPART_BOUNDARY_WHITESPACE},
	{WEIR_SEC_V_MULTIPART_CRLF_LF_LINES, WEIR_MULTIPART_CRLF_LF_LINES},
	{WEIR_SEC_V_MULTIPART_DATA_AFTER, WEIR_MULTIPART_DATA_AFTER},
	{WEIR_SEC_V_MULTIPART_DATA_BEFORE, WEIR_MULTIPART_DATA_BEFORE},
	{WEIR_SEC_V_MULTIPART_FILE_LIMIT_EXCEEDED, WEIR_MULTIPART_FILE_LIMIT},
	{WEIR_SEC_V_MULTIPART_HEADER_FOLDING, WEIR_MULTIPART_HEADER_FOLDING},
	{WEIR_SEC_V_MULTIPART_INVALID_HEADER_FOLDING, WEIR_MULTIPART_INVALID_HEADER},
	{WEIR_SEC_V_MULTIPART_INVALID_PART, WEIR_MULTIPART_INVALID_PART},
	{WEIR_SEC_V_MULTIPART_INVALID_QUOTING, WEIR_MULTIPART_INVALID_QUOTING},
	{WEIR_SEC_V_MULTIPART_LF_LINE, WEIR_MULTIPART_LF_LINE},
	{WEIR_SEC_V_MULTIPART_MISSING_SEMICOLON, WEIR_MULTIPART_MISSING_SEMICOLON},
	{WEIR_SEC_V_MULTIPART_UNMATCHED_BOUNDARY, WEIR_MULTIPART_UNMATCHED_BOUNDARY},
	{WEIR_SEC_V_MULTIPART_STRICT_ERROR, WAF_MULTIPART_STRICT},
};

static void take_multipart(struct weir_waf_tx *tx, struct weir_bytes body)
{
	const struct weir_http_header *type = weir_http_header_find(&tx->request, "Content-Type");
	struct weir_multipart_limits limits = {
		.parts = tx->waf->settings->arguments_limit + tx->waf->settings->upload_file_limit,
		.headers = 64,
	};
	struct weir_part_sink sink = {take_part, tx, go_on};
	struct weir_decode_error error = {0};
	uint32_t flags = 0;
	int rc = weir_multipart_parse(body, type ? type->value : no_name, &limits, &tx->arena,
				      &sink, &flags, &error);

	waf_tell_error(tx, rc, &error);
	if (rc == -WEIR_EFORMAT)
		flags |= WEIR_MULTIPART_INVALID_PART; /* what is given up is a strict error, too */
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(multipart_flags); i++)
		if (tx->waf->uses[multipart_flags[i].variable])
			waf_set_number(tx, multipart_flags[i].variable,
				       (flags & multipart_flags[i].flags) != 0);
}

/* REQUEST_BODY is there for forms, and when a rule has asked for it. */
static void take_raw(struct weir_waf_tx *tx, struct weir_bytes body)
{
	if (tx->processor == WEIR_SEC_BODY_URLENCODED || tx->force_body)
		waf_list_add(tx, WEIR_SEC_V_REQUEST_BODY, no_name, body);
}

/* ---- the request as a whole ---- */

static uint8_t *put(uint8_t *at, struct weir_bytes b)
{
	if (b.len)
		memcpy(at, b.ptr, b.len);
	return at + b.len;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
	return put(at, weir_bytes_str(text));
}

static size_t full_length(const struct weir_http_head *head, struct weir_bytes body)
{
	size_t len = head->line.len + 4 + body.len;

	for (unsigned int i = 0; i < head->n_headers; i++)
		len += head->headers[i].name.len + 2 + head->headers[i].value.len + 2;
	return len;
}

/* Line, fields and body as far as it is kept, put together anew. */
static void take_full(struct weir_waf_tx *tx)
{
	const struct weir_http_head *head = &tx->request;
	const uint8_t *uses = tx->waf->uses;
	uint8_t *text, *at;
	size_t len;

	if (!uses[WEIR_SEC_V_FULL_REQUEST_LENGTH] && !uses[WEIR_SEC_V_FULL_REQUEST])
		return;
	len = full_length(head, tx->body);
	waf_list_number(tx, WEIR_SEC_V_FULL_REQUEST_LENGTH, len);
	if (!uses[WEIR_SEC_V_FULL_REQUEST])
		return;
	text = at = weir_arena_alloc(&tx->arena, len);
	if (!text)
		return; /* told by the arena */
	at = put_text(put(at, head->line), "\r\n");
	for (unsigned int i = 0; i < head->n_headers; i++) {
		at = put_text(put(at, head->headers[i].name), ": ");
		at = put_text(put(at, head->headers[i].value), "\r\n");
	}
	put(put_text(at, "\r\n"), tx->body);
	waf_list_add(tx, WEIR_SEC_V_FULL_REQUEST, no_name, weir_bytes_of(text, len));
}

/* ---- all of it ---- */

void waf_take_body(struct weir_waf_tx *tx)
{
	bool failed = false;
	struct weir_bytes body;

	take_full(tx);
	if (!tx->body_total)
		return;
	body = waf_undo_codings(tx, &tx->request, tx->body, tx->body_limit, &failed);
	if (failed)
		waf_body_error(tx, "the content coding could not be undone");
	if (tx->processor != WEIR_SEC_BODY_GRPC)
		take_raw(tx, body);
	switch ((enum weir_sec_processor)tx->processor) {
	case WEIR_SEC_BODY_URLENCODED:
		if (waf_take_args(tx, WEIR_SEC_V_ARGS_POST, body) == -WEIR_ELIMIT)
			waf_body_error(tx, too_many);
		break;
	case WEIR_SEC_BODY_MULTIPART:
		take_multipart(tx, body);
		break;
	case WEIR_SEC_BODY_JSON:
		take_json(tx, body);
		break;
	case WEIR_SEC_BODY_XML:
		take_xml(tx, body);
		break;
	case WEIR_SEC_BODY_GRPC:
		waf_take_grpc(tx, body);
		break;
	case WEIR_SEC_BODY_NONE:
		break;
	}
	waf_set_number(tx, WEIR_SEC_V_FILES_COMBINED_SIZE, tx->files_size);
	waf_set_number(tx, WEIR_SEC_V_ARGS_COMBINED_SIZE, tx->args_size);
	waf_set_number(tx, WEIR_SEC_V_REQUEST_BODY_LENGTH, tx->body_total);
}

void waf_take_response_body(struct weir_waf_tx *tx)
{
	bool failed = false;
	struct weir_bytes codec, body = waf_undo_codings(tx, &tx->response, tx->response_body,
							 tx->response_limit, &failed);

	if (weir_http_grpc(&tx->response, &codec))
		body = waf_grpc_text(tx, body);
	waf_list_add(tx, WEIR_SEC_V_RESPONSE_BODY, no_name, body);
}
