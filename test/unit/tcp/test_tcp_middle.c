/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A middle between two hosts over bad lines: each host's stream is cut into requests of a fixed
 * size, every so many of them is thrown away and answered by weir itself, the others are passed on,
 * and in half of the worlds a request comes at which weir answers for the last time and ends it.
 * What stands where in the streams to the hosts is written down, and each byte is held against
 * that. Each seed is another world.
 */
#include "weir_test.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECES_MAX 8192
#define OWN_SALT   9
#define NEVER      UINT32_MAX

/* From `at` on in the stream to a host: what the other one sent from `from` on, or weir. */
struct piece {
	uint32_t at;
	uint32_t from;
	bool own;
};

struct told {
	struct piece piece[PIECES_MAX];
	unsigned int n;
	uint32_t bytes;
	uint8_t salt; /* of the other host */
};

enum last_word { SHUT_BOTH, SHUT_SERVER_LATE, ABORT_SERVER, LAST_WORD_END };

struct middle {
	struct world world; /* its lab's reader finds the middle */
	struct told told[2];
	uint64_t rng;
	uint32_t request, every, answer; /* bytes, one in, bytes */
	uint32_t stop_at;                /* request of the client, NEVER */
	enum last_word last_word;
	bool lazy, stopped;
	uint64_t shut_ns; /* the server's stream then, 0: at once or never */
	uint32_t said[2]; /* by weir */
	uint32_t owed[2]; /* answers for which there was no memory */
	uint32_t thrown[2], passed[2], unanswered[2];
};

/* ---- what was told ---- */

static uint8_t byte_told(const void *ctx, uint32_t off)
{
	const struct told *o = ctx;
	unsigned int i = o->n;

	while (i && o->piece[i - 1].at > off)
		i--;
	ck_assert_msg(i && off < o->bytes, "byte %u was never sent", off);
	return host_byte(o->piece[i - 1].own ? OWN_SALT : o->salt,
			 o->piece[i - 1].from + off - o->piece[i - 1].at);
}

static void note_told(struct middle *m, unsigned int to, uint32_t from, bool own, uint32_t n)
{
	struct told *o = &m->told[to];
	struct piece *last = o->n ? &o->piece[o->n - 1] : NULL;

	if (!n)
		return;
	if (!last || last->own != own || last->from + (o->bytes - last->at) != from) {
		ck_assert_uint_lt(o->n, PIECES_MAX);
		o->piece[o->n++] = (struct piece){o->bytes, from, own};
	}
	o->bytes += n;
	ck_assert_uint_lt(o->bytes, HOST_BYTES_MAX);
	m->world.host[to].cfg.expect = o->bytes;
}

/* ---- what the middle does ---- */

static void say(struct middle *m, unsigned int leg)
{
	struct lab *l = &m->world.lab;
	uint8_t bytes[4096];
	uint32_t queued = weir_tcp_queued(l->conn, leg);
	int got;

	for (uint32_t i = 0; i < m->answer; i++)
		bytes[i] = host_byte(OWN_SALT, m->said[leg] + i);
	got = weir_tcp_write(l->tcp, l->conn, leg, weir_bytes_of(bytes, m->answer));
	if (got == -WEIR_ENOMEM) {
		ck_assert_uint_eq(weir_tcp_queued(l->conn, leg), queued);
		m->owed[leg]++;
		return;
	}
	if (got) { /* the other host has closed, or this one's handshake is not done */
		m->unanswered[leg]++;
		return;
	}
	note_told(m, leg, m->said[leg], true, m->answer);
	m->said[leg] += m->answer;
	ck_assert_uint_eq(weir_tcp_queued(l->conn, leg), queued + m->answer);
}

