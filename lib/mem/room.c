/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much ordinary memory this process may still take, and by whose limit: the machine's, its
 * control groups' (both versions), its own address space. The kernel promises more than that and
 * kills later.
 */
#include "mem_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_BYTES  640
#define GROUP_BYTES 448
#define GROUP_SHOWN 96

/* Version 1 writes "no limit" as the largest number of whole pages. */
#define NO_LIMIT (1ULL << 62)

/* The number after `key` at a line's beginning in a file of the kernel's; `absent` when there is
 * none. An empty key takes the first line. */
static uint64_t number_in(const char *path, const char *key, uint64_t absent)
{
	size_t len = strlen(key);
	uint64_t value = absent;
	char line[256], *end;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) != 0)
			continue;
		value = strtoull(line + len, &end, 10);
		if (end == line + len)
			value = absent; /* "max", "unlimited" */
		break;
	}
	if (f)
		fclose(f);
	return value;
}

/* Whether this limit is the narrowest so far. */
static bool take_least(struct weir_room *room, uint64_t limit, uint64_t used)
{
	uint64_t left = limit > used ? limit - used : 0;

	if (limit >= NO_LIMIT || left >= room->bytes)
		return false;
	room->bytes = left;
	return true;
}

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

/* ---- control groups ---- */

/* What a version's hierarchy is called in the file system and in its files. */
struct hierarchy {
	const char *mount;
	const char *limit;
	const char *used[2]; /* keys of memory.stat: page cache is given back, these are not */
};

static const struct hierarchy version1 = {
	"/sys/fs/cgroup/memory", "memory.limit_in_bytes", {"total_rss ", "total_shmem "}};
static const struct hierarchy version2 = {"/sys/fs/cgroup", "memory.max", {"anon ", "shmem "}};

/* EAL's memory without hugepages is shared memory. */
static void look_at_group(struct weir_room *room, const char *root, const struct hierarchy *h,
			  const char *group)
{
	char path[PATH_BYTES];
	uint64_t limit, used = 0;

	snprintf(path, sizeof(path), "%s%s%s/%s", root, h->mount, group, h->limit);
	limit = number_in(path, "", UINT64_MAX);
	snprintf(path, sizeof(path), "%s%s%s/memory.stat", root, h->mount, group);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(h->used); i++)
		used += number_in(path, h->used[i], 0);
	if (take_least(room, limit, used))
		snprintf(room->whose, sizeof(room->whose),
			 "left of the %llu MiB of control group %.*s", mib(limit), GROUP_SHOWN,
			 *group ? group : "/");
}

/* A group and all those above it. In a container the names above its own are not there. */
static void look_at_groups(struct weir_room *room, const char *root, const struct hierarchy *h,
			   const char *of)
{
	char group[GROUP_BYTES], *cut;

	snprintf(group, sizeof(group), "%s", strcmp(of, "/") ? of : "");
	do {
		look_at_group(room, root, h, group);
		cut = strrchr(group, '/');
		if (cut)
			*cut = '\0';
	} while (cut);
}

static bool has_controller(const char *list, const char *end, const char *name)
{
	size_t len = strlen(name);

	while (list < end) {
		size_t word = strcspn(list, ",:");

		if (word == len && !strncmp(list, name, len))
			return true;
		list += word + 1;
	}
	return false;
}

/* A line of /proc/self/cgroup: "4:cpu,memory:/a/b", for version 2 "0::/a/b". */
static void look_at_line(struct weir_room *room, const char *root, char *line)
{
	char *controllers = strchr(line, ':');
	char *group = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!group)
		return;
	group[1 + strcspn(group + 1, "\n")] = '\0';
	if (group == controllers + 1)
		look_at_groups(room, root, &version2, group + 1);
	else if (has_controller(controllers + 1, group, "memory"))
		look_at_groups(room, root, &version1, group + 1);
}

static void look_at_own_groups(struct weir_room *room, const char *root)
{
	char path[PATH_BYTES], line[GROUP_BYTES + 64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		look_at_line(room, root, line);
	if (f)
		fclose(f);
}

/* ---- all ---- */

struct weir_room weir_memory_room(const char *root)
{
	struct weir_room room = {.bytes = UINT64_MAX};
	char path[PATH_BYTES];
	uint64_t kib, limit;

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	kib = number_in(path, "MemAvailable:", NO_LIMIT >> 10);
	if (take_least(&room, kib << 10, 0))
		snprintf(room.whose, sizeof(room.whose), "available on this machine");
	look_at_own_groups(&room, root);
	snprintf(path, sizeof(path), "%s/proc/self/limits", root);
	limit = number_in(path, "Max address space", UINT64_MAX);
	snprintf(path, sizeof(path), "%s/proc/self/status", root);
	kib = number_in(path, "VmSize:", 0);
	if (take_least(&room, limit, kib << 10))
		snprintf(room.whose, sizeof(room.whose),
			 "left of the %llu MiB of address space that ulimit -v allows", mib(limit));
	return room;
}
