/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every module stands on: error codes, byte views and cursors, output buffers, addresses,
 * the keyed hash, JSON text, cache folders and interned names. Nothing here knows a packet or a
 * thread.
 */
#ifndef WEIR_BASE_H
#define WEIR_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define WEIR_MUST_CHECK   __attribute__((warn_unused_result))
#define WEIR_COLD         __attribute__((cold, noinline))
#define WEIR_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define weir_likely(x)    __builtin_expect(!!(x), 1)
#define weir_unlikely(x)  __builtin_expect(!!(x), 0)
#define WEIR_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define WEIR_CACHE_LINE   64

/* ---- errors ---- */

/* Returned as negative numbers; 0 is success. */
enum weir_error {
	WEIR_EINVAL = 1, /* an argument or input that cannot be right */
	WEIR_ENOMEM,     /* no memory, or a pool is empty */
	WEIR_ELIMIT,     /* a configured limit is reached */
	WEIR_ENOTFOUND,
	WEIR_EEXIST,
	WEIR_EAGAIN,  /* not now: try again later */
	WEIR_EIO,     /* the system said no; errno tells */
	WEIR_ENOTSUP, /* the device or library cannot do it */
	WEIR_EPERM,
	WEIR_EFORMAT, /* the text or bytes are not well formed */
	WEIR_ERROR_END
};

/* Returns a short text for `code` (negative or positive), never NULL. */
const char *weir_strerror(int code);

/*
 * Ends the process with a line on stderr when an invariant does not hold. For impossible states
 * only; input from outside is never impossible. Kept in release builds.
 */
