/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections through the path whose TLS it ends, with real handshakes: clients, and the
 * servers of one of two Services, speak TLS by lib/tls. Records of {what, number, number, number}
 * say, seal, change, cut, drop, repeat; ends, resets, closed windows, time; buffers may run out.
 * What arrives is what was said, from the first byte on and none behind a change; what must hold of
 * the connections holds after each; all memory is back at the end.
 */
#include "path_bed.h"
#include "path_tls_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLAIN 80 /* Services: on to the servers in the clear, */
#define TLS   81 /* and by TLS */
#define PUMPS 8

static const char conf_text[] = "memory: {connections: 64}\n"
				"ports:\n"
				"  - {name: left, device: 'vdev:net_null0'}\n"
				"  - {name: right, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [left, right]}]\n";
static const char policy_text[] =
	"kind: Defaults\nmetadata: {name: defaults}\n"
	"spec: {unmatched: allow, midstream: drop}\n---\n"
	"kind: Service\nmetadata: {name: plain}\n"
	"spec:\n  addresses: 10.0.1.0/24\n  ports: 80\n  protocol: tcp\n"
	"  tls: {mode: terminate, certificates: [{certificate: '%s', key: '%s'}]}\n---\n"
	"kind: Service\nmetadata: {name: tls}\n"
	"spec:\n  addresses: 10.0.1.0/24\n  ports: 81\n  protocol: tcp\n"
	"  tls: {mode: terminate, certificates: [{certificate: '%s', key: '%s'}],\n"
	"        upstream: {mode: tls, verify: none, name: a.example}}\n";

/* ---- the bed, made once ---- */

static struct weir_tls_tickets *tickets;
static struct weir_tls_crypto *crypto;
static struct weir_tls_client *clients[2]; /* of TLS 1.3, 1.2 */
static struct weir_tls_server *server;
static struct tls_peer peers[BED_TALKS][2];
static char folder[] = "/tmp/weir-fuzz-tls-XXXXXX";
static char chain[64], key[64];

static struct weir_policy *make_policy(struct weir_conf_report *r)
{
	char text[2048];

	snprintf(text, sizeof(text), policy_text, chain, key, chain, key);
	return bed_policy(text, r);
}

static struct weir_generation *make_generation(void)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_generation *g = weir_generation_create(1, make_policy(r), "fuzz");
	struct weir_tls_loading loading = {.n_workers = 1, .names = bed.names, .report = r};

	weir_assert(g != NULL);
	loading.policy = g->policy;
	loading.tickets = tickets = weir_tls_tickets_create();
	weir_assert(weir_path_load_tls(&loading, &g->tls) == 0);
	weir_conf_report_destroy(r);
	return g;
}

static void write_certificate(EVP_PKEY *pkey, const char *file)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	FILE *f = fopen(file, "w");

	weir_assert(x && f);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a.example", -1,
				   -1, 0);
	X509_set_issuer_name(x, name);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000000);
	X509_set_pubkey(x, pkey);
	weir_assert(X509_sign(x, pkey, EVP_sha256()) > 0);
	weir_assert(PEM_write_X509(f, x) == 1 && fclose(f) == 0);
	X509_free(x);
}

