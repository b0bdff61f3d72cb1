/* SPDX-License-Identifier: BSD-3-Clause */
/* ports: what weir receives from and sends to. */
#include "conf_impl.h"

#define MTU_MIN      576  /* what every IPv4 host must take (RFC 791 section 3.1) */
#define MTU_MIN_IPV6 1280 /* RFC 8200 section 5 */
#define MTU_MAX      9216
#define MTU_DEFAULT  1500

static void read_driver(struct conf_reading *g, const struct weir_conf_node *map,
			struct weir_conf_port *p)
{
	static const char *const words[] = {"auto", "af_xdp", "af_packet", NULL};
	unsigned int word = WEIR_DRIVER_AUTO;

	if (!weir_conf_word(map, "driver", words, &word, g->report))
		return;
	p->driver = (enum weir_conf_driver)word;
	if (word != WEIR_DRIVER_AUTO && *p->device && p->kind != WEIR_DEVICE_IFACE)
		weir_conf_error(g->report, weir_conf_get(map, "driver")->pos,
				"driver is for kernel interfaces (iface:NAME) only");
}

static void read_checksum(struct conf_reading *g, const struct weir_conf_node *map,
			  struct weir_conf_port *p)
{
	static const char *const words[] = {"verify", "repair", "ignore", NULL};
	unsigned int word = WEIR_CHECKSUM_VERIFY;

	if (weir_conf_word(map, "checksum", words, &word, g->report))
		p->checksum = (enum weir_conf_checksum)word;
}

static void read_mtu(struct conf_reading *g, const struct weir_conf_node *map,
		     struct weir_conf_port *p)
{
	uint64_t mtu = MTU_DEFAULT;

	if (!weir_conf_u64(map, "mtu", MTU_MIN, MTU_MAX, &mtu, g->report))
		return;
	p->mtu = (uint16_t)mtu;
	if (mtu < MTU_MIN_IPV6)
		weir_conf_warning(g->report, weir_conf_get(map, "mtu")->pos,
				  "IPv6 does not work with an mtu below %d (RFC 8200 section 5)",
				  MTU_MIN_IPV6);
}

static void read_queues(struct conf_reading *g, const struct weir_conf_node *map,
			struct weir_conf_port *p)
{
	uint64_t queues = 0;

	if (!conf_is_auto(weir_conf_get(map, "queues")) &&
	    weir_conf_u64(map, "queues", 1, WEIR_CONF_WORKERS_MAX, &queues, g->report))
		p->queues = (uint16_t)queues;
}

/* Compares with the ports before. */
static void check_unique(struct conf_reading *g, const struct weir_conf_node *map,
			 const struct weir_conf_port *p)
{
	for (const struct weir_conf_port *q = g->conf->ports; q < p; q++) {
		if (strcmp(q->name, p->name) == 0)
			weir_conf_error(g->report, weir_conf_get(map, "name")->pos,
					"there is a port '%s' on line %u already", p->name,
					q->pos.line);
		if (conf_same_device(q, p))
			weir_conf_error(g->report, weir_conf_get(map, "device")->pos,
					"port '%s' has device '%s' already", q->name, q->device);
	}
}

static void read_port(struct conf_reading *g, const struct weir_conf_node *map)
{
	static const char *const keys[] = {"name",   "device",   "driver", "mtu",
					   "queues", "checksum", NULL};
	struct weir_conf_port *p = &g->conf->ports[g->conf->n_ports];

	if (!weir_conf_expect(map, WEIR_CONF_MAPPING, "a port", g->report))
		return;
	*p = (struct weir_conf_port){.pos = map->pos, .mtu = MTU_DEFAULT};
	weir_conf_known_keys(map, keys, g->report);
	if (!conf_take_name(g, map, p->name))
		return;
	conf_read_device(g, map, p);
	read_driver(g, map, p);
	read_mtu(g, map, p);
	read_queues(g, map, p);
	read_checksum(g, map, p);
	check_unique(g, map, p);
	g->conf->n_ports++;
}

void conf_read_ports(struct conf_reading *g, const struct weir_conf_node *root)
{
	const struct weir_conf_node *list = conf_take_list(g, root, "ports", true);

	if (!list)
		return;
	if (list->count == 0 || list->count > WEIR_CONF_PORTS_MAX) {
		weir_conf_error(g->report, list->pos, "ports must have 1 to %d ports, not %u",
				WEIR_CONF_PORTS_MAX, list->count);
		return;
	}
	weir_conf_foreach (m, list) {
		read_port(g, m);
	}
}
