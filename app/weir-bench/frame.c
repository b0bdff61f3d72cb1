/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames from templates. Checksums are not computed over the frame: a template keeps the sum of all
 * that stays, and a packet adds what it patches (RFC 1071; in the byte order of memory).
 */
#include "frame.h"

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define TTL          64
#define TCP_WINDOW   65535
#define TCP_SCALE    8
#define SYN_OPTIONS  8 /* MSS, NOP, window scale */
#define TCP_SYN_FLAG 0x02

_Static_assert(sizeof(struct bench_stamp) == 18, "a stamp fits a UDP/IPv4 frame of 64 bytes");

/* ---- templates ---- */

static uint8_t *add_ether(uint8_t *at, const struct bench_net *net, uint8_t family,
			  enum bench_dir dir)
{
	static const uint8_t mac[BENCH_DIRS][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)at;
	uint16_t type = rte_cpu_to_be_16(family == 4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	struct rte_vlan_hdr *vlan = (struct rte_vlan_hdr *)(eth + 1);

	memcpy(&eth->src_addr, mac[dir], 6);
	memcpy(&eth->dst_addr, mac[!dir], 6);
	eth->ether_type = type;
	if (!net->vlan)
		return (uint8_t *)vlan;
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
	vlan->vlan_tci = rte_cpu_to_be_16(net->vlan);
	vlan->eth_proto = type;
	return (uint8_t *)(vlan + 1);
}

static uint8_t *add_ipv4(uint8_t *at, struct bench_template *t)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;

	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->time_to_live = TTL;
	ip->next_proto_id = t->proto;
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	t->ip_sum = __rte_raw_cksum(ip, sizeof(*ip), 0);
	return (uint8_t *)(ip + 1);
}

/* All but the low 32 bits of the addresses, which are patched. */
static uint8_t *add_ipv6(uint8_t *at, struct bench_template *t, const struct bench_net *net)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;

	ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
	ip->proto = t->proto;
	ip->hop_limits = TTL;
	memcpy(t->dir == BENCH_TO_SERVER ? ip->src_addr : ip->dst_addr, net->client[1].bytes, 12);
	memcpy(t->dir == BENCH_TO_SERVER ? ip->dst_addr : ip->src_addr, net->server[1].bytes, 12);
	t->l4_sum = __rte_raw_cksum(ip->src_addr, 32, 0);
	return (uint8_t *)(ip + 1);
}

static uint8_t *add_syn_options(uint8_t *at, uint8_t family)
{
	uint16_t mss = family == 4 ? 1460 : 1440;
	const uint8_t options[SYN_OPTIONS] = {2, 4,        (uint8_t)(mss >> 8), (uint8_t)mss, 1, 3,
					      3, TCP_SCALE};

	memcpy(at, options, sizeof(options));
	return at + sizeof(options);
}

static uint8_t *add_tcp(uint8_t *at, const struct bench_template *t, bool syn)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)at;
	size_t bytes = sizeof(*tcp) + (syn ? SYN_OPTIONS : 0);

	tcp->data_off = (uint8_t)(bytes / 4 << 4);
	tcp->rx_win = rte_cpu_to_be_16(TCP_WINDOW);
	return syn ? add_syn_options((uint8_t *)(tcp + 1), t->family) : (uint8_t *)(tcp + 1);
}

/* The server's port stands in every frame, the client's is patched. */
static void set_server_port(uint8_t *l4, uint16_t port, uint8_t dir)
{
	uint16_t port_be = rte_cpu_to_be_16(port);

	memcpy(l4 + (dir == BENCH_TO_SERVER ? 2 : 0), &port_be, 2);
}

static uint32_t low_word(const struct weir_addr *a)
{
	uint32_t word;

	memcpy(&word, a->bytes + 12, 4);
	return word;
}

static void template_init(struct bench_template *t, const struct bench_net *net, bool v6,
			  enum bench_dir dir, bool syn)
{
	uint8_t *l3, *l4, *payload;

	*t = (struct bench_template){
		.family = v6 ? 6 : 4, .proto = net->proto, .dir = (uint8_t)dir};
	t->client = rte_be_to_cpu_32(low_word(&net->client[v6]));
	t->server = low_word(&net->server[v6]);
	t->clients = net->clients;
	l3 = add_ether(t->head, net, t->family, dir);
	l4 = v6 ? add_ipv6(l3, t, net) : add_ipv4(l3, t);
	payload = t->proto == IPPROTO_TCP ? add_tcp(l4, t, syn) : l4 + sizeof(struct rte_udp_hdr);
	set_server_port(l4, net->port, t->dir);
	t->l3 = (uint16_t)(l3 - t->head);
	t->l4 = (uint16_t)(l4 - t->head);
	t->payload = (uint16_t)(payload - t->head);
	t->l4_sum += __rte_raw_cksum(l4, (size_t)(payload - l4), 0) + rte_cpu_to_be_16(t->proto);
}

