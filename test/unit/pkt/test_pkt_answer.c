/* SPDX-License-Identifier: BSD-3-Clause */
/* Resets and ICMP errors: what they say, that their checksums are right, when they are not sent. */
#include "fixture.h"

#include <weir_mem.h>

typedef struct rte_mbuf *(*build_fn)(const struct weir_pkt *, struct rte_mempool *);

static struct rte_mbuf *too_big(const struct weir_pkt *p, struct rte_mempool *mp)
{
	return weir_pkt_build_too_big(p, 1400, mp);
}

static const build_fn all_answers[] = {weir_pkt_build_rst, weir_pkt_build_prohibited, too_big};

/* Builds the answer to `f`, which is a good frame; false when there is none. */
static bool answer_to(const struct bytes *f, build_fn build, struct bytes *out)
{
	struct rte_mbuf *m = mbuf_of(f->at, f->len), *made;
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, D(NONE));
	made = build(&p, pool());
	ck_assert_mem_eq(rte_pktmbuf_mtod(m, void *), f->at, f->len);
	rte_pktmbuf_free(m);
	if (!made)
		return false;
	ck_assert_uint_eq(made->nb_segs, 1);
	out->len = rte_pktmbuf_pkt_len(made);
	memcpy(out->at, rte_pktmbuf_mtod(made, void *), out->len);
	rte_pktmbuf_free(made);
	check_drop(out, D(NONE), "an answer of our own");
	return true;
}

static void check_silence(const struct bytes *f, const char *what)
{
	struct bytes out;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(all_answers); i++)
		ck_assert_msg(!answer_to(f, all_answers[i], &out), "%s: answer %zu", what, i);
	check_pool_is_full();
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- resets ---- */

START_TEST(a_reset_has_the_numbers_of_the_segment_it_answers)
{
	static const struct {
		const char *what;
		uint8_t flags;
		size_t payload;
		uint32_t seq, ack;
		uint8_t reset; /* flags; 0: none is sent */
	} cases[] = {
		{"ACK with data", WEIR_TCP_ACK, 5, 0x2002, 0, WEIR_TCP_RST},
		{"ACK", WEIR_TCP_ACK, 0, 0x2002, 0, WEIR_TCP_RST},
		{"FIN ACK", WEIR_TCP_FIN | WEIR_TCP_ACK, 5, 0x2002, 0, WEIR_TCP_RST},
		{"SYN ACK", WEIR_TCP_SYN | WEIR_TCP_ACK, 0, 0x2002, 0, WEIR_TCP_RST},
		{"SYN", WEIR_TCP_SYN, 0, 0, 0x1002, WEIR_TCP_RST | WEIR_TCP_ACK},
		{"SYN with data", WEIR_TCP_SYN, 5, 0, 0x1007, WEIR_TCP_RST | WEIR_TCP_ACK},
		{"SYN URG", WEIR_TCP_SYN | WEIR_TCP_URG, 0, 0, 0x1002, WEIR_TCP_RST | WEIR_TCP_ACK},
		{"RST", WEIR_TCP_RST, 0, 0, 0, 0},
		{"RST ACK", WEIR_TCP_RST | WEIR_TCP_ACK, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct bytes f = base_frame(v6 ? "tcp6" : "tcp4", cases[i].payload), out;
			struct weir_pkt p;

			f.at[v6 ? T6(13) : T4(13)] = cases[i].flags;
			fix_sums(&f);
			if (!answer_to(&f, weir_pkt_build_rst, &out)) {
				ck_assert_msg(!cases[i].reset, "%s", cases[i].what);
				continue;
			}
			p = parse(&out);
			ck_assert_msg(p.tcp_flags == cases[i].reset, "%s", cases[i].what);
			ck_assert_msg(p.seq == cases[i].seq, "%s", cases[i].what);
			ck_assert_msg(p.ack == cases[i].ack, "%s", cases[i].what);
			ck_assert_uint_eq(p.window, 0);
			ck_assert_uint_eq(p.payload_len, 0);
		}
}
END_TEST

START_TEST(an_answer_goes_back_the_way_the_packet_came)
{
	static const char *const kinds[] = {"tcp4", "tcp6"};

	for (size_t i = 0; i < 2; i++)
		for (unsigned int tags = 0; tags <= 2; tags++)
			for (size_t k = 0; k < WEIR_ARRAY_LEN(all_answers); k++) {
				struct bytes f = base_frame(kinds[i], 5), out;
				size_t l3 = 14 + 4 * tags;

				for (unsigned int t = 0; t < tags; t++)
					add_tag(&f, t ? 0x88a8 : 0x8100,
						(uint16_t)(0x6000 + 9 + t));
				ck_assert(answer_to(&f, all_answers[k], &out));
				ck_assert_mem_eq(out.at, f.at + 6, 6);
				ck_assert_mem_eq(out.at + 6, f.at, 6);
				ck_assert_mem_eq(out.at + 12, f.at + 12, 4 * tags + 2);
				if (i == 0) {
					ck_assert_mem_eq(out.at + l3 + 12, f.at + l3 + 16, 4);
					ck_assert_mem_eq(out.at + l3 + 16, f.at + l3 + 12, 4);
					ck_assert_uint_eq(out.at[l3 + 8], 64);
				} else {
					ck_assert_mem_eq(out.at + l3 + 8, f.at + l3 + 24, 16);
					ck_assert_mem_eq(out.at + l3 + 24, f.at + l3 + 8, 16);
					ck_assert_uint_eq(out.at[l3 + 7], 64);
				}
			}
}
END_TEST

START_TEST(a_reset_swaps_the_ports)
{
	struct bytes f = base_frame("syn6", 0), out;

	ck_assert(answer_to(&f, weir_pkt_build_rst, &out));
	ck_assert_uint_eq(parse(&out).tuple.sport, 80);
	ck_assert_uint_eq(parse(&out).tuple.dport, 40000);
}
END_TEST

START_TEST(only_tcp_is_reset)
{
	static const char *const kinds[] = {"udp4", "icmp4", "udp6", "icmp6"};
	struct bytes out;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes f = base_frame(kinds[i], 5);

		ck_assert(!answer_to(&f, weir_pkt_build_rst, &out));
	}
}
END_TEST

