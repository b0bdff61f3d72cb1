/* SPDX-License-Identifier: BSD-3-Clause */
/* A table, packets made by hand, and scripts of TCP segments. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <weir_test.h>

#include "flow_impl.h"

Suite *age_suite(void);
Suite *key_suite(void);
Suite *siphash_suite(void);
Suite *state_suite(void);
Suite *table_suite(void);
Suite *tcp_suite(void);
Suite *window_suite(void);

/* Starts EAL at the first call. */
void fixture_start(void);

/* ---- a table that remembers what ended ---- */

struct bed {
	struct weir_flow_table *table;
	unsigned int ended[WEIR_FLOW_END_STOP + 1];
	uint64_t last_id; /* of the last that ended */
	enum weir_flow_state last_state;
	uint64_t now_ns;
	char name[16];
};

extern const struct weir_siphash_key fixture_key;

/* Asserts that it could be made. */
void bed_init(struct bed *b, uint32_t flows, uint32_t denied, bool evict);
/* Asserts that nothing is left in the table after a clear, nor in its wheel. */
void bed_fini(struct bed *b);

/* ---- packets ---- */

/* A packet and the addresses that its tuple points to. */
struct packet {
	struct weir_pkt p;
	uint8_t src[16];
	uint8_t dst[16];
};

/* Of flow number `n`, from its initiator (dir 0) or its responder; 100 bytes of L3. */
void packet_of(struct packet *k, uint8_t family, uint8_t proto, uint32_t n, uint8_t dir);

/* Adds the flow of the packet and tracks it; asserts success. */
struct weir_flow *bed_begin(struct bed *b, const struct packet *k);
enum weir_drop bed_track(struct bed *b, struct weir_flow *f, const struct packet *k, uint8_t dir);

/* ---- scripts of TCP ---- */

/* Numbers are relative to the initial sequence numbers: a SYN has seq 0. */
struct step {
	uint8_t dir;
	uint8_t flags;
	int64_t seq;
	int64_t ack;
	uint32_t len;
	uint8_t drop;  /* enum weir_drop */
	uint8_t state; /* enum weir_flow_state afterwards, or REOPEN */
	int32_t win;   /* 0: 1000, so that a row may leave it out; ZERO: 0 */
};

#define ZERO     (-1)
#define REOPEN   0xfe
#define NO_SCALE 0xff

#define S  WEIR_TCP_SYN
#define A  WEIR_TCP_ACK
#define F  WEIR_TCP_FIN
#define R  WEIR_TCP_RST
#define SA (WEIR_TCP_SYN | WEIR_TCP_ACK)
#define FA (WEIR_TCP_FIN | WEIR_TCP_ACK)
#define RA (WEIR_TCP_RST | WEIR_TCP_ACK)

#define PASS  WEIR_DROP_NONE
#define STATE WEIR_DROP_TCP_BAD_STATE
#define OUT   WEIR_DROP_TCP_OUT_OF_WINDOW
#define BADA  WEIR_DROP_TCP_BAD_ACK

#define SS WEIR_FLOW_SYN_SENT
#define SR WEIR_FLOW_SYN_RECEIVED
#define ES WEIR_FLOW_ESTABLISHED
#define FW WEIR_FLOW_FIN_WAIT
#define CW WEIR_FLOW_CLOSE_WAIT
#define LA WEIR_FLOW_LAST_ACK
#define TW WEIR_FLOW_TIME_WAIT
#define CL WEIR_FLOW_CLOSED

/* The usual beginning. */
#define HANDSHAKE                                              \
	{0, S, 0, 0, 0, PASS, SS}, {1, SA, 0, 1, 0, PASS, SR}, \
	{                                                      \
		0, A, 1, 1, 0, PASS, ES                        \
	}

/* Runs the steps from several initial sequence numbers, so that they wrap at each place; SYNs have
 * the window scales (NO_SCALE: without the option). Asserts each step's outcome, and that what is
 * dropped was not counted. */
void script_run_scaled(const char *name, const struct step *step, size_t n, uint8_t scale0,
		       uint8_t scale1);

/* A test of that name that runs the array of steps of that name. */
#define SCRIPT_SCALED(name, steps, scale0, scale1)                                      \
	START_TEST(name)                                                                \
	{                                                                               \
		script_run_scaled(#name, steps, WEIR_ARRAY_LEN(steps), scale0, scale1); \
	}                                                                               \
	END_TEST
#define SCRIPT(name, steps) SCRIPT_SCALED(name, steps, NO_SCALE, NO_SCALE)

#endif
