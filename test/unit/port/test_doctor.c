/* SPDX-License-Identifier: BSD-3-Clause */
/* The doctor before a machine of files: each finding with its level and its command. */
#include "fixture.h"

#include "../../../lib/port/doctor_impl.h"

#include <stdio.h>
#include <unistd.h>

#include <sys/stat.h>

/* ---- a machine ---- */

struct machine {
	char root[64];
};

static void put(const struct machine *m, const char *path, const char *text)
{
	char full[256];
	FILE *f;

	ck_assert_int_eq(fixture_run("mkdir -p $(dirname %s%s)", m->root, path), 0);
	snprintf(full, sizeof(full), "%s%s", m->root, path);
	f = fopen(full, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void put_link(const struct machine *m, const char *path, const char *target)
{
	char full[256];

	ck_assert_int_eq(fixture_run("mkdir -p $(dirname %s%s)", m->root, path), 0);
	snprintf(full, sizeof(full), "%s%s", m->root, path);
	ck_assert_int_eq(symlink(target, full), 0);
}

static void machine_init(struct machine *m)
{
	strcpy(m->root, "test_doctor_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(m->root));
	put(m, "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse4_2 aes avx2 end\n");
	put(m, "/proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    8000000 kB\n");
	put(m, "/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
	put(m, "/proc/self/limits",
	    "Limit    Soft Limit   Hard Limit    Units\n"
	    "Max locked memory         unlimited            unlimited            bytes\n");
	put(m, "/sys/devices/system/cpu/online", "0-3\n");
	put(m, "/sys/devices/system/cpu/isolated", "1-2\n");
	put(m, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "2048\n");
	put(m, "/sys/kernel/iommu_groups/7/type", "DMA\n");
	put(m, "/sys/bus/pci/drivers/vfio-pci/bind", "");
	put(m, "/dev/net/tun", "");
}

static void machine_fini(struct machine *m)
{
	ck_assert_int_eq(fixture_run("rm -r %s", m->root), 0);
}

/* ---- findings ---- */

struct findings {
	struct weir_finding f[64];
	unsigned int n, problems;
};

static void keep(void *ctx, const struct weir_finding *f)
{
	struct findings *all = ctx;

	ck_assert_uint_lt(all->n, WEIR_ARRAY_LEN(all->f));
	all->f[all->n++] = *f;
}

static void examine(const struct machine *m, const struct weir_conf *conf, struct findings *all)
{
	unsigned int problems = 0;

	all->n = 0;
	all->problems = doctor_run(m->root, conf, keep, all);
	for (unsigned int i = 0; i < all->n; i++)
		problems += all->f[i].level == WEIR_FINDING_PROBLEM;
	ck_assert_uint_eq(all->problems, problems);
}

static const struct weir_finding *find(const struct findings *all, const char *subject,
				       const char *text)
{
	for (unsigned int i = 0; i < all->n; i++)
		if (!strcmp(all->f[i].subject, subject) && strstr(all->f[i].text, text))
			return &all->f[i];
	ck_abort_msg("no finding '%s' about %s", text, subject);
	return NULL;
}

static void expect(const struct findings *all, const char *subject, const char *text,
		   enum weir_finding_level level, const char *command)
{
	const struct weir_finding *f = find(all, subject, text);

	ck_assert_msg(f->level == level, "%s: %s: level %d", subject, f->text, f->level);
	ck_assert_msg(strstr(f->command, command), "%s: command '%s'", subject, f->command);
	ck_assert(*command || !*f->command);
}

/* ---- tests ---- */

START_TEST(a_good_machine_has_no_problem)
{
	struct findings all;
	struct machine m;

	machine_init(&m);
	examine(&m, NULL, &all);
	ck_assert_uint_eq(all.problems, 0);
	expect(&all, "cpu", "SSE4.2", WEIR_FINDING_OK, "");
	expect(&all, "hugepages", "4096 MiB are free", WEIR_FINDING_OK, "");
	expect(&all, "memlock", "can be locked", WEIR_FINDING_OK, "");
	expect(&all, "privileges", "all", WEIR_FINDING_OK, "");
	expect(&all, "iommu", "on", WEIR_FINDING_OK, "");
	expect(&all, "vfio", "loaded", WEIR_FINDING_OK, "");
	machine_fini(&m);
}
END_TEST

START_TEST(what_the_machine_lacks_is_told_with_its_command)
{
	static const struct {
		const char *path, *content;
		const char *subject, *text, *command;
		enum weir_finding_level level;
	} rows[] = {
		{"/proc/cpuinfo", "flags : fpu aes avx2\n", "cpu", "no SSE4.2", "",
		 WEIR_FINDING_PROBLEM},
		{"/proc/cpuinfo", "flags : sse4_2 aesx avx2\n", "cpu", "AES", "",
		 WEIR_FINDING_HINT},
		{"/proc/cpuinfo", "flags : sse4_2 aes\n", "cpu", "AVX2", "", WEIR_FINDING_HINT},
		{"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n", "hugepages",
		 "0 MiB are free", "nr_hugepages", WEIR_FINDING_HINT},
		{"/proc/self/status", "CapEff: 0000000000003000\n", "privileges", "AF_PACKET",
		 "sudo", WEIR_FINDING_HINT},
		{"/proc/self/status", "CapEff: 0000000000000000\n", "privileges", "neither root",
		 "setcap", WEIR_FINDING_PROBLEM},
		{"/sys/devices/system/cpu/online", "0\n", "workers", "worker 0 wants CPU 1", "",
		 WEIR_FINDING_PROBLEM},
		{"/sys/devices/system/cpu/isolated", "\n", "workers", "CPU 1,2",
		 "isolcpus=1,2 nohz_full=1,2 rcu_nocbs=1,2", WEIR_FINDING_HINT},
		{"/proc/meminfo", "MemAvailable: 1000 kB\n", "memory", "0 MiB are available", "",
		 WEIR_FINDING_PROBLEM},
	};
	const char *devices[] = {"iface:not-there", NULL};
	struct fixture f;

	fixture_init(&f, 2, 64, devices);
	f.conf.workers[0] = 1;
	f.conf.workers[1] = 2;
	f.conf.connections = 100000;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct findings all;
		struct machine m;

		machine_init(&m);
		put(&m, rows[i].path, rows[i].content);
		examine(&m, &f.conf, &all);
		expect(&all, rows[i].subject, rows[i].text, rows[i].level, rows[i].command);
		machine_fini(&m);
	}
	fixture_fini(&f);
}
END_TEST

START_TEST(memory_that_cannot_be_locked_is_a_hint)
{
	struct findings all;
	struct machine m;

	machine_init(&m);
	put(&m, "/proc/self/status", "CapEff: 0000000000003000\n");
	put(&m, "/proc/self/limits",
	    "Max locked memory         8388608              8388608     bytes\n");
	examine(&m, NULL, &all);
	expect(&all, "memlock", "8192 KiB", WEIR_FINDING_HINT, "ulimit -l unlimited");
	machine_fini(&m);
}
END_TEST

START_TEST(hugepages_are_a_problem_only_where_they_are_required)
{
	static const struct {
		enum weir_conf_hugepages wish;
		enum weir_finding_level level;
	} rows[] = {{WEIR_HUGEPAGES_AUTO, WEIR_FINDING_HINT},
		    {WEIR_HUGEPAGES_REQUIRE, WEIR_FINDING_PROBLEM},
		    {WEIR_HUGEPAGES_NEVER, WEIR_FINDING_OK}};
	const char *devices[] = {"vdev:net_null0", NULL};
	struct fixture f;

	fixture_init(&f, 1, 64, devices);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct findings all;
		struct machine m;

		machine_init(&m);
		put(&m, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "3\n");
		f.conf.hugepages = rows[i].wish;
		examine(&m, &f.conf, &all);
		ck_assert_int_eq(find(&all, "hugepages", "")->level, rows[i].level);
		machine_fini(&m);
	}
	fixture_fini(&f);
}
END_TEST

#define NIC "/sys/bus/pci/devices/0000:18:00.0"

START_TEST(a_pci_device_is_followed_from_absent_to_ready)
{
	const char *devices[] = {"18:00.0", NULL};
	struct findings all;
	struct machine m;
	struct fixture f;

	fixture_init(&f, 1, 64, devices);
	machine_init(&m);
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "there is no PCI device 0000:18:00.0", WEIR_FINDING_PROBLEM,
	       "dpdk-devbind.py --status-dev net");

	put(&m, NIC "/class", "0x020000\n");
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "no driver is bound", WEIR_FINDING_PROBLEM,
	       "dpdk-devbind.py -b vfio-pci 0000:18:00.0");
	expect(&all, "port p0", "no IOMMU group", WEIR_FINDING_PROBLEM,
	       "enable_unsafe_noiommu_mode");

	put_link(&m, NIC "/driver", "../../../bus/pci/drivers/ixgbe");
	put(&m, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "the kernel's driver ixgbe holds", WEIR_FINDING_PROBLEM,
	       "modprobe vfio-pci && dpdk-devbind.py -b vfio-pci 0000:18:00.0");
	expect(&all, "port p0", "no-IOMMU mode", WEIR_FINDING_HINT, "");

	ck_assert_int_eq(fixture_run("rm %s" NIC "/driver", m.root), 0);
	put_link(&m, NIC "/driver", "../../../bus/pci/drivers/vfio-pci");
	put_link(&m, NIC "/iommu_group", "../../../kernel/iommu_groups/7");
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "bound to vfio-pci", WEIR_FINDING_OK, "");
	expect(&all, "port p0", "IOMMU group 7", WEIR_FINDING_OK, "");
	ck_assert_uint_eq(all.problems, 0);

	put(&m, NIC "/class", "0x010802\n");
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "no network device (class 0x010802)", WEIR_FINDING_PROBLEM,
	       "dpdk-devbind.py");
	ck_assert_int_eq(fixture_run("rm -r %s/sys/bus/pci/drivers %s/sys/kernel/iommu_groups",
				     m.root, m.root),
			 0);
	examine(&m, &f.conf, &all);
	expect(&all, "vfio", "not loaded", WEIR_FINDING_PROBLEM, "modprobe vfio-pci");
	expect(&all, "iommu", "off or absent", WEIR_FINDING_HINT, "iommu=pt");
	machine_fini(&m);
	fixture_fini(&f);
}
END_TEST

