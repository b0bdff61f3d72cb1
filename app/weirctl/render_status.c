/* SPDX-License-Identifier: BSD-3-Clause */
/* Status, ports and stats. */
#include "weirctl.h"

/* ---- status ---- */

static void print_head(const json_t *answer)
{
	const json_t *g = json_object_get(answer, "generation");
	const json_t *p = json_object_get(g, "policy");
	char up[32], age[32];

	printf("weir %s, process %lld, up %s\n", text_of(answer, "version"),
	       (long long)int_of(answer, "pid"), duration(number_of(answer, "uptime_s"), up));
	printf("generation %lld of %s, loaded %s ago: %lld policies, %lld rules, %lld groups%s\n",
	       (long long)int_of(g, "number"), text_of(g, "source"),
	       duration(number_of(g, "age_s"), age), (long long)int_of(p, "policies"),
	       (long long)int_of(p, "rules"), (long long)int_of(p, "groups"),
	       json_is_true(json_object_get(g, "loading")) ? " (another is being loaded)" : "");
	print_programs(g);
}

static void print_workers(const json_t *answer)
{
	static const char *const head[] = {">WORKER",    ">CPU",          ">BUSY", ">PACKETS/S",
					   ">BIT/S",     ">FLOWS",        ">OF",   ">DENIED",
					   ">DATAGRAMS", ">BUFFERS FREE", ">OF",   NULL};
	const json_t *w, *workers = json_object_get(answer, "workers");
	struct table t = table_begin(head);
	char a[32];
	size_t i;

	json_array_foreach (workers, i, w) {
		table_cell(&t, "%lld", (long long)int_of(w, "id"));
		table_cell(&t, "%lld", (long long)int_of(w, "cpu"));
		table_cell(&t, "%.0f%%", number_of(w, "busy") * 100);
		table_cell(&t, "%s", scaled(number_of(w, "packets_per_s"), a));
		table_cell(&t, "%s", scaled(number_of(w, "bytes_per_s") * 8, a));
		table_cell(&t, "%lld", (long long)int_of(w, "flows"));
		table_cell(&t, "%lld", (long long)int_of(w, "flows_max"));
		table_cell(&t, "%lld", (long long)int_of(w, "flows_denied"));
		table_cell(&t, "%lld", (long long)int_of(w, "datagrams"));
		table_cell(&t, "%lld", (long long)int_of(w, "mbufs_free"));
		table_cell(&t, "%lld", (long long)int_of(w, "mbufs_max"));
	}
	table_end(&t);
}

static void print_port_table(const json_t *answer)
{
	static const char *const head[] = {"PORT",    "LINK", "DEVICE", "DRIVER",
					   ">QUEUES", ">MTU", NULL};
	const json_t *p, *ports = json_object_get(answer, "ports");
	struct table t = table_begin(head);
	size_t i;

	json_array_foreach (ports, i, p) {
		const json_t *d = json_object_get(p, "device");

		table_cell(&t, "%s", text_of(p, "name"));
		table_cell(&t, "%s", text_of(p, "link"));
		table_cell(&t, "%s", text_of(d, "device"));
		table_cell(&t, "%s", text_of(d, "driver"));
		table_cell(&t, "%lld", (long long)int_of(d, "queues"));
		table_cell(&t, "%lld", (long long)int_of(d, "mtu"));
	}
	table_end(&t);
}

static void print_wires(const json_t *answer)
{
	const json_t *w, *wires = json_object_get(answer, "wires");
	size_t i;

	json_array_foreach (wires, i, w) {
		const json_t *ports = json_object_get(w, "ports");
		const char *a = json_string_value(json_array_get(ports, 0));
		const char *b = json_string_value(json_array_get(ports, 1));

		printf("wire %s: %s - %s%s\n", text_of(w, "name"), a ? a : "", b ? b : "",
		       json_is_true(json_object_get(w, "carry_link")) ? ", carries links" : "");
	}
}

static void print_records(const json_t *answer)
{
	const json_t *e = json_object_get(answer, "events");
	const char *file = text_of(e, "file");

	if (e)
		printf("records: %lld, %lld written to %s\n", (long long)int_of(e, "records"),
		       (long long)int_of(e, "written"), *file ? file : "no file");
}

static void print_warnings(const json_t *answer)
{
	const json_t *w, *warnings = json_object_get(answer, "warnings");
	size_t i;

	json_array_foreach (warnings, i, w)
		printf("warning: %s\n", json_string_value(w) ? json_string_value(w) : "");
}

void render_status(const json_t *answer)
{
	print_head(answer);
	putchar('\n');
	print_workers(answer);
	putchar('\n');
	print_port_table(answer);
	print_wires(answer);
	putchar('\n');
	print_records(answer);
	print_warnings(answer);
}

/* ---- trees: whatever an object holds, indented ---- */

