/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's start: what is refused before it, what its lines mean, what stands afterwards. */
#include <weir_test.h>

#include <weir_mem.h>

#include "mem_impl.h"
#include "suites.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

static uint16_t first_allowed_cpu(void)
{
	cpu_set_t allowed;
	uint16_t cpu = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	return cpu;
}

static void assert_refused(const struct weir_eal_cfg *cfg, int rc, const char *part)
{
	struct weir_buf why = {0};

	ck_assert_int_eq(weir_eal_start(cfg, &why), rc);
	ck_assert_msg(why.len && strstr(why.ptr, part), "'%s' has no '%s'", why.ptr, part);
	weir_buf_fini(&why);
	/* Without a place for the reason it is refused just so. */
	ck_assert_int_eq(weir_eal_start(cfg, NULL), rc);
}

START_TEST(workers_that_cannot_be_are_refused_with_their_cpu)
{
	uint16_t have = first_allowed_cpu(), many[200];
	const struct {
		uint16_t cpus[2];
		unsigned int n;
		const char *part;
	} rows[] = {
		{{1023}, 1, "CPU 1023 is not there"},
		{{UINT16_MAX}, 1, "CPU 65535 is not there"},
		{{have, 1000}, 2, "CPU 1000 is not there"},
		{{have, have}, 2, "stands there twice"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_eal_cfg cfg = {
			.program = "test", .cpus = rows[i].cpus, .n_cpus = rows[i].n};

		assert_refused(&cfg, -WEIR_EINVAL, rows[i].part);
	}
	memset(many, 0, sizeof(many));
	assert_refused(&(struct weir_eal_cfg){.program = "test", .cpus = many, .n_cpus = 200},
		       -WEIR_EINVAL, "200 are more than the");
}
END_TEST

START_TEST(memory_that_is_not_there_is_refused_before_eal_takes_it)
{
	struct weir_eal_cfg cfg = {.program = "test", .need_bytes = 1ULL << 50};

	assert_refused(&cfg, -WEIR_ENOMEM, "MiB of memory are needed and ");
	cfg.need_text = " (for all the flows there are)";
	assert_refused(&cfg, -WEIR_ENOMEM, "are needed (for all the flows there are) and ");
	cfg.hugepages = true;
	assert_refused(&cfg, -WEIR_ENOMEM, "/hugepages-2048kB/nr_hugepages; less is needed");
}
END_TEST

START_TEST(cpu_lists_are_written_as_ranges)
{
	const struct {
		uint16_t cpu[6];
		unsigned int n;
		const char *text;
	} rows[] = {
		{{0}, 1, "0"},
		{{0, 1}, 2, "0-1"},
		{{0, 2, 3, 4, 9}, 5, "0,2-4,9"},
		{{1022, 1023}, 2, "1022-1023"},
		{{0}, 0, ""},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf text = {0};
		cpu_set_t set;

		CPU_ZERO(&set);
		for (unsigned int c = 0; c < rows[i].n; c++)
			CPU_SET(rows[i].cpu[c], &set);
		eal_cpu_list(&text, &set);
		ck_assert_str_eq(text.ptr ? text.ptr : "", rows[i].text);
		weir_buf_fini(&text);
	}
}
END_TEST

START_TEST(a_mounted_hugetlbfs_is_seen)
{
	static const struct {
		const char *text;
		bool there;
	} rows[] = {
		{"", false},
		{"proc /proc proc rw 0 0\ntmpfs /tmp/hugetlbfs tmpfs rw 0 0\n", false},
		{"proc /proc proc rw 0 0\nnone /dev/hugepages hugetlbfs rw,pagesize=2M 0 0\n",
		 true},
	};
	char path[] = "/tmp/weir-mounts-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].text);

		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(pwrite(fd, rows[i].text, len, 0), (ssize_t)len);
		ck_assert_int_eq(eal_mounts_have_hugetlbfs(path), rows[i].there);
	}
	close(fd);
	unlink(path);
	ck_assert(!eal_mounts_have_hugetlbfs(path));
}
END_TEST

