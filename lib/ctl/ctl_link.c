/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links: a wire's port that loses its carrier takes the other port's link down with it, so that
 * what is behind sees it as it would on a cable. While we hold a port down its carrier says
 * nothing about the world, and for some seconds after we let it go its absence is no failure:
 * else two ports would take each other down for ever.
 */
#include "ctl_impl.h"

#include <stdio.h>

#include <weir_log.h>

#define RISE_NS (5 * WEIR_NS_PER_S)

const char *ctl_link_name(enum ctl_link_state s)
{
	static const char *const names[] = {
		[CTL_LINK_UP] = "up",
		[CTL_LINK_DOWN] = "down",
		[CTL_LINK_HELD] = "held",
		[CTL_LINK_RISING] = "rising",
	};

	return names[s];
}

static const char *port_name(const struct weir_ctl *c, unsigned int port)
{
	return weir_names_get(c->cfg.names, c->cfg.ports->port[port].name);
}

static void enter(struct weir_ctl *c, unsigned int port, enum ctl_link_state state, const char *why,
		  uint64_t now_ns)
{
	struct ctl_link *link = &c->links.port[port];
	char detail[64];

	link->state = state;
	link->since_ns = now_ns;
	link->changes++;
	weir_path_set_link(c->cfg.path, port, state == CTL_LINK_UP);
	snprintf(detail, sizeof(detail), "%s%s%s", ctl_link_name(state), *why ? ": " : "", why);
	weir_notice("port %s: link %s", port_name(c, port), detail);
	ctl_tell(c, WEIR_EVENT_LINK, c->cfg.ports->port[port].name, detail);
}

/* ---- what the port itself shows ---- */

static void look(struct weir_ctl *c, unsigned int port, uint64_t now_ns)
{
	const struct ctl_link *link = &c->links.port[port];
	bool carrier;

	if (link->state == CTL_LINK_HELD)
		return;
	carrier = weir_port_link_up(&c->cfg.ports->port[port]);
	if (carrier && link->state != CTL_LINK_UP)
		enter(c, port, CTL_LINK_UP, "", now_ns);
	else if (!carrier && link->state == CTL_LINK_UP)
		enter(c, port, CTL_LINK_DOWN, "", now_ns);
	else if (!carrier && link->state == CTL_LINK_RISING && now_ns - link->since_ns >= RISE_NS)
		enter(c, port, CTL_LINK_DOWN, "no carrier", now_ns);
}

/* ---- what the wire makes of it ---- */

static void hold(struct weir_ctl *c, unsigned int port, uint64_t now_ns)
{
	struct ctl_link *link = &c->links.port[port];

	if (link->cannot)
		return;
	if (weir_port_set_link(&c->cfg.ports->port[port], false) < 0) {
		link->cannot = true;
		weir_notice("port %s: its device cannot take its link down, so what is behind it "
			    "does not see that the wire's other side is down",
			    port_name(c, port));
		return;
	}
	enter(c, port, CTL_LINK_HELD, "the wire's other port is down", now_ns);
}

static void let_go(struct weir_ctl *c, unsigned int port, uint64_t now_ns)
{
	if (weir_port_set_link(&c->cfg.ports->port[port], true) < 0)
		return; /* tried again at the next step */
	enter(c, port, CTL_LINK_RISING, "the wire's other port is back", now_ns);
}

static void carry(struct weir_ctl *c, unsigned int from, unsigned int to, uint64_t now_ns)
{
	const struct ctl_link *seen = &c->links.port[from];
	const struct ctl_link *other = &c->links.port[to];

	if (seen->state == CTL_LINK_DOWN && other->state == CTL_LINK_UP)
		hold(c, to, now_ns);
	else if (seen->state == CTL_LINK_UP && other->state == CTL_LINK_HELD)
		let_go(c, to, now_ns);
}

void ctl_links_step(struct weir_ctl *c, uint64_t now_ns)
{
	const struct weir_conf *conf = c->cfg.conf;

	if (!c->cfg.ports)
		return;
	for (unsigned int i = 0; i < c->cfg.ports->n; i++)
		look(c, i, now_ns);
	for (unsigned int i = 0; i < conf->n_wires; i++) {
		const struct weir_conf_wire *wire = &conf->wires[i];

		if (!wire->carry_link)
			continue;
		carry(c, wire->port[0], wire->port[1], now_ns);
		carry(c, wire->port[1], wire->port[0], now_ns);
	}
}

/* A port without carrier at the start gets the time that one gets which was let go. */
void ctl_links_init(struct weir_ctl *c, uint64_t now_ns)
{
	for (unsigned int i = 0; c->cfg.ports && i < c->cfg.ports->n; i++) {
		bool carrier = weir_port_link_up(&c->cfg.ports->port[i]);

		c->links.port[i] = (struct ctl_link){
			.state = carrier ? CTL_LINK_UP : CTL_LINK_RISING,
			.since_ns = now_ns,
		};
		weir_path_set_link(c->cfg.path, i, carrier);
		if (!carrier)
			weir_notice("port %s has no link yet", port_name(c, i));
	}
}

void ctl_links_fini(struct weir_ctl *c)
{
	for (unsigned int i = 0; c->cfg.ports && i < c->cfg.ports->n; i++)
		if (c->links.port[i].state == CTL_LINK_HELD &&
		    weir_port_set_link(&c->cfg.ports->port[i], true) < 0)
			weir_warning("port %s: its link stays down", port_name(c, i));
}
