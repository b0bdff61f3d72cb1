/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One transformation or parser, named by the first byte, over the rest. A transformation keeps to
 * its bound, and changes nothing in a value that has none of its triggers.
 */
#include <stdlib.h>

#include <weir_decode.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROTOBUF 255 /* the others are told by three bits */

static bool take(void *context, struct weir_bytes name, struct weir_bytes value)
{
	unsigned int *n = context;

	for (size_t i = 0; i < name.len; i++)
		*n += name.ptr[i];
	for (size_t i = 0; i < value.len; i++)
		*n += value.ptr[i];
	return true;
}

static bool take_part(void *context, const struct weir_part *p)
{
	for (uint32_t i = 0; i < p->n_headers; i++)
		take(context, p->headers[i], p->headers[i]);
	return take(context, p->name, p->body) && take(context, p->filename, p->filename);
}

static void transform(enum weir_transform t, struct weir_bytes in)
{
	size_t bound = weir_transform_bound(t, in.len), n;
	const uint64_t *set = weir_transform_triggers(t);
	uint8_t *out = malloc(bound ? bound : 1);
	bool triggered = !set;

	n = weir_transform_run(t, in, out, NULL);
	if (n > bound)
		abort();
	for (size_t i = 0; i < in.len && !triggered; i++)
		triggered = set[in.ptr[i] / 64] >> (in.ptr[i] % 64) & 1;
	if (!triggered && (n != in.len || (n && memcmp(out, in.ptr, n) != 0)))
		abort();
	free(out);
}

static void parse(unsigned int which, struct weir_bytes in)
{
	unsigned int sum = 0, bad = 0;
	struct weir_param_sink sink = {.param = take, .context = &sum};
	struct weir_part_sink parts = {.part = take_part, .context = &sum};
	struct weir_json_limits json = {.depth = 64, .values = 1000};
	struct weir_protobuf_limits protobuf = {.depth = 32, .values = 1000};
	struct weir_xml_limits xml = {.depth = 64, .attributes = 1000};
	struct weir_multipart_limits multipart = {.parts = 100, .headers = 16};
	struct weir_decode_error error;
	struct weir_bytes out;
	struct weir_xml text;
	struct weir_arena a;
	uint32_t flags = 0;
	int rc = 0;

	weir_arena_init(&a, &weir_arena_malloc, 8 << 20);
	switch (which == PROTOBUF ? 8 : which % 8) {
	case 0:
		rc = weir_form_parse(in, '&', &a, &sink, &bad);
		break;
	case 1:
		rc = weir_cookies_parse(in, &sink);
		break;
	case 2:
		rc = weir_json_parse(in, "json", &json, &a, &sink, &error);
		break;
	case 3:
		rc = weir_xml_parse(in, &xml, &a, &sink, &text, &error);
		break;
	case 4:
		rc = weir_multipart_parse(in, weir_bytes_str("multipart/form-data; boundary=b"),
					  &multipart, &a, &parts, &flags, &error);
		break;
	case 5:
		rc = weir_multipart_parse(weir_bytes_str("--b--"), in, &multipart, &a, &parts,
					  &flags, &error);
		break;
	case 8:
		rc = weir_protobuf_parse(in, "grpc", &protobuf, &a, &sink);
		break;
	default:
		rc = weir_inflate(which % 8 == 6 ? WEIR_CODING_GZIP : WEIR_CODING_BROTLI, in,
				  &(const struct weir_inflate_limits){.max = 1 << 16}, &a, &out);
		if (rc == 0 && out.len > 1 << 16)
			abort();
	}
	weir_arena_reset(&a);
	(void)rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_bytes in;

	if (!size)
		return 0;
	in = weir_bytes_of(data + 1, size - 1);
	if (data[0] < WEIR_T_END)
		transform((enum weir_transform)data[0], in);
	else
		parse(data[0], in);
	return 0;
}