static void stop(struct middle *m)
{
	struct lab *l = &m->world.lab;

	m->stopped = true;
	m->owed[0] = m->owed[1] = 0;
	if (m->last_word == ABORT_SERVER)
		weir_tcp_abort_leg(l->tcp, l->conn, 1, l->now_ns);
	say(m, 0);
	if (l->conn && m->last_word != ABORT_SERVER)
		weir_tcp_shut(l->tcp, l->conn, 0);
	if (m->last_word == SHUT_BOTH)
		weir_tcp_shut(l->tcp, l->conn, 1);
	else if (m->last_word == SHUT_SERVER_LATE)
		m->shut_ns = l->now_ns + world_between(&m->rng, 1, 5000) * WEIR_NS_PER_MS;
}

static void pass(struct middle *m, unsigned int leg, uint32_t n)
{
	struct lab *l = &m->world.lab;
	uint32_t off = (uint32_t)weir_tcp_offset(l->conn, leg), went;

	weir_tcp_pass(l->tcp, l->conn, leg, n);
	went = (uint32_t)weir_tcp_offset(l->conn, leg) - off;
	note_told(m, !leg, off, false, went);
	m->passed[leg] += went;
}

/* One request, or what is there of it. False: there is nothing to be done. */
static bool take_some(struct middle *m, unsigned int leg)
{
	struct lab *l = &m->world.lab;
	uint32_t off = (uint32_t)weir_tcp_offset(l->conn, leg), k = off / m->request;
	uint32_t left = (k + 1) * m->request - off, n = weir_tcp_readable(l->conn, leg);

	if (!n)
		return false;
	if (leg == 0 && k >= m->stop_at) {
		stop(m);
		return false;
	}
	n = n < left ? n : left;
	if (k % m->every != m->every - 1) {
		pass(m, leg, n);
		return weir_tcp_offset(l->conn, leg) != off;
	}
	ck_assert_uint_eq(weir_tcp_discard(l->tcp, l->conn, leg, n), n);
	m->thrown[leg] += n;
	if (n == left)
		say(m, leg);
	return true;
}

static void take_all(struct middle *m, unsigned int leg)
{
	if (m->lazy && world_random(&m->rng) % 8)
		return;
	for (uint32_t n = m->owed[leg]; n; n--) {
		m->owed[leg]--;
		say(m, leg);
	}
	while (!m->stopped && take_some(m, leg))
		;
}

static void on_bytes(struct lab *l, unsigned int leg)
{
	struct middle *m = (struct middle *)(void *)((uint8_t *)l - offsetof(struct middle, world) -
						     offsetof(struct world, lab));

	ck_assert_msg(!m->stopped || m->last_word == SHUT_SERVER_LATE,
		      "asked about bytes that nobody hears");
	if (!m->stopped)
		take_all(m, leg);
	else if (leg == 0) /* the server still hears the client */
		pass(m, 0, weir_tcp_readable(l->conn, 0));
}

/* What was left for later. */
static void step(struct middle *m)
{
	struct lab *l = &m->world.lab;

	world_step(&m->world);
	if (!l->conn || !weir_tcp_is_open(l->conn))
		return;
	for (unsigned int leg = 0; leg < 2 && !m->stopped; leg++)
		take_all(m, leg);
	if (m->shut_ns && l->now_ns >= m->shut_ns) {
		m->shut_ns = 0;
		weir_tcp_shut(l->tcp, l->conn, 1);
	}
	ck_assert(!(m->thrown[0] + m->thrown[1]) || !weir_tcp_is_quiet(l->conn));
	weir_tcp_flush(l->tcp, l->now_ns);
	if (l->conn)
		weir_tcp_check(l->conn);
}

/* ---- seeds ---- */

