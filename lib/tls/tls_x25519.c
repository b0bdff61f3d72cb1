/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * X25519 (RFC 7748) as a provider of libcrypto's that differs from the default one in how a key
 * pair is made: a third of a handshake's time was libcrypto's two multiplications, and that by the
 * base point, which libcrypto has in portable C of 32 bits, was the dearer one. libsodium's takes
 * two fifths of its time. All else, the shared secret too, is done by the default provider's own
 * functions on its own keys.
 *
 * Of libsodium the one pure function is used, and sodium_init() is not called: on CPUs with AVX it
 * would put a ladder in place of the multiplication by tables, which takes twice as long.
 */
#include "tls_impl.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <sodium/crypto_scalarmult.h>

#define KEY          crypto_scalarmult_BYTES
#define NAME         "X25519" /* the first of its names */
#define DISPATCH_MAX 32

_Static_assert(crypto_scalarmult_BYTES == 32 && crypto_scalarmult_SCALARBYTES == 32,
	       "both are X25519's");

/* What the default provider has, and its functions with ours in between. */
struct x25519 {
	OSSL_LIB_CTX *libctx;
	const OSSL_PROVIDER *defaults;
	void *provctx;
	OSSL_FUNC_keymgmt_new_fn *new_key;
	OSSL_FUNC_keymgmt_free_fn *free_key;
	OSSL_FUNC_keymgmt_import_fn *import_key;
	OSSL_FUNC_keymgmt_gettable_params_fn *gettable;
	OSSL_FUNC_keymgmt_settable_params_fn *settable;
	OSSL_FUNC_keyexch_newctx_fn *new_exchange;
	OSSL_DISPATCH keymgmt[DISPATCH_MAX], keyexch[DISPATCH_MAX];
	OSSL_ALGORITHM keymgmts[2], keyexchs[2]; /* ended by NULL; empty before it is filled in */
};

/* ---- what is asked of the provider, and is the default one's ---- */

static void *new_key(void *provider)
{
	const struct x25519 *x = provider;

	return x->new_key(x->provctx);
}

static const OSSL_PARAM *gettable(void *provider)
{
	const struct x25519 *x = provider;

	return x->gettable(x->provctx);
}

static const OSSL_PARAM *settable(void *provider)
{
	const struct x25519 *x = provider;

	return x->settable(x->provctx);
}

static void *new_exchange(void *provider)
{
	const struct x25519 *x = provider;

	return x->new_exchange(x->provctx);
}

/* ---- key pairs ---- */

struct generation {
	const struct x25519 *x;
	int selection;
};

/* The only group there is may be named. */
static int gen_set_params(void *generation, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p =
		params ? OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME) : NULL;

	(void)generation;
	return !p ||
	       (p->data_type == OSSL_PARAM_UTF8_STRING && OPENSSL_strcasecmp(p->data, NAME) == 0);
}

static const OSSL_PARAM *gen_settable(void *generation, void *provider)
{
	static const OSSL_PARAM known[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0), OSSL_PARAM_END};

	(void)generation;
	(void)provider;
	return known;
}

static void *gen_init(void *provider, int selection, const OSSL_PARAM params[])
{
	struct generation *g;

	if (!gen_set_params(NULL, params))
		return NULL;
	g = OPENSSL_malloc(sizeof(*g));
	if (g)
		*g = (struct generation){.x = provider, .selection = selection};
	return g;
}

static void gen_cleanup(void *generation)
{
	OPENSSL_free(generation);
}

/* The private key as RFC 7748 section 5 has it. */
static bool make_pair(OSSL_LIB_CTX *libctx, uint8_t private_key[KEY], uint8_t public_key[KEY])
{
	if (RAND_priv_bytes_ex(libctx, private_key, KEY, 0) != 1)
		return false;
	private_key[0] &= 248;
	private_key[KEY - 1] &= 127;
	private_key[KEY - 1] |= 64;
	return crypto_scalarmult_base(public_key, private_key) == 0;
}

static bool fill_key(const struct x25519 *x, void *key)
{
	uint8_t private_key[KEY], public_key[KEY];
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public_key, KEY),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, private_key, KEY),
		OSSL_PARAM_construct_end()};
	bool ok = make_pair(x->libctx, private_key, public_key) &&
		  x->import_key(key, OSSL_KEYMGMT_SELECT_KEYPAIR, params) == 1;

	OPENSSL_cleanse(private_key, sizeof(private_key));
	return ok;
}

/* What is asked for parameters alone gets a key without any. */
static void *gen(void *generation, OSSL_CALLBACK *callback, void *arg)
{
	const struct generation *g = generation;
	void *key = g->x->new_key(g->x->provctx);

	(void)callback;
	(void)arg;
	if (!key || !(g->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) || fill_key(g->x, key))
		return key;
	g->x->free_key(key);
	return NULL;
}

/* ---- groups of TLS ---- */

struct listener {
	OSSL_CALLBACK *callback;
	void *arg;
};

static int tell_if_ours(const OSSL_PARAM params[], void *listener)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_ALG);
	const struct listener *l = listener;
	bool ours = p && p->data_type == OSSL_PARAM_UTF8_STRING && strcmp(p->data, NAME) == 0;

	return !ours || l->callback(params, l->arg);
}

/* libssl takes a group only from the provider that has its algorithm. */
static int tell_groups(void *provider, const char *capability, OSSL_CALLBACK *callback, void *arg)
{
	const struct x25519 *x = provider;
	struct listener l = {callback, arg};

	return OSSL_PROVIDER_get_capabilities(x->defaults, capability, tell_if_ours, &l);
}

