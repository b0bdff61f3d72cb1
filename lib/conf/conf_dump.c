/* SPDX-License-Identifier: BSD-3-Clause */
/* The effective configuration as YAML that loads to the same. */
#include <weir_conf.h>

static const char *const drivers[] = {"auto", "af_xdp", "af_packet"};
static const char *const checksums[] = {"verify", "repair", "ignore"};
static const char *const hugepages[] = {"auto", "require", "never"};

/* The code point at `p`, well-formed UTF-8 as the loader left it, and its length in bytes. */
static uint32_t code_point(const unsigned char *p, size_t *len)
{
	*len = 1;
	if (p[0] < 0xc0 || !p[1])
		return p[0];
	*len = 2;
	if (p[0] < 0xe0 || !p[2])
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	*len = 3;
	if (p[0] < 0xf0 || !p[3])
		return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	*len = 4;
	return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
	       (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

/* What may stand raw between quotes: YAML 1.2 section 5.1 without breaks and marks. */
static bool stands_raw(uint32_t c)
{
	if (c < 0xa0)
		return c >= 0x20 && c < 0x7f;
	return c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

/* In double quotes, where every character can be escaped (YAML 1.2 section 7.3.1). */
static void add_quoted(struct weir_buf *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	weir_buf_str(out, "\"");
	for (; *p; p += len) {
		uint32_t c = code_point(p, &len);

		if (c == '"' || c == '\\')
			weir_buf_printf(out, "\\%c", (char)c);
		else if (stands_raw(c))
			weir_buf_add(out, p, len);
		else
			weir_buf_printf(out, "\\U%08x", c);
	}
	weir_buf_str(out, "\"");
}

static void dump_paths(struct weir_buf *out, const char *key, char *const *path, unsigned int n)
{
	weir_buf_printf(out, "%s: [", key);
	for (unsigned int i = 0; i < n; i++) {
		weir_buf_str(out, i ? ", " : "");
		add_quoted(out, path[i]);
	}
	weir_buf_str(out, "]\n");
}

static void dump_port(struct weir_buf *out, const struct weir_conf_port *p)
{
	static const char *const prefixes[] = {"", "iface:", "vdev:"};
	char device[sizeof(p->device) + 8];

	snprintf(device, sizeof(device), "%s%s", prefixes[p->kind], p->device);
	weir_buf_printf(out, "  - name: \"%s\"\n    device: ", p->name);
	add_quoted(out, device);
	weir_buf_printf(out, "\n    mtu: %u  # bytes of L3\n    checksum: %s\n", p->mtu,
			checksums[p->checksum]);
	if (p->kind == WEIR_DEVICE_IFACE)
		weir_buf_printf(out, "    driver: %s\n", drivers[p->driver]);
	if (p->queues)
		weir_buf_printf(out, "    queues: %u\n", p->queues);
	else
		weir_buf_str(out, "    queues: auto  # as many as there are workers\n");
}

static void dump_workers(const struct weir_conf *c, struct weir_buf *out)
{
	if (!c->n_workers) {
		weir_buf_str(out, "# workers: every core but the first\n");
		return;
	}
	weir_buf_str(out, "workers: [");
	for (unsigned int i = 0; i < c->n_workers; i++)
		weir_buf_printf(out, "%s%u", i ? ", " : "", c->workers[i]);
	weir_buf_str(out, "]  # CPU numbers\n");
}

static void dump_memory(const struct weir_conf *c, struct weir_buf *out)
{
	weir_buf_printf(out, "memory:\n  connections: %u  # flows over all workers\n",
			c->connections);
	weir_buf_printf(out, "  inspected: %u  # of them with inspection\n", c->inspected);
	if (c->packets)
		weir_buf_printf(out, "  packets: %u  # buffers over all workers\n", c->packets);
	else
		weir_buf_str(out, "  packets: auto\n");
	weir_buf_printf(out,
			"  fragments: %u  # unfinished datagrams a worker\n"
			"  waf: %llu  # bytes a worker, for HTTP transactions\n"
			"  http2: %llu  # bytes a worker, for HTTP/2\n  hugepages: %s\n"
			"  dumps: %s\n",
			c->fragments, (unsigned long long)c->waf_bytes,
			(unsigned long long)c->http2_bytes, hugepages[c->hugepages],
			c->dumps ? "true" : "false");
}

void weir_conf_dump(const struct weir_conf *c, struct weir_buf *out)
{
	dump_workers(c, out);
	dump_memory(c, out);
	weir_buf_str(out, "ports:\n");
	for (unsigned int i = 0; i < c->n_ports; i++)
		dump_port(out, &c->ports[i]);
	weir_buf_str(out, "wires:\n");
	for (unsigned int i = 0; i < c->n_wires; i++)
		weir_buf_printf(
			out, "  - name: \"%s\"\n    ports: [\"%s\", \"%s\"]\n    linkState: %s\n",
			c->wires[i].name, c->ports[c->wires[i].port[0]].name,
			c->ports[c->wires[i].port[1]].name,
			c->wires[i].carry_link ? "carry" : "ignore");
	dump_paths(out, "policy", c->policy, c->n_policy);
	weir_buf_str(out, "rules:\n  ");
	dump_paths(out, "stream", c->stream_rules, c->n_stream_rules);
	if (c->rule_cache) {
		weir_buf_str(out, "  cache: ");
		add_quoted(out, c->rule_cache);
		weir_buf_str(out, "\n");
	}
	weir_buf_str(out, "log:\n");
	if (c->event_file) {
		weir_buf_str(out, "  events: ");
		add_quoted(out, c->event_file);
		weir_buf_str(out, "\n");
	}
	weir_buf_printf(out,
			"  ring: %u  # records a worker\n"
			"  transactions: %u  # of them, those of HTTP\n  values: %s\n"
			"tls:\n  ticketRotation: %llums\ncontrol:\n  socket: ",
			c->event_ring, c->event_transactions, c->log_values ? "true" : "false",
			(unsigned long long)(c->ticket_rotation_ns / WEIR_NS_PER_MS));
	add_quoted(out, c->control_socket);
	weir_buf_str(out, "\n");
}
