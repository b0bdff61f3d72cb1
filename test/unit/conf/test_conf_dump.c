/* SPDX-License-Identifier: BSD-3-Clause */
/* The effective configuration: what it looks like, and that it loads to the same. */
#include "conf_test.h"

#include <conf/source_root.h>

#define EXAMPLE SOURCE_ROOT "/config/weir.yaml"

static struct weir_buf dump_of(const struct weir_conf *c)
{
	struct weir_buf b = {0};

	weir_conf_dump(c, &b);
	ck_assert(!b.failed);
	return b;
}

START_TEST(the_dump_has_every_default_filled_in)
{
	struct weir_conf *c = conf_of(TWO_PORTS ONE_WIRE, "");
	struct weir_buf b = dump_of(c);

	ck_assert_str_eq(b.ptr, "# workers: every core but the first\n"
				"memory:\n"
				"  connections: 100000  # flows over all workers\n"
				"  inspected: 25000  # of them with inspection\n"
				"  packets: auto\n"
				"  fragments: 1024  # unfinished datagrams a worker\n"
				"  waf: 67108864  # bytes a worker, for HTTP transactions\n"
				"  http2: 67108864  # bytes a worker, for HTTP/2\n"
				"  hugepages: auto\n"
				"  dumps: false\n"
				"ports:\n"
				"  - name: \"a\"\n"
				"    device: \"iface:a0\"\n"
				"    mtu: 1500  # bytes of L3\n"
				"    checksum: verify\n"
				"    driver: auto\n"
				"    queues: auto  # as many as there are workers\n"
				"  - name: \"b\"\n"
				"    device: \"iface:b0\"\n"
				"    mtu: 1500  # bytes of L3\n"
				"    checksum: verify\n"
				"    driver: auto\n"
				"    queues: auto  # as many as there are workers\n"
				"wires:\n"
				"  - name: \"w0\"\n"
				"    ports: [\"a\", \"b\"]\n"
				"    linkState: carry\n"
				"policy: []\n"
				"rules:\n"
				"  stream: []\n"
				"log:\n"
				"  ring: 65536  # records a worker\n"
				"  transactions: 4096  # of them, those of HTTP\n"
				"  values: false\n"
				"tls:\n"
				"  ticketRotation: 3600000ms\n"
				"control:\n"
				"  socket: \"/run/weir/weir.sock\"\n");
	weir_conf_destroy(c);
	weir_buf_fini(&b);
}
END_TEST

/* Loads the dump as a file of another folder and dumps that. */
static void assert_loads_to_the_same(const struct weir_conf *c)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_buf first = dump_of(c), second;
	struct weir_conf *again = weir_conf_from_text("/other/folder/x", bytes_of(first.ptr), r);
	const char *key = NULL;

	ck_assert_uint_eq(weir_conf_errors(r), 0);
	ck_assert_ptr_nonnull(again);
	second = dump_of(again);
	ck_assert_str_eq(second.ptr, first.ptr);
	ck_assert_msg(!weir_conf_needs_restart(c, again, &key), "%s", key);
	weir_conf_destroy(again);
	weir_buf_fini(&first);
	weir_buf_fini(&second);
	weir_conf_report_destroy(r);
}

static const char *const texts[] = {
	TWO_PORTS ONE_WIRE,
	"workers: [5, 4, 0, 1023]\n"
	"memory: {connections: 65, packets: 99999, fragments: 7, waf: 0, hugepages: never}\n"
	"ports:\n"
	"- {name: '1', device: '10000:AF:1f.7', mtu: 9216, queues: 64, checksum: ignore}\n"
	"- {name: null-, device: 'iface:it''s', mtu: 9216, driver: af_packet, checksum: repair}\n"
	"- {name: 'yes', device: 'vdev:net_pcap0,rx_pcap=/a \"b\\c: #d.pcap', queues: 1}\n"
	"- {name: '0x10', device: 'iface:{a}', driver: af_xdp}\n"
	"wires:\n"
	"- {name: '-', ports: ['1', null-], linkState: ignore}\n"
	"- {name: 'on', ports: ['0x10', 'yes'], linkState: carry}\n",
	TWO_PORTS ONE_WIRE
	"policy: [\"a'b\", \"c\\\"d\\\\e\", 'f: g', '#h', '~', 'null', ' i ']\n"
	"rules: {cache: /var/cache/weir, stream: ['gr\xc3\xbc\xc3\x9f', "
	"\"\\u20ac\", \"\\U0001f600\"]}\n"
	"log: {events: 'x', ring: 65, transactions: 17, values: true}\ncontrol: {socket: 's'}\n",
	/* what YAML takes escaped only, or breaks lines at */
	TWO_PORTS ONE_WIRE
	"policy: [\"\\x80\", \"a\\u0085b\", \"\\u009f\", \"\\u00a0\", \"\\u2028\",\n"
	"  \"\\u2029\", \"\\ufeffx\", \"\\ufffe\", \"\\uffff\", \"\\U0010ffff\"]\n",
};

