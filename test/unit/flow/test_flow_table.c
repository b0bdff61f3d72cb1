/* SPDX-License-Identifier: BSD-3-Clause */
/* The table: finding, filling, evicting, removing. */
#include "fixture.h"

#include <rte_hash.h>

START_TEST(a_flow_is_found_from_both_sides_in_both_families)
{
	struct bed b;

	bed_init(&b, 256, 0, false);
	for (uint32_t n = 0; n < 64; n++) {
		uint8_t family = n & 32 ? 6 : 4, dir = 9;
		struct packet go, back;
		struct weir_flow *f;

		packet_of(&go, family, WEIR_PROTO_TCP, n, 0);
		packet_of(&back, family, WEIR_PROTO_TCP, n, 1);
		ck_assert_ptr_null(weir_flow_lookup(b.table, &go.p.tuple, 0, &dir));
		f = bed_begin(&b, &go);
		ck_assert_uint_ne(f->id, 0);
		ck_assert_ptr_eq(weir_flow_lookup(b.table, &go.p.tuple, 0, &dir), f);
		ck_assert_uint_eq(dir, 0);
		ck_assert_ptr_eq(weir_flow_lookup(b.table, &back.p.tuple, 0, &dir), f);
		ck_assert_uint_eq(dir, 1);
		ck_assert_ptr_null(weir_flow_lookup(b.table, &go.p.tuple, 1, &dir));
		ck_assert_ptr_eq(weir_flow_at(b.table, f->place), f);
	}
	ck_assert_uint_eq(weir_flow_count(b.table), 64);
	bed_fini(&b);
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_STOP], 64);
}
END_TEST

START_TEST(a_flow_keeps_what_its_first_packet_says)
{
	char text[WEIR_ADDR_TEXT];
	struct packet k;
	struct weir_flow *f;
	struct bed b;

	bed_init(&b, 8, 0, false);
	packet_of(&k, 4, WEIR_PROTO_UDP, 5, 0);
	k.p.tuple.vlan = 11;
	k.p.tuple.vlan_inner = 12;
	f = weir_flow_add(b.table, &k.p, 3, 1, false, b.now_ns);
	ck_assert_str_eq(weir_addr_format(&f->addr[0], text), "192.0.0.5");
	ck_assert_str_eq(weir_addr_format(&f->addr[1], text), "10.0.0.5");
	ck_assert_uint_eq(f->port[0], 40000);
	ck_assert_uint_eq(f->port[1], 443);
	ck_assert_uint_eq(f->vlan, 11);
	ck_assert_uint_eq(f->vlan_inner, 12);
	ck_assert_uint_eq(f->wire, 3);
	ck_assert_uint_eq(f->side, 1);
	ck_assert_uint_eq(f->family, 4);
	ck_assert_uint_eq(f->start_ns, b.now_ns);
	ck_assert_uint_eq(f->packets[0], 0);
	packet_of(&k, 6, WEIR_PROTO_UDP, 5, 1);
	f = weir_flow_add(b.table, &k.p, 0, 0, false, b.now_ns);
	ck_assert_str_eq(weir_addr_format(&f->addr[0], text), "2001:db8::1:a00:5");
	bed_fini(&b);
}
END_TEST

START_TEST(a_record_that_is_used_again_remembers_nothing)
{
	struct weir_flow *f, *again, fresh;
	struct packet k;
	struct bed b;

	bed_init(&b, 1, 0, false);
	packet_of(&k, 4, WEIR_PROTO_TCP, 1, 0);
	f = bed_begin(&b, &k);
	f->decision.policy = 77;
	fresh = *f;
	weir_flow_remove(b.table, f, WEIR_FLOW_END_POLICY, b.now_ns);
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_POLICY], 1);
	packet_of(&k, 4, WEIR_PROTO_UDP, 2, 0);
	again = weir_flow_add(b.table, &k.p, 0, 0, false, b.now_ns);
	ck_assert_ptr_eq(again, f);
	ck_assert_uint_ne(again->id, fresh.id);
	ck_assert_uint_eq(again->packets[0], 0);
	ck_assert_uint_eq(again->bytes[0], 0);
	ck_assert_uint_eq(again->decision.policy, 0);
	ck_assert_uint_eq(again->tcp_flags[0], 0);
	ck_assert_uint_eq(again->tcp[0].max_win, 0);
	ck_assert_uint_eq(again->flags & ~(WEIR_FLOW_F_SWAPPED | WEIR_FLOW_F_HALF_OPEN), 0);
	bed_fini(&b);
}
END_TEST

