/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's mint: a leaf for a server's certificate or for a name, made once and kept with those
 * used last.
 */
#include "tls_mint.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#define NONE UINT32_MAX
#define KEY  32 /* bytes of SHA-256 */

#define DAY         86400LL
#define DAYS_BEFORE (30 * DAY)  /* clocks differ, and certificates are logged by their age */
#define DAYS_AFTER  (367 * DAY) /* with the former below the 398 days that browsers take */
#define RENEW       (30 * DAY)  /* so long before its end a leaf is made anew */

/* A leaf, which the cache and each that got it have a reference of. */
struct minted {
	struct weir_tls_identity identity; /* first */
	unsigned int refs;
	int64_t renew; /* seconds since 1970 */
};

struct entry {
	uint8_t key[KEY];
	struct minted *leaf;
	uint32_t next;         /* of the same bucket */
	uint32_t newer, older; /* in order of use */
};

struct weir_tls_minter {
	struct tls_signer signer;
	struct weir_siphash_key hash;
	struct weir_tls_mint_counts counts;
	unsigned int lent; /* references that others have */
	bool dropped;      /* goes with the last of them */
	unsigned int n, max;
	uint32_t newest, oldest;
	unsigned int mask; /* buckets - 1 */
	uint32_t *bucket;
	struct entry entry[];
};

/* ---- references ---- */

static void unref(struct minted *leaf)
{
	if (--leaf->refs)
		return;
	X509_free(leaf->identity.leaf);
	free(leaf); /* key and chain are the signer's */
}

static void free_minter(struct weir_tls_minter *m)
{
	tls_signer_fini(&m->signer);
	free(m->bucket);
	free(m);
}

void weir_tls_mint_put(struct weir_tls_minter *m, const struct weir_tls_identity *identity)
{
	unref((struct minted *)(uintptr_t)identity);
	if (--m->lent == 0 && m->dropped)
		free_minter(m);
}

/* ---- order of use ---- */

static void unlink_used(struct weir_tls_minter *m, uint32_t at)
{
	const struct entry *e = &m->entry[at];

	*(e->newer == NONE ? &m->newest : &m->entry[e->newer].older) = e->older;
	*(e->older == NONE ? &m->oldest : &m->entry[e->older].newer) = e->newer;
}

static void link_newest(struct weir_tls_minter *m, uint32_t at)
{
	m->entry[at].newer = NONE;
	m->entry[at].older = m->newest;
	*(m->newest == NONE ? &m->oldest : &m->entry[m->newest].newer) = at;
	m->newest = at;
}

/* ---- by key ---- */

static uint32_t *bucket_of(struct weir_tls_minter *m, const uint8_t key[KEY])
{
	uint64_t words[KEY / 8];

	memcpy(words, key, sizeof(words));
	return &m->bucket[weir_siphash13(&m->hash, words, WEIR_ARRAY_LEN(words)) & m->mask];
}

static uint32_t find(struct weir_tls_minter *m, const uint8_t key[KEY])
{
	uint32_t at = *bucket_of(m, key);

	while (at != NONE && memcmp(m->entry[at].key, key, KEY) != 0)
		at = m->entry[at].next;
	return at;
}

static void unlink_bucket(struct weir_tls_minter *m, uint32_t at)
{
	uint32_t *from = bucket_of(m, m->entry[at].key);

	while (*from != at)
		from = &m->entry[*from].next;
	*from = m->entry[at].next;
}

/* An entry that is not in use, if need be the one that was used longest ago. */
static uint32_t free_entry(struct weir_tls_minter *m)
{
	uint32_t at = m->oldest;

	if (m->n < m->max)
		return m->n++;
	unlink_used(m, at);
	unlink_bucket(m, at);
	unref(m->entry[at].leaf);
	m->counts.evicted++;
	return at;
}

static uint32_t add(struct weir_tls_minter *m, const uint8_t key[KEY])
{
	uint32_t at = free_entry(m), *bucket = bucket_of(m, key);

	memcpy(m->entry[at].key, key, KEY);
	m->entry[at].next = *bucket;
	*bucket = at;
	return at;
}

