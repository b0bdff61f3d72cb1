/* SPDX-License-Identifier: BSD-3-Clause */
/* `weir run`: everything is made in order, served until a signal, and taken apart in reverse. */
#include "weir.h"

#include <weir_ctl.h>
#include <weir_event.h>
#include <weir_log.h>
#include <weir_mem.h>
#include <weir_port.h>

#include <getopt.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <rte_eal.h>
#include <rte_mempool.h>

/* Buffers of a worker beyond what the ports' rings keep: bursts, caches, what waits
 * (fragments, TCP payload that is inspected or not yet acknowledged). */
#define WORKER_BUFFERS 16384
#define POOL_CACHE     256
/* mbuf, headroom and pool overhead */
#define BUFFER_OVERHEAD 384

struct options {
	const char *file;
	bool no_huge;
};

struct gateway {
	struct weir_conf *conf;
	struct weir_names *names;
	struct weir_policy *policy;
	struct weir_scan_db *scan;
	struct weir_programs *programs;
	struct weir_tls_services *tls;
	struct weir_tls_tickets *tickets;
	struct rte_mempool *pool[WEIR_CONF_WORKERS_MAX];
	struct weir_event_ring *ring[WEIR_CONF_WORKERS_MAX];
	struct weir_event_store *store[WEIR_CONF_WORKERS_MAX];
	struct weir_ports *ports;
	struct weir_path *path;
	struct weir_event_writer *writer;
	struct weir_ctl *ctl;
	uint32_t buffers; /* a worker */
	bool hugepages;
};

static const char help[] = "usage: weir run [-c FILE] [--no-huge] [-v]\n\n"
			   "Runs the gateway until SIGTERM or SIGINT. SIGHUP loads the policy "
			   "anew, SIGUSR1 opens the\n"
			   "event file anew.\n\n"
			   "  -c, --config FILE  the appliance file (" WEIR_DEFAULT_CONF ")\n"
			   "      --no-huge      do without hugepages even when there are some\n"
			   "  -v, --verbose      more lines on stderr\n";

/* ---- memory ---- */

static uint32_t buffers_per_worker(const struct weir_conf *conf)
{
	uint32_t floor = weir_ports_ring_buffers(conf, conf->n_workers) / conf->n_workers;

	if (!conf->packets)
		return floor + WORKER_BUFFERS;
	if (conf->packets / conf->n_workers < floor + 512)
		weir_warning(
			"memory.packets: %u is less than the ports' rings alone keep (%u and a "
			"working set); packets may be lost",
			conf->packets, floor * conf->n_workers);
	return conf->packets / conf->n_workers;
}

/* Of TCP payload: what the ports' rings leave. */
static uint32_t views_per_worker(const struct gateway *g)
{
	uint32_t floor = weir_ports_ring_buffers(g->conf, g->conf->n_workers) / g->conf->n_workers;

	return g->buffers > floor + 1024 ? g->buffers - floor : 1024;
}

static uint64_t bytes_needed(const struct gateway *g)
{
	uint64_t buffer = weir_ports_frame_bytes(g->conf) + BUFFER_OVERHEAD;

	return g->buffers * (uint64_t)g->conf->n_workers * buffer +
	       setup_table_bytes(g->conf, g->conf->n_workers);
}

static int choose_pages(struct gateway *g, const struct options *o, uint64_t need)
{
	uint64_t have = weir_hugepages_free();
	uint64_t pages = (need + (2 << 20) - 1) >> 21;

	g->hugepages = !o->no_huge && g->conf->hugepages != WEIR_HUGEPAGES_NEVER && have >= need;
	if (g->hugepages || o->no_huge || g->conf->hugepages == WEIR_HUGEPAGES_NEVER)
		return 0;
	if (g->conf->hugepages == WEIR_HUGEPAGES_REQUIRE) {
		weir_error(
			"%llu MiB of hugepages are needed and %llu MiB are free; mend: echo %llu > "
			"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
			(unsigned long long)(need >> 20), (unsigned long long)(have >> 20),
			(unsigned long long)pages);
		return -WEIR_ENOMEM;
	}
	weir_warning("running without hugepages, which is slower: %llu MiB are needed and %llu MiB "
		     "are free; mend: echo %llu > "
		     "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
		     (unsigned long long)(need >> 20), (unsigned long long)(have >> 20),
		     (unsigned long long)pages);
	return 0;
}