/* One burst with all kinds in it: narrow and wide, both directions, some unknown. */
static void fill_burst(struct bed *b, struct packet *k, struct weir_flow **want, uint8_t *want_dir,
		       unsigned int n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t family = i % 3 == 2 ? 6 : 4;
		uint16_t inner = i % 7 == 3 ? 5 : 0;

		packet_of(&k[i], family, WEIR_PROTO_TCP, i, 0);
		k[i].p.tuple.vlan_inner = inner;
		want[i] = i % 5 == 4 ? NULL : bed_begin(b, &k[i]);
		want_dir[i] = i % 2;
		packet_of(&k[i], family, WEIR_PROTO_TCP, i, want_dir[i]);
		k[i].p.tuple.vlan_inner = inner;
	}
}

START_TEST(a_burst_finds_what_single_lookups_find)
{
	for (unsigned int n = 0; n <= FLOW_BURST_MAX; n++) {
		const struct weir_pkt_tuple *tuple[FLOW_BURST_MAX];
		struct weir_flow *want[FLOW_BURST_MAX], *got[FLOW_BURST_MAX];
		uint8_t wire[FLOW_BURST_MAX] = {0}, dir[FLOW_BURST_MAX], want_dir[FLOW_BURST_MAX];
		struct packet k[FLOW_BURST_MAX];
		unsigned int wrong = 0;
		struct bed b;

		bed_init(&b, 128, 0, false);
		fill_burst(&b, k, want, want_dir, n);
		for (unsigned int i = 0; i < n; i++)
			tuple[i] = &k[i].p.tuple;
		weir_flow_lookup_burst(b.table, tuple, wire, n, got, dir);
		for (unsigned int i = 0; i < n; i++)
			wrong += got[i] != want[i] || (got[i] && dir[i] != want_dir[i]);
		ck_assert_uint_eq(wrong, 0);
		bed_fini(&b);
	}
}
END_TEST

START_TEST(vlan_qinq_and_wire_separate_flows)
{
	static const struct {
		uint8_t wire;
		uint16_t vlan, inner;
	} rows[] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, 1, 2}, {0, 2, 1}, {1, 2, 1}};
	struct weir_flow *f[WEIR_ARRAY_LEN(rows)];
	struct packet k;
	struct bed b;
	uint8_t dir;

	bed_init(&b, 64, 0, false);
	for (unsigned int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
			packet_of(&k, 4, WEIR_PROTO_UDP, 1, 0);
			k.p.tuple.vlan = rows[i].vlan;
			k.p.tuple.vlan_inner = rows[i].inner;
			if (pass == 0)
				f[i] = weir_flow_add(b.table, &k.p, rows[i].wire, 0, false, 0);
			ck_assert_ptr_eq(weir_flow_lookup(b.table, &k.p.tuple, rows[i].wire, &dir),
					 f[i]);
		}
	ck_assert_uint_eq(weir_flow_count(b.table), WEIR_ARRAY_LEN(rows));
	bed_fini(&b);
}
END_TEST

/* ---- full ---- */

/* Adds flow `n` in the state asked for; NULL when there is no room. */
static struct weir_flow *add(struct bed *b, uint32_t n, enum weir_flow_state state)
{
	struct packet k;
	struct weir_flow *f;

	packet_of(&k, n & 1 ? 6 : 4, WEIR_PROTO_UDP, n, 0);
	f = weir_flow_add(b->table, &k.p, 0, 0, state == WEIR_FLOW_DENIED, b->now_ns);
	if (f && state == WEIR_FLOW_REPLIED)
		ck_assert_int_eq(bed_track(b, f, &k, 1), PASS);
	return f;
}

START_TEST(a_table_takes_exactly_its_flows)
{
	static const uint32_t sizes[] = {1, 2, 8, 63, 64, 65, 1000, 4096};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(sizes); i++) {
		struct bed b;
		uint32_t refused = 0;

		bed_init(&b, sizes[i], 0, false);
		for (uint32_t n = 0; n < sizes[i]; n++)
			refused += add(&b, n, WEIR_FLOW_REPLIED) == NULL;
		ck_assert_uint_eq(refused, 0);
		ck_assert_uint_eq(weir_flow_count(b.table), sizes[i]);
		ck_assert_ptr_null(add(&b, sizes[i], WEIR_FLOW_NEW));
		ck_assert_uint_eq(weir_flow_count(b.table), sizes[i]);
		bed_fini(&b);
	}
}
END_TEST