/* ---- errors ---- */

START_TEST(errors_quote_what_they_are_about)
{
	static const struct {
		const char *kind;
		build_fn build;
		uint8_t type, code;
		uint32_t rest;
	} cases[] = {
		{"udp4", weir_pkt_build_prohibited, 3, 13, 0},
		{"udp6", weir_pkt_build_prohibited, 1, 1, 0},
		{"udp4", too_big, 3, 4, 1400},
		{"udp6", too_big, 2, 0, 1400},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
		for (size_t payload = 0; payload < 3000; payload += 61) {
			struct bytes f = base_frame(cases[i].kind, payload), out;
			bool v6 = cases[i].kind[3] == '6';
			size_t l4 = v6 ? T6(0) : T4(0), quoted;
			struct weir_pkt p;

			ck_assert(answer_to(&f, cases[i].build, &out));
			p = parse(&out);
			ck_assert_uint_eq(p.icmp_type, cases[i].type);
			ck_assert_uint_eq(p.icmp_code, cases[i].code);
			ck_assert_uint_eq(be32(out.at + l4 + 4), cases[i].rest);
			ck_assert(p.flags & WEIR_PKT_ICMP_ERROR);
			ck_assert_uint_eq(p.quote.dport, 53);
			/* RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c): as much as fits. */
			ck_assert_uint_le(p.l3_len, v6 ? 1280 : 576);
			quoted = out.len - l4 - 8;
			ck_assert(quoted == f.len - 14 || p.l3_len == (v6 ? 1280 : 576));
			ck_assert_mem_eq(out.at + l4 + 8, f.at + 14, quoted);
		}
}
END_TEST

START_TEST(padding_is_not_quoted)
{
	struct bytes f = base_frame("udp4", 0), out;

	memset(f.at + f.len, 0xee, 18);
	f.len = 60;
	ck_assert(answer_to(&f, weir_pkt_build_prohibited, &out));
	ck_assert_uint_eq(parse(&out).l3_len, 20 + 8 + 28);
}
END_TEST

START_TEST(a_packet_in_segments_is_quoted_whole)
{
	struct bytes f = base_frame("udp6", 1000), one, out = {.len = 0};
	struct rte_mbuf *m = mbuf_in_segments(&f, 501, 700), *made;
	struct weir_pkt p;

	ck_assert(answer_to(&f, weir_pkt_build_prohibited, &one));
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	made = weir_pkt_build_prohibited(&p, pool());
	ck_assert_ptr_nonnull(made);
	out.len = rte_pktmbuf_pkt_len(made);
	ck_assert_uint_eq(out.len, one.len);
	ck_assert_mem_eq(rte_pktmbuf_mtod(made, void *), one.at, one.len);
	rte_pktmbuf_free(made);
	rte_pktmbuf_free(m);
}
END_TEST

/* ---- silence (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e)) ---- */

START_TEST(nothing_is_said_to_many)
{
	static const struct {
		const char *what;
		const char *kind;
		struct {
			uint16_t off;
			uint8_t value;
		} patch[5];
	} cases[] = {
		{"a broadcast frame", "tcp4", {{0, 0xff}}},
		{"a multicast frame", "tcp6", {{0, 0x33}}},
		{"a multicast destination", "tcp4", {{IP(16), 224}}},
		{"a broadcast destination",
		 "tcp4",
		 {{IP(16), 255}, {IP(17), 255}, {IP(18), 255}, {IP(19), 255}}},
		{"a multicast destination over IPv6", "tcp6", {{IP(24), 0xff}}},
		{"an unspecified source",
		 "tcp4",
		 {{IP(12), 0}, {IP(13), 0}, {IP(14), 0}, {IP(15), 0}}},
		{"an unspecified source over IPv6",
		 "tcp6",
		 {{IP(8), 0}, {IP(9), 0}, {IP(10), 0}, {IP(11), 0}, {IP(23), 0}}},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct bytes f = base_frame(cases[i].kind, 5);

		for (size_t k = 0; k < 5 && (k == 0 || cases[i].patch[k].off); k++)
			f.at[cases[i].patch[k].off] = cases[i].patch[k].value;
		fix_sums(&f);
		check_silence(&f, cases[i].what);
	}
}
END_TEST

START_TEST(nothing_is_said_about_errors_fragments_and_other_frames)
{
	struct bytes about = base_frame("tcp4", 20), about6 = base_frame("tcp6", 20), f;

	f = error_frame(4, 3, 1, &about, 28);
	check_silence(&f, "an ICMP error");
	f = error_frame(6, 1, 1, &about6, 48);
	check_silence(&f, "an ICMPv6 error");
	f = base_frame("tcp4", 20);
	f.at[IP(7)] = 9;
	fix_sums(&f);
	check_silence(&f, "a later fragment");
	f = base_frame("tcp4", 20);
	f.at[12] = 0x88;
	f.at[13] = 0xcc;
	check_silence(&f, "LLDP");
}
END_TEST

START_TEST(without_a_buffer_nothing_is_said)
{
	struct rte_mbuf *all[1023], *m;
	struct bytes f = base_frame("tcp4", 20);
	struct weir_pkt p;
	unsigned int n = 0;

	m = mbuf_of(f.at, f.len);
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	while (n < WEIR_ARRAY_LEN(all) && (all[n] = rte_pktmbuf_alloc(pool())))
		n++;
	ck_assert_uint_eq(n, 1022);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(all_answers); i++)
		ck_assert_ptr_null(all_answers[i](&p, pool()));
	rte_pktmbuf_free_bulk(all, n);
	rte_pktmbuf_free(m);
	check_pool_is_full();
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_given_back)
{
	struct rte_mempool *small = weir_mbuf_pool_create("small", 3, 60, 0);
	struct bytes f = base_frame("udp4", 500);
	struct rte_mbuf *m = mbuf_of(f.at, f.len);
	struct weir_pkt p;

	ck_assert_ptr_nonnull(small);
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	for (unsigned int i = 0; i < 8; i++)
		ck_assert_ptr_null(weir_pkt_build_prohibited(&p, small));
	ck_assert_uint_eq(rte_mempool_in_use_count(small), 0);
	rte_pktmbuf_free(m);
	rte_mempool_free(small);
}
END_TEST

Suite *pkt_answer_suite(void)
{
	return WEIR_SUITE(
		"pkt answer", a_reset_has_the_numbers_of_the_segment_it_answers,
		an_answer_goes_back_the_way_the_packet_came, a_reset_swaps_the_ports,
		only_tcp_is_reset, errors_quote_what_they_are_about, padding_is_not_quoted,
		a_packet_in_segments_is_quoted_whole, nothing_is_said_to_many,
		nothing_is_said_about_errors_fragments_and_other_frames,
		without_a_buffer_nothing_is_said, a_buffer_that_is_too_small_is_given_back);
}
