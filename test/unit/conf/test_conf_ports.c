/* SPDX-License-Identifier: BSD-3-Clause */
/* ports: every key, its default and its limits. */
#include "conf_test.h"

START_TEST(a_port_has_its_defaults)
{
	struct weir_conf *c = conf_of(TWO_PORTS ONE_WIRE, "");

	ck_assert_uint_eq(c->n_ports, 2);
	ck_assert_str_eq(c->ports[0].name, "a");
	ck_assert_str_eq(c->ports[1].name, "b");
	ck_assert_int_eq(c->ports[0].driver, WEIR_DRIVER_AUTO);
	ck_assert_int_eq(c->ports[0].checksum, WEIR_CHECKSUM_VERIFY);
	ck_assert_uint_eq(c->ports[0].mtu, 1500);
	ck_assert_uint_eq(c->ports[0].queues, 0);
	ck_assert_str_eq(c->ports[1].pos.file, "/etc/weir/t.yaml");
	ck_assert_uint_eq(c->ports[1].pos.line, 1);
	ck_assert_uint_eq(c->ports[1].pos.column, 41);
	weir_conf_destroy(c);
}
END_TEST

static const struct {
	const char *keys;
	enum weir_conf_driver driver;
	enum weir_conf_checksum checksum;
	unsigned int mtu, queues;
} given[] = {
	{"driver: auto", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_VERIFY, 1500, 0},
	{"driver: af_xdp", WEIR_DRIVER_AF_XDP, WEIR_CHECKSUM_VERIFY, 1500, 0},
	{"driver: af_packet", WEIR_DRIVER_AF_PACKET, WEIR_CHECKSUM_VERIFY, 1500, 0},
	{"checksum: verify", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_VERIFY, 1500, 0},
	{"checksum: repair", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_REPAIR, 1500, 0},
	{"checksum: ignore", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_IGNORE, 1500, 0},
	{"mtu: 1280", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_VERIFY, 1280, 0},
	{"mtu: 9216", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_VERIFY, 9216, 0},
	{"queues: auto", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_VERIFY, 1500, 0},
	{"queues: 1", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_VERIFY, 1500, 1},
	{"queues: 64", WEIR_DRIVER_AUTO, WEIR_CHECKSUM_VERIFY, 1500, 64},
	{"mtu: 9000, queues: 2, driver: af_xdp, checksum: repair", WEIR_DRIVER_AF_XDP,
	 WEIR_CHECKSUM_REPAIR, 9000, 2},
};

START_TEST(a_port_has_what_is_given)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(given); i++) {
		struct weir_buf text = {0};
		const struct weir_conf_port *p;
		struct weir_conf *c;

		weir_buf_printf(&text,
				"ports: [{name: a, device: 'iface:a0', %s},\n"
				"        {name: b, device: 'iface:b0', mtu: %u}]\n" ONE_WIRE,
				given[i].keys, given[i].mtu);
		c = conf_of(text.ptr, "");
		p = &c->ports[0];
		ck_assert_int_eq(p->driver, given[i].driver);
		ck_assert_int_eq(p->checksum, given[i].checksum);
		ck_assert_uint_eq(p->mtu, given[i].mtu);
		ck_assert_uint_eq(p->queues, given[i].queues);
		weir_conf_destroy(c);
		weir_buf_fini(&text);
	}
}
END_TEST

START_TEST(an_mtu_too_small_for_ipv6_is_warned_of)
{
	struct weir_conf *c = conf_of(
		"ports: [{name: a, device: 'iface:a0', mtu: 1279},\n"
		"        {name: b, device: 'iface:b0', mtu: 1279}]\n" ONE_WIRE,
		"/etc/weir/t.yaml:1:44: warning: IPv6 does not work with an mtu below 1280 (RFC "
		"8200 section 5)\n"
		"/etc/weir/t.yaml:2:44: warning: IPv6 does not work with an mtu below 1280 (RFC "
		"8200 section 5)\n");

	ck_assert_uint_eq(c->ports[0].mtu, 1279);
	weir_conf_destroy(c);
}
END_TEST

