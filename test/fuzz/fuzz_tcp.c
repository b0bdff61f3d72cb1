/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments in any sequence to a connection that weir carries: records of {what, number, number,
 * length, more, words}. Who reads the bytes passes them on, throws some away, has words of its own,
 * ends streams. What must hold of the connection holds after each; what was passed and said comes
 * out in order and as it came first; nothing is left at the end.
 */
#include <weir_mem.h>
#include <weir_pkt.h>
#include <weir_tcp.h>

#include <stdlib.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_tcp.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD     8
#define BUFFERS    1023
#define STREAM     65536
#define PIECES     512
#define CLIENT_ISN 0xfffff000u
#define SERVER_ISN 5000u

/* What stands in the stream to a peer from `at` on: the other peer's bytes from this number on, or
 * weir's own. */
struct piece {
	uint32_t at;
	uint32_t number;
	bool own;
};

struct told {
	struct piece piece[PIECES];
	unsigned int n;
	uint32_t bytes;
	bool shut;
};

struct bed {
	struct weir_tcp *tcp;
	struct weir_tcp_conn *conn;
	struct weir_tcp_ops ops;
	struct weir_stats stats;
	uint64_t now_ns;
	bool hold, apart;
	uint8_t words; /* what on_bytes does, and with how much */
	uint32_t words_len;
	uint32_t taken[2];
	struct told told[2];
	uint32_t cookie; /* 0: the peers did it with each other */
	uint32_t offset; /* of the numbers towards the client from the server's */
};

static struct rte_mempool *pool;
static const uint32_t isn[2] = {CLIENT_ISN, SERVER_ISN};

static void start(void)
{
	struct weir_eal_cfg eal = {.program = "fuzz_tcp", .need_bytes = 64 << 20, .quiet = true};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	pool = weir_mbuf_pool_create("fuzz", BUFFERS, 1600, 0);
	weir_assert(pool != NULL);
}

/* A byte is a function of its number, so every repetition and overlap agrees. */
static uint8_t byte_at(unsigned int from, uint32_t seq)
{
	return (uint8_t)((seq - isn[from]) * 7 + from);
}

static uint8_t own_byte(uint32_t off)
{
	return (uint8_t)(off * 13 + 100);
}

/* ---- what was told ---- */

static uint32_t first_from(const struct weir_tcp_conn *c, unsigned int leg)
{
	struct weir_tcp_edge e;

	weir_tcp_edge(c, leg, &e);
	return e.seq_start;
}

/* The first number of the stream to the peer of `leg`. */
static uint32_t first_to(const struct bed *b, const struct weir_tcp_conn *c, unsigned int leg)
{
	return leg == 0 && b->cookie ? b->cookie + 1 : first_from(c, !leg);
}

static uint8_t byte_told(const struct bed *b, unsigned int to, uint32_t off)
{
	const struct told *o = &b->told[to];
	unsigned int i = o->n;

	weir_assert(off < o->bytes);
	while (o->piece[i - 1].at > off)
		i--;
	off = o->piece[i - 1].number + off - o->piece[i - 1].at;
	return o->piece[i - 1].own ? own_byte(off) : byte_at(!to, off);
}

static void note_told(struct bed *b, unsigned int to, uint32_t number, bool own, uint32_t n)
{
	struct told *o = &b->told[to];
	struct piece *last = o->n ? &o->piece[o->n - 1] : NULL;

	if (!n)
		return;
	weir_assert(!o->shut);
	if (!last || last->own != own || last->number + (o->bytes - last->at) != number) {
		weir_assert(o->n < PIECES);
		o->piece[o->n++] = (struct piece){o->bytes, number, own};
	}
	o->bytes += n;
}

/* ---- what weir does ---- */

static void on_send(void *ctx, struct weir_tcp_conn *c, unsigned int leg, struct rte_mbuf *m)
{
	const struct bed *b = ctx;
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	weir_assert(p.drop == 0 && p.tuple.proto == WEIR_PROTO_TCP);
	for (uint32_t i = 0; i < p.payload_len; i++)
		weir_assert(*rte_pktmbuf_mtod_offset(m, uint8_t *, p.payload_off + i) ==
			    byte_told(b, leg, p.seq + i - first_to(b, c, leg)));
	rte_pktmbuf_free(m);
}

