/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of a program on disk, so that it need not be compiled twice; base/cache.c has the file.
 */
#include <elf.h>
#include <errno.h>
#include <hs.h>
#include <link.h>
#include <stdlib.h>

#include <weir_log.h>

#include "waf_cache.h"

#define FORMAT      1 /* of the records */
#define RECORDS_MAX 65536
#define BYTES_MAX   (256UL << 20)

struct record {
	struct weir_cache_key key;
	uint32_t kind;
	bool used;
	struct weir_bytes bytes;
};

struct waf_cache {
	struct weir_cache files;
	bool on_disk;
	struct weir_cache_key program, maker;
	struct weir_bytes body; /* of the file */
	struct weir_arena a;    /* of what was put */
	struct record *record;
	uint32_t n, room;
	uint32_t put;
	bool exact; /* the file is the program's own */
};

/* ---- who makes records ---- */

/* A note of an ELF file: its header, name and content, the latter padded to four bytes. */
static bool take_note(struct weir_cursor *c, struct weir_bytes *id)
{
	const uint8_t *at = weir_cursor_take(c, sizeof(ElfW(Nhdr)));
	const uint8_t *name, *content;
	ElfW(Nhdr) note;

	if (!at)
		return false;
	memcpy(&note, at, sizeof(note));
	name = weir_cursor_take(c, (note.n_namesz + 3ULL) & ~3ULL);
	content = weir_cursor_take(c, (note.n_descsz + 3ULL) & ~3ULL);
	if (content && note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
	    memcmp(name, "GNU", 4) == 0)
		*id = weir_bytes_of(content, note.n_descsz);
	return content != NULL;
}

/* The linker's hash over the whole program, which is told first. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *context)
{
	struct weir_bytes *id = context;

	for (unsigned int i = 0; i < info->dlpi_phnum && !id->len; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		struct weir_cursor c;

		if (p->p_type != PT_NOTE)
			continue;
		c = weir_cursor_of((const void *)(info->dlpi_addr + p->p_vaddr), p->p_memsz);
		while (!id->len && take_note(&c, id))
			;
	}
	return 1;
}

/* How conditions are found is up to this build, databases are up to library and CPU. False: it
 * cannot be told which build this is. */
static bool tell_maker(struct weir_cache_key *out)
{
	hs_platform_info_t cpu = {0};
	struct weir_bytes id = {0};
	uint64_t words[3] = {FORMAT};

	dl_iterate_phdr(find_build_id, &id);
	hs_populate_platform(&cpu);
	words[1] = cpu.tune;
	words[2] = cpu.cpu_features;
	weir_cache_key_add(out, id);
	weir_cache_key_add(out, weir_bytes_str(hs_version()));
	weir_cache_key_add(out, weir_bytes_of(words, sizeof(words)));
	return id.len > 0;
}

/* ---- records ---- */

static bool same_key(const struct weir_cache_key *a, const struct weir_cache_key *b)
{
	return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

/* There are some hundreds, and far dearer things are done with each. */
static struct record *find(struct waf_cache *c, uint32_t kind, const struct weir_cache_key *key)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (same_key(&c->record[i].key, key) && c->record[i].kind == kind)
			return &c->record[i];
	return NULL;
}

static struct record *add(struct waf_cache *c)
{
	if (c->n == c->room) {
		uint32_t room = c->room ? c->room * 2 : 256;
		struct record *record = NULL;

		if (room <= RECORDS_MAX)
			record = realloc(c->record, room * sizeof(*record));
		if (!record)
			return NULL;
		c->record = record;
		c->room = room;
	}
	c->record[c->n] = (struct record){0};
	return &c->record[c->n++];
}

struct weir_bytes waf_cache_get(struct waf_cache *c, enum waf_record_kind kind,
				const struct weir_cache_key *key)
{
	struct record *r = find(c, kind, key);

	if (!r)
		return (struct weir_bytes){0};
	r->used = true;
	return r->bytes;
}

void waf_cache_put(struct waf_cache *c, enum waf_record_kind kind, const struct weir_cache_key *key,
		   struct weir_bytes bytes)
{
	struct weir_bytes copy = weir_arena_copy(&c->a, bytes);
	struct record *r;

	c->put++;
	if (copy.len != bytes.len)
		return;
	r = find(c, kind, key);
	if (!r)
		r = add(c);
	if (r)
		*r = (struct record){.key = *key, .kind = kind, .used = true, .bytes = copy};
}