static const struct said_row refused[] = {
	{"", "t.yaml:1:1: error: 'ports' is missing\n"},
	{"ports:\n", "t.yaml:2:7: error: 'ports' is empty\n"},
	{"ports: x\n", "t.yaml:2:8: error: ports must be a list, not a value\n"},
	{"ports: []\n", "t.yaml:2:8: error: ports must have 1 to 32 ports, not 0\n"},
	{"ports: {a: 1}\n", "t.yaml:2:8: error: ports must be a list, not a mapping\n"},
};

START_TEST(ports_must_be_a_list)
{
	assert_refused(ONE_WIRE, refused, WEIR_ARRAY_LEN(refused));
}
END_TEST

/* A third port, beside two good ones in a wire. */
static const struct said_row bad_ports[] = {
	{"x", "t.yaml:4:1: error: a port must be a mapping, not a value\n"},
	{"~", "t.yaml:4:1: error: a port is empty: it must be a mapping\n"},
	{"{}", "t.yaml:4:1: error: 'name' is missing\n"},
	{"{name: c}", "t.yaml:4:1: error: 'device' is missing\n"},
	{"{name: c, driver: af_xdp}", "t.yaml:4:1: error: 'device' is missing\n"},
	{"{name: ~, device: 'iface:c0'}", "t.yaml:4:8: error: 'name' is empty\n"},
	{"{name: [c], device: 'iface:c0'}",
	 "t.yaml:4:8: error: name must be a value, not a list\n"},
	{"{name: '', device: 'iface:c0'}",
	 "t.yaml:4:8: error: '' is no name: 1 to 31 letters, digits, '_', '.' and '-'\n"},
	{"{name: c d, device: 'iface:c0'}",
	 "t.yaml:4:8: error: 'c d' is no name: 1 to 31 letters, digits, '_', '.' and '-'\n"},
	{"{name: c/d, device: 'iface:c0'}",
	 "t.yaml:4:8: error: 'c/d' is no name: 1 to 31 letters, digits, '_', '.' and '-'\n"},
	{"{name: \"c\\nd\", device: 'iface:c0'}",
	 "t.yaml:4:8: error: 'c\\x0ad' is no name: 1 to 31 letters, digits, '_', '.' and '-'\n"},
	{"{name: gr\xc3\xbcn, device: 'iface:c0'}", "t.yaml:4:8: error: 'gr\xc3\xbcn' is no name: "
						    "1 to 31 letters, digits, '_', '.' and '-'\n"},
	{"{name: a23456789-123456789-123456789-12, device: 'iface:c0'}",
	 "t.yaml:4:8: error: 'a23456789-123456789-123456789-12' is no name: 1 to 31 letters, "
	 "digits, "
	 "'_', '.' and '-'\n"},
	{"{name: a, device: 'iface:c0'}",
	 "t.yaml:4:8: error: there is a port 'a' on line 2 already\n"},
	{"{name: c, device: 'iface:c0', nmae: x}",
	 "t.yaml:4:31: error: unknown key 'nmae', did you mean 'name'?\n"},
	{"{name: c, device: 'iface:c0', drive: auto}",
	 "t.yaml:4:31: error: unknown key 'drive', did you mean 'driver'?\n"},
	{"{name: c, device: 'iface:c0', driver: xdp}",
	 "t.yaml:4:39: error: driver cannot be 'xdp', did you mean 'af_xdp'?\n"},
	{"{name: c, device: 'iface:c0', driver: ~}",
	 "t.yaml:4:39: error: driver is empty: it must be a value\n"},
	{"{name: c, device: '18:00.0', driver: af_xdp}",
	 "t.yaml:4:38: error: driver is for kernel interfaces (iface:NAME) only\n"},
	{"{name: c, device: 'vdev:net_null0', driver: af_packet}",
	 "t.yaml:4:45: error: driver is for kernel interfaces (iface:NAME) only\n"},
	{"{name: c, device: 'iface:c0', mtu: 575}",
	 "t.yaml:4:36: error: mtu must lie between 576 and 9216, not 575\n"},
	{"{name: c, device: 'iface:c0', mtu: 9217}",
	 "t.yaml:4:36: error: mtu must lie between 576 and 9216, not 9217\n"},
	{"{name: c, device: 'iface:c0', mtu: 67036}",
	 "t.yaml:4:36: error: mtu must lie between 576 and 9216, not 67036\n"},
	{"{name: c, device: 'iface:c0', queues: 0}",
	 "t.yaml:4:39: error: queues must lie between 1 and 64, not 0\n"},
	{"{name: c, device: 'iface:c0', queues: 65}",
	 "t.yaml:4:39: error: queues must lie between 1 and 64, not 65\n"},
	{"{name: c, device: 'iface:c0', queues: 'auto'}",
	 "t.yaml:4:39: error: queues must be a number, not 'auto': write digits only\n"},
	{"{name: c, device: 'iface:c0', checksum: fix}",
	 "t.yaml:4:41: error: checksum cannot be 'fix': it is verify, repair or ignore\n"},
	{"{name: c, device: 'iface:c0', checksum: verfy, mtu: big}",
	 "t.yaml:4:53: error: mtu must be a number, not 'big': write digits only\n"
	 "t.yaml:4:41: error: checksum cannot be 'verfy', did you mean 'verify'?\n"},
};

