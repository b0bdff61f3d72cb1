/* SPDX-License-Identifier: BSD-3-Clause */
/* What must come of a conversation through an HTTP path. */
#include "path_oracle.h"

#include <string.h>

#define HEADERS_MAX 128
#define TEXT_MAX    (64u << 10)

static struct weir_bytes after(struct weir_bytes b, size_t n)
{
	return weir_bytes_of(b.ptr + n, b.len - n);
}

/* ---- requests ---- */

/* A request on its way through the rules. */
struct judging {
	struct weir_waf_tx *tx;
	enum weir_waf_verdict verdict;
	bool decided; /* what comes of its body does not matter any more */
};

static void judge_end(struct judging *j)
{
	j->verdict = weir_waf_request_end(j->tx);
	j->decided = true;
}

static void judge_content(struct judging *j, struct weir_bytes content)
{
	bool judged = false;

	if (j->decided || !content.len)
		return;
	j->verdict = weir_waf_request_body(j->tx, content, &judged);
	j->decided = judged || j->verdict != WEIR_WAF_PASS;
}

/* As weir_http_body_feed, but of bytes that are bad somewhere it takes the first, if that is good:
 * in small segments the good ones before them have gone on. */
static ssize_t feed(struct weir_http_body *body, struct weir_bytes in, struct weir_bytes *content)
{
	struct weir_http_body before = *body;
	ssize_t n = weir_http_body_feed(body, in, content);

	if (n >= 0)
		return n;
	*body = before;
	return weir_http_body_feed(body, weir_bytes_of(in.ptr, 1), content);
}

/* Reads the body in `in`; returns its bytes as far as they are well formed. */
static size_t read_body(struct judging *j, const struct weir_http_head *h, struct weir_bytes in,
			bool *whole)
{
	struct weir_http_body body;
	struct weir_bytes content;
	size_t len = 0;

	weir_http_body_init(&body, h, &weir_http_limits_default);
	if (j->verdict == WEIR_WAF_PASS &&
	    (body.done || weir_waf_request_body_mode(j->tx) != WEIR_WAF_BODY_HOLD))
		judge_end(j);
	while (in.len && !body.done) {
		ssize_t n = feed(&body, in, &content);

		if (n < 0)
			break;
		judge_content(j, content);
		len += (size_t)n;
		in = after(in, (size_t)n);
	}
	*whole = body.done;
	if (body.done && !j->decided)
		judge_end(j);
	return len;
}

static void judge(struct oracle *o, struct oracle_request *r, const struct weir_http_head *h,
		  struct weir_bytes rest)
{
	struct weir_waf_begin begin = {
		.peer = {.client_port = 40000, .server_port = 80},
		.unix_ns = 1700000000 * WEIR_NS_PER_S,
		.id = 1,
	};
	struct judging j = {.tx = weir_waf_tx_begin(o->waf, o->worker, 0, &begin)};

	weir_assert(j.tx != NULL);
	j.verdict = weir_waf_request_head(j.tx, h);
	j.decided = j.verdict != WEIR_WAF_PASS;
	r->bytes.len += read_body(&j, h, rest, &r->whole);
	r->passes = j.decided && j.verdict == WEIR_WAF_PASS;
	weir_waf_tx_end(j.tx);
	weir_waf_tx_destroy(j.tx);
}

void oracle_read(struct oracle *o, struct weir_bytes sent)
{
	struct weir_http_header header[HEADERS_MAX];
	struct weir_http_head head;

	for (o->n = 0; sent.len && o->n < ORACLE_REQUESTS; o->n++) {
		struct oracle_request *r = &o->request[o->n];
		ssize_t n = weir_http_request_parse(sent, &weir_http_limits_default, header, &head);

		*r = (struct oracle_request){.bytes = weir_bytes_of(sent.ptr, 0)};
		if (n <= 0) {
			o->n++; /* it may be answered */
			return;
		}
		r->is_head = head.is_head;
		r->is_connect = head.is_connect;
		r->keep_alive = head.keep_alive;
		r->upgrade = head.upgrade;
		r->offers_http = head.upgrade_http && head.minor == 1;
		r->bytes.len = r->head = (size_t)n;
		judge(o, r, &head, after(sent, (size_t)n));
		if (!r->whole) {
			o->n++;
			return;
		}
		sent = after(sent, r->bytes.len);
	}
}

/* ---- what the server got ---- */

static bool begins_with(struct weir_bytes b, struct weir_bytes with)
{
	return with.len <= b.len && (!with.len || memcmp(b.ptr, with.ptr, with.len) == 0);
}

/* It may have gone on with a head that was written anew: that is taken off, as far as it is there,
 * and the rest is as it was. */
