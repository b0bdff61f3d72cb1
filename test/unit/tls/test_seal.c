/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

#define DATA WEIR_TLS_APPLICATION_DATA

/* Two libraries, where the machine has both. */
struct both {
	struct weir_tls_crypto *c[2];
};

static void both_init(struct both *b)
{
	b->c[0] = weir_tls_crypto_create(false);
	b->c[1] = weir_tls_crypto_create(true);
}

static void both_fini(struct both *b)
{
	weir_tls_crypto_destroy(b->c[0]);
	weir_tls_crypto_destroy(b->c[1]);
}

/* Sealed from pieces into pieces, with a copy of `r`: always the same record. */
static void assert_seals_same(struct weir_tls_crypto *c, const struct weir_tls_records *r,
			      const struct scattered *in, struct scattered *out,
			      const uint8_t *want)
{
	struct weir_tls_spans s = {in->view, in->n, out->room, out->n};
	struct weir_tls_records copy = *r;
	uint8_t wire[WIRE_MAX];

	ck_assert_int_eq(weir_tls_seal(c, &copy, DATA, &s), out->len);
	ck_assert_uint_eq(copy.tx.seq, r->tx.seq + 1);
	gather(out, wire);
	ck_assert_mem_eq(wire, want, out->len);
}

static void try_pieces(const struct both *b, const struct weir_tls_records *r, size_t len,
		       const size_t *sizes, unsigned int n_sizes)
{
	struct scattered *in = scattered_create(), *out = scattered_create();
	struct weir_tls_records copy = *r;
	uint8_t want[WIRE_MAX];
	size_t size = weir_tls_seal_room(r, len);

	ck_assert_int_eq(seal(b->c[0], &copy, DATA, weir_bytes_of(some_bytes(), len), want), size);
	for (unsigned int i = 0; i < n_sizes; i++)
		for (unsigned int k = 0; k < n_sizes; k++)
			for (unsigned int which = 0; which < 2; which++) {
				scatter(in, some_bytes(), len, sizes[i]);
				scatter(out, NULL, size, sizes[k]);
				assert_seals_same(b->c[which], r, in, out, want);
			}
	free(in);
	free(out);
}

START_TEST(pieces_of_every_size_and_both_libraries_give_the_same_record)
{
	size_t sizes[48];
	struct both b;

	both_init(&b);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(sizes); i++)
		sizes[i] = i + 1;
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct pair p;

		pair_init(&p, kind_of(i));
		try_pieces(&b, &p.us, 130, sizes, WEIR_ARRAY_LEN(sizes));
		pair_fini(&p);
	}
	both_fini(&b);
}
END_TEST

START_TEST(large_records_are_the_same_too)
{
	static const size_t sizes[] = {16, 63, 64, 1400, 1448, 2048, 16384, WIRE_MAX};
	static const size_t lengths[] = {0, 1, 15, 16, 17, 768, 1400, 16383, 16384};
	struct both b;

	both_init(&b);
	for (unsigned int i = 0; i < N_KINDS; i++)
		for (unsigned int k = 0; k < WEIR_ARRAY_LEN(lengths); k++) {
			struct pair p;

			pair_init(&p, kind_of(i));
			try_pieces(&b, &p.us, lengths[k], sizes, WEIR_ARRAY_LEN(sizes));
			pair_fini(&p);
		}
	both_fini(&b);
}
END_TEST

START_TEST(sealed_in_place_is_the_same)
{
	static const size_t lengths[] = {1, 15, 16, 17, 100, 1400, 16384};

	for (unsigned int i = 0; i < N_KINDS * WEIR_ARRAY_LEN(lengths); i++) {
		size_t len = lengths[i / N_KINDS], offset;
		uint8_t want[WIRE_MAX], wire[WIRE_MAX];
		struct weir_tls_records copy;
		struct pair p;
		ssize_t n;

		pair_init(&p, kind_of(i % N_KINDS));
		copy = p.us;
		offset = weir_tls_seal_offset(&p.us);
		memcpy(wire + offset, some_bytes(), len);
		n = seal(p.c, &copy, DATA, weir_bytes_of(some_bytes(), len), want);
		ck_assert_int_eq(seal(p.c, &p.us, DATA, weir_bytes_of(wire + offset, len), wire),
				 n);
		ck_assert_mem_eq(wire, want, (size_t)n);
		pair_fini(&p);
	}
}
END_TEST

START_TEST(what_does_not_fit_changes_nothing)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		const struct weir_bytes large = {some_bytes(), WEIR_TLS_RECORD_MAX + 1};
		const struct weir_bytes small = {some_bytes(), 100};
		struct weir_tls_spans s = {.in = &small, .n_in = 1, .n_out = 1};
		uint8_t wire[WIRE_MAX];
		struct weir_tls_room room = {wire, 0};
		struct weir_tls_records before;
		struct pair p;

		pair_init(&p, kind_of(i));
		before = p.us;
		s.out = &room;
		for (room.len = 0; room.len < weir_tls_seal_room(&p.us, 100); room.len++)
			ck_assert_int_eq(weir_tls_seal(p.c, &p.us, DATA, &s), -WEIR_TLS_E_MEMORY);
		ck_assert_int_eq(seal(p.c, &p.us, DATA, large, wire), -WEIR_TLS_E_RECORD_SIZE);
		ck_assert_mem_eq(&p.us, &before, sizeof(before));
		pair_fini(&p);
	}
}
END_TEST

START_TEST(no_number_is_used_twice)
{
	uint8_t wire[WIRE_MAX];
	struct pair p;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_2});
	p.us.tx.seq = UINT64_MAX - 1;
	ck_assert_int_gt(seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire), 0);
	ck_assert_int_eq(seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire), -WEIR_TLS_E_KEY_LIMIT);
	pair_fini(&p);
}
END_TEST

/* RFC 5288 section 3: it counts on from where the handshake's own records began. */
START_TEST(explicit_nonces_count_up)
{
	uint8_t wire[WIRE_MAX];
	struct pair p;

	pair_init(&p, (struct kind){.version = WEIR_TLS_1_2});
	memset(p.us.tx.iv + 4, 0xff, 8);
	p.us.tx.seq = 1;
	for (unsigned int i = 0; i < 300; i++) {
		ck_assert_int_gt(seal(p.c, &p.us, DATA, weir_bytes_str("x"), wire), 0);
		ck_assert_uint_eq(wire[12], i & 0xff);
		ck_assert_uint_eq(wire[11], i >> 8);
		ck_assert_uint_eq(wire[5], 0);
	}
	pair_fini(&p);
}
END_TEST

Suite *seal_suite(void)
{
	return WEIR_SUITE("tls seal", pieces_of_every_size_and_both_libraries_give_the_same_record,
			  large_records_are_the_same_too, sealed_in_place_is_the_same,
			  what_does_not_fit_changes_nothing, no_number_is_used_twice,
			  explicit_nonces_count_up);
}