/* Takes the leaf, in place of one of the same key. */
static void keep(struct weir_tls_minter *m, const uint8_t key[KEY], struct minted *leaf)
{
	uint32_t at = find(m, key);

	if (at == NONE) {
		at = add(m, key);
	} else {
		unlink_used(m, at);
		unref(m->entry[at].leaf);
	}
	m->entry[at].leaf = leaf;
	link_newest(m, at);
}

static struct minted *kept(struct weir_tls_minter *m, const uint8_t key[KEY], int64_t now)
{
	uint32_t at = find(m, key);

	if (at == NONE || now >= m->entry[at].leaf->renew)
		return NULL;
	unlink_used(m, at);
	link_newest(m, at);
	return m->entry[at].leaf;
}

/* ---- minting ---- */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Within what the CA and the server's certificate last, and a good year at most, unless that is
 * over or has not begun. False: never valid. Returns when it should be made anew. */
static bool choose_times(const struct tls_signer *s, int64_t now, struct tls_leaf *leaf,
			 int64_t *renew)
{
	int64_t begin = s->not_before, end = s->not_after, near_begin, near_end;

	if (leaf->like) {
		begin = later(begin, tls_time(X509_get0_notBefore(leaf->like)));
		end = earlier(end, tls_time(X509_get0_notAfter(leaf->like)));
	}
	near_begin = later(begin, now - DAYS_BEFORE);
	near_end = earlier(end, now + DAYS_AFTER);
	*renew = near_end < end ? near_end - RENEW : INT64_MAX;
	leaf->not_before = near_begin < near_end ? near_begin : begin;
	leaf->not_after = near_begin < near_end ? near_end : end;
	return begin < end;
}

/* The kind of key that the server has, so that clients meet no other. */
static enum tls_leaf_key key_like(X509 *like)
{
	int id = like ? EVP_PKEY_get_base_id(X509_get0_pubkey(like)) : EVP_PKEY_NONE;

	return id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS ? TLS_LEAF_RSA : TLS_LEAF_EC;
}

static struct minted *wrap(struct weir_tls_minter *m, X509 *x, enum tls_leaf_key key)
{
	struct minted *leaf = calloc(1, sizeof(*leaf));

	if (!leaf) {
		X509_free(x);
		return NULL;
	}
	leaf->refs = 1;
	leaf->identity = (struct weir_tls_identity){
		.leaf = x,
		.key = m->signer.key[key],
		.chain = m->signer.shown,
		.kind = key == TLS_LEAF_RSA ? TLS_KIND_RSA : TLS_KIND_EC,
	};
	return leaf;
}

static int mint_names(struct weir_tls_minter *m, GENERAL_NAMES *names, X509 *like, int64_t now,
		      struct minted **out)
{
	struct tls_leaf leaf = {.names = names, .like = like, .key = key_like(like)};
	enum weir_tls_error error;
	int64_t renew;
	X509 *x;

	if (!names || !tls_mint_names_permit(names, &m->signer))
		return -WEIR_TLS_E_MEMORY;
	if (sk_GENERAL_NAME_num(names) == 0)
		return -WEIR_TLS_E_CERT_NAME;
	if (!choose_times(&m->signer, now, &leaf, &renew))
		return -WEIR_TLS_E_CERT_EXPIRED;
	x = tls_mint_leaf(&m->signer, &leaf, &error);
	if (!x)
		return -(int)error;
	*out = wrap(m, x, leaf.key);
	if (!*out)
		return -WEIR_TLS_E_MEMORY;
	(*out)->renew = renew;
	return 0;
}

/* ---- what a leaf is asked for by ---- */

