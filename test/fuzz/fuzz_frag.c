/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments in sequence, six bytes each: {control, id and shape, offset, offset, length, length}.
 * Whatever comes, no buffer is lost, no bound is passed, and what comes out can be cut and comes
 * together again as it was.
 */
#include <weir_mem.h>
#include <weir_pkt.h>

#include <stdlib.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUFFERS    1024
#define DATAGRAMS  16
#define BUFFERS_IN 200
#define PROTO      47 /* nothing behind it is read */

/* control */
#define IS_V6  0x01
#define IS_END 0x02
#define TIME   0x1c
#define SOURCE 0xe0
/* id and shape */
#define ID          0x0f
#define IS_TAGGED   0x10
#define HAS_OPTIONS 0x20
#define IS_CHAIN    0x40
#define IS_PADDED   0x80

static struct rte_mempool *pool;

static void start(void)
{
	struct weir_eal_cfg eal = {.program = "fuzz_frag", .need_bytes = 64 << 20, .quiet = true};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	pool = weir_mbuf_pool_create("fuzz", BUFFERS - 1, 2048, 0);
	weir_assert(pool != NULL);
}

/* ---- making fragments ---- */

struct frame {
	uint8_t at[4096];
	size_t len;
};

static void put(struct frame *f, const void *bytes, size_t len)
{
	memcpy(f->at + f->len, bytes, len);
	f->len += len;
}

static void put16(struct frame *f, unsigned int v)
{
	put(f, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void put_v4(struct frame *f, const uint8_t *d, unsigned int off, unsigned int len)
{
	static const uint8_t options[8] = {7, 4, 4, 0, 148, 4, 0, 0};
	size_t n = d[1] & HAS_OPTIONS ? sizeof(options) : 0;
	struct rte_ipv4_hdr ip = {
		.version_ihl = (uint8_t)(0x45 + n / 4),
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + n + len)),
		.packet_id = rte_cpu_to_be_16(d[1] & ID),
		.fragment_offset =
			rte_cpu_to_be_16((uint16_t)(off / 8 | (d[0] & IS_END ? 0 : 0x2000))),
		.time_to_live = 64,
		.next_proto_id = PROTO,
		.src_addr = rte_cpu_to_be_32(0x0a000001 + (d[0] >> 5)),
		.dst_addr = rte_cpu_to_be_32(0x0a000101),
	};
	uint8_t header[sizeof(ip) + sizeof(options)];
	uint16_t sum;

	memcpy(header, &ip, sizeof(ip));
	memcpy(header + sizeof(ip), options, sizeof(options));
	sum = (uint16_t)~rte_raw_cksum(header, sizeof(ip) + n);
	memcpy(header + offsetof(struct rte_ipv4_hdr, hdr_checksum), &sum, sizeof(sum));
	put16(f, 0x0800);
	put(f, header, sizeof(ip) + n);
}

static void put_v6(struct frame *f, const uint8_t *d, unsigned int off, unsigned int len)
{
	size_t n = d[1] & HAS_OPTIONS ? 8 : 0;

	put16(f, 0x86dd);
	put(f, "\x60\0\0\0", 4);
	put16(f, (unsigned int)(n + 8 + len));
	put(f, (const uint8_t[]){n ? 0 : 44, 64}, 2);
	put(f, "\x20\x01\x0d\xb8\0\0\0", 7);
	put(f, (const uint8_t[]){d[0] >> 5, 0, 0, 0, 0, 0, 0, 0, 1}, 9);
	put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\1\1", 16);
	put(f, (const uint8_t[]){44, 0, 1, 4, 0, 0, 0, 0}, n);
	put(f, (const uint8_t[]){PROTO, 0}, 2);
	put16(f, off | !(d[0] & IS_END));
	put(f, (const uint8_t[]){0, 0, 0, d[1] & ID}, 4);
}

static struct rte_mbuf *mbuf_of(const uint8_t *at, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	weir_assert(m != NULL);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), at, len);
	return m;
}

static struct rte_mbuf *fragment(const uint8_t *d)
{
	unsigned int off = (unsigned int)(d[2] << 8 | d[3]) & 0xfff8;
	unsigned int len = (unsigned int)(d[4] << 8 | d[5]) % 1700 + 1;
	struct frame f = {.len = 0};
	struct rte_mbuf *m;
	size_t cut;

