/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * After a first byte of 'N' a name that a client asks for, else a server's certificate. A leaf that
 * is minted for a name must be taken for that name by a client of libssl's that verifies it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <weir_tls.h>
#include <weir_tls_info.h>
#include <weir_tls_mint.h>
#include <weir_tls_name.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct bed {
	struct weir_tls_minter *minter;
	struct weir_tls_leaf_reader *reader;
	struct weir_tls_server *server;
	SSL_CTX *client;
} bed;

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* The CA's files are gone again before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char folder[] = "/tmp/fuzz-mint-XXXXXX", cert[64], key[64];
	struct weir_tls_cert_files files = {.chain = cert, .key = key};
	struct weir_tls_server_cfg cfg = {.id = "fuzz"};
	struct weir_tls_ca_new new_ca = {folder, "fuzz", time(NULL)};
	struct weir_buf why = {0};
	struct weir_tls_ca *ca;

	must(mkdtemp(folder) && weir_tls_ca_init(&new_ca, &why) == 0);
	snprintf(cert, sizeof(cert), "%s/" WEIR_TLS_CA_CERT, folder);
	snprintf(key, sizeof(key), "%s/" WEIR_TLS_CA_KEY, folder);
	ca = weir_tls_ca_load(&files, &why);
	bed.client = SSL_CTX_new(TLS_client_method());
	bed.reader = weir_tls_leaf_reader_create();
	must(bed.reader);
	must(ca && SSL_CTX_load_verify_file(bed.client, cert) == 1);
	SSL_CTX_set_verify(bed.client, SSL_VERIFY_PEER, NULL);
	unlink(cert);
	unlink(key);
	rmdir(folder);
	bed.minter = weir_tls_minter_create(ca, 8, &why);
	bed.server = weir_tls_server_create(&cfg, &why);
	must(bed.minter && bed.server);
	weir_tls_ca_destroy(ca);
	weir_buf_fini(&why);
	return 0;
}

static int collect(void *context, struct weir_bytes bytes)
{
	return BIO_write(context, bytes.ptr, (int)bytes.len) < 0 ? -1 : 0;
}

static int step(SSL *client, struct weir_tls_conn *server)
{
	struct weir_tls_writer writer = {collect, SSL_get_rbio(client)};
	struct weir_bytes view;
	char *at = NULL;
	size_t used;
	int rc;

	SSL_do_handshake(client);
	view.len = (size_t)BIO_get_mem_data(SSL_get_wbio(client), &at);
	view.ptr = (const uint8_t *)at;
	rc = weir_tls_handshake(server, &view, 1, &used, &writer);
	(void)BIO_reset(SSL_get_wbio(client));
	return rc;
}

static void check_leaf(const struct weir_tls_identity *leaf, const char *name)
{
	struct weir_tls_accept_opts opts = {.identity = leaf};
	struct weir_tls_conn *server = weir_tls_accept(bed.server, &opts);
	SSL *client = SSL_new(bed.client);
	struct weir_addr a;
	int rc = WEIR_TLS_WANT;

	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(client);
	if (weir_addr_parse(name, &a) == 0)
		must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client), name) == 1);
	else
		must(SSL_set1_host(client, name) == 1);
	for (unsigned int i = 0; i < 10 && rc == WEIR_TLS_WANT; i++)
		rc = step(client, server);
	must(rc == WEIR_TLS_DONE && SSL_get_verify_result(client) == X509_V_OK);
	weir_tls_conn_destroy(server);
	SSL_free(client);
}

static void mint_name(const uint8_t *data, size_t size)
{
	char text[WEIR_TLS_NAME_MAX + 1], *raw = strndup((const char *)data, size);
	enum weir_tls_sni sni = weir_tls_name_read(weir_bytes_of(data, size), text);
	struct weir_tls_mint what = {.name = raw, .now = time(NULL)};
	const struct weir_tls_identity *leaf;

	/* As it came: this must be safe, too. */
	if (weir_tls_mint(bed.minter, &what, &leaf) == 0)
		weir_tls_mint_put(bed.minter, leaf);
	what.name = text;
	if (weir_tls_mint(bed.minter, &what, &leaf) == 0) {
		must(sni == WEIR_TLS_SNI_NAME || sni == WEIR_TLS_SNI_ADDRESS);
		check_leaf(leaf, text);
		weir_tls_mint_put(bed.minter, leaf);
	} else {
		must(sni != WEIR_TLS_SNI_NAME);
	}
	free(raw);
}

static void mint_like(const uint8_t *data, size_t size)
{
	struct weir_tls_mint what = {.der = weir_bytes_of(data, size), .now = time(NULL)};
	const struct weir_tls_identity *leaf;
	struct weir_tls_info info;
	struct weir_arena a;
	int read;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	read = weir_tls_leaf_info(bed.reader, what.der, &a, &info);
	if (weir_tls_mint(bed.minter, &what, &leaf) == 0) {
		must(read == 0);
		weir_tls_mint_put(bed.minter, leaf);
	}
	weir_arena_reset(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] == 'N')
		mint_name(data + 1, size - 1);
	else
		mint_like(data + 1, size - 1);
	must(ERR_peek_error() == 0);
	return 0;
}