/* The server's certificate, which the caller has a reference of; NULL: a name is minted for. */
static int find_like(const struct weir_tls_mint *what, X509 **like)
{
	const uint8_t *at = what->der.ptr;

	*like = NULL;
	if (what->upstream) {
		if (what->upstream->ssl)
			*like = SSL_get1_peer_certificate(what->upstream->ssl);
		return *like ? 0 : -WEIR_TLS_E_CERT_MISSING;
	}
	if (!what->der.len)
		return 0;
	if (what->der.len > INT32_MAX)
		return -WEIR_TLS_E_CERT_BAD;
	*like = d2i_X509(NULL, &at, (long)what->der.len);
	if (*like && at == what->der.ptr + what->der.len)
		return 0;
	X509_free(*like);
	*like = NULL;
	return -WEIR_TLS_E_CERT_BAD;
}

/* Names are told apart from certificates by a digest that no certificate's is known to equal. */
static bool key_of(X509 *like, const char *name, uint8_t key[KEY])
{
	unsigned int len = 0;

	if (like)
		return X509_digest(like, EVP_sha256(), key, &len) == 1;
	return EVP_Digest(name, strlen(name), key, &len, EVP_sha256(), NULL) == 1;
}

static int mint(struct weir_tls_minter *m, const struct weir_tls_mint *what, X509 *like,
		struct minted **out)
{
	GENERAL_NAMES *names;
	uint8_t key[KEY];
	int rc;

	if (like && !X509_get0_pubkey(like)) /* of no kind that libcrypto knows */
		return -WEIR_TLS_E_CERT_BAD;
	if (!key_of(like, what->name, key))
		return -WEIR_TLS_E_MEMORY;
	*out = kept(m, key, what->now);
	if (*out) {
		m->counts.found++;
		return 0;
	}
	names = like ? tls_mint_names_of(like) : tls_mint_names_for(what->name);
	rc = mint_names(m, names, like, what->now, out);
	GENERAL_NAMES_free(names);
	if (rc)
		return rc;
	m->counts.minted++;
	keep(m, key, *out);
	return 0;
}

int weir_tls_mint(struct weir_tls_minter *m, const struct weir_tls_mint *what,
		  const struct weir_tls_identity **out)
{
	struct minted *leaf = NULL;
	X509 *like;
	int rc = find_like(what, &like);

	*out = NULL;
	if (!rc && !like && (!what->name || !*what->name))
		rc = -WEIR_TLS_E_CERT_NAME;
	if (!rc)
		rc = mint(m, what, like, &leaf);
	X509_free(like);
	/* Whoever asks libssl next must not find what libcrypto thought of this certificate. */
	ERR_clear_error();
	if (rc) {
		m->counts.refused++;
		return rc;
	}
	leaf->refs++;
	m->lent++;
	*out = &leaf->identity;
	return 0;
}

struct weir_tls_mint_counts weir_tls_minter_counts(const struct weir_tls_minter *m)
{
	return m->counts;
}

/* ---- the whole ---- */

struct weir_tls_minter *weir_tls_minter_create(const struct weir_tls_ca *ca, unsigned int leaves,
					       struct weir_buf *why)
{
	struct weir_tls_minter *m = calloc(1, sizeof(*m) + leaves * sizeof(struct entry));
	unsigned int buckets = 1;

	if (!m || !leaves) {
		tls_fail(why, "no memory");
		free(m);
		return NULL;
	}
	while (buckets < leaves)
		buckets *= 2;
	m->max = leaves;
	m->newest = m->oldest = NONE;
	m->mask = buckets - 1;
	m->bucket = malloc(buckets * sizeof(*m->bucket));
	if (!m->bucket || RAND_bytes((uint8_t *)&m->hash, sizeof(m->hash)) != 1) {
		tls_fail(why, "no memory or no randomness");
		goto free;
	}
	memset(m->bucket, 0xff, buckets * sizeof(*m->bucket));
	if (tls_signer_init(&m->signer, ca, why))
		return m;
free:
	free_minter(m);
	return NULL;
}

void weir_tls_minter_destroy(struct weir_tls_minter *m)
{
	if (!m)
		return;
	for (unsigned int i = 0; i < m->n; i++)
		unref(m->entry[i].leaf);
	m->n = 0;
	m->dropped = true;
	if (!m->lent)
		free_minter(m);
}
