/* SPDX-License-Identifier: BSD-3-Clause */
/* What a kernel interface is and can be told, by ioctl. */
#include "ethtool.h"

#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int ask(const char *name, unsigned long request, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc, error;

	if (fd < 0)
		return -1;
	if (strlen(name) >= sizeof(r->ifr_name)) {
		close(fd);
		errno = ENODEV;
		return -1;
	}
	strcpy(r->ifr_name, name);
	rc = ioctl(fd, request, r);
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

static int ask_ethtool(const char *name, void *command)
{
	struct ifreq r = {.ifr_data = command};

	return ask(name, SIOCETHTOOL, &r);
}

/* ---- offloads ---- */

static const struct {
	const char *name;
	uint32_t get, set;
	uint32_t flag; /* of ETHTOOL_GFLAGS, which holds several; 0: the value is a truth */
} offloads[IFACE_OFFLOADS] = {
	[IFACE_TX_CHECKSUM] = {"tx", ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, 0},
	[IFACE_TSO] = {"tso", ETHTOOL_GTSO, ETHTOOL_STSO, 0},
	[IFACE_GSO] = {"gso", ETHTOOL_GGSO, ETHTOOL_SGSO, 0},
	[IFACE_GRO] = {"gro", ETHTOOL_GGRO, ETHTOOL_SGRO, 0},
	[IFACE_LRO] = {"lro", ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_LRO},
	[IFACE_RX_VLAN] = {"rxvlan", ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_RXVLAN},
	[IFACE_TX_VLAN] = {"txvlan", ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_TXVLAN},
};

const char *iface_offload_name(enum iface_offload o)
{
	return offloads[o].name;
}

static bool offload_on(const char *name, enum iface_offload o)
{
	struct ethtool_value v = {.cmd = offloads[o].get};

	if (ask_ethtool(name, &v) < 0)
		return false;
	return offloads[o].flag ? v.data & offloads[o].flag : v.data != 0;
}

static void offload_off(const char *name, enum iface_offload o)
{
	struct ethtool_value v = {.cmd = offloads[o].get};

	if (ask_ethtool(name, &v) < 0)
		return;
	v.cmd = offloads[o].set;
	v.data = offloads[o].flag ? v.data & ~offloads[o].flag : 0;
	/* Whether it worked is seen by asking again. */
	(void)ask_ethtool(name, &v);
}

unsigned int iface_offloads(const char *name)
{
	unsigned int on = 0;

	for (unsigned int o = 0; o < IFACE_OFFLOADS; o++)
		if (offload_on(name, o))
			on |= 1U << o;
	return on;
}

unsigned int iface_offloads_off(const char *name, unsigned int bits)
{
	unsigned int before = iface_offloads(name) & bits;

	for (unsigned int o = 0; o < IFACE_OFFLOADS; o++)
		if (before & 1U << o)
			offload_off(name, o);
	return before & ~iface_offloads(name);
}

void iface_offloads_text(unsigned int bits, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int o = 0; o < IFACE_OFFLOADS && len < size; o++)
		if (bits & 1U << o)
			len += (size_t)snprintf(out + len, size - len, " %s off", offloads[o].name);
}

/* ---- flags, MTU, driver ---- */

int iface_flags(const char *name)
{
	struct ifreq r = {0};

	return ask(name, SIOCGIFFLAGS, &r) < 0 ? -1 : (uint16_t)r.ifr_flags;
}

int iface_set_flags(const char *name, unsigned int set, unsigned int clear)
{
	struct ifreq r = {0};
	int now = iface_flags(name);
	unsigned int want;

	if (now < 0)
		return -1;
	want = ((unsigned int)now & ~clear) | set;
	if (want == (unsigned int)now)
		return 0;
	r.ifr_flags = (short)want;
	return ask(name, SIOCSIFFLAGS, &r);
}

bool iface_carrier(const char *name)
{
	struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
	int flags = iface_flags(name);

	if (flags < 0 || !(flags & IFF_UP))
		return false;
	if (ask_ethtool(name, &link) == 0)
		return link.data != 0;
	return flags & IFF_RUNNING;
}

int iface_mtu(const char *name)
{
	struct ifreq r = {0};

	return ask(name, SIOCGIFMTU, &r) < 0 ? -1 : r.ifr_mtu;
}

int iface_set_mtu(const char *name, unsigned int mtu)
{
	struct ifreq r = {.ifr_mtu = (int)mtu};

	return ask(name, SIOCSIFMTU, &r);
}

void iface_driver(const char *name, char out[32])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	out[0] = '\0';
	if (ask_ethtool(name, &info) == 0)
		snprintf(out, 32, "%.31s", info.driver);
}

/* ---- queues ---- */

/* sysfs shows the namespace that it was mounted in, so it is asked second. */
static struct iface_queues queues_of_sysfs(const char *name)
{
	char folder[128];
	struct iface_queues q = {0};

	snprintf(folder, sizeof(folder), "/sys/class/net/%s/queues", name);
	q.rx = sys_count("", folder, "rx-");
	q.tx = sys_count("", folder, "tx-");
	return q;
}

struct iface_queues iface_queues(const char *name)
{
	struct ethtool_channels c = {.cmd = ETHTOOL_GCHANNELS};
	struct iface_queues q;

	if (ask_ethtool(name, &c) == 0)
		q = (struct iface_queues){
			.rx = c.rx_count + c.combined_count,
			.tx = c.tx_count + c.combined_count,
			.combined = c.combined_count,
		};
	else
		q = queues_of_sysfs(name);
	if (!q.rx)
		q.rx = 1;
	if (!q.tx)
		q.tx = 1;
	return q;
}

/* ---- privileges ---- */

bool iface_capable(unsigned int capability)
{
	char text[64];

	if (!sys_field("", "/proc/self/status", "CapEff:", text, sizeof(text)))
		return false;
	return strtoull(text, NULL, 16) >> capability & 1;
}
