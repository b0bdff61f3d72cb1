/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of transactions: taken, posted, given back by whoever ends up with them. */
#include "event_test.h"

#include <weir_test.h>

#include <stddef.h>

#define ROOM 64

/* Takes all that are free, gives them back, and tells how many there were. */
static unsigned int free_records(struct weir_event_store *s)
{
	struct weir_event_http *h[ROOM + 1];
	unsigned int n = 0;

	while (n <= ROOM && (h[n] = weir_event_http_take(s)))
		n++;
	for (unsigned int i = 0; i < n; i++)
		weir_event_http_give(h[i]);
	return n;
}

START_TEST(so_many_are_taken_and_no_more)
{
	struct weir_event_store *s;

	start_eal_once();
	s = weir_event_store_create("store_all", ROOM);
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(free_records(s), ROOM);
	ck_assert_uint_eq(free_records(s), ROOM);
	ck_assert_uint_eq(weir_event_store_uses(s).records.used, 0);
	ck_assert_uint_eq(weir_event_store_uses(s).records.size, ROOM);
	ck_assert_uint_eq(weir_event_store_uses(s).records.full, 2);
	weir_event_store_destroy(s);
	weir_event_store_destroy(NULL);
	ck_assert_ptr_null(weir_event_http_take(NULL));
	weir_event_http_give(NULL);
}
END_TEST

START_TEST(a_quarter_of_them_have_room_for_matches_that_goes_back_with_them)
{
	struct weir_event_http *h[ROOM];
	struct weir_event_store *s;

	start_eal_once();
	s = weir_event_store_create("store_matches", ROOM);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < ROOM; i++) {
			h[i] = weir_event_http_take(s);
			ck_assert_ptr_null(h[i]->match);
			ck_assert_int_eq(weir_event_http_take_matches(s, h[i]), i < ROOM / 4);
			ck_assert_int_eq(h[i]->match != NULL, i < ROOM / 4);
		}
		ck_assert_uint_eq(weir_event_store_uses(s).records.used, ROOM);
		ck_assert_uint_eq(weir_event_store_uses(s).matches.used, ROOM / 4);
		ck_assert_uint_eq(weir_event_store_uses(s).matches.full,
				  (round + 1) * (ROOM - ROOM / 4));
		for (unsigned int i = 0; i < ROOM; i++)
			weir_event_http_give(h[i]);
	}
	weir_event_store_destroy(s);
}
END_TEST

START_TEST(a_record_comes_clean)
{
	static const uint8_t zeros[offsetof(struct weir_event_http, method)];
	struct weir_event_store *s;
	struct weir_event_http *h;

	start_eal_once();
	s = weir_event_store_create("store_clean", 1);
	for (unsigned int i = 0; i < 2; i++) {
		h = weir_event_http_take(s);
		ck_assert_ptr_nonnull(h);
		ck_assert_mem_eq(h, zeros, sizeof(zeros));
		ck_assert_str_eq(h->method, "");
		ck_assert_str_eq(h->host, "");
		ck_assert_str_eq(h->path, "");
		ck_assert_str_eq(h->user_agent, "");
		ck_assert_str_eq(h->protocol, "");
		memset(h, 0xff, sizeof(*h));
		h->match = NULL; /* the store's own */
		weir_event_http_give(h);
	}
	weir_event_store_destroy(s);
}
END_TEST

START_TEST(what_a_full_ring_refuses_is_given_back)
{
	struct weir_event e = {.type = WEIR_EVENT_HTTP};
	struct weir_event_store *s;
	struct weir_event_ring *r;
	struct weir_event out[4];
	unsigned int posted = 0;

	start_eal_once();
	s = weir_event_store_create("store_full", ROOM);
	r = weir_event_ring_create("store_full_r", 4);
	for (unsigned int i = 0; i < 10; i++) {
		e.http = weir_event_http_take(s);
		posted += weir_event_post(r, &e);
	}
	ck_assert_uint_eq(posted, 3);
	ck_assert_uint_eq(free_records(s), ROOM - 3);
	ck_assert_uint_eq(weir_event_take(r, out, 4), 3);
	for (unsigned int i = 0; i < 3; i++)
		weir_event_http_give(out[i].http);
	ck_assert_uint_eq(free_records(s), ROOM);
	weir_event_ring_destroy(r);
	weir_event_store_destroy(s);
}
END_TEST

