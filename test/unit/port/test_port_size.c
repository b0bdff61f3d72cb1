/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes told before anything is opened. */
#include "fixture.h"

#include "../../../lib/port/port_impl.h"

#include <unistd.h>

START_TEST(a_packet_ring_is_what_the_kernel_takes)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	for (uint32_t mtu = 68; mtu <= 9216; mtu++) {
		struct port_packet_ring r = port_packet_ring((uint16_t)mtu);

		ck_assert_uint_ge(r.frame_bytes, mtu + 26 + 66);
		ck_assert_uint_eq(r.frame_bytes % 16, 0);
		ck_assert_uint_eq(r.block_bytes % page, 0);
		ck_assert_uint_eq(r.block_bytes % r.frame_bytes, 0);
		ck_assert_uint_eq(r.frames % (r.block_bytes / r.frame_bytes), 0);
		ck_assert_uint_ge(r.frames, 512);
		ck_assert_uint_le(r.frames, 4096);
		ck_assert_uint_le((uint64_t)r.frames * r.frame_bytes, 8U << 20);
	}
}
END_TEST

START_TEST(buffers_hold_the_largest_frame_of_each_kind_of_port)
{
	static const struct {
		const char *device;
		uint32_t min, max;
	} rows[] = {
		{"vdev:net_null0", 1526, 1526},
		{"vdev:net_null0 mtu=576", 602, 602},
		{"vdev:net_null0 mtu=9000", 9026, 9026},
		{"0000:18:00.0 mtu=9000", 9026, 9026},
		/* The kernel keeps 256 bytes before each frame of XDP. */
		{"iface:x driver=af_xdp", 1782, 1782},
		/* The driver wants room for a whole frame of its ring, less 32 bytes. */
		{"iface:x driver=af_packet", 2016, 2016},
		{"iface:x", 2016, 2016},
		{"iface:x mtu=9000 driver=af_packet", 9092, 9216},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const char *devices[] = {rows[i].device, NULL};
		struct fixture f;
		uint32_t bytes;

		fixture_init(&f, 1, 8, devices);
		bytes = port_frame_bytes(&f.conf.ports[0]);
		ck_assert_msg(bytes >= rows[i].min && bytes <= rows[i].max, "%s: %u",
			      rows[i].device, bytes);
		ck_assert_uint_eq(weir_ports_frame_bytes(&f.conf), bytes > 1526 ? bytes : 1526);
		fixture_fini(&f);
	}
}
END_TEST

START_TEST(the_largest_mtu_of_xdp_fits_a_page)
{
	const char *devices[] = {"iface:x mtu=3430 driver=af_xdp", NULL};
	struct fixture f;

	fixture_init(&f, 1, 8, devices);
	ck_assert_uint_le(rte_mempool_calc_obj_size(f.pool[0]->elt_size, f.pool[0]->flags, NULL),
			  (uint32_t)sysconf(_SC_PAGESIZE));
	fixture_fini(&f);
}
END_TEST

START_TEST(rings_are_counted_for_every_queue)
{
	const char *devices[] = {"vdev:net_null0", "iface:x driver=af_packet",
				 "iface:not-there driver=af_xdp", "vdev:net_null1 queues=4", NULL};
	struct fixture f;

	fixture_init(&f, 2, 8, devices);
	ck_assert_uint_eq(weir_ports_ring_buffers(&f.conf, 2), 2 * 4096 + 0 + 6144 + 4 * 4096);
	fixture_fini(&f);
}
END_TEST

START_TEST(pci_addresses_are_listed_and_written_long)
{
	const char *devices[] = {"vdev:net_null0", "0000:18:00.0", "iface:x", "af:00.1", NULL};
	const char *allow[WEIR_CONF_PORTS_MAX];
	char address[PORT_NAME_BYTES];
	struct fixture f;

	fixture_init(&f, 1, 8, devices);
	ck_assert_uint_eq(weir_ports_pci(&f.conf, allow), 2);
	ck_assert_str_eq(allow[0], "0000:18:00.0");
	ck_assert_str_eq(allow[1], "af:00.1");
	port_pci_address(allow[0], address);
	ck_assert_str_eq(address, "0000:18:00.0");
	port_pci_address(allow[1], address);
	ck_assert_str_eq(address, "0000:af:00.1");
	fixture_fini(&f);
}
END_TEST

Suite *suite_port_size(void)
{
	return WEIR_SUITE("port size", a_packet_ring_is_what_the_kernel_takes,
			  buffers_hold_the_largest_frame_of_each_kind_of_port,
			  the_largest_mtu_of_xdp_fits_a_page, rings_are_counted_for_every_queue,
			  pci_addresses_are_listed_and_written_long);
}
