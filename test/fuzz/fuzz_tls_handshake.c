/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes into a handshake: of a client to a server, or after a first byte of 'C' of a server to a
 * client. The outcome must be the same in one piece and byte by byte, an error must have an alert
 * or be the peer's, and a handshake that nobody's keys took part in is never done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <weir_tls.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct weir_tls_server *server;
static struct weir_tls_client *client;

/* ---- a certificate ---- */

static X509 *make_cert(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a.example", -1,
				   -1, 0);
	X509_set_issuer_name(x, name);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000000);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	return x;
}

static struct weir_tls_cert *load_cert(struct weir_buf *why)
{
	char path[] = "/tmp/weir-fuzz-XXXXXX";
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = make_cert(key);
	FILE *f = fdopen(mkstemp(path), "w");
	struct weir_tls_cert *cert;

	if (!f)
		abort();
	PEM_write_X509(f, x);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	cert = weir_tls_cert_load(&(struct weir_tls_cert_files){.chain = path}, why);
	unlink(path);
	X509_free(x);
	EVP_PKEY_free(key);
	return cert;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const alpn[] = {"h2", "http/1.1"};
	struct weir_buf why = {0};
	struct weir_tls_cert *cert = load_cert(&why);
	const struct weir_tls_cert *const certs[] = {cert};
	struct weir_tls_lib *lib = weir_tls_lib_create();
	struct weir_tls_server_cfg s = {.lib = lib,
					.certs = certs,
					.n_certs = 1,
					.alpn = {alpn, 2},
					.tickets = weir_tls_tickets_create()};
	struct weir_tls_client_cfg c = {
		.lib = lib, .verify = WEIR_TLS_VERIFY_NONE, .alpn = {alpn, 2}, .sessions = 4};

	(void)argc;
	(void)argv;
	server = cert ? weir_tls_server_create(&s, &why) : NULL;
	client = weir_tls_client_create(&c, &why);
	if (!server || !client) {
		fprintf(stderr, "%s\n", why.ptr);
		abort();
	}
	weir_tls_cert_destroy(cert);
	return 0;
}

/* ---- a handshake ---- */

static int discard(void *ctx, struct weir_bytes bytes)
{
	size_t *sum = ctx;

	*sum += bytes.len;
	return 0;
}

static int feed(bool to_client, struct weir_bytes bytes, size_t step)
{
	struct weir_tls_conn *c =
		to_client
			? weir_tls_connect(client, &(struct weir_tls_connect_opts){"a.example", 3})
			: weir_tls_accept(server, &(struct weir_tls_accept_opts){.alpn = 3});
	size_t sum = 0, used;
	const struct weir_tls_writer out = {discard, &sum};
	struct weir_tls_failure f;
	int rc;

	if (!c)
		abort();
	rc = weir_tls_handshake(c, NULL, 0, &used, &out);
	for (size_t at = 0; at < bytes.len && rc == WEIR_TLS_WANT; at += step) {
		size_t n = bytes.len - at < step ? bytes.len - at : step;
		struct weir_bytes in = weir_bytes_of(bytes.ptr + at, n);

		rc = weir_tls_handshake(c, &in, 1, &used, &out);
		if (used > n || (rc == WEIR_TLS_WANT && used < n))
			abort();
	}
	f = weir_tls_conn_failure(c);
	if (rc > 0)
		abort();
	if (rc < 0 && rc != -WEIR_TLS_E_PEER_ALERT && f.alert_sent == WEIR_TLS_NO_ALERT)
		abort();
	weir_tls_conn_destroy(c);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool to_client = size && data[0] == 'C';
	struct weir_bytes bytes = weir_bytes_of(data + to_client, size - to_client);

	if (feed(to_client, bytes, bytes.len ? bytes.len : 1) != feed(to_client, bytes, 1))
		abort();
	return 0;
}
