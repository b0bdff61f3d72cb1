/* SPDX-License-Identifier: BSD-3-Clause */
#include "../../../app/weir-bench/frame.h"
#include "weir_test.h"

#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_ip.h>

#define LEN_MAX 1514

Suite *bench_frame_suite(void);

static struct bench_net net_of(unsigned int families, uint8_t proto, uint16_t vlan)
{
	static const uint8_t client6[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 1};
	static const uint8_t server6[16] = {0x20, 1, 0x0d, 0xb8, 0, 2, [15] = 1};

	return (struct bench_net){
		.families = families,
		.proto = proto,
		.vlan = vlan,
		.port = 5001,
		.clients = 1000,
		.client = {weir_addr_v4(0x0a010001), weir_addr_v6(client6)},
		.server = {weir_addr_v4(0x0a020001), weir_addr_v6(server6)},
	};
}

static const struct {
	unsigned int families;
	uint8_t proto;
	uint16_t vlan;
	uint16_t min; /* of a stamped frame */
	uint16_t min_bare;
} kinds[] = {
	{BENCH_V4, IPPROTO_UDP, 0, 60, 60},   {BENCH_V6, IPPROTO_UDP, 0, 80, 62},
	{BENCH_V4, IPPROTO_TCP, 0, 72, 60},   {BENCH_V6, IPPROTO_TCP, 0, 92, 74},
	{BENCH_V4, IPPROTO_UDP, 100, 64, 60}, {BENCH_V6, IPPROTO_TCP, 4094, 96, 78},
	{BENCH_BOTH, IPPROTO_UDP, 0, 80, 62}, {BENCH_BOTH, IPPROTO_TCP, 7, 96, 78},
};

/* What a correct host would say of the frame's checksums. */
static void check_checksums(const uint8_t *frame, const struct bench_seen *seen)
{
	const void *l3 = frame + seen->l3, *l4 = frame + seen->l4;
	uint16_t sum;

	if (seen->family == 4) {
		ck_assert_uint_eq(rte_raw_cksum(l3, 20), 0xffff);
		sum = rte_ipv4_udptcp_cksum(l3, l4);
	} else {
		sum = rte_ipv6_udptcp_cksum(l3, l4);
	}
	ck_assert(sum == 0 || sum == 0xffff);
}

static void check_round_trip(const struct bench_net *net, const struct bench_templates *t,
			     const struct bench_fields *f, enum bench_dir dir)
{
	uint8_t frame[LEN_MAX] = {0};
	struct bench_seen seen;

	bench_frame_write(frame, bench_template_of(t, f->number, dir, false), f);
	ck_assert(bench_frame_read(frame, f->len, &seen));
	check_checksums(frame, &seen);
	ck_assert_uint_eq(bench_frame_number(net, frame, &seen, dir), f->number);
	ck_assert_uint_eq(seen.proto, net->proto);
	ck_assert(seen.stamped);
	ck_assert_mem_eq(&seen.stamp, &f->stamp, sizeof(seen.stamp));
	if (net->proto != IPPROTO_TCP)
		return;
	ck_assert_uint_eq(seen.tcp_seq, f->tcp_seq);
	ck_assert_uint_eq(seen.tcp_ack, f->tcp_ack);
	ck_assert_uint_eq(seen.tcp_flags, f->tcp_flags);
}

START_TEST(what_is_written_is_read_and_its_checksums_are_right)
{
	static const uint32_t numbers[] = {0, 1, 999, 1000, 64511999, 12345678};
	static const uint16_t more[] = {0, 1, 2, 37, 1200};

	for (unsigned int k = 0; k < WEIR_ARRAY_LEN(kinds); k++) {
		struct bench_net net = net_of(kinds[k].families, kinds[k].proto, kinds[k].vlan);
		struct bench_templates t;

		bench_templates_init(&t, &net);
		for (unsigned int i = 0; i < WEIR_ARRAY_LEN(numbers) * WEIR_ARRAY_LEN(more) * 2;
		     i++) {
			struct bench_fields f = {
				.number = numbers[i / 2 % WEIR_ARRAY_LEN(numbers)],
				.len = kinds[k].min + more[i / 2 / WEIR_ARRAY_LEN(numbers)],
				.stamped = true,
				.stamp = {BENCH_STAMP_MAGIC, i * 77777777u, ~i,
					  0xfedcba9876543210u * i},
				.tcp_flags = 0x18,
				.tcp_seq = 0xfffffff0u + i,
				.tcp_ack = i * 40503u,
			};

			check_round_trip(&net, &t, &f, i % 2);
		}
	}
}
END_TEST