START_TEST(a_full_table_ends_its_oldest_half_open_flow)
{
	uint64_t id[4];
	struct bed b;

	bed_init(&b, 4, 0, true);
	for (uint32_t n = 0; n < 4; n++)
		id[n] = add(&b, n, n == 1 ? WEIR_FLOW_REPLIED : WEIR_FLOW_NEW)->id;
	for (uint32_t n = 4; n < 7; n++) {
		ck_assert_ptr_nonnull(add(&b, n, WEIR_FLOW_REPLIED));
		ck_assert_uint_eq(b.last_id, id[n == 4 ? 0 : n - 3]);
	}
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_EVICTED], 3);
	/* None is half-open any more. */
	ck_assert_ptr_null(add(&b, 9, WEIR_FLOW_NEW));
	bed_fini(&b);
}
END_TEST

START_TEST(without_eviction_a_full_table_refuses)
{
	struct bed b;

	bed_init(&b, 4, 0, false);
	for (uint32_t n = 0; n < 4; n++)
		add(&b, n, WEIR_FLOW_NEW);
	ck_assert_ptr_null(add(&b, 5, WEIR_FLOW_NEW));
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_EVICTED], 0);
	weir_flow_set_eviction(b.table, true);
	ck_assert_ptr_nonnull(add(&b, 5, WEIR_FLOW_NEW));
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_EVICTED], 1);
	bed_fini(&b);
}
END_TEST

/* weir_flow_note is how a state is set from outside. */
static void set_state(struct bed *b, uint32_t n, enum weir_flow_state state)
{
	struct packet k;
	uint8_t dir;

	packet_of(&k, n & 1 ? 6 : 4, WEIR_PROTO_UDP, n, 0);
	weir_flow_note(b->table, weir_flow_lookup(b->table, &k.p.tuple, 0, &dir), &k.p, 0, state,
		       b->now_ns);
}

START_TEST(a_full_table_ends_its_oldest_flow_that_only_waits)
{
	uint64_t id[4];
	struct bed b;

	bed_init(&b, 4, 4, false);
	for (uint32_t n = 0; n < 4; n++)
		id[n] = add(&b, n, WEIR_FLOW_REPLIED)->id;
	set_state(&b, 2, WEIR_FLOW_TIME_WAIT);
	set_state(&b, 1, WEIR_FLOW_TIME_WAIT);
	set_state(&b, 3, WEIR_FLOW_TIME_WAIT);
	set_state(&b, 3, WEIR_FLOW_REPLIED);
	ck_assert_ptr_nonnull(add(&b, 4, WEIR_FLOW_REPLIED));
	ck_assert_uint_eq(b.last_id, id[2]);
	ck_assert_ptr_nonnull(add(&b, 5, WEIR_FLOW_DENIED));
	ck_assert_uint_eq(b.last_id, id[1]);
	ck_assert_ptr_null(add(&b, 6, WEIR_FLOW_REPLIED));
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_CLOSED], 2);
	bed_fini(&b);
}
END_TEST

START_TEST(a_denied_flow_evicts_nobody)
{
	struct bed b;

	bed_init(&b, 4, 4, true);
	for (uint32_t n = 0; n < 4; n++)
		add(&b, n, WEIR_FLOW_NEW);
	ck_assert_ptr_null(add(&b, 5, WEIR_FLOW_DENIED));
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_EVICTED], 0);
	bed_fini(&b);
}
END_TEST

START_TEST(denied_flows_have_a_share_and_no_more)
{
	struct bed b;
	uint32_t n = 0;

	bed_init(&b, 64, 3, false);
	while (add(&b, n, WEIR_FLOW_DENIED))
		n++;
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(weir_flow_denied_count(b.table), 3);
	ck_assert_uint_eq(weir_flow_count(b.table), 3);
	ck_assert_ptr_nonnull(add(&b, 10, WEIR_FLOW_NEW));
	weir_flow_clear(b.table, b.now_ns);
	ck_assert_ptr_nonnull(add(&b, 0, WEIR_FLOW_DENIED));
	bed_fini(&b);
	bed_init(&b, 64, 0, false);
	for (n = 0; add(&b, n, WEIR_FLOW_DENIED);)
		n++;
	ck_assert_uint_eq(n, 9); /* an eighth, and one so that it is never none */
	bed_fini(&b);
}
END_TEST

