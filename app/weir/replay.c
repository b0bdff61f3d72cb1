/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir replay`: captures in, decisions and captures out, with the code of the live path and the
 * capture's clock. No device, no root, no hugepages.
 */
#include "replay_pcap.h"
#include "weir.h"

#include <weir_event.h>
#include <weir_log.h>
#include <weir_mem.h>

#include <getopt.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#define REPLAY_BUFFERS     16384
#define REPLAY_FRAME_BYTES 2048
#define REPLAY_RING        8192
#define REPLAY_CONNECTIONS 100000

struct options {
	const char *file;
	const char *in[REPLAY_INPUTS_MAX];
	unsigned int n_in;
	const char *out_dir;
	const char *decisions;
	const char *stats;
	const char *wire;
	struct weir_prefix inside;
	uint64_t advance_ns;
	uint64_t seed;
};

struct replay {
	const struct options *o;
	struct weir_conf *conf;
	struct weir_names *names;
	struct weir_policy *policy;
	struct weir_scan_db *scan;
	struct weir_programs *programs;
	struct rte_mempool *pool;
	struct weir_event_ring *ring;
	struct weir_event_store *store;
	struct weir_path *path;
	struct replay_source *source;
	struct replay_sink *sink;
	FILE *decisions;
	uint64_t now_ns;
	uint64_t frames, cut, backwards, no_buffer;
	uint64_t sent[WEIR_CONF_PORTS_MAX];
};

static const char help[] =
	"usage: weir replay -c FILE --in CAPTURE[:PORT] … [OPTION…]\n\n"
	"Decides about the frames of captures as the running gateway would, at the times that "
	"stand in\n"
	"them. Needs no device, no root and no hugepages.\n\n"
	"  -c, --config FILE     the appliance file (" WEIR_DEFAULT_CONF ")\n"
	"  -i, --in CAP[:PORT]   a pcap or pcapng file; with a port's name all its frames came in "
	"by\n"
	"                        that port, else each frame's side is told by --inside, or learnt\n"
	"                        from MAC addresses (the first sender is on the wire's first "
	"port).\n"
	"                        Several are merged by time.\n"
	"      --inside CIDR     frames from these addresses came in by the wire's second port\n"
	"  -w, --wire NAME       the wire of captures without a port (the first)\n"
	"  -o, --out-dir DIR     write what leaves by each port to DIR/PORT.pcap\n"
	"  -d, --decisions FILE  decision records, JSON lines (standard output)\n"
	"  -s, --stats FILE      counters and drops at the end, one JSON object\n"
	"  -a, --advance SECONDS let so much time pass after the last frame\n"
	"      --seed N          of flow ids, so that a run can be repeated exactly (1)\n";

/* ---- options ---- */

static bool parse_number(const char *text, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

static bool take_option(struct options *o, int c, const char *value)
{
	uint64_t n = 0;

	switch (c) {
	case 'c':
		o->file = value;
		return true;
	case 'i':
		if (o->n_in == REPLAY_INPUTS_MAX)
			return false;
		o->in[o->n_in++] = value;
		return true;
	case 'I':
		return weir_prefix_parse(value, &o->inside) != -WEIR_EFORMAT;
	case 'w':
		o->wire = value;
		return true;
	case 'o':
		o->out_dir = value;
		return true;
	case 'd':
		o->decisions = value;
		return true;
	case 's':
		o->stats = value;
		return true;
	case 'a':
		if (!parse_number(value, &n))
			return false;
		o->advance_ns = n * WEIR_NS_PER_S;
		return true;
	case 'S':
		return parse_number(value, &o->seed) && o->seed;
	default:
		return false;
	}
}

/* -1 to go on, else the exit code. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"in", required_argument, NULL, 'i'},
		{"inside", required_argument, NULL, 'I'},
		{"wire", required_argument, NULL, 'w'},
		{"out-dir", required_argument, NULL, 'o'},
		{"decisions", required_argument, NULL, 'd'},
		{"stats", required_argument, NULL, 's'},
		{"advance", required_argument, NULL, 'a'},
		{"seed", required_argument, NULL, 'S'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:i:w:o:d:s:a:h", longs, NULL)) != -1) {
		if (c == 'h')
			return fputs(help, stdout), EXIT_OK;
		if (!take_option(o, c, optarg))
			return fputs(help, stderr), EXIT_USAGE;
	}
	if (optind < argc || !o->n_in)
		return fputs(help, stderr), EXIT_USAGE;
	return -1;
}

/* ---- making ---- */

static int find_wire(const struct weir_conf *conf, const char *name)
{
	for (int i = 0; i < conf->n_wires; i++)
		if (!name || strcmp(conf->wires[i].name, name) == 0)
			return i;
	weir_error("no wire '%s' in %s", name ? name : "", conf->file);
	return -WEIR_ENOTFOUND;
}

static int open_captures(struct replay *r)
{
	int wire = find_wire(r->conf, r->o->wire);
	struct replay_source_cfg cfg = {.conf = r->conf, .inside = r->o->inside};
	struct weir_buf why = {0};
	int rc = 0;

	if (wire < 0)
		return wire;
	cfg.wire = (unsigned int)wire;
	r->source = replay_source_create(&cfg);
	if (!r->source)
		return -WEIR_ENOMEM;
	for (unsigned int i = 0; rc == 0 && i < r->o->n_in; i++)
		rc = replay_source_add(r->source, r->o->in[i], &why);
	if (rc == 0 && r->o->out_dir) {
		r->sink = replay_sink_create(r->conf, r->o->out_dir, &why);
		rc = r->sink ? 0 : -WEIR_EIO;
	}
	if (rc < 0)
		weir_error("%s", why.len ? why.ptr : weir_strerror(rc));
	weir_buf_fini(&why);
	return rc;
}

static FILE *open_output(const char *path)
{
	FILE *f = !path || strcmp(path, "-") == 0 ? stdout : fopen(path, "w");

	if (!f)
		weir_error("%s: %m", path);
	return f;
}

static void send_out(void *ctx, unsigned int port, struct rte_mbuf **m, unsigned int n)
{
	struct replay *r = ctx;

	r->sent[port] += n;
	for (unsigned int i = 0; r->sink && i < n; i++)
		replay_sink_write(r->sink, port, m[i], r->now_ns);
	rte_pktmbuf_free_bulk(m, n);
}

static int make_path(struct replay *r)
{
	struct weir_path_cfg cfg = {
		.conf = r->conf,
		.n_workers = 1,
		.pool = &r->pool,
		.event_ring = &r->ring,
		.event_store = &r->store,
		.names = r->names,
		.seed = r->o->seed,
		.now_ns = r->now_ns,
		.tx = send_out,
		.tx_ctx = r,
	};

	cfg.generation = weir_generation_create(1, r->policy, r->conf->file);
	r->policy = NULL;
	if (!cfg.generation)
		return -WEIR_ENOMEM;
	cfg.generation->scan = r->scan;
	r->scan = NULL;
	cfg.generation->programs = r->programs;
	r->programs = NULL;
	r->path = weir_path_create(&cfg);
	return r->path ? 0 : -WEIR_ENOMEM;
}

static uint64_t memory_needed(const struct weir_conf *conf)
{
	return REPLAY_BUFFERS * (REPLAY_FRAME_BYTES + 384ULL) + setup_table_bytes(conf, 1);
}

static int make(struct replay *r)
{
	if (r->conf->connections > REPLAY_CONNECTIONS)
		weir_info("memory.connections is %u: replay takes as much memory as the gateway",
			  r->conf->connections);
	r->conf->event_ring = REPLAY_RING;
	r->names = weir_names_create();
	if (!r->names || setup_tool_eal("weir-replay", memory_needed(r->conf)) < 0)
		return -WEIR_EIO;
	r->policy = setup_policy(r->conf, r->names);
	r->decisions = open_output(r->o->decisions);
	if (!r->policy || !setup_rules(r->conf, 1, r->names, &r->scan) ||
	    !setup_waf(r->policy, r->conf, 1, r->names, &r->programs) || !r->decisions ||
	    open_captures(r) < 0)
		return -WEIR_EIO;
	r->pool = weir_mbuf_pool_create("replay", REPLAY_BUFFERS, REPLAY_FRAME_BYTES, 0);
	r->ring = weir_event_ring_create("replay_events", REPLAY_RING);
	r->store = weir_event_store_create("replay_tx", r->conf->event_transactions);
	return r->pool && r->ring && r->store ? 0 : -WEIR_ENOMEM;
}

/* ---- running ---- */

static void write_decisions(struct replay *r)
{
	struct weir_event events[64];
	struct weir_buf line = {0};
	unsigned int n;

	while ((n = weir_event_take(r->ring, events, WEIR_ARRAY_LEN(events))) > 0)
		for (unsigned int i = 0; i < n; i++) {
			weir_buf_reset(&line);
			weir_event_encode(&events[i], r->names, &line);
			if (events[i].type == WEIR_EVENT_HTTP)
				weir_event_http_give(events[i].http);
			fprintf(r->decisions, "%s\n", line.ptr);
		}
	weir_buf_fini(&line);
}

/* The capture's clock, which never goes back here. */
static void set_clock(struct replay *r, uint64_t unix_ns)
{
	if (unix_ns < r->now_ns)
		r->backwards++;
	else
		r->now_ns = unix_ns;
}

static int feed(struct replay *r, const struct replay_frame *frame)
{
	struct rte_mbuf *m;

	set_clock(r, frame->unix_ns);
	if (!r->path && make_path(r) < 0)
		return -WEIR_ENOMEM;
	r->frames++;
	r->cut += frame->cut;
	m = replay_frame_mbuf(r->pool, frame->bytes);
	if (!m) {
		r->no_buffer++;
		return 0;
	}
	weir_path_feed(r->path, frame->port, m, r->now_ns);
	write_decisions(r);
	return 0;
}

static int run_frames(struct replay *r)
{
	struct replay_frame frame;
	struct weir_buf why = {0};
	int rc;

	while ((rc = replay_source_next(r->source, &frame, &why)) > 0)
		if (feed(r, &frame) < 0) {
			rc = -WEIR_ENOMEM;
			break;
		}
	if (rc < 0)
		weir_error("%s", why.len ? why.ptr : weir_strerror(rc));
	weir_buf_fini(&why);
	return rc;
}

/* Time goes on in steps of a second, so that what is due happens when it is due. */
static void let_time_pass(struct replay *r)
{
	for (uint64_t left = r->o->advance_ns; left; left -= WEIR_NS_PER_S) {
		r->now_ns += WEIR_NS_PER_S;
		weir_path_advance(r->path, r->now_ns);
		write_decisions(r);
	}
}

/* ---- what it came to ---- */

static void json_counters(struct weir_json *j, const struct weir_stats *s)
{
	weir_json_object(j, "counters");
	for (unsigned int c = 0; c < WEIR_COUNT_END; c++)
		weir_json_u64(j, weir_counter_name((enum weir_counter)c), s->count[c]);
	weir_json_end_object(j);
	weir_json_object(j, "drops");
	for (unsigned int d = 1; d < WEIR_DROP_END; d++)
		if (s->drop[d])
			weir_json_u64(j, weir_drop_name((enum weir_drop)d), s->drop[d]);
	weir_json_end_object(j);
}

static void write_stats(const struct replay *r)
{
	struct weir_buf text = {0};
	struct weir_json j = weir_json_into(&text);
	FILE *f = open_output(r->o->stats);

	weir_json_object(&j, NULL);
	weir_json_u64(&j, "frames", r->frames);
	weir_json_u64(&j, "cut_by_snap_length", r->cut);
	weir_json_u64(&j, "time_went_back", r->backwards);
	weir_json_u64(&j, "no_buffer", r->no_buffer);
	weir_json_object(&j, "sent");
	for (unsigned int i = 0; i < r->conf->n_ports; i++)
		weir_json_u64(&j, r->conf->ports[i].name, r->sent[i]);
	weir_json_end_object(&j);
	if (r->path)
		json_counters(&j, weir_path_stats(r->path, 0));
	weir_json_end_object(&j);
	if (f) {
		fprintf(f, "%s\n", text.ptr);
		if (f != stdout)
			fclose(f);
	}
	weir_buf_fini(&text);
}

static void say_oddities(const struct replay *r)
{
	if (r->cut)
		weir_warning(
			"%llu frames were cut by the capture's snap length and cannot be judged "
			"whole",
			(unsigned long long)r->cut);
	if (r->backwards)
		weir_warning("%llu frames have times before the frame in front of them",
			     (unsigned long long)r->backwards);
	if (r->no_buffer)
		weir_warning("%llu frames were left out: no packet buffer",
			     (unsigned long long)r->no_buffer);
}

static void finish(struct replay *r)
{
	weir_path_destroy(r->path); /* ends the flows */
	if (r->ring && r->decisions)
		write_decisions(r);
	if (r->decisions && r->decisions != stdout)
		fclose(r->decisions);
	replay_sink_destroy(r->sink);
	replay_source_destroy(r->source);
	weir_event_ring_destroy(r->ring);
	weir_event_store_destroy(r->store);
	rte_mempool_free(r->pool);
	weir_policy_destroy(r->policy);
	weir_assert(!r->scan || weir_scan_db_put(r->scan));
	weir_programs_destroy(r->programs);
	weir_names_destroy(r->names);
	rte_eal_cleanup();
}

static int replay(const struct options *o)
{
	struct replay r = {.o = o, .conf = setup_conf(o->file)};
	int rc;

	if (!r.conf)
		return EXIT_BAD;
	rc = make(&r);
	if (rc == 0)
		rc = run_frames(&r);
	if (rc == 0 && r.path)
		let_time_pass(&r);
	if (rc == 0 && o->stats)
		write_stats(&r);
	say_oddities(&r);
	finish(&r);
	weir_conf_destroy(r.conf);
	return rc == 0 ? EXIT_OK : EXIT_BAD;
}

int weir_cmd_replay(int argc, char **argv)
{
	struct options o = {.file = WEIR_DEFAULT_CONF, .seed = 1};
	int rc = parse_options(argc, argv, &o);

	return rc >= 0 ? rc : replay(&o);
}
