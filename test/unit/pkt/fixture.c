/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <weir_mem.h>

#include <arpa/inet.h>
#include <stdio.h>

#define MBUFS 1023

struct rte_mempool *pool(void)
{
	static struct rte_mempool *made;
	struct weir_eal_cfg cfg = {.program = "test", .need_bytes = 64 << 20, .quiet = true};

	if (made)
		return made;
	ck_assert_int_eq(weir_eal_start(&cfg, NULL), 0);
	made = weir_mbuf_pool_create("pkt", MBUFS, 9216, 0);
	ck_assert_ptr_nonnull(made);
	return made;
}

void check_pool_is_full(void)
{
	ck_assert_uint_eq(rte_mempool_in_use_count(pool()), 0);
}

/* ---- frames ---- */

static void put(struct bytes *f, const void *bytes, size_t len)
{
	ck_assert_uint_le(f->len + len, sizeof(f->at));
	memcpy(f->at + f->len, bytes, len);
	f->len += len;
}

static void put16(struct bytes *f, size_t v)
{
	put(f, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void store16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put_v4(struct bytes *f, uint8_t proto, size_t len)
{
	put16(f, 0x0800);
	put(f, (const uint8_t[]){0x45, 0}, 2);
	put16(f, 20 + len);
	put(f, (const uint8_t[]){0x12, 0x34, 0x40, 0, 64, proto, 0, 0}, 8);
	put(f, (const uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
}

static void put_v6(struct bytes *f, uint8_t proto, size_t len)
{
	struct in6_addr a;

	put16(f, 0x86dd);
	put(f, (const uint8_t[]){0x60, 0, 0, 0}, 4);
	put16(f, len);
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
	put(f, (const uint8_t[]){(uint8_t)((20 + len) / 4 << 4), flags, 0xfe, 0xdc, 0, 0, 0, 0}, 8);
	put(f, options, len);
}

static const uint8_t syn_options[20] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
					0, 1, 0, 0,    0, 0, 1, 3,  3, 7};

static void put_transport(struct bytes *f, const char *kind, size_t payload)
{
	if (strncmp(kind, "tcp", 3) == 0) {
		put_tcp(f, WEIR_TCP_ACK, syn_options, 0);
	} else if (strncmp(kind, "syn", 3) == 0) {
		put_tcp(f, WEIR_TCP_SYN, syn_options, sizeof(syn_options));
	} else if (strncmp(kind, "udp", 3) == 0) {
		put16(f, 40000);
		put16(f, 53);
		put16(f, 8 + payload);
		put16(f, 0);
	} else {
		put(f, (const uint8_t[]){kind[4] == '6' ? 128 : 8, 0, 0, 0, 0x77, 0x77, 0, 1}, 8);
	}
	for (size_t i = 0; i < payload; i++)
		f->at[f->len++] = (uint8_t)(0xf3 - 7 * i);
}

static void begin_frame(struct bytes *f, bool v6, uint8_t proto, size_t len)
{
	f->len = 0;
	put(f, (const uint8_t[]){2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}, 12);
	if (v6)
		put_v6(f, proto, len);
	else
		put_v4(f, proto, len);
}

struct bytes base_frame(const char *kind, size_t payload)
{
	struct bytes f;
	bool v6 = strchr(kind, '6') != NULL;
	size_t header = strncmp(kind, "syn", 3) == 0 ? 40 : strncmp(kind, "tcp", 3) == 0 ? 20 : 8;
	uint8_t proto = kind[0] == 'u' ? 17 : kind[0] == 'i' ? (v6 ? 58 : 1) : 6;

	begin_frame(&f, v6, proto, header + payload);
	put_transport(&f, kind, payload);
	fix_sums(&f);
	return f;
}

struct bytes error_frame(uint8_t family, uint8_t type, uint8_t code, const struct bytes *about,
			 size_t len)
{
	struct bytes f;

	begin_frame(&f, family == 6, family == 6 ? 58 : 1, 8 + len);
	put(&f, (const uint8_t[]){type, code, 0, 0, 0, 0, 0, 0}, 8);
	put(&f, about->at + 14, len);
	fix_sums(&f);
	return f;
}

/* ---- checksums: the slow sum, independent of the code under test ---- */

static uint32_t add_words(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* What a frame's transport checksum is made of. */
struct summed {
	size_t l4;
	uint8_t *field; /* NULL: a protocol without */
	uint32_t pseudo;
};

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

/* Protocol 59, none, when that is in another fragment. */
static size_t behind_extensions(const struct bytes *f, size_t l4, uint8_t *proto)
{
	while (*proto == 0 || *proto == 43 || *proto == 60 || *proto == 44 || *proto == 51 ||
	       *proto == 135 || *proto == 139 || *proto == 140) {
		size_t units = f->at[l4 + 1];
		size_t len = *proto == 44 ? 8 : *proto == 51 ? (units + 2) * 4 : (units + 1) * 8;

		if (*proto == 44 && (f->at[l4 + 2] || f->at[l4 + 3] & 0xf9))
			*proto = 59;
		else
			*proto = f->at[l4];
		l4 += len;
	}
	return l4;
}

static struct summed summed_of(struct bytes *f)
{
	uint16_t type;
	size_t l3 = l3_of(f, &type);
	bool v4 = type == 0x0800;
	uint8_t proto = f->at[l3 + (v4 ? 9 : 6)];
	struct summed s = {.l4 = l3 + (v4 ? (f->at[l3] & 0xf) * 4u : 40)};

	if (v4 && (f->at[l3 + 6] & 0x3f || f->at[l3 + 7]))
		proto = 59;
	if (!v4)
		s.l4 = behind_extensions(f, s.l4, &proto);
	if (proto == 6 || proto == 17 || proto == 1 || proto == 58)
		s.field = f->at + s.l4 + (proto == 6 ? 16 : proto == 17 ? 6 : 2);
	if (proto != 1)
		s.pseudo = add_words(f->at + l3 + (v4 ? 12 : 8), v4 ? 8 : 32,
				     proto + (uint32_t)(f->len - s.l4));
	return s;
}

void fix_sums(struct bytes *f)
{
	uint16_t type;
	uint8_t *ip = f->at + l3_of(f, &type);
	struct summed s;

	if (type == 0x0800) {
		ip[10] = ip[11] = 0;
		store16(ip + 10, (uint16_t)~folded(add_words(ip, (ip[0] & 0xf) * 4u, 0)));
	}
	s = summed_of(f);
	if (!s.field || s.field + 2 > f->at + f->len)
		return;
	s.field[0] = s.field[1] = 0;
	store16(s.field, (uint16_t)~folded(add_words(f->at + s.l4, f->len - s.l4, s.pseudo)));
}

void unfinish(struct bytes *f)
{
	struct summed s = summed_of(f);

	store16(s.field, folded(s.pseudo));
}

/* ---- more headers ---- */

static void insert(struct bytes *f, size_t at, const uint8_t *bytes, size_t len)
{
	ck_assert_uint_le(f->len + len, sizeof(f->at));
	memmove(f->at + at + len, f->at + at, f->len - at);
	if (bytes)
		memcpy(f->at + at, bytes, len);
	else
		memset(f->at + at, 0, len);
	f->len += len;
}

static void fix_ip_length(struct bytes *f)
{
	if (f->at[12] == 0x08)
		store16(f->at + IP(2), f->len - IP(0));
	else
		store16(f->at + IP(4), f->len - IP(40));
}

void add_tag(struct bytes *f, uint16_t type, uint16_t id)
{
	uint8_t tag[4];

	store16(tag, type);
	store16(tag + 2, id);
	insert(f, 12, tag, 4);
}

void add_ext(struct bytes *f, uint8_t proto, size_t len)
{
	uint8_t *at = f->at + T6(0);

	insert(f, T6(0), NULL, len);
	at[0] = f->at[IP(6)];
	at[1] = (uint8_t)(proto == 51 ? len / 4 - 2 : proto == 44 ? 0 : len / 8 - 1);
	if (proto == 43)
		at[2] = 4; /* segment routing, none left */
	f->at[IP(6)] = proto;
	fix_ip_length(f);
}

void add_ipv4_options(struct bytes *f, const uint8_t *options, size_t len)
{
	insert(f, T4(0), options, len);
	f->at[IP(0)] = (uint8_t)(0x45 + len / 4);
	fix_ip_length(f);
	fix_sums(f);
}

void add_tcp_options(struct bytes *f, const uint8_t *options, size_t len)
{
	size_t l4 = f->at[12] == 0x08 ? T4(0) : T6(0);

	insert(f, l4 + 20, options, len);
	f->at[l4 + 12] = (uint8_t)((20 + len) / 4 << 4);
	fix_ip_length(f);
	fix_sums(f);
}

void shorten(struct bytes *f, size_t len)
{
	f->len -= len;
	fix_ip_length(f);
	fix_sums(f);
}

/* ---- parsing ---- */

struct rte_mbuf *mbuf_of(const void *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool());
	void *at = m ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;

	ck_assert_ptr_nonnull(at);
	memcpy(at, bytes, len);
	return m;
}

struct rte_mbuf *mbuf_in_segments(const struct bytes *f, size_t a, size_t b)
{
	struct rte_mbuf *m = mbuf_of(f->at, a ? a : f->len);

	if (a)
		ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of(f->at + a, (b ? b : f->len) - a)), 0);
	if (b)
		ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of(f->at + b, f->len - b)), 0);
	return m;
}

