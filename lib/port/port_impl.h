/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this module share. */
#ifndef PORT_IMPL_H
#define PORT_IMPL_H

#include "weir_port.h"

#include <net/if.h>

#include <rte_ethdev.h>

/* Two VLAN tags and the frame check sequence, which some drivers count. */
#define PORT_L2_BYTES    (RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN)
#define PORT_NAME_BYTES  64
#define PORT_ARGS_BYTES  320
#define PORT_LIMITS_MAX  12
#define PORT_LIMIT_BYTES 240

/* The kernel refuses XDP on a veth whose peer's MTU is larger: one page, less headroom and
 * skb_shared_info. */
#define XDP_PEER_MTU_MAX 3506
/* One page must also hold a whole packet buffer of AF_XDP: pool and mbuf headers, both headrooms,
 * L2, and the cache line by which a mempool spreads its objects over the memory's channels. */
#define XDP_MTU_MAX 3430
/* Descriptors of a queue: what the driver advises up to the maximum, else the default. */
#define PORT_RING_MAX     2048
#define PORT_RING_DEFAULT 1024
/* Kept before each frame by the kernel (XDP_PACKET_HEADROOM). */
#define XDP_HEADROOM 256

/* One ethdev of a port. */
struct port_device {
	uint16_t id;
	uint16_t n_rx, n_tx;
	bool ours; /* a vdev that was made for this port, and goes with it */
	bool started;
	char name[PORT_NAME_BYTES];
};

struct port_worker {
	/* worker only */
	uint64_t tx_unsendable; /* chains that no buffer holds */
	uint16_t turn;          /* which of several receive queues is first */
} __attribute__((aligned(WEIR_CACHE_LINE)));

/* The private half of struct weir_port. */
struct port_state {
	/* fixed after open */
	struct port_device device[RTE_MAX_ETHPORTS];
	uint16_t n_devices;
	char driver[32];          /* the poll-mode driver's name */
	char ifname[IF_NAMESIZE]; /* of a kernel interface, else "" */
	unsigned int ifindex;     /* of the kernel interface behind the ethdev, 0: none */
	uint64_t rx_offloads, tx_offloads;
	uint64_t rss_hf; /* hash functions in use; 0: none */
	uint16_t reta_size;
	uint8_t key_bytes;
	bool rss_possible;         /* configured with the key; the table is still to come */
	unsigned int offloads_off; /* enum iface_offload: those that were turned off */
	char limit[PORT_LIMITS_MAX][PORT_LIMIT_BYTES]; /* what the device cannot do, as said */
	unsigned int n_limits;
	struct rte_mempool *pool[WEIR_CONF_WORKERS_MAX];
	/* control thread */
	bool taken_down;
	/* by worker */
	struct port_worker worker[WEIR_CONF_WORKERS_MAX];
};

/* Says once, as a log line, what the port cannot do, and keeps it. */
void port_limit(struct weir_port *p, const char *format, ...) WEIR_PRINTF(2, 3);

/* ---- port_log.c: what DPDK, libxdp and libbpf print while a port is opened or closed ---- */

struct port_log *port_log_create(void);
void port_log_destroy(struct port_log *l);
void port_log_begin(struct port_log *l);
/* What was said since begin, also sent to the log at debug level; good until the next begin. */
const char *port_log_end(struct port_log *l);

/* ---- port_why.c: failures told ---- */

/* "port inside (iface:gw1): TEXT" into `why`. Returns `code`. */
int port_fail(const struct weir_port *p, int code, struct weir_buf *why, const char *format, ...)
	WEIR_PRINTF(4, 5);
/* The same from what a driver said in `said`, translated; `what` is what could not be done. */
int port_fail_said(const struct weir_port *p, int code, const char *what, const char *said,
		   struct weir_buf *why);
/* "iface:gw1" as it was configured. */
const char *port_device_text(const struct weir_conf_port *c, char *out, size_t size);
/* The known poll-mode driver nearest to a vdev's name, NULL when `name` begins with a known one. */
const char *port_driver_suggestion(const char *name);

