/* SPDX-License-Identifier: BSD-3-Clause */
/* How much memory may be taken, read from trees that look like a machine's. */
#include <weir_test.h>

#include <weir_mem.h>

#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 8
#define MIB       (1ULL << 20)

struct file {
	const char *path;
	const char *text;
};

static void make_folders(char *path)
{
	for (char *slash = path + strlen("/tmp/"); (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static struct weir_room room_of(const struct file *files)
{
	char root[] = "/tmp/weir-room-XXXXXX", path[256], remove[64];
	struct weir_room room;

	ck_assert_ptr_nonnull(mkdtemp(root));
	for (; files->path; files++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s%s", root, files->path);
		make_folders(path);
		f = fopen(path, "w");
		ck_assert_ptr_nonnull(f);
		fputs(files->text, f);
		fclose(f);
	}
	room = weir_memory_room(root);
	snprintf(remove, sizeof(remove), "rm -r %s", root);
	ck_assert_int_eq(system(remove), 0);
	return room;
}

#define MEMINFO                                                                        \
	{                                                                              \
		"/proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    4194304 kB\n" \
	}
#define IN_GROUP_A_B                             \
	{                                        \
		"/proc/self/cgroup", "0::/a/b\n" \
	}
#define V1 "/sys/fs/cgroup/memory"

START_TEST(the_least_of_all_limits_counts_and_is_named)
{
	static const struct {
		struct file files[FILES_MAX];
		uint64_t mib;
		const char *whose;
	} rows[] = {
		{{MEMINFO}, 4096, "available on this machine"},
		{{MEMINFO, IN_GROUP_A_B, {"/sys/fs/cgroup/a/b/memory.max", "536870912\n"}},
		 512,
		 "left of the 512 MiB of control group /a/b"},
		{{MEMINFO,
		  IN_GROUP_A_B,
		  {"/sys/fs/cgroup/a/b/memory.max", "536870912\n"},
		  {"/sys/fs/cgroup/a/b/memory.stat",
		   "anon 104857600\nfile 209715200\nshmem 52428800\n"}},
		 362,
		 "left of the 512 MiB of control group /a/b"},
		/* The group above allows less. */
		{{MEMINFO,
		  IN_GROUP_A_B,
		  {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
		  {"/sys/fs/cgroup/a/memory.max", "1073741824\n"}},
		 1024,
		 "left of the 1024 MiB of control group /a"},
		/* In a container the names above are not there, its own is the root. */
		{{MEMINFO,
		  {"/proc/self/cgroup", "0::/\n"},
		  {"/sys/fs/cgroup/memory.max", "1073741824\n"}},
		 1024,
		 "left of the 1024 MiB of control group /"},
		/* More is used than allowed. */
		{{MEMINFO,
		  IN_GROUP_A_B,
		  {"/sys/fs/cgroup/a/b/memory.max", "1048576\n"},
		  {"/sys/fs/cgroup/a/b/memory.stat", "anon 2097152\n"}},
		 0,
		 "left of the 1 MiB of control group /a/b"},
		/* Version 1. */
		{{MEMINFO,
		  {"/proc/self/cgroup", "5:cpu,memory:/x\n4:cpuset:/y\n0::/z\n"},
		  {V1 "/x/memory.limit_in_bytes", "536870912\n"},
		  {V1 "/x/memory.stat", "rss 1\ntotal_rss 104857600\ntotal_shmem 0\n"}},
		 412,
		 "left of the 512 MiB of control group /x"},
		{{MEMINFO,
		  {"/proc/self/cgroup", "4:memory:/x\n"},
		  {V1 "/x/memory.limit_in_bytes", "9223372036854771712\n"}},
		 4096,
		 "available on this machine"},
		{{MEMINFO,
		  {"/proc/self/limits",
		   "Limit    Soft    Hard    Units\n"
		   "Max address space         2147483648      unlimited    bytes\n"},
		  {"/proc/self/status", "Name: weir\nVmSize:   1048576 kB\n"}},
		 1024,
		 "left of the 2048 MiB of address space that ulimit -v allows"},
		{{MEMINFO, {"/proc/self/limits", "Max address space  unlimited unlimited bytes\n"}},
		 4096,
		 "available on this machine"},
		/* Lines that say nothing. */
		{{MEMINFO,
		  {"/proc/self/cgroup", "\n0:\n::\nx\n0::/a\n"},
		  {"/sys/fs/cgroup/a/memory.max", ""},
		  {"/sys/fs/cgroup/a/memory.stat", "anon\n"}},
		 4096,
		 "available on this machine"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_room room = room_of(rows[i].files);

		ck_assert_msg(room.bytes == rows[i].mib * MIB, "row %zu: %llu MiB, not %llu", i,
			      (unsigned long long)(room.bytes / MIB),
			      (unsigned long long)rows[i].mib);
		ck_assert_msg(!strcmp(room.whose, rows[i].whose), "row %zu: '%s'", i, room.whose);
	}
}
END_TEST

START_TEST(a_machine_that_says_nothing_sets_no_limit)
{
	static const struct file nothing[] = {{NULL, NULL}};

	ck_assert_uint_gt(room_of(nothing).bytes, 1ULL << 60);
}
END_TEST

START_TEST(this_machine_has_some_memory_and_not_all)
{
	struct weir_room room = weir_memory_room("");

	ck_assert_uint_gt(room.bytes, MIB);
	ck_assert_uint_lt(room.bytes, 1ULL << 50);
	ck_assert_uint_gt(strlen(room.whose), 0);
}
END_TEST

Suite *room_suite(void)
{
	return WEIR_SUITE("mem room", the_least_of_all_limits_counts_and_is_named,
			  a_machine_that_says_nothing_sets_no_limit,
			  this_machine_has_some_memory_and_not_all);
}
