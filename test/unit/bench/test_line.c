/* SPDX-License-Identifier: BSD-3-Clause */
#include "../../../app/weir-bench/line.h"
#include "weir_test.h"

Suite *bench_line_suite(void);

#define PACKETS        100000
#define LEN            1000
#define MS             WEIR_NS_PER_MS
#define SHARE(percent) ((uint32_t)((percent) * (LINE_ALWAYS / 100)))

/* As ck_assert, which tells the runner of each that holds: too much for each packet. */
#define HOLDS(cond)                          \
	do {                                 \
		if (!(cond))                 \
			ck_abort_msg(#cond); \
	} while (0)

/* A packet is a number; bits turned over and copies are counted beside it. */
struct packet {
	uint32_t number;
	bool copy;
	uint32_t bits[3];
	unsigned int n_bits;
};

struct bed {
	struct line *line;
	struct packet *packet; /* PACKETS of them, then their copies */
	uint64_t dropped;
	bool no_memory;
};

static void *copy(void *ctx, void *packet)
{
	struct bed *b = ctx;
	struct packet *p = packet, *c = p + PACKETS;

	if (b->no_memory)
		return NULL;
	*c = *p;
	c->copy = true;
	return c;
}

static void flip(void *ctx, void *packet, uint32_t bit)
{
	struct packet *p = packet;

	HOLDS(p->n_bits < WEIR_ARRAY_LEN(p->bits));
	p->bits[p->n_bits++] = bit;
}

static void drop(void *ctx, void *packet)
{
	((struct bed *)ctx)->dropped++;
}

static void setup(struct bed *b, struct line_cfg cfg, uint64_t seed)
{
	const struct line_ops ops = {copy, flip, drop, b};

	*b = (struct bed){.packet = calloc(2 * PACKETS, sizeof(struct packet))};
	for (uint32_t i = 0; i < PACKETS; i++)
		b->packet[i].number = i;
	if (!cfg.capacity)
		cfg.capacity = 2 * PACKETS;
	b->line = line_create(&cfg, &ops, seed);
	ck_assert_ptr_nonnull(b->line);
}

static void teardown(struct bed *b)
{
	line_destroy(b->line);
	free(b->packet);
}

static uint64_t count(const struct bed *b, enum line_counter c)
{
	return line_count(b->line, c);
}

/* Puts `n` packets in, `gap_ns` between, and takes nothing out. */
static void put_all(struct bed *b, uint32_t n, uint64_t gap_ns)
{
	for (uint32_t i = 0; i < n; i++)
		line_put(b->line, i * gap_ns, &b->packet[i], LEN);
}

/* The next packet at the very time it is due; its time in *at. */
static struct packet *next(struct bed *b, uint64_t *at)
{
	struct packet *p;

	*at = line_next_due(b->line);
	if (*at == UINT64_MAX)
		return NULL;
	HOLDS(*at == 0 || !line_take(b->line, *at - 1));
	p = line_take(b->line, *at);
	HOLDS(p);
	return p;
}

/* ---- shares ---- */

START_TEST(each_mechanism_meets_its_share_of_packets)
{
	/* Bounds: five standard deviations of a binomial with 100,000 trials. */
	static const struct {
		const char *what;
		struct line_cfg cfg;
		enum line_counter counter;
		uint64_t wanted, within;
	} rows[] = {
		{"no loss", {.loss = 0}, LINE_LOST, 0, 0},
		{"1 % loss", {.loss = SHARE(1)}, LINE_LOST, 1000, 158},
		{"50 % loss", {.loss = SHARE(50)}, LINE_LOST, 50000, 791},
		{"all lost", {.loss = LINE_ALWAYS}, LINE_LOST, 100000, 0},
		{"one in a million", {.loss = 1000}, LINE_LOST, 0, 5},
		{"2 % twice", {.duplicate = SHARE(2)}, LINE_DUPLICATED, 2000, 222},
		{"all twice", {.duplicate = LINE_ALWAYS}, LINE_DUPLICATED, 100000, 0},
		{"0.1 % damaged", {.corrupt = SHARE(1) / 10}, LINE_CORRUPTED, 100, 50},
		{"all damaged", {.corrupt = LINE_ALWAYS}, LINE_CORRUPTED, 100000, 0},
		{"2 % held back by time",
		 {.reorder = SHARE(2), .reorder_ns = MS},
		 LINE_HELD_BACK,
		 2000,
		 222},
		{"2 % held back by number",
		 {.reorder = SHARE(2), .reorder_by = 3, .reorder_ns = MS},
		 LINE_HELD_BACK,
		 2000,
		 222},
	};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		for (uint64_t seed = 1; seed <= 3; seed++) {
			struct bed b;
			uint64_t got;

			setup(&b, rows[i].cfg, seed);
			put_all(&b, PACKETS, 1000);
			got = count(&b, rows[i].counter);
			ck_assert_msg(got + rows[i].within >= rows[i].wanted &&
					      got <= rows[i].wanted + rows[i].within,
				      "%s, seed %llu: %llu", rows[i].what, (unsigned long long)seed,
				      (unsigned long long)got);
			teardown(&b);
		}
}
END_TEST

START_TEST(every_packet_is_accounted_for)
{
	const struct line_cfg cfg = {
		.loss = SHARE(3),
		.burst_begin = SHARE(1),
		.burst_end = SHARE(20),
		.burst_loss = SHARE(90),
		.duplicate = SHARE(5),
		.corrupt = SHARE(2),
		.reorder = SHARE(4),
		.reorder_by = 5,
		.reorder_ns = 20 * MS,
		.delay_ns = 30 * MS,
		.jitter_ns = 10 * MS,
		.rate_bps = 7000000,
		.queue_bytes = 60000,
		.capacity = 90,
	};
	struct bed b;
	uint64_t out = 0;

	setup(&b, cfg, 9);
	for (uint32_t i = 0; i < PACKETS; i++) {
		line_put(b.line, i * MS, &b.packet[i], LEN);
		while (line_take(b.line, i * MS))
			out++;
	}
	ck_assert_uint_eq(count(&b, LINE_RECEIVED), PACKETS);
	ck_assert_uint_eq(count(&b, LINE_RECEIVED_BYTES), (uint64_t)PACKETS * LEN);
	ck_assert_uint_eq(count(&b, LINE_SENT), out);
	ck_assert_uint_eq(count(&b, LINE_SENT_BYTES), out * LEN);
	ck_assert_uint_eq(PACKETS + count(&b, LINE_DUPLICATED),
			  out + b.dropped + line_held(b.line));
	ck_assert_uint_eq(b.dropped, count(&b, LINE_LOST) + count(&b, LINE_BURST_LOST) +
					     count(&b, LINE_QUEUE_DROPPED) +
					     count(&b, LINE_OVERFLOWED));
	for (unsigned int c = 0; c < LINE_COUNTER_END; c++)
		if (c != LINE_NOT_COPIED)
			ck_assert_msg(line_count(b.line, c) > 0, "%s is 0", line_counter_name(c));
	teardown(&b);
}
END_TEST

START_TEST(bursts_have_the_length_and_the_share_that_was_asked)
{
	/* In a burst 1/(1 + 9) of the time, ten packets each. */
	const struct line_cfg cfg = {
		.burst_begin = SHARE(10) / 9, .burst_end = SHARE(10), .burst_loss = LINE_ALWAYS};
	struct bed b;
	double length, share;

	setup(&b, cfg, 4);
	put_all(&b, PACKETS, 1000);
	share = (double)count(&b, LINE_BURST_LOST) / PACKETS;
	length = (double)count(&b, LINE_BURST_LOST) / (double)count(&b, LINE_BURSTS);
	ck_assert_msg(share > 0.085 && share < 0.115, "share %f", share);
	ck_assert_msg(length > 9 && length < 11, "length %f", length);
	ck_assert_uint_eq(count(&b, LINE_LOST), 0);
	teardown(&b);
}
END_TEST

/* ---- time and order ---- */

START_TEST(the_delay_is_exact_and_order_is_kept)
{
	const struct line_cfg cfg = {.delay_ns = 50 * MS};
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 1);
	ck_assert_uint_eq(line_next_due(b.line), UINT64_MAX);
	put_all(&b, 1000, 7);
	for (uint32_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(next(&b, &at)->number, i);
		ck_assert_uint_eq(at, i * 7 + 50 * MS);
	}
	ck_assert_ptr_null(next(&b, &at));
	teardown(&b);
}
END_TEST

