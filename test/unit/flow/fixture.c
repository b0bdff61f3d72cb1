/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <stdio.h>

const struct weir_siphash_key fixture_key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

void fixture_start(void)
{
	struct weir_eal_cfg cfg = {.program = "test", .need_bytes = 256 << 20, .quiet = true};
	struct weir_buf why = {0};

	if (weir_eal_start(&cfg, &why) < 0) {
		fprintf(stderr, "%s\n", why.ptr);
		exit(EXIT_FAILURE);
	}
	weir_buf_fini(&why);
}

/* ---- a table ---- */

static void on_end(void *ctx, struct weir_flow *f, enum weir_flow_end why, uint64_t now_ns)
{
	struct bed *b = ctx;

	b->ended[why]++;
	b->last_id = f->id;
	b->last_state = (enum weir_flow_state)f->state;
}

void bed_init(struct bed *b, uint32_t flows, uint32_t denied, bool evict)
{
	static unsigned int beds; /* a test that fails leaves its table behind */
	struct weir_flow_cfg cfg = {
		.name = b->name,
		.flows = flows,
		.denied = denied,
		.key = fixture_key,
		.id_seed = 1,
		.evict_half_open = evict,
		.on_end = on_end,
		.ctx = b,
	};

	*b = (struct bed){.now_ns = 1000 * WEIR_NS_PER_S};
	snprintf(b->name, sizeof(b->name), "test%u", beds++);
	b->table = weir_flow_table_create(&cfg, b->now_ns);
	ck_assert_ptr_nonnull(b->table);
	ck_assert_uint_eq(weir_flow_capacity(b->table), flows);
}

void bed_fini(struct bed *b)
{
	weir_flow_clear(b->table, b->now_ns);
	ck_assert_uint_eq(weir_flow_count(b->table), 0);
	ck_assert_uint_eq(weir_flow_denied_count(b->table), 0);
	ck_assert_uint_eq(b->table->wheel.armed, 0);
	ck_assert_ptr_null(b->table->half_open.oldest);
	ck_assert_ptr_null(b->table->half_open.newest);
	ck_assert_ptr_null(b->table->waiting.oldest);
	ck_assert_ptr_null(b->table->waiting.newest);
	weir_flow_table_destroy(b->table);
}

/* ---- packets ---- */

static void address(uint8_t *at, uint8_t family, uint32_t n, uint8_t side)
{
	if (family == 6)
		memcpy(at, (const uint8_t[12]){0x20, 0x01, 0x0d, 0xb8, [11] = side}, 12);
	at += family == 6 ? 12 : 0;
	/* Sides take turns in being the lower address. */
	at[0] = (n & 1) == side ? 10 : 192;
	at[1] = (uint8_t)(n >> 16);
	at[2] = (uint8_t)(n >> 8);
	at[3] = (uint8_t)n;
}

void packet_of(struct packet *k, uint8_t family, uint8_t proto, uint32_t n, uint8_t dir)
{
	uint16_t port[2] = {40000, 443};

	memset(k, 0, sizeof(*k));
	address(k->src, family, n, dir);
	address(k->dst, family, n, !dir);
	k->p = (struct weir_pkt){
		.kind = family == 6 ? WEIR_PKT_IPV6 : WEIR_PKT_IPV4,
		.l3_len = 100,
		.wscale = NO_SCALE,
		.tcp_flags = proto == WEIR_PROTO_TCP ? WEIR_TCP_SYN : 0,
		.window = 1000,
		.tuple =
			{
				.src = k->src,
				.dst = k->dst,
				.sport = port[dir],
				.dport = port[!dir],
				.family = family,
				.proto = proto,
			},
	};
}

enum weir_drop bed_track(struct bed *b, struct weir_flow *f, const struct packet *k, uint8_t dir)
{
	bool reopen;
	enum weir_drop reason = weir_flow_track(b->table, f, &k->p, dir, b->now_ns, &reopen);

	ck_assert(!reopen);
	return reason;
}

struct weir_flow *bed_begin(struct bed *b, const struct packet *k)
{
	struct weir_flow *f = weir_flow_add(b->table, &k->p, 0, 0, false, b->now_ns);

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(bed_track(b, f, k, 0), WEIR_DROP_NONE);
	return f;
}

/* ---- scripts ---- */

/* What a step does; a text when it is not what it should. */
static const char *take_step(struct bed *b, struct weir_flow *f, const struct packet *k,
			     const struct step *s)
{
	uint64_t before = f->packets[s->dir];
	bool reopen, counted, done = s->drop == WEIR_DROP_NONE && s->state != REOPEN;
	enum weir_drop reason = weir_flow_track(b->table, f, &k->p, s->dir, b->now_ns, &reopen);

	counted = f->packets[s->dir] != before;
	if (reason != s->drop)
		return weir_drop_name(reason);
	if (reopen != (s->state == REOPEN))
		return "reopen";
	if (!reopen && f->state != s->state)
		return weir_flow_state_name((enum weir_flow_state)f->state);
	return counted != done ? "counted" : NULL;
}

static void segment(struct packet *k, const struct step *s, const uint32_t isn[2],
		    const uint8_t scale[2])
{
	packet_of(k, 4, WEIR_PROTO_TCP, 7, s->dir);
	k->p.tcp_flags = s->flags;
	k->p.seq = isn[s->dir] + (uint32_t)s->seq;
	k->p.ack = s->flags & WEIR_TCP_ACK ? isn[!s->dir] + (uint32_t)s->ack : 0;
	k->p.payload_len = s->len;
	k->p.window = s->win == 0 ? 1000 : s->win == ZERO ? 0 : (uint16_t)s->win;
	k->p.wscale = s->flags & WEIR_TCP_SYN ? scale[s->dir] : NO_SCALE;
}

/* Where the numbers wrap, and where their difference changes its sign. */
static const uint32_t isns[][2] = {
	{1000, 900000},
	{0xffffffff, 0xffffffff},
	{0xfffffffe, 5},
	{0, 0xfffffc00},
	{0xffffff9c, 0xfffffc18},
	{0x7fffffff, 0x80000000},
	{0x7ffffff0, 0xffffff00u},
};

void script_run_scaled(const char *name, const struct step *step, size_t n, uint8_t scale0,
		       uint8_t scale1)
{
	const uint8_t scale[2] = {scale0, scale1};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(isns); i++) {
		struct weir_flow *f = NULL;
		struct packet k;
		struct bed b;

		bed_init(&b, 8, 0, false);
		for (size_t s = 0; s < n; s++) {
			const char *wrong;

			segment(&k, &step[s], isns[i], scale);
			if (!f) {
				struct packet first;

				/* As path/ does it when the responder is heard first. */
				packet_of(&first, 4, WEIR_PROTO_TCP, 7, 0);
				first.p.tcp_flags = k.p.tcp_flags;
				f = weir_flow_add(b.table, &first.p, 0, 0, false, b.now_ns);
			}
			wrong = take_step(&b, f, &k, &step[s]);
			ck_assert_msg(!wrong, "%s, numbers %zu, step %zu: %s", name, i, s, wrong);
		}
		bed_fini(&b);
	}
}
