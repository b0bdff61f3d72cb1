/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection carried by lib/tcp, with the frames that it sends caught for the test to read. */
#ifndef LAB_H
#define LAB_H

#include "segment.h"

#include <weir_tcp.h>

#include <weir_test.h>

#define LAB_CAUGHT_MAX 4096

struct lab {
	struct weir_tcp *tcp;
	struct weir_tcp_conn *conn; /* NULL: none, or over */
	struct weir_stats stats;
	struct weir_tcp_ops ops;
	uint64_t now_ns;
	uint8_t family;
	uint16_t mtu;
	void (*reader)(struct lab *l, unsigned int leg); /* instead of passing them */
	bool hold;            /* bytes are not passed on when they come */
	bool later;           /* a script's own words wait for its flush */
	bool by_cookie;       /* SYNs are answered as in a flood */
	unsigned int told[2]; /* how often on_bytes was called, by leg */
	bool ended;
	enum weir_tcp_end end;
	enum weir_drop last; /* what weir_tcp_input said */
	/* frames to the peer of each leg */
	struct rte_mbuf *caught[2][LAB_CAUGHT_MAX];
	unsigned int first[2], end_at[2];
	unsigned int in_use; /* buffers of the pool before the lab opened */
};

void lab_start(void); /* EAL and the pool, once */
struct rte_mempool *lab_pool(void);

struct lab_cfg {
	uint8_t family;
	uint16_t mtu;
	uint32_t segments;
	uint32_t sack_legs;
	uint32_t window;
	uint64_t seed;
	bool by_cookie;
};
void lab_open(struct lab *l, const struct lab_cfg *cfg);
/* And nothing of it is left. */
void lab_close(struct lab *l);

/* Gives a segment from host `from` to weir, and flushes, unless that is to be later. The first SYN
 * opens the connection. */
void lab_send(struct lab *l, unsigned int from, const struct segment *s);
/* The same for a frame. */
void lab_send_frame(struct lab *l, unsigned int from, struct rte_mbuf *m);
/* The next segment that weir sent to host `to`. */
bool lab_next(struct lab *l, unsigned int to, struct segment *s);
void lab_advance(struct lab *l, uint64_t ns);

/* ---- suites ---- */

Suite *tcp_cookie_suite(void);
Suite *tcp_line_suite(void);
Suite *tcp_middle_suite(void);
Suite *tcp_own_suite(void);
Suite *tcp_rules_suite(void);

#endif