static int start_eal(struct gateway *g, const struct options *o)
{
	const char *allow[WEIR_CONF_PORTS_MAX];
	struct weir_eal_cfg eal = {
		.program = "weir",
		.cpus = g->conf->workers,
		.n_cpus = g->conf->n_workers,
		.allow = allow,
		.quiet = true,
	};
	struct weir_buf why = {0};
	char what_for[128];
	int rc;

	g->buffers = buffers_per_worker(g->conf);
	eal.need_bytes = bytes_needed(g);
	eal.need_text = what_for;
	snprintf(what_for, sizeof(what_for),
		 " (memory.connections %u, memory.inspected %u, %u packet buffers)",
		 g->conf->connections, g->conf->inspected, g->buffers * g->conf->n_workers);
	if (choose_pages(g, o, eal.need_bytes) < 0)
		return -WEIR_ENOMEM;
	eal.hugepages = eal.in_memory = g->hugepages;
	eal.n_allow = weir_ports_pci(g->conf, allow);
	eal.pci = eal.n_allow > 0;
	rc = weir_eal_start(&eal, &why);
	if (rc < 0)
		weir_error("%s", why.len ? why.ptr : weir_strerror(rc));
	weir_buf_fini(&why);
	return rc;
}

static int make_pools(struct gateway *g)
{
	uint16_t frame = weir_ports_frame_bytes(g->conf);

	for (unsigned int w = 0; w < g->conf->n_workers; w++) {
		char name[16];

		snprintf(name, sizeof(name), "mbufs_%u", w);
		g->pool[w] = weir_mbuf_pool_create(name, g->buffers, frame, POOL_CACHE);
		snprintf(name, sizeof(name), "events_%u", w);
		g->ring[w] = weir_event_ring_create(name, g->conf->event_ring);
		snprintf(name, sizeof(name), "tx_%u", w);
		g->store[w] = weir_event_store_create(name, g->conf->event_transactions);
		if (!g->pool[w] || !g->ring[w] || !g->store[w]) {
			weir_error("not enough memory for %u packet buffers, %u event records and "
				   "%u transactions' a worker (memory.packets, log.ring, "
				   "log.transactions)",
				   g->buffers, g->conf->event_ring, g->conf->event_transactions);
			return -WEIR_ENOMEM;
		}
	}
	return 0;
}

/* ---- the parts ---- */

static int open_ports(struct gateway *g)
{
	struct weir_buf why = {0};

	g->ports = weir_ports_open(g->conf, g->pool, g->conf->n_workers, g->names, &why);
	if (!g->ports)
		weir_error("%s", why.len ? why.ptr : "a port cannot be opened");
	weir_buf_fini(&why);
	return g->ports ? 0 : -WEIR_EIO;
}

static int make_path(struct gateway *g)
{
	struct weir_path_cfg cfg = {
		.conf = g->conf,
		.ports = g->ports,
		.n_workers = g->conf->n_workers,
		.pool = g->pool,
		.event_ring = g->ring,
		.event_store = g->store,
		.segments = views_per_worker(g),
		.names = g->names,
	};

	cfg.generation = weir_generation_create(1, g->policy, g->conf->file);
	g->policy = NULL; /* the generation's now */
	if (!cfg.generation)
		return -WEIR_ENOMEM;
	cfg.generation->scan = g->scan;
	g->scan = NULL;
	cfg.generation->programs = g->programs;
	g->programs = NULL;
	cfg.generation->tls = g->tls;
	g->tls = NULL;
	g->path = weir_path_create(&cfg);
	return g->path ? 0 : -WEIR_ENOMEM;
}

static int make_control(struct gateway *g)
{
	struct weir_event_writer_cfg writer = {
		.path = g->conf->event_file,
		.rings = g->ring,
		.n_rings = g->conf->n_workers,
		.names = g->names,
		.transactions = g->conf->event_transactions,
	};
	struct weir_ctl_cfg ctl = {
		.conf = g->conf,
		.path = g->path,
		.ports = g->ports,
		.names = g->names,
		.version = WEIR_VERSION,
		.tickets = g->tickets,
		.have_hugepages = g->hugepages,
	};

	g->writer = ctl.writer = weir_event_writer_start(&writer);
	if (!g->writer)
		return -WEIR_EIO;
	g->ctl = weir_ctl_create(&ctl);
	return g->ctl ? 0 : -WEIR_EIO;
}