START_TEST(vdevs_are_known_by_name)
{
	const char *devices[] = {"vdev:net_tap0", "vdev:net_mmif0", "vdev:net_virtio_user0", NULL};
	struct findings all;
	struct machine m;
	struct fixture f;

	fixture_init(&f, 1, 64, devices);
	machine_init(&m);
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "driver net_tap is there", WEIR_FINDING_OK, "");
	expect(&all, "port p1", "did you mean net_memif?", WEIR_FINDING_PROBLEM, "");
	expect(&all, "port p2", "driver net_virtio is there", WEIR_FINDING_OK, "");
	ck_assert_uint_eq(all.problems, 1);
	ck_assert_int_eq(fixture_run("rm %s/dev/net/tun", m.root), 0);
	/* With a folder of plug-ins, what is not in it is missing. */
	put(&m, RTE_EAL_PMD_PATH "/librte_net_tap.so.23", "");
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "/dev/net/tun is missing", WEIR_FINDING_PROBLEM, "modprobe tun");
	expect(&all, "port p2", "driver net_virtio is not installed", WEIR_FINDING_PROBLEM,
	       "apt install");
	machine_fini(&m);
	fixture_fini(&f);
}
END_TEST

START_TEST(an_interface_is_examined_with_its_peer)
{
	const char *devices[] = {"iface:wdr0", "iface:wdr1 driver=af_xdp mtu=9000", "iface:wdr9",
				 NULL};
	struct findings all;
	struct fixture f;
	struct machine m = {.root = ""};

	if (fixture_not_root("an_interface_is_examined_with_its_peer"))
		return;
	ck_assert_int_eq(
		fixture_run("ip link add wdr0 numrxqueues 2 numtxqueues 2 type veth peer "
			    "name wdr0far && ip link add wdr1 type veth peer name wdr1far && "
			    "ip addr add 10.99.0.1/24 dev wdr0"),
		0);
	fixture_init(&f, 1, 64, devices);
	examine(&m, &f.conf, &all);
	expect(&all, "port p2", "there is no interface wdr9", WEIR_FINDING_PROBLEM, "ip link show");
	expect(&all, "port p0", "wdr0 is down", WEIR_FINDING_OK, "");
	expect(&all, "port p0", "wdr0far, the peer of wdr0, are on", WEIR_FINDING_PROBLEM,
	       "ethtool -K wdr0far tx off tso off gso off");
	expect(&all, "port p0", "wdr0 has addresses", WEIR_FINDING_HINT, "ip addr flush dev wdr0");
	expect(&all, "port p1", "MTU of 1500, weir raises it to 9000", WEIR_FINDING_HINT,
	       "ip link set dev wdr1 mtu 9000");
	expect(&all, "port p1", "frames of one page only", WEIR_FINDING_PROBLEM, "");
	/* The jumbo port's buffers are too large for XDP, so the first one is not driven by it. */
	expect(&all, "port p0", "another port's mtu", WEIR_FINDING_HINT, "");
	expect(&all, "port p0", "joins IPv4 fragments", WEIR_FINDING_HINT, "");

	f.conf.n_ports = 1;
	ck_assert_int_eq(fixture_run("ethtool -K wdr0far tx off tso off gso off > test_port.log && "
				     "ip link set dev wdr0 mtu 4000 && rm test_port.log"),
			 0);
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "wdr0far, the peer of wdr0, are off", WEIR_FINDING_OK, "");
	expect(&all, "port p0", "its MTU is too large: AF_PACKET is used", WEIR_FINDING_HINT,
	       "ip link set dev wdr0 mtu 1500");
	expect(&all, "port p0", "MTU of 4000, the port's is 1500", WEIR_FINDING_HINT,
	       "ip link set dev wdr0 mtu 1500");
	ck_assert_int_eq(fixture_run("ip link set dev wdr0 mtu 1500"), 0);
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "will be driven by AF_XDP", WEIR_FINDING_OK, "");
	expect(&all, "port p0", "2 receive queues for 1 worker", WEIR_FINDING_HINT,
	       "ethtool -L wdr0 rx 1 tx 1");

	ck_assert_int_eq(
		fixture_run("unshare -n sleep 2 & sleep 0.2; ip link set wdr0far netns $!"), 0);
	examine(&m, &f.conf, &all);
	expect(&all, "port p0", "another network namespace", WEIR_FINDING_HINT,
	       "ip netns exec NS ethtool -K DEV tx off tso off gso off");
	fixture_fini(&f);
	ck_assert_int_eq(fixture_run("ip link del wdr0; ip link del wdr1"), 0);
}
END_TEST

START_TEST(this_machine_is_examined_without_harm)
{
	struct findings all = {.n = 0};

	ck_assert_uint_eq(weir_doctor(NULL, keep, &all), doctor_run("", NULL, keep, &all));
	ck_assert_uint_gt(all.n, 6);
}
END_TEST

Suite *suite_doctor(void)
{
	return WEIR_SUITE("doctor", a_good_machine_has_no_problem,
			  what_the_machine_lacks_is_told_with_its_command,
			  memory_that_cannot_be_locked_is_a_hint,
			  hugepages_are_a_problem_only_where_they_are_required,
			  a_pci_device_is_followed_from_absent_to_ready, vdevs_are_known_by_name,
			  an_interface_is_examined_with_its_peer,
			  this_machine_is_examined_without_harm);
}