/* Lines as DPDK 22.11 writes them. */
START_TEST(eal_lines_become_what_mends_it)
{
	static const struct {
		const char *text;
		int error;
		const char *part;
	} rows[] = {
		{"EAL: No free 2048 kB hugepages reported on node 0\n"
		 "EAL: FATAL: Cannot get hugepage information.\n",
		 EACCES, "no hugepages are free; mend: echo "},
		{"EAL: 512 hugepages of size 2097152 reserved, but no mounted hugetlbfs found for "
		 "that size\nEAL: FATAL: Cannot get hugepage information.\n",
		 EACCES, "mount -t hugetlbfs none /dev/hugepages"},
		{"EAL: Not enough memory available on socket 0! Requested: 1024MB, available: "
		 "64MB\nEAL: FATAL: Cannot init memory\n",
		 ENOMEM, "nr_hugepages"},
		{"EAL: Cannot allocate VA space for memseg list\n", ENOMEM, "ulimit -v unlimited"},
		{"EAL: eal_legacy_hugepage_init: mmap() failed: Cannot allocate memory\n", ENOMEM,
		 "memory.connections"},
		{"EAL: SIGBUS: Cannot mmap more hugepages of size 2 MB\n", ENOMEM,
		 "hugetlb cgroup"},
		{"EAL: Cannot create lock on '/var/run/dpdk/x/config'. Is another primary process "
		 "running?\nEAL: FATAL: Cannot init config\n",
		 EBUSY, "another DPDK process runs with the same file prefix"},
		{"EAL: 0000:18:00.0 Cannot set up DMA remapping, error 12 (Cannot allocate "
		 "memory)\n",
		 ENODEV, "ulimit -l unlimited"},
		{"EAL: 0000:18:00.0 VFIO group is not viable! Not all devices in IOMMU group bound "
		 "to VFIO or unbound\n",
		 ENODEV, "same IOMMU group"},
		{"EAL: FATAL: Cannot use IOVA as 'PA' since physical addresses are not available\n",
		 EINVAL, "turn the IOMMU on"},
		{"EAL: FATAL: Cannot init VFIO\n", EAGAIN, "modprobe vfio-pci"},
		{"EAL: core 7 unavailable\n", EINVAL, "not there or offline"},
		{"EAL: FATAL: unsupported cpu type.\n", ENOTSUP, "newer CPU"},
		{"EAL: FATAL: something else\n", EACCES, "permission denied; run as root"},
		{"EAL: FATAL: something else\n", ENOMEM, "cannot get its memory"},
		{"", EALREADY, "twice in one process"},
		{"one\ntwo\n\n", EINVAL, "DPDK cannot start: Invalid argument (two)"},
		{"", EINVAL, "DPDK cannot start: Invalid argument"},
	};
	const struct weir_eal_cfg cfg = {.need_bytes = 8 << 20};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf why = {0};

		eal_translate(&cfg, rows[i].text, rows[i].error, &why);
		ck_assert_msg(strstr(why.ptr, rows[i].part), "row %zu: '%s' has no '%s'", i,
			      why.ptr, rows[i].part);
		weir_buf_fini(&why);
		eal_translate(&cfg, rows[i].text, rows[i].error, NULL);
	}
}
END_TEST

/* ---- the one start ---- */

struct seen {
	cpu_set_t cpus;
	unsigned int lcore;
};

static int look(void *arg)
{
	struct seen *s = arg;

	s->lcore = rte_lcore_id();
	return sched_getaffinity(0, sizeof(s->cpus), &s->cpus);
}

static bool started;

void start_eal_unless_started(void)
{
	struct weir_eal_cfg cfg = {.program = "test", .need_bytes = 64 << 20, .quiet = true};

	if (!started)
		ck_assert_int_eq(weir_eal_start(&cfg, NULL), 0);
	started = true;
}

START_TEST(workers_are_pinned_and_the_main_thread_floats)
{
	uint16_t cpu = first_allowed_cpu();
	struct weir_eal_cfg cfg = {
		.program = "test",
		.cpus = &cpu,
		.n_cpus = 1,
		.need_bytes = 64 << 20,
		.pci = true, /* and no device named: none is taken */
		.quiet = true,
	};
	struct weir_buf why = {0};
	struct seen worker;
	cpu_set_t before, after;
	void *block;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	ck_assert_msg(weir_eal_start(&cfg, &why) == 0, "%s", why.ptr);
	started = true;
	ck_assert_int_eq(sched_getaffinity(0, sizeof(after), &after), 0);
	ck_assert(CPU_EQUAL(&before, &after));
	ck_assert_uint_eq(rte_lcore_id(), 1);
	ck_assert_uint_eq(rte_get_main_lcore(), 1);
	ck_assert_uint_eq(rte_lcore_count(), 2);
	ck_assert_int_eq(rte_eal_remote_launch(look, &worker, 0), 0);
	ck_assert_int_eq(rte_eal_wait_lcore(0), 0);
	ck_assert_uint_eq(worker.lcore, 0);
	ck_assert_int_eq(CPU_COUNT(&worker.cpus), 1);
	ck_assert(CPU_ISSET(cpu, &worker.cpus));
	block = rte_malloc(NULL, 64 << 20, 0);
	ck_assert_ptr_nonnull(block);
	rte_free(block);
}
END_TEST

START_TEST(nothing_stays_in_the_file_system)
{
	ck_assert_int_ne(access(rte_eal_get_runtime_dir(), F_OK), 0);
}
END_TEST

START_TEST(a_second_start_is_refused)
{
	assert_refused(&(struct weir_eal_cfg){.program = "test"}, -WEIR_EIO,
		       "twice in one process");
}
END_TEST

static Suite *eal_suite(void)
{
	return WEIR_SUITE("mem eal", workers_that_cannot_be_are_refused_with_their_cpu,
			  memory_that_is_not_there_is_refused_before_eal_takes_it,
			  cpu_lists_are_written_as_ranges, a_mounted_hugetlbfs_is_seen,
			  eal_lines_become_what_mends_it,
			  workers_are_pinned_and_the_main_thread_floats,
			  nothing_stays_in_the_file_system, a_second_start_is_refused);
}

WEIR_TEST_MAIN(eal_suite, pool_suite, mbuf_suite, room_suite)
