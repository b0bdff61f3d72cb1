/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS 1.3's key derivation (RFC 8446 section 7.1) as a provider of libcrypto's, in a library
 * context of one worker. libssl derives some 25 values a handshake; its own way to do that looks
 * HMAC and the digest up anew for each, a fifth of a handshake's time. And the traffic secrets are
 * seen here as they are made, where the key log would print and we would read them.
 */
#include "tls_impl.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#define HASH_MAX  48
#define BLOCK_MAX 128
#define LABEL_MAX 255 /* of each variable part of a label */

struct kdf {
	EVP_MD *sha256, *sha384;
	EVP_MD_CTX *hash;
	struct weir_tls_conn *conn; /* whose handshake goes on */
};

struct weir_tls_lib {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *defaults, *ours, *x25519;
	struct kdf *kdf; /* the provider's */
	/* Its owner and its contexts, which control makes and the worker frees. Release pairs with
	 * acquire in the last tls_lib_put(). */
	_Atomic unsigned int users;
};

/* ---- HMAC and HKDF (RFC 2104, RFC 5869) ---- */

static bool hash_two(struct kdf *k, const EVP_MD *md, struct weir_bytes block, struct weir_bytes b,
		     uint8_t out[HASH_MAX])
{
	return EVP_DigestInit_ex2(k->hash, md, NULL) == 1 &&
	       EVP_DigestUpdate(k->hash, block.ptr, block.len) == 1 &&
	       EVP_DigestUpdate(k->hash, b.ptr, b.len) == 1 &&
	       EVP_DigestFinal_ex(k->hash, out, NULL) == 1;
}

/* Keys are secrets or salts, never longer than a hash. */
static bool hmac(struct kdf *k, const EVP_MD *md, struct weir_bytes key, struct weir_bytes message,
		 uint8_t out[HASH_MAX])
{
	size_t block = (size_t)EVP_MD_get_block_size(md), size = (size_t)EVP_MD_get_size(md);
	uint8_t pad[BLOCK_MAX], inner[HASH_MAX];
	bool ok;

	if (key.len > HASH_MAX || block > sizeof(pad))
		return false;
	memset(pad, 0x36, block);
	for (size_t i = 0; i < key.len; i++)
		pad[i] ^= key.ptr[i];
	ok = hash_two(k, md, weir_bytes_of(pad, block), message, inner);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	ok = ok && hash_two(k, md, weir_bytes_of(pad, block), weir_bytes_of(inner, size), out);
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}

/* ---- what libssl asks for ---- */

struct request {
	int mode;
	const EVP_MD *md;
	struct weir_bytes key, salt, prefix, label, data;
};

/* Which of the request's bytes a parameter is; NULL: none of them. */
static struct weir_bytes *bytes_of(struct request *r, const char *name)
{
	const struct {
		const char *name;
		struct weir_bytes *bytes;
	} all[] = {
		{OSSL_KDF_PARAM_KEY, &r->key},       {OSSL_KDF_PARAM_SALT, &r->salt},
		{OSSL_KDF_PARAM_PREFIX, &r->prefix}, {OSSL_KDF_PARAM_LABEL, &r->label},
		{OSSL_KDF_PARAM_DATA, &r->data},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(name, all[i].name) == 0)
			return all[i].bytes;
	return NULL;
}

/* To ask libcrypto whether two names are one algorithm's costs as much as an HMAC: libssl has the
 * name of what it fetched, and that is ours in nearly all cases. */
static bool is_digest(const EVP_MD *md, const char *name)
{
	return strcmp(EVP_MD_get0_name(md), name) == 0 || EVP_MD_is_a(md, name);
}

static const EVP_MD *find_digest(const struct kdf *k, const char *name)
{
	if (is_digest(k->sha256, name))
		return k->sha256;
	return is_digest(k->sha384, name) ? k->sha384 : NULL;
}

