/* SPDX-License-Identifier: BSD-3-Clause */
/* Failures told: cause and command. */
#include "fixture.h"

#include "../../../lib/port/port_impl.h"

START_TEST(a_mistyped_driver_is_suggested)
{
	static const struct {
		const char *name;
		const char *nearest; /* NULL: known */
	} rows[] = {
		{"net_memif0", NULL},       {"net_tap12", NULL},
		{"net_virtio_user3", NULL}, {"net_mmif0", "net_memif"},
		{"memif0", "net_memif"},    {"net_afpacket0", "net_af_packet"},
		{"tap0", "net_tap"},        {"vhost1", "net_vhost"},
		{"net_nul0", "net_null"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const char *nearest = port_driver_suggestion(rows[i].name);

		if (rows[i].nearest)
			ck_assert_pstr_eq(nearest, rows[i].nearest);
		else
			ck_assert_ptr_null(nearest);
	}
}
END_TEST

START_TEST(what_drivers_say_is_translated)
{
	static const struct {
		const char *said;
		const char *text;
		const char *quoted;
	} rows[] = {
		{"xsk: one\nlibbpf: Kernel error message: Peer MTU is too large to set XDP\nlast\n",
		 "ip link set dev gw9 mtu 3430",
		 "(said: libbpf: Kernel error message: Peer MTU is "
		 "too large to set XDP)"},
		{"rte_pmd_init_internals(): could not open AF_PACKET socket:Operation not "
		 "permitted",
		 "run as root", "(said: rte_pmd_init_internals"},
		{"hello\nsomething: failed to do it\n", "something: failed to do it", ""},
		{"only one line", "only one line", ""},
		{"", "the driver does not say why", ""},
		{"\n\n", "the driver does not say why", ""},
		{"bind: Address already in use\n", "another path", "(said: bind:"},
	};
	struct weir_conf_port conf = {.name = "inside", .device = "gw9", .kind = WEIR_DEVICE_IFACE};
	struct port_state *state = calloc(1, sizeof(*state) + 64);
	struct weir_port p = {.conf = &conf, .state = state};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf why = {0};

		ck_assert_int_eq(port_fail_said(&p, -WEIR_EIO, "no start", rows[i].said, &why),
				 -WEIR_EIO);
		ck_assert_msg(strstr(why.ptr, "port inside (iface:gw9): no start: ") == why.ptr,
			      "%s", why.ptr);
		ck_assert_msg(strstr(why.ptr, rows[i].text), "row %zu: %s", i, why.ptr);
		ck_assert_msg(strstr(why.ptr, rows[i].quoted), "row %zu: %s", i, why.ptr);
		ck_assert_ptr_null(strchr(why.ptr, '\n'));
		weir_buf_fini(&why);
	}
	free(state);
}
END_TEST

START_TEST(a_port_that_cannot_open_says_why_and_leaves_nothing)
{
	static const struct {
		const char *devices[3];
		const char *text;
	} rows[] = {
		{{"vdev:net_mmif0"},
		 "no poll-mode driver is called net_mmif0, did you mean net_memif?"},
		{{"vdev:,x=1"}, "begins with its driver's name"},
		{{"vdev:net_memif0,role=bogus"}, "port p0 (vdev:net_memif0,role=bogus): "},
		{{"vdev:net_null0,nonsense=1"}, "look at its arguments"},
		{{"vdev:net_null0", "vdev:net_null0"}, "the name net_null0 is taken"},
		{{"vdev:net_null0", "vdev:net_null0,size=99"}, "the name net_null0 is taken"},
		{{"vdev:net_null0", "vdev:net_pcap0,rx_pcap=/nowhere.pcap"}, "port p1 "},
		{{"iface:not-there"}, "there is no interface not-there; ip link show"},
		{{"iface:a-name-that-is-too-long"}, "there is no interface"},
		{{"0000:ff:1f.7"}, "there is no PCI device 0000:ff:1f.7; dpdk-devbind.py"},
		{{"ff:1f.7"}, "there is no PCI device 0000:ff:1f.7"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct fixture f;

		fixture_init(&f, 1, 64, rows[i].devices);
		fixture_refuses(&f, rows[i].text);
		fixture_fini(&f);
	}
}
END_TEST

Suite *suite_port_why(void)
{
	return WEIR_SUITE("port why", a_mistyped_driver_is_suggested,
			  what_drivers_say_is_translated,
			  a_port_that_cannot_open_says_why_and_leaves_nothing);
}
