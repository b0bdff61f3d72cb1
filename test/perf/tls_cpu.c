/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPU time of a handshake on the server's side, in memory: lib/tls, which frees libssl's object
 * afterwards, against plain libssl in turns within one run. Certificates are ECDSA P-256, the group
 * is X25519, the client is OpenSSL.
 *
 *   tls_cpu [ROUNDS [HANDSHAKES]]     medians of ROUNDS (9) rounds of so many handshakes (200)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <weir_tls.h>

/* ---- the certificate ---- */

static X509 *cert;
static EVP_PKEY *key;

static void make_cert(void)
{
	X509_NAME *name;

	key = EVP_EC_gen("P-256");
	cert = X509_new();
	name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a.example", -1,
				   -1, 0);
	X509_set_issuer_name(cert, name);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 1000000);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
}

static struct weir_tls_server *make_server(struct weir_tls_lib *lib)
{
	char path[] = "/tmp/weir-tls-cpu-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct weir_tls_cert *c;
	struct weir_tls_server_cfg cfg = {
		.n_certs = 1, .tickets = weir_tls_tickets_create(), .lib = lib};
	struct weir_tls_server *s = NULL;
	struct weir_buf why = {0};

	PEM_write_X509(f, cert);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	c = weir_tls_cert_load(&(struct weir_tls_cert_files){.chain = path}, &why);
	unlink(path);
	cfg.certs = (const struct weir_tls_cert *const *)&c;
	if (c)
		s = weir_tls_server_create(&cfg, &why);
	if (!s) {
		fprintf(stderr, "tls_cpu: %s\n", why.ptr);
		exit(1);
	}
	return s;
}

/* ---- the client ---- */

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *rx, *tx;
	SSL_SESSION *session;
	uint8_t wire[16384];
	size_t have;
};

static int keep(SSL *ssl, SSL_SESSION *session)
{
	struct client *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

static void client_init(struct client *c)
{
	*c = (struct client){.ctx = SSL_CTX_new(TLS_client_method())};
	SSL_CTX_set_ciphersuites(c->ctx, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set1_groups_list(c->ctx, "X25519");
	SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ctx, keep);
}

static void client_start(struct client *c, bool resume)
{
	c->ssl = SSL_new(c->ctx);
	c->rx = BIO_new(BIO_s_mem());
	c->tx = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(c->rx, -1);
	SSL_set_bio(c->ssl, c->rx, c->tx);
	SSL_set_app_data(c->ssl, c);
	SSL_set_connect_state(c->ssl);
	SSL_set_tlsext_host_name(c->ssl, "a.example");
	if (resume && c->session)
		SSL_set_session(c->ssl, c->session);
}

static void client_step(struct client *c)
{
	uint8_t none;
	int n;

	if (SSL_do_handshake(c->ssl) == 1)
		(void)!SSL_read(c->ssl, &none, 1);
	n = BIO_read(c->tx, c->wire, sizeof(c->wire));
	c->have = n > 0 ? (size_t)n : 0;
}

static void client_stop(struct client *c, bool resume)
{
	if (!SSL_is_init_finished(c->ssl) || SSL_session_reused(c->ssl) != resume) {
		fprintf(stderr, "tls_cpu: the handshake was another\n");
		exit(1);
	}
	SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
}

/* ---- servers ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int to_client(void *ctx, struct weir_bytes b)
{
	struct client *c = ctx;

	return BIO_write(c->rx, b.ptr, (int)b.len) == (int)b.len ? 0 : -1;
}

/* Nanoseconds of the server's part, from accepting to having the keys. */
static uint64_t weir_once(struct weir_tls_server *s, struct client *client, bool resume)
{
	const struct weir_tls_writer out = {to_client, client};
	struct weir_tls_conn *c = NULL;
	struct weir_tls_records r;
	uint64_t sum = 0;
	int rc = WEIR_TLS_WANT;

	client_start(client, resume);
	for (client_step(client); rc == WEIR_TLS_WANT; client_step(client)) {
		struct weir_bytes in = weir_bytes_of(client->wire, client->have);
		uint64_t begin = now_ns();
		size_t used;

		if (!c)
			c = weir_tls_accept(s, &(struct weir_tls_accept_opts){0});
		rc = weir_tls_handshake(c, &in, 1, &used, &out);
		if (rc == WEIR_TLS_DONE && weir_tls_take_records(c, &r))
			weir_tls_conn_destroy(c);
		sum += now_ns() - begin;
	}
	client_stop(client, resume);
	weir_tls_records_wipe(NULL, &r);
	return sum;
}

static uint64_t plain_once(SSL_CTX *ctx, struct client *client, bool resume)
{
	SSL *ssl = NULL;
	BIO *rx = NULL, *tx = NULL;
	uint64_t sum = 0;
	int rc = 0;

	client_start(client, resume);
	for (client_step(client); rc != 1; client_step(client)) {
		uint64_t begin = now_ns();
		uint8_t wire[16384];
		int n;

		if (!ssl) {
			ssl = SSL_new(ctx);
			rx = BIO_new(BIO_s_mem());
			tx = BIO_new(BIO_s_mem());
			BIO_set_mem_eof_return(rx, -1);
			SSL_set_bio(ssl, rx, tx);
			SSL_set_accept_state(ssl);
		}
		BIO_write(rx, client->wire, (int)client->have);
		rc = SSL_do_handshake(ssl);
		n = BIO_read(tx, wire, sizeof(wire));
		sum += now_ns() - begin;
		BIO_write(client->rx, wire, n);
	}
	client_stop(client, resume);
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	rc = 0;
	{
		uint64_t begin = now_ns();

		SSL_free(ssl);
		sum += now_ns() - begin;
	}
	return sum;
}

/* As a program has it that sets nothing but the certificate. */
static SSL_CTX *make_plain(bool tuned)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"a", 1);
	if (tuned) {
		SSL_CTX_set_num_tickets(ctx, 1);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	}
	return ctx;
}