struct weir_pkt parse(const struct bytes *f)
{
	struct rte_mbuf *m = mbuf_of(f->at, f->len);
	struct weir_pkt p;

	memset(&p, 0xa5, sizeof(p)); /* what was there before must not matter */
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	rte_pktmbuf_free(m);
	return p;
}

enum weir_drop drop_of(const struct bytes *f)
{
	return (enum weir_drop)parse(f).drop;
}

void check_drop(const struct bytes *f, enum weir_drop want, const char *what)
{
	enum weir_drop drop = drop_of(f);

	ck_assert_msg(drop == want, "%s: %s, not %s", what, weir_drop_name(drop),
		      weir_drop_name(want));
}

void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes f = base_frame(rows[i].base, 64);

		for (size_t k = 0; k < WEIR_ARRAY_LEN(rows[i].patch) && rows[i].patch[k].off; k++)
			f.at[rows[i].patch[k].off] = rows[i].patch[k].value;
		if (!rows[i].raw)
			fix_sums(&f);
		check_drop(&f, rows[i].drop, rows[i].what);
	}
}

/* ---- one frame of every kind ---- */

static void make_tagged(struct bytes *f)
{
	*f = base_frame("tcp4", 30);
	add_tag(f, 0x8100, 7);
	add_tag(f, 0x88a8, 300);
}

