/* SPDX-License-Identifier: BSD-3-Clause */
/* What weir says in a server's place: a status, and a page so short that it fits one segment; or
 * what a call of gRPC-Web is told by. */
#include "path_http.h"
#include "path_stream.h"

#include <stdio.h>

#define ANSWER_MAX 2048

static const char *reason_of(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *reason;
	} reasons[] = {
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return status < 400 ? "Redirect" : "Refused";
}

static void make_text(struct path_http_page *p, const struct path_exchange *e)
{
	static const char html[] =
		"<!DOCTYPE html>\n<html><head><title>%u %s</title></head>\n"
		"<body><h1>%s</h1>\n<p>This request was not let through. Whoever runs this site "
		"can find out why by the number %016llx.</p></body></html>\n";
	static const char json[] = "{\"status\":%u,\"error\":\"%s\",\"id\":\"%016llx\"}\n";
	const char *reason = reason_of(e->status);
	unsigned long long id = e->id;
	int n;

	p->type = e->json ? "application/json" : "text/html; charset=utf-8";
	n = e->json ? snprintf(p->text, sizeof(p->text), json, e->status, reason, id)
		    : snprintf(p->text, sizeof(p->text), html, e->status, reason, reason, id);
	p->len = (size_t)n;
	snprintf(p->length, sizeof(p->length), "%d", n);
}

/* A rule's text may have come from the request: no byte of it ends the field. */
static void make_location(struct path_http_page *p, const struct path_exchange *e)
{
	struct weir_waf_result result;
	size_t n = 0;

	p->location[0] = '\0';
	if (e->verdict != WEIR_WAF_REDIRECT || !e->tx)
		return;
	weir_waf_tx_result(e->tx, &result);
	for (size_t i = 0; i < result.location.len && n < sizeof(p->location) - 1; i++)
		if (result.location.ptr[i] > ' ' && result.location.ptr[i] < 127)
			p->location[n++] = (char)result.location.ptr[i];
	p->location[n] = '\0';
}

void path_http_make_page(struct path_http_page *p, const struct path_exchange *e)
{
	make_text(p, e);
	make_location(p, e);
}

/* What was let go before it goes first; without spans for that there are none for this either. */
static bool say(struct path_http *x, const char *text, size_t len)
{
	size_t done;

	return path_http_settle(x, PATH_TO_CLIENT) &&
	       path_stream_write(x->w, x->k, 0, weir_bytes_of(text, len), &done) == 0;
}

static int make_answer(char *answer, const struct path_exchange *e)
{
	struct path_http_page page;

	path_http_make_page(&page, e);
	return snprintf(answer, ANSWER_MAX,
			"HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %s\r\n%s%s%s"
			"Cache-Control: no-store\r\nConnection: %s\r\n\r\n%s",
			e->status, reason_of(e->status), page.type, page.length,
			page.location[0] ? "Location: " : "", page.location,
			page.location[0] ? "\r\n" : "", e->close ? "close" : "keep-alive",
			e->is_head ? "" : page.text);
}

/* A page is nothing that clients of gRPC-Web can read: they look for the call's status, which may
 * be all of an answer. */
static int make_call_answer(char *answer, struct path_exchange *e)
{
	struct path_grpc_status status;

	path_grpc_make_status(&status, e);
	e->status = 200;
	return snprintf(answer, ANSWER_MAX,
			"HTTP/1.1 200 OK\r\nContent-Type: %s\r\ngrpc-status: %s\r\n"
			"grpc-message: %s\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
			"Connection: %s\r\n\r\n",
			status.type, status.code, status.message,
			e->close ? "close" : "keep-alive");
}

bool path_http_answer(struct path_http *x, struct path_exchange *e)
{
	bool is_call = e->call == WEIR_HTTP_GRPC_WEB || e->call == WEIR_HTTP_GRPC_WEB_TEXT;
	char answer[ANSWER_MAX];
	int n = is_call ? make_call_answer(answer, e) : make_answer(answer, e);

	return say(x, answer, (size_t)n);
}

bool path_http_continue(struct path_http *x)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	return say(x, text, sizeof(text) - 1);
}
