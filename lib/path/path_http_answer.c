/* SPDX-License-Identifier: BSD-3-Clause */
/* What weir says in a server's place: a status, and a page so short that it fits one segment. */
#include "path_http.h"
#include "path_stream.h"

#include <stdio.h>

#define PAGE_MAX     640
#define LOCATION_MAX 512
#define ANSWER_MAX   2048

struct page {
	char text[PAGE_MAX];
	size_t len;
	const char *type;
};

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

static void make_page(struct page *p, const struct path_exchange *e)
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
}

/* A rule's text may have come from the request: no byte of it ends the field. */
static size_t make_location(char *to, size_t room, const struct path_exchange *e)
{
	struct weir_waf_result result;
	size_t n = 0;

	if (e->verdict != WEIR_WAF_REDIRECT || !e->tx)
		return 0;
	weir_waf_tx_result(e->tx, &result);
	n = (size_t)snprintf(to, room, "Location: ");
	for (size_t i = 0; i < result.location.len && n < room - 3; i++)
		if (result.location.ptr[i] > ' ' && result.location.ptr[i] < 127)
			to[n++] = (char)result.location.ptr[i];
	memcpy(to + n, "\r\n", 3);
	return n + 2;
}

/* What was let go before it goes first; without spans for that there are none for this either. */
static bool say(struct path_http *x, const char *text, size_t len)
{
	return path_http_settle(x, PATH_TO_CLIENT) &&
	       path_stream_write(x->w, x->k, 0, weir_bytes_of(text, len)) == 0;
}

bool path_http_answer(struct path_http *x, const struct path_exchange *e)
{
	char answer[ANSWER_MAX], location[LOCATION_MAX] = "";
	struct page page;
	int n;

	make_page(&page, e);
	(void)make_location(location, sizeof(location), e);
	n = snprintf(answer, sizeof(answer),
		     "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
		     "Cache-Control: no-store\r\nConnection: %s\r\n\r\n%s",
		     e->status, reason_of(e->status), page.type, page.len, location,
		     e->close ? "close" : "keep-alive", e->is_head ? "" : page.text);
	return say(x, answer, (size_t)n);
}

bool path_http_continue(struct path_http *x)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	return say(x, text, sizeof(text) - 1);
}
