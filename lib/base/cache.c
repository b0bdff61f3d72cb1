/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Folders of files that can be made anew: compiled databases. A file's name is made of all that its
 * content depends on, so a file that is there is the right one, or damaged, which its checksum
 * tells. The checksum is against damage, not against malice: who may write into the folder may
 * write the rules, and what others may write is not read.
 */
#include <weir_base.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC    0x3365686361637277ULL /* "wrcache3" */
#define FILE_MAX (256ULL << 20)

struct header {
	uint64_t magic;
	struct weir_cache_key key;
	uint64_t len;
	uint64_t sum;
};

static const struct weir_siphash_key keys[2] = {{{0x77656972, 0x7363616e}},
						{{0x64617461, 0x62617365}}};

/* ---- hashes ---- */

/* In blocks, because the hash takes words, each with the sum of those before it. */
static uint64_t hash_bytes(const struct weir_siphash_key *key, uint64_t sum, struct weir_bytes b)
{
	uint64_t block[66] = {[64] = sum, [65] = b.len};
	struct weir_cursor c = weir_cursor_of(b.ptr, b.len);

	do {
		size_t n = weir_cursor_left(&c) < 512 ? weir_cursor_left(&c) : 512;

		memset(block, 0, 512);
		if (n)
			memcpy(block, weir_cursor_take(&c, n), n);
		block[64] = weir_siphash13(key, block, WEIR_ARRAY_LEN(block));
	} while (weir_cursor_left(&c));
	return block[64];
}

void weir_cache_key_add(struct weir_cache_key *key, struct weir_bytes b)
{
	for (unsigned int i = 0; i < 2; i++)
		key->half[i] = hash_bytes(&keys[i], key->half[i], b);
}

static bool same_key(const struct weir_cache_key *a, const struct weir_cache_key *b)
{
	return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

/* ---- names ---- */

#define KEY_DIGITS 32

static void name_of(const struct weir_cache *c, const struct weir_cache_key *key,
		    struct weir_buf *out)
{
	weir_buf_printf(out, "%s/%s-%016llx%016llx%s", c->folder, c->begin,
			(unsigned long long)key->half[0], (unsigned long long)key->half[1], c->end);
}

/* The key in a name of this kind; what stands behind it, or NULL for any other name. */
static const char *key_in_name(const struct weir_cache *c, const char *name,
			       struct weir_cache_key *key)
{
	size_t begin = strlen(c->begin);

	*key = (struct weir_cache_key){0};
	if (strncmp(name, c->begin, begin) != 0 || name[begin] != '-')
		return NULL;
	name += begin + 1;
	for (unsigned int i = 0; i < KEY_DIGITS; i++) {
		int digit = weir_hex_value((uint8_t)name[i]);

		if (digit < 0)
			return NULL;
		key->half[i / 16] = key->half[i / 16] << 4 | (uint64_t)digit;
	}
	return name + KEY_DIGITS;
}

/* ---- reading ---- */

/* Neither a link, nor anything that would make us wait, nor what others may write. */
static int open_ours(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? -WEIR_ENOTFOUND : -WEIR_EIO;
	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || (st->st_mode & 022) ||
	    (st->st_uid != geteuid() && st->st_uid != 0)) {
		close(fd);
		return -WEIR_EPERM;
	}
	return fd;
}