static bool load_tls(struct gateway *g)
{
	struct weir_tls_loading cfg = {
		.policy = g->policy,
		.n_workers = g->conf->n_workers,
		.names = g->names,
	};

	g->tickets = weir_tls_tickets_create();
	cfg.tickets = g->tickets;
	return g->tickets && setup_tls(&cfg, &g->tls);
}

/* From here on the memory has keys, and later what was decrypted: it is nobody else's. */
static int hide_memory(const struct weir_conf *conf)
{
	static const struct rlimit none = {0, 0};

	if (conf->dumps) {
		weir_warning("memory.dumps: core dumps and debuggers may see keys and contents");
		return 0;
	}
	if (prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0)
		return 0;
	weir_error("the process's memory cannot be kept out of core dumps (memory.dumps)");
	return -WEIR_EIO;
}

static int start(struct gateway *g, const struct options *o)
{
	g->names = weir_names_create();
	if (!g->names || start_eal(g, o) < 0)
		return -WEIR_EIO;
	g->policy = setup_policy(g->conf, g->names);
	if (!g->policy || !setup_rules(g->conf, g->conf->n_workers, g->names, &g->scan) ||
	    !setup_waf(g->policy, g->conf, g->conf->n_workers, g->names, &g->programs) ||
	    hide_memory(g->conf) < 0 || !load_tls(g) || make_pools(g) < 0 || open_ports(g) < 0 ||
	    make_path(g) < 0 || make_control(g) < 0)
		return -WEIR_EIO;
	return weir_path_start(g->path);
}

static void finish(struct gateway *g)
{
	weir_ctl_destroy(g->ctl);
	weir_path_destroy(g->path); /* ends the flows: their records go to the writer */
	weir_event_writer_stop(g->writer);
	weir_ports_close(g->ports);
	weir_policy_destroy(g->policy);
	weir_assert(!g->scan || weir_scan_db_put(g->scan));
	weir_programs_destroy(g->programs);
	weir_tls_services_destroy(g->tls);
	weir_tls_tickets_destroy(g->tickets);
	for (unsigned int w = 0; w < WEIR_CONF_WORKERS_MAX; w++) {
		weir_event_ring_destroy(g->ring[w]);
		weir_event_store_destroy(g->store[w]);
		rte_mempool_free(g->pool[w]);
	}
	weir_names_destroy(g->names);
	rte_eal_cleanup();
}

static void say_ready(const struct gateway *g)
{
	struct weir_policy_size size = weir_policy_size(weir_path_generation(g->path)->policy);

	weir_notice("ready: %u wires, %u workers, %u connections, %u policies with %u rules, "
		    "control on %s",
		    g->conf->n_wires, g->conf->n_workers, g->conf->connections, size.policies,
		    size.rules, g->conf->control_socket);
}

static int run(const struct options *o)
{
	struct gateway g = {.conf = setup_conf(o->file)};
	int rc;

	if (!g.conf)
		return EXIT_BAD;
	weir_ctl_block_signals();
	setup_workers(g.conf);
	rc = start(&g, o);
	if (rc == 0) {
		say_ready(&g);
		weir_ctl_run(g.ctl);
		weir_notice("stopping");
		weir_path_stop(g.path);
	}
	finish(&g);
	weir_conf_destroy(g.conf);
	return rc == 0 ? EXIT_OK : EXIT_BAD;
}

int weir_cmd_run(int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"no-huge", no_argument, NULL, 'H'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct options o = {.file = WEIR_DEFAULT_CONF};
	int c;

	while ((c = getopt_long(argc, argv, "c:vh", longs, NULL)) != -1) {
		if (c == 'c')
			o.file = optarg;
		else if (c == 'H')
			o.no_huge = true;
		else if (c == 'v')
			weir_log_set_level(WEIR_LOG_DEBUG);
		else
			return fputs(help, c == 'h' ? stdout : stderr),
			       c == 'h' ? EXIT_OK : EXIT_USAGE;
	}
	if (optind < argc)
		return fputs(help, stderr), EXIT_USAGE;
	return run(&o);
}
