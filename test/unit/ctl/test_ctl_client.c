/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections: framing, several requests, slow and silent clients, limits. */
#include "fixture.h"

#include <weir_test.h>

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char version[] = "{\"cmd\":\"version\"}\n";

static void assert_version(json_t *answer)
{
	ck_assert_ptr_nonnull(answer);
	ck_assert_str_eq(text_of(answer, "version"), "1.2.3-test");
	json_decref(answer);
}

static void assert_ended(struct fixture *f, int fd)
{
	json_t *answer = client_line(f, fd);

	ck_assert_ptr_null(answer);
	close(fd);
}

START_TEST(a_line_gets_a_line)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	client_send(f, fd, version, sizeof(version) - 1);
	assert_version(client_line(f, fd));
	client_send(f, fd, version, sizeof(version) - 1);
	assert_version(client_line(f, fd));
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_request_may_come_in_two_parts_cut_at_any_byte)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	for (size_t cut = 1; cut < sizeof(version) - 1; cut++) {
		client_send(f, fd, version, cut);
		weir_ctl_turn(f->ctl, 0);
		client_send(f, fd, version + cut, sizeof(version) - 1 - cut);
		assert_version(client_line(f, fd));
	}
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(requests_in_one_go_are_answered_in_order)
{
	static const char three[] = "\n  \r\n{\"cmd\":\"version\"}\n{\"cmd\":\"nope\"}\r\n"
				    "{\"cmd\":\"drops\"}\n";
	struct fixture *f = fixture_create();
	int fd = client_open(f);
	json_t *answer;

	client_send(f, fd, three, sizeof(three) - 1);
	assert_version(client_line(f, fd));
	answer = client_line(f, fd);
	ck_assert_str_eq(text_of(answer, "error"), "no command 'nope'");
	json_decref(answer);
	answer = client_line(f, fd);
	ck_assert_int_eq(int_of(answer, "total"), 0);
	json_decref(answer);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_last_line_needs_no_newline)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	client_send(f, fd, version, sizeof(version) - 2);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	assert_version(client_line(f, fd));
	assert_ended(f, fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_client_that_says_nothing_more_is_let_go)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	assert_ended(f, fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(an_endless_line_is_refused_and_the_connection_ended)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);
	struct weir_buf big = {0};
	json_t *answer;

	while (big.len < 65537)
		weir_buf_str(&big, "{");
	client_send(f, fd, big.ptr, 65537);
	answer = client_line(f, fd);
	ck_assert_str_eq(text_of(answer, "error"), "the request is longer than 65536 bytes");
	json_decref(answer);
	assert_ended(f, fd);
	weir_buf_fini(&big);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_request_of_exactly_64_kib_is_taken)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);
	struct weir_buf big = {0};

	weir_buf_add(&big, version, sizeof(version) - 2);
	while (big.len < 65536)
		weir_buf_str(&big, " ");
	weir_buf_str(&big, "\n");
	client_send(f, fd, big.ptr, big.len);
	assert_version(client_line(f, fd));
	close(fd);
	weir_buf_fini(&big);
	fixture_destroy(f);
}
END_TEST

START_TEST(at_most_64_clients_are_served)
{
	struct fixture *f = fixture_create();
	int fd[64], pair[2];
	json_t *answer;

	for (unsigned int i = 0; i < 64; i++)
		fd[i] = client_open(f);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_eq(weir_ctl_adopt(f->ctl, pair[1]), -WEIR_ELIMIT);
	answer = client_line(f, pair[0]);
	ck_assert_str_eq(text_of(answer, "error"), "too many clients, at most 64 at once");
	json_decref(answer);
	assert_ended(f, pair[0]);
	client_send(f, fd[63], version, sizeof(version) - 1);
	assert_version(client_line(f, fd[63]));
	close(fd[0]);
	ck_assert(weir_ctl_turn(f->ctl, 25));
	fd[0] = client_open(f); /* there is room again */
	client_send(f, fd[0], version, sizeof(version) - 1);
	assert_version(client_line(f, fd[0]));
	for (unsigned int i = 0; i < 64; i++)
		close(fd[i]);
	fixture_destroy(f);
}
END_TEST

START_TEST(idle_clients_are_dropped_after_a_minute)
{
	struct fixture *f = fixture_create();
	int idle = client_open(f), busy = client_open(f);

	fixture_pass_seconds(40);
	client_send(f, busy, version, sizeof(version) - 1);
	assert_version(client_line(f, busy));
	fixture_pass_seconds(30);
	fixture_tick(f);
	ck_assert(client_is_closed(f, idle));
	ck_assert(!client_is_closed(f, busy));
	close(idle);
	close(busy);
	fixture_destroy(f);
}
END_TEST