static void make_options(struct bytes *f)
{
	*f = base_frame("udp4", 30);
	add_ipv4_options(f, (const uint8_t[]){7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0}, 12);
}

static void make_extensions(struct bytes *f)
{
	*f = base_frame("udp6", 30);
	add_ext(f, 51, 24);
	add_ext(f, 60, 8);
	add_ext(f, 43, 24);
	add_ext(f, 0, 16);
}

static void make_error4(struct bytes *f)
{
	struct bytes about = base_frame("tcp4", 60);

	*f = error_frame(4, 3, 1, &about, 60);
}

static void make_error6(struct bytes *f)
{
	struct bytes about = base_frame("udp6", 60);

	add_ext(&about, 0, 8);
	*f = error_frame(6, 1, 4, &about, 90);
}

static void make_timestamped(struct bytes *f)
{
	*f = base_frame("tcp6", 30);
	add_tcp_options(f, (const uint8_t[]){1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}, 12);
}

static void make_gre(struct bytes *f)
{
	*f = base_frame("udp4", 30);
	f->at[IP(9)] = 47;
	fix_sums(f);
}

bool good_frame(size_t i, struct bytes *f)
{
	static const char *const kinds[] = {"tcp4", "udp4", "icmp4", "syn4",
					    "tcp6", "udp6", "icmp6", "syn6"};
	static void (*const made[])(struct bytes *) = {make_tagged, make_options, make_extensions,
						       make_error4, make_error6,  make_timestamped,
						       make_gre};

	if (i < WEIR_ARRAY_LEN(kinds)) {
		*f = base_frame(kinds[i], 41);
		return true;
	}
	i -= WEIR_ARRAY_LEN(kinds);
	if (i >= WEIR_ARRAY_LEN(made))
		return false;
	made[i](f);
	return true;
}
