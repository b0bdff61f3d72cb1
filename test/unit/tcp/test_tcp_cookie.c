/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies: a client is answered by weir itself, and its server asked when it has come back. */
#include "lab.h"
#include "weir_test.h"

#define CLIENT_ISN 4294967000u
#define SERVER_ISN 5000u
#define PERIOD_NS  (64 * WEIR_NS_PER_S)

struct visit {
	struct lab lab;
	uint32_t cookie; /* number of the SYN-ACK */
};

static void open_visit(struct visit *v, uint8_t family)
{
	struct lab_cfg cfg = {.family = family, .mtu = 1500, .by_cookie = true};

	lab_open(&v->lab, &cfg);
}

static void send(struct visit *v, unsigned int from, uint8_t flags, uint32_t seq, uint32_t ack,
		 uint16_t len)
{
	struct segment s = {.flags = flags, .seq = seq, .ack = ack, .len = len, .window = 60000};

	s.scale = 0xff;
	for (uint16_t i = 0; i < len; i++)
		s.payload[i] = (uint8_t)(seq + i - (from ? SERVER_ISN : CLIENT_ISN));
	if (from == 1 && flags & WEIR_TCP_SYN)
		s.mss = 1300;
	lab_send(&v->lab, from, &s);
}

/* The client's SYN with all options, and what it is told. */
static void knock(struct visit *v)
{
	struct segment s = {.flags = WEIR_TCP_SYN,
			    .seq = CLIENT_ISN,
			    .mss = 1400,
			    .scale = 7,
			    .sack_ok = true,
			    .timestamp = true,
			    .ts_val = 1,
			    .window = 60000};

	lab_send(&v->lab, 0, &s);
	ck_assert(lab_next(&v->lab, 0, &s));
	ck_assert_uint_eq(s.flags, WEIR_TCP_SYN | WEIR_TCP_ACK);
	ck_assert_uint_eq(s.ack, CLIENT_ISN + 1);
	ck_assert_uint_eq(s.mss, v->lab.family == 4 ? 1460 : 1440);
	ck_assert(s.scale == 0xff && !s.sack_ok && !s.timestamp);
	ck_assert_uint_gt(s.window, 0);
	v->cookie = s.seq;
	ck_assert(!lab_next(&v->lab, 1, &s));
	ck_assert_uint_eq(weir_tcp_count(v->lab.tcp), 0);
}

/* What must have been sent to `to` now. */
static void expect(struct visit *v, unsigned int to, uint8_t flags, uint32_t seq, uint32_t ack,
		   uint16_t len)
{
	struct segment s;

	ck_assert_msg(lab_next(&v->lab, to, &s), "nothing was sent to %u", to);
	ck_assert_uint_eq(s.flags & ~WEIR_TCP_PSH, flags);
	ck_assert_uint_eq(s.seq, seq);
	ck_assert_uint_eq(s.ack, ack);
	ck_assert_uint_eq(s.len, len);
	ck_assert(s.scale == 0xff && !s.sack_ok && !s.timestamp && !s.n_sack);
}

static void expect_nothing(struct visit *v)
{
	struct segment s;

	ck_assert(!lab_next(&v->lab, 0, &s));
	ck_assert(!lab_next(&v->lab, 1, &s));
}

/* The client comes back, and the server is asked as if by it. */
static void come_back(struct visit *v)
{
	send(v, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, v->cookie + 1, 0);
	ck_assert_ptr_nonnull(v->lab.conn);
	expect(v, 1, WEIR_TCP_SYN, CLIENT_ISN, 0, 0);
	expect_nothing(v);
}

static void let_in(struct visit *v)
{
	send(v, 1, WEIR_TCP_SYN | WEIR_TCP_ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
	ck_assert_int_eq(v->lab.last, WEIR_DROP_NONE);
}

/* Each row is run for both families. */
static void both_families(void (*run)(struct visit *v))
{
	static const uint8_t families[] = {4, 6};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(families); i++) {
		struct visit v;

		open_visit(&v, families[i]);
		run(&v);
		lab_close(&v.lab);
	}
}

