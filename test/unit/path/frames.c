/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for tests: built by field, checksums done. */
#include "frames.h"

#include <arpa/inet.h>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

static const uint8_t mac_first[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t mac_second[6] = {2, 0, 0, 0, 0, 2};

static void put(struct frame *f, const void *bytes, size_t len)
{
	weir_assert(f->len + len <= sizeof(f->bytes));
	if (bytes)
		memcpy(f->bytes + f->len, bytes, len);
	else
		memset(f->bytes + f->len, 0, len);
	f->len += len;
}

static void put_u16(struct frame *f, uint16_t v)
{
	uint16_t be = htons(v);

	put(f, &be, 2);
}

static void put_ether(struct frame *f, const struct frame_spec *s, uint16_t type)
{
	put(f, s->from_second ? mac_first : mac_second, 6);
	put(f, s->from_second ? mac_second : mac_first, 6);
	if (s->vlan) {
		put_u16(f, 0x8100);
		put_u16(f, s->vlan);
	}
	put_u16(f, type);
}

static bool is_v6(const struct frame_spec *s)
{
	return strchr(s->src, ':') != NULL;
}

/* Ethernet and IP headers for `len` bytes of payload; returns where IP begins. */
static size_t put_headers(struct frame *f, const struct frame_spec *s, uint8_t proto, size_t len)
{
	size_t l3;

	put_ether(f, s, is_v6(s) ? 0x86dd : 0x0800);
	l3 = f->len;
	if (is_v6(s)) {
		struct rte_ipv6_hdr ip = {.vtc_flow = htonl(6u << 28),
					  .payload_len = htons((uint16_t)len),
					  .proto = proto,
					  .hop_limits = 64};

		inet_pton(AF_INET6, s->src, ip.src_addr);
		inet_pton(AF_INET6, s->dst, ip.dst_addr);
		put(f, &ip, sizeof(ip));
	} else {
		struct rte_ipv4_hdr ip = {.version_ihl = 0x45,
					  .total_length = htons((uint16_t)(20 + len)),
					  .fragment_offset = htons(s->df ? 0x4000 : 0),
					  .time_to_live = 64,
					  .next_proto_id = proto};

		inet_pton(AF_INET, s->src, &ip.src_addr);
		inet_pton(AF_INET, s->dst, &ip.dst_addr);
		ip.hdr_checksum = rte_ipv4_cksum(&ip);
		put(f, &ip, sizeof(ip));
	}
	return l3;
}

static size_t payload_len(const struct frame_spec *s)
{
	return s->payload && !s->payload_len ? strlen(s->payload) : s->payload_len;
}

static uint16_t pseudo_sum(const struct frame *f, size_t l3, bool v6)
{
	return v6 ? rte_ipv6_phdr_cksum((const void *)(f->bytes + l3), 0)
		  : rte_ipv4_phdr_cksum((const void *)(f->bytes + l3), 0);
}

static uint16_t transport_sum(const struct frame *f, const struct frame_spec *s, size_t l3,
			      size_t l4)
{
	const void *ip = f->bytes + l3, *transport = f->bytes + l4;

	if (s->unfinished)
		return pseudo_sum(f, l3, is_v6(s));
	return is_v6(s) ? rte_ipv6_udptcp_cksum(ip, transport)
			: rte_ipv4_udptcp_cksum(ip, transport);
}

struct frame frame_tcp(const struct frame_spec *s)
{
	struct frame f = {.len = 0};
	size_t l3 = put_headers(&f, s, IPPROTO_TCP, 20 + payload_len(s)), l4 = f.len;
	struct rte_tcp_hdr tcp = {
		.src_port = htons(s->sport),
		.dst_port = htons(s->dport),
		.sent_seq = htonl(s->seq),
		.recv_ack = htonl(s->ack),
		.data_off = 5 << 4,
		.tcp_flags = s->tcp_flags,
		.rx_win = htons(s->window ? s->window : 65535),
	};
	uint16_t sum;

	put(&f, &tcp, sizeof(tcp));
	put(&f, s->payload, payload_len(s));
	sum = transport_sum(&f, s, l3, l4);
	memcpy(f.bytes + l4 + 16, &sum, 2);
	return f;
}

struct frame frame_udp(const struct frame_spec *s)
{
	struct frame f = {.len = 0};
	size_t l3 = put_headers(&f, s, IPPROTO_UDP, 8 + payload_len(s)), l4 = f.len;
	uint16_t sum;

	put_u16(&f, s->sport);
	put_u16(&f, s->dport);
	put_u16(&f, (uint16_t)(8 + payload_len(s)));
	put_u16(&f, 0);
	put(&f, s->payload, payload_len(s));
	sum = transport_sum(&f, s, l3, l4);
	memcpy(f.bytes + l4 + 6, &sum, 2);
	return f;
}

static void finish_icmp(struct frame *f, size_t l3, size_t l4, bool v6)
{
	uint16_t sum;

	if (v6)
		sum = rte_ipv6_udptcp_cksum((const void *)(f->bytes + l3), f->bytes + l4);
	else
		sum = (uint16_t)~rte_raw_cksum(f->bytes + l4, f->len - l4);
	memcpy(f->bytes + l4 + 2, &sum, 2);
}

struct frame frame_echo(const struct frame_spec *s, bool reply)
{
	bool v6 = is_v6(s);
	struct frame f = {.len = 0};
	size_t l3 = put_headers(&f, s, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 8 + payload_len(s));
	size_t l4 = f.len;
	uint8_t type = v6 ? (reply ? 129 : 128) : (reply ? 0 : 8);

	put(&f, &type, 1);
	put(&f, NULL, 3);
	put_u16(&f, s->sport);
	put_u16(&f, 1);
	put(&f, s->payload, payload_len(s));
	finish_icmp(&f, l3, l4, v6);
	return f;
}

struct frame frame_unreachable(const struct frame_spec *s, const struct frame *about)
{
	bool v6 = is_v6(s);
	size_t quoted = about->len - 14 < (v6 ? 48u : 28u) ? about->len - 14 : (v6 ? 48u : 28u);
	struct frame f = {.len = 0};
	size_t l3 = put_headers(&f, s, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 8 + quoted), l4 = f.len;
	uint8_t head[2] = {v6 ? 1 : 3, v6 ? 4 : 3};

	put(&f, head, 2);
	put(&f, NULL, 6);
	put(&f, about->bytes + 14, quoted);
	finish_icmp(&f, l3, l4, v6);
	return f;
}

struct frame frame_arp(void)
{
	struct frame f = {.len = 0};

	put_ether(&f, &(struct frame_spec){0}, 0x0806);
	put(&f, NULL, 46);
	return f;
}

struct frame frame_ether(uint16_t ether_type)
{
	struct frame f = {.len = 0};

	put_ether(&f, &(struct frame_spec){0}, ether_type);
	put(&f, NULL, 46);
	return f;
}

struct frame frame_fragment(const struct frame *whole, uint16_t id, size_t from, size_t to)
{
	struct frame f = {.len = 0};
	struct rte_ipv4_hdr ip;
	bool more = 34 + to < whole->len;

	memcpy(&ip, whole->bytes + 14, sizeof(ip));
	ip.packet_id = htons(id);
	ip.total_length = htons((uint16_t)(20 + to - from));
	ip.fragment_offset = htons((uint16_t)(from / 8 | (more ? 0x2000 : 0)));
	ip.hdr_checksum = 0;
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	put(&f, whole->bytes, 14);
	put(&f, &ip, sizeof(ip));
	put(&f, whole->bytes + 34 + from, to - from);
	return f;
}

static void read_transport(struct frame_view *v, struct weir_cursor *c)
{
	if (v->proto == IPPROTO_ICMP || v->proto == IPPROTO_ICMPV6) {
		v->icmp_type = weir_cursor_u8(c);
		v->icmp_code = weir_cursor_u8(c);
		return;
	}
	v->sport = weir_cursor_u16(c);
	v->dport = weir_cursor_u16(c);
	if (v->proto != IPPROTO_TCP)
		return;
	v->seq = weir_cursor_u32(c);
	v->ack = weir_cursor_u32(c);
	weir_cursor_u8(c);
	v->tcp_flags = weir_cursor_u8(c);
}

struct frame_view frame_read(const struct frame *f)
{
	struct weir_cursor c = weir_cursor_of(f->bytes, f->len);
	struct frame_view v = {0};
	uint16_t type;

	weir_cursor_take(&c, 12);
	type = weir_cursor_u16(&c);
	if (type == 0x8100) {
		v.vlan = weir_cursor_u16(&c) & 0xfff;
		type = weir_cursor_u16(&c);
	}
	v.l3_len = weir_cursor_left(&c);
	if (type == 0x0800) {
		weir_cursor_take(&c, 6);
		v.frag = weir_cursor_u16(&c);
		weir_cursor_u8(&c);
		v.proto = weir_cursor_u8(&c);
		weir_cursor_u16(&c);
		inet_ntop(AF_INET, weir_cursor_take(&c, 4), v.src, sizeof(v.src));
		inet_ntop(AF_INET, weir_cursor_take(&c, 4), v.dst, sizeof(v.dst));
	} else if (type == 0x86dd) {
		weir_cursor_take(&c, 6);
		v.proto = weir_cursor_u8(&c);
		weir_cursor_u8(&c);
		inet_ntop(AF_INET6, weir_cursor_take(&c, 16), v.src, sizeof(v.src));
		inet_ntop(AF_INET6, weir_cursor_take(&c, 16), v.dst, sizeof(v.dst));
	} else {
		return v;
	}
	read_transport(&v, &c);
	return v;
}
