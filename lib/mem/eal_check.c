/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What would make EAL's start fail in words that nobody understands, or make it succeed and the
 * process be killed later: CPUs that are not there, memory that is not there.
 */
#include "mem_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_config.h>

/* ---- CPUs ---- */

void eal_cpu_list(struct weir_buf *out, const cpu_set_t *set)
{
	bool first = true;

	for (unsigned int cpu = 0, end; cpu < CPU_SETSIZE; cpu = end + 1) {
		end = cpu;
		if (!CPU_ISSET(cpu, set))
			continue;
		while (end < CPU_SETSIZE && CPU_ISSET(end, set))
			end++;
		weir_buf_printf(out, first ? "%u" : ",%u", cpu);
		if (end - cpu > 1)
			weir_buf_printf(out, "-%u", end - 1);
		first = false;
	}
}

static int check_cpu(uint16_t cpu, const cpu_set_t *allowed, cpu_set_t *taken, struct weir_buf *why)
{
	if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, allowed)) {
		eal_say(why,
			"workers: CPU %u is not there or this process may not use it; it may use ",
			cpu);
		if (why)
			eal_cpu_list(why, allowed);
		return -WEIR_EINVAL;
	}
	if (CPU_ISSET(cpu, taken)) {
		eal_say(why, "workers: CPU %u stands there twice", cpu);
		return -WEIR_EINVAL;
	}
	CPU_SET(cpu, taken);
	return 0;
}

static int check_cpus(const struct weir_eal_cfg *cfg, const cpu_set_t *allowed,
		      struct weir_buf *why)
{
	cpu_set_t taken;

	if (cfg->n_cpus >= RTE_MAX_LCORE) {
		eal_say(why, "workers: %u are more than the %u that this DPDK can have",
			cfg->n_cpus, RTE_MAX_LCORE - 1);
		return -WEIR_EINVAL;
	}
	CPU_ZERO(&taken);
	for (unsigned int i = 0; i < cfg->n_cpus; i++)
		if (check_cpu(cfg->cpus[i], allowed, &taken, why) < 0)
			return -WEIR_EINVAL;
	return 0;
}

/* ---- memory ---- */

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
			value = absent; /* "max" */
		break;
	}
	if (f)
		fclose(f);
	return value;
}

/* What a cgroup still allows. Its page cache is given back before anything is refused. */
static uint64_t cgroup_left(const char *group)
{
	char path[512];
	uint64_t max, used;

	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", group);
	max = number_in(path, "", UINT64_MAX);
	if (max == UINT64_MAX)
		return UINT64_MAX;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.stat", group);
	/* EAL's memory without hugepages is a memfd. */
	used = number_in(path, "anon ", 0) + number_in(path, "shmem ", 0);
	return max > used ? max - used : 0;
}

/* The name of this process's cgroup (version 2); "" for the root, which in a container is its own.
 */
static void own_cgroup(char *group, size_t size)
{
	char line[448];
	FILE *f = fopen("/proc/self/cgroup", "re");

	group[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "0::", 3) == 0)
			snprintf(group, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	if (f)
		fclose(f);
	if (strcmp(group, "/") == 0)
		group[0] = '\0';
}

uint64_t eal_memory_available(void)
{
	uint64_t kib = number_in("/proc/meminfo", "MemAvailable:", UINT64_MAX >> 10);
	uint64_t least = kib << 10, left;
	char group[448], *cut;

	own_cgroup(group, sizeof(group));
	do {
		left = cgroup_left(group);
		least = left < least ? left : least;
		cut = strrchr(group, '/');
		if (cut)
			*cut = '\0';
	} while (cut);
	return least;
}

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

/* Without hugepages the kernel promises anything and kills later. */
static int check_memory(const struct weir_eal_cfg *cfg, struct weir_buf *why)
{
	uint64_t have = cfg->hugepages ? weir_hugepages_free() : eal_memory_available();

	if (cfg->need_bytes <= have)
		return 0;
	if (cfg->hugepages) {
		eal_say(why, "%llu MiB of hugepages are needed and %llu MiB are free; mend: ",
			mib(cfg->need_bytes), mib(have));
		if (why)
			hugepages_mend(why, cfg->need_bytes);
	} else {
		eal_say(why, "%llu MiB of memory are needed and %llu MiB are available",
			mib(cfg->need_bytes), mib(have));
	}
	eal_say(why, "; less is needed with smaller memory.connections or memory.packets");
	return -WEIR_ENOMEM;
}

bool eal_mounts_have_hugetlbfs(const char *path)
{
	bool found = false;
	char line[1024];
	FILE *f = fopen(path, "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " hugetlbfs ") != NULL;
	if (f)
		fclose(f);
	return found;
}

/* EAL says this at a level that quiet programs do not see. */
static int check_mount(const struct weir_eal_cfg *cfg, struct weir_buf *why)
{
	if (!cfg->hugepages || cfg->in_memory || eal_mounts_have_hugetlbfs("/proc/self/mounts"))
		return 0;
	eal_say(why,
		"hugetlbfs is not mounted; mend: mkdir -p /dev/hugepages && mount -t hugetlbfs "
		"none /dev/hugepages");
	return -WEIR_ENOMEM;
}

int eal_check(const struct weir_eal_cfg *cfg, const cpu_set_t *allowed, struct weir_buf *why)
{
	int rc = check_cpus(cfg, allowed, why);

	if (rc == 0)
		rc = check_memory(cfg, why);
	if (rc == 0)
		rc = check_mount(cfg, why);
	return rc;
}
