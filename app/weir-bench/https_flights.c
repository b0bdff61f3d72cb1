/* SPDX-License-Identifier: BSD-3-Clause */
/* A handshake between a client and a server of TLS, in memory: what each says in turn. */
#include "https.h"

#include <weir_tls.h>
#include <weir_tls_mint.h>

#include <stdio.h>
#include <time.h>

#define NAME "site.example"

struct talk {
	struct weir_tls_client *client;
	struct weir_tls_server *server;
	struct weir_tls_minter *minter;
	const struct weir_tls_identity *leaf;
	struct weir_tls_conn *conn[2];
	bool done[2];
};

static int add(void *ctx, struct weir_bytes bytes)
{
	struct weir_buf *flight = ctx;

	weir_buf_add(flight, bytes.ptr, bytes.len);
	return flight->failed ? -WEIR_ENOMEM : 0;
}

/* The next flight, in answer to the one before. */
static bool say(struct talk *t, struct https_flights *f)
{
	unsigned int who = f->n % 2;
	const struct weir_tls_writer out = {add, &f->flight[f->n]};
	struct weir_bytes in = {0};
	size_t used;
	int rc;

	if (f->n)
		in = weir_bytes_of(f->flight[f->n - 1].ptr, f->flight[f->n - 1].len);
	rc = weir_tls_handshake(t->conn[who], &in, f->n > 0, &used, &out);
	t->done[who] = rc == WEIR_TLS_DONE;
	f->n++;
	return rc >= 0;
}

static bool talk(struct talk *t, struct https_flights *f)
{
	const struct weir_tls_connect_opts asks = {.name = NAME};
	const struct weir_tls_accept_opts takes = {.identity = t->leaf};

	t->conn[0] = weir_tls_connect(t->client, &asks);
	t->conn[1] = weir_tls_accept(t->server, &takes);
	if (!t->conn[0] || !t->conn[1])
		return false;
	while (f->n < HTTPS_FLIGHTS && !(t->done[0] && t->done[1]))
		if (!say(t, f))
			return false;
	return t->done[0] && t->done[1];
}

/* With a leaf by the CA: TLS 1.2 does not take a CA's certificate for one. */
static bool make_leaf(struct talk *t, const struct weir_tls_cert_files *files, struct weir_buf *why)
{
	const struct weir_tls_mint what = {.name = NAME, .now = (int64_t)time(NULL)};
	struct weir_tls_ca *ca = weir_tls_ca_load(files, why);

	t->minter = ca ? weir_tls_minter_create(ca, 1, why) : NULL;
	weir_tls_ca_destroy(ca);
	return t->minter && weir_tls_mint(t->minter, &what, &t->leaf) == 0;
}

static bool make_ends(struct talk *t, uint16_t version, struct weir_buf *why)
{
	const struct weir_tls_versions only = {version, version};
	const struct weir_tls_client_cfg client = {.verify = WEIR_TLS_VERIFY_NONE,
						   .versions = only};
	const struct weir_tls_server_cfg server = {.id = "bench", .versions = only};

	t->client = weir_tls_client_create(&client, why);
	t->server = weir_tls_server_create(&server, why);
	return t->client && t->server;
}

static void fini(struct talk *t)
{
	weir_tls_conn_destroy(t->conn[0]);
	weir_tls_conn_destroy(t->conn[1]);
	weir_tls_server_destroy(t->server);
	weir_tls_client_destroy(t->client);
	if (t->leaf)
		weir_tls_mint_put(t->minter, t->leaf);
	weir_tls_minter_destroy(t->minter);
}

bool https_flights_make(struct https_flights *f, const struct weir_tls_cert_files *ca,
			uint16_t version)
{
	struct weir_buf why = {0};
	struct talk t = {0};
	bool good;

	*f = (struct https_flights){0};
	good = make_leaf(&t, ca, &why) && make_ends(&t, version, &why) && talk(&t, f);
	if (!good)
		fprintf(stderr, "weir-bench https: no handshake in memory%s%s\n",
			why.len ? ": " : "", why.len ? why.ptr : "");
	fini(&t);
	weir_buf_fini(&why);
	return good;
}

void https_flights_fini(struct https_flights *f)
{
	for (unsigned int i = 0; i < HTTPS_FLIGHTS; i++)
		weir_buf_fini(&f->flight[i]);
}
