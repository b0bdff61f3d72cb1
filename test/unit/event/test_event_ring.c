/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring: order, fullness, and going round many times. */
#include "event_test.h"

#include <weir_test.h>

#include <rte_eal.h>

void start_eal_once(void)
{
	static bool started;
	char text[] = "test_event\0--no-huge\0--no-pci\0-m\0"
		      "64\0--log-level=4\0--no-shconf";
	char *args[8];
	int n = 0;

	if (started)
		return;
	for (char *p = text; p < text + sizeof(text) - 1; p += strlen(p) + 1)
		args[n++] = p;
	args[n] = NULL;
	ck_assert_int_ge(rte_eal_init(n, args), 0);
	started = true;
}

START_TEST(records_come_out_as_they_went_in)
{
	struct weir_event_ring *r;
	struct weir_event e, out[8];

	start_eal_once();
	r = weir_event_ring_create("order", 8);
	ck_assert_ptr_nonnull(r);
	for (unsigned int i = 0; i < 5; i++) {
		memset(&e, (int)i, sizeof(e));
		e.flow_id = 100 + i;
		ck_assert(weir_event_post(r, &e));
	}
	ck_assert_uint_eq(weir_event_take(r, out, 3), 3);
	ck_assert_uint_eq(weir_event_take(r, out + 3, 8), 2);
	ck_assert_uint_eq(weir_event_take(r, out, 8), 0);
	for (unsigned int i = 0; i < 5; i++) {
		struct weir_event wanted;

		memset(&wanted, (int)i, sizeof(wanted));
		wanted.flow_id = 100 + i;
		ck_assert_mem_eq(&out[i], &wanted, sizeof(wanted));
	}
	weir_event_ring_destroy(r);
}
END_TEST

START_TEST(a_full_ring_refuses_and_keeps_what_it_has)
{
	struct weir_event_ring *r;
	struct weir_event e = {0}, out[8];

	start_eal_once();
	r = weir_event_ring_create("full", 5); /* eight places, one of them empty */
	ck_assert_ptr_nonnull(r);
	for (e.flow_id = 1; e.flow_id <= 7; e.flow_id++)
		ck_assert(weir_event_post(r, &e));
	ck_assert(!weir_event_post(r, &e));
	ck_assert(!weir_event_post(r, &e));
	ck_assert_uint_eq(weir_event_ring_use(r).used, 7);
	ck_assert_uint_eq(weir_event_ring_use(r).size, 7);
	ck_assert_uint_eq(weir_event_ring_use(r).full, 2);
	ck_assert_uint_eq(weir_event_take(r, out, 1), 1);
	ck_assert_uint_eq(out[0].flow_id, 1);
	ck_assert(weir_event_post(r, &e));
	ck_assert_uint_eq(weir_event_take(r, out, 8), 7);
	for (unsigned int i = 0; i < 7; i++)
		ck_assert_uint_eq(out[i].flow_id, i + 2);
	weir_event_ring_destroy(r);
}
END_TEST

START_TEST(it_goes_round_and_round)
{
	struct weir_event_ring *r;
	struct weir_event e = {0}, out[4];
	uint64_t wanted = 0;

	start_eal_once();
	r = weir_event_ring_create("round", 16);
	ck_assert_ptr_nonnull(r);
	for (e.flow_id = 0; e.flow_id < 10000; e.flow_id++) {
		unsigned int n;

		ck_assert(weir_event_post(r, &e));
		if (e.flow_id % 3)
			continue;
		n = weir_event_take(r, out, 4);
		for (unsigned int i = 0; i < n; i++)
			ck_assert_uint_eq(out[i].flow_id, wanted++);
	}
	ck_assert_uint_ge(wanted, 9980);
	weir_event_ring_destroy(r);
}
END_TEST

START_TEST(any_size_can_be_asked_for)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 1000};
	struct weir_event e = {0};

	start_eal_once();
	for (size_t i = 0; i < WEIR_ARRAY_LEN(sizes); i++) {
		struct weir_event_ring *r = weir_event_ring_create("size", sizes[i]);

		ck_assert_ptr_nonnull(r);
		ck_assert(weir_event_post(r, &e));
		weir_event_ring_destroy(r);
	}
	weir_event_ring_destroy(NULL);
}
END_TEST

START_TEST(a_name_that_is_taken_is_refused)
{
	struct weir_event_ring *r;

	start_eal_once();
	r = weir_event_ring_create("twice", 8);
	ck_assert_ptr_nonnull(r);
	ck_assert_ptr_null(weir_event_ring_create("twice", 8));
	weir_event_ring_destroy(r);
}
END_TEST

Suite *event_ring_suite(void)
{
	return WEIR_SUITE("event ring", records_come_out_as_they_went_in,
			  a_full_ring_refuses_and_keeps_what_it_has, it_goes_round_and_round,
			  any_size_can_be_asked_for, a_name_that_is_taken_is_refused);
}