/* As a worker does it: what finds no record is lost, and counted by who wanted it. */
static unsigned int post_burst(struct weir_event_store *s, struct weir_event_ring *r,
			       unsigned int n)
{
	struct weir_event e = {.type = WEIR_EVENT_HTTP};
	unsigned int lost = 0;

	for (unsigned int i = 0; i < n; i++) {
		e.http = weir_event_http_take(s);
		if (!e.http || !weir_event_post(r, &e))
			lost++;
	}
	return lost;
}

#define BURST 5000

/* The writer sleeps while it all comes, or is kept from its core. */
START_TEST(of_a_burst_as_much_is_told_as_the_store_holds_and_the_rest_is_counted)
{
	static const struct row {
		uint32_t transactions;
		bool loses;
	} rows[] = {{8192, false}, {64, true}};
	struct weir_names *names = weir_names_create();

	start_eal_once();
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_event_store *s =
			weir_event_store_create("store_burst", rows[i].transactions);
		struct weir_event_ring *r = weir_event_ring_create("store_burst_r", 8192);
		struct weir_event_writer *w = weir_event_writer_start(
			&(struct weir_event_writer_cfg){.rings = &r,
							.n_rings = 1,
							.names = names,
							.transactions = rows[i].transactions});
		unsigned int lost = post_burst(s, r, BURST);

		ck_assert_int_eq(lost > 0, rows[i].loses);
		while (weir_event_writer_stats(w).records < BURST - lost)
			;
		weir_event_writer_stop(w);
		weir_event_ring_destroy(r);
		weir_event_store_destroy(s);
	}
	weir_names_destroy(names);
}
END_TEST

START_TEST(the_writer_gives_back_what_it_has_written)
{
	struct weir_event e = {.type = WEIR_EVENT_HTTP};
	struct weir_event_writer_cfg cfg = {.n_rings = 1};
	struct weir_event_writer *w;
	struct weir_event_store *s;
	struct weir_event_ring *r;
	struct weir_names *names = weir_names_create();
	struct weir_buf out = {0};

	start_eal_once();
	s = weir_event_store_create("store_writer", ROOM);
	r = weir_event_ring_create("store_writer_r", 1024);
	for (unsigned int i = 0; i < ROOM; i++) {
		e.http = weir_event_http_take(s);
		ck_assert_ptr_nonnull(e.http);
		e.http->tx_id = i;
		ck_assert(weir_event_post(r, &e));
	}
	ck_assert_uint_eq(free_records(s), 0);
	cfg.rings = &r;
	cfg.names = names;
	w = weir_event_writer_start(&cfg);
	ck_assert_ptr_nonnull(w);
	while (weir_event_writer_stats(w).records < ROOM)
		;
	weir_event_writer_recent(w, 1000, &out);
	weir_event_writer_stop(w);
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"tx_id\":63,"));
	ck_assert_uint_eq(free_records(s), ROOM);
	weir_buf_fini(&out);
	weir_event_ring_destroy(r);
	weir_event_store_destroy(s);
	weir_names_destroy(names);
}
END_TEST

Suite *event_store_suite(void)
{
	return WEIR_SUITE("event store", so_many_are_taken_and_no_more,
			  a_quarter_of_them_have_room_for_matches_that_goes_back_with_them,
			  a_record_comes_clean, what_a_full_ring_refuses_is_given_back,
			  of_a_burst_as_much_is_told_as_the_store_holds_and_the_rest_is_counted,
			  the_writer_gives_back_what_it_has_written);
}
