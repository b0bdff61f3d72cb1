/* SPDX-License-Identifier: BSD-3-Clause */
/* Log-linear histogram: the bucket is the value's octave and the three bits below its top bit. */
#include <weir_stats.h>

#define SUB_BITS 3
#define SUB      (1u << SUB_BITS)

static unsigned int bucket_of(uint64_t value)
{
	unsigned int octave, bucket;

	if (value < SUB)
		return (unsigned int)value;
	octave = 63 - (unsigned int)__builtin_clzll(value);
	bucket = (octave - SUB_BITS + 1) * SUB +
		 (unsigned int)(value >> (octave - SUB_BITS) & (SUB - 1));
	return bucket < WEIR_HIST_BUCKETS ? bucket : WEIR_HIST_BUCKETS - 1;
}

/* The largest value of a bucket. */
static uint64_t upper_edge(unsigned int bucket)
{
	unsigned int octave;

	if (bucket < SUB)
		return bucket;
	octave = bucket / SUB + SUB_BITS - 1;
	return ((uint64_t)(SUB + bucket % SUB + 1) << (octave - SUB_BITS)) - 1;
}

void weir_hist_add(struct weir_hist *h, uint64_t value)
{
	h->count++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
	h->bucket[bucket_of(value)]++;
}

uint64_t weir_hist_quantile(const struct weir_hist *h, double part)
{
	uint64_t want = (uint64_t)((double)h->count * part + 0.5), seen = 0;

	if (!h->count)
		return 0;
	if (want == 0)
		want = 1;
	for (unsigned int b = 0; b < WEIR_HIST_BUCKETS; b++) {
		seen += h->bucket[b];
		if (seen >= want)
			return upper_edge(b) < h->max ? upper_edge(b) : h->max;
	}
	return h->max;
}

void weir_hist_merge(struct weir_hist *into, const struct weir_hist *from)
{
	into->count += from->count;
	into->sum += from->sum;
	if (from->max > into->max)
		into->max = from->max;
	for (unsigned int b = 0; b < WEIR_HIST_BUCKETS; b++)
		into->bucket[b] += from->bucket[b];
}
