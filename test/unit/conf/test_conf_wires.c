/* SPDX-License-Identifier: BSD-3-Clause */
/* wires: two different known ports each, no port twice. */
#include "conf_test.h"

#define FOUR_PORTS                                                                           \
	"ports: [{name: outside, device: 'iface:p0'}, {name: inside, device: 'iface:p1'},\n" \
	"        {name: east, device: 'iface:p2'}, {name: west, device: 'iface:p3'}]\n"

START_TEST(wires_have_their_ports_in_order)
{
	struct weir_conf *c =
		conf_of(FOUR_PORTS "wires:\n"
				   "- {name: w0, ports: [inside, outside]}\n"
				   "- {name: w1, ports: ['east', west], linkState: ignore}\n",
			"");

	ck_assert_uint_eq(c->n_wires, 2);
	ck_assert_str_eq(c->wires[0].name, "w0");
	ck_assert_uint_eq(c->wires[0].port[0], 1);
	ck_assert_uint_eq(c->wires[0].port[1], 0);
	ck_assert(c->wires[0].carry_link);
	ck_assert_str_eq(c->wires[1].name, "w1");
	ck_assert_uint_eq(c->wires[1].port[0], 2);
	ck_assert_uint_eq(c->wires[1].port[1], 3);
	ck_assert(!c->wires[1].carry_link);
	weir_conf_destroy(c);
}
END_TEST

START_TEST(link_state_can_be_told_to_be_carried)
{
	struct weir_conf *c =
		conf_of(TWO_PORTS "wires: [{name: w, ports: [a, b], linkState: carry}]", "");

	ck_assert(c->wires[0].carry_link);
	weir_conf_destroy(c);
}
END_TEST

START_TEST(ports_in_no_wire_are_warned_of)
{
	weir_conf_destroy(conf_of(FOUR_PORTS "wires: [{name: w0, ports: [west, outside]}]\n",
				  "/etc/weir/t.yaml:1:46: warning: port 'inside' is in no wire: "
				  "its frames go nowhere\n"
				  "/etc/weir/t.yaml:2:9: warning: port 'east' is in no wire: its "
				  "frames go nowhere\n"));
}
END_TEST

START_TEST(ends_of_different_mtu_are_warned_of)
{
	weir_conf_destroy(
		conf_of("ports: [{name: a, device: 'iface:a0', mtu: 9000}, {name: b, device: "
			"'iface:b0'}]\n" ONE_WIRE,
			"/etc/weir/t.yaml:2:10: warning: wire 'w0': 'a' has mtu 9000 and 'b' 1500, "
			"larger packets will be dropped\n"));
}
END_TEST

