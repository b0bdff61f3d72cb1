/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel interfaces by AF_PACKET and AF_XDP, on veth pairs of the test's own namespace. */
#include "fixture.h"

#include "../../../lib/port/ethtool.h"
#include "../../../lib/port/port_impl.h"

#include <stdio.h>
#include <unistd.h>

#define WORKERS 2

static void make_veth(const char *name, unsigned int queues)
{
	ck_assert_int_eq(fixture_run("ip link add %s numrxqueues %u numtxqueues %u type veth peer "
				     "name %sfar numrxqueues %u numtxqueues %u",
				     name, queues, queues, name, queues, queues),
			 0);
	ck_assert_int_eq(fixture_run("sysctl -qw net.ipv6.conf.%s.disable_ipv6=1 "
				     "net.ipv6.conf.%sfar.disable_ipv6=1",
				     name, name),
			 0);
	ck_assert_int_eq(fixture_run("ip link set dev %sfar up", name), 0);
}

static void drop_veth(const char *name)
{
	ck_assert_int_eq(fixture_run("ip link del dev %s", name), 0);
}

/* Frames of all sizes both ways, on each worker. */
static void expect_both_ways(struct fixture *f, const char *far, uint16_t largest)
{
	int fd = fixture_socket(far);

	for (unsigned int w = 0; w < f->ports->port[0].n_queues; w++) {
		struct rte_mbuf *m[2] = {fixture_frame(f->pool[w], 60, 5),
					 fixture_frame(f->pool[w], largest, 5)};

		ck_assert_uint_eq(weir_port_tx(&f->ports->port[0], w, m, 2), 2);
		ck_assert_uint_eq(fixture_read(fd, 1, 60, 5), 1);
		ck_assert_uint_eq(fixture_read(fd, 1, largest, 5), 1);
	}
	for (unsigned int i = 0; i < 20; i++) {
		fixture_send(fd, i & 1 ? 60 : largest, 6);
		ck_assert_uint_eq(fixture_receive(&f->ports->port[0], f->n_workers, 1, 6), 1);
	}
	close(fd);
}

/* AF_XDP depends on the kernel; what it refuses is printed. */
static bool open_xdp(struct fixture *f, const char *test)
{
	f->ports = weir_ports_open(&f->conf, f->pool, f->n_workers, f->names, &f->why);
	if (!f->ports)
		printf("skipped: %s: %s\n", test, f->why.ptr);
	return f->ports != NULL;
}

START_TEST(af_packet_carries_frames_for_two_workers)
{
	const char *devices[] = {"iface:wpk0 driver=af_packet", NULL};
	struct fixture f;

	if (fixture_not_root("af_packet_carries_frames_for_two_workers"))
		return;
	make_veth("wpk0", 1);
	fixture_init(&f, WORKERS, 4096, devices);
	fixture_open(&f);
	ck_assert_uint_eq(f.ports->port[0].n_queues, WORKERS);
	ck_assert_uint_eq(f.ports->port[0].mtu, 1500);
	ck_assert_int_eq(iface_flags("wpk0") & (IFF_UP | IFF_PROMISC), IFF_UP | IFF_PROMISC);
	expect_both_ways(&f, "wpk0far", 1514);
	fixture_fini(&f);
	drop_veth("wpk0");
}
END_TEST

START_TEST(af_packet_carries_jumbo_frames)
{
	const char *devices[] = {"iface:wpk1 driver=af_packet mtu=9000", NULL};
	struct fixture f;

	if (fixture_not_root("af_packet_carries_jumbo_frames"))
		return;
	make_veth("wpk1", 1);
	ck_assert_int_eq(fixture_run("ip link set dev wpk1far mtu 9000"), 0);
	fixture_init(&f, 1, 512, devices);
	fixture_open(&f);
	ck_assert_uint_eq(f.ports->port[0].mtu, 9000);
	ck_assert_int_eq(iface_mtu("wpk1"), 9000);
	expect_both_ways(&f, "wpk1far", 9014);
	fixture_fini(&f);
	drop_veth("wpk1");
}
END_TEST