/* ---- port_create.c: ethdevs come and go ---- */

/* What one call of weir_ports_open is about. */
struct port_open {
	struct weir_ports *ports;
	unsigned int n_workers;
	struct rte_mempool *const *pool;
	struct weir_buf *why;
};

/* Finds or makes the port's ethdevs; a kernel interface is driven as `driver` says. */
int port_create(struct weir_port *p, const struct port_open *o, enum weir_conf_driver driver);
/* The long form of an address: "18:00.0" and "0000:18:00.0" are one device. */
void port_pci_address(const char *device, char out[PORT_NAME_BYTES]);
/* Stops, closes and, where they were made here, removes them. */
void port_remove(struct weir_port *p);
/* Receive queues wanted: configured, or as many as there are workers. */
unsigned int port_queues_wanted(const struct weir_conf_port *c, unsigned int n_workers);

/* ---- port_start.c: one port's ethdevs configured and started ---- */

int port_start(struct weir_port *p, const struct port_open *o);

/* ---- port_iface.c: kernel interfaces made ready ---- */

/* Why XDP is not worth a try, as a sentence in `why`; false when nothing speaks against it. */
bool port_iface_no_xdp(const struct weir_port *p, struct rte_mempool *const *pool,
		       struct weir_buf *why);
/* The interface is there, up, takes every frame, has the port's MTU, and makes no frames of its own
 * size. 0 or negative with `why`. */
int port_iface_prepare(struct weir_port *p, struct weir_buf *why);

/* ---- port_size.c ---- */

struct port_packet_ring {
	uint32_t block_bytes, frame_bytes, frames;
};
/* The ring of an AF_PACKET socket for frames of `mtu`. */
struct port_packet_ring port_packet_ring(uint16_t mtu);
/* Bytes that a buffer must hold for one port. */
uint32_t port_frame_bytes(const struct weir_conf_port *c);
/* How a kernel interface will be driven, as far as can be told before it is tried. */
bool port_may_use_xdp(const struct weir_conf_port *c);

/* ---- port_umem.c ---- */

/* Takes out of the pool what AF_XDP could not address. Returns how many buffers that are. */
unsigned int port_umem_fit(struct rte_mempool *pool);

/* ---- port_guard.c: drivers that free under a burst ---- */

/* No memory: NULL. */
struct port_guard *port_guard_create(unsigned int n_workers);
/* Before start. */
void port_guard_add(struct port_guard *g, uint16_t ethdev);
/* From now on EAL's interrupt thread works only while no worker is between enter and leave. */
int port_guard_start(struct port_guard *g);
/* The interrupt thread does nothing any more until the guard is destroyed, so that control can
 * close devices which that thread may be at. No worker may be inside, nor come. */
void port_guard_park(struct port_guard *g);
/* When the devices are closed. */
void port_guard_destroy(struct port_guard *g);
/* False: the driver is at work, there is nothing to be had now. */
bool port_guard_enter(struct port_guard *g, unsigned int worker);
/* The same, but waits a while for the driver first: what is not sent is lost. */
bool port_guard_enter_to_send(struct port_guard *g, unsigned int worker);
void port_guard_leave(struct port_guard *g, unsigned int worker);

/* ---- port_rss.c ---- */

bool port_rss_make_key(uint8_t key[WEIR_RSS_KEY_BYTES]);
/* Whether the key's 16-bit period has full rank: every queue is reached. */
bool port_rss_key_good(const uint8_t key[WEIR_RSS_KEY_BYTES]);
/* Both directions of 1,000 tuples agree and each of `n_queues` is used. */
bool port_rss_self_test(const struct weir_ports *ports, unsigned int n_queues);
/* Whether a redirection table of so many entries can be used: a power of two from 64 to 2048. */
bool port_rss_table_fits(uint16_t entries);
/* Fills the redirection tables, asks for them again, and turns RSS off where they do not hold. */
void port_rss_settle(struct weir_ports *ports);

#endif