static const struct said_row refused[] = {
	{"", "t.yaml:1:1: error: 'wires' is missing\n"},
	{"wires:\n", "t.yaml:3:7: error: 'wires' is empty\n"},
	{"wires: w0\n", "t.yaml:3:8: error: wires must be a list, not a value\n"},
	{"wires: []\n", "t.yaml:3:8: error: wires must have 1 to 16 wires, not 0\n"},
	{"wires: [w0]\n", "t.yaml:3:9: error: a wire must be a mapping, not a value\n"},
	{"wires: [{ports: [east, west]}]\n", "t.yaml:3:9: error: 'name' is missing\n"},
	{"wires: [{name: 'w 0', ports: [east, west]}]\n",
	 "t.yaml:3:16: error: 'w 0' is no name: 1 to 31 letters, digits, '_', '.' and '-'\n"},
	{"wires: [{name: w0}]\n", "t.yaml:3:9: error: 'ports' is missing\n"},
	{"wires: [{name: w0, ports: east}]\n",
	 "t.yaml:3:27: error: ports must be a list, not a value\n"},
	{"wires: [{name: w0, ports: []}]\n", "t.yaml:3:27: error: a wire has two ports, not 0\n"},
	{"wires: [{name: w0, ports: [east]}]\n",
	 "t.yaml:3:27: error: a wire has two ports, not 1\n"},
	{"wires: [{name: w0, ports: [east, west, inside]}]\n",
	 "t.yaml:3:27: error: a wire has two ports, not 3\n"},
	{"wires: [{name: w0, ports: [east, east]}]\n",
	 "t.yaml:3:34: error: a wire needs two different ports, not 'east' twice\n"},
	{"wires: [{name: w0, ports: [inzide, ~]}]\n",
	 "t.yaml:3:28: error: there is no port 'inzide', did you mean 'inside'?\n"
	 "t.yaml:3:36: error: a port's name is empty: it must be a value\n"},
	{"wires: [{name: w0, ports: [EAST, wst]}]\n",
	 "t.yaml:3:28: error: there is no port 'EAST', did you mean 'east'?\n"
	 "t.yaml:3:34: error: there is no port 'wst', did you mean 'west'?\n"},
	{"wires: [{name: w0, ports: [far-away, [east]]}]\n",
	 "t.yaml:3:28: error: there is no port 'far-away'\n"
	 "t.yaml:3:38: error: a port's name must be a value, not a list\n"},
	{"wires:\n- {name: w0, ports: [east, west]}\n- {name: w1, ports: [inside, east]}\n",
	 "t.yaml:5:30: error: port 'east' is in wire 'w0' already\n"},
	{"wires:\n- {name: w0, ports: [east, west]}\n- {name: w0, ports: [inside, outside]}\n",
	 "t.yaml:5:10: error: there is a wire 'w0' already\n"},
	{"wires: [{name: w0, ports: [east, west], linkstate: carry}]\n",
	 "t.yaml:3:41: error: unknown key 'linkstate', did you mean 'linkState'?\n"},
	{"wires: [{name: w0, ports: [east, west], linkState: cary}]\n",
	 "t.yaml:3:52: error: linkState cannot be 'cary', did you mean 'carry'?\n"},
	{"wires: [{name: w0, ports: [east, west], linkState: false}]\n",
	 "t.yaml:3:52: error: linkState cannot be 'false': it is carry or ignore\n"},
};

START_TEST(bad_wires_are_refused_at_their_place)
{
	assert_refused(FOUR_PORTS, refused, WEIR_ARRAY_LEN(refused));
}
END_TEST

START_TEST(there_are_at_most_16_wires)
{
	struct weir_buf text = {0};
	struct weir_conf *c;
	struct said_row row;

	weir_buf_str(&text, "ports:\n");
	for (unsigned int i = 0; i < WEIR_CONF_PORTS_MAX; i++)
		weir_buf_printf(&text, "- {name: p%u, device: 'iface:p%u'}\n", i, i);
	weir_buf_str(&text, "wires:\n");
	for (unsigned int i = 0; i < WEIR_CONF_WIRES_MAX; i++)
		weir_buf_printf(&text, "- {name: w%u, ports: [p%u, p%u]}\n", i, 2 * i, 2 * i + 1);
	c = conf_of(text.ptr, "");
	ck_assert_uint_eq(c->n_wires, WEIR_CONF_WIRES_MAX);
	ck_assert_uint_eq(c->wires[15].port[1], 31);
	weir_conf_destroy(c);
	row = (struct said_row){"- {name: more, ports: [p0, p1]}\n",
				"t.yaml:35:1: error: wires must have 1 to 16 wires, not 17\n"};
	assert_refused(text.ptr, &row, 1);
	weir_buf_fini(&text);
}
END_TEST

Suite *wires_suite(void)
{
	return WEIR_SUITE("conf wires", wires_have_their_ports_in_order,
			  link_state_can_be_told_to_be_carried, ports_in_no_wire_are_warned_of,
			  ends_of_different_mtu_are_warned_of, bad_wires_are_refused_at_their_place,
			  there_are_at_most_16_wires);
}