static void open_middle(struct middle *m, uint64_t seed)
{
	uint64_t rng = seed * 0x9e3779b97f4a7c15ULL + 77;
	struct host_cfg hosts[2] = {world_random_host(&rng, 1), world_random_host(&rng, 2)};
	struct line_cfg lines[2] = {world_random_line(&rng), world_random_line(&rng)};
	struct lab_cfg cfg = {
		.family = seed % 2 ? 4 : 6,
		.seed = seed,
		.segments = world_random(&rng) % 4 ? 8192 : 128,
		.by_cookie = world_random(&rng) % 4 == 0,
	};

	memset(m, 0, sizeof(*m));
	for (unsigned int i = 0; i < 2; i++) {
		if (hosts[i].window < 1000)
			hosts[!i].send /= 100;
		m->told[i].salt = (uint8_t)(2 - i);
		hosts[i].expect = 0;
		hosts[i].byte_expected = byte_told;
		hosts[i].ctx = &m->told[i];
	}
	m->request = world_between(&rng, 1, 40) * 50;
	m->every = world_between(&rng, 1, 4);
	m->answer = world_between(&rng, 1, 1000);
	for (unsigned int i = 0; i < 2; i++) {
		if (hosts[i].window < 1000)
			m->answer = 1 + m->answer / 100;
	}
	m->stop_at = seed % 4 >= 2 ? world_between(&rng, 0, 8) : NEVER;
	m->last_word = (enum last_word)(seed / 4 % LAST_WORD_END);
	m->lazy = world_random(&rng) % 3 == 0;
	m->rng = rng;
	world_open(&m->world, &cfg, hosts, lines, seed);
	m->world.lab.reader = on_bytes;
}

/* Nothing was lost but what was thrown away, and who may hear it has heard it. */
static void judge_whole(struct middle *m, const char *what)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct host *h = &m->world.host[i];

		ck_assert_msg(!h->failed && host_is_done(h), "%s: host %u is not done", what, i);
		ck_assert_msg(h->in == m->told[i].bytes, "%s: host %u", what, i);
		ck_assert_uint_eq(m->passed[i] + m->thrown[i], h->cfg.send);
		ck_assert_uint_eq(m->told[!i].bytes, m->passed[i] + m->said[!i]);
		ck_assert_uint_eq(m->said[i], m->answer * (m->thrown[i] / m->request -
							   m->unanswered[i] - m->owed[i]));
	}
}

/* The client has heard all, the last answer and the end, whatever became of the server. */
static void judge_stopped(const struct middle *m, const char *what)
{
	const struct host *client = &m->world.host[0], *server = &m->world.host[1];

	ck_assert_msg(client->fin_in && client->in == m->told[0].bytes, "%s: client: %u of %u",
		      what, client->in, m->told[0].bytes);
	if (m->last_word != ABORT_SERVER)
		ck_assert_msg(server->fin_in && server->in == m->told[1].bytes,
			      "%s: server: %u of %u", what, server->in, m->told[1].bytes);
}

static void run_middle(uint64_t seed)
{
	static struct middle m;
	uint64_t end_ns;
	char what[48];

	snprintf(what, sizeof(what), "seed %llu", (unsigned long long)seed);
	open_middle(&m, seed);
	end_ns = m.world.lab.now_ns + WORLD_LIMIT_NS;
	while (!m.world.lab.ended) {
		ck_assert_msg(m.world.lab.now_ns < end_ns, "%s: read %u of %u and %u of %u", what,
			      m.world.host[0].in, m.told[0].bytes, m.world.host[1].in,
			      m.told[1].bytes);
		step(&m);
	}
	if (m.stopped)
		judge_stopped(&m, what);
	else
		judge_whole(&m, what);
	ck_assert_msg(m.world.lab.end == WEIR_TCP_END_CLOSED ||
			      (m.stopped && m.world.lab.end == WEIR_TCP_END_ABORTED),
		      "%s: ended by %d", what, m.world.lab.end);
	lab_close(&m.world.lab);
}

START_TEST(every_byte_and_every_answer_arrives_whatever_the_line_does)
{
	const char *from = getenv("WEIR_TCP_SEED"), *count = getenv("WEIR_TCP_SEEDS");
	uint64_t first = from ? strtoull(from, NULL, 10) : 1;
	uint64_t n = count ? strtoull(count, NULL, 10) : from ? 1 : 16;

	for (uint64_t seed = first; seed < first + n; seed++)
		run_middle(seed);
}
END_TEST

Suite *tcp_middle_suite(void)
{
	return WEIR_SUITE("tcp middle", every_byte_and_every_answer_arrives_whatever_the_line_does);
}