static bool read_all(int fd, void *to, size_t len)
{
	uint8_t *at = to;

	while (len) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static int read_body(int fd, const struct header *h, struct weir_bytes *out)
{
	uint8_t *body = malloc(h->len);

	if (!body)
		return -WEIR_ENOMEM;
	*out = weir_bytes_of(body, h->len);
	if (read_all(fd, body, h->len) && hash_bytes(&keys[0], 0, *out) == h->sum)
		return 0;
	free(body);
	*out = (struct weir_bytes){0};
	return -WEIR_EFORMAT;
}

static bool is_whole(const struct header *h, const struct weir_cache_key *key,
		     const struct stat *st)
{
	return h->magic == MAGIC && same_key(&h->key, key) && h->len > 0 && h->len <= FILE_MAX &&
	       (uint64_t)st->st_size == sizeof(*h) + h->len;
}

int weir_cache_read(const struct weir_cache *c, const struct weir_cache_key *key,
		    struct weir_bytes *out)
{
	struct weir_buf name = {0};
	struct header h;
	struct stat st;
	int fd, rc;

	*out = (struct weir_bytes){0};
	name_of(c, key, &name);
	fd = name.failed ? -WEIR_ENOMEM : open_ours(name.ptr, &st);
	weir_buf_fini(&name);
	if (fd < 0)
		return fd;
	rc = read_all(fd, &h, sizeof(h)) && is_whole(&h, key, &st) ? read_body(fd, &h, out)
								   : -WEIR_EFORMAT;
	/* So that the oldest are those that nobody asked for. A folder of another's stays as it is.
	 */
	if (!rc)
		futimens(fd, NULL);
	close(fd);
	return rc;
}

/* ---- which files there are ---- */

struct aged {
	char *path;
	struct weir_cache_key key;
	bool temporary; /* being written, or left by one who could not end it */
	struct timespec used;
};

struct listing {
	struct aged *file;
	size_t n;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct aged *)a)->used;
	const struct timespec *y = &((const struct aged *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

static bool add_file(const struct weir_cache *c, const char *name, struct listing *l)
{
	struct weir_cache_key key;
	const char *rest = key_in_name(c, name, &key);
	struct weir_buf path = {0};
	struct aged *file;
	struct stat st;

	if (!rest)
		return true;
	weir_buf_printf(&path, "%s/%s", c->folder, name);
	if (path.failed || lstat(path.ptr, &st) != 0) {
		weir_buf_fini(&path);
		return true;
	}
	file = realloc(l->file, (l->n + 1) * sizeof(*file));
	if (!file) {
		weir_buf_fini(&path);
		return false;
	}
	l->file = file;
	l->file[l->n++] = (struct aged){.path = path.ptr,
					.key = key,
					.temporary = strcmp(rest, c->end) != 0,
					.used = st.st_mtim};
	return true;
}

static void list_files(const struct weir_cache *c, struct listing *l)
{
	DIR *d = opendir(c->folder);
	struct dirent *e;

	*l = (struct listing){0};
	if (!d)
		return;
	while ((e = readdir(d)) != NULL)
		if (!add_file(c, e->d_name, l))
			break;
	closedir(d);
	if (l->n)
		qsort(l->file, l->n, sizeof(*l->file), newest_first);
}

static void free_listing(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->file[i].path);
	free(l->file);
}

int weir_cache_read_newest(const struct weir_cache *c, struct weir_bytes *out)
{
	struct listing l;
	int rc = -WEIR_ENOTFOUND;

	*out = (struct weir_bytes){0};
	list_files(c, &l);
	for (size_t i = 0; rc && i < l.n; i++)
		if (!l.file[i].temporary)
			rc = weir_cache_read(c, &l.file[i].key, out);
	free_listing(&l);
	return rc;
}

/* ---- writing ---- */

/* Each change leaves files that nobody asks for again. What was just written stays, though others
 * may have been written in the same tick of the clock. */
static void remove_old(const struct weir_cache *c, const struct weir_cache_key *written)
{
	unsigned int others = 0;
	struct listing l;

	list_files(c, &l);
	for (size_t i = 0; i < l.n; i++) {
		if (!l.file[i].temporary && same_key(&l.file[i].key, written))
			continue;
		if (++others >= WEIR_CACHE_FILES)
			unlink(l.file[i].path);
	}
	free_listing(&l);
}

static bool write_all(int fd, const void *from, size_t len)
{
	const uint8_t *at = from;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* mkostemp makes the file anew, for its owner only: a link that stands there is not followed. */
static bool write_temporary(char *path, const struct header *h, struct weir_bytes body)
{
	int fd = mkostemp(path, O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write_all(fd, h, sizeof(*h)) && write_all(fd, body.ptr, body.len);
	return close(fd) == 0 && good;
}

/* Under another name first, so that nobody reads half of it. */
static int replace_file(const char *path, const struct header *h, struct weir_bytes body)
{
	struct weir_buf temporary = {0};
	int rc = 0, why;

	weir_buf_printf(&temporary, "%s.XXXXXX", path);
	if (temporary.failed) {
		rc = -WEIR_ENOMEM;
	} else if (!write_temporary(temporary.ptr, h, body) || rename(temporary.ptr, path) != 0) {
		why = errno;
		unlink(temporary.ptr);
		errno = why;
		rc = -WEIR_EIO;
	}
	weir_buf_fini(&temporary);
	return rc;
}

int weir_cache_write(const struct weir_cache *c, const struct weir_cache_key *key,
		     struct weir_bytes body)
{
	struct header h = {.magic = MAGIC, .key = *key, .len = body.len};
	struct weir_buf name = {0};
	int rc;

	if (!body.len || body.len > FILE_MAX)
		return -WEIR_EINVAL;
	if (mkdir(c->folder, 0755) && errno != EEXIST)
		return -WEIR_EIO;
	h.sum = hash_bytes(&keys[0], 0, body);
	name_of(c, key, &name);
	rc = name.failed ? -WEIR_ENOMEM : replace_file(name.ptr, &h, body);
	weir_buf_fini(&name);
	if (!rc)
		remove_old(c, key);
	return rc;
}
