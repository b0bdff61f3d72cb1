/* SPDX-License-Identifier: BSD-3-Clause */
/* How large buffers must be and how many the devices keep, told before anything is opened. */
#include "ethtool.h"
#include "port_impl.h"

#include <unistd.h>

#include <linux/capability.h>

/* A TPACKET_V2 frame: header, alignment and address before the packet (tp_mac is 66 bytes in). */
#define PACKET_BEFORE_RX 66
#define PACKET_BEFORE_TX 32
#define PACKET_FRAME_MIN 2048
#define PACKET_STEP      256
#define PACKET_RING_MAX  (8U << 20)
#define PACKET_FRAMES    4096

/* net_af_xdp fills with 2048 buffers, and its send and completion rings may hold as many each. */
#define XDP_QUEUE_BUFFERS  (3 * 2048)
#define RING_QUEUE_BUFFERS (2 * PORT_RING_MAX)

static uint32_t round_up(uint32_t n, uint32_t step)
{
	return (n + step - 1) / step * step;
}

static uint32_t common_multiple(uint32_t a, uint32_t b)
{
	uint32_t n = a;

	while (n % b)
		n += a;
	return n;
}

struct port_packet_ring port_packet_ring(uint16_t mtu)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	struct port_packet_ring r;
	uint32_t in_block;

	r.frame_bytes = round_up(mtu + PORT_L2_BYTES + PACKET_BEFORE_RX, PACKET_STEP);
	if (r.frame_bytes < PACKET_FRAME_MIN)
		r.frame_bytes = PACKET_FRAME_MIN;
	r.block_bytes = common_multiple(r.frame_bytes, page);
	in_block = r.block_bytes / r.frame_bytes;
	r.frames = PACKET_RING_MAX / r.frame_bytes;
	if (r.frames > PACKET_FRAMES)
		r.frames = PACKET_FRAMES;
	/* The kernel wants whole blocks. */
	r.frames = r.frames / in_block * in_block;
	return r;
}

bool port_may_use_xdp(const struct weir_conf_port *c)
{
	if (c->kind != WEIR_DEVICE_IFACE || c->driver == WEIR_DRIVER_AF_PACKET)
		return false;
	return c->driver == WEIR_DRIVER_AF_XDP ||
	       (c->mtu <= XDP_MTU_MAX && iface_capable(CAP_SYS_ADMIN));
}

static bool may_use_packet(const struct weir_conf_port *c)
{
	return c->kind == WEIR_DEVICE_IFACE && c->driver != WEIR_DRIVER_AF_XDP;
}

uint32_t port_frame_bytes(const struct weir_conf_port *c)
{
	uint32_t bytes = c->mtu + PORT_L2_BYTES;
	uint32_t ring;

	if (port_may_use_xdp(c))
		bytes += XDP_HEADROOM;
	if (may_use_packet(c)) {
		/* The driver refuses buffers that do not hold its largest frame. */
		ring = port_packet_ring(c->mtu).frame_bytes - PACKET_BEFORE_TX;
		if (ring > bytes)
			bytes = ring;
	}
	return bytes;
}

uint16_t weir_ports_frame_bytes(const struct weir_conf *conf)
{
	uint32_t max = RTE_ETHER_MTU + PORT_L2_BYTES;

	for (unsigned int i = 0; i < conf->n_ports; i++) {
		uint32_t bytes = port_frame_bytes(&conf->ports[i]);

		if (bytes > max)
			max = bytes;
	}
	return (uint16_t)max;
}

static uint32_t ring_buffers(const struct weir_conf_port *c, unsigned int n_workers)
{
	unsigned int queues = c->queues > n_workers ? c->queues : n_workers;

	if (!port_may_use_xdp(c))
		return may_use_packet(c) ? 0 : queues * RING_QUEUE_BUFFERS;
	queues = iface_queues(c->device).rx;
	if (queues > WEIR_CONF_WORKERS_MAX)
		queues = WEIR_CONF_WORKERS_MAX;
	return queues * XDP_QUEUE_BUFFERS;
}

uint32_t weir_ports_ring_buffers(const struct weir_conf *conf, unsigned int n_workers)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < conf->n_ports; i++)
		sum += ring_buffers(&conf->ports[i], n_workers);
	return sum;
}