/* Each parameter is looked at once. */
static bool read_request(const struct kdf *k, const OSSL_PARAM params[], struct request *r)
{
	*r = (struct request){.mode = -1};
	for (const OSSL_PARAM *p = params; p->key; p++) {
		struct weir_bytes *bytes = bytes_of(r, p->key);
		const char *name = NULL;

		if (bytes && p->data_type == OSSL_PARAM_OCTET_STRING)
			*bytes = weir_bytes_of(p->data, p->data_size);
		else if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0)
			(void)!OSSL_PARAM_get_int(p, &r->mode);
		else if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0 &&
			 OSSL_PARAM_get_utf8_string_ptr(p, &name) == 1)
			r->md = find_digest(k, name);
	}
	return r->md && r->mode >= 0;
}

/* HKDF-Expand-Label. All that TLS derives fits into one hash. */
static bool expand(struct kdf *k, const struct request *r, uint8_t *out, size_t out_len)
{
	uint8_t info[2 + 1 + 2 * LABEL_MAX + 1 + LABEL_MAX + 1], hash[HASH_MAX], *at = info;
	bool ok;

	if (out_len > (size_t)EVP_MD_get_size(r->md) || r->prefix.len + r->label.len > LABEL_MAX ||
	    r->data.len > LABEL_MAX)
		return false;
	*at++ = 0;
	*at++ = (uint8_t)out_len;
	*at++ = (uint8_t)(r->prefix.len + r->label.len);
	memcpy(at, r->prefix.ptr, r->prefix.len);
	at += r->prefix.len;
	memcpy(at, r->label.ptr, r->label.len);
	at += r->label.len;
	*at++ = (uint8_t)r->data.len;
	if (r->data.len)
		memcpy(at, r->data.ptr, r->data.len);
	at += r->data.len;
	*at++ = 1;
	ok = hmac(k, r->md, r->key, weir_bytes_of(info, (size_t)(at - info)), hash);
	if (ok)
		memcpy(out, hash, out_len);
	OPENSSL_cleanse(hash, sizeof(hash));
	return ok;
}

/* The next secret of the schedule: Derive-Secret(salt, "derived", "") and then HKDF-Extract, with
 * zeros for what is not there. */
static bool extract(struct kdf *k, const struct request *r, uint8_t *out, size_t out_len)
{
	static const uint8_t zeros[HASH_MAX];
	size_t size = (size_t)EVP_MD_get_size(r->md);
	struct weir_bytes salt = weir_bytes_of(zeros, size), key = r->key;
	uint8_t empty[HASH_MAX], derived[HASH_MAX], hash[HASH_MAX];
	struct request derive = *r;
	bool ok = out_len == size;

	if (!key.ptr)
		key = weir_bytes_of(zeros, size);
	if (r->salt.ptr) {
		ok = ok &&
		     hash_two(k, r->md, (struct weir_bytes){0}, (struct weir_bytes){0}, empty);
		derive.key = r->salt;
		derive.data = weir_bytes_of(empty, size);
		ok = ok && expand(k, &derive, derived, size);
		salt = weir_bytes_of(derived, size);
	}
	ok = ok && hmac(k, r->md, salt, key, hash);
	if (ok)
		memcpy(out, hash, size);
	OPENSSL_cleanse(derived, sizeof(derived));
	OPENSSL_cleanse(hash, sizeof(hash));
	return ok;
}

/* The secrets that the records' keys are made of, and then these. */
static void note(const struct kdf *k, const struct request *r, struct weir_bytes made)
{
	struct tls_noted *n = k->conn ? &k->conn->noted : NULL;
	bool of_client = weir_bytes_is(r->label, "c ap traffic");
	bool of_server = weir_bytes_is(r->label, "s ap traffic");
	bool is_key = weir_bytes_is(r->label, "key");

	if (n && (of_client || of_server))
		tls_noted_secret(n, of_server == k->conn->is_server, made);
	else if (n && (is_key || weir_bytes_is(r->label, "iv")))
		tls_noted_derived(n, r->key, is_key, made);
}

/* ---- the provider ---- */

/* A context has no state of its own: all comes with the call. */
static void *kdf_newctx(void *provider)
{
	return provider;
}

static void kdf_freectx(void *ctx)
{
	(void)ctx;
}