/* ---- the run ---- */

enum { WEIR, NO_LIB, PLAIN, TUNED, N_SERVERS };
static const char *const server_names[N_SERVERS] = {"lib/tls", "lib/tls, no lib", "libssl",
						    "libssl, 1 ticket"};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 9;
	unsigned int each = argc > 2 ? (unsigned int)atoi(argv[2]) : 200;
	double *us[2][N_SERVERS];
	struct client client[N_SERVERS];
	struct weir_tls_server *s[2];
	SSL_CTX *plain[N_SERVERS];

	make_cert();
	s[WEIR] = make_server(weir_tls_lib_create());
	s[NO_LIB] = make_server(NULL);
	plain[PLAIN] = make_plain(false);
	plain[TUNED] = make_plain(true);
	for (unsigned int k = 0; k < N_SERVERS; k++) {
		client_init(&client[k]);
		us[0][k] = calloc(rounds, sizeof(double));
		us[1][k] = calloc(rounds, sizeof(double));
	}
	for (unsigned int i = 0; i < 2 * N_SERVERS * rounds; i++) {
		unsigned int k = i % N_SERVERS, resumed = i / N_SERVERS % 2;
		uint64_t sum = 0;

		for (unsigned int n = 0; n < each; n++)
			sum += k <= NO_LIB ? weir_once(s[k], &client[k], resumed)
					   : plain_once(plain[k], &client[k], resumed);
		us[resumed][k][i / (2 * N_SERVERS)] = (double)sum / each / 1000;
	}
	for (unsigned int i = 0; i < 2 * N_SERVERS; i++) {
		double *of = us[i / N_SERVERS][i % N_SERVERS];

		qsort(of, rounds, sizeof(*of), by_value);
		printf("%-8s %-18s %6.1f us median, %6.1f least\n",
		       i / N_SERVERS ? "resumed" : "full", server_names[i % N_SERVERS],
		       of[rounds / 2], of[0]);
	}
	return 0;
}
