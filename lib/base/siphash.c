/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-1-3 over whole words: the keyed hash of the flow table. A CRC with a secret seed would
 * not do: it is linear, so colliding keys stay colliding under any seed.
 */
#include <weir_base.h>

static inline uint64_t rotl(uint64_t x, unsigned int b)
{
	return x << b | x >> (64 - b);
}

#define SIPROUND(v0, v1, v2, v3)                                          \
	do {                                                              \
		v0 += v1, v1 = rotl(v1, 13), v1 ^= v0, v0 = rotl(v0, 32); \
		v2 += v3, v3 = rotl(v3, 16), v3 ^= v2;                    \
		v0 += v3, v3 = rotl(v3, 21), v3 ^= v0;                    \
		v2 += v1, v1 = rotl(v1, 17), v1 ^= v2, v2 = rotl(v2, 32); \
	} while (0)

uint64_t weir_siphash13(const struct weir_siphash_key *key, const uint64_t *in, unsigned int words)
{
	uint64_t v0 = 0x736f6d6570736575ULL ^ key->k[0];
	uint64_t v1 = 0x646f72616e646f6dULL ^ key->k[1];
	uint64_t v2 = 0x6c7967656e657261ULL ^ key->k[0];
	uint64_t v3 = 0x7465646279746573ULL ^ key->k[1];
	uint64_t last = (uint64_t)(words * 8) << 56;

	for (unsigned int i = 0; i < words; i++) {
		v3 ^= in[i];
		SIPROUND(v0, v1, v2, v3);
		v0 ^= in[i];
	}
	v3 ^= last;
	SIPROUND(v0, v1, v2, v3);
	v0 ^= last;
	v2 ^= 0xff;
	SIPROUND(v0, v1, v2, v3);
	SIPROUND(v0, v1, v2, v3);
	SIPROUND(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}