START_TEST(the_smallest_frame_holds_headers_and_stamp)
{
	for (unsigned int k = 0; k < WEIR_ARRAY_LEN(kinds); k++) {
		struct bench_net net = net_of(kinds[k].families, kinds[k].proto, kinds[k].vlan);
		struct bench_templates t;

		bench_templates_init(&t, &net);
		ck_assert_uint_eq(bench_frame_min(&t, true), kinds[k].min);
		ck_assert_uint_eq(bench_frame_min(&t, false), kinds[k].min_bare);
	}
}
END_TEST

START_TEST(a_syn_has_its_options_and_no_stamp)
{
	static const uint8_t options[2][8] = {{2, 4, 1460 >> 8, 1460 & 0xff, 1, 3, 3, 8},
					      {2, 4, 1440 >> 8, 1440 & 0xff, 1, 3, 3, 8}};

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct bench_net net = net_of(v6, IPPROTO_TCP, 0);
		const struct bench_template *syn;
		struct bench_templates t;
		uint8_t frame[BENCH_HEAD_BYTES];
		struct bench_seen seen;

		bench_templates_init(&t, &net);
		syn = bench_template_of(&t, 5, BENCH_TO_SERVER, true);
		bench_frame_write(frame, syn,
				  &(struct bench_fields){.number = 5,
							 .len = syn->payload,
							 .tcp_flags = 2,
							 .tcp_seq = 0x01020304});
		ck_assert(bench_frame_read(frame, syn->payload, &seen));
		check_checksums(frame, &seen);
		ck_assert_uint_eq(seen.payload_len, 0);
		ck_assert(!seen.stamped);
		ck_assert_uint_eq(seen.tcp_flags, 2);
		ck_assert_uint_eq(seen.tcp_seq, 0x01020304);
		ck_assert_mem_eq(frame + seen.l4 + 20, options[v6], 8);
	}
}
END_TEST

START_TEST(numbers_have_addresses_of_their_own)
{
	struct bench_net net = net_of(BENCH_V4, IPPROTO_UDP, 0);
	uint8_t a[LEN_MAX] = {0}, b[LEN_MAX] = {0};
	struct bench_fields f = {.len = 60};
	struct bench_templates t;

	bench_templates_init(&t, &net);
	for (uint32_t n = 0; n < 3000; n++) {
		f.number = n;
		bench_frame_write(a, bench_template_of(&t, n, BENCH_TO_SERVER, false), &f);
		f.number = n + 1;
		bench_frame_write(b, bench_template_of(&t, n + 1, BENCH_TO_SERVER, false), &f);
		ck_assert_mem_ne(a + 14, b + 14, 28);
	}
	/* The first client, the second, and the first by its next port. */
	f.number = 1000;
	bench_frame_write(a, bench_template_of(&t, 1000, BENCH_TO_SERVER, false), &f);
	ck_assert_mem_eq(a + 26, "\x0a\x01\x00\x01\x0a\x02\x00\x01\x04\x01\x13\x89", 12);
	f.number = 1;
	bench_frame_write(a, bench_template_of(&t, 1, BENCH_TO_CLIENT, false), &f);
	ck_assert_mem_eq(a + 26, "\x0a\x02\x00\x01\x0a\x01\x00\x02\x13\x89\x04\x00", 12);
}
END_TEST

START_TEST(families_alternate_when_both_are_wanted)
{
	struct bench_net net = net_of(BENCH_BOTH, IPPROTO_UDP, 0);
	struct bench_templates t;

	bench_templates_init(&t, &net);
	ck_assert_uint_eq(bench_template_of(&t, 8, BENCH_TO_CLIENT, false)->family, 4);
	ck_assert_uint_eq(bench_template_of(&t, 9, BENCH_TO_CLIENT, false)->family, 6);
}
END_TEST

