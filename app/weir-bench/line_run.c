/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench line`: a bad line between two ports. One thread, which sleeps when nothing is to be
 * done, so that it can share a core with the hosts that talk over it.
 */
#include "bench.h"
#include "line_options.h"
#include "session.h"

#include <weir_log.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#define BURST     32
#define SLEEP_MIN (100 * WEIR_NS_PER_US) /* a device's queue must not fill meanwhile */
#define SLEEP_MAX (500 * WEIR_NS_PER_US)
#define NO_SLEEP  (5 * WEIR_NS_PER_US) /* what is due sooner is waited for awake */
#define SLACK_NS  1000                 /* that the kernel may wake it late; its own is 50 us */

/* One direction. */
struct way {
	struct line *line;
	const struct weir_port *from, *to;
	struct rte_mbuf *out[BURST]; /* due, and not yet taken by the device */
	uint16_t n_out;
	uint64_t device_full; /* turns in which the device took none */
};

struct run {
	const struct line_options *opt;
	struct bench_session session;
	struct way way[2];
	uint64_t begun_ns;
};

static volatile sig_atomic_t report_wanted;

static void on_usr1(int number)
{
	report_wanted = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* ---- what the line does to packets ---- */

static void *copy_packet(void *ctx, void *packet)
{
	struct run *r = ctx;

	return rte_pktmbuf_copy(packet, r->session.rx_pool, 0, UINT32_MAX);
}

static void flip_bit(void *ctx, void *packet, uint32_t bit)
{
	struct rte_mbuf *m = packet;
	uint32_t byte = bit / 8;

	for (; m && byte >= m->data_len; m = m->next)
		byte -= m->data_len;
	if (m)
		*rte_pktmbuf_mtod_offset(m, uint8_t *, byte) ^= (uint8_t)(1u << bit % 8);
}

static void drop_packet(void *ctx, void *packet)
{
	rte_pktmbuf_free(packet);
}

/* ---- one turn ---- */

/* A tag that the kernel took out goes back in. */
static void restore_tag(struct rte_mbuf **m)
{
	if (!((*m)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		return;
	(*m)->ol_flags &= ~(RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_VLAN);
	if (rte_vlan_insert(m) != 0)
		weir_warning("a VLAN tag did not fit into its buffer and is lost");
}

static uint16_t receive(struct way *w, uint64_t now)
{
	struct rte_mbuf *in[BURST];
	uint16_t n = weir_port_rx(w->from, 0, in, BURST);

	for (uint16_t i = 0; i < n; i++) {
		restore_tag(&in[i]);
		line_put(w->line, now, in[i], rte_pktmbuf_pkt_len(in[i]));
	}
	return n;
}

static uint16_t send_due(struct way *w, uint64_t now)
{
	struct rte_mbuf *m;
	uint16_t sent;

	while (w->n_out < BURST && (m = line_take(w->line, now)))
		w->out[w->n_out++] = m;
	if (!w->n_out)
		return 0;
	sent = weir_port_tx(w->to, 0, w->out, w->n_out);
	w->device_full += sent == 0;
	w->n_out -= sent;
	memmove(w->out, w->out + sent, w->n_out * sizeof(w->out[0]));
	return sent;
}

static uint64_t next_due(const struct run *r)
{
	uint64_t there = line_next_due(r->way[LINE_THERE].line);
	uint64_t back = line_next_due(r->way[LINE_BACK].line);

	return there < back ? there : back;
}

/* Nothing has come or gone for `idle_ns`: the longer, the longer it will be till something does. */
static void rest(const struct run *r, uint64_t now, uint64_t idle_ns)
{
	uint64_t due = next_due(r), ns = idle_ns / 8;
	struct timespec t = {0};

	ns = ns < SLEEP_MIN ? SLEEP_MIN : ns > SLEEP_MAX ? SLEEP_MAX : ns;
	if (due != UINT64_MAX && due - now < ns)
		ns = due > now ? due - now : 0;
	if (r->opt->poll || ns < NO_SLEEP)
		return;
	t.tv_nsec = (long)ns;
	nanosleep(&t, NULL);
}

/* ---- report ---- */

static void report_way(const struct way *w, struct weir_json *j, const char *key)
{
	weir_json_object(j, key);
	for (unsigned int c = 0; c < LINE_COUNTER_END; c++)
		weir_json_u64(j, line_counter_name(c), line_count(w->line, c));
	weir_json_u64(j, "in_line", line_held(w->line) + w->n_out);
	weir_json_u64(j, "device_full", w->device_full);
	weir_json_end_object(j);
}

static void report(const struct run *r)
{
	struct weir_buf out = {0};
	struct weir_json j = weir_json_into(&out);

	weir_json_object(&j, NULL);
	weir_json_u64(&j, "ms", (now_ns() - r->begun_ns) / WEIR_NS_PER_MS);
	weir_json_u64(&j, "cpu_ms", cpu_ns() / WEIR_NS_PER_MS);
	weir_json_u64(&j, "seed", r->opt->seed);
	report_way(&r->way[LINE_THERE], &j, "there");
	report_way(&r->way[LINE_BACK], &j, "back");
	weir_json_end_object(&j);
	if (!out.failed)
		puts(out.ptr);
	fflush(stdout);
	weir_buf_fini(&out);
}

/* ---- life ---- */

static void work(struct run *r)
{
	uint64_t now = now_ns(), end = now + r->opt->run_ns, moved_ns = now;

	for (; now < end && !bench_interrupted(); now = now_ns()) {
		uint16_t moved = 0;

		for (unsigned int i = 0; i < 2; i++) {
			moved += receive(&r->way[i], now);
			moved += send_due(&r->way[i], now);
		}
		if (report_wanted) {
			report_wanted = 0;
			report(r);
		}
		if (moved)
			moved_ns = now;
		else
			rest(r, now, now - moved_ns);
	}
}

static bool make_lines(struct run *r)
{
	const struct line_ops ops = {copy_packet, flip_bit, drop_packet, r};

	for (unsigned int i = 0; i < 2; i++) {
		struct way *w = &r->way[i];

		w->line = line_create(&r->opt->cfg[i], &ops, 2 * r->opt->seed + i);
		w->from = &r->session.ports->port[i];
		w->to = &r->session.ports->port[!i];
		if (!w->line)
			return false;
	}
	return true;
}

static void destroy_lines(struct run *r)
{
	for (unsigned int i = 0; i < 2; i++) {
		rte_pktmbuf_free_bulk(r->way[i].out, r->way[i].n_out);
		line_destroy(r->way[i].line);
	}
}

static int run_lines(struct run *r)
{
	int rc = BENCH_FAIL;

	if (!make_lines(r)) {
		fputs("weir-bench line: no memory\n", stderr);
	} else if (!bench_session_wait_link(&r->session, r->opt->wait_ns)) {
		if (!bench_interrupted())
			fputs("weir-bench line: an end has no carrier\n", stderr);
	} else {
		fputs("weir-bench line: ready\n", stderr);
		r->begun_ns = now_ns();
		work(r);
		report(r);
		rc = BENCH_OK;
	}
	destroy_lines(r);
	return rc;
}

static int open_and_run(const struct line_options *o)
{
	const struct sigaction usr1 = {.sa_handler = on_usr1, .sa_flags = SA_RESTART};
	struct run r = {.opt = o};
	const struct bench_session_cfg cfg = {
		.device = {o->device[0], o->device[1]},
		.driver = line_driver_words[o->driver],
		.queues = 1,
		.held = o->cfg[LINE_THERE].capacity + o->cfg[LINE_BACK].capacity,
	};
	int rc;

	bench_catch_signals();
	sigaction(SIGUSR1, &usr1, NULL);
	prctl(PR_SET_TIMERSLACK, SLACK_NS);
	if (bench_session_open(&r.session, &cfg) != 0)
		return BENCH_FAIL;
	rc = run_lines(&r);
	bench_session_close(&r.session);
	return rc;
}

static int run_line(int argc, char **argv)
{
	struct line_options o;
	const char *wrong;
	int parsed;

	line_options_default(&o);
	parsed = bench_options_parse(&bench_line, argc, argv, &o);
	if (parsed != BENCH_GO_ON)
		return parsed;
	wrong = line_options_check(&o);
	if (wrong) {
		fprintf(stderr, "weir-bench line: %s\n", wrong);
		return BENCH_USAGE;
	}
	return open_and_run(&o);
}

const struct bench_command bench_line = {
	.name = "line",
	.about = "A bad line between two ports: what comes in by one leaves by the other late, "
		 "twice, damaged, in another order or not at all. Prints its counts as JSON at the "
		 "end and at SIGUSR1.",
	.options = line_option_table,
	.n_options = LINE_OPTIONS,
	.run = run_line,
};