/* Each answer is some kilobytes; nobody reads them. */
START_TEST(a_client_that_does_not_read_is_not_read_from)
{
	static const char stats[] = "{\"cmd\":\"stats\"}\n";
	struct fixture *f = fixture_create();
	int fd = client_open(f);
	unsigned int sent = 0, answers = 0;
	struct weir_buf got = {0};
	ssize_t n;

	for (unsigned int stuck = 0; stuck < 20 && sent < 1000000;) {
		n = send(fd, stats, sizeof(stats) - 1, MSG_NOSIGNAL);
		weir_ctl_turn(f->ctl, 0);
		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			stuck++;
			continue;
		}
		ck_assert_int_eq(n, sizeof(stats) - 1);
		sent++;
		stuck = 0;
	}
	ck_assert_uint_lt(sent, 1000000); /* it was held back, by the socket's own buffer */
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	client_read_to_end(f, fd, &got);
	for (size_t i = 0; i < got.len; i++)
		answers += got.ptr[i] == '\n';
	ck_assert_uint_eq(answers, sent); /* and nothing was lost for that */
	weir_buf_fini(&got);
	close(fd);
	fixture_destroy(f);
}
END_TEST

/* Sends so many requests in one go, which is less than one read takes. */
static void send_many(int fd, unsigned int n, const char *request)
{
	struct weir_buf all = {0};

	for (unsigned int i = 0; i < n; i++)
		weir_buf_str(&all, request);
	ck_assert_int_eq(send(fd, all.ptr, all.len, MSG_NOSIGNAL), (ssize_t)all.len);
	weir_buf_fini(&all);
}

/* Reads what is there; how many lines end in it. */
static unsigned int read_lines(int fd)
{
	static char bytes[65536];
	unsigned int lines = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += bytes[i] == '\n';
	return lines;
}

/* The client's buffer is larger than what may wait for it: all that waits can go at once, and
 * nothing but that tells that the next request may be answered. */
START_TEST(requests_that_waited_for_room_go_on_when_all_was_sent_at_once)
{
	enum { MANY = 800 };
	struct fixture *f = fixture_create();
	int pair[2], room = 1 << 20;
	unsigned int answers = 0;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_eq(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	ck_assert_int_eq(weir_ctl_adopt(f->ctl, pair[1]), 0);
	send_many(pair[0], MANY, "{\"cmd\":\"stats\"}\n");
	for (unsigned int turns = 0; answers < MANY && turns < 200; turns++) {
		weir_ctl_turn(f->ctl, 10);
		answers += read_lines(pair[0]);
	}
	ck_assert_uint_eq(answers, MANY);
	close(pair[0]);
	fixture_destroy(f);
}
END_TEST

/* A millisecond passes whenever it is looked at. */
static uint64_t slow_clock(void)
{
	static uint64_t now_ns;

	return now_ns += WEIR_NS_PER_MS;
}

START_TEST(a_client_that_asks_much_leaves_time_for_others)
{
	enum { MANY = 200 };
	struct fixture *f = fixture_prepare();
	unsigned int answers = 0;
	int greedy, modest;

	f->cfg.clock_ns = slow_clock;
	f->ctl = weir_ctl_create(&f->cfg);
	greedy = client_open(f);
	modest = client_open(f);
	send_many(greedy, MANY, version);
	weir_ctl_turn(f->ctl, 10);
	client_send(f, modest, version, sizeof(version) - 1);
	assert_version(client_line(f, modest));
	answers = read_lines(greedy);
	ck_assert_uint_lt(answers, MANY / 2);
	for (unsigned int turns = 0; answers < MANY && turns < 200; turns++) {
		weir_ctl_turn(f->ctl, 10);
		answers += read_lines(greedy);
	}
	ck_assert_uint_eq(answers, MANY); /* and is answered all the same */
	close(greedy);
	close(modest);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_client_that_vanishes_does_no_harm)
{
	struct fixture *f = fixture_create();
	int other = client_open(f);

	for (unsigned int i = 0; i < 50; i++) {
		int fd = client_open(f);

		ck_assert_int_gt(send(fd, version, 1 + i % (sizeof(version) - 1), MSG_NOSIGNAL), 0);
		close(fd);
		weir_ctl_turn(f->ctl, 0);
	}
	client_send(f, other, version, sizeof(version) - 1);
	assert_version(client_line(f, other));
	close(other);
	fixture_destroy(f);
}
END_TEST

START_TEST(what_a_client_asked_before_it_went_is_done)
{
	static const char stop[] = "{\"cmd\":\"stop\"}\n";
	struct fixture *f = fixture_create();
	int fd = client_open(f);
	bool on = true;

	ck_assert_int_eq(send(fd, stop, sizeof(stop) - 1, 0), sizeof(stop) - 1);
	close(fd);
	for (unsigned int i = 0; on && i < 10; i++)
		on = weir_ctl_turn(f->ctl, 25);
	ck_assert(!on);
	fixture_destroy(f);
}
END_TEST

Suite *ctl_client_suite(void)
{
	return WEIR_SUITE(
		"ctl client", a_line_gets_a_line, a_request_may_come_in_two_parts_cut_at_any_byte,
		requests_in_one_go_are_answered_in_order, a_last_line_needs_no_newline,
		a_client_that_says_nothing_more_is_let_go,
		an_endless_line_is_refused_and_the_connection_ended,
		a_request_of_exactly_64_kib_is_taken, at_most_64_clients_are_served,
		idle_clients_are_dropped_after_a_minute,
		a_client_that_does_not_read_is_not_read_from,
		requests_that_waited_for_room_go_on_when_all_was_sent_at_once,
		a_client_that_asks_much_leaves_time_for_others, a_client_that_vanishes_does_no_harm,
		what_a_client_asked_before_it_went_is_done);
}
