/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's ethdevs come and go: PCI devices that EAL has probed, and vdevs made here. */
#include "ethtool.h"
#include "port_impl.h"
#include "sys.h"

#include <weir_log.h>

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_dev.h>

unsigned int port_queues_wanted(const struct weir_conf_port *c, unsigned int n_workers)
{
	unsigned int n = c->queues ? c->queues : n_workers;

	return n > WEIR_CONF_WORKERS_MAX ? WEIR_CONF_WORKERS_MAX : n;
}

/* An ethdev usually has its device's name; where it has not, the device is asked. */
static int find_ethdev(const char *name, uint16_t *id)
{
	struct rte_eth_dev_info info;
	uint16_t at;

	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	RTE_ETH_FOREACH_DEV (at) {
		if (rte_eth_dev_info_get(at, &info) || !info.device ||
		    strcmp(rte_dev_name(info.device), name) != 0)
			continue;
		*id = at;
		return 0;
	}
	return -WEIR_ENOTFOUND;
}

static int add_device(struct weir_port *p, const char *name, bool ours)
{
	struct port_device *d = &p->state->device[p->state->n_devices];

	if (p->state->n_devices == RTE_MAX_ETHPORTS || find_ethdev(name, &d->id) < 0)
		return -WEIR_ENOTFOUND;
	d->ours = ours;
	snprintf(d->name, sizeof(d->name), "%s", name);
	p->state->n_devices++;
	return 0;
}

static bool is_taken(const struct weir_ports *ports, const char *name)
{
	for (unsigned int i = 0; i < ports->n; i++) {
		const struct port_state *s = ports->port[i].state;

		for (unsigned int d = 0; d < s->n_devices; d++)
			if (!strcmp(s->device[d].name, name))
				return true;
	}
	return false;
}

/* ---- PCI ---- */

void port_pci_address(const char *device, char out[PORT_NAME_BYTES])
{
	const char *colon = strchr(device, ':');

	snprintf(out, PORT_NAME_BYTES, "%s%.32s", colon && !strchr(colon + 1, ':') ? "0000:" : "",
		 device);
}

static int fail_pci(const struct weir_port *p, const char *address, struct weir_buf *why)
{
	char driver[32];

	if (!sys_exists("", "/sys/bus/pci/devices/%s", address))
		return port_fail(
			p, -WEIR_ENOTFOUND, why,
			"there is no PCI device %s; dpdk-devbind.py --status-dev net lists "
			"what there is",
			address);
	if (!sys_link_name("", driver, sizeof(driver), "/sys/bus/pci/devices/%s/driver", address))
		return port_fail(p, -WEIR_ENOTFOUND, why,
				 "no driver is bound to it; mend: modprobe vfio-pci && "
				 "dpdk-devbind.py -b vfio-pci %s",
				 address);
	if (strcmp(driver, "vfio-pci") != 0 && strncmp(driver, "uio_pci", 7) != 0 &&
	    strcmp(driver, "igb_uio") != 0)
		return port_fail(
			p, -WEIR_ENOTFOUND, why,
			"the kernel's driver %s is bound to it, and no poll-mode driver "
			"shares it; mend: modprobe vfio-pci && dpdk-devbind.py -b vfio-pci "
			"%s",
			driver, address);
	return port_fail(p, -WEIR_ENOTFOUND, why,
			 "it is bound to %s but no poll-mode driver took it (unknown device, or no "
			 "access to /dev/vfio); mend: weir doctor, and run as root",
			 driver);
}

static int create_pci(struct weir_port *p, const struct port_open *o)
{
	char address[PORT_NAME_BYTES];

	port_pci_address(p->conf->device, address);
	if (is_taken(o->ports, address))
		return port_fail(p, -WEIR_EEXIST, o->why, "%s is another port's already", address);
	return add_device(p, address, false) < 0 ? fail_pci(p, address, o->why) : 0;
}

/* ---- vdevs ---- */

static int fail_vdev(const struct weir_port *p, const char *name, const char *said, int rc,
		     struct weir_buf *why)
{
	const char *nearest = port_driver_suggestion(name);
	char what[128];

	if (rc == -ENOTSUP || nearest)
		return port_fail(p, -WEIR_ENOTFOUND, why, "no poll-mode driver is called %s%s%s%s",
				 name, nearest ? ", did you mean " : "", nearest ? nearest : "",
				 nearest ? "?" : "; mend: apt install dpdk");
	snprintf(what, sizeof(what), "the device %.64s cannot be made", name);
	return port_fail_said(p, -WEIR_EIO, what, said, why);
}

static int make_vdev(struct weir_port *p, const struct port_open *o, const char *name,
		     const char *args)
{
	const char *said;
	int rc;

	/* A second probe of the same name succeeds and does nothing. */
	if (is_taken(o->ports, name))
		return port_fail(p, -WEIR_EEXIST, o->why,
				 "the name %s is taken by another port; mend: give each vdev a "
				 "number of its own",
				 name);
	port_log_begin(o->ports->log);
	rc = rte_eal_hotplug_add("vdev", name, args);
	said = port_log_end(o->ports->log);
	if (rc)
		return fail_vdev(p, name, said, rc, o->why);
	if (add_device(p, name, true) == 0)
		return 0;
	(void)rte_eal_hotplug_remove("vdev", name);
	return port_fail(p, -WEIR_ENOTFOUND, o->why, "%s is no Ethernet device", name);
}