START_TEST(a_table_with_a_name_that_is_taken_cannot_be_made)
{
	struct weir_flow_cfg cfg = {.flows = 8, .key = fixture_key};
	struct bed b;

	bed_init(&b, 8, 0, false);
	cfg.name = b.name;
	ck_assert_ptr_null(weir_flow_table_create(&cfg, 0));
	cfg.name = "vast";
	cfg.flows = 1U << 30;
	ck_assert_ptr_null(weir_flow_table_create(&cfg, 0));
	cfg.flows = 0;
	ck_assert_ptr_null(weir_flow_table_create(&cfg, 0));
	weir_flow_table_destroy(NULL);
	bed_fini(&b);
}
END_TEST

/* ---- long use ---- */

START_TEST(a_million_adds_and_removes_leave_nothing)
{
	enum { FLOWS = 4096 };
	static struct weir_flow *at[FLOWS * 2];
	unsigned int seed = 5, refused = 0, lost = 0;
	struct bed b;

	bed_init(&b, FLOWS, 0, false);
	memset(at, 0, sizeof(at));
	for (unsigned int i = 0; i < 1000000; i++) {
		uint32_t n = (uint32_t)rand_r(&seed) % (FLOWS * 2);
		struct packet k;
		uint8_t dir = 9;

		packet_of(&k, n & 1 ? 6 : 4, WEIR_PROTO_TCP, n, 0);
		lost += weir_flow_lookup(b.table, &k.p.tuple, 0, &dir) != at[n];
		if (at[n]) {
			weir_flow_remove(b.table, at[n], WEIR_FLOW_END_CLOSED, b.now_ns);
			at[n] = NULL;
			continue;
		}
		at[n] = weir_flow_add(b.table, &k.p, 0, 0, false, b.now_ns);
		/* Only for the one reason. */
		refused += !at[n] && weir_flow_count(b.table) < FLOWS;
	}
	ck_assert_uint_eq(lost, 0);
	ck_assert_uint_eq(refused, 0);
	ck_assert_uint_gt(b.ended[WEIR_FLOW_END_CLOSED], 400000);
	weir_flow_clear(b.table, b.now_ns);
	ck_assert_int_eq(rte_hash_count(b.table->narrow), 0);
	ck_assert_int_eq(rte_hash_count(b.table->wide), 0);
	bed_fini(&b);
}
END_TEST

START_TEST(flow_ids_are_distinct_and_the_same_from_the_same_seed)
{
	uint64_t id[2][100];

	for (unsigned int run = 0; run < 2; run++) {
		struct bed b;

		bed_init(&b, 128, 0, false);
		for (uint32_t n = 0; n < 100; n++) {
			id[run][n] = add(&b, n, WEIR_FLOW_NEW)->id;
			for (uint32_t m = 0; m < n; m++)
				ck_assert(id[run][m] != id[run][n]);
		}
		bed_fini(&b);
	}
	ck_assert_mem_eq(id[0], id[1], sizeof(id[0]));
}
END_TEST

Suite *table_suite(void)
{
	return WEIR_SUITE("flow table", a_flow_is_found_from_both_sides_in_both_families,
			  a_flow_keeps_what_its_first_packet_says,
			  a_record_that_is_used_again_remembers_nothing,
			  a_burst_finds_what_single_lookups_find, vlan_qinq_and_wire_separate_flows,
			  a_table_takes_exactly_its_flows,
			  a_full_table_ends_its_oldest_half_open_flow,
			  a_full_table_ends_its_oldest_flow_that_only_waits,
			  without_eviction_a_full_table_refuses, a_denied_flow_evicts_nobody,
			  denied_flows_have_a_share_and_no_more,
			  a_table_with_a_name_that_is_taken_cannot_be_made,
			  a_million_adds_and_removes_leave_nothing,
			  flow_ids_are_distinct_and_the_same_from_the_same_seed);
}
