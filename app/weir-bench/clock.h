/* SPDX-License-Identifier: BSD-3-Clause */
/* The processor's clock beside the system's. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

/* Of the time stamp counter, measured for 50 ms. */
double bench_seconds_a_cycle(void);

#endif
