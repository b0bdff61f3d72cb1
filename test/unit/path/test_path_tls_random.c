/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections whose TLS weir ends, whatever their ends do, with buffers running out: what must hold
 * of them holds after each step (fixture.c sees to that), and all memory comes back. */
#include "tls_lab.h"

#include <rte_mbuf.h>
#include <rte_mempool.h>

Suite *path_tls_random_suite(void);

#define SEEDS  400
#define STEPS  60
#define STOLEN 2048

static const char *const words[2][8] = {
	{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /attack1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: 3000\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: "
		"9000\r\n\r\n",
		"a=b&c=d&",
		"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: "
		"websocket\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"nonsense\r\n\r\n",
	},
	{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: "
		"websocket\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
		"attack4 ",
		"nonsense\r\n\r\n",
	},
};

struct chance {
	uint64_t state;
	struct rte_mbuf *stolen[STOLEN];
	unsigned int n_stolen;
	size_t sent[2];
};

static uint32_t roll(struct chance *c, uint32_t sides)
{
	c->state = c->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(c->state >> 33) % sides;
}

/* What TCP takes of it; the laboratory's ends keep no more than so much. */
static void say(struct tls_lab *t, struct chance *c, unsigned int end, const void *bytes,
		size_t len)
{
	struct tls_end *e = &t->end[end];

	if (t->l->end[end].rst || c->sent[end] + len > LAB_BYTES / 4)
		return;
	c->sent[end] += len;
	if (e->tls)
		(void)!SSL_write(e->peer.ssl, bytes, (int)len);
	else
		(void)lab_send(t->l, end, bytes, len);
}

static void say_much(struct tls_lab *t, struct chance *c, unsigned int end)
{
	static char bytes[20000];

	memset(bytes, 'a' + (int)roll(c, 26), sizeof(bytes));
	say(t, c, end, bytes, 1 + roll(c, sizeof(bytes)));
}

static void steal(struct tls_lab *t, struct chance *c)
{
	struct rte_mbuf *m;

	while (c->n_stolen < STOLEN && (m = rte_pktmbuf_alloc(t->l->f->pool)))
		c->stolen[c->n_stolen++] = m;
	/* Frames need some to get in. */
	for (uint32_t n = 2 + roll(c, 30); n && c->n_stolen; n--)
		rte_pktmbuf_free(c->stolen[--c->n_stolen]);
}

static void give_back(struct chance *c)
{
	while (c->n_stolen)
		rte_pktmbuf_free(c->stolen[--c->n_stolen]);
}

static void end_tls(struct tls_lab *t, unsigned int end)
{
	if (t->end[end].tls && SSL_is_init_finished(t->end[end].peer.ssl))
		SSL_shutdown(t->end[end].peer.ssl);
}

static void update_keys(struct tls_lab *t, struct chance *c, unsigned int end)
{
	if (t->end[end].tls)
		(void)!SSL_key_update(t->end[end].peer.ssl, (int)roll(c, 2));
}

static void step(struct tls_lab *t, struct chance *c)
{
	unsigned int end = roll(c, 2);

	switch (roll(c, 24)) {
	case 0:
		end_tls(t, end);
		break;
	case 1:
		if (!t->l->end[end].rst && roll(c, 4) == 0)
			lab_fin(t->l, end);
		break;
	case 2:
		update_keys(t, c, end);
		break;
	case 3:
		steal(t, c);
		break;
	case 4:
	case 5:
		give_back(c);
		break;
	case 6:
		lab_wait(t->l, roll(c, 12) * WEIR_NS_PER_S);
		break;
	case 7:
		if (roll(c, 8) == 0)
			(void)lab_send(t->l, end, "garbage", 7);
		break;
	case 11:
		if (!t->l->end[end].rst && roll(c, 8) == 0)
			lab_reset(t->l, end);
		break;
	case 8:
		t->l->end[end].silent = !t->l->end[end].silent && roll(c, 3) == 0;
		break;
	case 9:
	case 10:
		say_much(t, c, end);
		break;
	default: {
		const char *word = words[end][roll(c, 8)];

		say(t, c, end, word, strlen(word));
	}
	}
	tls_lab_pump(t);
}

START_TEST(whatever_the_ends_do_memory_comes_back)
{
	struct chance c = {.state = (uint64_t)_i + 1};
	bool upstream = roll(&c, 2);
	struct tls_lab *t = tls_lab_create(upstream ? upstream_tls("") : "", "");

	t->l->f->may_lose = true;
	tls_lab_speak(t, CLIENT);
	if (upstream)
		tls_lab_speak(t, SERVER);
	if (roll(&c, 4) == 0)
		SSL_CTX_set_max_proto_version(t->end[CLIENT].peer.ctx, TLS1_2_VERSION);
	if (roll(&c, 6) == 0)
		SSL_CTX_set_tlsext_max_fragment_length(t->end[CLIENT].peer.ctx,
						       TLSEXT_max_fragment_length_512);
	t->l->piece = 1 + roll(&c, 536);
	if (roll(&c, 4) == 0)
		steal(t, &c);
	tls_lab_connect(t);
	for (unsigned int i = 0; i < STEPS; i++)
		step(t, &c);
	give_back(&c);
	for (unsigned int i = 0; i < 20; i++)
		lab_wait(t->l, 100 * WEIR_NS_PER_MS);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_tls_random_suite(void)
{
	Suite *s = suite_create("path tls random");
	TCase *t = tcase_create("seeds");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, whatever_the_ends_do_memory_comes_back, 0, SEEDS);
	suite_add_tcase(s, t);
	return s;
}