START_TEST(af_xdp_serves_each_queue_of_an_interface)
{
	static const struct {
		const char *name, *device;
		unsigned int queues, workers;
	} rows[] = {
		{"wxd11", "iface:wxd11 driver=af_xdp", 1, 1},
		{"wxd22", "iface:wxd22 driver=af_xdp", 2, 2},
		{"wxd12", "iface:wxd12 driver=af_xdp", 1, 2},
		{"wxd31", "iface:wxd31 driver=af_xdp", 3, 1},
	};

	if (fixture_not_root("af_xdp_serves_each_queue_of_an_interface"))
		return;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const char *devices[] = {rows[i].device, NULL};
		unsigned int pairs = RTE_MIN(rows[i].queues, rows[i].workers);
		struct fixture f;
		char far[32];

		make_veth(rows[i].name, rows[i].queues);
		fixture_init(&f, rows[i].workers, 12000, devices);
		if (open_xdp(&f, "af_xdp_serves_each_queue_of_an_interface")) {
			ck_assert_uint_eq(f.ports->port[0].n_rx, rows[i].queues);
			ck_assert_uint_eq(f.ports->port[0].n_queues, pairs);
			ck_assert(!f.ports->port[0].tx_chains);
			snprintf(far, sizeof(far), "%sfar", rows[i].name);
			expect_both_ways(&f, far, 1514);
		}
		weir_ports_close(f.ports);
		f.ports = NULL;
		ck_assert_int_ne(fixture_run("ip link show dev %s | grep -q xdp", rows[i].name), 0);
		drop_veth(rows[i].name);
		fixture_fini(&f);
	}
}
END_TEST

START_TEST(where_xdp_cannot_be_had_af_packet_is_used)
{
	const char *devices[] = {"iface:wfb0", NULL};
	struct fixture f;

	if (fixture_not_root("where_xdp_cannot_be_had_af_packet_is_used"))
		return;
	make_veth("wfb0", 1);
	/* The kernel refuses XDP when the peer may send more than a page. */
	ck_assert_int_eq(fixture_run("ip link set dev wfb0far mtu 9000"), 0);
	fixture_init(&f, WORKERS, 8192, devices);
	fixture_open(&f);
	ck_assert_str_eq(f.ports->port[0].state->driver, "net_af_packet");
	ck_assert_uint_eq(f.ports->port[0].n_queues, WORKERS);
	ck_assert_ptr_nonnull(strstr(f.ports->port[0].state->limit[0], "AF_PACKET is used"));
	expect_both_ways(&f, "wfb0far", 1514);
	fixture_fini(&f);
	drop_veth("wfb0");
}
END_TEST

START_TEST(refusals_of_xdp_name_the_mtu)
{
	static const struct {
		const char *device;
		unsigned int near, far;
		const char *text;
	} rows[] = {
		{"iface:wrf0 driver=af_xdp mtu=9000", 9000, 9000, "an MTU of 9000 is too large"},
		{"iface:wrf0 driver=af_xdp", 9000, 1500,
		 "the interface's MTU is 9000; mend: ip link "
		 "set dev wrf0 mtu 1500"},
		{"iface:wrf0 driver=af_xdp", 1500, 9000, "ip link set dev wrf0 mtu 3430"},
	};

	if (fixture_not_root("refusals_of_xdp_name_the_mtu"))
		return;
	make_veth("wrf0", 1);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const char *devices[] = {rows[i].device, NULL};
		struct fixture f;

		ck_assert_int_eq(fixture_run("ip link set dev wrf0 mtu %u; ip link set dev wrf0far "
					     "mtu %u",
					     rows[i].near, rows[i].far),
				 0);
		fixture_init(&f, 1, 8192, devices);
		fixture_refuses(&f, rows[i].text);
		fixture_fini(&f);
	}
	drop_veth("wrf0");
}
END_TEST