static void pass(struct bed *b, struct weir_tcp_conn *c, unsigned int leg, uint32_t n)
{
	uint32_t off = (uint32_t)weir_tcp_offset(c, leg);

	weir_tcp_pass(b->tcp, c, leg, n);
	b->taken[leg] = (uint32_t)weir_tcp_offset(c, leg);
	if (!b->told[!leg].shut)
		note_told(b, !leg, first_from(c, leg) + off, false, b->taken[leg] - off);
}

static void discard(struct bed *b, struct weir_tcp_conn *c, unsigned int leg, uint32_t n)
{
	uint32_t there = weir_tcp_readable(c, leg), off = (uint32_t)weir_tcp_offset(c, leg);
	uint32_t got = weir_tcp_discard(b->tcp, c, leg, n);

	weir_assert(got == (n < there ? n : there));
	b->apart |= got != 0;
	b->taken[leg] = off + got;
	weir_assert(weir_tcp_offset(c, leg) == b->taken[leg]);
}

static void say(struct bed *b, struct weir_tcp_conn *c, unsigned int leg)
{
	uint32_t queued = weir_tcp_queued(c, leg), at = b->told[leg].bytes;
	uint8_t bytes[4096];
	int got;

	for (uint32_t i = 0; i < b->words_len; i++)
		bytes[i] = own_byte(at + i);
	got = weir_tcp_write(b->tcp, c, leg, weir_bytes_of(bytes, b->words_len));
	weir_assert(weir_tcp_queued(c, leg) == queued + (got ? 0 : b->words_len));
	weir_assert(got == -WEIR_EINVAL || !b->told[leg].shut);
	if (got)
		return;
	b->apart |= b->words_len != 0;
	note_told(b, leg, at, true, b->words_len);
}

static void shut(struct bed *b, struct weir_tcp_conn *c, unsigned int leg)
{
	weir_tcp_shut(b->tcp, c, leg);
	b->told[leg].shut = true;
}

static void abort_leg(struct bed *b, struct weir_tcp_conn *c, unsigned int leg)
{
	weir_tcp_abort_leg(b->tcp, c, leg, b->now_ns);
	b->told[leg].shut = b->apart = true;
}

/* Words about bytes of the peer of `leg`, of which there are `n`. */
static void act(struct bed *b, struct weir_tcp_conn *c, unsigned int leg, uint32_t n)
{
	switch (b->words & 7) {
	case 0:
		break;
	case 1:
		discard(b, c, leg, n / 2);
		break;
	case 2:
		discard(b, c, leg, n);
		say(b, c, leg);
		break;
	case 3:
		say(b, c, !leg);
		break;
	case 4:
		discard(b, c, leg, n);
		say(b, c, leg);
		shut(b, c, leg);
		shut(b, c, !leg);
		break;
	case 5:
		abort_leg(b, c, !leg);
		say(b, c, leg);
		if (b->words_len & 1)
			shut(b, c, leg);
		break;
	case 6:
		shut(b, c, !leg);
		break;
	default:
		abort_leg(b, c, leg);
	}
}

static void on_bytes(void *ctx, struct weir_tcp_conn *c, unsigned int leg)
{
	struct bed *b = ctx;
	uint32_t n = weir_tcp_readable(c, leg);

	weir_assert(!b->told[!leg].shut);
	/* Nothing was dropped unasked. */
	weir_assert(weir_tcp_offset(c, leg) == b->taken[leg]);
	if (b->hold)
		n /= 2;
	if (b->told[0].n + 4 > PIECES || b->told[1].n + 4 > PIECES) {
		weir_tcp_abort(b->tcp, c, 3, b->now_ns);
		return;
	}
	act(b, c, leg, n);
	pass(b, c, leg, n);
}

static void on_end(void *ctx, struct weir_tcp_conn *c, enum weir_tcp_end why)
{
	struct bed *b = ctx;

	(void)why;
	weir_assert(c == b->conn);
	b->conn = NULL;
}

/* ---- segments ---- */

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	v = rte_cpu_to_be_32(v);
	memcpy(at, &v, 4);
	return at + 4;
}

