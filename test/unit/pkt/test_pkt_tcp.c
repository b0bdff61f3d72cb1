/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP header: fields, flags, options. */
#include "fixture.h"

#define FLAGS4 T4(13)

static const struct row rows[] = {
	{"data offset 4", "tcp4", {{T4(12), 0x40}}, .drop = D(TCP_BAD_OFFSET)},
	{"data offset 0", "tcp4", {{T4(12), 0x00}}, .drop = D(TCP_BAD_OFFSET)},
	{"data offset 4 over IPv6", "tcp6", {{T6(12), 0x40}}, .drop = D(TCP_BAD_OFFSET)},
	{"source port 0", "tcp4", {{T4(0), 0}, {T4(1), 0}}, .drop = D(TCP_PORT_ZERO)},
	{"destination port 0", "tcp4", {{T4(2), 0}, {T4(3), 0}}, .drop = D(TCP_PORT_ZERO)},
	{"both ports 0",
	 "tcp6",
	 {{T6(0), 0}, {T6(1), 0}, {T6(2), 0}, {T6(3), 0}},
	 .drop = D(TCP_PORT_ZERO)},
	{"ports 65535",
	 "tcp4",
	 {{T4(0), 255}, {T4(1), 255}, {T4(2), 255}, {T4(3), 255}},
	 .drop = D(NONE)},
	{"reserved bits set", "tcp4", {{T4(12), 0x5f}}, .drop = D(NONE)},
	{"urgent pointer without URG", "tcp4", {{T4(18), 1}}, .drop = D(NONE)},
	{"window 0", "tcp4", {{T4(14), 0}, {T4(15), 0}}, .drop = D(NONE)},
	{"checksum off by one", "tcp4", {{T4(16), 0x12}}, true, D(TCP_BAD_CHECKSUM)},
	{"payload changed after the sum", "tcp4", {{T4(40), 0}}, true, D(TCP_BAD_CHECKSUM)},
	{"last byte changed after the sum", "tcp4", {{T4(83), 0}}, true, D(TCP_BAD_CHECKSUM)},
	{"checksum 0", "tcp4", {{T4(16), 0}, {T4(17), 0}}, true, D(TCP_BAD_CHECKSUM)},
	{"checksum off by one over IPv6", "tcp6", {{T6(16), 0x12}}, true, D(TCP_BAD_CHECKSUM)},
	{"source changed after the sum", "tcp6", {{IP(23), 9}}, true, D(TCP_BAD_CHECKSUM)},
};

START_TEST(each_odd_header_has_its_reason)
{
	check_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_header_must_fit_the_packet)
{
	for (size_t len = 0; len <= 24; len++) {
		struct bytes f = base_frame("tcp4", 40), g = base_frame("tcp6", 40);
		enum weir_drop want = len < 20   ? D(TCP_TRUNCATED)
				      : len < 24 ? D(TCP_BAD_OFFSET)
						 : D(NONE);

		f.at[T4(12)] = g.at[T6(12)] = 0x60;
		memset(f.at + T4(20), 1, 4);
		memset(g.at + T6(20), 1, 4);
		shorten(&f, 60 - len);
		shorten(&g, 60 - len);
		check_drop(&f, want, "a header of 24 bytes over IPv4");
		check_drop(&g, want, "a header of 24 bytes over IPv6");
	}
}
END_TEST

START_TEST(fields_of_the_header_are_taken)
{
	struct bytes f = base_frame("syn4", 10);
	struct weir_pkt p = parse(&f);

	ck_assert_uint_eq(p.drop, D(NONE));
	ck_assert_uint_eq(p.tuple.sport, 40000);
	ck_assert_uint_eq(p.tuple.dport, 80);
	ck_assert_uint_eq(p.seq, 0x1001);
	ck_assert_uint_eq(p.ack, 0x2002);
	ck_assert_uint_eq(p.window, 0xfedc);
	ck_assert_uint_eq(p.wscale, 7);
	ck_assert_uint_eq(p.tcp_flags, WEIR_TCP_SYN);
	ck_assert_uint_eq(p.payload_off, T4(40));
	ck_assert_uint_eq(p.payload_len, 10);
	f = base_frame("tcp6", 0);
	p = parse(&f);
	ck_assert_uint_eq(p.payload_len, 0);
	ck_assert_uint_eq(p.payload_off, T6(20));
	ck_assert_uint_eq(p.wscale, 0xff);
	ck_assert_uint_eq(p.tcp_flags, WEIR_TCP_ACK);
}
END_TEST

