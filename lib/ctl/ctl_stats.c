/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands drops and stats: the workers' counters and the ports'. */
#include "ctl_impl.h"

#include <stdlib.h>

void ctl_sum_stats(const struct weir_ctl *c, struct weir_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned int i = 0; i < weir_path_workers(c->cfg.path); i++)
		weir_stats_add(sum, weir_path_stats(c->cfg.path, i));
}

/* ---- drops ---- */

struct drop_count {
	enum weir_drop reason;
	uint64_t count;
};

/* Most first, then in the list's order, which is the packet's way. */
static int by_count(const void *a, const void *b)
{
	const struct drop_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return (x->reason > y->reason) - (x->reason < y->reason);
}

bool ctl_cmd_drops(struct ctl_call *call)
{
	struct drop_count drop[WEIR_DROP_END - 1];
	struct weir_stats sum;
	uint64_t total = 0;
	bool all = false;

	if (!ctl_arg_bool(call, "all", &all))
		return false;
	ctl_sum_stats(call->ctl, &sum);
	for (unsigned int d = 1; d < WEIR_DROP_END; d++) {
		drop[d - 1] = (struct drop_count){(enum weir_drop)d, sum.drop[d]};
		total += sum.drop[d];
	}
	qsort(drop, WEIR_ARRAY_LEN(drop), sizeof(drop[0]), by_count);
	weir_json_u64(&call->j, "total", total);
	weir_json_array(&call->j, "drops");
	for (size_t i = 0; i < WEIR_ARRAY_LEN(drop) && (all || drop[i].count); i++) {
		weir_json_object(&call->j, NULL);
		weir_json_str(&call->j, "reason", weir_drop_name(drop[i].reason));
		weir_json_u64(&call->j, "count", drop[i].count);
		weir_json_str(&call->j, "text", weir_drop_text(drop[i].reason));
		weir_json_end_object(&call->j);
	}
	weir_json_end_array(&call->j);
	return true;
}

/* ---- stats ---- */

static void add_counters(struct weir_json *j, const struct weir_stats *s)
{
	weir_json_object(j, "counters");
	for (unsigned int i = 0; i < WEIR_COUNT_END; i++)
		weir_json_u64(j, weir_counter_name((enum weir_counter)i), s->count[i]);
	weir_json_end_object(j);
}

/* Cycles a packet in each stage, over the packets that were sampled. */
static void add_stages(struct weir_json *j, const struct weir_stats *s)
{
	weir_json_object(j, "cycles_per_packet");
	for (unsigned int i = 0; i < WEIR_STAGE_END; i++) {
		const char *name = weir_stage_name((enum weir_stage)i);

		if (s->stage_packets[i])
			weir_json_double(j, name,
					 (double)s->stage_cycles[i] / (double)s->stage_packets[i]);
		else
			weir_json_null(j, name);
	}
	weir_json_end_object(j);
}

static void add_http_cycles(struct weir_json *j, const struct weir_stats *s)
{
	weir_json_object(j, "http_cycles");
	for (unsigned int i = 0; i < WEIR_HTTP_WORK_END; i++)
		weir_json_u64(j, weir_http_work_name((enum weir_http_work)i), s->http_cycles[i]);
	weir_json_end_object(j);
}

static void add_port_counters(struct weir_json *j, const struct weir_ctl *c, unsigned int i)
{
	struct weir_port_counters n = {0};

	weir_port_counters(&c->cfg.ports->port[i], &n);
	weir_json_object(j, NULL);
	weir_json_str(j, "name", weir_names_get(c->cfg.names, c->cfg.ports->port[i].name));
	weir_json_u64(j, "rx_packets", n.rx_packets);
	weir_json_u64(j, "rx_bytes", n.rx_bytes);
	weir_json_u64(j, "tx_packets", n.tx_packets);
	weir_json_u64(j, "tx_bytes", n.tx_bytes);
	weir_json_u64(j, "rx_missed", n.rx_missed);
	weir_json_u64(j, "rx_errors", n.rx_errors);
	weir_json_u64(j, "rx_no_buffer", n.rx_no_buffer);
	weir_json_u64(j, "tx_errors", n.tx_errors);
	weir_json_end_object(j);
}

bool ctl_cmd_stats(struct ctl_call *call)
{
	const struct weir_ctl *c = call->ctl;
	struct weir_json *j = &call->j;
	struct weir_stats one;

	ctl_sum_stats(c, &one);
	add_counters(j, &one);
	add_stages(j, &one);
	add_http_cycles(j, &one);
	weir_json_array(j, "workers");
	for (unsigned int i = 0; i < weir_path_workers(c->cfg.path); i++) {
		memset(&one, 0, sizeof(one));
		weir_stats_add(&one, weir_path_stats(c->cfg.path, i));
		weir_json_object(j, NULL);
		weir_json_u64(j, "id", i);
		weir_json_u64(j, "cpu", weir_path_cpu(c->cfg.path, i));
		add_counters(j, &one);
		add_stages(j, &one);
		add_http_cycles(j, &one);
		weir_json_end_object(j);
	}
	weir_json_end_array(j);
	weir_json_array(j, "ports");
	for (unsigned int i = 0; c->cfg.ports && i < c->cfg.ports->n; i++)
		add_port_counters(j, c, i);
	weir_json_end_array(j);
	return true;
}
