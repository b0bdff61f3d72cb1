/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures as a source of frames in the order of their time, and as sinks by port. */
#ifndef REPLAY_PCAP_H
#define REPLAY_PCAP_H

#include <weir_base.h>
#include <weir_conf.h>

struct rte_mbuf;
struct rte_mempool;

#define REPLAY_INPUTS_MAX 16

/* One frame; `bytes` stays good until the next call. */
struct replay_frame {
	uint64_t unix_ns;
	struct weir_bytes bytes;
	unsigned int port; /* of the configuration */
	bool cut;          /* the capture's snap length left something out */
};

struct replay_source_cfg {
	const struct weir_conf *conf;
	unsigned int wire;
	/* Frames from this prefix came in by the wire's second port, all others by its first;
	 * family 0: learnt from MAC addresses, the first frame's sender being on the first port. */
	struct weir_prefix inside;
};

struct replay_source;
struct replay_source *replay_source_create(const struct replay_source_cfg *cfg);
void replay_source_destroy(struct replay_source *s);
/* "FILE" or "FILE:PORT"; a capture with a port holds what came in by it. 0, or negative and *why
 * says. */
WEIR_MUST_CHECK int replay_source_add(struct replay_source *s, const char *spec,
				      struct weir_buf *why);
/* The next frame of all captures by time. 1, 0 at the end, negative when a capture is broken
 * (*why). */
WEIR_MUST_CHECK int replay_source_next(struct replay_source *s, struct replay_frame *out,
				       struct weir_buf *why);

/* A frame as a chain of mbufs; NULL: no buffer. */
struct rte_mbuf *replay_frame_mbuf(struct rte_mempool *pool, struct weir_bytes frame);

struct replay_sink;
/* One capture a port, <folder>/<port>.pcap. NULL: could not, and *why says. */
struct replay_sink *replay_sink_create(const struct weir_conf *conf, const char *folder,
				       struct weir_buf *why);
void replay_sink_destroy(struct replay_sink *s);
void replay_sink_write(struct replay_sink *s, unsigned int port, const struct rte_mbuf *m,
		       uint64_t unix_ns);

#endif
