/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of raw requests with labels, and files as a whole. */
#include "tool_waf.h"

/* Little-endian; the cursor of base reads network order. */
static uint32_t take_u32(struct weir_cursor *c)
{
	return __builtin_bswap32(weir_cursor_u32(c));
}

int tool_requests_open(struct tool_requests *r, struct weir_bytes file)
{
	struct weir_cursor c = weir_cursor_of(file.ptr, file.len);
	const uint8_t *magic = weir_cursor_take(&c, strlen(TOOL_REQUESTS_MAGIC));

	*r = (struct tool_requests){.records = take_u32(&c)};
	r->left = weir_bytes_of(c.pos, weir_cursor_left(&c));
	if (!c.ok || memcmp(magic, TOOL_REQUESTS_MAGIC, strlen(TOOL_REQUESTS_MAGIC)) != 0)
		return -WEIR_EFORMAT;
	return 0;
}

int tool_requests_next(struct tool_requests *r, struct tool_request *out)
{
	struct weir_cursor c = weir_cursor_of(r->left.ptr, r->left.len);
	uint32_t len;

	if (r->number == r->records)
		return 0;
	len = take_u32(&c);
	out->label = weir_cursor_u8(&c);
	(void)weir_cursor_take(&c, 3);
	out->raw = weir_bytes_of(weir_cursor_take(&c, len), len);
	if (!c.ok || out->label >= TOOL_LABELS)
		return -WEIR_EFORMAT;
	r->left = weir_bytes_of(c.pos, weir_cursor_left(&c));
	r->number++;
	return 1;
}

int tool_read_stream(FILE *in, struct weir_buf *out)
{
	char piece[65536];
	size_t n;

	weir_buf_str(out, "");
	while ((n = fread(piece, 1, sizeof(piece), in)) > 0)
		weir_buf_add(out, piece, n);
	return ferror(in) || out->failed ? -WEIR_EIO : 0;
}

int tool_read_file(const char *path, struct weir_buf *out)
{
	FILE *in;
	int rc;

	if (strcmp(path, "-") == 0)
		return tool_read_stream(stdin, out);
	in = fopen(path, "re");
	if (!in)
		return -WEIR_EIO;
	rc = tool_read_stream(in, out);
	fclose(in);
	return rc;
}