void bench_templates_init(struct bench_templates *t, const struct bench_net *net)
{
	t->families = net->families;
	for (unsigned int v6 = 0; v6 < 2; v6++)
		for (unsigned int dir = 0; dir < BENCH_DIRS; dir++)
			for (unsigned int syn = 0; syn < 2; syn++)
				template_init(&t->of[v6][dir][syn], net, v6, dir, syn);
}

uint16_t bench_frame_min(const struct bench_templates *t, bool stamped)
{
	unsigned int v6 = t->families == BENCH_V4 ? 0 : 1;
	uint16_t need = t->of[v6][0][0].payload + (stamped ? sizeof(struct bench_stamp) : 0);
	uint16_t ethernet = RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN;

	return need > ethernet ? need : ethernet;
}

/* ---- a packet ---- */

static uint16_t finish(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Returns what it adds to the payload's sum. */
static uint64_t put_stamp(uint8_t *at, const struct bench_stamp *stamp)
{
	uint64_t words[3] = {0};

	memcpy(at, stamp, sizeof(*stamp));
	memcpy(words, stamp, sizeof(*stamp));
	return (words[0] & 0xffffffff) + (words[0] >> 32) + (words[1] & 0xffffffff) +
	       (words[1] >> 32) + words[2];
}

static uint64_t put_tcp(struct rte_tcp_hdr *tcp, const struct bench_fields *f)
{
	uint16_t flags = rte_cpu_to_be_16(f->tcp_flags);

	tcp->sent_seq = rte_cpu_to_be_32(f->tcp_seq);
	tcp->recv_ack = rte_cpu_to_be_32(f->tcp_ack);
	tcp->tcp_flags = f->tcp_flags;
	return (uint64_t)tcp->sent_seq + tcp->recv_ack + flags;
}

struct ends {
	uint32_t src, dst; /* low words of the addresses, as on the wire */
	uint16_t client_port;
	uint64_t sum;
};

static struct ends ends_of(const struct bench_template *t, uint32_t number)
{
	uint32_t client = rte_cpu_to_be_32(t->client + number % t->clients);
	uint16_t port = BENCH_PORT_FIRST + (uint16_t)(number / t->clients % BENCH_PORTS);
	struct ends e = {
		.src = t->dir == BENCH_TO_SERVER ? client : t->server,
		.dst = t->dir == BENCH_TO_SERVER ? t->server : client,
		.client_port = rte_cpu_to_be_16(port),
	};

	e.sum = (uint64_t)e.src + e.dst;
	return e;
}

static void put_ipv4(uint8_t *at, const struct bench_template *t, const struct ends *e,
		     uint16_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;

	ip->total_length = rte_cpu_to_be_16(len - t->l3);
	ip->src_addr = e->src;
	ip->dst_addr = e->dst;
	ip->hdr_checksum = finish(t->ip_sum + e->sum + ip->total_length);
}

static void put_ipv6(uint8_t *at, const struct bench_template *t, const struct ends *e,
		     uint16_t len)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;

	ip->payload_len = rte_cpu_to_be_16(len - t->l4);
	memcpy(ip->src_addr + 12, &e->src, 4);
	memcpy(ip->dst_addr + 12, &e->dst, 4);
}

void bench_frame_write(uint8_t *frame, const struct bench_template *t, const struct bench_fields *f)
{
	struct ends e = ends_of(t, f->number);
	uint16_t l4_len = rte_cpu_to_be_16(f->len - t->l4);
	uint64_t sum = t->l4_sum + e.sum + e.client_port + l4_len;
	uint8_t *l4 = frame + t->l4;

	memcpy(frame, t->head, BENCH_HEAD_BYTES);
	if (t->family == 4)
		put_ipv4(frame + t->l3, t, &e, f->len);
	else
		put_ipv6(frame + t->l3, t, &e, f->len);
	memcpy(l4 + (t->dir == BENCH_TO_SERVER ? 0 : 2), &e.client_port, 2);
	if (f->stamped)
		sum += put_stamp(frame + t->payload, &f->stamp);
	if (t->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)l4;

		sum += put_tcp(tcp, f);
		tcp->cksum = finish(sum);
	} else {
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)l4;

		udp->dgram_len = l4_len;
		udp->dgram_cksum = finish(sum + l4_len);
		if (udp->dgram_cksum == 0)
			udp->dgram_cksum = 0xffff;
	}
}