START_TEST(offloads_of_the_own_interface_are_turned_off)
{
	const char *devices[] = {"iface:wof0 driver=af_packet", NULL};
	unsigned int wanted = 1U << IFACE_TX_CHECKSUM | 1U << IFACE_TSO | 1U << IFACE_GSO;
	struct weir_buf text = {0};
	struct weir_json j = weir_json_into(&text);
	struct fixture f;

	if (fixture_not_root("offloads_of_the_own_interface_are_turned_off"))
		return;
	make_veth("wof0", 1);
	ck_assert_uint_eq(iface_offloads("wof0") & wanted, wanted);
	fixture_init(&f, 1, 4096, devices);
	fixture_open(&f);
	ck_assert_uint_eq(iface_offloads("wof0") & wanted, 0);
	ck_assert_uint_eq(iface_offloads("wof0far") & wanted, wanted);
	weir_port_describe(&f.ports->port[0], &j, NULL);
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"turned_off\":[\"tx\",\"tso\",\"gso\""));
	weir_buf_fini(&text);
	fixture_fini(&f);
	drop_veth("wof0");
}
END_TEST

static void expect_link_carried(const char *name, const char *device)
{
	const char *devices[] = {device, NULL};
	const struct weir_port *p;
	struct fixture f;
	char far[32];

	make_veth(name, WORKERS);
	snprintf(far, sizeof(far), "%sfar", name);
	fixture_init(&f, WORKERS, 12000, devices);
	fixture_open(&f);
	p = &f.ports->port[0];
	ck_assert(weir_port_link_up(p));
	/* Down here is seen there, and is not taken for the other's doing. */
	ck_assert_int_eq(weir_port_set_link(p, false), 0);
	ck_assert(!iface_carrier(far));
	ck_assert(weir_port_link_up(p));
	ck_assert_int_eq(weir_port_set_link(p, true), 0);
	ck_assert(iface_carrier(far));
	/* Down there is seen here. */
	ck_assert_int_eq(fixture_run("ip link set dev %s down", far), 0);
	ck_assert(!weir_port_link_up(p));
	ck_assert_int_eq(fixture_run("ip link set dev %s up", far), 0);
	ck_assert(weir_port_link_up(p));
	/* The first call after a link was down only fetches a packet socket's error; the frame goes
	 * out with the next one. */
	for (unsigned int w = 0; w < WORKERS; w++) {
		struct rte_mbuf *m = fixture_frame(f.pool[w], 60, 99);

		ck_assert_uint_eq(weir_port_tx(p, w, &m, 1), 1);
	}
	expect_both_ways(&f, far, 1514);
	/* What weir took down is up again after it. */
	ck_assert_int_eq(weir_port_set_link(p, false), 0);
	weir_ports_close(f.ports);
	f.ports = NULL;
	ck_assert(iface_carrier(name));
	drop_veth(name);
	fixture_fini(&f);
}

START_TEST(the_link_is_carried_and_traffic_flows_again)
{
	if (fixture_not_root("the_link_is_carried_and_traffic_flows_again"))
		return;
	expect_link_carried("wlk0", "iface:wlk0 driver=af_packet");
	expect_link_carried("wlk1", "iface:wlk1");
}
END_TEST

START_TEST(an_interface_that_goes_away_is_down)
{
	const char *devices[] = {"iface:wgo0 driver=af_packet", NULL};
	struct fixture f;

	if (fixture_not_root("an_interface_that_goes_away_is_down"))
		return;
	make_veth("wgo0", 1);
	fixture_init(&f, 1, 4096, devices);
	fixture_open(&f);
	ck_assert(weir_port_link_up(&f.ports->port[0]));
	drop_veth("wgo0");
	ck_assert(!weir_port_link_up(&f.ports->port[0]));
	ck_assert_int_eq(weir_port_set_link(&f.ports->port[0], false), -WEIR_ENOTSUP);
	fixture_fini(&f);
}
END_TEST

Suite *suite_port_iface(void)
{
	return WEIR_SUITE("port iface", af_packet_carries_frames_for_two_workers,
			  af_packet_carries_jumbo_frames, af_xdp_serves_each_queue_of_an_interface,
			  where_xdp_cannot_be_had_af_packet_is_used, refusals_of_xdp_name_the_mtu,
			  offloads_of_the_own_interface_are_turned_off,
			  the_link_is_carried_and_traffic_flows_again,
			  an_interface_that_goes_away_is_down);
}
