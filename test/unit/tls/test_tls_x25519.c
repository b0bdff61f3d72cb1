/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of X25519 as a worker's library context makes them, against OpenSSL's own. */
#include "conn_test.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "../../../lib/tls/tls_impl.h"

#define KEY 32

static OSSL_LIB_CTX *open_lib(struct weir_tls_lib **lib)
{
	*lib = weir_tls_lib_create();
	ck_assert_ptr_nonnull(*lib);
	return tls_lib_get(*lib);
}

static void close_lib(struct weir_tls_lib *lib)
{
	tls_lib_put(lib);
	weir_tls_lib_destroy(lib);
}

/* By the query that contexts have. */
static EVP_PKEY_CTX *generator(OSSL_LIB_CTX *libctx)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(libctx, "X25519", "?" TLS_LIB_PROPERTY);

	ck_assert_ptr_nonnull(c);
	return c;
}

static EVP_PKEY *make_ours(OSSL_LIB_CTX *libctx)
{
	EVP_PKEY_CTX *c = generator(libctx);
	EVP_PKEY *key = NULL;

	ck_assert_int_eq(EVP_PKEY_keygen_init(c), 1);
	ck_assert_int_eq(EVP_PKEY_keygen(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

static void read_pair(const EVP_PKEY *key, uint8_t private_key[KEY], uint8_t public_key[KEY])
{
	size_t len = KEY;

	ck_assert_int_eq(EVP_PKEY_get_raw_private_key(key, private_key, &len), 1);
	ck_assert_uint_eq(len, KEY);
	ck_assert_int_eq(EVP_PKEY_get_raw_public_key(key, public_key, &len), 1);
	ck_assert_uint_eq(len, KEY);
}

static void share(EVP_PKEY_CTX *c, EVP_PKEY *theirs, uint8_t secret[KEY])
{
	size_t len = KEY;

	ck_assert_int_eq(EVP_PKEY_derive_init(c), 1);
	ck_assert_int_eq(EVP_PKEY_derive_set_peer(c, theirs), 1);
	ck_assert_int_eq(EVP_PKEY_derive(c, secret, &len), 1);
	ck_assert_uint_eq(len, KEY);
	EVP_PKEY_CTX_free(c);
}

START_TEST(contexts_make_their_keys_here)
{
	struct weir_tls_lib *lib;
	OSSL_LIB_CTX *libctx = open_lib(&lib);
	EVP_KEYMGMT *k = EVP_KEYMGMT_fetch(libctx, "X25519", "?" TLS_LIB_PROPERTY);
	EVP_KEYEXCH *e = EVP_KEYEXCH_fetch(libctx, "X25519", "?" TLS_LIB_PROPERTY);
	const char *name = OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(k));

	ck_assert_str_eq(name, "weir-x25519");
	ck_assert_ptr_eq(EVP_KEYMGMT_get0_provider(k), EVP_KEYEXCH_get0_provider(e));
	EVP_KEYMGMT_free(k);
	EVP_KEYEXCH_free(e);
	close_lib(lib);
}
END_TEST

START_TEST(a_public_key_is_what_openssl_makes_of_the_private_one)
{
	struct weir_tls_lib *lib;
	OSSL_LIB_CTX *libctx = open_lib(&lib);

	for (int i = 0; i < 300; i++) {
		uint8_t ours[2][KEY], theirs[KEY];
		size_t len = KEY;
		EVP_PKEY *key = make_ours(libctx), *same;

		read_pair(key, ours[0], ours[1]);
		same = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, ours[0], KEY);
		ck_assert_int_eq(EVP_PKEY_get_raw_public_key(same, theirs, &len), 1);
		ck_assert_mem_eq(ours[1], theirs, KEY);
		EVP_PKEY_free(same);
		EVP_PKEY_free(key);
	}
	close_lib(lib);
}
END_TEST

START_TEST(a_private_key_is_new_each_time_and_clamped)
{
	struct weir_tls_lib *lib;
	OSSL_LIB_CTX *libctx = open_lib(&lib);
	uint8_t last[KEY] = {0}, private_key[KEY], public_key[KEY];

	for (int i = 0; i < 50; i++) {
		EVP_PKEY *key = make_ours(libctx);

		read_pair(key, private_key, public_key);
		ck_assert_mem_ne(private_key, last, KEY);
		ck_assert_uint_eq(private_key[0] & 7, 0);
		ck_assert_uint_eq(private_key[KEY - 1] & 0xc0, 0x40);
		memcpy(last, private_key, KEY);
		EVP_PKEY_free(key);
	}
	close_lib(lib);
}
END_TEST

START_TEST(both_ends_have_one_secret)
{
	struct weir_tls_lib *lib;
	OSSL_LIB_CTX *libctx = open_lib(&lib);
	EVP_PKEY *ours = make_ours(libctx), *theirs = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	uint8_t raw[KEY], secret[2][KEY];
	size_t len = KEY;
	EVP_PKEY *peer[2];

	ck_assert_int_eq(EVP_PKEY_get_raw_public_key(theirs, raw, &len), 1);
	peer[0] = EVP_PKEY_new_raw_public_key_ex(libctx, "X25519", "?" TLS_LIB_PROPERTY, raw, KEY);
	ck_assert_int_eq(EVP_PKEY_get_raw_public_key(ours, raw, &len), 1);
	peer[1] = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, raw, KEY);
	share(EVP_PKEY_CTX_new_from_pkey(libctx, ours, "?" TLS_LIB_PROPERTY), peer[0], secret[0]);
	share(EVP_PKEY_CTX_new(theirs, NULL), peer[1], secret[1]);
	ck_assert_mem_eq(secret[0], secret[1], KEY);
	for (int i = 0; i < 2; i++)
		EVP_PKEY_free(peer[i]);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	close_lib(lib);
}
END_TEST

