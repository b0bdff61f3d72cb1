/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run of traffic has shown, as text and as JSON. */
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>

#define LEFT_OUT 1 /* the first interval meets empty tables and caches: left out */

struct rates {
	double sent_pps, received_pps; /* over the whole time of sending */
	double median_pps, best_pps;   /* of intervals */
	unsigned int intervals;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct rates rates_of(const struct traffic *t)
{
	double s = (double)traffic_ns(t, t->end_tsc - t->begin_tsc) / 1e9;
	uint64_t unique = 0, sent = 0;
	struct rates r = {0};

	for (unsigned int dir = 0; dir < BENCH_DIRS; dir++) {
		unique += t->count[dir].account.received - t->count[dir].account.duplicates;
		sent += t->count[dir].sent;
	}
	if (s > 0) {
		r.sent_pps = (double)sent / s;
		r.received_pps = (double)unique / s;
	}
	if (t->samples > LEFT_OUT) {
		double *sorted = t->sample + LEFT_OUT;

		r.intervals = t->samples - LEFT_OUT;
		qsort(sorted, r.intervals, sizeof(*sorted), by_value);
		r.median_pps = sorted[r.intervals / 2];
		r.best_pps = sorted[r.intervals - 1];
	}
	return r;
}

/* ---- text ---- */

static double part_of(uint64_t n, uint64_t all)
{
	return all ? 100.0 * (double)n / (double)all : 0;
}

static void hist_text(const char *what, const struct weir_hist *h)
{
	if (!h->count)
		return;
	printf("  %-10s mean %.1f us, median %.1f, 90 %% %.1f, 99 %% %.1f, 99.9 %% %.1f, max %.1f "
	       "us\n",
	       what, (double)h->sum / (double)h->count / 1e3,
	       (double)weir_hist_quantile(h, 0.5) / 1e3, (double)weir_hist_quantile(h, 0.9) / 1e3,
	       (double)weir_hist_quantile(h, 0.99) / 1e3,
	       (double)weir_hist_quantile(h, 0.999) / 1e3, (double)h->max / 1e3);
}

static void direction_text(const struct traffic *t, enum bench_dir dir)
{
	const struct traffic_count *c = &t->count[dir];
	uint64_t lost = bench_account_lost(&c->account, c->sent);

	printf("%s:\n", dir == BENCH_TO_SERVER ? "to the server" : "to the client");
	printf("  sent %llu, received %llu packets; lost %llu (%.4f %%), reordered %llu (%llu too "
	       "late "
	       "to know), duplicates %llu, other frames %llu\n",
	       (unsigned long long)c->sent, (unsigned long long)c->account.received,
	       (unsigned long long)lost, part_of(lost, c->sent),
	       (unsigned long long)c->account.reordered, (unsigned long long)c->account.too_late,
	       (unsigned long long)c->account.duplicates, (unsigned long long)c->other);
	if (t->opt->verify)
		printf("  wrong checksums %llu\n", (unsigned long long)c->bad_checksum);
	hist_text("latency", &c->latency);
}

static void tcp_text(const struct traffic *t)
{
	const struct tcp_counts *c = &t->tcp;
	double s = (double)traffic_ns(t, t->end_tsc - t->begin_tsc) / 1e9;

	if (t->opt->mode == TRAFFIC_FLOOD) {
		printf("answers to the clients: %llu SYN-ACKs, %llu resets\n",
		       (unsigned long long)c->opened, (unsigned long long)c->refused);
		return;
	}
	printf("connections: %llu opened (%.0f a second), %llu closed, %llu failed, %llu reset; "
	       "%llu "
	       "control segments sent, %llu of them again, %llu of connections that are gone\n",
	       (unsigned long long)c->opened, s > 0 ? (double)c->opened / s : 0,
	       (unsigned long long)c->closed, (unsigned long long)c->failed,
	       (unsigned long long)c->refused, (unsigned long long)c->control,
	       (unsigned long long)c->retried, (unsigned long long)c->stale);
	hist_text("handshake", &c->handshake);
}

static bool has_connections(const struct traffic *t)
{
	return t->opt->mode == TRAFFIC_TCP || t->opt->mode == TRAFFIC_FLOOD;
}

static void report_text(const struct traffic *t, const struct rates *r)
{
	struct weir_buf machine = {0};

	bench_machine(&machine);
	printf("%s\n", machine.ptr ? machine.ptr : "");
	weir_buf_fini(&machine);
	printf("sent %.3f Mpps, received %.3f Mpps; of %u intervals of 100 ms: median %.3f, best "
	       "%.3f "
	       "Mpps\n",
	       r->sent_pps / 1e6, r->received_pps / 1e6, r->intervals, r->median_pps / 1e6,
	       r->best_pps / 1e6);
	direction_text(t, BENCH_TO_SERVER);
	if (t->opt->both || t->count[BENCH_TO_CLIENT].other)
		direction_text(t, BENCH_TO_CLIENT);
	if (has_connections(t))
		tcp_text(t);
}

/* ---- JSON ---- */

static void hist_json(struct weir_json *j, const char *key, const struct weir_hist *h)
{
	weir_json_object(j, key);
	weir_json_u64(j, "count", h->count);
	weir_json_double(j, "mean", h->count ? (double)h->sum / (double)h->count : 0);
	weir_json_u64(j, "p50", weir_hist_quantile(h, 0.5));
	weir_json_u64(j, "p90", weir_hist_quantile(h, 0.9));
	weir_json_u64(j, "p99", weir_hist_quantile(h, 0.99));
	weir_json_u64(j, "p999", weir_hist_quantile(h, 0.999));
	weir_json_u64(j, "max", h->max);
	weir_json_end_object(j);
}

static void direction_json(struct weir_json *j, const char *key, const struct traffic_count *c)
{
	weir_json_object(j, key);
	weir_json_u64(j, "sent", c->sent);
	weir_json_u64(j, "sent_bytes", c->sent_bytes);
	weir_json_u64(j, "received", c->account.received);
	weir_json_u64(j, "received_bytes", c->received_bytes);
	weir_json_u64(j, "lost", bench_account_lost(&c->account, c->sent));
	weir_json_u64(j, "reordered", c->account.reordered);
	weir_json_u64(j, "too_late", c->account.too_late);
	weir_json_u64(j, "duplicates", c->account.duplicates);
	weir_json_u64(j, "other", c->other);
	weir_json_u64(j, "bad_checksum", c->bad_checksum);
	hist_json(j, "latency_ns", &c->latency);
	weir_json_end_object(j);
}

static void tcp_json(struct weir_json *j, const struct tcp_counts *c)
{
	weir_json_object(j, "tcp");
	weir_json_u64(j, "opened", c->opened);
	weir_json_u64(j, "closed", c->closed);
	weir_json_u64(j, "failed", c->failed);
	weir_json_u64(j, "reset", c->refused);
	weir_json_u64(j, "stale", c->stale);
	weir_json_u64(j, "control", c->control);
	weir_json_u64(j, "retried", c->retried);
	hist_json(j, "handshake_ns", &c->handshake);
	weir_json_end_object(j);
}

static void report_json(const struct traffic *t, const struct rates *r)
{
	struct weir_buf out = {0}, machine = {0};
	struct weir_json j = weir_json_into(&out);

	bench_machine(&machine);
	weir_json_object(&j, NULL);
	weir_json_str(&j, "machine", machine.ptr ? machine.ptr : "");
	weir_json_double(&j, "seconds", (double)traffic_ns(t, t->end_tsc - t->begin_tsc) / 1e9);
	weir_json_double(&j, "sent_pps", r->sent_pps);
	weir_json_double(&j, "received_pps", r->received_pps);
	weir_json_u64(&j, "intervals", r->intervals);
	weir_json_double(&j, "median_pps", r->median_pps);
	weir_json_double(&j, "best_pps", r->best_pps);
	direction_json(&j, "to_server", &t->count[BENCH_TO_SERVER]);
	direction_json(&j, "to_client", &t->count[BENCH_TO_CLIENT]);
	if (has_connections(t))
		tcp_json(&j, &t->tcp);
	weir_json_end_object(&j);
	printf("%s\n", out.ptr ? out.ptr : "{}");
	weir_buf_fini(&machine);
	weir_buf_fini(&out);
}

void traffic_report(const struct traffic *t)
{
	struct rates r = rates_of(t);

	if (t->opt->json)
		report_json(t, &r);
	else
		report_text(t, &r);
}
