/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL, one pinned lcore or more, and the ports that a command works on. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "options.h"

#include <weir_port.h>

struct rte_mempool;

struct bench_session_cfg {
	const char *device[2]; /* as in weir.yaml; [1] NULL: one port only */
	const char *driver;    /* of kernel interfaces: auto, af_xdp or af_packet */
	struct bench_cpus cpus;
	unsigned int queues; /* of each port */
	uint32_t held;       /* received packets that the command keeps, at most */
};

struct bench_session {
	struct weir_conf *conf;
	struct weir_names *names;
	struct weir_ports *ports;
	struct rte_mempool *rx_pool; /* feeds the ports */
	struct rte_mempool *tx_pool; /* for what is sent; zeros behind BENCH_HEAD_BYTES */
};

/* True after the first SIGINT or SIGTERM. */
bool bench_interrupted(void);
void bench_catch_signals(void);

/* Starts EAL with one lcore for each of `cpus`, of which the first is lcore 0. `bytes` is what the
 * command needs of EAL's memory. `allow` are PCI addresses. 0, or negative with a line on stderr.
 */
WEIR_MUST_CHECK int bench_eal_start(const struct bench_cpus *cpus, uint64_t bytes,
				    const char *const *allow, unsigned int n_allow);
void bench_eal_stop(void);

/* Starts EAL and opens the ports. 0, or negative with a line on stderr and nothing left open. */
WEIR_MUST_CHECK int bench_session_open(struct bench_session *s,
				       const struct bench_session_cfg *cfg);
void bench_session_close(struct bench_session *s);
/* Waits until all ports have a carrier. False: not within `ns`, or interrupted. */
bool bench_session_wait_link(const struct bench_session *s, uint64_t ns);

/* Runs `fn` on each lcore and sleeps, so that it takes nobody's CPU, until all have returned. */
void bench_run_on_lcores(int (*fn)(void *), void *const *arg, unsigned int n);

/* "CPU AMD EPYC, 2 cores, Linux 6.18.0, hugepages none": for the head of a report. */
void bench_machine(struct weir_buf *out);

#endif
