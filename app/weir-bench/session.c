/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL and ports. Devices are opened by lib/port from a configuration made here. */
#include "session.h"

#include <weir_mem.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "frame.h"

#define TX_BUFFERS  8192
#define RX_EXTRA    4096 /* in flight beside what the rings keep */
#define POOL_CACHE  256
#define LINK_POLL   10000 /* us */
#define SESSION_EAL (256ULL << 20)
#define HELD_BYTES  2560ULL /* of a buffer with its overhead */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

bool bench_interrupted(void)
{
	return interrupted;
}

void bench_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- EAL ---- */

int bench_eal_start(const struct bench_cpus *cpus, uint64_t bytes, const char *const *allow,
		    unsigned int n_allow)
{
	struct weir_buf why = {0};
	struct weir_eal_cfg cfg = {
		.program = "weir-bench",
		.cpus = cpus->cpu,
		.n_cpus = cpus->n,
		.need_bytes = bytes,
		.hugepages = weir_hugepages_free() >= bytes,
		.in_memory = weir_hugepages_free() >= bytes,
		.pci = n_allow > 0,
		.allow = allow,
		.n_allow = n_allow,
		.quiet = true,
	};
	int rc = weir_eal_start(&cfg, &why);

	if (rc != 0)
		fprintf(stderr, "weir-bench: %s\n", why.len ? why.ptr : weir_strerror(rc));
	weir_buf_fini(&why);
	return rc;
}

void bench_eal_stop(void)
{
	rte_eal_cleanup();
}

static bool any_running(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (rte_eal_get_lcore_state(i) == RUNNING)
			return true;
	return false;
}

void bench_run_on_lcores(int (*fn)(void *), void *const *arg, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		weir_assert(rte_eal_remote_launch(fn, arg[i], i) == 0);
	while (any_running(n))
		usleep(LINK_POLL);
	for (unsigned int i = 0; i < n; i++)
		rte_eal_wait_lcore(i);
}

/* ---- ports ---- */

/* Stands for a sink that is not wanted, as a wire has two ends; it is not opened. */
#define NO_SINK "vdev:net_null_bench"

static void write_port(struct weir_json *j, const char *name, const char *device,
		       const struct bench_session_cfg *cfg)
{
	weir_json_object(j, NULL);
	weir_json_str(j, "name", name);
	weir_json_str(j, "device", device);
	if (strncmp(device, "iface:", 6) == 0)
		weir_json_str(j, "driver", cfg->driver);
	weir_json_u64(j, "queues", cfg->queues);
	weir_json_str(j, "checksum", "ignore");
	weir_json_end_object(j);
}

/* JSON is YAML, and its strings need no thought about what a device name may hold. */
static void write_configuration(const struct bench_session_cfg *cfg, struct weir_buf *out)
{
	struct weir_json j = weir_json_into(out);

	weir_json_object(&j, NULL);
	weir_json_array(&j, "ports");
	write_port(&j, "source", cfg->device[0], cfg);
	write_port(&j, "sink", cfg->device[1] ? cfg->device[1] : NO_SINK, cfg);
	weir_json_end_array(&j);
	weir_json_array(&j, "wires");
	weir_json_object(&j, NULL);
	weir_json_str(&j, "name", "bench");
	weir_json_array(&j, "ports");
	weir_json_str(&j, NULL, "source");
	weir_json_str(&j, NULL, "sink");
	weir_json_end_array(&j);
	weir_json_end_object(&j);
	weir_json_end_array(&j);
	weir_json_end_object(&j);
}

static struct weir_conf *make_configuration(const struct bench_session_cfg *cfg)
{
	struct weir_conf_report *report = weir_conf_report_create();
	struct weir_buf text = {0}, said = {0};
	struct weir_conf *conf = NULL;

	if (!report)
		return NULL;
	write_configuration(cfg, &text);
	conf = weir_conf_from_text(
		"(command line)", (struct weir_bytes){(const uint8_t *)text.ptr, text.len}, report);
	if (!conf) {
		weir_conf_report_text(report, &said);
		fputs(said.ptr ? said.ptr : "", stderr);
	} else if (!cfg->device[1]) {
		conf->n_ports = 1;
		conf->n_wires = 0;
	}
	weir_buf_fini(&text);
	weir_buf_fini(&said);
	weir_conf_report_destroy(report);
	return conf;
}

static void zero_buffer(struct rte_mempool *pool, void *ctx, void *object, unsigned int i)
{
	struct rte_mbuf *m = object;

	memset(m->buf_addr, 0, m->buf_len);
}

