/* SPDX-License-Identifier: BSD-3-Clause */
/* Bursts: chains for devices that take none, several queues for one worker. */
#include "fixture.h"

#include "../../../lib/port/port_impl.h"

#include <stdio.h>
#include <unistd.h>

/* ---- what was sent, as net_pcap wrote it ---- */

struct sent {
	uint8_t bytes[16384];
	size_t len, at;
};

static void read_capture(struct sent *s, const char *path)
{
	FILE *file = fopen(path, "rb");

	ck_assert_ptr_nonnull(file);
	s->len = fread(s->bytes, 1, sizeof(s->bytes), file);
	s->at = 24; /* the file's header */
	fclose(file);
}

/* The next frame and its length, 0 at the end. */
static uint32_t next_frame(struct sent *s, const uint8_t **bytes)
{
	uint32_t len;

	if (s->at + 16 > s->len)
		return 0;
	memcpy(&len, s->bytes + s->at + 8, 4);
	*bytes = s->bytes + s->at + 16;
	s->at += 16 + len;
	ck_assert_uint_le(s->at, s->len);
	return len;
}

static void expect_frames(const char *path, const uint16_t *len, unsigned int n)
{
	static struct sent s;
	const uint8_t *bytes = NULL;

	read_capture(&s, path);
	for (unsigned int i = 0; i < n; i++) {
		ck_assert_uint_eq(next_frame(&s, &bytes), len[i]);
		ck_assert(fixture_is_frame(bytes, len[i], (uint8_t)i));
	}
	ck_assert_uint_eq(next_frame(&s, &bytes), 0);
}

/* ---- chains ---- */

/* The frame cut into three buffers. */
static struct rte_mbuf *chain(struct rte_mempool *pool, uint16_t len, uint8_t seed)
{
	struct rte_mbuf *whole = fixture_frame(pool, len, seed), *head = NULL;
	const uint8_t *bytes = rte_pktmbuf_mtod(whole, const uint8_t *);
	uint16_t cut[] = {0, 20, (uint16_t)(len / 2), len};

	for (unsigned int i = 0; i < 3; i++) {
		struct rte_mbuf *part = rte_pktmbuf_alloc(pool);
		uint16_t n = cut[i + 1] - cut[i];

		ck_assert_ptr_nonnull(part);
		memcpy(rte_pktmbuf_append(part, n), bytes + cut[i], n);
		if (head)
			ck_assert_int_eq(rte_pktmbuf_chain(head, part), 0);
		else
			head = part;
	}
	rte_pktmbuf_free(whole);
	return head;
}

/* A clone whose bytes lie in another buffer. */
static struct rte_mbuf *indirect(struct rte_mempool *pool, uint16_t len, uint8_t seed)
{
	struct rte_mbuf *m = fixture_frame(pool, len, seed);
	struct rte_mbuf *clone = rte_pktmbuf_clone(m, pool);

	ck_assert_ptr_nonnull(clone);
	rte_pktmbuf_free(m);
	return clone;
}

/* Longer than any buffer. */
static struct rte_mbuf *oversize(struct rte_mempool *pool)
{
	struct rte_mbuf *m = chain(pool, 1500, 0);

	ck_assert_int_eq(rte_pktmbuf_chain(m, chain(pool, 1500, 0)), 0);
	return m;
}

static void open_capture(struct fixture *f, char path[64])
{
	char device[128];
	const char *devices[] = {device, NULL};

	strcpy(path, "test_port_XXXXXX");
	close(mkstemp(path));
	snprintf(device, sizeof(device), "vdev:net_pcap0,rx_iface=lo,tx_pcap=%s", path);
	fixture_init(f, 1, 4096 + 64, devices);
	fixture_open(f);
	ck_assert(!f->ports->port[0].tx_chains);
}

START_TEST(chains_and_clones_are_sent_in_one_buffer)
{
	static const uint16_t len[] = {60, 700, 1514, 61, 1514};
	struct rte_mbuf *m[5];
	struct fixture f;
	char path[64];

	if (fixture_not_root("chains_and_clones_are_sent_in_one_buffer"))
		return;
	open_capture(&f, path);
	m[0] = fixture_frame(f.pool[0], len[0], 0);
	m[1] = chain(f.pool[0], len[1], 1);
	m[2] = indirect(f.pool[0], len[2], 2);
	m[3] = fixture_frame(f.pool[0], len[3], 3);
	m[4] = chain(f.pool[0], len[4], 4);
	ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], 0, m, 5), 5);
	ck_assert_uint_eq(rte_mempool_in_use_count(f.pool[0]), 0);
	weir_ports_close(f.ports);
	f.ports = NULL;
	expect_frames(path, len, 5);
	unlink(path);
	fixture_fini(&f);
}
END_TEST