START_TEST(packets_of_the_same_instant_keep_their_order)
{
	const struct line_cfg cfg = {.delay_ns = MS};
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 1);
	put_all(&b, 1000, 0);
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(next(&b, &at)->number, i);
	teardown(&b);
}
END_TEST

START_TEST(jitter_is_even_and_reorders_only_when_it_may)
{
	static const bool may[] = {false, true};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(may); i++) {
		const struct line_cfg cfg = {
			.delay_ns = 50 * MS, .jitter_ns = 5 * MS, .jitter_reorders = may[i]};
		uint64_t at, least = UINT64_MAX, most = 0;
		double sum = 0;
		struct packet *p;
		struct bed b;

		setup(&b, cfg, 11);
		put_all(&b, PACKETS, 100 * 1000);
		while ((p = next(&b, &at))) {
			uint64_t took = at - p->number * 100000ULL;

			least = took < least ? took : least;
			most = took > most ? took : most;
			sum += (double)took;
		}
		ck_assert_uint_ge(least, 45 * MS);
		ck_assert_uint_le(most, 55 * MS);
		ck_assert_uint_gt(most, 55 * MS - MS / 10);
		if (may[i]) {
			ck_assert_uint_lt(least, 45 * MS + MS / 10);
			ck_assert(sum / PACKETS > 49.9 * MS && sum / PACKETS < 50.1 * MS);
			ck_assert_uint_gt(count(&b, LINE_REORDERED), PACKETS / 10);
		} else {
			ck_assert_uint_eq(count(&b, LINE_REORDERED), 0);
		}
		teardown(&b);
	}
}
END_TEST

