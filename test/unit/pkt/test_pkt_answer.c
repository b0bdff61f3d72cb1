/* SPDX-License-Identifier: BSD-3-Clause */
/* Resets and ICMP errors: what they say, that their checksums are right, when they are not sent. */
#include "fixture.h"

Suite *pkt_answer_suite(void);

typedef struct rte_mbuf *(*build_fn)(const struct weir_pkt *, struct rte_mempool *);

static struct rte_mbuf *too_big(const struct weir_pkt *p, struct rte_mempool *mp)
{
	return weir_pkt_build_too_big(p, 1400, mp);
}

/* Builds the answer to `f`, parses it with checksums, and gives both. */
static struct weir_pkt answer_to(const struct bytes *f, build_fn build, struct bytes *out)
{
	struct rte_mbuf *m = mbuf_of(f->at, f->len), *made;
	struct weir_pkt p, q = {.drop = UINT16_MAX};

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
	made = build(&p, pool());
	rte_pktmbuf_free(m);
	if (!made)
		return q;
	out->len = rte_pktmbuf_pkt_len(made);
	memcpy(out->at, rte_pktmbuf_mtod(made, void *), out->len);
	rte_pktmbuf_free(made);
	return parse(out);
}

START_TEST(a_reset_fits_the_segment_it_answers)
{
	static const char *const kinds[] = {"tcp4", "tcp6"};

	for (size_t i = 0; i < 2; i++) {
		struct bytes f = base_frame(kinds[i], 5), out;
		size_t flags = kinds[i][3] == '6' ? 67 : 47;
		struct weir_pkt p = answer_to(&f, weir_pkt_build_rst, &out);

		ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
		ck_assert_uint_eq(p.tcp_flags, WEIR_TCP_RST);
		ck_assert_uint_eq(p.seq, 0x2002);
		ck_assert_uint_eq(p.tuple.sport, 80);
		ck_assert_mem_eq(out.at, f.at + 6, 6);
		f.at[flags] = WEIR_TCP_SYN;
		fix_sums(&f);
		p = answer_to(&f, weir_pkt_build_rst, &out);
		ck_assert_uint_eq(p.tcp_flags, WEIR_TCP_RST | WEIR_TCP_ACK);
		ck_assert_uint_eq(p.seq, 0);
		ck_assert_uint_eq(p.ack, 0x1001 + 5 + 1);
		f.at[flags] = WEIR_TCP_RST;
		fix_sums(&f);
		ck_assert_uint_eq(answer_to(&f, weir_pkt_build_rst, &out).drop, UINT16_MAX);
	}
}
END_TEST

START_TEST(errors_quote_what_they_are_about)
{
	static const struct {
		const char *kind;
		build_fn build;
		uint8_t type, code;
	} cases[] = {
		{"udp4", weir_pkt_build_prohibited, 3, 13},
		{"udp6", weir_pkt_build_prohibited, 1, 1},
		{"udp4", too_big, 3, 4},
		{"udp6", too_big, 2, 0},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
		for (size_t payload = 0; payload < 3000; payload += 700) {
			struct bytes f = base_frame(cases[i].kind, payload), out;
			struct weir_pkt p;

			add_tag(&f, 0x8100, 12);
			p = answer_to(&f, cases[i].build, &out);
			ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
			ck_assert_uint_eq(p.icmp_type, cases[i].type);
			ck_assert_uint_eq(p.icmp_code, cases[i].code);
			ck_assert_uint_eq(p.tuple.vlan, 12);
			ck_assert(p.flags & WEIR_PKT_ICMP_ERROR);
			ck_assert_uint_eq(p.quote.dport, 53);
			ck_assert_uint_le(p.l3_len, cases[i].kind[3] == '6' ? 1280 : 576);
		}
}
END_TEST

START_TEST(nothing_is_said_to_many_or_about_errors)
{
	struct bytes f = base_frame("udp4", 5), out;

	f.at[0] = 0xff; /* broadcast frame */
	ck_assert_uint_eq(answer_to(&f, weir_pkt_build_prohibited, &out).drop, UINT16_MAX);
	f = base_frame("udp4", 5);
	f.at[30] = 224;
	fix_sums(&f);
	ck_assert_uint_eq(answer_to(&f, weir_pkt_build_prohibited, &out).drop, UINT16_MAX);
	f = base_frame("udp4", 5);
	f.at[26] = f.at[27] = f.at[28] = f.at[29] = 0;
	fix_sums(&f);
	ck_assert_uint_eq(answer_to(&f, weir_pkt_build_prohibited, &out).drop, UINT16_MAX);
	f = base_frame("icmp4", 28);
	memcpy(f.at + 42, base_frame("tcp4", 20).at + 14, 28);
	f.at[34] = 3;
	fix_sums(&f);
	ck_assert_uint_eq(answer_to(&f, weir_pkt_build_prohibited, &out).drop, UINT16_MAX);
	ck_assert_uint_eq(rte_mempool_in_use_count(pool()), 0);
}
END_TEST

Suite *pkt_answer_suite(void)
{
	return WEIR_SUITE("pkt answer", a_reset_fits_the_segment_it_answers,
			  errors_quote_what_they_are_about,
			  nothing_is_said_to_many_or_about_errors);
}