/* Each cut stands against the end of a mapped page: a read past it is a fault. */
START_TEST(frames_cut_short_are_not_read)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *mem =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(mem != MAP_FAILED);
	ck_assert_int_eq(mprotect(mem + page, page, PROT_NONE), 0);
	for (unsigned int k = 0; k < WEIR_ARRAY_LEN(kinds); k++) {
		struct bench_net net = net_of(kinds[k].families, kinds[k].proto, kinds[k].vlan);
		struct bench_fields f = {.number = 1, .len = kinds[k].min, .stamped = true};
		struct bench_templates t;
		uint8_t frame[LEN_MAX] = {0};
		struct bench_seen seen;

		bench_templates_init(&t, &net);
		bench_frame_write(frame, bench_template_of(&t, 1, BENCH_TO_SERVER, false), &f);
		for (uint32_t len = 0; len < f.len; len++) {
			memcpy(mem + page - len, frame, len);
			ck_assert_msg(!bench_frame_read(mem + page - len, len, &seen),
				      "kind %u at %u", k, len);
		}
	}
	munmap(mem, 2 * page);
}
END_TEST

/* Rows change one byte of a good TCP/IPv4 frame so that it cannot be read. */
START_TEST(frames_that_lie_are_not_read)
{
	static const struct {
		const char *what;
		unsigned int at;
		uint8_t value;
	} lies[] = {
		{"EtherType is not IP", 12, 0x88},
		{"IHL is not 5", 14, 0x46},
		{"total length below the header's", 17, 19},
		{"total length past the frame", 16, 0x40},
		{"protocol is ICMP", 23, 1},
		{"data offset below 5", 46, 0x40},
		{"data offset past the packet", 46, 0xf0},
	};
	struct bench_net net = net_of(BENCH_V4, IPPROTO_TCP, 0);
	struct bench_fields f = {.number = 1, .len = 72, .stamped = true};
	struct bench_templates t;
	struct bench_seen seen;

	bench_templates_init(&t, &net);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(lies); i++) {
		uint8_t frame[BENCH_HEAD_BYTES];

		bench_frame_write(frame, bench_template_of(&t, 1, BENCH_TO_SERVER, false), &f);
		frame[lies[i].at] = lies[i].value;
		ck_assert_msg(!bench_frame_read(frame, 72, &seen), "%s", lies[i].what);
	}
}
END_TEST

START_TEST(foreign_addresses_and_ports_have_no_number)
{
	static const unsigned int at[] = {27 /* client */, 33 /* server */, 34 /* sport */,
					  36 /* dport */};
	struct bench_net net = net_of(BENCH_V4, IPPROTO_UDP, 0);
	struct bench_fields f = {.number = 1, .len = 60};
	struct bench_templates t;
	struct bench_seen seen;

	bench_templates_init(&t, &net);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(at); i++) {
		uint8_t frame[BENCH_HEAD_BYTES];

		bench_frame_write(frame, bench_template_of(&t, 1, BENCH_TO_SERVER, false), &f);
		frame[at[i]] = 0;
		ck_assert(bench_frame_read(frame, 60, &seen));
		ck_assert_msg(bench_frame_number(&net, frame, &seen, BENCH_TO_SERVER) == UINT32_MAX,
			      "byte %u", at[i]);
	}
}
END_TEST

START_TEST(a_payload_without_the_magic_is_no_stamp)
{
	struct bench_net net = net_of(BENCH_V4, IPPROTO_UDP, 0);
	struct bench_fields f = {.number = 1, .len = 60, .stamped = true};
	uint8_t frame[BENCH_HEAD_BYTES];
	struct bench_templates t;
	struct bench_seen seen;

	bench_templates_init(&t, &net);
	f.stamp.magic = BENCH_STAMP_MAGIC ^ 1;
	bench_frame_write(frame, bench_template_of(&t, 1, BENCH_TO_SERVER, false), &f);
	ck_assert(bench_frame_read(frame, 60, &seen));
	ck_assert(!seen.stamped);
}
END_TEST

Suite *bench_frame_suite(void)
{
	return WEIR_SUITE("bench frame", what_is_written_is_read_and_its_checksums_are_right,
			  the_smallest_frame_holds_headers_and_stamp,
			  a_syn_has_its_options_and_no_stamp, numbers_have_addresses_of_their_own,
			  families_alternate_when_both_are_wanted, frames_cut_short_are_not_read,
			  frames_that_lie_are_not_read, foreign_addresses_and_ports_have_no_number,
			  a_payload_without_the_magic_is_no_stamp);
}
