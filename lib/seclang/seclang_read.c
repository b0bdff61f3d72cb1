/* SPDX-License-Identifier: BSD-3-Clause */
/* Files, patterns of files, and files that name others. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seclang_impl.h"

static const struct weir_siphash_key hash_key = {{0x7365636c616e6731, 0x72756c6573666c65}};

/* ---- the hash ---- */

/* Each piece with its length, so that a byte cannot wander from one to the next. */
void hash_bytes(struct weir_seclang *s, struct weir_bytes b)
{
	uint64_t block[32] = {s->hash, b.len};
	size_t n = 2;

	for (size_t i = 0; i < b.len; i += 8) {
		size_t left = b.len - i < 8 ? b.len - i : 8;

		block[n] = 0;
		memcpy(&block[n++], b.ptr + i, left);
		if (n == WEIR_ARRAY_LEN(block)) {
			block[0] = weir_siphash13(&hash_key, block, (unsigned int)n);
			n = 1;
		}
	}
	s->hash = weir_siphash13(&hash_key, block, (unsigned int)n);
}

/* ---- files ---- */

static bool read_whole(int fd, uint8_t *out, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, out + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got == size;
}

static const char *look_at(int fd, struct stat *st)
{
	if (fd < 0 || fstat(fd, st))
		return strerror(errno);
	if (!S_ISREG(st->st_mode))
		return "it is no file";
	if (st->st_size > FILE_BYTES_MAX)
		return "it has over 64 MiB";
	return NULL;
}

uint8_t *read_file(struct weir_seclang *s, const char *path, struct weir_conf_pos at,
		   struct weir_bytes *out, struct source *id)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;
	const char *why = look_at(fd, &st);

	if (!why) {
		bytes = malloc((size_t)st.st_size + 1);
		why = !bytes ? "out of memory" : NULL;
	}
	if (bytes && !read_whole(fd, bytes, (size_t)st.st_size)) {
		why = "it changes while it is read";
		free(bytes);
		bytes = NULL;
	}
	if (fd >= 0)
		close(fd);
	if (why) {
		complain(s, at, "%s cannot be read: %s", path, why);
		return NULL;
	}
	if (id) {
		id->device = st.st_dev;
		id->inode = st.st_ino;
	}
	*out = weir_bytes_of(bytes, (size_t)st.st_size);
	hash_bytes(s, *out);
	return bytes;
}

const char *path_from_here(struct weir_seclang *s, struct weir_bytes path)
{
	struct weir_buf b = {0};
	const char *out;

	if (path.len && *path.ptr == '/')
		return word_string(s, path);
	weir_buf_printf(&b, "%s/%.*s", s->source->folder, (int)path.len, (const char *)path.ptr);
	out = b.failed ? "" : word_string(s, weir_bytes_of(b.ptr, b.len));
	weir_buf_fini(&b);
	return out;
}

/* ---- sources ---- */

bool read_source(struct weir_seclang *s, struct source *src)
{
	struct source *includer = s->source;
	const struct line *line = s->line;
	struct line l = {0};
	const uint8_t *nul =
		memchr(src->rest.ptr ? src->rest.ptr : (const uint8_t *)"", 0, src->rest.len);

	if (nul)
		return complain(s, ((struct weir_conf_pos){.file = src->name}),
				"it has a NUL byte and so is no text");
	s->source = src;
	while (!s->arena.failed && next_line(s, src, &l))
		run_directive(s, &l);
	weir_buf_fini(&l.text);
	weir_buf_fini(&l.parts);
	s->source = includer;
	s->line = line;
	return !s->failed;
}

static const char *keep(struct weir_seclang *s, const char *text, size_t len)
{
	char *out = weir_arena_alloc(&s->arena, len + 1);

	if (!out)
		return "";
	memcpy(out, text, len);
	out[len] = 0;
	return out;
}

static const char *folder_of(struct weir_seclang *s, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return keep(s, path, slash == path ? 1 : (size_t)(slash - path));
}

static bool is_open(const struct source *src, const struct source *id)
{
	for (; src; src = src->includer)
		if (src->inode && src->inode == id->inode && src->device == id->device)
			return true;
	return false;
}

static bool read_one(struct weir_seclang *s, const char *path, struct weir_conf_pos at)
{
	struct source src = {.name = keep(s, path, strlen(path)), .includer = s->source};
	uint8_t *bytes = read_file(s, path, at, &src.rest, &src);
	bool good;

	if (!bytes)
		return false;
	src.folder = folder_of(s, path);
	src.depth = s->source ? s->source->depth + 1 : 0;
	if (is_open(s->source, &src))
		good = complain(s, at, "%s includes itself", src.name);
	else if (src.depth > INCLUDES_DEEP)
		good = complain(s, at, "includes are nested over %u deep", INCLUDES_DEEP);
	else
		good = read_source(s, &src);
	free(bytes);
	return good;
}

/* glob sorts by the locale's order, and weir sets none: bytes. */
bool read_pattern(struct weir_seclang *s, const char *pattern, bool optional,
		  struct weir_conf_pos at)
{
	bool good = true;
	glob_t g;
	int rc = glob(pattern, 0, NULL, &g);

	if (rc == GLOB_NOMATCH)
		return optional || complain(s, at, "no file is named by '%s'", pattern);
	if (rc)
		return complain(s, at, "'%s' cannot be looked for: %s", pattern,
				rc == GLOB_NOSPACE ? "out of memory" : strerror(errno));
	for (size_t i = 0; i < g.gl_pathc; i++)
		good = read_one(s, g.gl_pathv[i], at) && good;
	globfree(&g);
	return good;
}

bool do_include(struct weir_seclang *s, const struct directive *d, unsigned int optional)
{
	struct weir_conf_pos at = place(s, d->word[1], 0);
	const char *near = path_from_here(s, d->word[1].text);
	/* The scratch arena is reset by each directive of the included files. */
	char *pattern = strdup(near);
	bool good = pattern && read_pattern(s, pattern, optional, at);

	free(pattern);
	return good;
}
