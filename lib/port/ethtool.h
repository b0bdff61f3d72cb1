/* SPDX-License-Identifier: BSD-3-Clause */
/* What a kernel interface is and can be told, by ioctl. */
#ifndef PORT_ETHTOOL_H
#define PORT_ETHTOOL_H

#include <weir_base.h>

/* Offloads that make frames which no wire ever carries, by ethtool's short names. */
enum iface_offload {
	IFACE_TX_CHECKSUM,
	IFACE_TSO,
	IFACE_GSO,
	IFACE_GRO,
	IFACE_LRO,
	IFACE_RX_VLAN,
	IFACE_TX_VLAN,
	IFACE_OFFLOADS
};
const char *iface_offload_name(enum iface_offload o);
/* Bits 1 << enum iface_offload of those that are on; 0 when the interface cannot be asked. */
unsigned int iface_offloads(const char *name);
/* Turns `bits` off; returns those that went off. */
unsigned int iface_offloads_off(const char *name, unsigned int bits);
/* " tx off tso off" for a command line. */
void iface_offloads_text(unsigned int bits, char *out, size_t size);

/* Flags of SIOCGIFFLAGS (IFF_UP, IFF_RUNNING, …); negative with errno when they cannot be had. */
int iface_flags(const char *name);
/* Whether it is up and has a carrier; asks the driver, since IFF_RUNNING follows late. */
bool iface_carrier(const char *name);
/* 0 or -1 with errno. */
int iface_set_flags(const char *name, unsigned int set, unsigned int clear);
/* Bytes, or -1 with errno. */
int iface_mtu(const char *name);
int iface_set_mtu(const char *name, unsigned int mtu);
/* The driver's name, "" when it cannot be had. */
void iface_driver(const char *name, char out[32]);

struct iface_queues {
	unsigned int rx, tx, combined; /* rx and tx count combined ones too */
};
/* Never 0: an interface that cannot say has one queue. */
struct iface_queues iface_queues(const char *name);

/* Whether this process has a capability (CAP_NET_RAW, …) in effect. */
bool iface_capable(unsigned int capability);

#endif
