/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small TCP of the tests' own, to hold lib/tcp against: go-back-N with a fixed window of
 * segments, fast retransmission, selective acknowledgements as a receiver. What it sends and
 * expects is a function of direction and offset, so that every byte is checked.
 */
#ifndef HOST_H
#define HOST_H

#include "segment.h"

#define HOST_BYTES_MAX (1u << 20)

struct host_cfg {
	uint32_t iss;
	uint32_t send;   /* bytes */
	uint32_t expect; /* bytes from the other one */
	uint32_t window; /* bytes it takes at a time */
	uint32_t burst;  /* segments it has under way at most */
	uint16_t mss;
	uint16_t read_every; /* reads only every so many ms; 0: at once */
	uint8_t scale;       /* 0xff: none */
	bool sack, timestamps;
	uint8_t salt; /* of its bytes */
	uint8_t salt_expected;
	/* When the other one is not the only one who speaks: which byte stands at `off`. */
	uint8_t (*byte_expected)(const void *ctx, uint32_t off);
	const void *ctx;
};

struct host {
	struct host_cfg cfg;
	bool active; /* begins */
	bool syn_seen, open, fin_sent, fin_acked, fin_in;
	bool ack_due, failed;
	uint32_t irs;
	uint32_t una, nxt, high; /* offsets in its own stream, from 0; the highest it has sent */
	uint32_t peer_window;
	uint8_t peer_scale;
	uint16_t peer_mss;
	bool sack_ok, ts_ok;
	uint32_t ts_recent;
	uint32_t in;   /* offset of the next byte expected */
	uint32_t read; /* by the application */
	uint32_t fin_at;
	bool fin_known;
	unsigned int dupacks;
	uint64_t resend_ns; /* 0: not armed */
	uint64_t rto_ns;
	uint64_t last_ns;
	uint8_t have[HOST_BYTES_MAX / 8];
};

/* What the host with this salt sends at `off`. */
uint8_t host_byte(uint8_t salt, uint32_t off);
void host_init(struct host *h, const struct host_cfg *cfg, bool active);
void host_input(struct host *h, const struct segment *s, uint64_t now_ns);
/* The next segment it wants to send now. */
bool host_output(struct host *h, struct segment *s, uint64_t now_ns);
bool host_is_done(const struct host *h);

#endif