/* As libssl does with a client's key share: a key without any is given the bytes that came. */
START_TEST(a_key_of_parameters_alone_takes_the_peers_public_key)
{
	struct weir_tls_lib *lib;
	OSSL_LIB_CTX *libctx = open_lib(&lib);
	EVP_PKEY_CTX *c = generator(libctx);
	EVP_PKEY *key = NULL, *theirs = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	uint8_t raw[2][KEY];
	size_t len = KEY;

	ck_assert_int_eq(EVP_PKEY_paramgen_init(c), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_group_name(c, "x25519"), 1);
	ck_assert_int_eq(EVP_PKEY_paramgen(c, &key), 1);
	ck_assert_int_eq(EVP_PKEY_get_raw_public_key(theirs, raw[0], &len), 1);
	ck_assert_int_eq(EVP_PKEY_set1_encoded_public_key(key, raw[0], KEY), 1);
	ck_assert_int_eq(EVP_PKEY_get_raw_public_key(key, raw[1], &len), 1);
	ck_assert_mem_eq(raw[0], raw[1], KEY);
	EVP_PKEY_free(key);
	EVP_PKEY_free(theirs);
	EVP_PKEY_CTX_free(c);
	close_lib(lib);
}
END_TEST

START_TEST(no_other_group_is_made)
{
	struct weir_tls_lib *lib;
	OSSL_LIB_CTX *libctx = open_lib(&lib);
	EVP_PKEY_CTX *c = generator(libctx);

	ck_assert_int_eq(EVP_PKEY_keygen_init(c), 1);
	ck_assert_int_le(EVP_PKEY_CTX_set_group_name(c, "x448"), 0);
	EVP_PKEY_CTX_free(c);
	close_lib(lib);
}
END_TEST

Suite *x25519_suite(void)
{
	return WEIR_SUITE("tls x25519", contexts_make_their_keys_here,
			  a_public_key_is_what_openssl_makes_of_the_private_one,
			  a_private_key_is_new_each_time_and_clamped, both_ends_have_one_secret,
			  a_key_of_parameters_alone_takes_the_peers_public_key,
			  no_other_group_is_made);
}