START_TEST(a_frame_that_no_buffer_holds_is_counted_and_the_rest_goes_on)
{
	static const uint16_t len[] = {60, 61};
	struct weir_port_counters counters;
	struct rte_mbuf *m[4];
	struct fixture f;
	char path[64];

	if (fixture_not_root("a_frame_that_no_buffer_holds_is_counted_and_the_rest_goes_on"))
		return;
	open_capture(&f, path);
	m[0] = fixture_frame(f.pool[0], len[0], 0);
	m[1] = oversize(f.pool[0]);
	m[2] = oversize(f.pool[0]);
	m[3] = fixture_frame(f.pool[0], len[1], 1);
	ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], 0, m, 4), 4);
	ck_assert_uint_eq(rte_mempool_in_use_count(f.pool[0]), 0);
	weir_port_counters(&f.ports->port[0], &counters);
	ck_assert_uint_eq(counters.tx_errors, 2);
	ck_assert_uint_eq(counters.tx_packets, 2);
	weir_ports_close(f.ports);
	f.ports = NULL;
	expect_frames(path, len, 2);
	unlink(path);
	fixture_fini(&f);
}
END_TEST

START_TEST(without_a_buffer_for_the_copy_the_chain_stays_the_callers)
{
	struct rte_mbuf *m[3], *held[8192];
	unsigned int n = 0;
	struct fixture f;
	char path[64];

	if (fixture_not_root("without_a_buffer_for_the_copy_the_chain_stays_the_callers"))
		return;
	open_capture(&f, path);
	m[0] = fixture_frame(f.pool[0], 60, 0);
	m[1] = chain(f.pool[0], 700, 1);
	m[2] = fixture_frame(f.pool[0], 60, 2);
	while (n < WEIR_ARRAY_LEN(held) && (held[n] = rte_pktmbuf_alloc(f.pool[0])))
		n++;
	/* The first one goes out, and its buffer is free only after that. */
	ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], 0, m, 3), 1);
	ck_assert_uint_eq(m[1]->nb_segs, 3);
	ck_assert_uint_eq(m[1]->pkt_len, 700);
	/* Now there is one. */
	ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], 0, m + 1, 2), 2);
	rte_pktmbuf_free_bulk(held, n);
	ck_assert_uint_eq(rte_mempool_in_use_count(f.pool[0]), 0);
	unlink(path);
	fixture_fini(&f);
}
END_TEST

/* ---- queues ---- */

START_TEST(one_worker_empties_all_queues_of_a_device)
{
	const char *devices[] = {"vdev:net_ring0 queues=3", NULL};
	const struct weir_port *p;
	struct rte_mbuf *rest[32];
	unsigned int got[3] = {0};
	struct fixture f;

	fixture_init(&f, 1, 4096, devices);
	fixture_open(&f);
	p = &f.ports->port[0];
	ck_assert_uint_eq(p->n_queues, 1);
	ck_assert_uint_eq(p->n_rx, 3);
	/* The device gives back on queue q what is sent on queue q. */
	for (uint16_t q = 0; q < 3; q++)
		for (unsigned int i = 0; i < 40; i++) {
			struct rte_mbuf *m = fixture_frame(f.pool[0], 60, (uint8_t)q);

			ck_assert_uint_eq(rte_eth_tx_burst(p->rx[q].ethdev, p->rx[q].queue, &m, 1),
					  1);
		}
	/* Full queues do not keep a worker from the others: all are seen in three turns. */
	for (unsigned int turn = 0; turn < 3; turn++) {
		struct rte_mbuf *m[32];
		uint16_t n = weir_port_rx(p, 0, m, 32);

		ck_assert_uint_eq(n, 32);
		for (uint16_t i = 0; i < n; i++) {
			got[rte_pktmbuf_mtod(m[i], uint8_t *)[14] - 14]++;
			rte_pktmbuf_free(m[i]);
		}
	}
	ck_assert_uint_eq(got[0], 32);
	ck_assert_uint_eq(got[1], 32);
	ck_assert_uint_eq(got[2], 32);
	ck_assert_uint_eq(weir_port_rx(p, 0, rest, 32), 3 * (40 - 32));
	rte_pktmbuf_free_bulk(rest, 3 * (40 - 32));
	fixture_fini(&f);
}
END_TEST

START_TEST(a_worker_without_a_queue_gets_and_sends_nothing)
{
	const char *devices[] = {"vdev:net_null0 queues=1", NULL};
	struct rte_mbuf *m[2];
	struct fixture f;

	fixture_init(&f, 2, 4096, devices);
	fixture_open(&f);
	ck_assert_uint_eq(f.ports->port[0].n_queues, 1);
	ck_assert_uint_eq(f.ports->port[0].rx[1].ethdev, WEIR_PORT_NONE);
	ck_assert_uint_eq(f.ports->port[0].tx[1].ethdev, WEIR_PORT_NONE);
	ck_assert_uint_eq(weir_port_rx(&f.ports->port[0], 0, m, 2), 2);
	ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], 1, m, 2), 0);
	ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], 0, m, 2), 2);
	ck_assert_uint_eq(weir_port_rx(&f.ports->port[0], 1, m, 2), 0);
	fixture_fini(&f);
}
END_TEST

Suite *suite_port_burst(void)
{
	return WEIR_SUITE("port burst", chains_and_clones_are_sent_in_one_buffer,
			  a_frame_that_no_buffer_holds_is_counted_and_the_rest_goes_on,
			  without_a_buffer_for_the_copy_the_chain_stays_the_callers,
			  one_worker_empties_all_queues_of_a_device,
			  a_worker_without_a_queue_gets_and_sends_nothing);
}
