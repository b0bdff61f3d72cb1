/* SPDX-License-Identifier: BSD-3-Clause */
/* A path with one worker between two ports, fed by hand, its output and records kept. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "../weir_test.h"
#include "frames.h"

#include <weir_conf.h>
#include <weir_event.h>
#include <weir_path.h>

#define OUT_MAX 256

/* Frames that left, in order. */
struct out_frame {
	unsigned int port;
	struct frame frame;
};

struct fixture {
	struct weir_conf *conf;
	struct weir_names *names;
	struct rte_mempool *pool;
	struct weir_event_ring *ring;
	struct weir_event_store *store;
	struct weir_path *path;
	struct weir_tls_tickets *tickets;
	struct out_frame out[OUT_MAX];
	unsigned int n_out;
	uint64_t now_ns;
	const char *stream_rules; /* a file, for the generations that follow; NULL: none */
	bool may_lose;            /* frames for which there is no buffer; else there must be one */
};

/* For tests that have no fixture. */
void fixture_start_eal(void);
/* Makes a fixture with room for `connections` under `policy` (YAML documents). */
struct fixture *fixture_create(const char *policy, unsigned int connections);
/* `http2` is its memory.http2. */
struct fixture *fixture_create_with(const char *policy, unsigned int connections,
				    const char *http2);
void fixture_destroy(struct fixture *f);
/* Publishes a generation with `policy`. */
void fixture_reload(struct fixture *f, const char *policy, uint32_t number);
/* Feeds and returns how many frames left because of it. Time goes on by 1 ms. */
unsigned int fixture_feed(struct fixture *f, unsigned int port, const struct frame *frame);
/* The same of `n` frames that came together. */
void fixture_feed_burst(struct fixture *f, unsigned int port, const struct frame *frames,
			unsigned int n);
void fixture_wait(struct fixture *f, uint64_t ns);
/* The last frame that left. */
const struct out_frame *fixture_last(const struct fixture *f);
uint64_t fixture_count(const struct fixture *f, enum weir_counter c);
uint64_t fixture_drops(const struct fixture *f, enum weir_drop d);
/* Takes the records that wait; returns how many (at most `max`). */
unsigned int fixture_events(struct fixture *f, struct weir_event *out, unsigned int max);
/* How many of the waiting records are of `type`; takes them all; the last of it in *last. */
unsigned int fixture_events_of(struct fixture *f, enum weir_event_type type,
			       struct weir_event *last);

/* A three-way handshake from `c` (which has no flags or numbers set); asserts that it crosses. */
void fixture_handshake(struct fixture *f, struct frame_spec c);

#define POLICY_WEB                                                                                 \
	"kind: Group\nmetadata: {name: clients}\nspec: {cidrs: [10.0.0.0/24, 'fd00::/64']}\n---\n" \
	"kind: Group\nmetadata: {name: servers}\nspec: {cidrs: [10.0.1.0/24, 'fd01::/64']}\n---\n" \
	"kind: AccessPolicy\nmetadata: {name: web}\n"                                              \
	"spec: {from: clients, to: servers, protocol: tcp, ports: [80], action: allow}\n---\n"     \
	"kind: AccessPolicy\nmetadata: {name: dns}\n"                                              \
	"spec: {from: clients, to: servers, protocol: udp, ports: [53], action: allow}\n---\n"     \
	"kind: AccessPolicy\nmetadata: {name: ping}\n"                                             \
	"spec: {from: clients, to: servers, protocol: [icmp, icmpv6], action: allow}\n---\n"       \
	"kind: AccessPolicy\nmetadata: {name: no-telnet}\n"                                        \
	"spec: {from: clients, to: servers, protocol: tcp, ports: [23], action: drop}\n"

extern const struct frame_spec client; /* 10.0.0.2:40000 -> 10.0.1.2:80 */
extern const struct frame_spec server; /* the way back */

#endif
