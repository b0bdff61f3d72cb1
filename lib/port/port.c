/* SPDX-License-Identifier: BSD-3-Clause */
/* All ports of a configuration opened in order, and closed. */
#include "port_impl.h"

#include <weir_log.h>

#include <stdlib.h>

#include <rte_mempool.h>

/* ---- kernel interfaces: AF_XDP where it can be had ---- */

static void fit_pools(struct weir_port *p, const struct port_open *o)
{
	for (unsigned int w = 0; w < o->n_workers; w++) {
		unsigned int all = o->pool[w]->populated_size;
		unsigned int lost = port_umem_fit(o->pool[w]);

		if (lost > all / 64)
			port_limit(p,
				   "%u of %u packet buffers of a worker lie where AF_XDP cannot "
				   "use them and are set aside",
				   lost, all);
		else if (lost)
			weir_debug("port %s: %u packet buffers are set aside", p->conf->name, lost);
	}
}

static int open_with(struct weir_port *p, const struct port_open *o, enum weir_conf_driver driver)
{
	int rc = port_create(p, o, driver);

	return rc < 0 ? rc : port_start(p, o);
}

static int try_xdp(struct weir_port *p, const struct port_open *o)
{
	if (port_iface_no_xdp(p, o->pool, o->why))
		return -WEIR_ENOTSUP;
	fit_pools(p, o);
	return open_with(p, o, WEIR_DRIVER_AF_XDP);
}

/* What was found while XDP was tried holds for XDP only. */
static void forget_try(struct weir_port *p, unsigned int n_limits)
{
	port_remove(p);
	p->state->n_limits = n_limits;
}

/* What the kernel does to frames before an AF_PACKET socket sees them. */
static int open_packet(struct weir_port *p, const struct port_open *o)
{
	int rc = open_with(p, o, WEIR_DRIVER_AF_PACKET);

	if (rc < 0)
		return rc;
	port_limit(p, "the kernel joins IPv4 fragments before weir sees them, and what is larger "
		      "than the mtu is lost");
	port_limit(p, "the kernel gives an outer 802.1ad tag as 802.1Q");
	return 0;
}

static int open_iface(struct weir_port *p, const struct port_open *o)
{
	unsigned int n_limits;
	int rc = port_iface_prepare(p, o->why);

	if (rc < 0)
		return rc;
	if (p->conf->driver == WEIR_DRIVER_AF_PACKET)
		return open_packet(p, o);
	n_limits = p->state->n_limits;
	rc = try_xdp(p, o);
	if (rc == 0 || p->conf->driver == WEIR_DRIVER_AF_XDP)
		return rc;
	forget_try(p, n_limits);
	weir_notice("%s", o->why->ptr);
	port_limit(p, "AF_XDP cannot be had, AF_PACKET is used, which is slower");
	return open_packet(p, o);
}

/* ---- one port ---- */

static int open_port(struct weir_port *p, const struct weir_conf_port *conf,
		     const struct port_open *o, struct weir_names *names)
{
	p->conf = conf;
	for (unsigned int w = 0; w < WEIR_CONF_WORKERS_MAX; w++)
		p->rx[w] = p->tx[w] = (struct weir_port_pair){WEIR_PORT_NONE, WEIR_PORT_NONE};
	p->state = aligned_alloc(WEIR_CACHE_LINE, sizeof(*p->state));
	if (!p->state)
		return port_fail(p, -WEIR_ENOMEM, o->why, "no memory");
	memset(p->state, 0, sizeof(*p->state));
	memcpy(p->state->pool, o->pool, o->n_workers * sizeof(*o->pool));
	p->name = names ? weir_names_intern(names, conf->name) : 0;
	return conf->kind == WEIR_DEVICE_IFACE ? open_iface(p, o)
					       : open_with(p, o, WEIR_DRIVER_AUTO);
}