/* ---- the provider ---- */

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	const struct x25519 *x = provider;

	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return x->keymgmts;
	return operation == OSSL_OP_KEYEXCH ? x->keyexchs : NULL;
}

static void teardown(void *provider)
{
	OPENSSL_free(provider);
}

static const OSSL_DISPATCH provider_functions[] = {
	{OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
	{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	{OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))tell_groups},
	{0, NULL},
};

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
		void **provider)
{
	(void)handle;
	(void)in;
	*provider = OPENSSL_zalloc(sizeof(struct x25519));
	*out = provider_functions;
	return *provider != NULL;
}

/* ---- after the default one ---- */

static const OSSL_ALGORITHM *find(const OSSL_PROVIDER *defaults, int operation)
{
	int no_cache;
	const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(defaults, operation, &no_cache);

	for (; a && a->algorithm_names; a++)
		if (strncmp(a->algorithm_names, NAME ":", sizeof(NAME)) == 0)
			return a;
	return NULL;
}

struct in_place {
	int id;
	void (*function)(void);
};

/* Copies a table; `ours` stands in place of what it has. False: it has no room. */
static bool copy_table(OSSL_DISPATCH to[DISPATCH_MAX], const OSSL_DISPATCH *from,
		       const struct in_place *ours, size_t n)
{
	size_t at = 0;

	for (; from->function_id; from++, at++) {
		if (at == DISPATCH_MAX - 1)
			return false;
		to[at] = *from;
		for (size_t i = 0; i < n; i++)
			if (to[at].function_id == ours[i].id)
				to[at].function = ours[i].function;
	}
	to[at] = (OSSL_DISPATCH){0, NULL};
	return true;
}

static bool take_keymgmt(struct x25519 *x, const OSSL_ALGORITHM *theirs)
{
	static const struct in_place ours[] = {
		{OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))new_key},
		{OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable},
		{OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))settable},
		{OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))gen_init},
		{OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))gen_set_params},
		{OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))gen_settable},
		{OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))gen},
		{OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))gen_cleanup},
	};

	for (const OSSL_DISPATCH *d = theirs->implementation; d->function_id; d++) {
		if (d->function_id == OSSL_FUNC_KEYMGMT_NEW)
			x->new_key = OSSL_FUNC_keymgmt_new(d);
		else if (d->function_id == OSSL_FUNC_KEYMGMT_FREE)
			x->free_key = OSSL_FUNC_keymgmt_free(d);
		else if (d->function_id == OSSL_FUNC_KEYMGMT_IMPORT)
			x->import_key = OSSL_FUNC_keymgmt_import(d);
		else if (d->function_id == OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS)
			x->gettable = OSSL_FUNC_keymgmt_gettable_params(d);
		else if (d->function_id == OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS)
			x->settable = OSSL_FUNC_keymgmt_settable_params(d);
	}
	x->keymgmts[0] = (OSSL_ALGORITHM){theirs->algorithm_names, TLS_LIB_PROPERTY, x->keymgmt,
					  theirs->algorithm_description};
	return x->new_key && x->free_key && x->import_key && x->gettable && x->settable &&
	       copy_table(x->keymgmt, theirs->implementation, ours, sizeof(ours) / sizeof(*ours));
}

static bool take_keyexch(struct x25519 *x, const OSSL_ALGORITHM *theirs)
{
	static const struct in_place ours[] = {
		{OSSL_FUNC_KEYEXCH_NEWCTX, (void (*)(void))new_exchange}};

	for (const OSSL_DISPATCH *d = theirs->implementation; d->function_id; d++)
		if (d->function_id == OSSL_FUNC_KEYEXCH_NEWCTX)
			x->new_exchange = OSSL_FUNC_keyexch_newctx(d);
	x->keyexchs[0] = (OSSL_ALGORITHM){theirs->algorithm_names, TLS_LIB_PROPERTY, x->keyexch,
					  theirs->algorithm_description};
	return x->new_exchange && copy_table(x->keyexch, theirs->implementation, ours, 1);
}

/* RFC 7748 section 6.1, Alice's. */
static bool multiplies_right(void)
{
	static const uint8_t private_key[KEY] = {0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d,
						 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
						 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a,
						 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
	static const uint8_t public_key[KEY] = {0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54,
						0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a,
						0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4,
						0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
	uint8_t made[KEY];

	return crypto_scalarmult_base(made, private_key) == 0 && memcmp(made, public_key, KEY) == 0;
}

static bool take_defaults(struct x25519 *x, OSSL_LIB_CTX *libctx, const OSSL_PROVIDER *defaults)
{
	const OSSL_ALGORITHM *keymgmt = find(defaults, OSSL_OP_KEYMGMT);
	const OSSL_ALGORITHM *keyexch = find(defaults, OSSL_OP_KEYEXCH);

	x->libctx = libctx;
	x->defaults = defaults;
	x->provctx = OSSL_PROVIDER_get0_provider_ctx(defaults);
	return keymgmt && keyexch && take_keymgmt(x, keymgmt) && take_keyexch(x, keyexch);
}

OSSL_PROVIDER *tls_x25519_load(OSSL_LIB_CTX *libctx, const OSSL_PROVIDER *defaults)
{
	OSSL_PROVIDER *ours = NULL;

	if (multiplies_right() && OSSL_PROVIDER_add_builtin(libctx, "weir-x25519", init) == 1)
		ours = OSSL_PROVIDER_load(libctx, "weir-x25519");
	if (!ours || take_defaults(OSSL_PROVIDER_get0_provider_ctx(ours), libctx, defaults))
		return ours;
	OSSL_PROVIDER_unload(ours);
	return NULL;
}