START_TEST(bad_ports_are_refused_at_their_place)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(bad_ports); i++) {
		struct weir_buf text = {0};
		struct said_row row = {NULL, bad_ports[i].said};

		weir_buf_printf(&text,
				"ports: [\n{name: a, device: 'iface:a0'},\n"
				"{name: b, device: 'iface:b0'},\n%s\n]\n" ONE_WIRE,
				bad_ports[i].text);
		row.text = text.ptr;
		assert_refused("", &row, 1);
		weir_buf_fini(&text);
	}
}
END_TEST

START_TEST(a_name_may_have_31_characters_of_every_allowed_kind)
{
	struct weir_conf *c =
		conf_of("ports: [{name: a.B_9-6789012345678901234567890, device: 'iface:a0'},\n"
			"        {name: -, device: 'iface:b0'}]\n"
			"wires: [{name: '0', ports: [a.B_9-6789012345678901234567890, '-']}]\n",
			"");

	ck_assert_uint_eq(strlen(c->ports[0].name), 31);
	weir_conf_destroy(c);
}
END_TEST

START_TEST(there_are_at_most_32_ports)
{
	struct weir_buf text = {0}, more = {0};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *c;
	struct said_row row;

	weir_buf_str(&text, ONE_WIRE "ports:\n- {name: a, device: 'iface:a'}\n");
	weir_buf_str(&text, "- {name: b, device: 'iface:b'}\n");
	for (unsigned int i = 2; i < WEIR_CONF_PORTS_MAX; i++)
		weir_buf_printf(&text, "- {name: p%u, device: 'iface:p%u'}\n", i, i);
	c = weir_conf_from_text("t.yaml", bytes_of(text.ptr), r);
	ck_assert_uint_eq(c->n_ports, WEIR_CONF_PORTS_MAX);
	ck_assert_uint_eq(weir_conf_warnings(r), WEIR_CONF_PORTS_MAX - 2);
	weir_conf_destroy(c);
	weir_conf_report_destroy(r);
	weir_buf_printf(&more, "%s- {name: p, device: 'iface:p'}\n", text.ptr);
	row = (struct said_row){more.ptr,
				"t.yaml:3:1: error: ports must have 1 to 32 ports, not 33\n"};
	assert_refused("", &row, 1);
	weir_buf_fini(&text);
	weir_buf_fini(&more);
}
END_TEST

Suite *ports_suite(void)
{
	return WEIR_SUITE("conf ports", a_port_has_its_defaults, a_port_has_what_is_given,
			  an_mtu_too_small_for_ipv6_is_warned_of, ports_must_be_a_list,
			  bad_ports_are_refused_at_their_place,
			  a_name_may_have_31_characters_of_every_allowed_kind,
			  there_are_at_most_32_ports);
}
