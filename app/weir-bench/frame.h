/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of the bench: a template is built once for each kind, patched for each packet, and read
 * back at the sink. The payload begins with a stamp; what follows it is zeros.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <weir_base.h>

/* So much of a frame is written anew each time; the buffer behind it holds zeros. */
#define BENCH_HEAD_BYTES 128

#define BENCH_STAMP_MAGIC 0x7e1b
#define BENCH_PORT_FIRST  1024
#define BENCH_PORTS       64512 /* source ports in use: 1024..65535 */

enum bench_dir { BENCH_TO_SERVER, BENCH_TO_CLIENT, BENCH_DIRS };
enum bench_families { BENCH_V4, BENCH_V6, BENCH_BOTH }; /* both: odd numbers are IPv6 */

/*
 * Number n stands for the connection from client n % clients, port 1024 + n / clients % 64512, to
 * the server; so clients * 64512 numbers differ.
 */
struct bench_net {
	unsigned int families; /* enum bench_families */
	uint8_t proto;         /* IPPROTO_UDP or IPPROTO_TCP */
	uint16_t vlan;         /* 0: untagged */
	uint16_t port;         /* of the server, host order */
	uint32_t clients;
	struct weir_addr client[2]; /* the first client, IPv4 and IPv6 */
	struct weir_addr server[2];
};

/* In the sender's byte order, as source and sink are one process. */
struct bench_stamp {
	uint16_t magic;
	uint32_t stream;
	uint32_t seq;
	uint64_t tsc; /* when it was sent */
} __attribute__((packed));

/* What differs from packet to packet. */
struct bench_fields {
	uint32_t number;
	uint16_t len; /* of the frame without its FCS, bytes; at least the template's own */
	bool stamped;
	struct bench_stamp stamp;
	uint8_t tcp_flags; /* TCP only, as on the wire */
	uint32_t tcp_seq;
	uint32_t tcp_ack;
};

struct bench_template {
	uint8_t head[BENCH_HEAD_BYTES];
	uint32_t client; /* low 32 bits of the first client's address, host order */
	uint32_t server; /* the same of the server, as on the wire */
	uint32_t clients;
	uint64_t ip_sum; /* of what is not patched, not folded */
	uint64_t l4_sum; /* the same, with the pseudo-header */
	uint16_t l3;     /* offsets */
	uint16_t l4;
	uint16_t payload;
	uint8_t family; /* 4 or 6 */
	uint8_t proto;
	uint8_t dir; /* enum bench_dir */
};

/* A template for each kind: [IPv4 or IPv6][direction][plain or SYN]. */
struct bench_templates {
	struct bench_template of[2][BENCH_DIRS][2];
	unsigned int families;
};
void bench_templates_init(struct bench_templates *t, const struct bench_net *net);

static inline const struct bench_template *
bench_template_of(const struct bench_templates *t, uint32_t number, enum bench_dir dir, bool syn)
{
	unsigned int v6 = t->families == BENCH_BOTH ? number & 1 : t->families;

	return &t->of[v6][dir][syn];
}

/* The smallest frame, bytes without FCS, that holds the headers of all kinds and, when `stamped`, a
 * stamp. */
uint16_t bench_frame_min(const struct bench_templates *t, bool stamped);

/* Writes BENCH_HEAD_BYTES of a frame with right checksums. */
void bench_frame_write(uint8_t *frame, const struct bench_template *t,
		       const struct bench_fields *f);

/* What the sink sees. Numbers in host order. */
struct bench_seen {
	uint8_t family; /* 4 or 6 */
	uint8_t proto;
	uint8_t tcp_flags;
	bool stamped;
	uint16_t l3; /* offsets */
	uint16_t l4;
	uint16_t sport;
	uint16_t dport;
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint32_t payload_len; /* bytes */
	struct bench_stamp stamp;
};
/* Reads `len` bytes, which may be anything. False: not TCP or UDP over IP, or cut short. */
bool bench_frame_read(const uint8_t *frame, uint32_t len, struct bench_seen *out);

/* The number of the connection that `seen`, of direction `dir`, belongs to; UINT32_MAX: none. The
 * frame is the one that was read. */
uint32_t bench_frame_number(const struct bench_net *net, const uint8_t *frame,
			    const struct bench_seen *seen, enum bench_dir dir);

#endif