START_TEST(a_dump_loads_to_the_same)
{
	static const char name[] = "/etc/weir/x.yaml";

	for (size_t i = 0; i < WEIR_ARRAY_LEN(texts); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_conf *c = weir_conf_from_text(name, bytes_of(texts[i]), r);
		struct weir_buf said = {0};

		weir_conf_report_text(r, &said);
		ck_assert_msg(c != NULL, "%s", said.ptr);
		assert_loads_to_the_same(c);
		weir_buf_fini(&said);
		weir_conf_destroy(c);
		weir_conf_report_destroy(r);
	}
}
END_TEST

START_TEST(paths_survive_the_dump_exactly)
{
	struct weir_conf *c = conf_of(texts[3], "");
	static const char *const want[] = {"\xc2\x80",
					   "a\xc2\x85"
					   "b",
					   "\xc2\x9f",
					   "\xc2\xa0",
					   "\xe2\x80\xa8",
					   "\xe2\x80\xa9",
					   "\xef\xbb\xbfx",
					   "\xef\xbf\xbe",
					   "\xef\xbf\xbf",
					   "\xf4\x8f\xbf\xbf"};
	struct weir_buf b = dump_of(c);
	struct weir_conf *again = conf_of(b.ptr, "");

	ck_assert_uint_eq(again->n_policy, WEIR_ARRAY_LEN(want));
	for (size_t i = 0; i < WEIR_ARRAY_LEN(want); i++) {
		ck_assert_str_eq(c->policy[i] + strlen("/etc/weir/"), want[i]);
		ck_assert_str_eq(again->policy[i], c->policy[i]);
	}
	weir_conf_destroy(c);
	weir_conf_destroy(again);
	weir_buf_fini(&b);
}
END_TEST

/* ---- config/weir.yaml ---- */

START_TEST(the_appliance_file_that_we_ship_loads)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *c = weir_conf_load(EXAMPLE, r);

	assert_said(r, EXAMPLE, "");
	ck_assert_str_eq(c->policy[0], SOURCE_ROOT "/config/policy.d");
	assert_loads_to_the_same(c);
	weir_conf_destroy(c);
}
END_TEST

/* Adds a line "memory.packets" for each key below `n`; members of lists count as one. */
static void add_keys(const struct weir_conf_node *n, const char *prefix, struct weir_buf *out)
{
	weir_conf_foreach (m, n) {
		struct weir_buf path = {0};

		weir_buf_printf(&path, "%s%s%s", prefix, m->key ? "." : "", m->key ? m->key : "[]");
		if (m->key)
			weir_buf_printf(out, "\n%s\n", path.ptr);
		add_keys(m, path.ptr, out);
		weir_buf_fini(&path);
	}
}

static struct weir_buf keys_of(struct weir_conf_docs *d)
{
	struct weir_buf keys = {0};

	add_keys(weir_conf_doc(d, 0), "", &keys);
	weir_conf_docs_destroy(d);
	return keys;
}

START_TEST(the_appliance_file_that_we_ship_names_every_key)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *c = weir_conf_load(EXAMPLE, r);
	struct weir_buf dump = dump_of(c), keys = keys_of(weir_conf_load_file(EXAMPLE, r));
	struct weir_buf wanted = keys_of(docs_of(dump.ptr));
	unsigned int n = 0;
	char *save = NULL;

	for (char *k = strtok_r(wanted.ptr, "\n", &save); k; k = strtok_r(NULL, "\n", &save)) {
		struct weir_buf line = {0};

		weir_buf_printf(&line, "\n%s\n", k);
		ck_assert_msg(strstr(keys.ptr, line.ptr) != NULL, "weir.yaml lacks %s", k);
		weir_buf_fini(&line);
		n++;
	}
	ck_assert_uint_ge(n, 25);
	weir_conf_destroy(c);
	weir_buf_fini(&dump);
	weir_buf_fini(&keys);
	weir_buf_fini(&wanted);
	weir_conf_report_destroy(r);
}
END_TEST

Suite *dump_suite(void)
{
	return WEIR_SUITE("conf dump", the_dump_has_every_default_filled_in,
			  a_dump_loads_to_the_same, paths_survive_the_dump_exactly,
			  the_appliance_file_that_we_ship_loads,
			  the_appliance_file_that_we_ship_names_every_key);
}
