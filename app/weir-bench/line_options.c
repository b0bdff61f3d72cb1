/* SPDX-License-Identifier: BSD-3-Clause */
/* Values for one or for both directions: "1%" is for both, "1%,0" from a to b and back. */
#include "line_options.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_BYTES      32
#define ETHERNET_BYTES   14
#define CAPACITY_DEFAULT 16384
#define CAPACITY_MAX     65536 /* each way; buffers are made for all */

/* ---- one value ---- */

/* "2.5%", or a part of one: "0.025". */
static const char *parse_share(const struct bench_option *o, const char *text, void *out)
{
	double value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return "not a share (1%, 0.01)";
	value = strtod(text, &end);
	if (*end == '%') {
		value /= 100;
		end++;
	}
	if (*end != '\0')
		return "not a share (1%, 0.01)";
	if (value > 1)
		return "more than all";
	*(uint32_t *)out = (uint32_t)lround(value * LINE_ALWAYS);
	return NULL;
}

/* "100mbit" as "100m"; bits a second. */
static const char *parse_bit_rate(const struct bench_option *o, const char *text, void *out)
{
	size_t len = strlen(text);
	char number[VALUE_BYTES];

	if (len >= 3 && strcmp(text + len - 3, "bit") == 0)
		len -= 3;
	snprintf(number, sizeof(number), "%.*s", (int)len, text);
	return bench_parse_rate(o, number, out);
}

static const char *parse_u32(const struct bench_option *o, const char *text, void *out)
{
	uint64_t value;
	const char *wrong = bench_parse_u64(o, text, &value);

	if (!wrong)
		*(uint32_t *)out = (uint32_t)value;
	return wrong;
}

static const char *parse_yes(const struct bench_option *o, const char *text, void *out)
{
	static const char *const words[] = {"no", "yes", NULL};
	const struct bench_option word = {.words = words};
	unsigned int value;

	if (bench_parse_word(&word, text, &value))
		return "neither yes nor no";
	*(bool *)out = value;
	return NULL;
}

/* ---- for both directions ---- */

static const char *parse_ways(const struct bench_option *o, const char *text, void *out,
			      bench_parse_fn one)
{
	const char *comma = strchr(text, ','), *wrong;
	size_t len = comma ? (size_t)(comma - text) : strlen(text);
	char there[VALUE_BYTES];

	if (len >= sizeof(there))
		return "too long";
	snprintf(there, sizeof(there), "%.*s", (int)len, text);
	wrong = one(o, there, out);
	if (wrong)
		return wrong;
	return one(o, comma ? comma + 1 : there, (char *)out + sizeof(struct line_cfg));
}

static const char *parse_shares(const struct bench_option *o, const char *text, void *out)
{
	return parse_ways(o, text, out, parse_share);
}

static const char *parse_durations(const struct bench_option *o, const char *text, void *out)
{
	return parse_ways(o, text, out, bench_parse_duration);
}

static const char *parse_bit_rates(const struct bench_option *o, const char *text, void *out)
{
	return parse_ways(o, text, out, parse_bit_rate);
}

static const char *parse_counts(const struct bench_option *o, const char *text, void *out)
{
	return parse_ways(o, text, out, bench_parse_u64);
}

static const char *parse_small_counts(const struct bench_option *o, const char *text, void *out)
{
	return parse_ways(o, text, out, parse_u32);
}

static const char *parse_yeses(const struct bench_option *o, const char *text, void *out)
{
	return parse_ways(o, text, out, parse_yes);
}

/* ---- all of them ---- */

const char *const line_driver_words[] = {"auto", "af_xdp", "af_packet", NULL};

void line_options_default(struct line_options *o)
{
	*o = (struct line_options){
		.run_ns = 60 * WEIR_NS_PER_S,
		.wait_ns = 10 * WEIR_NS_PER_S,
		.seed = 1,
	};
	for (unsigned int way = 0; way < 2; way++)
		o->cfg[way] = (struct line_cfg){
			.burst_end = LINE_ALWAYS / 4,
			.burst_loss = LINE_ALWAYS,
			.corrupt_from = ETHERNET_BYTES,
			.reorder_by = 3,
			.reorder_ns = 10 * WEIR_NS_PER_MS,
			.capacity = CAPACITY_DEFAULT,
		};
}

