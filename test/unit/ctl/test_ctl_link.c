/* SPDX-License-Identifier: BSD-3-Clause */
/* Links carried across a wire, on a clock that the test moves a second a tick. */
#include "fixture.h"

#include <weir_test.h>

#include <unistd.h>

enum { OUTSIDE, INSIDE };

static void assert_links(struct fixture *f, const char *outside, const char *inside)
{
	json_t *answer = ask(f, "{\"cmd\":\"ports\"}");
	const json_t *ports = json_object_get(answer, "ports");

	ck_assert_str_eq(text_of(json_array_get(ports, OUTSIDE), "link"), outside);
	ck_assert_str_eq(text_of(json_array_get(ports, INSIDE), "link"), inside);
	ck_assert_int_eq(f->path.link_up[OUTSIDE], strcmp(outside, "up") == 0);
	ck_assert_int_eq(f->path.link_up[INSIDE], strcmp(inside, "up") == 0);
	ck_assert_int_eq(f->port[OUTSIDE].held, strcmp(outside, "held") == 0);
	ck_assert_int_eq(f->port[INSIDE].held, strcmp(inside, "held") == 0);
	json_decref(answer);
}

static void tick(struct fixture *f, unsigned int n)
{
	while (n--)
		fixture_tick(f);
}

START_TEST(a_lost_link_takes_the_other_side_down_and_back_up)
{
	struct fixture *f = fixture_create();

	assert_links(f, "up", "up");
	f->port[OUTSIDE].carrier = false;
	tick(f, 1);
	assert_links(f, "down", "held");
	tick(f, 8); /* our own taking-down is not a failure */
	assert_links(f, "down", "held");
	f->port[OUTSIDE].carrier = true;
	tick(f, 1);
	assert_links(f, "up", "rising");
	tick(f, 1);
	assert_links(f, "up", "up");
	ck_assert_uint_eq(f->port[OUTSIDE].sets, 0);
	ck_assert_uint_eq(f->port[INSIDE].sets, 2);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_port_that_takes_time_to_rise_is_no_failure_at_once)
{
	struct fixture *f = fixture_create();

	f->port[INSIDE].carrier = false;
	tick(f, 1);
	assert_links(f, "held", "down");
	f->port[OUTSIDE].carrier = false; /* negotiates after it was let go */
	f->port[INSIDE].carrier = true;
	tick(f, 1);
	assert_links(f, "rising", "up");
	tick(f, 3);
	assert_links(f, "rising", "up");
	f->port[OUTSIDE].carrier = true;
	tick(f, 1);
	assert_links(f, "up", "up");
	fixture_destroy(f);
}
END_TEST

START_TEST(a_port_that_does_not_rise_is_a_failure_after_some_seconds)
{
	struct fixture *f = fixture_create();

	f->port[INSIDE].carrier = false;
	tick(f, 1);
	f->port[OUTSIDE].carrier = false;
	f->port[INSIDE].carrier = true;
	tick(f, 7);
	assert_links(f, "down", "held");
	f->port[OUTSIDE].carrier = true;
	tick(f, 2);
	assert_links(f, "up", "up");
	fixture_destroy(f);
}
END_TEST

START_TEST(two_lost_links_are_left_alone)
{
	struct fixture *f = fixture_create();

	f->port[OUTSIDE].carrier = false;
	f->port[INSIDE].carrier = false;
	tick(f, 7);
	assert_links(f, "down", "down");
	f->port[OUTSIDE].carrier = true;
	tick(f, 1);
	assert_links(f, "held", "down");
	f->port[INSIDE].carrier = true;
	tick(f, 2);
	assert_links(f, "up", "up");
	fixture_destroy(f);
}
END_TEST

START_TEST(a_port_without_link_at_the_start_gets_time)
{
	struct fixture *f = fixture_prepare();

	f->port[INSIDE].carrier = false;
	f->ctl = weir_ctl_create(&f->cfg);
	assert_links(f, "up", "rising");
	tick(f, 3);
	assert_links(f, "up", "rising");
	tick(f, 4);
	assert_links(f, "held", "down");
	fixture_destroy(f);
}
END_TEST

START_TEST(what_is_held_is_let_go_at_the_end)
{
	struct fixture *f = fixture_create();

	f->port[OUTSIDE].carrier = false;
	tick(f, 1);
	ck_assert(f->port[INSIDE].held);
	weir_ctl_destroy(f->ctl);
	f->ctl = NULL;
	ck_assert(!f->port[INSIDE].held);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_device_that_cannot_is_asked_once)
{
	struct fixture *f = fixture_create();

	f->port[INSIDE].cannot = true;
	f->port[OUTSIDE].carrier = false;
	tick(f, 3);
	assert_links(f, "down", "up");
	f->port[OUTSIDE].carrier = true;
	tick(f, 1);
	assert_links(f, "up", "up");
	fixture_destroy(f);
}
END_TEST

START_TEST(a_wire_that_does_not_carry_tells_the_path_only)
{
	struct fixture *f = fixture_prepare();

	f->conf->wires[0].carry_link = false;
	f->ctl = weir_ctl_create(&f->cfg);
	f->port[OUTSIDE].carrier = false;
	tick(f, 2);
	assert_links(f, "down", "up");
	ck_assert_uint_eq(f->port[INSIDE].sets, 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(each_change_is_an_event)
{
	struct fixture *f = fixture_create();
	const json_t *events, *last;
	json_t *answer;

	f->port[OUTSIDE].carrier = false;
	tick(f, 1);
	while (weir_event_writer_stats(f->writer).records < 2)
		usleep(1000);
	answer = ask(f, "{\"cmd\":\"events\"}");
	events = json_object_get(answer, "events");
	ck_assert_uint_eq(json_array_size(events), 2);
	last = json_array_get(events, 0);
	ck_assert_str_eq(text_of(last, "event_type"), "link");
	ck_assert_str_eq(text_of(last, "in_iface"), "outside");
	ck_assert_str_eq(text_of(json_object_get(last, "weir"), "detail"), "down");
	last = json_array_get(events, 1);
	ck_assert_str_eq(text_of(last, "in_iface"), "inside");
	ck_assert_str_eq(text_of(json_object_get(last, "weir"), "detail"),
			 "held: the wire's other port is down");
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

Suite *ctl_link_suite(void)
{
	return WEIR_SUITE("ctl link", a_lost_link_takes_the_other_side_down_and_back_up,
			  a_port_that_takes_time_to_rise_is_no_failure_at_once,
			  a_port_that_does_not_rise_is_a_failure_after_some_seconds,
			  two_lost_links_are_left_alone, a_port_without_link_at_the_start_gets_time,
			  what_is_held_is_let_go_at_the_end, a_device_that_cannot_is_asked_once,
			  a_wire_that_does_not_carry_tells_the_path_only, each_change_is_an_event);
}