/* The table of Linux' nf_conntrack_proto_tcp.c; PSH, ECE and CWR are not looked at. */
static bool linux_takes(unsigned int flags)
{
	static const uint8_t good[] = {
		WEIR_TCP_SYN,
		WEIR_TCP_SYN | WEIR_TCP_URG,
		WEIR_TCP_SYN | WEIR_TCP_ACK,
		WEIR_TCP_RST,
		WEIR_TCP_RST | WEIR_TCP_ACK,
		WEIR_TCP_FIN | WEIR_TCP_ACK,
		WEIR_TCP_FIN | WEIR_TCP_ACK | WEIR_TCP_URG,
		WEIR_TCP_ACK,
		WEIR_TCP_ACK | WEIR_TCP_URG,
	};

	for (size_t i = 0; i < sizeof(good); i++)
		if ((flags & 0x37) == good[i])
			return true;
	return false;
}

START_TEST(flags_are_judged_as_linux_does)
{
	for (unsigned int flags = 0; flags < 256; flags++) {
		struct bytes f = base_frame("tcp4", 3);
		struct weir_pkt p;

		f.at[FLAGS4] = (uint8_t)flags;
		fix_sums(&f);
		p = parse(&f);
		ck_assert_msg(p.drop == (linux_takes(flags) ? D(NONE) : D(TCP_BAD_FLAGS)),
			      "flags %#x: %s", flags, weir_drop_name((enum weir_drop)p.drop));
		if (!p.drop)
			ck_assert_uint_eq(p.tcp_flags, flags & 0x3f);
	}
}
END_TEST

#define NOP 1
#define TS  8, 10, 0, 0, 0, 1, 0, 0, 0, 2

