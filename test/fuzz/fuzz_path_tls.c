/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections through the path whose TLS it ends, with real handshakes: clients, and the
 * servers of some Services, speak TLS by lib/tls; some Services ask who the client is. Records of
 * {what, number, number, number} say, seal, change, cut, drop, repeat; ends, resets, closed
 * windows, time; buffers may run out. What arrives is what was said, from the first byte on and
 * none behind a change, and nothing at all of a client that policy does not know; what must hold of
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

/* Services: on to the servers in the clear, with 1 by TLS, with 2 for known clients alone. */
#define PORT  80
#define PUMPS 8

/* What a client shows to be. A Service that asks lets WEB in; ANYONE shows nothing. */
enum who { WEB, STRANGER, ANYONE, N_WHO };

static const char conf_text[] = "memory: {connections: 64}\n"
				"ports:\n"
				"  - {name: left, device: 'vdev:net_null0'}\n"
				"  - {name: right, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [left, right]}]\n";
static const char policy_text[] =
	"kind: Defaults\nmetadata: {name: defaults}\n"
	"spec: {unmatched: allow, midstream: drop}\n---\n"
	"kind: AccessPolicy\nmetadata: {name: known}\n"
	"spec:\n  rules:\n"
	"    - {name: web, to: 10.0.1.0/24, ports: 82-83, action: allow, identities: ['cn:web']}\n"
	"    - {name: rest, to: 10.0.1.0/24, protocol: tcp, ports: 82-83, action: deny}\n"
	"    - {name: unasked, to: 10.0.1.0/24, protocol: tcp, ports: 80-81, action: allow}\n";
static const char service_text[] =
	"---\nkind: Service\nmetadata: {name: s%u}\n"
	"spec:\n  addresses: 10.0.1.0/24\n  ports: %u\n  protocol: tcp\n"
	"  tls:\n    mode: terminate\n    certificates: [{certificate: '%s', key: '%s'}]\n";
static const char upstream_text[] = "    upstream: {mode: tls, verify: none, name: a.example}\n";
static const char client_text[] = "    client: {verify: optional, ca: '%s'}\n";

/* ---- the bed, made once ---- */

static struct weir_tls_tickets *tickets;
static struct weir_tls_crypto *crypto;
static struct weir_tls_client *clients[N_WHO][2]; /* of TLS 1.3, 1.2 */
static struct weir_tls_server *server;
static struct tls_peer peers[BED_TALKS][2];
static char folder[] = "/tmp/weir-fuzz-tls-XXXXXX";
static char chain[64], key[64], shown[ANYONE][64], roots[64];
static enum who who[BED_TALKS];

static struct weir_policy *make_policy(struct weir_conf_report *r)
{
	struct weir_buf text = {0};
	struct weir_policy *policy;

	weir_buf_str(&text, policy_text);
	for (unsigned int i = 0; i < 4; i++) {
		weir_buf_printf(&text, service_text, i, PORT + i, chain, key);
		if (i & 1)
			weir_buf_str(&text, upstream_text);
		if (i & 2)
			weir_buf_printf(&text, client_text, roots);
	}
	policy = bed_policy(text.ptr, r);
	weir_buf_fini(&text);
	return policy;
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

static X509 *make_certificate(EVP_PKEY *pkey, const char *common_name)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	weir_assert(x != NULL);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1,
				   -1, 0);
	X509_set_issuer_name(x, name);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000000);
	X509_set_pubkey(x, pkey);
	weir_assert(X509_sign(x, pkey, EVP_sha256()) > 0);
	return x;
}

