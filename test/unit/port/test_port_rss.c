/* SPDX-License-Identifier: BSD-3-Clause */
/* Symmetric RSS: the key, the hash against DPDK's, the self-test, the spread. */
#include "fixture.h"

#include "../../../lib/port/port_impl.h"

#include <rte_random.h>
#include <rte_thash.h>

static void set_key(struct weir_ports *p, uint16_t period)
{
	for (unsigned int i = 0; i < WEIR_RSS_KEY_BYTES; i += 2) {
		p->rss_key[i] = (uint8_t)(period >> 8);
		p->rss_key[i + 1] = (uint8_t)period;
	}
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What a device computes: its words in host order, the last one both ports. */
static uint32_t hash_of_device(const struct weir_ports *p, const uint8_t *src, const uint8_t *dst,
			       unsigned int family, uint16_t sport, uint16_t dport, bool ports)
{
	unsigned int words = family == 4 ? 1 : 4;
	uint32_t tuple[9];

	for (unsigned int i = 0; i < words; i++) {
		tuple[i] = be32(src + 4 * i);
		tuple[words + i] = be32(dst + 4 * i);
	}
	tuple[2 * words] = (uint32_t)sport << 16 | dport;
	return rte_softrss(tuple, 2 * words + ports, p->rss_key);
}

START_TEST(a_queue_is_what_a_device_computes)
{
	static const uint16_t tables[] = {0, 64, 128, 512};
	struct weir_ports p = {0};

	for (unsigned int i = 0; i < 4000; i++) {
		unsigned int family = i & 1 ? 6 : 4, queues = 1 + i % 16;
		uint16_t table = tables[i % 4], ports[2];
		uint8_t addr[32];
		uint32_t hash;
		uint64_t r;

		if (i % 100 == 0)
			ck_assert(port_rss_make_key(p.rss_key));
		p.rss_table = table;
		for (unsigned int at = 0; at < sizeof(addr); at += 8) {
			r = rte_rand();
			memcpy(addr + at, &r, 8);
		}
		r = rte_rand();
		memcpy(ports, &r, 4);
		hash = hash_of_device(&p, addr, addr + 16, family, ports[0], ports[1], true);
		ck_assert_uint_eq(weir_ports_rss_queue(&p, addr, addr + 16, family, ports[0],
						       ports[1], queues),
				  hash % (table ? table : 128) % queues);
		hash = hash_of_device(&p, addr, addr + 16, family, 0, 0, false);
		ck_assert_uint_eq(weir_ports_rss_queue(&p, addr, addr + 16, family, 0, 0, queues),
				  hash % (table ? table : 128) % queues);
	}
}
END_TEST

START_TEST(weak_keys_are_refused)
{
	static const struct {
		uint16_t period;
		bool good;
	} rows[] = {{0xffff, false}, {0x5555, false}, {0x0f0f, false}, {0x0000, false},
		    {0xa0a0, false}, {0x6d5a, true},  {0x1bed, false}, {0x0001, true}};
	struct weir_ports p = {0};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		bool odd = __builtin_popcount(rows[i].period) & 1;

		set_key(&p, rows[i].period);
		ck_assert_int_eq(port_rss_key_good(p.rss_key), odd);
		ck_assert_msg(odd == rows[i].good, "row %zu", i);
	}
	set_key(&p, 0x6d5a);
	p.rss_key[30] ^= 1;
	ck_assert(!port_rss_key_good(p.rss_key));
}
END_TEST

START_TEST(a_made_key_is_good_and_another_each_time)
{
	uint8_t first[WEIR_RSS_KEY_BYTES], key[WEIR_RSS_KEY_BYTES];
	unsigned int differ = 0;

	ck_assert(port_rss_make_key(first));
	for (unsigned int i = 0; i < 100; i++) {
		ck_assert(port_rss_make_key(key));
		ck_assert(port_rss_key_good(key));
		differ += memcmp(first, key, sizeof(key)) != 0;
	}
	ck_assert_uint_gt(differ, 90);
}
END_TEST

START_TEST(the_self_test_passes_good_keys_and_finds_weak_ones)
{
	struct weir_ports p = {0};

	for (unsigned int i = 0; i < 20; i++) {
		ck_assert(port_rss_make_key(p.rss_key));
		for (unsigned int queues = 1; queues <= 16; queues++)
			ck_assert(port_rss_self_test(&p, queues));
	}
	set_key(&p, 0xffff);
	ck_assert(port_rss_self_test(&p, 2));
	ck_assert(!port_rss_self_test(&p, 4));
	set_key(&p, 0x5555);
	ck_assert(!port_rss_self_test(&p, 8));
	set_key(&p, 0);
	ck_assert(!port_rss_self_test(&p, 2));
}
END_TEST

/* Flows of one client after another to one server, over `n` queues: the fullest one's, in percent
 * of an even share. */
static unsigned int fullest_percent(const struct weir_ports *p, unsigned int n)
{
	unsigned int load[8] = {0}, most = 0;

	for (unsigned int flow = 0; flow < 20000; flow++) {
		uint8_t src[4] = {10, 0, (uint8_t)(flow >> 8), (uint8_t)flow};
		uint8_t dst[4] = {192, 168, 1, 9};

		load[weir_ports_rss_queue(p, src, dst, 4, (uint16_t)(1024 + flow * 7919U), 443,
					  n)]++;
	}
	for (unsigned int q = 0; q < n; q++)
		most = load[q] > most ? load[q] : most;
	return most * n / 200;
}