static int make_pools(struct bench_session *s, const struct bench_session_cfg *cfg)
{
	uint32_t rings = weir_ports_ring_buffers(s->conf, cfg->queues);
	uint16_t frame = weir_ports_frame_bytes(s->conf);

	s->rx_pool =
		weir_mbuf_pool_create("bench_rx", rings + RX_EXTRA + cfg->held, frame, POOL_CACHE);
	s->tx_pool =
		weir_mbuf_pool_create("bench_tx", rings + TX_BUFFERS, BENCH_SIZE_MAX, POOL_CACHE);
	if (!s->rx_pool || !s->tx_pool)
		return -WEIR_ENOMEM;
	rte_mempool_obj_iter(s->tx_pool, zero_buffer, NULL);
	return 0;
}

static int check_queues(const struct bench_session *s, unsigned int queues)
{
	for (uint16_t i = 0; i < s->ports->n; i++) {
		const struct weir_port *p = &s->ports->port[i];

		if (p->n_queues >= queues)
			continue;
		fprintf(stderr, "weir-bench: the %s has %u queues, not %u\n", p->conf->name,
			p->n_queues, queues);
		return -WEIR_ENOTSUP;
	}
	return 0;
}

static int open_ports(struct bench_session *s, const struct bench_session_cfg *cfg)
{
	struct rte_mempool *pool[WEIR_CONF_WORKERS_MAX];
	struct weir_buf why = {0};

	if (make_pools(s, cfg) != 0) {
		fputs("weir-bench: no memory for packet buffers\n", stderr);
		return -WEIR_ENOMEM;
	}
	for (unsigned int i = 0; i < cfg->queues; i++)
		pool[i] = s->rx_pool;
	s->ports = weir_ports_open(s->conf, pool, cfg->queues, s->names, &why);
	if (!s->ports)
		fprintf(stderr, "weir-bench: %s\n", why.len ? why.ptr : "cannot open the ports");
	weir_buf_fini(&why);
	return s->ports ? check_queues(s, cfg->queues) : -WEIR_EIO;
}

int bench_session_open(struct bench_session *s, const struct bench_session_cfg *cfg)
{
	const char *allow[WEIR_CONF_PORTS_MAX];
	unsigned int n_allow;
	int rc;

	*s = (struct bench_session){.conf = make_configuration(cfg)};
	if (!s->conf)
		return -WEIR_EINVAL;
	n_allow = weir_ports_pci(s->conf, allow);
	rc = bench_eal_start(&cfg->cpus, SESSION_EAL + cfg->held * HELD_BYTES, allow, n_allow);
	if (rc != 0) {
		weir_conf_destroy(s->conf);
		return rc;
	}
	s->names = weir_names_create();
	rc = s->names ? open_ports(s, cfg) : -WEIR_ENOMEM;
	if (rc != 0)
		bench_session_close(s);
	return rc;
}

void bench_session_close(struct bench_session *s)
{
	if (s->ports)
		weir_ports_close(s->ports);
	rte_mempool_free(s->rx_pool);
	rte_mempool_free(s->tx_pool);
	bench_eal_stop();
	weir_names_destroy(s->names);
	weir_conf_destroy(s->conf);
}

bool bench_session_wait_link(const struct bench_session *s, uint64_t ns)
{
	for (uint64_t waited = 0; !bench_interrupted(); waited += LINK_POLL * WEIR_NS_PER_US) {
		unsigned int up = 0;

		for (uint16_t i = 0; i < s->ports->n; i++)
			up += weir_port_link_up(&s->ports->port[i]);
		if (up == s->ports->n)
			return true;
		if (waited >= ns)
			return false;
		usleep(LINK_POLL);
	}
	return false;
}

/* ---- the machine ---- */

static void cpu_model(char *out, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(out, size, "unknown CPU");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "model name", 10) != 0 || !strchr(line, ':'))
			continue;
		snprintf(out, size, "%s", strchr(line, ':') + 2);
		out[strcspn(out, "\n")] = '\0';
		break;
	}
	if (f)
		fclose(f);
}

void bench_machine(struct weir_buf *out)
{
	uint64_t huge = weir_hugepages_free();
	struct utsname kernel;
	char model[128];

	cpu_model(model, sizeof(model));
	uname(&kernel);
	weir_buf_printf(out, "%s, %ld cores, %s %s, hugepages ", model,
			sysconf(_SC_NPROCESSORS_ONLN), kernel.sysname, kernel.release);
	if (rte_eal_has_hugepages())
		weir_buf_str(out, "in use");
	else if (huge)
		weir_buf_printf(out, "free: %llu MiB, too few", (unsigned long long)huge >> 20);
	else
		weir_buf_str(out, "none");
}