uint32_t waf_cache_made(const struct waf_cache *c)
{
	return c->put;
}

/* ---- files ---- */

/* Before each record's bytes, which are padded to eight. */
struct record_head {
	struct weir_cache_key key;
	uint32_t kind;
	uint32_t len;
};

static bool take_record(struct weir_cursor *in, struct record *out)
{
	const uint8_t *at = weir_cursor_take(in, sizeof(struct record_head));
	struct record_head h;

	if (!at)
		return false;
	memcpy(&h, at, sizeof(h));
	at = weir_cursor_take(in, (h.len + 7ULL) & ~7ULL);
	*out = (struct record){
		.key = h.key, .kind = h.kind, .bytes = weir_bytes_of(at, at ? h.len : 0)};
	return at != NULL;
}

struct weir_cache_key waf_cache_maker(const struct waf_cache *c)
{
	return c->maker;
}

bool waf_cache_load(struct waf_cache *c, struct weir_bytes body)
{
	struct weir_cursor in = weir_cursor_of(body.ptr, body.len);
	const uint8_t *maker = weir_cursor_take(&in, sizeof(c->maker));
	struct record one, *r;

	free((void *)(uintptr_t)c->body.ptr);
	c->body = body;
	c->n = 0;
	if (!maker || memcmp(maker, &c->maker, sizeof(c->maker)) != 0)
		return false;
	while (take_record(&in, &one) && (r = add(c)) != NULL)
		*r = one;
	return true;
}

static void write_record(const struct record *r, struct weir_buf *out)
{
	static const uint8_t padding[8];
	struct record_head h = {.key = r->key, .kind = r->kind, .len = (uint32_t)r->bytes.len};

	weir_buf_add(out, &h, sizeof(h));
	weir_buf_add(out, r->bytes.ptr, r->bytes.len);
	weir_buf_add(out, padding, -r->bytes.len & 7);
}

static void write_file(const struct waf_cache *c)
{
	struct weir_buf body = {0};
	int rc;

	weir_buf_add(&body, &c->maker, sizeof(c->maker));
	for (uint32_t i = 0; i < c->n; i++)
		if (c->record[i].used)
			write_record(&c->record[i], &body);
	rc = body.failed
		     ? -WEIR_ENOMEM
		     : weir_cache_write(&c->files, &c->program, weir_bytes_of(body.ptr, body.len));
	weir_buf_fini(&body);
	if (rc)
		weir_notice("%s: cannot be written: %s; rules are compiled at each start",
			    c->files.folder, rc == -WEIR_EIO ? strerror(errno) : weir_strerror(rc));
}

static void read_file(struct waf_cache *c)
{
	struct weir_bytes body;
	int rc = weir_cache_read(&c->files, &c->program, &body);

	if (rc == 0) {
		c->exact = waf_cache_load(c, body);
		return;
	}
	if (rc != -WEIR_ENOTFOUND)
		weir_notice("%s: a program cannot be used (%s): compiled anew", c->files.folder,
			    weir_strerror(rc));
	if (weir_cache_read_newest(&c->files, &body) == 0)
		waf_cache_load(c, body);
}

struct waf_cache *waf_cache_open(const char *folder, const struct weir_cache_key *program)
{
	struct waf_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	weir_arena_init(&c->a, &weir_arena_malloc, BYTES_MAX);
	c->files = (struct weir_cache){.folder = folder, .begin = "waf", .end = ".hsdb"};
	c->program = *program;
	c->on_disk = tell_maker(&c->maker) && folder;
	/* So that a new build finds a file of its own beside that of the old one. */
	weir_cache_key_add(&c->program, weir_bytes_of(&c->maker, sizeof(c->maker)));
	if (folder && !c->on_disk)
		weir_notice("%s: not used, because this program has no build id", folder);
	if (c->on_disk)
		read_file(c);
	return c;
}

void waf_cache_discard(struct waf_cache *c)
{
	if (!c)
		return;
	weir_arena_reset(&c->a);
	free((void *)(uintptr_t)c->body.ptr);
	free(c->record);
	free(c);
}

void waf_cache_close(struct waf_cache *c)
{
	if (c->on_disk && (c->put || !c->exact))
		write_file(c);
	waf_cache_discard(c);
}