static void take_other_head(struct oracle_request *r, struct weir_bytes *got)
{
	static uint8_t text[TEXT_MAX + 512];
	struct weir_http_header header[HEADERS_MAX];
	struct weir_http_head head;
	size_t n;

	(void)!weir_http_request_parse(r->bytes, &weir_http_limits_default, header, &head);
	n = weir_http2_to_http1(&head, text, sizeof(text));
	if (!n || begins_with(*got, weir_bytes_of(r->bytes.ptr, r->head)))
		return;
	n = n < got->len ? n : got->len;
	if (!begins_with(*got, weir_bytes_of(text, n)))
		return;
	*got = after(*got, n);
	r->bytes = after(r->bytes, r->head);
	r->head = 0;
}

/* True when `got` goes on after it, in *got. */
static bool take_request(const struct oracle *o, struct oracle_request request,
			 struct weir_bytes *got)
{
	struct oracle_request *r = &request;

	if (!r->passes)
		return true;
	if (r->offers_http)
		take_other_head(r, got);
	if (r->whole && begins_with(*got, r->bytes)) {
		*got = after(*got, r->bytes.len);
		return r->keep_alive;
	}
	if (begins_with(r->bytes, *got)) {
		*got = after(*got, got->len);
		return false;
	}
	weir_assert(o->lenient);
	return true;
}

void oracle_check_server(const struct oracle *o, struct weir_bytes got)
{
	for (unsigned int i = 0; i < o->n && got.len; i++) {
		const struct oracle_request *r = &o->request[i];

		if (!take_request(o, *r, &got))
			break;
		if (o->tunnel && (r->upgrade || r->is_connect))
			return;
	}
	weir_assert(!got.len || o->n == ORACLE_REQUESTS);
}

/* ---- what the client got ---- */

static bool is_text(const struct weir_http_head *h)
{
	const struct weir_http_header *type = weir_http_header_find(h, "content-type");

	return type && (weir_bytes_is_case(type->value, "text/plain") ||
			weir_bytes_is_case(type->value, "text/html"));
}

static bool has(struct weir_bytes b, const char *text)
{
	return b.len && memmem(b.ptr, b.len, text, strlen(text)) != NULL;
}

static bool leaks(const struct weir_http_head *h)
{
	const struct weir_http_header *field = weir_http_header_find(h, "x-leak");

	return field && has(field->value, "attack3");
}

/* Reads a response's body; returns its bytes. *whole is set when its end is there. */
static size_t read_response_body(const struct oracle *o, const struct weir_http_head *h,
				 struct weir_bytes in, bool *whole)
{
	static uint8_t text[TEXT_MAX];
	struct weir_http_body body;
	struct weir_bytes content;
	size_t len = 0, n_text = 0;

	weir_http_body_init(&body, h, &weir_http_limits_default);
	while (in.len && !body.done) {
		ssize_t n = feed(&body, in, &content);
		size_t take;

		if (n < 0) /* it was found when a part had gone on */
			break;
		take = content.len < TEXT_MAX - n_text ? content.len : TEXT_MAX - n_text;
		if (take)
			memcpy(text + n_text, content.ptr, take);
		n_text += take;
		len += (size_t)n;
		in = after(in, (size_t)n);
	}
	weir_assert(o->lenient || !is_text(h) || !has(weir_bytes_of(text, n_text), "attack4"));
	*whole = body.done;
	return len;
}

/* A page, or the status of a call of gRPC-Web. */
static bool may_be_refusal(const struct weir_http_head *h)
{
	return h->status >= 300 || weir_http_header_find(h, "grpc-status");
}

/* Reads one response to `r`, final or not; true when others may follow. */
static bool take_response(const struct oracle *o, const struct oracle_request *r,
			  struct weir_bytes *got, bool *final)
{
	struct weir_http_header header[HEADERS_MAX];
	struct weir_http_head head, request = {.is_head = r->is_head, .is_connect = r->is_connect};
	ssize_t n =
		weir_http_response_parse(*got, &weir_http_limits_default, &request, header, &head);
	bool whole = true;

	weir_assert(n >= 0);
	*final = n && head.status >= 200;
	if (!n)
		return false;
	weir_assert(!leaks(&head));
	if (head.framing == WEIR_HTTP_TUNNEL) {
		weir_assert(o->tunnel && r->passes);
		return false;
	}
	weir_assert(!*final || r->passes || o->lenient || may_be_refusal(&head));
	*got = after(*got, (size_t)n);
	*got = after(*got, *final ? read_response_body(o, &head, *got, &whole) : 0);
	return whole;
}

void oracle_check_client(const struct oracle *o, struct weir_bytes got)
{
	unsigned int i = 0;

	while (got.len && i < ORACLE_REQUESTS) {
		bool final;

		weir_assert(i < o->n);
		if (!take_response(o, &o->request[i], &got, &final))
			return;
		i += final;
	}
}
