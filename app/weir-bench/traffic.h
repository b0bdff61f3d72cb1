/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of `weir-bench traffic` share: its options, its counts, and the modes' hooks. */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include "account.h"
#include "frame.h"
#include "options.h"
#include "session.h"

#include <weir_stats.h>

#define TRAFFIC_BURST     32
#define TRAFFIC_SAMPLE_NS (100 * WEIR_NS_PER_MS)

enum traffic_mode { TRAFFIC_UDP, TRAFFIC_TCP, TRAFFIC_NEWFLOWS, TRAFFIC_FLOOD };

struct traffic_options {
	const char *source;
	const char *sink;
	unsigned int driver; /* index of its word */
	unsigned int mode;   /* enum traffic_mode */
	unsigned int families;
	uint64_t flows;
	uint64_t rate; /* packets a second, 0: as many as go */
	uint64_t packets;
	uint64_t run_ns;
	uint64_t drain_ns;
	uint64_t wait_ns;
	uint64_t queues;
	uint64_t per_connection; /* data segments */
	uint64_t clients;
	uint64_t port;
	uint64_t vlan;
	struct weir_addr client[2], server[2];
	struct bench_sizes sizes;
	struct bench_cpus cpus;
	bool both;
	bool verify;
	bool json;
};

/* Of one direction. */
struct traffic_count {
	uint64_t sent; /* stamped packets, or SYNs of a flood */
	uint64_t sent_bytes;
	uint64_t received_bytes;
	struct bench_account account; /* of stamped packets */
	struct weir_hist latency;     /* ns */
	uint64_t other;               /* frames that are not ours */
	uint64_t bad_checksum;        /* --verify */
};

struct tcp_counts {
	uint64_t opened;            /* handshakes done */
	uint64_t closed;            /* both FINs acknowledged */
	uint64_t failed;            /* given up after retries */
	uint64_t refused;           /* ended by a reset */
	uint64_t stale;             /* segments of connections that are gone */
	uint64_t control;           /* segments without data that were sent */
	uint64_t retried;           /* SYN, SYN-ACK or FIN sent again */
	struct weir_hist handshake; /* ns from SYN to SYN-ACK */
};

/* Frames that a port's transmit queue had no room for wait here, in order. */
struct traffic_out {
	struct rte_mbuf *m[2 * TRAFFIC_BURST];
	unsigned int n;
};

struct tcp_conn;

struct traffic {
	/* fixed after start */
	const struct traffic_options *opt;
	struct bench_session session;
	struct bench_net net;
	struct bench_templates templates;
	uint16_t len[BENCH_SIZES_MAX]; /* frame lengths without FCS, taken in turn */
	bool echo;                     /* what is sent comes back by the same port */
	double ns_per_tsc;
	uint32_t streams;
	struct bench_stream *stream[BENCH_DIRS];
	uint32_t *seq[BENCH_DIRS]; /* the next number of each stream */

	/* the lcore's */
	uint64_t now_tsc;
	uint64_t next;                                    /* packet of the schedule */
	unsigned int place;                               /* in `len` */
	struct traffic_out out[2][WEIR_CONF_WORKERS_MAX]; /* by port and queue */
	struct traffic_count count[BENCH_DIRS];
	struct tcp_conn *conn;
	struct tcp_counts tcp;
	uint32_t turn; /* the connection that is looked at next */

	/* what it took */
	uint64_t begin_tsc, end_tsc; /* of sending */
	double *sample;              /* packets a second that arrived, by TRAFFIC_SAMPLE_NS */
	uint32_t samples;
	uint32_t samples_max;
};

/* A mode: how packets are made, and what is done with those that arrive. */
struct traffic_hooks {
	/* Queues at most `n` packets; returns how many, perhaps none. */
	unsigned int (*send)(struct traffic *t, unsigned int n);
	/* After the run: queues what ends what is open, at most `n`; NULL: nothing stays open. */
	unsigned int (*wind_down)(struct traffic *t, unsigned int n);
	/* A frame of ours arrived. */
	void (*receive)(struct traffic *t, enum bench_dir dir, const uint8_t *frame,
			const struct bench_seen *seen);
};

static inline uint64_t traffic_ns(const struct traffic *t, uint64_t tsc)
{
	return (uint64_t)((double)tsc * t->ns_per_tsc);
}

/* traffic_send.c */
/* Queues a frame; `stream` chooses the queue. False: there is no room or no buffer now. */
bool traffic_emit(struct traffic *t, enum bench_dir dir, uint32_t stream,
		  const struct bench_template *template, const struct bench_fields *fields);
/* The same with the next length and the stream's next stamp, counted. */
bool traffic_send_stamped(struct traffic *t, enum bench_dir dir, uint32_t stream,
			  const struct bench_template *template, struct bench_fields *fields);
/* Counts a stamped packet that arrived. */
void traffic_arrival(struct traffic *t, enum bench_dir dir, const struct bench_seen *seen);
/* Hands what is queued to the ports. */
void traffic_flush(struct traffic *t);
extern const struct traffic_hooks traffic_udp, traffic_newflows, traffic_flood;

/* traffic_tcp.c */
extern const struct traffic_hooks traffic_tcp;
struct tcp_conn *traffic_tcp_create(const struct traffic *t);
void traffic_tcp_destroy(struct tcp_conn *conn);

/* traffic_report.c */
void traffic_report(const struct traffic *t);

#endif
