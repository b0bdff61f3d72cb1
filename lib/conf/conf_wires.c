/* SPDX-License-Identifier: BSD-3-Clause */
/* wires: which two ports are the ends of one; a port has one place at most. */
#include "conf_impl.h"

/* The wire among those read so far that has `port`; NULL when none has. */
static const struct weir_conf_wire *wire_of(const struct weir_conf *c, uint16_t port)
{
	for (unsigned int i = 0; i < c->n_wires; i++)
		if (c->wires[i].port[0] == port || c->wires[i].port[1] == port)
			return &c->wires[i];
	return NULL;
}

static bool find_port(struct conf_reading *g, const struct weir_conf_node *n, uint16_t *out)
{
	const char *names[WEIR_CONF_PORTS_MAX + 1] = {0}, *near;
	const struct weir_conf *c = g->conf;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a port's name", g->report))
		return false;
	for (uint16_t i = 0; i < c->n_ports; i++) {
		names[i] = c->ports[i].name;
		*out = i;
		if (strcmp(n->text, names[i]) == 0)
			return true;
	}
	near = conf_nearest(n->text, names);
	weir_conf_error(g->report, n->pos, "there is no port '%s'%s%s%s", n->text,
			near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

static bool is_free(struct conf_reading *g, const struct weir_conf_node *n, uint16_t port)
{
	const struct weir_conf_wire *other = wire_of(g->conf, port);

	if (other)
		weir_conf_error(g->report, n->pos, "port '%s' is in wire '%s' already", n->text,
				other->name);
	return !other;
}

static bool read_ends(struct conf_reading *g, const struct weir_conf_node *map,
		      struct weir_conf_wire *w)
{
	const struct weir_conf_node *list = conf_take_list(g, map, "ports", true), *a, *b;
	bool known;

	if (!list)
		return false;
	if (list->count != 2) {
		weir_conf_error(g->report, list->pos, "a wire has two ports, not %u", list->count);
		return false;
	}
	a = list->first;
	b = a->next;
	known = find_port(g, a, &w->port[0]);
	known &= find_port(g, b, &w->port[1]);
	if (!known)
		return false;
	if (w->port[0] == w->port[1]) {
		weir_conf_error(g->report, b->pos,
				"a wire needs two different ports, not '%s' twice", b->text);
		return false;
	}
	return is_free(g, a, w->port[0]) && is_free(g, b, w->port[1]);
}

static void check_mtu(struct conf_reading *g, const struct weir_conf_node *map,
		      const struct weir_conf_wire *w)
{
	const struct weir_conf_port *a = &g->conf->ports[w->port[0]];
	const struct weir_conf_port *b = &g->conf->ports[w->port[1]];

	if (a->mtu != b->mtu)
		weir_conf_warning(g->report, map->pos,
				  "wire '%s': '%s' has mtu %u and '%s' %u, larger packets will be "
				  "dropped",
				  w->name, a->name, a->mtu, b->name, b->mtu);
}

static void read_link_state(struct conf_reading *g, const struct weir_conf_node *map,
			    struct weir_conf_wire *w)
{
	static const char *const words[] = {"carry", "ignore", NULL};
	unsigned int word = 0;

	if (weir_conf_word(map, "linkState", words, &word, g->report))
		w->carry_link = word == 0;
}

static void read_wire(struct conf_reading *g, const struct weir_conf_node *map)
{
	static const char *const keys[] = {"name", "ports", "linkState", NULL};
	struct weir_conf *c = g->conf;
	struct weir_conf_wire *w = &c->wires[c->n_wires];

	if (!weir_conf_expect(map, WEIR_CONF_MAPPING, "a wire", g->report))
		return;
	*w = (struct weir_conf_wire){.carry_link = true};
	weir_conf_known_keys(map, keys, g->report);
	if (!conf_take_name(g, map, w->name))
		return;
	for (unsigned int i = 0; i < c->n_wires; i++)
		if (strcmp(c->wires[i].name, w->name) == 0)
			weir_conf_error(g->report, weir_conf_get(map, "name")->pos,
					"there is a wire '%s' already", w->name);
	read_link_state(g, map, w);
	if (!read_ends(g, map, w))
		return;
	check_mtu(g, map, w);
	c->n_wires++;
}

static void warn_of_loose_ports(struct conf_reading *g)
{
	for (uint16_t i = 0; i < g->conf->n_ports; i++)
		if (!wire_of(g->conf, i))
			weir_conf_warning(g->report, g->conf->ports[i].pos,
					  "port '%s' is in no wire: its frames go nowhere",
					  g->conf->ports[i].name);
}

void conf_read_wires(struct conf_reading *g, const struct weir_conf_node *root)
{
	const struct weir_conf_node *list = conf_take_list(g, root, "wires", true);

	if (!list)
		return;
	if (list->count == 0 || list->count > WEIR_CONF_WIRES_MAX) {
		weir_conf_error(g->report, list->pos, "wires must have 1 to %d wires, not %u",
				WEIR_CONF_WIRES_MAX, list->count);
		return;
	}
	if (g->conf->n_ports == 0)
		return; /* reported there; every name here would be unknown */
	weir_conf_foreach (m, list) {
		read_wire(g, m);
	}
	if (weir_conf_errors(g->report) == g->errors_before)
		warn_of_loose_ports(g);
}
