/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload cannot take up is named by its key. */
#include "conf_test.h"

#define PORTS "ports: [ {name: a, device: 'iface:a0', mtu: 1500}, {name: b, device: 'iface:b0'} ]\n"
#define WIRES "wires: [ {name: w0, ports: [a, b]} ]\n"
#define REST                                                          \
	"workers: [1, 2]\nmemory: {connections: 1000}\npolicy: [p]\n" \
	"rules: {stream: [s]}\nlog: {events: e, ring: 128}\ncontrol: {socket: c}\n"

/* `from` of the file below becomes `to`. */
static const struct {
	const char *from, *to, *key; /* NULL: no restart */
} changes[] = {
	{"", "", NULL},
	{"policy: [p]", "policy: [p, q]", NULL},
	{"stream: [s]", "stream: []", NULL},
	{"events: e", "events: f", NULL},
	{"events: e, ", "", NULL},
	{"'iface:a0'", "\"iface:a0\"", NULL},
	{"[1, 2]", "[1, 3]", "workers"},
	{"[1, 2]", "[2, 1]", "workers"},
	{"[1, 2]", "[1]", "workers"},
	{"[1, 2]", "[1, 2, 3]", "workers"},
	{"workers: [1, 2]", "", "workers"},
	{"connections: 1000", "connections: 1001", "memory"},
	{"connections: 1000", "connections: 1000, packets: 4096", "memory"},
	{"connections: 1000", "connections: 1000, packets: auto", NULL},
	{"connections: 1000", "connections: 1000, fragments: 1", "memory"},
	{"connections: 1000", "connections: 1000, inspected: 17", "memory"},
	{"connections: 1000", "connections: 1000, hugepages: never", "memory"},
	{"connections: 1000", "connections: 1000, dumps: true", "memory"},
	{"iface:b0", "iface:b1", "ports"},
	{"iface:b0", "vdev:b0", "ports"},
	{"device: 'iface:b0'", "device: 'iface:b0', mtu: 1499", "ports"},
	{"device: 'iface:b0'", "device: 'iface:b0', queues: 1", "ports"},
	{"device: 'iface:b0'", "device: 'iface:b0', driver: af_xdp", "ports"},
	{"device: 'iface:b0'", "device: 'iface:b0', checksum: repair", "ports"},
	{"device: 'iface:b0'}", "device: 'iface:b0'}, {name: c, device: 'iface:c0'}", "ports"},
	{"name: w0", "name: w1", "wires"},
	{"[a, b]", "[b, a]", "wires"},
	{"[a, b]", "[a, b], linkState: ignore", "wires"},
	{"[a, b]", "[a, b], linkState: carry", NULL},
	{"socket: c", "socket: d", "control"},
	{"control: {socket: c}", "", "control"},
	{"connections: 1000", "connections: 1000, waf: 1MiB", "memory"},
	{"connections: 1000", "connections: 1000, http2: 1MiB", "memory"},
	{"ring: 128", "ring: 256", "log.ring"},
	{"ring: 128", "ring: 128, transactions: 99", "log.transactions"},
	{"ring: 128", "ring: 128, values: true", "log.values"},
	{"e, ring: 128", "e", "log.ring"},
};

static struct weir_conf *load(const char *text)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *c = weir_conf_from_text("/etc/weir/t.yaml", bytes_of(text), r);
	struct weir_buf said = {0};

	weir_conf_report_text(r, &said);
	ck_assert_msg(c != NULL, "\n%s%s", text, said.ptr);
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
	return c;
}

static struct weir_conf *load_changed(const char *from, const char *to)
{
	static const char whole[] = PORTS WIRES REST;
	const char *at = strstr(whole, from);
	struct weir_buf text = {0};
	struct weir_conf *c;

	ck_assert_msg(at != NULL, "%s", from);
	weir_buf_add(&text, whole, (size_t)(at - whole));
	weir_buf_str(&text, to);
	weir_buf_str(&text, at + strlen(from));
	c = load(text.ptr);
	weir_buf_fini(&text);
	return c;
}

START_TEST(changes_that_need_a_restart_are_named)
{
	struct weir_conf *running = load(PORTS WIRES REST);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(changes); i++) {
		struct weir_conf *wanted = load_changed(changes[i].from, changes[i].to);
		const char *key = "unset";
		bool needed = weir_conf_needs_restart(running, wanted, &key);

		ck_assert_msg(needed == (changes[i].key != NULL), "%s", changes[i].to);
		if (needed)
			ck_assert_str_eq(key, changes[i].key);
		else
			ck_assert_ptr_null(key);
		ck_assert(weir_conf_needs_restart(wanted, running, NULL) == needed);
		weir_conf_destroy(wanted);
	}
	weir_conf_destroy(running);
}
END_TEST

/* The program fills in the CPUs when the file names none. */
START_TEST(workers_filled_in_are_no_change_of_the_file)
{
	struct weir_conf *running = load(PORTS WIRES), *wanted = load(PORTS WIRES);
	const char *key = NULL;

	running->workers[0] = 1;
	running->workers[1] = 2;
	running->n_workers = 2;
	ck_assert(!weir_conf_needs_restart(running, wanted, &key));
	weir_conf_destroy(wanted);
	wanted = load(PORTS WIRES "workers: [1, 2]\n");
	ck_assert(!weir_conf_needs_restart(running, wanted, &key));
	weir_conf_destroy(wanted);
	wanted = load(PORTS WIRES "workers: [1]\n");
	ck_assert(weir_conf_needs_restart(running, wanted, &key));
	ck_assert_str_eq(key, "workers");
	weir_conf_destroy(wanted);
	weir_conf_destroy(running);
}
END_TEST

START_TEST(the_first_of_several_changes_is_named)
{
	struct weir_conf *running = load(PORTS WIRES REST), *wanted = load(PORTS WIRES);
	const char *key = NULL;

	ck_assert(weir_conf_needs_restart(running, wanted, &key));
	ck_assert_str_eq(key, "workers");
	weir_conf_destroy(wanted);
	weir_conf_destroy(running);
}
END_TEST

Suite *restart_suite(void)
{
	return WEIR_SUITE("conf restart", changes_that_need_a_restart_are_named,
			  workers_filled_in_are_no_change_of_the_file,
			  the_first_of_several_changes_is_named);
}