START_TEST(jitter_beyond_the_delay_never_goes_back_in_time)
{
	const struct line_cfg cfg = {.delay_ns = 0, .jitter_ns = 5 * MS, .jitter_reorders = true};
	struct packet *p;
	uint64_t at;
	struct bed b;

	setup(&b, cfg, 11);
	put_all(&b, 1000, 10);
	while ((p = next(&b, &at)))
		ck_assert_uint_ge(at, p->number * 10ULL);
	teardown(&b);
}
END_TEST

START_TEST(a_packet_held_back_is_passed_by_just_so_many)
{
	static const uint32_t by[] = {1, 2, 3, 10};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(by); i++) {
		const struct line_cfg cfg = {
			.reorder = SHARE(1), .reorder_by = by[i], .reorder_ns = 1000 * MS};
		uint64_t at, place = 0, checked = 0, latest = 0;
		struct packet *p;
		struct bed b;

		setup(&b, cfg, 5);
		put_all(&b, 20000, 1000);
		for (; (p = next(&b, &at)); place++) {
			/* Nothing is lost: its place is its number and those that passed it, less
			 * others held back meanwhile, of which there is mostly none. */
			if (p->number >= latest) {
				latest = p->number;
				continue;
			}
			checked += latest - p->number == by[i];
		}
		ck_assert_uint_eq(place, 20000);
		ck_assert_uint_eq(count(&b, LINE_HELD_BACK), count(&b, LINE_REORDERED));
		ck_assert_msg(checked * 100 > count(&b, LINE_REORDERED) * 80, "by %u: %llu of %llu",
			      by[i], (unsigned long long)checked,
			      (unsigned long long)count(&b, LINE_REORDERED));
		teardown(&b);
	}
}
END_TEST

START_TEST(a_packet_that_nobody_passes_comes_out_after_its_time)
{
	const struct line_cfg cfg = {
		.reorder = LINE_ALWAYS, .reorder_by = 3, .reorder_ns = 10 * MS, .delay_ns = MS};
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 5);
	put_all(&b, 2, MS);
	ck_assert_uint_eq(next(&b, &at)->number, 0);
	ck_assert_uint_eq(at, 11 * MS);
	ck_assert_uint_eq(next(&b, &at)->number, 1);
	ck_assert_uint_eq(at, 12 * MS);
	ck_assert_uint_eq(line_held(b.line), 0);
	teardown(&b);
}
END_TEST

START_TEST(more_held_back_than_there_is_room_for_are_not_held)
{
	const struct line_cfg cfg = {
		.reorder = LINE_ALWAYS, .reorder_by = 1000, .reorder_ns = 1000 * MS};
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 5);
	put_all(&b, 100, 1);
	ck_assert_uint_eq(count(&b, LINE_HELD_BACK), 64);
	ck_assert_uint_eq(next(&b, &at)->number, 64);
	teardown(&b);
}
END_TEST