static size_t options_of(uint8_t *at, uint8_t more, uint8_t flags, uint32_t seq, uint32_t ack)
{
	uint8_t *start = at;

	if (flags & WEIR_TCP_SYN) {
		static const uint8_t syn[] = {2, 4, 2, 24, 4, 2, 1, 1, 3, 3, 5, 1};

		memcpy(at, syn, sizeof(syn));
		at += more & 1 ? sizeof(syn) : 4;
	}
	if (more & 2) {
		memcpy(at, (const uint8_t[]){1, 1, 8, 10}, 4);
		at = put32(put32(at + 4, 1000 + (seq >> 8)), more);
	}
	if (more & 4 && !(flags & WEIR_TCP_SYN)) {
		memcpy(at, (const uint8_t[]){1, 1, 5, 18}, 4);
		at = put32(put32(at + 4, ack + (more >> 4) * 100u), ack + (more >> 4) * 150u + 100);
		at = put32(put32(at, ack + 3000), ack + 4460);
	}
	return (size_t)(at - start);
}

static struct rte_mbuf *frame_of(unsigned int from, uint8_t flags, uint32_t seq, uint32_t ack,
				 uint32_t len, uint8_t more)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t options[40];
	size_t options_len = options_of(options, more, flags, seq, ack);
	size_t l4_len = sizeof(struct rte_tcp_hdr) + options_len + len;
	struct rte_ether_hdr *eth;
	struct rte_ipv4_hdr *ip;
	struct rte_tcp_hdr *tcp;

	if (!m)
		return NULL;
	eth = (void *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*eth) + sizeof(*ip) + l4_len));
	ip = (void *)(eth + 1);
	tcp = (void *)(ip + 1);
	memset(eth, 0, sizeof(*eth) + sizeof(*ip) + sizeof(*tcp));
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->time_to_live = 64;
	ip->next_proto_id = 6;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + l4_len));
	ip->src_addr = rte_cpu_to_be_32(0x0a000001 + from);
	ip->dst_addr = rte_cpu_to_be_32(0x0a000002 - from);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->src_port = rte_cpu_to_be_16(from ? 80 : 4000);
	tcp->dst_port = rte_cpu_to_be_16(from ? 4000 : 80);
	tcp->sent_seq = rte_cpu_to_be_32(seq);
	tcp->recv_ack = rte_cpu_to_be_32(ack);
	tcp->data_off = (uint8_t)((sizeof(*tcp) + options_len) / 4 << 4);
	tcp->tcp_flags = flags;
	tcp->rx_win = rte_cpu_to_be_16(more & 8 ? (uint16_t)(more << 6) : 65535);
	memcpy(tcp + 1, options, options_len);
	for (uint32_t i = 0; i < len; i++)
		((uint8_t *)(tcp + 1))[options_len + i] = byte_at(from, seq + i);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return m;
}

static void give(struct bed *b, unsigned int from, uint8_t flags, uint32_t seq, uint32_t ack,
		 uint32_t len, uint8_t more)
{
	struct weir_tcp_open open = {.mtu = {1500, 1500}};
	struct rte_mbuf *m = frame_of(from, flags, seq, ack, len, more);
	struct weir_pkt p;

	if (!m)
		return;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	if (p.drop) {
		rte_pktmbuf_free(m);
		return;
	}
	if (b->conn && weir_tcp_may_reopen(b->conn, from, &p)) {
		weir_tcp_forget(b->tcp, b->conn);
		b->conn = NULL;
	}
	if (!b->conn && from == 0 && p.tcp_flags == WEIR_TCP_SYN) {
		b->conn = weir_tcp_open(b->tcp, &p, &open, b->now_ns);
		b->taken[0] = b->taken[1] = b->cookie = b->offset = 0;
		b->told[0].n = b->told[0].bytes = b->told[1].n = b->told[1].bytes = 0;
		b->told[0].shut = b->told[1].shut = b->apart = false;
	}
	if (b->conn && from == 1 && b->cookie && !weir_tcp_is_answered(b->conn))
		b->offset = b->cookie - p.seq;
	if (b->conn)
		(void)weir_tcp_input(b->tcp, b->conn, from, &p, true, b->now_ns);
	else
		rte_pktmbuf_free(m);
}

static void check(struct bed *b)
{
	weir_tcp_flush(b->tcp, b->now_ns);
	if (!b->conn)
		return;
	weir_tcp_check(b->conn);
	weir_assert(!b->apart || !weir_tcp_is_quiet(b->conn));
}

/* {what: 0x10 time, 0x40 words, 0x80 ICMP, else side, flags; seq, ack: 16 bits from the initial
 * numbers; length; more; words: 1 hold, then what is done} */
