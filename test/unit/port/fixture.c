/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL, pools and configurations for the tests of ports, in a network namespace of their own. */
#include "fixture.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_random.h>
#include <sys/mount.h>
#include <sys/socket.h>

#define PATIENCE_MS 30000
#define HEAD        14

WEIR_TEST_MAIN(suite_port, suite_port_burst, suite_port_guard, suite_port_iface, suite_port_rss,
	       suite_port_size, suite_port_why, suite_doctor)

/* net_af_xdp of DPDK 22.11 never gives its areas of memory back (its close counts one too many). */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xsk_umem__create\n";
}

/* ---- the process ---- */

static bool own_namespaces(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS))
		return false;
	/* sysfs shows the namespace it was mounted in. */
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("sysfs", "/sys", "sysfs", 0, NULL) == 0;
}

void fixture_start(void)
{
	char prefix[32], name[] = "test_port", huge[] = "--no-huge", pci[] = "--no-pci";
	char memory[] = "-m256", conf[] = "--no-shconf", level[] = "--log-level=error";
	char telemetry[] = "--no-telemetry", lcores[] = "--lcores=0@0";
	char *argv[] = {name, huge, pci, memory, conf, level, telemetry, lcores, prefix, NULL};

	snprintf(prefix, sizeof(prefix), "--file-prefix=t%d", getpid());
	if (own_namespaces() && fixture_run("ip link set lo up"))
		fputs("test_port: lo stays down\n", stderr);
	if (rte_eal_init((int)WEIR_ARRAY_LEN(argv) - 1, argv) < 0) {
		fputs("test_port: EAL does not start\n", stderr);
		exit(EXIT_FAILURE);
	}
}

bool fixture_not_root(const char *test)
{
	if (geteuid() == 0)
		return false;
	printf("skipped: %s: needs root\n", test);
	return true;
}

int fixture_run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

/* ---- ports ---- */

static void add_port(struct weir_conf *conf, const char *text)
{
	struct weir_conf_port *c = &conf->ports[conf->n_ports];
	const char *device = text, *option;
	size_t len;

	c->kind = WEIR_DEVICE_PCI;
	if (!strncmp(text, "iface:", 6)) {
		c->kind = WEIR_DEVICE_IFACE;
		device = text + 6;
	} else if (!strncmp(text, "vdev:", 5)) {
		c->kind = WEIR_DEVICE_VDEV;
		device = text + 5;
	}
	len = strcspn(device, " ");
	memcpy(c->device, device, len);
	c->mtu = 1500;
	option = strstr(text, " mtu=");
	if (option)
		c->mtu = (uint16_t)atoi(option + 5);
	option = strstr(text, " queues=");
	if (option)
		c->queues = (uint16_t)atoi(option + 8);
	if (strstr(text, " driver=af_xdp"))
		c->driver = WEIR_DRIVER_AF_XDP;
	if (strstr(text, " driver=af_packet"))
		c->driver = WEIR_DRIVER_AF_PACKET;
	snprintf(c->name, sizeof(c->name), "p%u", conf->n_ports++);
}

void fixture_init(struct fixture *f, unsigned int n_workers, uint32_t buffers,
		  const char *const *devices)
{
	memset(f, 0, sizeof(*f));
	for (; *devices; devices++)
		add_port(&f->conf, *devices);
	f->n_workers = f->conf.n_workers = (uint16_t)n_workers;
	f->names = weir_names_create();
	for (unsigned int w = 0; w < n_workers; w++) {
		char name[24];

		snprintf(name, sizeof(name), "pool%u_%x", w, (unsigned int)rte_rand());
		f->pool[w] = rte_pktmbuf_pool_create(
			name, buffers, 0, 0,
			(uint16_t)(RTE_PKTMBUF_HEADROOM + weir_ports_frame_bytes(&f->conf)), 0);
		ck_assert_ptr_nonnull(f->pool[w]);
	}
}

void fixture_open(struct fixture *f)
{
	f->ports = weir_ports_open(&f->conf, f->pool, f->n_workers, f->names, &f->why);
	if (!f->ports)
		ck_abort_msg("the ports do not open: %s", f->why.ptr);
	ck_assert_uint_eq(f->ports->n, f->conf.n_ports);
}

void fixture_refuses(struct fixture *f, const char *text)
{
	f->ports = weir_ports_open(&f->conf, f->pool, f->n_workers, f->names, &f->why);
	ck_assert_msg(!f->ports, "the ports open, but should not: %s", text);
	ck_assert_ptr_nonnull(f->why.ptr);
	ck_assert_msg(strstr(f->why.ptr, text), "'%s' does not say '%s'", f->why.ptr, text);
	ck_assert_uint_eq(rte_eth_dev_count_avail(), 0);
}

void fixture_fini(struct fixture *f)
{
	weir_ports_close(f->ports);
	ck_assert_uint_eq(rte_eth_dev_count_avail(), 0);
	for (unsigned int w = 0; w < f->n_workers; w++)
		rte_mempool_free(f->pool[w]);
	weir_names_destroy(f->names);
	weir_buf_fini(&f->why);
}

/* ---- frames ---- */

static void fill_frame(uint8_t *bytes, uint16_t len, uint8_t seed)
{
	memset(bytes, 2, 12);
	bytes[12] = 0x88;
	bytes[13] = 0xb5; /* IEEE 802 local experiments */
	for (uint16_t i = HEAD; i < len; i++)
		bytes[i] = (uint8_t)(seed + i);
}

bool fixture_is_frame(const uint8_t *bytes, size_t len, uint8_t seed)
{
	uint8_t want[9300];

	if (len < HEAD || len > sizeof(want))
		return false;
	fill_frame(want, (uint16_t)len, seed);
	return !memcmp(bytes, want, len);
}

struct rte_mbuf *fixture_frame(struct rte_mempool *pool, uint16_t len, uint8_t seed)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	ck_assert_ptr_nonnull(m);
	fill_frame((uint8_t *)rte_pktmbuf_append(m, len), len, seed);
	return m;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

unsigned int fixture_receive(const struct weir_port *p, unsigned int n_workers, unsigned int want,
			     uint8_t seed)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	unsigned int got = 0;

	while (got < want && now_ms() < end)
		for (unsigned int w = 0; w < n_workers; w++) {
			struct rte_mbuf *m[32];
			uint16_t n = weir_port_rx(p, w, m, 32);

			for (uint16_t i = 0; i < n; i++) {
				got += m[i]->nb_segs == 1 &&
				       fixture_is_frame(rte_pktmbuf_mtod(m[i], uint8_t *),
							m[i]->data_len, seed);
				rte_pktmbuf_free(m[i]);
			}
		}
	return got;
}

/* ---- the other end ---- */

int fixture_socket(const char *iface)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(iface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

void fixture_send(int fd, uint16_t len, uint8_t seed)
{
	uint8_t bytes[9300];

	fill_frame(bytes, len, seed);
	ck_assert_int_eq(send(fd, bytes, len, 0), len);
}

unsigned int fixture_read(int fd, unsigned int want, uint16_t len, uint8_t seed)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	unsigned int got = 0;
	uint8_t bytes[9300];

	while (got < want && now_ms() < end) {
		ssize_t n;

		if (poll(&ready, 1, 100) <= 0)
			continue;
		n = recv(fd, bytes, sizeof(bytes), 0);
		got += n == len && fixture_is_frame(bytes, (size_t)n, seed);
	}
	return got;
}