static void talk(struct visit *v)
{
	knock(v);
	come_back(v);
	/* What the client sends now waits for the server. */
	send(v, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, v->cookie + 1, 500);
	expect(v, 0, WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 501, 0);
	expect_nothing(v);
	let_in(v);
	expect(v, 1, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 500);
	expect_nothing(v);
	/* The server's numbers become those of the cookie. */
	send(v, 1, WEIR_TCP_ACK, SERVER_ISN + 1, CLIENT_ISN + 501, 200);
	expect(v, 1, WEIR_TCP_ACK, CLIENT_ISN + 501, SERVER_ISN + 201, 0);
	expect(v, 0, WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 501, 200);
	send(v, 0, WEIR_TCP_ACK, CLIENT_ISN + 501, v->cookie + 201, 0);
	expect_nothing(v);
	ck_assert(!weir_tcp_is_quiet(v->lab.conn)); /* and so cannot be forwarded */
	send(v, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 501, v->cookie + 201, 0);
	expect(v, 0, WEIR_TCP_ACK, v->cookie + 201, CLIENT_ISN + 502, 0);
	expect(v, 1, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 501, SERVER_ISN + 201, 0);
	send(v, 1, WEIR_TCP_ACK | WEIR_TCP_FIN, SERVER_ISN + 201, CLIENT_ISN + 502, 0);
	expect(v, 1, WEIR_TCP_ACK, CLIENT_ISN + 502, SERVER_ISN + 202, 0);
	expect(v, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, v->cookie + 201, CLIENT_ISN + 502, 0);
	send(v, 0, WEIR_TCP_ACK, CLIENT_ISN + 502, v->cookie + 202, 0);
	lab_advance(&v->lab, 61 * WEIR_NS_PER_S);
	ck_assert(v->lab.ended && v->lab.end == WEIR_TCP_END_CLOSED);
}

START_TEST(a_client_that_comes_back_with_its_cookie_is_connected)
{
	both_families(talk);
}
END_TEST

/* The cookie is of one client, one connection, and the last minute or two. */
static void lie(struct visit *v)
{
	static const struct {
		uint32_t seq, ack;
		uint8_t flags;
	} wrong[] = {
		{0, 1, WEIR_TCP_ACK},           {1, 0, WEIR_TCP_ACK},
		{0, 1u << 24, WEIR_TCP_ACK},    {0, 1u << 27, WEIR_TCP_ACK},
		{0, -(1u << 27), WEIR_TCP_ACK}, {0, 0, WEIR_TCP_ACK | WEIR_TCP_RST},
	};

	/* Before any cookie was sent none is believed. */
	send(v, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, 1, 0);
	ck_assert_ptr_null(v->lab.conn);
	knock(v);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(wrong); i++) {
		send(v, 0, wrong[i].flags, CLIENT_ISN + 1 + wrong[i].seq,
		     v->cookie + 1 + wrong[i].ack, 0);
		ck_assert_msg(!v->lab.conn, "row %zu was believed", i);
		ck_assert_int_eq(v->lab.last, WEIR_DROP_TCP_MIDSTREAM);
	}
	lab_advance(&v->lab, 2 * PERIOD_NS);
	send(v, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, v->cookie + 1, 0);
	ck_assert_ptr_null(v->lab.conn);
	/* Another one that is sent does not make the old one young. */
	knock(v);
	lab_advance(&v->lab, PERIOD_NS);
	come_back(v);
}

START_TEST(what_is_no_cookie_or_an_old_one_is_not_believed)
{
	both_families(lie);
}
END_TEST

static void be_refused(struct visit *v)
{
	knock(v);
	come_back(v);
	send(v, 1, WEIR_TCP_RST | WEIR_TCP_ACK, 0, CLIENT_ISN + 2, 0);
	ck_assert_int_eq(v->lab.last, WEIR_DROP_TCP_BAD_ACK);
	expect_nothing(v);
	send(v, 1, WEIR_TCP_RST | WEIR_TCP_ACK, 0, CLIENT_ISN + 1, 0);
	expect(v, 0, WEIR_TCP_RST | WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 1, 0);
	ck_assert(v->lab.ended && v->lab.end == WEIR_TCP_END_RESET);
}

START_TEST(a_server_that_refuses_resets_the_client)
{
	both_families(be_refused);
}
END_TEST

static void wait_in_vain(struct visit *v)
{
	knock(v);
	come_back(v);
	for (unsigned int s = 1; s <= 32; s *= 2) {
		lab_advance(&v->lab, s * WEIR_NS_PER_S + 10 * WEIR_NS_PER_MS);
		expect(v, 1, WEIR_TCP_SYN, CLIENT_ISN, 0, 0);
		expect_nothing(v);
	}
	lab_advance(&v->lab, 61 * WEIR_NS_PER_S);
	lab_advance(&v->lab, 61 * WEIR_NS_PER_S);
	expect(v, 0, WEIR_TCP_RST | WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 1, 0);
	expect_nothing(v);
	ck_assert(v->lab.ended && v->lab.end == WEIR_TCP_END_TIMEOUT);
}