static void add_certificate(const char *file, X509 *x)
{
	FILE *f = fopen(file, "a");

	weir_assert(f && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
}

/* All by one key; those of clients are roots, too. */
static void make_certificates(void)
{
	static const char *const names[ANYONE] = {"web", "stranger"};
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x = make_certificate(pkey, "a.example");
	FILE *f;

	weir_assert(pkey && mkdtemp(folder) != NULL);
	snprintf(chain, sizeof(chain), "%s/chain.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
	snprintf(roots, sizeof(roots), "%s/roots.pem", folder);
	add_certificate(chain, x);
	X509_free(x);
	for (unsigned int i = 0; i < ANYONE; i++) {
		snprintf(shown[i], sizeof(shown[i]), "%s/%s.pem", folder, names[i]);
		x = make_certificate(pkey, names[i]);
		add_certificate(shown[i], x);
		add_certificate(roots, x);
		X509_free(x);
	}
	umask(077);
	f = fopen(key, "w");
	weir_assert(f && PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	EVP_PKEY_free(pkey);
}

static struct weir_tls_cert *load(const char *file)
{
	const struct weir_tls_cert_files files = {.chain = file, .key = key};
	struct weir_buf why = {0};
	struct weir_tls_cert *cert = weir_tls_cert_load(&files, &why);

	weir_assert(cert != NULL);
	weir_buf_fini(&why);
	return cert;
}

static void make_clients(enum who as)
{
	static const uint16_t newest[2] = {WEIR_TLS_1_3, WEIR_TLS_1_2};
	struct weir_tls_cert *cert = as == ANYONE ? NULL : load(shown[as]);
	struct weir_buf why = {0};

	for (unsigned int i = 0; i < 2; i++) {
		const struct weir_tls_client_cfg c = {.verify = WEIR_TLS_VERIFY_NONE,
						      .cert = cert,
						      .versions = {.max = newest[i]}};

		clients[as][i] = weir_tls_client_create(&c, &why);
		weir_assert(clients[as][i] != NULL);
	}
	weir_buf_fini(&why);
	weir_tls_cert_destroy(cert);
}

static void make_peers(void)
{
	struct weir_tls_cert *cert = load(chain);
	const struct weir_tls_cert *const certs[] = {cert};
	const struct weir_tls_server_cfg s = {.certs = certs, .n_certs = 1};
	struct weir_buf why = {0};

	server = weir_tls_server_create(&s, &why);
	for (unsigned int as = 0; as < N_WHO; as++)
		make_clients((enum who)as);
	crypto = weir_tls_crypto_create(true);
	weir_assert(server && crypto);
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
	for (unsigned int as = 0; as < N_WHO; as++)
		for (unsigned int i = 0; i < 2; i++)
			weir_tls_client_destroy(clients[as][i]);
	weir_tls_crypto_destroy(crypto);
}

static void remove_files(void)
{
	remove(chain);
	remove(key);
	remove(roots);
	for (unsigned int i = 0; i < ANYONE; i++)
		remove(shown[i]);
	remove(folder);
}

static void start(void)
{
	make_certificates();
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

/* Bits of `how`: servers speak TLS; TLS 1.2 with the client; two for whom a Service that asks is
 * shown, where 0 is one that does not ask. */
static void reopen(unsigned int t, unsigned int how)
{
	const struct weir_tls_connect_opts to = {.name = "a.example"};
	const struct weir_tls_accept_opts by = {0};
	unsigned int asked = how >> 2 & 3;

	for (unsigned int end = 0; end < 2; end++)
		peer_end(&peers[t][end]);
	who[t] = asked ? (enum who)(asked - 1) : WEB;
	bed.talks[t].server_port = (uint16_t)(PORT + (how & 1) + (asked ? 2 : 0));
	bed_reopen(&bed.talks[t]);
	peer_begin(&peers[t][CLIENT], weir_tls_connect(clients[who[t]][how >> 1 & 1], &to));
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

static unsigned int number_of(const struct talk *t)
{
	return (unsigned int)(t - bed.talks);
}

static size_t raw(const struct bed_record *r, const uint8_t *in, size_t left)
{
	size_t n = r->n[0] < left ? r->n[0] : left;

	peer_raw(&peers[number_of(r->talk)][r->side], weir_bytes_of(in, n));
	return n;
}

static void act(const struct bed_record *r)
{
	unsigned int t = number_of(r->talk);
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
	case BED_REOPEN:
		reopen(t, r->n[0]);
		break;
	case 15:
		weir_assert(weir_tls_tickets_rotate(tickets) == 0);
		break;
	default:
		bed_act(r);
	}
}

/* ---- what must come of it ---- */

static void look(const struct talk *talk)
{
	unsigned int t = number_of(talk);
	const struct tls_peer *client = &peers[t][CLIENT], *behind = &peers[t][SERVER];

	peer_check(client, behind);
	peer_check(behind, client);
	weir_assert(who[t] == WEB || behind->n_got == 0);
}

static const struct bed_target target = {raw, act, look};

/* A byte for how the two connections are (reopen()): the two lower bits of each, then the two
 * higher ones of each; records. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how = size ? data[0] : 0;

	if (!bed.path)
		start();
	bed_begin();
	for (unsigned int t = 0; t < BED_TALKS; t++)
		reopen(t, (how >> 2 * t & 3) | (how >> (4 + 2 * t) & 3) << 2);
	bed_play(&target, data + (size > 0), size - (size > 0));
	return 0;
}
