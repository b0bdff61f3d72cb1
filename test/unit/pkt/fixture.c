/* SPDX-License-Identifier: BSD-3-Clause */
/* Base frames to patch, mbufs from bytes in one or several segments. */
#include "fixture.h"

#include <arpa/inet.h>

#include <rte_eal.h>
#include <rte_ip.h>

struct rte_mempool *pool(void)
{
	static struct rte_mempool *made;
	static char words[][24] = {
		"test",        "--no-huge",      "--no-pci",          "-m128",
		"--no-shconf", "--no-telemetry", "--log-level=error", "--lcores=0"};
	char *args[9] = {0};

	for (int i = 0; i < 8; i++)
		args[i] = words[i];
	if (!made) {
		ck_assert_int_ge(rte_eal_init(8, args), 0);
		made = rte_pktmbuf_pool_create("pkt", 1024, 0, 0, RTE_PKTMBUF_HEADROOM + 9216, 0);
		ck_assert_ptr_nonnull(made);
	}
	return made;
}

static void put(struct bytes *f, const void *bytes, size_t len)
{
	ck_assert_uint_le(f->len + len, sizeof(f->at));
	if (bytes)
		memcpy(f->at + f->len, bytes, len);
	else
		memset(f->at + f->len, 0, len);
	f->len += len;
}

