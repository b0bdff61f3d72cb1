/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports of DPDK's software devices: opened by capability, frames both ways, closed without a trace.
 */
#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

#include <net/if.h>
#include <rte_ethdev.h>

#define WORKERS 2

START_TEST(null_ports_serve_two_workers)
{
	const char *devices[] = {"vdev:net_null0", "vdev:net_null1", NULL};
	struct weir_port_counters counters;
	struct fixture f;

	fixture_init(&f, WORKERS, 4096, devices);
	fixture_open(&f);
	for (unsigned int i = 0; i < 2; i++) {
		const struct weir_port *p = &f.ports->port[i];

		ck_assert_uint_eq(p->n_queues, WORKERS);
		ck_assert_uint_eq(p->n_rx, WORKERS);
		ck_assert_uint_eq(p->mtu, 1500);
		ck_assert(weir_port_link_up(p));
		ck_assert_str_eq(weir_names_get(f.names, p->name), i ? "p1" : "p0");
		for (unsigned int w = 0; w < WORKERS; w++) {
			struct rte_mbuf *m[32];

			ck_assert_uint_eq(weir_port_rx(p, w, m, 32), 32);
			ck_assert_uint_eq(weir_port_tx(p, w, m, 32), 32);
			ck_assert_uint_eq(rte_mempool_in_use_count(f.pool[w]), 0);
		}
		weir_port_counters(p, &counters);
		ck_assert_uint_eq(counters.rx_packets, 64);
		ck_assert_uint_eq(counters.tx_packets, 64);
		ck_assert_uint_eq(counters.rx_missed + counters.tx_errors, 0);
	}
	fixture_fini(&f);
}
END_TEST

START_TEST(ring_ports_give_back_on_each_queue_what_was_sent)
{
	const char *devices[] = {"vdev:net_ring0", NULL};
	struct fixture f;

	fixture_init(&f, WORKERS, 4096, devices);
	fixture_open(&f);
	ck_assert(f.ports->port[0].tx_chains);
	for (unsigned int w = 0; w < WORKERS; w++) {
		struct rte_mbuf *m = fixture_frame(f.pool[w], 100, (uint8_t)w), *back;

		ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], w, &m, 1), 1);
		ck_assert_uint_eq(weir_port_rx(&f.ports->port[0], !w, &back, 1), 0);
		ck_assert_uint_eq(weir_port_rx(&f.ports->port[0], w, &back, 1), 1);
		ck_assert_ptr_eq(m, back);
		rte_pktmbuf_free(back);
	}
	fixture_fini(&f);
}
END_TEST

START_TEST(a_port_can_be_opened_again_after_close)
{
	const char *devices[] = {"vdev:net_null0", "vdev:net_ring0", NULL};

	for (unsigned int i = 0; i < 3; i++) {
		struct fixture f;

		fixture_init(&f, 1, 4096, devices);
		fixture_open(&f);
		fixture_fini(&f);
	}
}
END_TEST

START_TEST(what_a_device_cannot_do_is_said)
{
	const char *devices[] = {"vdev:net_memif0,role=server,id=3 mtu=9000", NULL};
	struct weir_buf text = {0};
	struct weir_json j = weir_json_into(&text);
	struct fixture f;

	fixture_init(&f, WORKERS, 4096, devices);
	fixture_open(&f);
	ck_assert_uint_eq(f.ports->port[0].mtu, 1500);
	ck_assert(!f.ports->port[0].rss);
	ck_assert(!weir_port_link_up(&f.ports->port[0]));
	ck_assert_int_eq(weir_port_set_link(&f.ports->port[0], false), -WEIR_ENOTSUP);
	weir_port_describe(&f.ports->port[0], &j, NULL);
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"name\":\"p0\""));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"driver\":\"net_memif\""));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"link\":\"down\""));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"queues\":2"));
	ck_assert_ptr_nonnull(strstr(text.ptr, "sends 1500 bytes at most, not the mtu of 9000"));
	ck_assert_ptr_nonnull(strstr(text.ptr, "cannot spread flows by a symmetric hash"));
	weir_buf_fini(&text);
	fixture_fini(&f);
}
END_TEST

START_TEST(a_memif_pair_carries_frames_on_two_queues)
{
	const char *devices[] = {"vdev:net_memif0,role=server,id=5,socket=@weir-test-port",
				 "vdev:net_memif1,role=client,id=5,socket=@weir-test-port", NULL};
	struct fixture f;

	fixture_init(&f, WORKERS, 4096, devices);
	fixture_open(&f);
	for (unsigned int i = 0; i < 3000 && !(weir_port_link_up(&f.ports->port[0]) &&
					       weir_port_link_up(&f.ports->port[1]));
	     i++)
		usleep(10000);
	for (unsigned int from = 0; from < 2; from++)
		for (unsigned int w = 0; w < WORKERS; w++) {
			struct rte_mbuf *m[8], *none[1];

			for (unsigned int i = 0; i < 8; i++)
				m[i] = fixture_frame(f.pool[w], 1514, 77);
			/* A client gives its server buffers to fill when it polls. */
			ck_assert_uint_eq(weir_port_rx(&f.ports->port[!from], w, none, 1), 0);
			ck_assert_uint_eq(weir_port_tx(&f.ports->port[from], w, m, 8), 8);
			ck_assert_uint_eq(fixture_receive(&f.ports->port[!from], WORKERS, 8, 77),
					  8);
		}
	fixture_fini(&f);
}
END_TEST