const char *line_options_check(const struct line_options *o)
{
	if (!o->device[0] || !o->device[1])
		return "--a and --b, the line's two ends, are needed";
	for (unsigned int way = 0; way < 2; way++)
		if (o->cfg[way].burst_begin && !o->cfg[way].burst_end)
			return "--burst-end 0: a burst would never end";
	return NULL;
}

#define AT(field)  offsetof(struct line_options, field)
#define WAY(field) offsetof(struct line_options, cfg[LINE_THERE].field)
#define HOUR       (3600 * WEIR_NS_PER_S)
const struct bench_option line_option_table[LINE_OPTIONS] = {
	{"a", "DEVICE",
	 "one end: a PCI address, iface:NAME or vdev:ARGS, as in weir.yaml. All values below are "
	 "for both directions, or FROM_A,FROM_B",
	 bench_parse_text, AT(device[0])},
	{"b", "DEVICE", "the other end", bench_parse_text, AT(device[1])},
	{"driver", "NAME", "of kernel interfaces: auto (default), af_xdp, af_packet",
	 bench_parse_word, AT(driver), .words = line_driver_words},
	{"loss", "SHARE", "of packets lost, each by itself: 1%, 0.01", parse_shares, WAY(loss)},
	{"burst-begin", "SHARE", "of packets with which a burst of loss begins", parse_shares,
	 WAY(burst_begin)},
	{"burst-end", "SHARE", "of packets in a burst with which it ends, default 25%",
	 parse_shares, WAY(burst_end)},
	{"burst-loss", "SHARE", "of packets in a burst lost, default 100%", parse_shares,
	 WAY(burst_loss)},
	{"delay", "TIME", "of every packet", parse_durations, WAY(delay_ns), 0, HOUR},
	{"jitter", "TIME", "the delay is more or less by up to this", parse_durations,
	 WAY(jitter_ns), 0, HOUR},
	{"jitter-reorders", "yes|no",
	 "packets may overtake by jitter; default no: each waits for the one before it",
	 parse_yeses, WAY(jitter_reorders)},
	{"reorder", "SHARE", "of packets held back until others have passed", parse_shares,
	 WAY(reorder)},
	{"reorder-by", "N", "so many others, default 3; 0: by time alone", parse_small_counts,
	 WAY(reorder_by), 0, 1000},
	{"reorder-time", "TIME", "and no longer than this, default 10 ms", parse_durations,
	 WAY(reorder_ns), 1, HOUR},
	{"duplicate", "SHARE", "of packets that come twice", parse_shares, WAY(duplicate)},
	{"corrupt", "SHARE",
	 "of packets with one to three bits in a row turned over, checksums left as they were",
	 parse_shares, WAY(corrupt)},
	{"corrupt-from", "BYTE", "bytes before it stay whole, default 14: all Ethernet headers do",
	 parse_small_counts, WAY(corrupt_from), 0, 9000},
	{"rate", "BITS", "a second: 100mbit, 1g; default max, no limit", parse_bit_rates,
	 WAY(rate_bps), 1000, 1000000000000},
	{"queue", "BYTES", "that may wait for the rate, default 0: no limit", parse_counts,
	 WAY(queue_bytes), 0, 1000000000000},
	{"capacity", "N", "packets in the line at a time, default 16384", parse_small_counts,
	 WAY(capacity), 1, CAPACITY_MAX},
	{"seed", "N", "of all chance, default 1: the same packets meet the same", bench_parse_u64,
	 AT(seed), 0, UINT64_MAX},
	{"for", "TIME", "then it ends, default 60 s", bench_parse_duration, AT(run_ns),
	 WEIR_NS_PER_MS, 24 * HOUR},
	{"wait", "TIME", "for a carrier at both ends, default 10 s", bench_parse_duration,
	 AT(wait_ns), 0, HOUR},
	{"poll", NULL, "never sleep: exact to a microsecond, and takes a whole CPU",
	 bench_parse_flag, AT(poll)},
};
