/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts of a driver whose connection comes and goes on EAL's interrupt thread. net_memif (22.11)
 * maps the peer's memory there when it connects, and unmaps and frees it when the peer leaves, with
 * nothing that keeps a burst out: a burst asks whether there is a connection once, and goes on in
 * memory that is gone. No event comes before it does so.
 *
 * So the interrupt thread is held in an alarm's callback, which runs on that very thread, and let
 * go only now and then, while every worker is kept out of such ports: whatever the driver does
 * there, no burst is under way. Alarms are what of EAL's interrupt thread is stable API.
 *
 *   interrupt thread   |- held: workers may burst -|- window: the driver works -|- held: … -|
 */
#include "port_impl.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <rte_alarm.h>
#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_spinlock.h>

#include <sched.h>
#include <time.h>

/* Between windows: how late a lost peer may be seen, and how quickly one connects, which takes a
 * dozen messages of one window each. */
#define HELD_UP_NS   (20 * WEIR_NS_PER_MS)
#define HELD_DOWN_NS (2 * WEIR_NS_PER_MS)
/* The alarm that ends a window. EAL runs what is already due before it looks at anything else, so
 * that it must not be due at once. */
#define WINDOW_US 20
/* A sender waits so long for the end of a window before it gives up, as at a full ring. */
#define SEND_WAIT_US 200
#define PARKED_NS    WEIR_NS_PER_MS

struct guard_worker {
	rte_spinlock_t in; /* held by the worker in a burst, by the interrupt thread in a window */
} __attribute__((aligned(WEIR_CACHE_LINE)));

struct port_guard {
	/* fixed after start */
	uint16_t ethdev[WEIR_CONF_PORTS_MAX];
	unsigned int n_ethdevs;
	unsigned int n_workers;
	uint64_t send_wait_tsc;
	/* interrupt thread only */
	bool window;
	bool started; /* control only */
	/* control writes, the interrupt thread reads */
	atomic_bool stop;
	atomic_bool park;
	/* the other way round */
	atomic_bool parked;
	/* The interrupt thread writes, workers read: a window is wanted, so that a worker that
	 * bursts without a pause does not keep it waiting. A hint: the locks are what holds. */
	atomic_bool wanted __attribute__((aligned(WEIR_CACHE_LINE)));
	struct guard_worker worker[WEIR_CONF_WORKERS_MAX];
};

struct port_guard *port_guard_create(unsigned int n_workers)
{
	struct port_guard *g = aligned_alloc(WEIR_CACHE_LINE, sizeof(*g));

	if (!g)
		return NULL;
	memset(g, 0, sizeof(*g));
	g->n_workers = n_workers;
	g->send_wait_tsc = SEND_WAIT_US * (rte_get_tsc_hz() / 1000000);
	return g;
}

void port_guard_add(struct port_guard *g, uint16_t ethdev)
{
	weir_assert(g->n_ethdevs < WEIR_ARRAY_LEN(g->ethdev));
	g->ethdev[g->n_ethdevs++] = ethdev;
}

/* ---- the interrupt thread ---- */

static void open_window(struct port_guard *g)
{
	atomic_store_explicit(&g->wanted, true, memory_order_relaxed);
	for (unsigned int w = 0; w < g->n_workers; w++)
		/* A worker may have been put off its CPU by this very thread. */
		while (!rte_spinlock_trylock(&g->worker[w].in))
			sched_yield();
	g->window = true;
}

static void close_window(struct port_guard *g)
{
	if (!g->window)
		return;
	g->window = false;
	atomic_store_explicit(&g->wanted, false, memory_order_relaxed);
	for (unsigned int w = 0; w < g->n_workers; w++)
		rte_spinlock_unlock(&g->worker[w].in);
}

static bool all_connected(const struct port_guard *g)
{
	struct rte_eth_link link;

	for (unsigned int i = 0; i < g->n_ethdevs; i++)
		if (rte_eth_link_get_nowait(g->ethdev[i], &link) == 0 &&
		    link.link_status != RTE_ETH_LINK_UP)
			return false;
	return true;
}

static void nap(uint64_t ns)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

/* Whatever EAL runs on this thread between two calls of this runs in a window. */
static void hold(void *guard)
{
	struct port_guard *g = guard;
	uint64_t ns = all_connected(g) ? HELD_UP_NS : HELD_DOWN_NS;

	close_window(g);
	nap(ns);
	while (atomic_load(&g->park) && !atomic_load(&g->stop)) {
		atomic_store(&g->parked, true);
		nap(PARKED_NS);
	}
	if (atomic_load_explicit(&g->stop, memory_order_relaxed))
		return;
	open_window(g);
	/* Without an alarm nothing would ever hold this thread again, so no window ends. */
	while (rte_eal_alarm_set(WINDOW_US, hold, g))
		sched_yield();
}

int port_guard_start(struct port_guard *g)
{
	g->started = rte_eal_alarm_set(WINDOW_US, hold, g) == 0;
	return g->started ? 0 : -WEIR_ENOMEM;
}

void port_guard_park(struct port_guard *g)
{
	if (!g || !g->started)
		return;
	atomic_store(&g->park, true);
	while (!atomic_load(&g->parked))
		nap(PARKED_NS);
}

void port_guard_destroy(struct port_guard *g)
{
	if (!g)
		return;
	atomic_store_explicit(&g->stop, true, memory_order_relaxed);
	/* Waits for a call that runs, and takes the next one away. */
	rte_eal_alarm_cancel(hold, g);
	free(g);
}

/* ---- workers ---- */

bool port_guard_enter(struct port_guard *g, unsigned int worker)
{
	return !atomic_load_explicit(&g->wanted, memory_order_relaxed) &&
	       rte_spinlock_trylock(&g->worker[worker].in);
}

bool port_guard_enter_to_send(struct port_guard *g, unsigned int worker)
{
	uint64_t start;

	if (weir_likely(port_guard_enter(g, worker)))
		return true;
	start = rte_rdtsc();
	while (rte_rdtsc() - start < g->send_wait_tsc) {
		rte_pause();
		if (port_guard_enter(g, worker))
			return true;
	}
	return false;
}

void port_guard_leave(struct port_guard *g, unsigned int worker)
{
	rte_spinlock_unlock(&g->worker[worker].in);
}
