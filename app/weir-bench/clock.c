/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a cycle of the time stamp counter is. */
#include "clock.h"

#include <weir_base.h>

#include <time.h>

#include <rte_cycles.h>

double bench_seconds_a_cycle(void)
{
	uint64_t tsc = rte_rdtsc(), ns;
	struct timespec a, z;

	clock_gettime(CLOCK_MONOTONIC, &a);
	nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
	clock_gettime(CLOCK_MONOTONIC, &z);
	tsc = rte_rdtsc() - tsc;
	ns = (uint64_t)(z.tv_sec - a.tv_sec) * WEIR_NS_PER_S + (uint64_t)(z.tv_nsec - a.tv_nsec);
	return (double)ns * 1e-9 / (double)tsc;
}