static int kdf_derive(void *ctx, unsigned char *out, size_t out_len, const OSSL_PARAM params[])
{
	struct kdf *k = ctx;
	struct request r;

	if (!read_request(k, params, &r))
		return 0;
	if (r.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return extract(k, &r, out, out_len);
	if (r.mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || !expand(k, &r, out, out_len))
		return 0;
	note(k, &r, weir_bytes_of(out, out_len));
	return 1;
}

static const OSSL_PARAM *kdf_settable(void *ctx, void *provider)
{
	static const OSSL_PARAM none[] = {OSSL_PARAM_END};

	(void)ctx;
	(void)provider;
	return none;
}

static const OSSL_DISPATCH kdf_functions[] = {
	{OSSL_FUNC_KDF_NEWCTX, (void (*)(void))kdf_newctx},
	{OSSL_FUNC_KDF_FREECTX, (void (*)(void))kdf_freectx},
	{OSSL_FUNC_KDF_DERIVE, (void (*)(void))kdf_derive},
	{OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))kdf_settable},
	{0, NULL},
};

static const OSSL_ALGORITHM kdfs[] = {
	{"TLS13-KDF", TLS_LIB_PROPERTY, kdf_functions, "RFC 8446 section 7.1"},
	{NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_KDF ? kdfs : NULL;
}

static void teardown(void *provider)
{
	struct kdf *k = provider;

	EVP_MD_CTX_free(k->hash);
	EVP_MD_free(k->sha256);
	EVP_MD_free(k->sha384);
	free(k);
}

static const OSSL_DISPATCH provider_functions[] = {
	{OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
	{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	{0, NULL},
};

/* Digests are those of the process's default context, fetched once. */
static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
		void **provider)
{
	struct kdf *k = calloc(1, sizeof(*k));

	(void)handle;
	(void)in;
	if (!k)
		return 0;
	k->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	k->sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
	k->hash = EVP_MD_CTX_new();
	if (!k->sha256 || !k->sha384 || !k->hash) {
		teardown(k);
		return 0;
	}
	*out = provider_functions;
	*provider = k;
	return 1;
}

/* ---- a worker's library context ---- */

static void free_lib(struct weir_tls_lib *lib)
{
	if (lib->x25519)
		OSSL_PROVIDER_unload(lib->x25519);
	if (lib->ours)
		OSSL_PROVIDER_unload(lib->ours);
	if (lib->defaults)
		OSSL_PROVIDER_unload(lib->defaults);
	OSSL_LIB_CTX_free(lib->libctx);
	free(lib);
}

struct weir_tls_lib *weir_tls_lib_create(void)
{
	struct weir_tls_lib *lib = calloc(1, sizeof(*lib));

	if (!lib)
		return NULL;
	lib->libctx = OSSL_LIB_CTX_new();
	if (lib->libctx && OSSL_PROVIDER_add_builtin(lib->libctx, "weir", init) == 1) {
		lib->defaults = OSSL_PROVIDER_load(lib->libctx, "default");
		lib->ours = OSSL_PROVIDER_load(lib->libctx, "weir");
	}
	if (lib->defaults && lib->ours)
		lib->x25519 = tls_x25519_load(lib->libctx, lib->defaults);
	if (lib->x25519) {
		lib->kdf = OSSL_PROVIDER_get0_provider_ctx(lib->ours);
		atomic_init(&lib->users, 1);
		return lib;
	}
	free_lib(lib);
	return NULL;
}

void weir_tls_lib_destroy(struct weir_tls_lib *lib)
{
	tls_lib_put(lib);
}

OSSL_LIB_CTX *tls_lib_get(struct weir_tls_lib *lib)
{
	if (!lib)
		return NULL;
	atomic_fetch_add_explicit(&lib->users, 1, memory_order_relaxed);
	return lib->libctx;
}

void tls_lib_put(struct weir_tls_lib *lib)
{
	if (lib && atomic_fetch_sub_explicit(&lib->users, 1, memory_order_acq_rel) == 1)
		free_lib(lib);
}

void tls_lib_watch(struct weir_tls_lib *lib, struct weir_tls_conn *conn)
{
	if (lib)
		lib->kdf->conn = conn;
}