static void put16(struct bytes *f, uint16_t v)
{
	put(f, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void put_v4(struct bytes *f, uint8_t proto, size_t len)
{
	put16(f, 0x0800);
	put(f, (const uint8_t[]){0x45, 0}, 2);
	put16(f, (uint16_t)(20 + len));
	put(f, (const uint8_t[]){0x12, 0x34, 0x40, 0, 64, proto, 0, 0}, 8);
	put(f, (const uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
}

static void put_v6(struct bytes *f, uint8_t proto, size_t len)
{
	struct in6_addr a;

	put16(f, 0x86dd);
	put(f, (const uint8_t[]){0x60, 0, 0, 0}, 4);
	put16(f, (uint16_t)len);
	put(f, (const uint8_t[]){proto, 64}, 2);
	inet_pton(AF_INET6, "2001:db8::1", &a);
	put(f, &a, 16);
	inet_pton(AF_INET6, "2001:db8::2", &a);
	put(f, &a, 16);
}

static void put_tcp(struct bytes *f, uint8_t flags, const uint8_t *options, size_t len)
{
	put16(f, 40000);
	put16(f, 80);
	put(f, (const uint8_t[]){0, 0, 0x10, 0x01, 0, 0, 0x20, 0x02}, 8);
	put(f, (const uint8_t[]){(uint8_t)((20 + len) / 4 << 4), flags, 0xff, 0xff, 0, 0, 0, 0}, 8);
	put(f, options, len);
}

static const uint8_t syn_options[20] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
					0, 1, 0, 0,    0, 0, 1, 3,  3, 7};

static void put_transport(struct bytes *f, const char *kind, size_t payload)
{
	if (strncmp(kind, "tcp", 3) == 0) {
		put_tcp(f, WEIR_TCP_ACK, NULL, 0);
	} else if (strncmp(kind, "syn", 3) == 0) {
		put_tcp(f, WEIR_TCP_SYN, syn_options, sizeof(syn_options));
	} else if (strncmp(kind, "udp", 3) == 0) {
		put16(f, 40000);
		put16(f, 53);
		put16(f, (uint16_t)(8 + payload));
		put16(f, 0);
	} else {
		put(f, (const uint8_t[]){kind[4] == '6' ? 128 : 8, 0, 0, 0, 0x77, 0x77, 0, 1}, 8);
	}
	put(f, NULL, payload);
}

struct bytes base_frame(const char *kind, size_t payload)
{
	struct bytes f = {.len = 0};
	bool v6 = strchr(kind, '6') != NULL;
	size_t header = strncmp(kind, "syn", 3) == 0 ? 40 : strncmp(kind, "tcp", 3) == 0 ? 20 : 8;
	uint8_t proto = kind[0] == 'u' ? 17 : kind[0] == 'i' ? (v6 ? 58 : 1) : 6;

	put(&f, (const uint8_t[]){2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}, 12);
	if (v6)
		put_v6(&f, proto, header + payload);
	else
		put_v4(&f, proto, header + payload);
	put_transport(&f, kind, payload);
	fix_sums(&f);
	return f;
}

/* The slow sum, independent of the code under test. */
static uint32_t add_words(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
	return sum;
}

static void store_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

static size_t l3_of(const struct bytes *f, uint16_t *type)
{
	size_t off = 12;

	*type = (uint16_t)(f->at[off] << 8 | f->at[off + 1]);
	while (*type == 0x8100 || *type == 0x88a8 || *type == 0x9100) {
		off += 4;
		*type = (uint16_t)(f->at[off] << 8 | f->at[off + 1]);
	}
	return off + 2;
}

static void fix_transport(struct bytes *f, size_t l4, uint8_t proto, const uint8_t *addrs,
			  size_t addrs_len)
{
	size_t len = f->len - l4, field = proto == 6 ? 16 : proto == 17 ? 6 : 2;
	uint32_t sum = proto == 1 ? 0 : add_words(addrs, addrs_len, proto + (uint32_t)len);

	if (proto != 6 && proto != 17 && proto != 1 && proto != 58)
		return;
	f->at[l4 + field] = f->at[l4 + field + 1] = 0;
	store_sum(f->at + l4 + field, add_words(f->at + l4, len, sum));
}

void fix_sums(struct bytes *f)
{
	uint16_t type;
	size_t l3 = l3_of(f, &type), l4;
	uint8_t *ip = f->at + l3, proto;

	if (type == 0x0800) {
		size_t header = (ip[0] & 0xf) * 4u;

		ip[10] = ip[11] = 0;
		store_sum(ip + 10, add_words(ip, header, 0));
		fix_transport(f, l3 + header, ip[9], ip + 12, 8);
		return;
	}
	proto = ip[6];
	l4 = l3 + 40;
	while (proto == 0 || proto == 43 || proto == 60 || proto == 44 || proto == 51) {
		size_t len = proto == 44   ? 8
			     : proto == 51 ? (f->at[l4 + 1] + 2u) * 4
					   : (f->at[l4 + 1] + 1u) * 8;

		proto = f->at[l4];
		l4 += len;
	}
	fix_transport(f, l4, proto, ip + 8, 32);
}

void add_tag(struct bytes *f, uint16_t type, uint16_t id)
{
	memmove(f->at + 16, f->at + 12, f->len - 12);
	f->len += 4;
	f->at[12] = (uint8_t)(type >> 8);
	f->at[13] = (uint8_t)type;
	f->at[14] = (uint8_t)(id >> 8);
	f->at[15] = (uint8_t)id;
}

void add_ext(struct bytes *f, uint8_t proto, size_t len)
{
	uint16_t type, payload;
	size_t l3 = l3_of(f, &type), at = l3 + 40;

	memmove(f->at + at + len, f->at + at, f->len - at);
	memset(f->at + at, 0, len);
	f->len += len;
	f->at[at] = f->at[l3 + 6];
	f->at[at + 1] = (uint8_t)(proto == 51 ? len / 4 - 2 : proto == 44 ? 0 : len / 8 - 1);
	if (proto == 43)
		f->at[at + 2] = 4; /* segment routing, none left */
	f->at[l3 + 6] = proto;
	payload = (uint16_t)(f->len - l3 - 40);
	f->at[l3 + 4] = (uint8_t)(payload >> 8);
	f->at[l3 + 5] = (uint8_t)payload;
}

struct rte_mbuf *mbuf_of(const void *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool());

	ck_assert_ptr_nonnull(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

struct rte_mbuf *mbuf_in_segments(const void *bytes, size_t len, size_t a, size_t b)
{
	struct rte_mbuf *m = mbuf_of(bytes, a ? a : len);

	if (a)
		ck_assert_int_eq(rte_pktmbuf_chain(
					 m, mbuf_of((const uint8_t *)bytes + a, (b ? b : len) - a)),
				 0);
	if (b)
		ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of((const uint8_t *)bytes + b, len - b)),
				 0);
	return m;
}

struct weir_pkt parse(const struct bytes *f)
{
	struct rte_mbuf *m = mbuf_of(f->at, f->len);
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	rte_pktmbuf_free(m);
	return p;
}

enum weir_drop drop_of(const struct bytes *f)
{
	return (enum weir_drop)parse(f).drop;
}