START_TEST(a_server_that_does_not_answer_is_asked_again_and_given_up)
{
	both_families(wait_in_vain);
}
END_TEST

static void answer_late(struct visit *v)
{
	knock(v);
	come_back(v);
	send(v, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 1, v->cookie + 1, 10);
	expect(v, 0, WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 12, 0);
	expect_nothing(v);
	lab_advance(&v->lab, 1010 * WEIR_NS_PER_MS);
	expect(v, 1, WEIR_TCP_SYN, CLIENT_ISN, 0, 0);
	/* An answer to something else opens nothing; an older connection is ended. */
	send(v, 1, WEIR_TCP_SYN | WEIR_TCP_ACK, SERVER_ISN, CLIENT_ISN + 9, 0);
	ck_assert_int_eq(v->lab.last, WEIR_DROP_TCP_BAD_ACK);
	send(v, 1, WEIR_TCP_ACK, 77, 88, 0);
	expect(v, 1, WEIR_TCP_RST, 88, 1, 0);
	expect_nothing(v);
	let_in(v);
	expect(v, 1, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 10);
	expect(v, 1, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 11, SERVER_ISN + 1, 0);
}

START_TEST(what_came_before_the_server_answers_goes_on_then)
{
	both_families(answer_late);
}
END_TEST

static void leave(struct visit *v)
{
	knock(v);
	come_back(v);
	send(v, 0, WEIR_TCP_RST, CLIENT_ISN + 1, 0, 0);
	expect(v, 1, WEIR_TCP_RST | WEIR_TCP_ACK, CLIENT_ISN + 1, 1, 0);
	ck_assert(v->lab.ended && v->lab.end == WEIR_TCP_END_RESET);
}

START_TEST(a_client_that_resets_meanwhile_takes_the_server_with_it)
{
	both_families(leave);
}
END_TEST

/* ---- weir's own words while the server is being asked ---- */

static void answer_itself(struct visit *v)
{
	static const uint8_t bytes[50];
	struct weir_bytes said = weir_bytes_of(bytes, sizeof(bytes));

	v->lab.hold = true;
	knock(v);
	come_back(v);
	send(v, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, v->cookie + 1, 10);
	expect(v, 0, WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 11, 0);
	ck_assert_uint_eq(weir_tcp_discard(v->lab.tcp, v->lab.conn, 0, 10), 10);
	ck_assert_int_eq(weir_tcp_write(v->lab.tcp, v->lab.conn, 1, said), -WEIR_EINVAL);
	ck_assert_int_eq(weir_tcp_write(v->lab.tcp, v->lab.conn, 0, said), 0);
	lab_advance(&v->lab, WEIR_NS_PER_MS);
	expect(v, 0, WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 11, 50);
	expect_nothing(v);
}

static void say_good_bye(struct visit *v)
{
	answer_itself(v);
	weir_tcp_shut(v->lab.tcp, v->lab.conn, 0);
	weir_tcp_shut(v->lab.tcp, v->lab.conn, 1);
	lab_advance(&v->lab, WEIR_NS_PER_MS);
	expect(v, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, v->cookie + 51, CLIENT_ISN + 11, 0);
	expect_nothing(v);
}

/* The client's side comes to its end, whatever the server does. */
static void hear_good_bye(struct visit *v, enum weir_tcp_end end)
{
	send(v, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 11, v->cookie + 52, 0);
	expect(v, 0, WEIR_TCP_ACK, v->cookie + 52, CLIENT_ISN + 12, 0);
	expect_nothing(v);
	ck_assert(!v->lab.ended);
	lab_advance(&v->lab, 61 * WEIR_NS_PER_S);
	ck_assert(v->lab.ended && v->lab.end == end);
	expect_nothing(v);
}

static void answer_before_the_server(struct visit *v)
{
	say_good_bye(v);
	let_in(v);
	expect(v, 1, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 1, SERVER_ISN + 1, 0);
	send(v, 1, WEIR_TCP_ACK | WEIR_TCP_FIN, SERVER_ISN + 1, CLIENT_ISN + 2, 0);
	expect(v, 1, WEIR_TCP_ACK, CLIENT_ISN + 2, SERVER_ISN + 2, 0);
	hear_good_bye(v, WEIR_TCP_END_CLOSED);
}

static void answer_for_one_that_refuses(struct visit *v)
{
	say_good_bye(v);
	send(v, 1, WEIR_TCP_RST | WEIR_TCP_ACK, 0, CLIENT_ISN + 1, 0);
	hear_good_bye(v, WEIR_TCP_END_CLOSED);
}

