/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a new configuration a running weir cannot take up. */
#include <weir_conf.h>

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A file without workers means the machine's default; the running one may have it filled in. */
static bool same_workers(const struct weir_conf *a, const struct weir_conf *b)
{
	if (!a->workers_given && !b->workers_given)
		return true;
	return a->n_workers == b->n_workers &&
	       memcmp(a->workers, b->workers, a->n_workers * sizeof(a->workers[0])) == 0;
}

static bool same_memory(const struct weir_conf *a, const struct weir_conf *b)
{
	return a->connections == b->connections && a->inspected == b->inspected &&
	       a->packets == b->packets && a->fragments == b->fragments &&
	       a->waf_bytes == b->waf_bytes && a->http2_bytes == b->http2_bytes &&
	       a->hugepages == b->hugepages && a->dumps == b->dumps;
}

static bool same_port(const struct weir_conf_port *a, const struct weir_conf_port *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->device, b->device) == 0 &&
	       a->kind == b->kind && a->driver == b->driver && a->checksum == b->checksum &&
	       a->mtu == b->mtu && a->queues == b->queues;
}

static bool same_ports(const struct weir_conf *a, const struct weir_conf *b)
{
	if (a->n_ports != b->n_ports)
		return false;
	for (unsigned int i = 0; i < a->n_ports; i++)
		if (!same_port(&a->ports[i], &b->ports[i]))
			return false;
	return true;
}

static bool same_wire(const struct weir_conf_wire *a, const struct weir_conf_wire *b)
{
	return strcmp(a->name, b->name) == 0 && a->port[0] == b->port[0] &&
	       a->port[1] == b->port[1] && a->carry_link == b->carry_link;
}

static bool same_wires(const struct weir_conf *a, const struct weir_conf *b)
{
	if (a->n_wires != b->n_wires)
		return false;
	for (unsigned int i = 0; i < a->n_wires; i++)
		if (!same_wire(&a->wires[i], &b->wires[i]))
			return false;
	return true;
}

static const char *first_difference(const struct weir_conf *a, const struct weir_conf *b)
{
	if (!same_workers(a, b))
		return "workers";
	if (!same_memory(a, b))
		return "memory";
	if (!same_ports(a, b))
		return "ports";
	if (!same_wires(a, b))
		return "wires";
	if (!same_text(a->control_socket, b->control_socket))
		return "control";
	if (a->event_ring != b->event_ring)
		return "log.ring";
	if (a->event_transactions != b->event_transactions)
		return "log.transactions";
	return a->log_values != b->log_values ? "log.values" : NULL;
}

bool weir_conf_needs_restart(const struct weir_conf *running, const struct weir_conf *wanted,
			     const char **out)
{
	const char *key = first_difference(running, wanted);

	if (out)
		*out = key;
	return key != NULL;
}