#define weir_assert(cond)                                            \
	do {                                                         \
		if (weir_unlikely(!(cond)))                          \
			weir_assert_fail(#cond, __FILE__, __LINE__); \
	} while (0)
_Noreturn WEIR_COLD void weir_assert_fail(const char *cond, const char *file, int line);

/* ---- time: always nanoseconds, always an argument ---- */

#define WEIR_NS_PER_US 1000ULL
#define WEIR_NS_PER_MS 1000000ULL
#define WEIR_NS_PER_S  1000000000ULL

/* ---- byte views and cursors ---- */

/* A borrowed view of `len` bytes. */
struct weir_bytes {
	const uint8_t *ptr;
	size_t len;
};

static inline struct weir_bytes weir_bytes_of(const void *ptr, size_t len)
{
	return (struct weir_bytes){.ptr = ptr, .len = len};
}

static inline struct weir_bytes weir_bytes_str(const char *text)
{
	return (struct weir_bytes){.ptr = (const uint8_t *)text, .len = strlen(text)};
}

bool weir_bytes_equal(struct weir_bytes a, struct weir_bytes b);
/* ASCII letters of either case are equal. */
bool weir_bytes_equal_case(struct weir_bytes a, struct weir_bytes b);
bool weir_bytes_is(struct weir_bytes a, const char *text);
bool weir_bytes_is_case(struct weir_bytes a, const char *text);
/* The first place of `needle`, or -1; the empty one is found at 0. */
ssize_t weir_bytes_find(struct weir_bytes hay, struct weir_bytes needle);
/* Without spaces and tabs at both ends (RFC 9110 section 5.6.3). */
struct weir_bytes weir_bytes_trim(struct weir_bytes b);

/* ASCII only, whatever the locale. */
static inline uint8_t weir_lower(uint8_t c)
{
	return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c;
}

/* 0 to 15, or -1. */
static inline int weir_hex_value(uint8_t c)
{
	if ((uint8_t)(c - '0') < 10)
		return c - '0';
	c = weir_lower(c);
	return (uint8_t)(c - 'a') < 6 ? c - 'a' + 10 : -1;
}

/* 0 to 63, or -1 (RFC 4648 section 4). */
static inline int weir_base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

#define WEIR_HEX_U64 17 /* bytes for it as text, with its NUL */
/* 16 digits, as a transaction's number is shown. Gives `text`. */
const char *weir_hex_u64(uint64_t value, char text[WEIR_HEX_U64]);

/* Reads forward through a view and never past its end; `ok` falls and stays false at the first
 * read that does not fit, and such a read gives zero. */
struct weir_cursor {
	const uint8_t *pos;
	const uint8_t *end;
	bool ok;
};

static inline struct weir_cursor weir_cursor_of(const void *ptr, size_t len)
{
	return (struct weir_cursor){.pos = ptr, .end = (const uint8_t *)ptr + len, .ok = true};
}

static inline size_t weir_cursor_left(const struct weir_cursor *c)
{
	return (size_t)(c->end - c->pos);
}

/* Takes `n` bytes; NULL when fewer are left. */
static inline const uint8_t *weir_cursor_take(struct weir_cursor *c, size_t n)
{
	const uint8_t *at = c->pos;

	if (weir_unlikely(!c->ok || weir_cursor_left(c) < n)) {
		c->ok = false;
		return NULL;
	}
	c->pos += n;
	return at;
}

static inline uint8_t weir_cursor_u8(struct weir_cursor *c)
{
	const uint8_t *p = weir_cursor_take(c, 1);

	return p ? p[0] : 0;
}

/* Big-endian on the wire, host order returned. */
static inline uint16_t weir_cursor_u16(struct weir_cursor *c)
{
	const uint8_t *p = weir_cursor_take(c, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t weir_cursor_u32(struct weir_cursor *c)
{
	const uint8_t *p = weir_cursor_take(c, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* ---- growing output buffer; control thread and tools only (it uses malloc) ---- */

/* `ptr` is always NUL-terminated once something was added. `failed` is set when memory ran out
 * and what was added since is missing. */
struct weir_buf {
	char *ptr;
	size_t len;
	size_t cap;
	bool failed;
};

void weir_buf_fini(struct weir_buf *b);
void weir_buf_reset(struct weir_buf *b);
/* What weir_buf_add does when there is no room. */
WEIR_COLD void weir_buf_add_grown(struct weir_buf *b, const void *bytes, size_t len);

/* Here, so that a piece of known length is a few instructions: a record has a hundred of them. */
static inline void weir_buf_add(struct weir_buf *b, const void *bytes, size_t len)
{
	if (weir_unlikely(b->failed || len >= b->cap - b->len)) {
		weir_buf_add_grown(b, bytes, len);
		return;
	}
	if (len)
		memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

/* In decimal digits. */
void weir_buf_u64(struct weir_buf *b, uint64_t value);
void weir_buf_str(struct weir_buf *b, const char *text);
void weir_buf_printf(struct weir_buf *b, const char *format, ...) WEIR_PRINTF(2, 3);
void weir_buf_vprintf(struct weir_buf *b, const char *format, va_list args) WEIR_PRINTF(2, 0);

/* ---- arena: memory that is given back all at once ---- */

/* Where chunks come from. `take` gives at least `bytes` aligned to 16, or NULL when there is none.
 */
struct weir_arena_source {
	void *(*take)(void *context, size_t bytes);
	void (*give)(void *context, void *chunk, size_t bytes);
	void *context;
};

/* malloc and free: tools, tests, control. */
extern const struct weir_arena_source weir_arena_malloc;

#define WEIR_ARENA_CHUNK 32768 /* bytes asked for at a time, unless one allocation is larger */

/* One owner, no lock. `taken` never exceeds `limit`; `failed` stays set after an allocation that
 * could not be served until the next reset, so that a long computation may be judged at its end. */
struct weir_arena {
	const struct weir_arena_source *source;
	struct weir_arena_chunk *chunks; /* newest first */
	uint8_t *pos, *end;              /* of the newest */
	size_t taken, limit;             /* bytes of all chunks */
	bool failed;
};

void weir_arena_init(struct weir_arena *a, const struct weir_arena_source *source, size_t limit);
/* Gives every chunk back. The arena may be used again. */
void weir_arena_reset(struct weir_arena *a);
/* What weir_arena_alloc does when the newest chunk is used up. */
WEIR_COLD void *weir_arena_grow(struct weir_arena *a, size_t bytes);

/* `bytes` bytes aligned to 8, not cleared; NULL when the limit or the source says no. */
static inline void *weir_arena_alloc(struct weir_arena *a, size_t bytes)
{
	size_t need = (bytes + 7) & ~(size_t)7;
	void *at = a->pos;

	if (weir_unlikely(need < bytes || (size_t)(a->end - a->pos) < need))
		return weir_arena_grow(a, bytes);
	a->pos += need;
	return at;
}

static inline void *weir_arena_zalloc(struct weir_arena *a, size_t bytes)
{
	void *at = weir_arena_alloc(a, bytes);

	return at ? memset(at, 0, bytes) : NULL;
}

/* Gives the end of the newest allocation, `at` of `bytes`, back, but for its first `used` bytes:
 * for results whose size is known only afterwards. */
static inline void weir_arena_trim(struct weir_arena *a, void *at, size_t bytes, size_t used)
{
	size_t need = (bytes + 7) & ~(size_t)7;

	if ((uint8_t *)at + need == a->pos)
		a->pos = (uint8_t *)at + ((used + 7) & ~(size_t)7);
}

/*
 * An image of all that an arena holds, to go back to: what was taken since then is given back, and
 * the bytes that were there are what they were, at their places. weir_arena_image_bytes tells how
 * many bytes it takes now, which are the caller's, aligned to 8.
 */
size_t weir_arena_image_bytes(const struct weir_arena *a);
void weir_arena_save(const struct weir_arena *a, void *image);
/* `a` was not reset since `image` was saved of it, nor moved back to an older one. */
void weir_arena_restore(struct weir_arena *a, const void *image);

/* A copy in the arena; {NULL, 0} with `failed` set when there is no room. */
struct weir_bytes weir_arena_copy(struct weir_arena *a, struct weir_bytes b);

/* ---- JSON text into a buffer (RFC 8259) ---- */

/* Writes one JSON value at a time; commas are put where they belong. `depth` never exceeds
 * WEIR_JSON_DEPTH. A `key` of NULL is for array members and the top value. Bytes that are not
 * UTF-8 come out as U+FFFD, control characters as \u escapes. */
#define WEIR_JSON_DEPTH 16
struct weir_json {
	struct weir_buf *out;
	unsigned int depth;
	bool comma[WEIR_JSON_DEPTH];
};

struct weir_json weir_json_into(struct weir_buf *out);
void weir_json_object(struct weir_json *j, const char *key);
void weir_json_array(struct weir_json *j, const char *key);
void weir_json_end_object(struct weir_json *j);
void weir_json_end_array(struct weir_json *j);
void weir_json_str(struct weir_json *j, const char *key, const char *text);
void weir_json_bytes(struct weir_json *j, const char *key, struct weir_bytes text);
void weir_json_u64(struct weir_json *j, const char *key, uint64_t value);
void weir_json_i64(struct weir_json *j, const char *key, int64_t value);
void weir_json_double(struct weir_json *j, const char *key, double value);
void weir_json_bool(struct weir_json *j, const char *key, bool value);
void weir_json_null(struct weir_json *j, const char *key);

/* ---- addresses ---- */

/* An IPv4 address stands in the last four bytes, v4-mapped (RFC 4291 section 2.5.5.2), so that
 * equal addresses are equal bytes. `family` is 4 or 6, 0 for none. */
struct weir_addr {
	uint8_t bytes[16];
	uint8_t family;
};

/* `len` counts from the family's own first bit: 0..32 or 0..128. Host bits are zero. */
struct weir_prefix {
	struct weir_addr addr;
	uint8_t len;
};

#define WEIR_ADDR_TEXT   46 /* bytes for any address as text, with its NUL */
#define WEIR_PREFIX_TEXT 50

struct weir_addr weir_addr_v4(uint32_t host_order);
struct weir_addr weir_addr_v6(const uint8_t bytes[16]);
/* Host order; only for family 4. */
uint32_t weir_addr_to_v4(const struct weir_addr *a);
/* 0, or -WEIR_EFORMAT. */
WEIR_MUST_CHECK int weir_addr_parse(const char *text, struct weir_addr *out);
/* "10.0.0.0/8", "2001:db8::/32" or a plain address. 0, -WEIR_EFORMAT, or -WEIR_EINVAL when bits
 * are set below the prefix (then *out has them cleared, for the message). */
WEIR_MUST_CHECK int weir_prefix_parse(const char *text, struct weir_prefix *out);
const char *weir_addr_format(const struct weir_addr *a, char text[WEIR_ADDR_TEXT]);
const char *weir_prefix_format(const struct weir_prefix *p, char text[WEIR_PREFIX_TEXT]);
bool weir_prefix_contains(const struct weir_prefix *p, const struct weir_addr *a);

/* ---- keyed hash ---- */

struct weir_siphash_key {
	uint64_t k[2];
};

/* SipHash-1-3 of `words` 64-bit words (Aumasson and Bernstein 2012, with one compression and three
 * finalisation rounds, as hash tables use it). The length in bytes, 8 * words, is hashed too. */
uint64_t weir_siphash13(const struct weir_siphash_key *key, const uint64_t *in, unsigned int words);

/* ---- how full a pool is ---- */

/*
 * What there is of something whose size is fixed, and how often it was not enough. Its worker
 * writes, any thread reads, each word by itself and a moment old.
 */
struct weir_use {
	uint64_t used, size;
	uint64_t peak; /* the most that were used at a time, or WEIR_USE_UNKNOWN */
	uint64_t full; /* times that somebody asked for more than was left */
};
#define WEIR_USE_UNKNOWN UINT64_MAX

static inline void weir_use_take(struct weir_use *u, uint64_t n)
{
	u->used += n;
	if (u->used > u->peak)
		u->peak = u->used;
}

static inline void weir_use_give(struct weir_use *u, uint64_t n)
{
	u->used -= n;
}

/* ---- folders of files that can be made anew; control thread and tools only ---- */

/* 128 bits over all that a file's content depends on; zero at the beginning. */
struct weir_cache_key {
	uint64_t half[2];
};
/* Two parts one after the other are not what they are in one. */
void weir_cache_key_add(struct weir_cache_key *key, struct weir_bytes part);

/* Files of one kind: their names begin and end so. */
struct weir_cache {
	const char *folder; /* made when something is written, its parents are not */
	const char *begin, *end;
};
#define WEIR_CACHE_FILES 16 /* of a kind; those that were not asked for longest go */

/*
 * Reads a file that is whole. The caller frees out->ptr. 0, -WEIR_ENOTFOUND, -WEIR_EFORMAT when it
 * is damaged or of another format, -WEIR_EPERM when others may write it or it is no file, -WEIR_EIO
 * or -WEIR_ENOMEM; *out is empty then.
 */
WEIR_MUST_CHECK int weir_cache_read(const struct weir_cache *c, const struct weir_cache_key *key,
				    struct weir_bytes *out);
/* The file that was read or written last and is whole, whatever its key is. As above. */
WEIR_MUST_CHECK int weir_cache_read_newest(const struct weir_cache *c, struct weir_bytes *out);
/* Replaces the file at once or not at all, and removes the oldest. 0, -WEIR_EINVAL for a body that
 * is empty or over 256 MiB, -WEIR_EIO (errno tells) or -WEIR_ENOMEM. */
WEIR_MUST_CHECK int weir_cache_write(const struct weir_cache *c, const struct weir_cache_key *key,
				     struct weir_bytes body);

/* ---- interned names ---- */

/*
 * Names of policies, rules, groups and ports as small numbers that stay good for the life of the
 * process, so that records made under an old generation can still be named. Append-only.
 * Interning takes a lock (control side); lookups take none and may come from any thread.
 */
struct weir_names;
struct weir_names *weir_names_create(void);
void weir_names_destroy(struct weir_names *n);
/* The number of `text`, made when new. 0 stands for "" and for a name that memory had no room for.
 */
uint32_t weir_names_intern(struct weir_names *n, const char *text);
/* The number of `text`, 0 when it is not there. Takes no lock: nobody may intern meanwhile. */
uint32_t weir_names_find(const struct weir_names *n, const char *text);
/* Never NULL; "" for 0 and unknown numbers. */
const char *weir_names_get(const struct weir_names *n, uint32_t id);

/* Levenshtein distance, for suggestions; bounded: texts over 64 bytes count as 64 apart. */
unsigned int weir_edit_distance(const char *a, const char *b);

#endif
