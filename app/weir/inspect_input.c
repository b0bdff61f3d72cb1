/* SPDX-License-Identifier: BSD-3-Clause */
/* A line of JSON to the messages that it carries. */
#include "inspect.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* Four digits to three bytes; those that padding stands for are zero. -1: not base64. */
static int32_t group_value(const uint8_t *p, size_t digits)
{
	int32_t value = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit = i < digits ? weir_base64_value(p[i]) : 0;

		if (digit < 0)
			return -1;
		value = value << 6 | digit;
	}
	return value;
}

ssize_t inspect_base64(struct weir_bytes text, uint8_t *out)
{
	size_t n = 0;

	if (text.len % 4)
		return -WEIR_EFORMAT;
	for (size_t at = 0; at < text.len; at += 4) {
		const uint8_t *p = text.ptr + at;
		size_t digits = 4;
		int32_t value;

		if (at + 4 == text.len && p[3] == '=')
			digits = p[2] == '=' ? 2 : 3;
		value = group_value(p, digits);
		/* Bits that no byte takes must be zero, so that one text stands for one value. */
		if (value < 0 || value & ((1 << (4 - digits) * 8) - 1))
			return -WEIR_EFORMAT;
		for (size_t i = 0; i + 1 < digits; i++)
			out[n++] = (uint8_t)(value >> (16 - 8 * i));
	}
	return (ssize_t)n;
}

static struct weir_bytes string_of(const json_t *value)
{
	return weir_bytes_of(json_string_value(value), json_string_length(value));
}

static const char *read_messages(const json_t *line, struct inspect_line *out)
{
	const json_t *request = json_object_get(line, "request");
	const json_t *response = json_object_get(line, "response");
	ssize_t n, m = 0;

	if (!json_is_string(request))
		return "request is missing, or no string";
	if (response && !json_is_string(response) && !json_is_null(response))
		return "response is no string";
	out->bytes = malloc(json_string_length(request) + json_string_length(response) + 1);
	if (!out->bytes)
		return "no memory";
	n = inspect_base64(string_of(request), out->bytes);
	if (n < 0)
		return "request is not base64";
	out->x.has_response = json_is_string(response);
	if (out->x.has_response)
		m = inspect_base64(string_of(response), out->bytes + n);
	if (m < 0)
		return "response is not base64";
	out->x.request = weir_bytes_of(out->bytes, (size_t)n);
	out->x.response = weir_bytes_of(out->bytes + n, (size_t)m);
	return NULL;
}

static uint64_t now_unix_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

void inspect_begin_default(struct weir_waf_begin *out)
{
	*out = (struct weir_waf_begin){
		.peer.client = weir_addr_v4(0x7f000001),
		.peer.server = weir_addr_v4(0x7f000001),
		.peer.client_port = 40000,
		.peer.server_port = 80,
		.unix_ns = now_unix_ns(),
	};
}

static const char *read_begin(const json_t *line, struct weir_waf_begin *out)
{
	const json_t *client = json_object_get(line, "client");
	const json_t *seconds = json_object_get(line, "time");
	const char *text = json_string_value(client);
	double s = json_number_value(seconds);

	inspect_begin_default(out);
	if (client && (!text || weir_addr_parse(text, &out->peer.client) < 0))
		return "client is no address";
	if (seconds && !(json_is_number(seconds) && s >= 0 && s < 1e10))
		return "time is not in seconds since 1970";
	if (seconds)
		out->unix_ns = (uint64_t)llround(s * 1e9);
	return NULL;
}

static const char *read_id(const json_t *line, struct inspect_line *out)
{
	json_t *id = json_object_get(line, "id");

	if (id && !json_is_string(id) && !json_is_integer(id) && !json_is_null(id))
		return "id is neither a string nor a whole number";
	out->id = json_incref(id);
	return NULL;
}

const char *inspect_line_read(struct weir_bytes text, struct inspect_line *out)
{
	json_t *line = json_loadb((const char *)text.ptr, text.len,
				  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	const char *wrong = NULL;

	*out = (struct inspect_line){0};
	if (!json_is_object(line))
		wrong = "not a JSON object";
	if (!wrong)
		wrong = read_id(line, out);
	if (!wrong)
		wrong = read_begin(line, &out->x.begin);
	if (!wrong)
		wrong = read_messages(line, out);
	json_decref(line);
	return wrong;
}

void inspect_line_fini(struct inspect_line *l)
{
	json_decref(l->id);
	free(l->bytes);
}