/* ---- the sink ---- */

static bool read_l3(struct weir_cursor *c, const uint8_t *frame, struct bench_seen *out,
		    uint32_t *l4_len)
{
	uint16_t type;

	weir_cursor_take(c, 12);
	type = weir_cursor_u16(c);
	if (type == RTE_ETHER_TYPE_VLAN) {
		weir_cursor_u16(c);
		type = weir_cursor_u16(c);
	}
	out->l3 = (uint16_t)(c->pos - frame);
	if (type == RTE_ETHER_TYPE_IPV4) {
		const struct rte_ipv4_hdr *ip = (const void *)weir_cursor_take(c, sizeof(*ip));

		if (!ip || ip->version_ihl != RTE_IPV4_VHL_DEF)
			return false;
		out->family = 4;
		out->proto = ip->next_proto_id;
		*l4_len = rte_be_to_cpu_16(ip->total_length) - (uint32_t)sizeof(*ip);
	} else if (type == RTE_ETHER_TYPE_IPV6) {
		const struct rte_ipv6_hdr *ip = (const void *)weir_cursor_take(c, sizeof(*ip));

		if (!ip)
			return false;
		out->family = 6;
		out->proto = ip->proto;
		*l4_len = rte_be_to_cpu_16(ip->payload_len);
	} else {
		return false;
	}
	out->l4 = (uint16_t)(c->pos - frame);
	return *l4_len <= weir_cursor_left(c);
}

static void read_tcp(struct weir_cursor *c, struct bench_seen *out)
{
	const uint8_t *off_flags;
	size_t header;

	out->tcp_seq = weir_cursor_u32(c);
	out->tcp_ack = weir_cursor_u32(c);
	off_flags = weir_cursor_take(c, 2);
	weir_cursor_take(c, 6);
	if (!c->ok)
		return;
	header = (size_t)(off_flags[0] >> 4) * 4;
	out->tcp_flags = off_flags[1];
	if (header < sizeof(struct rte_tcp_hdr))
		c->ok = false;
	else
		weir_cursor_take(c, header - sizeof(struct rte_tcp_hdr));
}

bool bench_frame_read(const uint8_t *frame, uint32_t len, struct bench_seen *out)
{
	struct weir_cursor c = weir_cursor_of(frame, len);
	uint32_t l4_len;

	if (!read_l3(&c, frame, out, &l4_len))
		return false;
	c.end = c.pos + l4_len; /* what follows is padding */
	out->sport = weir_cursor_u16(&c);
	out->dport = weir_cursor_u16(&c);
	if (out->proto == IPPROTO_TCP)
		read_tcp(&c, out);
	else if (out->proto == IPPROTO_UDP)
		weir_cursor_take(&c, 4);
	else
		return false;
	if (!c.ok)
		return false;
	out->payload_len = (uint32_t)weir_cursor_left(&c);
	out->stamped = out->payload_len >= sizeof(out->stamp);
	if (out->stamped) {
		memcpy(&out->stamp, c.pos, sizeof(out->stamp));
		out->stamped = out->stamp.magic == BENCH_STAMP_MAGIC;
	}
	return true;
}

uint32_t bench_frame_number(const struct bench_net *net, const uint8_t *frame,
			    const struct bench_seen *seen, enum bench_dir dir)
{
	bool v6 = seen->family == 6, to_server = dir == BENCH_TO_SERVER;
	const uint8_t *l3 = frame + seen->l3;
	const uint8_t *src = v6 ? l3 + offsetof(struct rte_ipv6_hdr, src_addr) + 12
				: l3 + offsetof(struct rte_ipv4_hdr, src_addr);
	const uint8_t *dst = src + (v6 ? 16 : 4);
	uint32_t client, server;
	uint16_t port = to_server ? seen->sport : seen->dport;

	memcpy(&client, to_server ? src : dst, 4);
	memcpy(&server, to_server ? dst : src, 4);
	client = rte_be_to_cpu_32(client) - rte_be_to_cpu_32(low_word(&net->client[v6]));
	if (server != low_word(&net->server[v6]) || client >= net->clients ||
	    (to_server ? seen->dport : seen->sport) != net->port || port < BENCH_PORT_FIRST)
		return UINT32_MAX;
	return (uint32_t)(port - BENCH_PORT_FIRST) * net->clients + client;
}