static void run_record(struct bed *b, const uint8_t *r)
{
	static const uint8_t flags[] = {
		WEIR_TCP_ACK,
		WEIR_TCP_ACK | WEIR_TCP_PSH,
		WEIR_TCP_SYN,
		WEIR_TCP_SYN | WEIR_TCP_ACK,
		WEIR_TCP_ACK | WEIR_TCP_FIN,
		WEIR_TCP_RST,
		WEIR_TCP_RST | WEIR_TCP_ACK,
		WEIR_TCP_ACK | WEIR_TCP_URG,
	};
	unsigned int from = r[0] & 1;
	uint8_t f = flags[r[0] >> 1 & 7];
	uint32_t seq = isn[from] + (r[1] | (uint32_t)r[2] << 8);
	uint32_t ack_from = isn[!from] + (from ? 0 : b->offset);
	uint32_t ack = f & WEIR_TCP_ACK ? ack_from + (r[3] | (uint32_t)r[4] << 8) : 0;
	uint32_t len = r[5] * 5u;

	b->words = r[7] >> 1;
	b->words_len = r[5] * 16u;
	if (r[0] & 0x40) {
		if (b->conn)
			act(b, b->conn, from, len);
	} else if (r[0] & 0x80) {
		if (b->conn)
			weir_tcp_on_icmp(b->tcp, b->conn, from, ack_from + (seq - isn[from]),
					 (uint16_t)(r[3] | r[4] << 8), b->now_ns);
	} else if (r[0] & 0x10) {
		b->now_ns += (uint64_t)r[1] << (r[2] & 0x1f);
		weir_tcp_advance(b->tcp, b->now_ns, 100);
	} else {
		b->hold = r[7] & 1;
		give(b, from, f, seq, ack, f & (WEIR_TCP_SYN | WEIR_TCP_RST) ? 0 : len, r[6]);
	}
	if (!(r[0] & 0x20))
		check(b);
}

static void open_it(struct bed *b, uint8_t more)
{
	give(b, 0, WEIR_TCP_SYN, CLIENT_ISN, 0, 0, more);
	give(b, 1, WEIR_TCP_SYN | WEIR_TCP_ACK, SERVER_ISN, CLIENT_ISN + 1, 0, more);
	give(b, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0, more & 2);
	check(b);
}

/* The same by cookie; whether the server ever answers, the records say. */
static void open_by_cookie(struct bed *b, uint8_t more)
{
	struct weir_tcp_open open = {.mtu = {1500, 1500}};
	struct rte_mbuf *m = frame_of(0, WEIR_TCP_SYN, CLIENT_ISN, 0, 0, more), *answer;
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	answer = weir_tcp_answer_by_cookie(b->tcp, &p, 1500, b->now_ns);
	rte_pktmbuf_free(m);
	weir_pkt_parse(&p, answer, WEIR_PKT_CHECKSUM_VERIFY);
	weir_assert(p.drop == 0);
	b->cookie = p.seq;
	b->offset = p.seq - SERVER_ISN;
	m = frame_of(0, WEIR_TCP_ACK, CLIENT_ISN + 1, p.seq + 1, 0, 0);
	rte_pktmbuf_free(answer);
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	weir_assert(weir_tcp_is_cookie(b->tcp, &p, b->now_ns));
	b->conn = weir_tcp_open_by_cookie(b->tcp, &p, &open, b->now_ns);
	(void)weir_tcp_input(b->tcp, b->conn, 0, &p, true, b->now_ns);
	check(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed b = {.ops = {on_send, on_bytes, on_end}, .now_ns = 1000 * WEIR_NS_PER_S};
	struct weir_tcp_cfg cfg = {
		.name = "fuzz",
		.connections = 2,
		.segments = 256,
		.pool = pool,
		.stats = &b.stats,
		.ops = &b.ops,
		.ctx = &b,
		.seed = 1,
	};

	if (!pool) {
		start();
		cfg.pool = pool;
	}
	if (size < 1)
		return 0;
	b.tcp = weir_tcp_create(&cfg, b.now_ns);
	weir_assert(b.tcp != NULL);
	if (data[0] & 0x80)
		open_it(&b, data[0] & 3);
	else if (data[0] & 0x40)
		open_by_cookie(&b, data[0] & 3);
	for (data++, size--; size >= RECORD; data += RECORD, size -= RECORD)
		run_record(&b, data);
	check(&b);
	weir_tcp_destroy(b.tcp);
	weir_assert(rte_mempool_in_use_count(pool) == 0);
	return 0;
}