/* The answer again, and no reset. */
static void hear_again(struct visit *v)
{
	struct segment s;

	while (lab_next(&v->lab, 0, &s))
		ck_assert(!(s.flags & WEIR_TCP_RST));
}

static void answer_for_one_that_is_silent(struct visit *v)
{
	say_good_bye(v);
	for (unsigned int s = 1; s <= 32; s *= 2) {
		lab_advance(&v->lab, s * WEIR_NS_PER_S + 10 * WEIR_NS_PER_MS);
		expect(v, 1, WEIR_TCP_SYN, CLIENT_ISN, 0, 0);
		hear_again(v);
	}
	lab_advance(&v->lab, 65 * WEIR_NS_PER_S);
	hear_again(v);
	expect_nothing(v); /* the server is given up */
	hear_good_bye(v, WEIR_TCP_END_CLOSED);
}

static void answer_and_reset_the_server(struct visit *v)
{
	answer_itself(v);
	weir_tcp_abort_leg(v->lab.tcp, v->lab.conn, 1, v->lab.now_ns);
	lab_advance(&v->lab, WEIR_NS_PER_MS);
	expect(v, 1, WEIR_TCP_RST | WEIR_TCP_ACK, CLIENT_ISN + 1, 1, 0);
	expect(v, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, v->cookie + 51, CLIENT_ISN + 11, 0);
	/* Its answer was under way. */
	send(v, 1, WEIR_TCP_SYN | WEIR_TCP_ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
	ck_assert_int_eq(v->lab.last, WEIR_DROP_TCP_BAD_STATE);
	expect(v, 1, WEIR_TCP_RST, CLIENT_ISN + 1, 1, 0);
	hear_good_bye(v, WEIR_TCP_END_ABORTED);
}

static void reset_the_client(struct visit *v)
{
	answer_itself(v);
	weir_tcp_abort_leg(v->lab.tcp, v->lab.conn, 0, v->lab.now_ns);
	expect(v, 0, WEIR_TCP_RST | WEIR_TCP_ACK, v->cookie + 51, CLIENT_ISN + 11, 0);
	expect(v, 0, WEIR_TCP_RST | WEIR_TCP_ACK, v->cookie + 1, CLIENT_ISN + 11, 0);
	expect(v, 1, WEIR_TCP_RST | WEIR_TCP_ACK, CLIENT_ISN + 1, 1, 0);
	lab_advance(&v->lab, WEIR_NS_PER_MS);
	ck_assert(v->lab.ended && v->lab.end == WEIR_TCP_END_ABORTED);
}

START_TEST(a_client_is_answered_whatever_the_server_does_that_was_asked)
{
	both_families(answer_before_the_server);
	both_families(answer_for_one_that_refuses);
	both_families(answer_for_one_that_is_silent);
	both_families(answer_and_reset_the_server);
	both_families(reset_the_client);
}
END_TEST

START_TEST(a_flood_begins_with_so_many_in_the_handshake)
{
	struct segment s = {.flags = WEIR_TCP_SYN, .seq = CLIENT_ISN, .scale = 0xff};
	struct lab_cfg cfg = {.family = 4};
	struct lab l;

	lab_open(&l, &cfg);
	weir_tcp_set_half_open(l.tcp, 1);
	ck_assert(!weir_tcp_is_flooded(l.tcp));
	lab_send(&l, 0, &s);
	ck_assert(weir_tcp_is_flooded(l.tcp));
	s = (struct segment){.flags = WEIR_TCP_SYN | WEIR_TCP_ACK,
			     .seq = SERVER_ISN,
			     .ack = CLIENT_ISN + 1,
			     .scale = 0xff};
	lab_send(&l, 1, &s);
	s = (struct segment){
		.flags = WEIR_TCP_ACK, .seq = CLIENT_ISN + 1, .ack = SERVER_ISN + 1, .scale = 0xff};
	lab_send(&l, 0, &s);
	ck_assert(weir_tcp_is_open(l.conn));
	ck_assert(!weir_tcp_is_flooded(l.tcp));
	lab_close(&l);
}
END_TEST

Suite *tcp_cookie_suite(void)
{
	return WEIR_SUITE("tcp cookie", a_client_that_comes_back_with_its_cookie_is_connected,
			  what_is_no_cookie_or_an_old_one_is_not_believed,
			  a_server_that_refuses_resets_the_client,
			  a_server_that_does_not_answer_is_asked_again_and_given_up,
			  what_came_before_the_server_answers_goes_on_then,
			  a_client_that_resets_meanwhile_takes_the_server_with_it,
			  a_client_is_answered_whatever_the_server_does_that_was_asked,
			  a_flood_begins_with_so_many_in_the_handshake);
}
