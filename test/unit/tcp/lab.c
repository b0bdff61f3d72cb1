/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab.h"

#include <weir_mem.h>

#include <weir_test.h>

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#define BUFFERS 16383

static struct rte_mempool *pool;

void lab_start(void)
{
	struct weir_eal_cfg eal = {.program = "test_tcp", .need_bytes = 128 << 20, .quiet = true};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	pool = weir_mbuf_pool_create("lab", BUFFERS, 1600, 0);
	weir_assert(pool != NULL);
}

struct rte_mempool *lab_pool(void)
{
	return pool;
}

static void catch_frame(void *ctx, struct weir_tcp_conn *c, unsigned int leg, struct rte_mbuf *m)
{
	struct lab *l = ctx;

	(void)c;
	ck_assert_uint_lt(l->end_at[leg] - l->first[leg], LAB_CAUGHT_MAX);
	l->caught[leg][l->end_at[leg]++ % LAB_CAUGHT_MAX] = m;
}

static void on_bytes(void *ctx, struct weir_tcp_conn *c, unsigned int leg)
{
	struct lab *l = ctx;

	l->told[leg]++;
	if (l->reader)
		l->reader(l, leg);
	else if (!l->hold)
		weir_tcp_pass(l->tcp, c, leg, weir_tcp_readable(c, leg));
}

static void on_end(void *ctx, struct weir_tcp_conn *c, enum weir_tcp_end why)
{
	struct lab *l = ctx;

	ck_assert_ptr_eq(c, l->conn);
	l->conn = NULL;
	l->ended = true;
	l->end = why;
}

void lab_open(struct lab *l, const struct lab_cfg *cfg)
{
	struct weir_tcp_cfg tcp = {
		.name = "lab",
		.connections = 4,
		.segments = cfg->segments ? cfg->segments : 8192,
		.sack_legs = cfg->sack_legs,
		.window_bytes = cfg->window,
		.pool = pool,
		.stats = &l->stats,
		.ops = &l->ops,
		.ctx = l,
		.seed = cfg->seed + 1,
		.key = {{1, 2}},
	};

	memset(l, 0, sizeof(*l));
	l->ops = (struct weir_tcp_ops){catch_frame, on_bytes, on_end};
	l->now_ns = 1000 * WEIR_NS_PER_S;
	l->family = cfg->family ? cfg->family : 4;
	l->by_cookie = cfg->by_cookie;
	l->mtu = cfg->mtu ? cfg->mtu : 1500;
	l->in_use = rte_mempool_in_use_count(pool);
	l->tcp = weir_tcp_create(&tcp, l->now_ns);
	ck_assert_ptr_nonnull(l->tcp);
}

void lab_close(struct lab *l)
{
	struct segment s;

	if (l->conn)
		weir_tcp_forget(l->tcp, l->conn);
	for (unsigned int to = 0; to < 2; to++)
		while (lab_next(l, to, &s))
			;
	ck_assert_uint_eq(weir_tcp_count(l->tcp), 0);
	ck_assert_uint_eq(weir_tcp_segments_used(l->tcp), 0);
	ck_assert_uint_eq(rte_mempool_in_use_count(pool), l->in_use);
	weir_tcp_destroy(l->tcp);
}

/* True: the segment was answered, and has no connection. */
static bool begin_by_cookie(struct lab *l, struct weir_pkt *p, const struct weir_tcp_open *open)
{
	if (weir_tcp_is_cookie(l->tcp, p, l->now_ns))
		l->conn = weir_tcp_open_by_cookie(l->tcp, p, open, l->now_ns);
	if (p->tcp_flags != WEIR_TCP_SYN)
		return false;
	catch_frame(l, NULL, 0, weir_tcp_answer_by_cookie(l->tcp, p, l->mtu, l->now_ns));
	rte_pktmbuf_free(p->mbuf);
	return true;
}

void lab_send_frame(struct lab *l, unsigned int from, struct rte_mbuf *m)
{
	struct weir_tcp_open open = {.mtu = {l->mtu, l->mtu}};
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	if (p.drop) { /* as path/ does */
		l->last = (enum weir_drop)p.drop;
		rte_pktmbuf_free(m);
		return;
	}
	if (l->conn && weir_tcp_may_reopen(l->conn, from, &p)) {
		weir_tcp_forget(l->tcp, l->conn);
		l->conn = NULL;
	}
	if (!l->conn && from == 0 && l->by_cookie) {
		if (begin_by_cookie(l, &p, &open))
			return;
	} else if (!l->conn && from == 0 && p.tcp_flags == WEIR_TCP_SYN)
		l->conn = weir_tcp_open(l->tcp, &p, &open, l->now_ns);
	if (!l->conn) {
		l->last = WEIR_DROP_TCP_MIDSTREAM;
		rte_pktmbuf_free(m);
		return;
	}
	l->last = weir_tcp_input(l->tcp, l->conn, from, &p, true, l->now_ns);
	if (!l->later)
		weir_tcp_flush(l->tcp, l->now_ns);
	if (l->conn)
		weir_tcp_check(l->conn);
}

void lab_send(struct lab *l, unsigned int from, const struct segment *s)
{
	lab_send_frame(l, from, segment_to_frame(s, from, l->family, pool));
}

bool lab_next(struct lab *l, unsigned int to, struct segment *s)
{
	if (l->first[to] == l->end_at[to])
		return false;
	segment_from_frame(s, l->caught[to][l->first[to]++ % LAB_CAUGHT_MAX], !to, l->family);
	/* The far host's, which weir does not know yet when it answers by cookie. */
	if (!l->by_cookie)
		ck_assert_uint_eq(s->ttl, 60 + !to);
	return true;
}

void lab_advance(struct lab *l, uint64_t ns)
{
	l->now_ns += ns;
	weir_tcp_advance(l->tcp, l->now_ns, 1000);
	weir_tcp_flush(l->tcp, l->now_ns);
	if (l->conn)
		weir_tcp_check(l->conn);
}