START_TEST(a_capture_file_is_a_port)
{
	static const uint8_t header[] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
					 0,    0,    0,    0,    0, 0, 1, 0, 1, 0, 0, 0};
	char path[] = "test_port_XXXXXX", device[128];
	const char *devices[] = {device, NULL};
	FILE *file = fdopen(mkstemp(path), "wb");
	struct fixture f;

	fwrite(header, 1, sizeof(header), file);
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t record[4] = {1, i, 64, 64};
		uint8_t frame[64] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x88, 0xb5};

		for (uint8_t at = 14; at < sizeof(frame); at++)
			frame[at] = at + 9;
		fwrite(record, 1, sizeof(record), file);
		fwrite(frame, 1, sizeof(frame), file);
	}
	fclose(file);
	snprintf(device, sizeof(device), "vdev:net_pcap0,rx_pcap=%s", path);
	fixture_init(&f, WORKERS, 4096, devices);
	fixture_open(&f);
	ck_assert_uint_eq(f.ports->port[0].n_queues, 1);
	ck_assert_uint_eq(fixture_receive(&f.ports->port[0], WORKERS, 3, 9), 3);
	fixture_fini(&f);
	unlink(path);
}
END_TEST

START_TEST(a_tap_carries_frames_both_ways)
{
	const char *devices[] = {"vdev:net_tap0,iface=weirtap0", NULL};
	struct fixture f;
	int fd;

	if (fixture_not_root("a_tap_carries_frames_both_ways"))
		return;
	if (access("/dev/net/tun", R_OK | W_OK)) {
		puts("skipped: a_tap_carries_frames_both_ways: no /dev/net/tun");
		return;
	}
	fixture_init(&f, WORKERS, 8192, devices);
	fixture_open(&f);
	ck_assert_int_eq(fixture_run("ip link set dev weirtap0 up"), 0);
	ck_assert(weir_port_link_up(&f.ports->port[0]));
	fd = fixture_socket("weirtap0");
	for (unsigned int w = 0; w < WORKERS; w++) {
		struct rte_mbuf *m = fixture_frame(f.pool[w], 1514, 3);

		ck_assert_uint_eq(weir_port_tx(&f.ports->port[0], w, &m, 1), 1);
		ck_assert_uint_eq(fixture_read(fd, 1, 1514, 3), 1);
		fixture_send(fd, 1514, 4);
		ck_assert_uint_eq(fixture_receive(&f.ports->port[0], WORKERS, 1, 4), 1);
	}
	close(fd);
	fixture_fini(&f);
	ck_assert_uint_eq(if_nametoindex("weirtap0"), 0);
}
END_TEST

START_TEST(a_tap_in_another_namespace_counts_as_up)
{
	const char *devices[] = {"vdev:net_tap0,iface=weirtap1", NULL};
	struct fixture f;

	if (fixture_not_root("a_tap_in_another_namespace_counts_as_up"))
		return;
	if (access("/dev/net/tun", R_OK | W_OK)) {
		puts("skipped: a_tap_in_another_namespace_counts_as_up: no /dev/net/tun");
		return;
	}
	fixture_init(&f, 1, 8192, devices);
	fixture_open(&f);
	ck_assert_int_eq(fixture_run("ip link set dev weirtap1 down"), 0);
	ck_assert(!weir_port_link_up(&f.ports->port[0]));
	/* It goes with the process that owns the other namespace. */
	ck_assert_int_eq(fixture_run("unshare -n sleep 2 & sleep 0.2; "
				     "ip link set dev weirtap1 netns $!"),
			 0);
	ck_assert(weir_port_link_up(&f.ports->port[0]));
	fixture_fini(&f);
}
END_TEST

Suite *suite_port(void)
{
	fixture_start();
	return WEIR_SUITE("port", null_ports_serve_two_workers,
			  ring_ports_give_back_on_each_queue_what_was_sent,
			  a_port_can_be_opened_again_after_close, what_a_device_cannot_do_is_said,
			  a_memif_pair_carries_frames_on_two_queues, a_capture_file_is_a_port,
			  a_tap_carries_frames_both_ways, a_tap_in_another_namespace_counts_as_up);
}