/* A key may have bad luck with addresses that follow each other; keys on the whole may not. */
START_TEST(flows_are_spread_evenly)
{
	static const unsigned int queues[] = {2, 3, 4, 8};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(queues); i++) {
		unsigned int sum = 0;

		for (unsigned int key = 0; key < 64; key++) {
			struct weir_ports p = {0};

			ck_assert(port_rss_make_key(p.rss_key));
			sum += fullest_percent(&p, queues[i]);
		}
		ck_assert_uint_lt(sum / 64, 120);
	}
}
END_TEST

START_TEST(only_tables_of_a_power_of_two_fit)
{
	static const uint16_t good[] = {64, 128, 256, 512, 1024, 2048};
	static const uint16_t bad[] = {0, 1, 2, 32, 63, 96, 129, 4096, 65535};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(good); i++)
		ck_assert(port_rss_table_fits(good[i]));
	for (size_t i = 0; i < WEIR_ARRAY_LEN(bad); i++)
		ck_assert(!port_rss_table_fits(bad[i]));
}
END_TEST

/* net_null keeps key and table as a device does, but does not tell the key's size: it is
 * configured here as if it had. */
static void pretend_spreading(struct fixture *f)
{
	struct weir_port *p = &f->ports->port[0];
	uint16_t id = p->state->device[0].id;
	struct rte_eth_conf conf = {
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf = {.rss_key = f->ports->rss_key,
					 .rss_key_len = 40,
					 .rss_hf = RTE_ETH_RSS_IP},
	};

	ck_assert_int_eq(rte_eth_dev_stop(id), 0);
	ck_assert_int_eq(rte_eth_dev_configure(id, p->n_queues, p->n_queues, &conf), 0);
	for (uint16_t q = 0; q < p->n_queues; q++) {
		ck_assert_int_eq(rte_eth_rx_queue_setup(id, q, 64, 0, NULL, f->pool[q]), 0);
		ck_assert_int_eq(rte_eth_tx_queue_setup(id, q, 64, 0, NULL), 0);
	}
	ck_assert_int_eq(rte_eth_dev_start(id), 0);
	ck_assert_int_eq(rte_eth_dev_rss_hash_update(id, &conf.rx_adv_conf.rss_conf), 0);
	p->state->rss_possible = true;
	p->state->reta_size = 128;
	p->state->key_bytes = 40;
	p->rss = false;
}

START_TEST(the_device_is_given_the_table_and_asked_for_it_again)
{
	const char *devices[] = {"vdev:net_null0", "vdev:net_null1", NULL};
	struct rte_eth_rss_reta_entry64 table[2] = {{.mask = UINT64_MAX}, {.mask = UINT64_MAX}};
	struct fixture f;

	fixture_init(&f, 3, 4096, devices);
	fixture_open(&f);
	ck_assert(!f.ports->port[0].rss);
	pretend_spreading(&f);
	port_rss_settle(f.ports);
	ck_assert(f.ports->port[0].rss);
	ck_assert(!f.ports->port[1].rss);
	ck_assert_uint_eq(f.ports->rss_table, 128);
	ck_assert_int_eq(
		rte_eth_dev_rss_reta_query(f.ports->port[0].state->device[0].id, table, 128), 0);
	for (unsigned int i = 0; i < 128; i++)
		ck_assert_uint_eq(table[i / 64].reta[i % 64], i % 3);
	fixture_fini(&f);
}
END_TEST

START_TEST(a_device_that_keeps_neither_key_nor_table_is_not_trusted)
{
	const char *devices[] = {"vdev:net_null0", NULL};
	struct port_state *s;
	struct fixture f;

	fixture_init(&f, 2, 4096, devices);
	fixture_open(&f);
	s = f.ports->port[0].state;
	pretend_spreading(&f);
	/* Not the size that the device has. */
	s->reta_size = 256;
	port_rss_settle(f.ports);
	ck_assert(!f.ports->port[0].rss);
	ck_assert_ptr_nonnull(strstr(s->limit[s->n_limits - 1], "does not keep the RSS table"));
	pretend_spreading(&f);
	f.ports->rss_key[5] ^= 1;
	port_rss_settle(f.ports);
	ck_assert(!f.ports->port[0].rss);
	ck_assert_ptr_nonnull(strstr(s->limit[s->n_limits - 1], "does not keep the RSS key"));
	/* A key that leaves queues empty is found by the self-test. */
	memset(f.ports->rss_key, 0, sizeof(f.ports->rss_key));
	pretend_spreading(&f);
	port_rss_settle(f.ports);
	ck_assert(!f.ports->port[0].rss);
	fixture_fini(&f);
}
END_TEST

Suite *suite_port_rss(void)
{
	return WEIR_SUITE("port rss", a_queue_is_what_a_device_computes, weak_keys_are_refused,
			  a_made_key_is_good_and_another_each_time,
			  the_self_test_passes_good_keys_and_finds_weak_ones,
			  flows_are_spread_evenly, only_tables_of_a_power_of_two_fit,
			  the_device_is_given_the_table_and_asked_for_it_again,
			  a_device_that_keeps_neither_key_nor_table_is_not_trusted);
}