START_TEST(options_are_judged)
{
	static const struct {
		const char *what;
		uint8_t option[20];
		size_t len;
		enum weir_drop drop;
	} options[] = {
		{"NOP NOP timestamp", {NOP, NOP, TS}, 12, D(NONE)},
		{"timestamp NOP NOP", {TS, NOP, NOP}, 12, D(NONE)},
		{"NOPs", {NOP, NOP, NOP, NOP}, 4, D(NONE)},
		{"the end, and anything", {0, 99, 99, 99}, 4, D(NONE)},
		{"NOP, the end, and anything", {NOP, 0, 2, 0}, 4, D(NONE)},
		{"an unknown kind", {254, 4, 1, 2}, 4, D(NONE)},
		{"an unknown kind twice", {254, 4, 1, 2, 254, 4, 1, 2}, 8, D(NONE)},
		{"MD5", {19, 18, [18] = NOP, NOP}, 20, D(NONE)},
		{"one SACK block", {NOP, NOP, 5, 10, 0}, 12, D(NONE)},
		{"length 0", {254, 0, 0, 0}, 4, D(TCP_BAD_OPTION)},
		{"length 1", {254, 1, 0, 0}, 4, D(TCP_BAD_OPTION)},
		{"a length to the end", {NOP, NOP, 254, 2}, 4, D(NONE)},
		{"a length one past the end", {NOP, NOP, 254, 3}, 4, D(TCP_BAD_OPTION)},
		{"length 255", {254, 255, 0, 0}, 4, D(TCP_BAD_OPTION)},
		{"no length byte", {NOP, NOP, NOP, 254}, 4, D(TCP_BAD_OPTION)},
		{"MSS of 3 bytes", {2, 3, 5, NOP}, 4, D(TCP_BAD_OPTION)},
		{"MSS of 5 bytes", {2, 5, 5, 0, 0, NOP, NOP, NOP}, 8, D(TCP_BAD_OPTION)},
		{"MSS twice", {2, 4, 5, 0xb4, 2, 4, 5, 0xb4}, 8, D(TCP_BAD_OPTION)},
		{"window scale of 2 bytes", {3, 2, NOP, NOP}, 4, D(TCP_BAD_OPTION)},
		{"window scale of 4 bytes", {3, 4, 7, 7}, 4, D(TCP_BAD_OPTION)},
		{"window scale twice", {3, 3, 7, NOP, 3, 3, 7, NOP}, 8, D(TCP_BAD_OPTION)},
		{"SACK permitted of 3 bytes", {4, 3, 0, NOP}, 4, D(TCP_BAD_OPTION)},
		{"SACK permitted twice", {4, 2, 4, 2}, 4, D(TCP_BAD_OPTION)},
		{"timestamp of 9 bytes", {8, 9, [9] = NOP, NOP, NOP}, 12, D(TCP_BAD_OPTION)},
		{"timestamp of 12 bytes", {8, 12}, 12, D(TCP_BAD_OPTION)},
		{"timestamp twice", {TS, TS}, 20, D(TCP_BAD_OPTION)},
		{"NOP NOP timestamp of 11", {NOP, NOP, 8, 11}, 12, D(TCP_BAD_OPTION)},
		{"NOP NOP timestamp of 9, NOP",
		 {NOP, NOP, 8, 9, [11] = NOP},
		 12,
		 D(TCP_BAD_OPTION)},
		{"twice with the end between", {2, 4, 5, 0xb4, 0, 2, 4, 5}, 8, D(NONE)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(options); i++) {
		struct bytes f = base_frame("tcp4", 4), g = base_frame("tcp6", 4);

		add_tcp_options(&f, options[i].option, options[i].len);
		add_tcp_options(&g, options[i].option, options[i].len);
		check_drop(&f, options[i].drop, options[i].what);
		check_drop(&g, options[i].drop, options[i].what);
		f.at[FLAGS4] = WEIR_TCP_SYN;
		fix_sums(&f);
		check_drop(&f, options[i].drop, options[i].what);
	}
}
END_TEST

START_TEST(forty_bytes_of_options_are_read)
{
	struct bytes f = base_frame("tcp4", 4);
	uint8_t options[40];

	memset(options, NOP, sizeof(options));
	add_tcp_options(&f, options, sizeof(options));
	check_drop(&f, D(NONE), "40 NOPs");
	ck_assert_uint_eq(parse(&f).payload_len, 4);
	f.at[T4(59)] = 2;
	fix_sums(&f);
	check_drop(&f, D(TCP_BAD_OPTION), "MSS in the last byte");
}
END_TEST

START_TEST(the_window_scale_counts_in_a_syn_and_to_14)
{
	static const struct {
		uint8_t flags, shift, want;
	} cases[] = {
		{WEIR_TCP_SYN, 0, 0},
		{WEIR_TCP_SYN, 7, 7},
		{WEIR_TCP_SYN | WEIR_TCP_ACK, 14, 14},
		{WEIR_TCP_SYN, 15, 14},
		{WEIR_TCP_SYN, 255, 14},
		{WEIR_TCP_ACK, 7, 0xff},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct bytes f = base_frame("tcp4", 0);

		f.at[FLAGS4] = cases[i].flags;
		add_tcp_options(&f, (const uint8_t[]){NOP, 3, 3, cases[i].shift}, 4);
		ck_assert_uint_eq(drop_of(&f), D(NONE));
		ck_assert_uint_eq(parse(&f).wscale, cases[i].want);
	}
}
END_TEST

Suite *pkt_tcp_suite(void)
{
	return WEIR_SUITE("pkt tcp", each_odd_header_has_its_reason, the_header_must_fit_the_packet,
			  fields_of_the_header_are_taken, flags_are_judged_as_linux_does,
			  options_are_judged, forty_bytes_of_options_are_read,
			  the_window_scale_counts_in_a_syn_and_to_14);
}
