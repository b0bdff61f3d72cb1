/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of raw requests with labels, and files as a whole; and the clock that they are timed by. */
#include "tool_waf.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

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

/* ---- all of a file ---- */

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

static int keep_requests(struct tool_request_list *l)
{
	struct tool_requests all;
	int rc = tool_requests_open(&all, weir_bytes_of(l->file.ptr, l->file.len));

	if (rc < 0)
		return rc;
	/* A record has at least its eight bytes of head, whatever the count says. */
	if (all.records > l->file.len / 8)
		return -WEIR_EFORMAT;
	l->request = calloc(all.records + 1, sizeof(*l->request));
	if (!l->request)
		return -WEIR_ENOMEM;
	while ((rc = tool_requests_next(&all, &l->request[l->n])) > 0)
		l->n++;
	return rc == 0 && l->n == 0 ? -WEIR_EFORMAT : rc;
}

bool tool_requests_load(struct tool_request_list *l, const char *path, const char *who)
{
	int rc;

	*l = (struct tool_request_list){0};
	rc = tool_read_file(path, &l->file);
	if (rc < 0) {
		fprintf(stderr, "%s: %s: %s\n", who, path, strerror(errno));
		return false;
	}
	rc = keep_requests(l);
	if (rc == -WEIR_EFORMAT)
		fprintf(stderr, "%s: %s: no file of requests (REQS0001), or cut\n", who, path);
	else if (rc < 0)
		fprintf(stderr, "%s: %s: %s\n", who, path, weir_strerror(rc));
	return rc == 0;
}

void tool_requests_unload(struct tool_request_list *l)
{
	free(l->request);
	weir_buf_fini(&l->file);
}

double tool_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