/* ---- the rate ---- */

START_TEST(the_rate_is_exact_over_any_number_of_packets)
{
	/* 8000 bits at 3 bit/ns and less: parts of a nanosecond are not lost. */
	static const uint64_t rates[] = {1000, 3000000, 100000000, 2999999999ULL, 100000000000ULL};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rates); i++) {
		const struct line_cfg cfg = {.rate_bps = rates[i]};
		uint64_t at = 0;
		struct bed b;

		setup(&b, cfg, 1);
		put_all(&b, 10000, 0);
		for (unsigned __int128 n = 1; n <= 10000; n++) {
			unsigned __int128 wanted = n * LEN * 8 * WEIR_NS_PER_S / rates[i];

			HOLDS(next(&b, &at));
			HOLDS(at == (uint64_t)wanted);
		}
		teardown(&b);
	}
}
END_TEST

START_TEST(a_rate_that_has_idled_saves_nothing)
{
	const struct line_cfg cfg = {.rate_bps = 8000000}; /* a packet a millisecond */
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 1);
	put_all(&b, 3, 5 * MS);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_ptr_nonnull(next(&b, &at));
		ck_assert_uint_eq(at, i * 5 * MS + MS);
	}
	teardown(&b);
}
END_TEST

START_TEST(the_queue_holds_its_bytes_and_drops_the_newest)
{
	const struct line_cfg cfg = {.rate_bps = 8000000, .queue_bytes = 10 * LEN};
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 1);
	put_all(&b, 25, 0);
	ck_assert_uint_eq(line_held(b.line), 10);
	ck_assert_uint_eq(count(&b, LINE_QUEUE_DROPPED), 15);
	for (uint32_t i = 0; i < 10; i++)
		ck_assert_uint_eq(next(&b, &at)->number, i);
	/* Half of it has left: half of it fits again. */
	for (uint32_t i = 0; i < 10; i++)
		line_put(b.line, 10 * MS, &b.packet[100 + i], LEN);
	for (uint32_t i = 0; i < 10; i++)
		line_put(b.line, 15 * MS, &b.packet[200 + i], LEN);
	ck_assert_uint_eq(line_held(b.line), 15);
	teardown(&b);
}
END_TEST

/* ---- copies and damage ---- */

START_TEST(a_duplicate_is_a_packet_of_its_own)
{
	const struct line_cfg cfg = {.duplicate = LINE_ALWAYS, .rate_bps = 8000000};
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 1);
	ck_assert_uint_eq(line_put(b.line, 0, &b.packet[7], LEN), 2);
	ck_assert(!next(&b, &at)->copy);
	ck_assert_uint_eq(at, MS);
	ck_assert(next(&b, &at)->copy);
	ck_assert_uint_eq(at, 2 * MS);
	b.no_memory = true;
	ck_assert_uint_eq(line_put(b.line, 5 * MS, &b.packet[8], LEN), 1);
	ck_assert_uint_eq(count(&b, LINE_NOT_COPIED), 1);
	teardown(&b);
}
END_TEST

START_TEST(damage_is_one_to_three_bits_in_a_row_behind_the_first_bytes)
{
	const struct line_cfg cfg = {.corrupt = LINE_ALWAYS, .corrupt_from = 14};
	unsigned int times[4] = {0};
	struct bed b;

	setup(&b, cfg, 3);
	for (uint32_t i = 0; i < 3000; i++) {
		struct packet *p = &b.packet[i];
		uint32_t len = 15 + i % 100; /* one byte may be damaged, or more */

		line_put(b.line, 0, p, len);
		HOLDS(p->n_bits >= 1 && p->n_bits <= 3);
		times[p->n_bits]++;
		for (unsigned int k = 0; k < p->n_bits; k++) {
			HOLDS(p->bits[k] >= 14 * 8 && p->bits[k] < len * 8);
			HOLDS(p->bits[k] == p->bits[0] + k);
		}
	}
	for (unsigned int k = 1; k <= 3; k++)
		ck_assert(times[k] > 850 && times[k] < 1150);
	ck_assert_uint_eq(line_put(b.line, 0, &b.packet[5000], 14), 1);
	ck_assert_uint_eq(b.packet[5000].n_bits, 0);
	teardown(&b);
}
END_TEST

/* ---- room ---- */