/* The value of `key` in devargs; "" when it is not there or too long. */
static void devarg(const char *args, const char *key, char *out, size_t size)
{
	const char *at = strstr(args, key);
	size_t len = at ? strcspn(at + strlen(key), ",") : size;

	out[0] = '\0';
	if (len >= size)
		return;
	memcpy(out, at + strlen(key), len);
	out[len] = '\0';
}

/* A memif server that was killed leaves its socket's name behind, and the driver does not take it
 * again. It goes when nobody listens there. */
static void remove_left_socket(const char *args)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	devarg(args, "socket=", a.sun_path, sizeof(a.sun_path));
	if (a.sun_path[0] != '/' || !strstr(args, "role=server"))
		return;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED &&
	    unlink(a.sun_path) == 0)
		weir_notice("the socket %s was left by a process that is gone, and is made anew",
			    a.sun_path);
	close(fd);
}

static int create_vdev(struct weir_port *p, const struct port_open *o)
{
	size_t len = strcspn(p->conf->device, ",");
	const char *args = p->conf->device + len;
	char name[PORT_NAME_BYTES];

	if (!len || len >= sizeof(name))
		return port_fail(p, -WEIR_EINVAL, o->why,
				 "a vdev begins with its driver's name and a number, as in "
				 "vdev:net_memif0,role=server");
	memcpy(name, p->conf->device, len);
	name[len] = '\0';
	remove_left_socket(args);
	return make_vdev(p, o, name, *args ? args + 1 : args);
}

/* ---- kernel interfaces ---- */

static unsigned int index_of(const struct weir_port *p, const struct port_open *o)
{
	return (unsigned int)(p - o->ports->port);
}

static int create_packet(struct weir_port *p, const struct port_open *o)
{
	struct port_packet_ring r = port_packet_ring(p->conf->mtu);
	char name[PORT_NAME_BYTES], args[PORT_ARGS_BYTES];

	snprintf(name, sizeof(name), "net_af_packet_%u", index_of(p, o));
	snprintf(args, sizeof(args),
		 "iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u,qdisc_bypass=1",
		 p->state->ifname, port_queues_wanted(p->conf, o->n_workers), r.block_bytes,
		 r.frame_bytes, r.frames);
	return make_vdev(p, o, name, args);
}

/*
 * A socket of AF_XDP serves one queue of the interface, and what arrives at a queue without one
 * goes to the kernel: all of them are opened. In DPDK 22.11 one ethdev takes several queues only
 * where the interface calls them combined; a veth has receive and transmit queues instead.
 */
static int create_xdp(struct weir_port *p, const struct port_open *o)
{
	struct iface_queues q = iface_queues(p->state->ifname);
	unsigned int n = q.rx > WEIR_CONF_WORKERS_MAX ? WEIR_CONF_WORKERS_MAX : q.rx;
	unsigned int each = q.combined >= n ? n : 1;
	char name[PORT_NAME_BYTES], args[PORT_ARGS_BYTES];
	int rc = 0;

	if (q.rx > n)
		port_limit(p,
			   "%s has %u queues and %u can be served; mend: ethtool -L %s combined %u",
			   p->state->ifname, q.rx, n, p->state->ifname, n);
	for (unsigned int i = 0; rc == 0 && i < n; i += each) {
		snprintf(name, sizeof(name), "net_af_xdp_%u_%u", index_of(p, o), i);
		snprintf(args, sizeof(args), "iface=%s,start_queue=%u,queue_count=%u",
			 p->state->ifname, i, each);
		rc = make_vdev(p, o, name, args);
	}
	return rc;
}

int port_create(struct weir_port *p, const struct port_open *o, enum weir_conf_driver driver)
{
	if (p->conf->kind == WEIR_DEVICE_PCI)
		return create_pci(p, o);
	if (p->conf->kind == WEIR_DEVICE_VDEV)
		return create_vdev(p, o);
	return driver == WEIR_DRIVER_AF_XDP ? create_xdp(p, o) : create_packet(p, o);
}

/* ---- going ---- */

static void remove_one(struct port_device *d)
{
	int rc = 0;

	if (d->started)
		rc = rte_eth_dev_stop(d->id);
	if (rc == 0)
		rc = rte_eth_dev_close(d->id);
	if (d->ours && rc == 0)
		rc = rte_eal_hotplug_remove("vdev", d->name);
	if (rc)
		weir_warning("the device %s does not close: %s", d->name,
			     rte_strerror(rc < 0 ? -rc : rc));
}

void port_remove(struct weir_port *p)
{
	while (p->state->n_devices)
		remove_one(&p->state->device[--p->state->n_devices]);
	memset(p->state->device, 0, sizeof(p->state->device));
}

unsigned int weir_ports_pci(const struct weir_conf *conf, const char *allow[WEIR_CONF_PORTS_MAX])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].kind == WEIR_DEVICE_PCI)
			allow[n++] = conf->ports[i].device;
	return n;
}
