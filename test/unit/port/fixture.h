/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL, pools and configurations for the tests of ports, in a network namespace of their own. */
#ifndef TEST_PORT_FIXTURE_H
#define TEST_PORT_FIXTURE_H

#include <weir_port.h>

#include <weir_test.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

/* Once; the process moves to fresh network and mount namespaces when it may. */
void fixture_start(void);
/* True when it may not (not root): prints that `test` is skipped. */
bool fixture_not_root(const char *test);
/* Runs a shell command; its exit status. */
int fixture_run(const char *format, ...) WEIR_PRINTF(1, 2);

struct fixture {
	struct weir_conf conf;
	struct rte_mempool *pool[4];
	unsigned int n_workers;
	struct weir_names *names;
	struct weir_buf why;
	struct weir_ports *ports;
};

/* `devices`, ended by NULL, are written as in the configuration: "iface:x", "vdev:…" or a PCI
 * address, with " mtu=N", " queues=N" or " driver=af_xdp|af_packet" behind. */
void fixture_init(struct fixture *f, unsigned int n_workers, uint32_t buffers,
		  const char *const *devices);
/* Fails the test, with the reason, when the ports do not open. */
void fixture_open(struct fixture *f);
/* Fails the test unless opening fails with `text` in the reason. */
void fixture_refuses(struct fixture *f, const char *text);
void fixture_fini(struct fixture *f);

/* A frame of `len` bytes for nobody, its bytes counted up from `seed`. */
struct rte_mbuf *fixture_frame(struct rte_mempool *pool, uint16_t len, uint8_t seed);
/* Whether `bytes` is such a frame. */
bool fixture_is_frame(const uint8_t *bytes, size_t len, uint8_t seed);
/* Polls until `want` frames of that kind (any others are left out) came to a worker, or 5 s. */
unsigned int fixture_receive(const struct weir_port *p, unsigned int n_workers, unsigned int want,
			     uint8_t seed);

/* The other end of an interface: a packet socket. */
int fixture_socket(const char *iface);
void fixture_send(int fd, uint16_t len, uint8_t seed);
/* Frames of that kind read until `want` came, or 5 s. */
unsigned int fixture_read(int fd, unsigned int want, uint16_t len, uint8_t seed);

Suite *suite_port(void);
Suite *suite_port_burst(void);
Suite *suite_port_guard(void);
Suite *suite_port_iface(void);
Suite *suite_port_rss(void);
Suite *suite_port_size(void);
Suite *suite_port_why(void);
Suite *suite_doctor(void);

#endif
