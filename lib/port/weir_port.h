/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK ports by capability, never by driver name. A port is a list of (ethdev, queue) pairs, one a
 * worker, since some devices have one ethdev with many queues and others need one ethdev a queue.
 */
#ifndef WEIR_PORT_H
#define WEIR_PORT_H

#include <weir_base.h>
#include <weir_conf.h>

struct rte_mbuf;
struct rte_mempool;
struct port_guard;
struct port_log;
struct port_state;

/* No pair: the worker has no queue of its own on this port. */
#define WEIR_PORT_NONE UINT16_MAX

struct weir_port_pair {
	uint16_t ethdev;
	uint16_t queue;
};

/*
 * One side of a wire. Fixed after open. A device may have more receive queues than there are
 * workers, and no way to keep its traffic off them: rx[i] is polled by worker i % n_queues.
 */
struct weir_port {
	struct weir_port_pair rx[WEIR_CONF_WORKERS_MAX];
	struct weir_port_pair tx[WEIR_CONF_WORKERS_MAX]; /* by worker */
	uint16_t n_queues; /* pairs in use: workers 0..n_queues-1 have one */
	uint16_t n_rx;     /* receive queues, n_queues or more */
	uint16_t mtu;      /* bytes of L3 that it can send */
	bool rss;          /* spreads by symmetric Toeplitz over weir_ports.rss_key */
	bool rx_checksum;  /* sets RTE_MBUF_F_RX_*_CKSUM_* */
	bool scatter;      /* frames larger than one buffer can be received */
	bool tx_chains;    /* takes chained and indirect buffers as they are */
	const struct weir_conf_port *conf;
	uint32_t name;            /* interned */
	struct port_guard *guard; /* keeps bursts and a driver's own thread apart; NULL: no need */
	struct port_state *state;
};

#define WEIR_RSS_KEY_BYTES 52

struct weir_ports {
	struct weir_port port[WEIR_CONF_PORTS_MAX];
	uint16_t n;
	uint16_t n_workers;
	/* A random 16-bit period with an odd number of bits set (full rank: see the self-test), so
	 * that both directions of a flow hash alike. */
	uint8_t rss_key[WEIR_RSS_KEY_BYTES];
	/* Entries after which every port's redirection table repeats; 0 stands for 128. */
	uint16_t rss_table;
	struct port_log *log;     /* weir_ports_* only */
	struct port_guard *guard; /* of all ports that need one; NULL: none does */
};

/* PCI addresses among the configuration's ports, for weir_eal_cfg.allow. Returns how many. */
unsigned int weir_ports_pci(const struct weir_conf *conf, const char *allow[WEIR_CONF_PORTS_MAX]);

/* Bytes that a buffer must hold after its headroom so that each port can work: the largest L2 frame
 * (jumbo on devices that cannot scatter needs it in one buffer) and what drivers keep before it.
 * To size pools before open. */
uint16_t weir_ports_frame_bytes(const struct weir_conf *conf);
/* Buffers that the ports' rings keep, over all queues: the pools' floor. */
uint32_t weir_ports_ring_buffers(const struct weir_conf *conf, unsigned int n_workers);

/*
 * Probes, configures and starts every port of `conf` for `n_workers` workers; pool[w] feeds the
 * queues of worker w. What a device cannot do (queues, RSS, MTU, checksums) is said once each as a
 * log line and kept for doctor. Returns NULL when a port cannot be opened, and `why` says which,
 * why, and the command that mends it. Control thread, before workers start.
 */
struct weir_ports *weir_ports_open(const struct weir_conf *conf, struct rte_mempool *const *pool,
				   unsigned int n_workers, struct weir_names *names,
				   struct weir_buf *why);
void weir_ports_close(struct weir_ports *p);

/*
 * Bursts; any worker. A worker without a pair gets and sends nothing. The mbufs not sent stay the
 * caller's. Where the device cannot take a chain its bytes are copied into one buffer of the
 * worker's pool; a frame that no buffer holds is freed and counted in tx_errors.
 */
uint16_t weir_port_rx(const struct weir_port *p, unsigned int worker, struct rte_mbuf **m,
		      uint16_t n);
uint16_t weir_port_tx(const struct weir_port *p, unsigned int worker, struct rte_mbuf **m,
		      uint16_t n);

/* Which of `n_queues` the symmetric RSS of this configuration gives a tuple; both directions alike.
 * Addresses are 4 or 16 bytes, ports in host order, both 0 for what NICs hash without ports. */
unsigned int weir_ports_rss_queue(const struct weir_ports *p, const uint8_t *src,
				  const uint8_t *dst, unsigned int family, uint16_t sport,
				  uint16_t dport, unsigned int n_queues);

/*
 * Whether there is a carrier (for kernel interfaces: what the kernel says). A port whose link weir
 * took down itself counts as up, so that a link carried across a wire does not come back. Control
 * thread.
 */
bool weir_port_link_up(const struct weir_port *p);
/* Takes the port's own link down or up, so that its peer sees it. 0 or -WEIR_ENOTSUP. A link that
 * is still down at close is taken up again. */
int weir_port_set_link(const struct weir_port *p, bool up);

struct weir_port_counters {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t rx_missed; /* dropped by the device: weir was too slow */
	uint64_t rx_errors, tx_errors, rx_no_buffer;
};
void weir_port_counters(const struct weir_port *p, struct weir_port_counters *out);

/* What the port can do and how it is set, as a JSON object: driver, queues, rss, offloads, MTU,
 * limits found, link. */
void weir_port_describe(const struct weir_port *p, struct weir_json *j, const char *key);

/* ---- doctor: works without a running weir and without opening anything for long ---- */

enum weir_finding_level { WEIR_FINDING_OK, WEIR_FINDING_HINT, WEIR_FINDING_PROBLEM };
struct weir_finding {
	enum weir_finding_level level;
	char subject[64]; /* "hugepages", "port inside", "memlock", … */
	char text[256];
	char command[256]; /* that mends it; "" when there is none */
};
typedef void (*weir_finding_fn)(void *ctx, const struct weir_finding *f);

/* Looks at the machine (hugepages, IOMMU, vfio, memlock, privileges, CPU features, isolated cores,
 * drivers) and, when `conf` is not NULL, at each of its ports (exists, driver bound, queues, RSS,
 * offloads of the interface and, where it can be seen, its veth peer, MTU against the driver's
 * limit). Returns the number of problems. */
unsigned int weir_doctor(const struct weir_conf *conf, weir_finding_fn found, void *ctx);

#endif