	put(&f, "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
	if (d[1] & IS_TAGGED) {
		put16(&f, 0x8100);
		put16(&f, 0xe000); /* a priority only */
	}
	if (d[0] & IS_V6)
		put_v6(&f, d, off, len);
	else
		put_v4(&f, d, off, len);
	for (unsigned int i = 0; i < len; i++)
		f.at[f.len++] = (uint8_t)((off + i) * 31 >> 3);
	f.len += d[1] & IS_PADDED ? 50 : 0;
	if (!(d[1] & IS_CHAIN))
		return mbuf_of(f.at, f.len);
	cut = f.len * (d[5] % 7 + 1) / 9 + 1;
	m = mbuf_of(f.at, cut);
	weir_assert(rte_pktmbuf_chain(m, mbuf_of(f.at + cut, f.len - cut)) == 0);
	return m;
}

/* ---- what comes out ---- */

static struct rte_mbuf *rejoin(struct rte_mbuf **cut, int n, uint32_t frag_size)
{
	struct weir_frag_cfg cfg = {.datagrams = 1, .buffers = BUFFERS};
	struct weir_frag *f = weir_frag_create(&cfg);
	struct rte_mbuf *whole = NULL;
	struct weir_frag_made made;
	uint32_t expected = 0;
	enum weir_drop drop;
	struct weir_pkt p;

	weir_assert(f != NULL);
	for (int i = 0; i < n; i++) {
		weir_assert(!whole);
		weir_pkt_parse(&p, cut[i], WEIR_PKT_CHECKSUM_VERIFY);
		weir_assert(!p.drop && p.flags & WEIR_PKT_FRAGMENT && p.l3_len <= frag_size);
		weir_assert(p.frag_offset == expected && p.frag_more == (i + 1 < n));
		expected += p.l3_off + p.l3_len - p.l4_off;
		whole = weir_frag_add(f, &p, 0, &made, &drop);
		weir_assert(drop == WEIR_DROP_NONE);
	}
	weir_frag_destroy(f);
	weir_assert(whole != NULL);
	return whole;
}

static void check_equal(const struct rte_mbuf *a, const uint8_t *bytes, uint32_t len)
{
	uint8_t *copy = malloc(len);

	weir_assert(copy && rte_pktmbuf_pkt_len(a) == len);
	weir_assert(memcmp(rte_pktmbuf_read(a, 0, len, copy), bytes, len) == 0);
	free(copy);
}

static void take_apart(struct rte_mbuf *m, const struct weir_frag_made *made)
{
	uint32_t len = rte_pktmbuf_pkt_len(m);
	uint8_t *before = malloc(len);
	struct rte_mbuf *cut[256];
	struct weir_pkt p;
	int n;

	weir_assert(rte_mbuf_check(m, 1, NULL) == 0);
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	weir_assert(before && !p.drop && !(p.flags & WEIR_PKT_FRAGMENT));
	weir_assert(p.l3_off + p.l3_len == len);
	memcpy(before, rte_pktmbuf_read(m, 0, len, before), len);
	p.flags |= WEIR_PKT_REASSEMBLED;
	p.frag_size = made->frag_size;
	p.frag_id = made->frag_id;
	n = weir_frag_cut(&p, pool, cut, 256);
	weir_assert(n > 1);
	m = rejoin(cut, n, made->frag_size);
	check_equal(m, before, len);
	rte_pktmbuf_free(m);
	free(before);
}

static void add(struct weir_frag *f, struct rte_mbuf *m, uint64_t now_ns)
{
	struct weir_frag_made made;
	enum weir_drop drop;
	struct rte_mbuf *whole;
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	if (p.drop || !(p.flags & WEIR_PKT_FRAGMENT)) {
		rte_pktmbuf_free(m);
		return;
	}
	whole = weir_frag_add(f, &p, now_ns, &made, &drop);
	weir_assert(!whole || drop == WEIR_DROP_NONE);
	if (whole)
		take_apart(whole, &made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_frag_cfg cfg = {.datagrams = DATAGRAMS, .per_source = 6, .buffers = BUFFERS_IN};
	struct weir_stats stats = {0};
	uint64_t now_ns = WEIR_NS_PER_S;
	struct weir_frag *f;

	if (!pool)
		start();
	f = weir_frag_create(&cfg);
	weir_assert(f != NULL);
	for (; size >= 6; data += 6, size -= 6) {
		now_ns += (data[0] & TIME) * WEIR_NS_PER_S / 8;
		weir_frag_expire(f, now_ns, &stats);
		add(f, fragment(data), now_ns);
		weir_assert(weir_frag_held(f) <= DATAGRAMS);
		weir_assert(rte_mempool_in_use_count(pool) <= BUFFERS_IN);
	}
	weir_frag_expire(f, now_ns + 31 * WEIR_NS_PER_S, &stats);
	weir_assert(weir_frag_held(f) == 0 && rte_mempool_in_use_count(pool) == 0);
	weir_frag_destroy(f);
	return 0;
}