START_TEST(a_full_line_drops_and_counts)
{
	const struct line_cfg cfg = {.delay_ns = MS, .capacity = 8};
	struct bed b;
	uint64_t at;

	setup(&b, cfg, 1);
	put_all(&b, 20, 0);
	ck_assert_uint_eq(line_held(b.line), 8);
	ck_assert_uint_eq(count(&b, LINE_OVERFLOWED), 12);
	ck_assert_uint_eq(b.dropped, 12);
	ck_assert_uint_eq(next(&b, &at)->number, 0);
	ck_assert_uint_eq(line_put(b.line, MS, &b.packet[30], LEN), 1);
	ck_assert_uint_eq(line_put(b.line, MS, &b.packet[31], LEN), 0);
	teardown(&b);
}
END_TEST

START_TEST(what_is_in_the_line_at_its_end_is_dropped)
{
	const struct line_cfg cfg = {
		.delay_ns = MS, .reorder = SHARE(50), .reorder_by = 100, .reorder_ns = MS};
	struct bed b;

	setup(&b, cfg, 1);
	put_all(&b, 50, 0);
	ck_assert_uint_eq(line_held(b.line), 50);
	line_destroy(b.line);
	ck_assert_uint_eq(b.dropped, 50);
	free(b.packet);
	line_destroy(NULL);
}
END_TEST

/* ---- repetition ---- */

/* A number for all that a line did with 20,000 packets. */
static uint64_t trace(struct line_cfg cfg, uint64_t seed)
{
	uint64_t at, hash = 0;
	struct packet *p;
	struct bed b;

	setup(&b, cfg, seed);
	put_all(&b, 20000, 1000);
	while ((p = next(&b, &at)))
		hash = (hash ^ p->number ^ at << 20 ^ (uint64_t)p->n_bits << 60 ^ p->copy) *
		       0x100000001b3ULL;
	teardown(&b);
	return hash;
}

START_TEST(the_same_seed_does_the_same_and_another_does_not)
{
	const struct line_cfg cfg = {
		.loss = SHARE(2),
		.duplicate = SHARE(2),
		.corrupt = SHARE(2),
		.reorder = SHARE(2),
		.reorder_by = 3,
		.reorder_ns = MS,
		.jitter_ns = MS,
		.jitter_reorders = true,
	};

	ck_assert_uint_eq(trace(cfg, 1), trace(cfg, 1));
	ck_assert_uint_ne(trace(cfg, 1), trace(cfg, 2));
}
END_TEST

START_TEST(another_mechanism_does_not_change_which_packets_are_lost)
{
	const struct line_cfg alone = {.loss = SHARE(5)};
	struct line_cfg with = {
		.loss = SHARE(5),
		.duplicate = SHARE(20),
		.corrupt = SHARE(20),
		.jitter_ns = MS,
		.reorder = SHARE(10),
		.reorder_by = 2,
		.reorder_ns = MS,
	};
	struct bed a, b;

	setup(&a, alone, 6);
	setup(&b, with, 6);
	for (uint32_t i = 0; i < 10000; i++)
		HOLDS((line_put(a.line, i, &a.packet[i], LEN) == 0) ==
		      (line_put(b.line, i, &b.packet[i], LEN) == 0));
	teardown(&a);
	teardown(&b);
}
END_TEST

Suite *bench_line_suite(void)
{
	return WEIR_SUITE(
		"bench line", each_mechanism_meets_its_share_of_packets,
		every_packet_is_accounted_for, bursts_have_the_length_and_the_share_that_was_asked,
		the_delay_is_exact_and_order_is_kept, packets_of_the_same_instant_keep_their_order,
		jitter_is_even_and_reorders_only_when_it_may,
		jitter_beyond_the_delay_never_goes_back_in_time,
		a_packet_held_back_is_passed_by_just_so_many,
		a_packet_that_nobody_passes_comes_out_after_its_time,
		more_held_back_than_there_is_room_for_are_not_held,
		the_rate_is_exact_over_any_number_of_packets, a_rate_that_has_idled_saves_nothing,
		the_queue_holds_its_bytes_and_drops_the_newest, a_duplicate_is_a_packet_of_its_own,
		damage_is_one_to_three_bits_in_a_row_behind_the_first_bytes,
		a_full_line_drops_and_counts, what_is_in_the_line_at_its_end_is_dropped,
		the_same_seed_does_the_same_and_another_does_not,
		another_mechanism_does_not_change_which_packets_are_lost);
}
