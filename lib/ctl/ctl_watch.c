/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Once a second: how busy the workers are, and whether something grows that an operator should
 * hear of. Each trouble is logged at once and then at most once a minute.
 */
#include "ctl_impl.h"

#include <stdio.h>

#include <weir_log.h>

#define SAMPLE_NS    WEIR_NS_PER_S
#define SAY_EVERY_NS (60 * WEIR_NS_PER_S)

static const struct watched {
	bool drop; /* `which` is an enum weir_drop, else an enum weir_counter */
	unsigned int which;
	const char *text; /* after "N " */
} watched[CTL_WATCHED] = {
	{false, WEIR_COUNT_CHECKSUM_UNFINISHED,
	 "packets whose sender left the checksum to hardware that is not there; on the hosts "
	 "behind weir: ethtool -K DEV tx off tso off gso off (or ports.checksum: repair)"},
	{true, WEIR_DROP_FLOW_TABLE_FULL,
	 "packets found the flow table full: raise memory.connections"},
	{true, WEIR_DROP_MBUF_EXHAUSTED, "packets found no packet buffer: raise memory.packets"},
	{true, WEIR_DROP_HANDOFF_FULL,
	 "packets lost between workers: the owner of their flows is overloaded"},
	{false, WEIR_COUNT_EVENTS_LOST,
	 "decision records lost: the disk is slow, or raise log.ring"},
	{false, WEIR_COUNT_TX_RECORDS_LOST,
	 "records of HTTP transactions lost: the disk is slow, or raise log.transactions"},
	{false, WEIR_COUNT_NAMES_LOST,
	 "names that clients asked for found no place beside those of other flows (weirctl pools): "
	 "records do not tell them, and a reload ends flows that were allowed by one"},
	{false, WEIR_COUNT_IDENTITIES_LOST,
	 "clients' identities found no place beside those of other flows (weirctl pools): a reload "
	 "ends flows that were allowed by one"},
};

static uint64_t value_of(const struct weir_stats *s, const struct watched *w)
{
	return w->drop ? s->drop[w->which] : s->count[w->which];
}

static void say_growth(struct ctl_watch *watch, const struct weir_stats *sum, uint64_t now_ns)
{
	for (unsigned int i = 0; i < CTL_WATCHED; i++) {
		uint64_t value = value_of(sum, &watched[i]);

		if (value <= watch->seen[i] ||
		    (watch->said_ns[i] && now_ns - watch->said_ns[i] < SAY_EVERY_NS))
			continue;
		weir_warning("%llu %s", (unsigned long long)(value - watch->seen[i]),
			     watched[i].text);
		watch->seen[i] = value;
		watch->said_ns[i] = now_ns;
	}
}

static double per(uint64_t now, uint64_t before, double of)
{
	return of > 0 && now > before ? (double)(now - before) / of : 0;
}

static void sample_rate(struct ctl_rate *r, const struct weir_stats *live, double seconds)
{
	struct weir_stats s = {0};
	uint64_t cycles;

	weir_stats_add(&s, live);
	cycles = s.count[WEIR_COUNT_CYCLES];
	r->busy_part = per(s.count[WEIR_COUNT_CYCLES_BUSY], r->busy,
			   cycles > r->cycles ? (double)(cycles - r->cycles) : 0);
	r->packets_a_second = per(s.count[WEIR_COUNT_RX_PACKETS], r->packets, seconds);
	r->bytes_a_second = per(s.count[WEIR_COUNT_RX_BYTES], r->bytes, seconds);
	r->cycles = cycles;
	r->busy = s.count[WEIR_COUNT_CYCLES_BUSY];
	r->packets = s.count[WEIR_COUNT_RX_PACKETS];
	r->bytes = s.count[WEIR_COUNT_RX_BYTES];
}

void ctl_watch_step(struct weir_ctl *c, uint64_t now_ns)
{
	struct ctl_watch *watch = &c->watch;
	uint64_t passed_ns = now_ns - watch->sampled_ns;
	struct weir_stats sum;

	if (watch->sampled_ns && passed_ns < SAMPLE_NS)
		return;
	for (unsigned int i = 0; i < weir_path_workers(c->cfg.path); i++)
		sample_rate(&watch->rate[i], weir_path_stats(c->cfg.path, i),
			    watch->sampled_ns ? (double)passed_ns / WEIR_NS_PER_S : 0);
	watch->sampled_ns = now_ns;
	ctl_sum_stats(c, &sum);
	say_growth(watch, &sum, now_ns);
}

static void warn_of_counts(const struct weir_ctl *c, struct weir_json *j)
{
	struct weir_stats sum;
	char text[256];

	ctl_sum_stats(c, &sum);
	for (unsigned int i = 0; i < CTL_WATCHED; i++) {
		uint64_t value = value_of(&sum, &watched[i]);

		if (!value)
			continue;
		snprintf(text, sizeof(text), "%llu %s", (unsigned long long)value, watched[i].text);
		weir_json_str(j, NULL, text);
	}
}

static void warn_of_links(const struct weir_ctl *c, struct weir_json *j)
{
	char text[128];

	for (unsigned int i = 0; c->cfg.ports && i < c->cfg.ports->n; i++) {
		if (c->links.port[i].state == CTL_LINK_UP)
			continue;
		snprintf(text, sizeof(text), "port %s: link %s",
			 weir_names_get(c->cfg.names, c->cfg.ports->port[i].name),
			 ctl_link_name(c->links.port[i].state));
		weir_json_str(j, NULL, text);
	}
}

static void warn_of_events(const struct weir_ctl *c, struct weir_json *j)
{
	struct weir_event_writer_stats s = {0};
	char text[128];

	if (c->cfg.writer)
		s = weir_event_writer_stats(c->cfg.writer);
	if (!s.write_errors)
		return;
	snprintf(text, sizeof(text), "%llu records could not be written to the event file",
		 (unsigned long long)s.write_errors);
	weir_json_str(j, NULL, text);
}

void ctl_watch_warnings(const struct weir_ctl *c, struct weir_json *j)
{
	if (!c->cfg.have_hugepages)
		weir_json_str(j, NULL, "no hugepages: packets are slower; see weir doctor");
	warn_of_links(c, j);
	warn_of_counts(c, j);
	warn_of_events(c, j);
}