static void make_certificate(void)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	FILE *f;

	weir_assert(pkey && mkdtemp(folder) != NULL);
	snprintf(chain, sizeof(chain), "%s/chain.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
	write_certificate(pkey, chain);
	umask(077);
	f = fopen(key, "w");
	weir_assert(f && PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	EVP_PKEY_free(pkey);
}

static void make_peers(void)
{
	static const uint16_t newest[2] = {WEIR_TLS_1_3, WEIR_TLS_1_2};
	const struct weir_tls_cert_files files = {.chain = chain, .key = key};
	struct weir_buf why = {0};
	struct weir_tls_cert *cert = weir_tls_cert_load(&files, &why);
	const struct weir_tls_cert *const certs[] = {cert};
	const struct weir_tls_server_cfg s = {.certs = certs, .n_certs = 1};

	weir_assert(cert != NULL);
	server = weir_tls_server_create(&s, &why);
	for (unsigned int i = 0; i < 2; i++) {
		const struct weir_tls_client_cfg c = {.verify = WEIR_TLS_VERIFY_NONE,
						      .versions = {.max = newest[i]}};

		clients[i] = weir_tls_client_create(&c, &why);
	}
	crypto = weir_tls_crypto_create(true);
	weir_assert(server && clients[0] && clients[1] && crypto);
	weir_buf_fini(&why);
	weir_tls_cert_destroy(cert);
}

static void stop(void)
{
	for (unsigned int t = 0; t < BED_TALKS; t++)
		for (unsigned int end = 0; end < 2; end++)
			peer_end(&peers[t][end]);
	weir_tls_tickets_destroy(tickets);
	weir_tls_server_destroy(server);
	weir_tls_client_destroy(clients[0]);
	weir_tls_client_destroy(clients[1]);
	weir_tls_crypto_destroy(crypto);
}

static void remove_files(void)
{
	remove(chain);
	remove(key);
	remove(folder);
}

static void start(void)
{
	make_certificate();
	make_peers();
	atexit(stop);
	bed_start(&(struct bed_cfg){.conf = conf_text, .generation = make_generation});
	remove_files();
	for (unsigned int t = 0; t < BED_TALKS; t++)
		for (unsigned int end = 0; end < 2; end++) {
			peers[t][end].talk = &bed.talks[t];
			peers[t][end].end = end;
			peers[t][end].crypto = crypto;
		}
}

/* ---- what records do ---- */

/* Bits of `how`: servers speak TLS; TLS 1.2 with the client. */
static void reopen(unsigned int t, unsigned int how)
{
	const struct weir_tls_connect_opts to = {.name = "a.example"};
	const struct weir_tls_accept_opts by = {0};

	for (unsigned int end = 0; end < 2; end++)
		peer_end(&peers[t][end]);
	bed.talks[t].server_port = how & 1 ? TLS : PLAIN;
	bed_reopen(&bed.talks[t]);
	peer_begin(&peers[t][CLIENT], weir_tls_connect(clients[how >> 1 & 1], &to));
	peer_begin(&peers[t][SERVER], how & 1 ? weir_tls_accept(server, &by) : NULL);
}

/* Both take what came and send what they have, for some rounds. */
static void pump(unsigned int t, size_t piece, unsigned int rounds)
{
	for (unsigned int i = 0; i < (rounds ? rounds : PUMPS); i++)
		for (unsigned int end = 0; end < 2; end++) {
			peer_work(&peers[t][end]);
			talk_send_all(&bed.talks[t], end, piece);
			talk_settle(&bed.talks[t]);
		}
}

static void act_as(const struct bed_record *r, enum bed_what what)
{
	struct bed_record as = *r;

	as.what = what;
	bed_act(&as);
}

static void act(const struct bed_record *r, unsigned int t)
{
	struct tls_peer *p = &peers[t][r->side];

	switch (r->what) {
	case 1:
		pump(t, 1 + r->n[0] * 6u, r->n[1] % PUMPS);
		break;
	case 2:
		peer_say(p, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 3:
		peer_change_next(p, (enum peer_change)(r->n[0] % PEER_CHANGES),
				 (size_t)(r->n[1] << 8 | r->n[2]));
		break;
	case 8:
		peer_record(p, r->n[0], weir_bytes_of(r->n + 1, r->n[1] % 3));
		break;
	case 9:
		peer_update_key(p, r->n[0] & 1);
		break;
	case 10:
		peer_alert(p, r->n[0]);
		break;
	case 12:
		act_as(r, BED_SEND);
		break;
	case 13:
		act_as(r, BED_SEND_AGAIN);
		break;
	case 15:
		weir_assert(weir_tls_tickets_rotate(tickets) == 0);
		break;
	default:
		bed_act(r);
	}
}

/* ---- what must come of it ---- */

static void look(unsigned int t)
{
	peer_check(&peers[t][CLIENT], &peers[t][SERVER]);
	peer_check(&peers[t][SERVER], &peers[t][CLIENT]);
}

static void run_record(const struct bed_record *r, unsigned int t)
{
	if (r->what == 14) {
		look(t);
		reopen(t, r->n[0]);
	} else {
		act(r, t);
	}
	bed_check();
}

/* A byte for how the two connections are, then {what, with 0x10 the server's side, with 0x20 the
 * second connection; three numbers}. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!bed.path)
		start();
	bed_begin();
	for (unsigned int t = 0; t < BED_TALKS; t++)
		reopen(t, size ? data[0] >> 2 * t : 0);
	data += size > 0;
	size -= size > 0;
	while (size >= BED_RECORD) {
		unsigned int t = data[0] >> 5 & 1;
		struct bed_record r = {
			.what = data[0] & 15,
			.side = data[0] >> 4 & 1,
			.talk = &bed.talks[t],
			.n = data + 1,
		};
		size_t used = BED_RECORD;

		if (r.what == 0) {
			size_t n = r.n[0] < size - BED_RECORD ? r.n[0] : size - BED_RECORD;

			peer_raw(&peers[t][r.side], weir_bytes_of(data + BED_RECORD, n));
			used += n;
		}
		run_record(&r, t);
		data += used;
		size -= used;
	}
	for (unsigned int t = 0; t < BED_TALKS; t++)
		look(t);
	bed_end();
	return 0;
}
