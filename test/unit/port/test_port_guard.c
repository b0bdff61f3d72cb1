/* SPDX-License-Identifier: BSD-3-Clause */
/* Bursts and EAL's interrupt thread kept apart, for drivers that free there. */
#include "fixture.h"

#include "../../../lib/port/port_impl.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>

#define WORKERS     2
#define PATIENCE_MS 30000

struct pair {
	struct fixture f;
	char server[160], client[160], path[48];
};

static void sleep_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static bool becomes(const struct weir_port *p, bool up)
{
	for (unsigned int ms = 0; ms < PATIENCE_MS; ms++, sleep_ms(1))
		if (weir_port_link_up(p) == up)
			return true;
	return false;
}

/* Both ends of a memif in one process: both are driven by its interrupt thread. They are connected
 * before anything else: a server that is closed with a connection not yet accepted leaves its
 * listener with EAL, and freed (22.11). */
static void open_pair(struct pair *p)
{
	const char *devices[] = {p->server, p->client, NULL};

	snprintf(p->path, sizeof(p->path), "/tmp/weir-memif-%d", getpid());
	snprintf(p->server, sizeof(p->server),
		 "vdev:net_memif0,role=server,socket=%s,socket-abstract=no", p->path);
	snprintf(p->client, sizeof(p->client),
		 "vdev:net_memif1,role=client,socket=%s,socket-abstract=no", p->path);
	fixture_init(&p->f, WORKERS, 8192, devices);
	fixture_open(&p->f);
	for (unsigned int i = 0; i < 2; i++)
		ck_assert(becomes(&p->f.ports->port[i], true));
}

static void close_pair(struct pair *p)
{
	fixture_fini(&p->f);
	unlink(p->path);
}

START_TEST(guarded_ports_connect_and_carry_frames_for_all_workers)
{
	struct rte_mbuf *m[8];
	struct pair p;

	open_pair(&p);
	ck_assert_ptr_nonnull(p.f.ports->guard);
	for (unsigned int i = 0; i < 2; i++)
		ck_assert_ptr_eq(p.f.ports->port[i].guard, p.f.ports->guard);
	for (unsigned int w = 0; w < WORKERS; w++) {
		for (unsigned int i = 0; i < WEIR_ARRAY_LEN(m); i++)
			m[i] = fixture_frame(p.f.pool[w], 60, 7);
		ck_assert_uint_eq(weir_port_tx(&p.f.ports->port[1], w, m, WEIR_ARRAY_LEN(m)),
				  WEIR_ARRAY_LEN(m));
	}
	ck_assert_uint_eq(fixture_receive(&p.f.ports->port[0], WORKERS, 16, 7), 16);
	close_pair(&p);
}
END_TEST

START_TEST(ports_of_other_drivers_are_not_guarded)
{
	const char *devices[] = {"vdev:net_null0", NULL};
	struct fixture f;

	fixture_init(&f, 1, 4096, devices);
	fixture_open(&f);
	ck_assert_ptr_null(f.ports->guard);
	ck_assert_ptr_null(f.ports->port[0].guard);
	fixture_fini(&f);
}
END_TEST

/* ---- what else runs on the interrupt thread ---- */

struct errand {
	struct port_guard *guard;
	atomic_bool entered[WORKERS];
	atomic_bool done;
};

static void run_errand(void *arg)
{
	struct errand *e = arg;

	for (unsigned int w = 0; w < WORKERS; w++)
		atomic_store(&e->entered[w], port_guard_enter(e->guard, w));
	atomic_store(&e->done, true);
}

static bool gets_done(struct errand *e)
{
	for (unsigned int ms = 0; ms < PATIENCE_MS && !atomic_load(&e->done); ms++)
		sleep_ms(1);
	return atomic_load(&e->done);
}

START_TEST(no_worker_bursts_while_the_interrupt_thread_works)
{
	struct errand e = {0};
	struct pair p;

	open_pair(&p);
	e.guard = p.f.ports->guard;
	for (unsigned int i = 0; i < 20; i++) {
		atomic_store(&e.done, false);
		ck_assert_int_eq(rte_eal_alarm_set(1, run_errand, &e), 0);
		ck_assert(gets_done(&e));
		for (unsigned int w = 0; w < WORKERS; w++)
			ck_assert(!atomic_load(&e.entered[w]));
	}
	close_pair(&p);
}
END_TEST

START_TEST(the_interrupt_thread_waits_for_each_workers_burst)
{
	struct pair p;

	open_pair(&p);
	for (unsigned int w = 0; w < WORKERS; w++) {
		struct errand e = {.guard = p.f.ports->guard};

		while (!port_guard_enter(e.guard, w))
			sleep_ms(1);
		ck_assert_int_eq(rte_eal_alarm_set(1, run_errand, &e), 0);
		/* Several windows would have come and gone. */
		sleep_ms(100);
		ck_assert(!atomic_load(&e.done));
		port_guard_leave(e.guard, w);
		ck_assert(gets_done(&e));
	}
	close_pair(&p);
}
END_TEST

START_TEST(a_sender_that_finds_the_door_shut_waits_for_a_while_only)
{
	struct pair p;
	struct port_guard *g;

	open_pair(&p);
	g = p.f.ports->guard;
	while (!port_guard_enter_to_send(g, 0))
		sleep_ms(1);
	/* As in a window that does not end. */
	ck_assert(!port_guard_enter(g, 0));
	ck_assert(!port_guard_enter_to_send(g, 0));
	port_guard_leave(g, 0);
	close_pair(&p);
}
END_TEST

Suite *suite_port_guard(void)
{
	return WEIR_SUITE("port guard", guarded_ports_connect_and_carry_frames_for_all_workers,
			  ports_of_other_drivers_are_not_guarded,
			  no_worker_bursts_while_the_interrupt_thread_works,
			  the_interrupt_thread_waits_for_each_workers_burst,
			  a_sender_that_finds_the_door_shut_waits_for_a_while_only);
}
