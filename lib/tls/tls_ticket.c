/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys of session tickets. Control writes one slot of four and then moves the index; workers read
 * the index, copy a slot, and look at the index again: only if two more keys have come meanwhile
 * can the slot have been written under them, and then they begin anew.
 */
#include "tls_impl.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/rand.h>

#define SLOTS 4
#define OPEN  3 /* keys that open: with one more being written there are four */
#define WORDS (sizeof(struct tls_ticket_key) / sizeof(uint64_t))
_Static_assert(sizeof(struct tls_ticket_key) % sizeof(uint64_t) == 0, "a key is whole words");

struct slots {
	_Atomic uint64_t word[SLOTS][WORDS]; /* relaxed: `newest` orders them */
	_Atomic uint64_t newest;             /* counts keys; its key is in slot newest % SLOTS */
};

struct weir_tls_tickets {
	struct tls_secret memory;
	struct slots *slots; /* in `memory` */
};

static void write_slot(struct slots *s, uint64_t at, const struct tls_ticket_key *key)
{
	uint64_t words[WORDS];

	memcpy(words, key, sizeof(words));
	for (unsigned int i = 0; i < WORDS; i++)
		atomic_store_explicit(&s->word[at % SLOTS][i], words[i], memory_order_relaxed);
	OPENSSL_cleanse(words, sizeof(words));
}

static void read_slot(const struct slots *s, uint64_t at, struct tls_ticket_key *key)
{
	uint64_t words[WORDS];

	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(&s->word[at % SLOTS][i], memory_order_relaxed);
	memcpy(key, words, sizeof(words));
	OPENSSL_cleanse(words, sizeof(words));
}

/* The slot of a key that opens is written again when the second key after `newest` comes, at the
 * earliest. Acquire pairs with the release in weir_tls_tickets_rotate(). */
static bool is_stale(const struct slots *s, uint64_t newest)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&s->newest, memory_order_relaxed) != newest;
}

void tls_tickets_newest(const struct weir_tls_tickets *t, struct tls_ticket_key *key)
{
	uint64_t newest;

	do {
		newest = atomic_load_explicit(&t->slots->newest, memory_order_acquire);
		read_slot(t->slots, newest, key);
	} while (is_stale(t->slots, newest));
}

/* Never newer than the first key, which is number 1. */
static int find(const struct slots *s, uint64_t newest, const uint8_t name[16],
		struct tls_ticket_key *key)
{
	for (uint64_t age = 0; age < OPEN && age < newest; age++) {
		read_slot(s, newest - age, key);
		if (CRYPTO_memcmp(key->name, name, sizeof(key->name)) == 0)
			return age ? 1 : 0;
	}
	OPENSSL_cleanse(key, sizeof(*key));
	return -WEIR_ENOTFOUND;
}

int tls_tickets_find(const struct weir_tls_tickets *t, const uint8_t name[16],
		     struct tls_ticket_key *key)
{
	uint64_t newest;
	int rc;

	do {
		newest = atomic_load_explicit(&t->slots->newest, memory_order_acquire);
		rc = find(t->slots, newest, name, key);
	} while (is_stale(t->slots, newest));
	return rc;
}

int weir_tls_tickets_rotate(struct weir_tls_tickets *t)
{
	uint64_t next = atomic_load_explicit(&t->slots->newest, memory_order_relaxed) + 1;
	struct tls_ticket_key key;

	if (RAND_priv_bytes((uint8_t *)&key, sizeof(key)) != 1)
		return -WEIR_EIO;
	/* A worker that sees a word of the new key sees, after its fence, that the index of two
	 * keys ago is no more. */
	atomic_thread_fence(memory_order_release);
	write_slot(t->slots, next, &key);
	atomic_store_explicit(&t->slots->newest, next, memory_order_release);
	OPENSSL_cleanse(&key, sizeof(key));
	return 0;
}

struct weir_tls_tickets *weir_tls_tickets_create(void)
{
	struct weir_tls_tickets *t = calloc(1, sizeof(*t));

	if (!t || !tls_secret_init(&t->memory, sizeof(*t->slots))) {
		free(t);
		return NULL;
	}
	t->slots = (struct slots *)(void *)t->memory.ptr;
	if (weir_tls_tickets_rotate(t) == 0)
		return t;
	weir_tls_tickets_destroy(t);
	return NULL;
}

void weir_tls_tickets_destroy(struct weir_tls_tickets *t)
{
	if (t)
		tls_secret_fini(&t->memory);
	free(t);
}
