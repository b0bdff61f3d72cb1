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

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

static int check_hugepages(const struct weir_eal_cfg *cfg, struct weir_buf *why)
{
	uint64_t have = weir_hugepages_free();

	if (cfg->need_bytes <= have)
		return 0;
	eal_say(why, "%llu MiB of hugepages are needed%s and %llu MiB are free; mend: ",
		mib(cfg->need_bytes), cfg->need_text ? cfg->need_text : "", mib(have));
	if (why)
		hugepages_mend(why, cfg->need_bytes);
	return -WEIR_ENOMEM;
}

/* Without hugepages the kernel promises anything and kills later. */
static int check_room(const struct weir_eal_cfg *cfg, struct weir_buf *why)
{
	struct weir_room room = weir_memory_room("");
	uint64_t need = cfg->need_bytes + EAL_SLACK_BYTES;

	if (need <= room.bytes)
		return 0;
	eal_say(why, "%llu MiB of memory are needed%s and %llu MiB are there, %s", mib(need),
		cfg->need_text ? cfg->need_text : "", mib(room.bytes), room.whose);
	return -WEIR_ENOMEM;
}

static int check_memory(const struct weir_eal_cfg *cfg, struct weir_buf *why)
{
	int rc = cfg->hugepages ? check_hugepages(cfg, why) : check_room(cfg, why);

	if (rc < 0)
		eal_say(why, "; less is needed with smaller memory.connections, memory.inspected "
			     "or memory.packets");
	return rc;
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
