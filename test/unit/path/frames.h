/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for tests: built by field, checksums done. */
#ifndef FRAMES_H
#define FRAMES_H

#include <weir_base.h>

struct frame {
	uint8_t bytes[9216];
	size_t len;
};

/* Zero fields have the defaults of the builder. Addresses as text; IPv6 when `src` has a colon. */
struct frame_spec {
	const char *src, *dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t window; /* 65535 */
	uint8_t tcp_flags;
	uint16_t vlan;
	const char *payload;
	size_t payload_len; /* 0: all of the text; with payload NULL: so many zero bytes */
	bool from_second;   /* MAC addresses of a sender on the wire's second port */
	bool unfinished;    /* transport checksum left to hardware */
	bool df;
};

struct frame frame_tcp(const struct frame_spec *s);
struct frame frame_udp(const struct frame_spec *s);
/* ICMP or ICMPv6 echo; `sport` is the identifier. */
struct frame frame_echo(const struct frame_spec *s, bool reply);
/* Port unreachable about `about`, sent by `src` to `dst`. */
struct frame frame_unreachable(const struct frame_spec *s, const struct frame *about);
struct frame frame_arp(void);
struct frame frame_ether(uint16_t ether_type);
/* Fragment of an IPv4 frame without VLAN: payload bytes [from, to) of L3. */
struct frame frame_fragment(const struct frame *whole, uint16_t id, size_t from, size_t to);

/* What a frame is, for assertions. */
struct frame_view {
	uint8_t proto;
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	uint16_t sport, dport;
	uint32_t seq, ack;
	char src[WEIR_ADDR_TEXT], dst[WEIR_ADDR_TEXT];
	uint16_t vlan;
	uint16_t frag; /* IPv4: the field with flags */
	size_t l3_len;
};
struct frame_view frame_read(const struct frame *f);

#endif