static void close_port(struct weir_port *p)
{
	if (!p->state)
		return;
	if (p->state->taken_down && weir_port_set_link(p, true) < 0)
		weir_warning("port %s: its link does not come up again", p->conf->name);
	port_remove(p);
	free(p->state);
	p->state = NULL;
}

/* Drivers that unmap and free on EAL's interrupt thread what a burst may be reading: known by name,
 * since none tells. */
static bool frees_under_bursts(const struct weir_port *p)
{
	return !strcmp(p->state->driver, "net_memif");
}

static int guard_ports(struct weir_ports *ports, struct weir_buf *why)
{
	for (unsigned int i = 0; i < ports->n; i++) {
		struct weir_port *p = &ports->port[i];

		if (!frees_under_bursts(p))
			continue;
		if (!ports->guard)
			ports->guard = port_guard_create(ports->n_workers);
		if (!ports->guard)
			return port_fail(p, -WEIR_ENOMEM, why, "no memory");
		port_guard_add(ports->guard, p->state->device[0].id);
		p->guard = ports->guard;
	}
	if (ports->guard && port_guard_start(ports->guard) < 0)
		return port_fail(&ports->port[0], -WEIR_ENOMEM, why,
				 "EAL's interrupt thread cannot be held");
	return 0;
}

static void say_open(const struct weir_port *p)
{
	char device[sizeof(p->conf->device) + 8];

	weir_info("port %s (%s): %s, %u queue%s, mtu %u%s%s", p->conf->name,
		  port_device_text(p->conf, device, sizeof(device)), p->state->driver, p->n_queues,
		  p->n_queues == 1 ? "" : "s", p->mtu, p->rss ? ", symmetric RSS" : "",
		  p->rx_checksum ? ", checksums by the device" : "");
}

/* ---- all ---- */

static struct weir_ports *create(const struct weir_conf *conf, unsigned int n_workers,
				 struct weir_buf *why)
{
	struct weir_ports *ports = calloc(1, sizeof(*ports));

	if (ports)
		ports->log = port_log_create();
	if (!ports || !ports->log || !port_rss_make_key(ports->rss_key)) {
		weir_buf_str(why, "no memory for the ports, or no random numbers");
		weir_ports_close(ports);
		return NULL;
	}
	ports->n_workers = (uint16_t)n_workers;
	return ports;
}

struct weir_ports *weir_ports_open(const struct weir_conf *conf, struct rte_mempool *const *pool,
				   unsigned int n_workers, struct weir_names *names,
				   struct weir_buf *why)
{
	struct weir_buf said = {0};
	struct port_open o = {.n_workers = n_workers, .pool = pool, .why = why ? why : &said};
	int rc = 0;

	weir_assert(n_workers > 0 && n_workers <= WEIR_CONF_WORKERS_MAX);
	o.ports = create(conf, n_workers, o.why);
	for (unsigned int i = 0; o.ports && rc == 0 && i < conf->n_ports; i++) {
		o.ports->n++;
		rc = open_port(&o.ports->port[i], &conf->ports[i], &o, names);
	}
	if (o.ports && rc == 0)
		rc = guard_ports(o.ports, o.why);
	if (!o.ports || rc < 0) {
		weir_ports_close(o.ports);
		weir_buf_fini(&said);
		return NULL;
	}
	port_rss_settle(o.ports);
	for (unsigned int i = 0; i < o.ports->n; i++)
		say_open(&o.ports->port[i]);
	weir_buf_reset(o.why);
	weir_buf_fini(&said);
	return o.ports;
}

void weir_ports_close(struct weir_ports *p)
{
	if (!p)
		return;
	port_guard_park(p->guard);
	if (p->log)
		port_log_begin(p->log);
	while (p->n)
		close_port(&p->port[--p->n]);
	if (p->log)
		port_log_end(p->log);
	port_guard_destroy(p->guard);
	port_log_destroy(p->log);
	free(p);
}
