/* SPDX-License-Identifier: BSD-3-Clause */
/* The last session of each name that a client has spoken to, those used last. */
#include "tls_impl.h"

#include <stdlib.h>

#include <openssl/rand.h>

#define NONE UINT32_MAX

struct entry {
	char *name; /* NULL: free */
	SSL_SESSION *session;
	uint32_t next;         /* of the same bucket */
	uint32_t newer, older; /* in order of use */
};

struct tls_sessions {
	struct weir_siphash_key key;
	unsigned int n, max;
	uint32_t newest, oldest;
	unsigned int mask; /* buckets - 1 */
	uint32_t *bucket;
	struct entry entry[];
};

/* ---- order of use ---- */

static void unlink_used(struct tls_sessions *s, uint32_t at)
{
	const struct entry *e = &s->entry[at];

	*(e->newer == NONE ? &s->newest : &s->entry[e->newer].older) = e->older;
	*(e->older == NONE ? &s->oldest : &s->entry[e->older].newer) = e->newer;
}

static void link_newest(struct tls_sessions *s, uint32_t at)
{
	s->entry[at].newer = NONE;
	s->entry[at].older = s->newest;
	*(s->newest == NONE ? &s->oldest : &s->entry[s->newest].newer) = at;
	s->newest = at;
}

/* ---- by name ---- */

static uint32_t *bucket_of(struct tls_sessions *s, const char *name)
{
	uint64_t words[(WEIR_TLS_NAME_MAX + 1) / 8] = {0};

	memcpy(words, name, strnlen(name, sizeof(words)));
	return &s->bucket[weir_siphash13(&s->key, words, WEIR_ARRAY_LEN(words)) & s->mask];
}

static uint32_t find(struct tls_sessions *s, const char *name)
{
	uint32_t at = *bucket_of(s, name);

	while (at != NONE && strcmp(s->entry[at].name, name) != 0)
		at = s->entry[at].next;
	return at;
}

static void unlink_bucket(struct tls_sessions *s, uint32_t at)
{
	uint32_t *from = bucket_of(s, s->entry[at].name);

	while (*from != at)
		from = &s->entry[*from].next;
	*from = s->entry[at].next;
}

/* An entry that is not in use, if need be the one that was used longest ago. */
static uint32_t free_entry(struct tls_sessions *s)
{
	uint32_t at = s->oldest;

	if (s->n < s->max)
		return s->n++;
	unlink_used(s, at);
	unlink_bucket(s, at);
	SSL_SESSION_free(s->entry[at].session);
	free(s->entry[at].name);
	return at;
}

static uint32_t add(struct tls_sessions *s, const char *name)
{
	char *copy = strdup(name);
	uint32_t at, *bucket;

	if (!copy)
		return NONE;
	at = free_entry(s);
	bucket = bucket_of(s, name);
	s->entry[at] = (struct entry){.name = copy, .next = *bucket};
	*bucket = at;
	link_newest(s, at);
	return at;
}

void tls_sessions_put(struct tls_sessions *s, const char *name, SSL_SESSION *session)
{
	uint32_t at = find(s, name);

	if (at == NONE)
		at = add(s, name);
	if (at == NONE) {
		SSL_SESSION_free(session);
		return;
	}
	SSL_SESSION_free(s->entry[at].session);
	s->entry[at].session = session;
}

/* Whatever lifetime the server has told. */
static bool is_over(const SSL_SESSION *session, int64_t now)
{
	int64_t age = now - SSL_SESSION_get_time(session);

	return age < 0 || age > WEIR_TLS_SESSION_S || age > SSL_SESSION_get_timeout(session) ||
	       !SSL_SESSION_is_resumable(session);
}

SSL_SESSION *tls_sessions_get(struct tls_sessions *s, const char *name, int64_t now)
{
	uint32_t at = find(s, name);
	SSL_SESSION *session = at != NONE ? s->entry[at].session : NULL;

	if (!session)
		return NULL;
	unlink_used(s, at);
	link_newest(s, at);
	if (!is_over(session, now)) {
		SSL_SESSION_up_ref(session);
		return session;
	}
	s->entry[at].session = NULL;
	SSL_SESSION_free(session);
	return NULL;
}

/* ---- the whole ---- */

struct tls_sessions *tls_sessions_create(unsigned int names)
{
	struct tls_sessions *s = calloc(1, sizeof(*s) + names * sizeof(struct entry));
	unsigned int buckets = 1;

	if (!s)
		return NULL;
	while (buckets < names)
		buckets *= 2;
	s->max = names;
	s->newest = s->oldest = NONE;
	s->mask = buckets - 1;
	s->bucket = malloc(buckets * sizeof(*s->bucket));
	if (!s->bucket || RAND_bytes((uint8_t *)&s->key, sizeof(s->key)) != 1) {
		tls_sessions_destroy(s);
		return NULL;
	}
	memset(s->bucket, 0xff, buckets * sizeof(*s->bucket));
	return s;
}

void tls_sessions_destroy(struct tls_sessions *s)
{
	for (unsigned int i = 0; s && i < s->n; i++) {
		SSL_SESSION_free(s->entry[i].session);
		free(s->entry[i].name);
	}
	if (s)
		free(s->bucket);
	free(s);
}
