/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Symmetric receive-side scaling. A Toeplitz key whose bits repeat every 16 gives both directions
 * of a flow one hash: addresses and ports are multiples of 16 bits, so that swapping them moves
 * each bit to a place with the same 32 bits of key (Woo and Park, "Scalable TCP session monitoring
 * with symmetric receive-side scaling", 2012). The hash then depends only on the exclusive-or of
 * the tuple's 16-bit words, and it reaches every value when the 16 rotations of the period are
 * linearly independent, which they are for every period with an odd number of bits set: over
 * GF(2), x^16 - 1 is (x - 1)^16, and such a polynomial is not divisible by x - 1.
 */
#include "port_impl.h"

#include <weir_log.h>

#include <stdio.h>
#include <sys/random.h>

#define TABLE_DEFAULT RTE_ETH_RSS_RETA_SIZE_128
#define TABLE_MAX     2048
#define TUPLES        1000

/* ---- the key ---- */

static uint16_t period_of(const uint8_t *key)
{
	return (uint16_t)(key[0] << 8 | key[1]);
}

bool port_rss_key_good(const uint8_t key[WEIR_RSS_KEY_BYTES])
{
	for (unsigned int i = 2; i < WEIR_RSS_KEY_BYTES; i++)
		if (key[i] != key[i - 2])
			return false;
	return __builtin_popcount(period_of(key)) & 1;
}

bool port_rss_make_key(uint8_t key[WEIR_RSS_KEY_BYTES])
{
	do {
		if (getrandom(key, 2, 0) != 2)
			return false;
		for (unsigned int i = 2; i < WEIR_RSS_KEY_BYTES; i++)
			key[i] = key[i - 2];
	} while (!port_rss_key_good(key));
	return true;
}

/* ---- the hash ---- */

static uint16_t fold(const uint8_t *bytes, unsigned int len)
{
	uint16_t sum = 0;

	for (unsigned int i = 0; i < len; i += 2)
		sum ^= (uint16_t)(bytes[i] << 8 | bytes[i + 1]);
	return sum;
}

/* Both halves of the 32-bit Toeplitz hash are this. */
static uint16_t toeplitz16(uint16_t period, uint16_t folded)
{
	uint32_t twice = (uint32_t)period << 16 | period;
	uint32_t hash = 0;

	for (unsigned int bit = 0; bit < 16; bit++)
		hash ^= -(uint32_t)(folded >> (15 - bit) & 1) & twice << bit;
	return (uint16_t)(hash >> 16);
}

unsigned int weir_ports_rss_queue(const struct weir_ports *p, const uint8_t *src,
				  const uint8_t *dst, unsigned int family, uint16_t sport,
				  uint16_t dport, unsigned int n_queues)
{
	unsigned int len = family == 4 ? 4 : 16;
	unsigned int table = p->rss_table ? p->rss_table : TABLE_DEFAULT;
	uint16_t folded = fold(src, len) ^ fold(dst, len) ^ sport ^ dport;

	return toeplitz16(period_of(p->rss_key), folded) % table % n_queues;
}

/* ---- the self-test ---- */

struct tuple {
	uint8_t addr[2][16];
	uint16_t port[2];
	unsigned int family;
};

static void make_tuple(struct tuple *t, uint64_t n)
{
	static const struct weir_siphash_key key = {{0x77656972, 0x72737321}};
	uint64_t random[5];

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(random); i++) {
		uint64_t in[2] = {n, i};

		random[i] = weir_siphash13(&key, in, 2);
	}
	memcpy(t->addr, random, sizeof(t->addr));
	memcpy(t->port, &random[4], sizeof(t->port));
	t->family = n & 1 ? 6 : 4;
}

bool port_rss_self_test(const struct weir_ports *ports, unsigned int n_queues)
{
	bool used[WEIR_CONF_WORKERS_MAX] = {false};
	unsigned int n_used = 0;

	for (uint64_t n = 0; n < TUPLES; n++) {
		struct tuple t;
		unsigned int there, back;

		make_tuple(&t, n);
		there = weir_ports_rss_queue(ports, t.addr[0], t.addr[1], t.family, t.port[0],
					     t.port[1], n_queues);
		back = weir_ports_rss_queue(ports, t.addr[1], t.addr[0], t.family, t.port[1],
					    t.port[0], n_queues);
		if (there != back || there >= WEIR_CONF_WORKERS_MAX)
			return false;
		n_used += !used[there];
		used[there] = true;
	}
	return n_used == n_queues;
}

/* ---- the tables ---- */

bool port_rss_table_fits(uint16_t entries)
{
	return entries >= RTE_ETH_RETA_GROUP_SIZE && entries <= TABLE_MAX &&
	       !(entries & (entries - 1));
}

/* Every port's table repeats after the smallest one's size, so that all agree on each flow. */
static uint16_t common_table(const struct weir_ports *ports)
{
	uint16_t table = 0;

	for (unsigned int i = 0; i < ports->n; i++) {
		const struct port_state *s = ports->port[i].state;

		if (s->rss_possible && (!table || s->reta_size < table))
			table = s->reta_size;
	}
	return table ? table : TABLE_DEFAULT;
}

static bool fill_table(const struct weir_port *p, uint16_t table)
{
	struct rte_eth_rss_reta_entry64 reta[TABLE_MAX / RTE_ETH_RETA_GROUP_SIZE];
	uint16_t size = p->state->reta_size;
	uint16_t id = p->state->device[0].id;
	int rc;

	memset(reta, 0, sizeof(reta));
	for (unsigned int i = 0; i < size; i++) {
		reta[i / RTE_ETH_RETA_GROUP_SIZE].mask = UINT64_MAX;
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)(i % table % p->n_queues);
	}
	if (rte_eth_dev_rss_reta_update(id, reta, size))
		return false;
	rc = rte_eth_dev_rss_reta_query(id, reta, size);
	for (unsigned int i = 0; rc == 0 && i < size; i++)
		if (reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] !=
		    i % table % p->n_queues)
			return false;
	return rc == 0 || rc == -ENOTSUP;
}

static bool key_holds(const struct weir_port *p, const uint8_t *key)
{
	uint8_t got[WEIR_RSS_KEY_BYTES] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = got, .rss_key_len = p->state->key_bytes};
	int rc = rte_eth_dev_rss_hash_conf_get(p->state->device[0].id, &conf);

	return rc == -ENOTSUP || (rc == 0 && !memcmp(got, key, p->state->key_bytes));
}

static void settle_one(struct weir_ports *ports, struct weir_port *p)
{
	struct port_state *s = p->state;

	if (!s->rss_possible)
		return;
	if (!port_rss_self_test(ports, p->n_queues))
		weir_error("port %s: the symmetric hash does not pass its self-test; packets are "
			   "spread in software",
			   p->conf->name);
	else if (!key_holds(p, ports->rss_key))
		port_limit(p,
			   "the device does not keep the RSS key; packets are spread in software");
	else if (!fill_table(p, ports->rss_table))
		port_limit(p,
			   "the device does not keep the RSS table of %u entries; packets are "
			   "spread in software",
			   s->reta_size);
	else
		p->rss = true;
	if (!p->rss)
		s->rss_hf = 0;
}

void port_rss_settle(struct weir_ports *ports)
{
	ports->rss_table = common_table(ports);
	for (unsigned int i = 0; i < ports->n; i++)
		settle_one(ports, &ports->port[i]);
}