static void print_scalar(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		fputs(json_string_value(v), stdout);
		break;
	case JSON_INTEGER:
		printf("%lld", (long long)json_integer_value(v));
		break;
	case JSON_REAL:
		printf("%g", json_real_value(v));
		break;
	case JSON_TRUE:
		fputs("yes", stdout);
		break;
	case JSON_FALSE:
		fputs("no", stdout);
		break;
	default:
		fputs("-", stdout);
	}
}

static bool is_scalar(const json_t *v)
{
	return !json_is_object(v) && !json_is_array(v);
}

/* "a, b, c" when all members are scalars. */
static bool print_flat_array(const json_t *array)
{
	const json_t *v;
	size_t i;

	json_array_foreach (array, i, v)
		if (!is_scalar(v))
			return false;
	if (!json_array_size(array))
		putchar('-');
	json_array_foreach (array, i, v) {
		if (i)
			fputs(", ", stdout);
		print_scalar(v);
	}
	return true;
}

static void print_tree(json_t *v, int indent);

static void print_members(json_t *array, int indent)
{
	json_t *v;
	size_t i;

	json_array_foreach (array, i, v) {
		if (is_scalar(v)) {
			printf("%*s- ", indent, "");
			print_scalar(v);
			putchar('\n');
			continue;
		}
		printf("%*s- %zu\n", indent, "", i + 1);
		print_tree(v, indent + 4);
	}
}

static void print_member(const char *key, json_t *member, int indent)
{
	printf("%*s%s: ", indent, "", key);
	if (is_scalar(member)) {
		print_scalar(member);
		putchar('\n');
		return;
	}
	if (json_is_array(member) && print_flat_array(member)) {
		putchar('\n');
		return;
	}
	putchar('\n');
	print_tree(member, indent + 2);
}

static void print_tree(json_t *v, int indent)
{
	const char *key;
	json_t *member;

	if (json_is_array(v))
		print_members(v, indent);
	json_object_foreach (v, key, member)
		print_member(key, member, indent);
}

void render_ports(const json_t *answer)
{
	const json_t *p, *ports = json_object_get(answer, "ports");
	char since[32];
	size_t i;

	json_array_foreach (ports, i, p) {
		printf("port %s: link %s for %s, %lld changes\n", text_of(p, "name"),
		       text_of(p, "link"), duration(number_of(p, "link_since_s"), since),
		       (long long)int_of(p, "link_changes"));
		print_tree(json_object_get(p, "device"), 4);
	}
	print_wires(answer);
}

/* ---- stats ---- */

/* A row a counter, a column a worker after the sum of all. */
static void print_counters(const json_t *answer, const char *object)
{
	json_t *workers = json_object_get(answer, "workers");
	json_t *sums = json_object_get(answer, object);
	size_t n = json_array_size(workers);
	const char *head[TABLE_COLUMNS + 1] = {"COUNTER", ">ALL"};
	char name[TABLE_COLUMNS][32];
	struct table t;
	const char *key;
	json_t *sum;

	if (n + 2 > TABLE_COLUMNS)
		n = TABLE_COLUMNS - 2;
	for (size_t w = 0; w < n; w++) {
		snprintf(name[w], sizeof(name[w]), ">WORKER %zu", w);
		head[w + 2] = name[w];
	}
	t = table_begin(head);
	json_object_foreach (sums, key, sum) {
		table_cell(&t, "%s", key);
		table_cell(&t, "%.0f", json_number_value(sum));
		for (size_t w = 0; w < n; w++)
			table_cell(&t, "%.0f",
				   number_of(json_object_get(json_array_get(workers, w), object),
					     key));
	}
	table_end(&t);
}

static void print_port_counters(const json_t *answer)
{
	static const char *const head[] = {"PORT",       ">RECEIVED", ">BYTES",     ">SENT",
					   ">BYTES",     ">MISSED",   ">RX ERRORS", ">NO BUFFER",
					   ">TX ERRORS", NULL};
	static const char *const keys[] = {"rx_packets", "rx_bytes",  "tx_packets",   "tx_bytes",
					   "rx_missed",  "rx_errors", "rx_no_buffer", "tx_errors"};
	const json_t *p, *ports = json_object_get(answer, "ports");
	struct table t = table_begin(head);
	size_t i;

	json_array_foreach (ports, i, p) {
		table_cell(&t, "%s", text_of(p, "name"));
		for (size_t k = 0; k < WEIR_ARRAY_LEN(keys); k++)
			table_cell(&t, "%lld", (long long)int_of(p, keys[k]));
	}
	table_end(&t);
}

void render_stats(const json_t *answer)
{
	print_counters(answer, "counters");
	puts("\ncycles a packet, by stage (sampled)");
	print_counters(answer, "cycles_per_packet");
	puts("\ncycles of HTTP, by kind of work");
	print_counters(answer, "http_cycles");
	putchar('\n');
	print_port_counters(answer);
}
