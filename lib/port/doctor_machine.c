/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine: CPU, cores, memory, privileges, IOMMU. */
#include "doctor_impl.h"

#include "port_impl.h"
#include "sys.h"

#include <stdio.h>
#include <stdlib.h>

#include <linux/capability.h>

#define MIB (1ULL << 20)

/* ---- CPU ---- */

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
		at += len;
	}
	return false;
}

static void look_at_cpu(struct doctor *d)
{
	char flags[4096];

	if (!sys_field(d->root, "/proc/cpuinfo", "flags", flags, sizeof(flags)))
		return;
	if (!has_word(flags, "sse4_2"))
		doctor_say(d, WEIR_FINDING_PROBLEM, "cpu", "",
			   "the CPU has no SSE4.2, which DPDK needs (in a virtual machine: -cpu "
			   "host)");
	else if (!has_word(flags, "aes") || !has_word(flags, "avx2"))
		doctor_say(d, WEIR_FINDING_HINT, "cpu", "",
			   "the CPU lacks %s: inspection and TLS are slower (in a virtual machine: "
			   "-cpu host)",
			   has_word(flags, "aes") ? "AVX2" : "AES instructions");
	else
		doctor_say(d, WEIR_FINDING_OK, "cpu", "", "SSE4.2, AES and AVX2 are there");
}

/* ---- cores ---- */

/* "1,3-5" has 4. */
static bool in_cpu_list(const char *list, unsigned int cpu)
{
	while (*list) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			return false;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (cpu >= from && cpu <= to)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}

static unsigned int add_cpu(char *list, size_t size, unsigned int len, unsigned int cpu)
{
	int n = snprintf(list + len, size - len, "%s%u", len ? "," : "", cpu);

	return n > 0 && len + (unsigned int)n < size ? len + (unsigned int)n : len;
}

static void look_at_cores(struct doctor *d)
{
	char online[256], isolated[256], shared[128] = "", command[224];
	unsigned int len = 0;

	sys_line(d->root, online, sizeof(online), "/sys/devices/system/cpu/online");
	sys_line(d->root, isolated, sizeof(isolated), "/sys/devices/system/cpu/isolated");
	for (unsigned int i = 0; d->conf && i < d->conf->n_workers; i++) {
		unsigned int cpu = d->conf->workers[i];

		if (!in_cpu_list(online, cpu))
			doctor_say(d, WEIR_FINDING_PROBLEM, "workers", "",
				   "worker %u wants CPU %u, online are %s", i, cpu, online);
		else if (!in_cpu_list(isolated, cpu))
			len = add_cpu(shared, sizeof(shared), len, cpu);
	}
	if (!d->conf || !d->conf->n_workers)
		return;
	/* To be added to the kernel's command line. */
	snprintf(command, sizeof(command), "isolcpus=%s nohz_full=%s rcu_nocbs=%s", shared, shared,
		 shared);
	if (len)
		doctor_say(d, WEIR_FINDING_HINT, "workers", command,
			   "CPU %s also runs other tasks: for steady latency keep them off by the "
			   "kernel's command line",
			   shared);
	else
		doctor_say(d, WEIR_FINDING_OK, "workers", "", "the workers' CPUs are isolated");
}

/* ---- memory ---- */

static uint64_t pages_bytes(const struct doctor *d, const char *what, unsigned int page_kb)
{
	uint64_t n = 0;

	sys_u64(d->root, &n, "/sys/kernel/mm/hugepages/hugepages-%ukB/%s", page_kb, what);
	return n * page_kb * 1024;
}

static uint64_t need_bytes(const struct weir_conf *c)
{
	/* Roughly what weir run asks for: buffers with their headers, a flow with its timers. */
	unsigned int workers = c->n_workers ? c->n_workers : 1;
	uint64_t buffers =
		c->packets ? c->packets : weir_ports_ring_buffers(c, workers) + 8192ULL * workers;

	return buffers * (weir_ports_frame_bytes(c) + 384ULL) + c->connections * 512ULL +
	       c->fragments * 512ULL * workers + 32 * MIB;
}

static void look_at_hugepages(struct doctor *d)
{
	uint64_t free_bytes =
		pages_bytes(d, "free_hugepages", 2048) + pages_bytes(d, "free_hugepages", 1048576);
	uint64_t need = d->conf ? need_bytes(d->conf) : 0;
	bool required = d->conf && d->conf->hugepages == WEIR_HUGEPAGES_REQUIRE;
	char command[160];

	snprintf(command, sizeof(command),
		 "echo %llu > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
		 (unsigned long long)(need ? need / (2 * MIB) + 1 : 512));
	if (d->conf && d->conf->hugepages == WEIR_HUGEPAGES_NEVER)
		doctor_say(d, WEIR_FINDING_OK, "hugepages", "",
			   "not used: memory.hugepages is never");
	else if (free_bytes && free_bytes >= need)
		doctor_say(d, WEIR_FINDING_OK, "hugepages", "",
			   "%llu MiB are free, about %llu MiB are needed",
			   (unsigned long long)(free_bytes / MIB),
			   (unsigned long long)(need / MIB));
	else
		doctor_say(d, required ? WEIR_FINDING_PROBLEM : WEIR_FINDING_HINT, "hugepages",
			   command, "%llu MiB are free, about %llu MiB are needed%s",
			   (unsigned long long)(free_bytes / MIB), (unsigned long long)(need / MIB),
			   required ? "" : ": weir runs without, which is slower");
}

static void look_at_memory(struct doctor *d)
{
	char text[64];
	uint64_t available, need;

	if (!d->conf || !sys_field(d->root, "/proc/meminfo", "MemAvailable:", text, sizeof(text)))
		return;
	available = strtoull(text, NULL, 10) * 1024;
	need = need_bytes(d->conf);
	if (available < need)
		doctor_say(d, WEIR_FINDING_PROBLEM, "memory", "",
			   "%llu MiB are available, about %llu MiB are needed: lower "
			   "memory.connections or memory.packets",
			   (unsigned long long)(available / MIB), (unsigned long long)(need / MIB));
}

/* "Max locked memory  8388608  8388608  bytes": the soft limit counts. */
static void look_at_memlock(struct doctor *d)
{
	char text[128];
	uint64_t limit, need = d->conf ? need_bytes(d->conf) : 64 * MIB;

	if (!sys_field(d->root, "/proc/self/limits", "Max locked memory", text, sizeof(text)))
		return;
	limit = strncmp(text, "unlimited", 9) ? strtoull(text, NULL, 10) : UINT64_MAX;
	if (limit == UINT64_MAX || doctor_capable(d, CAP_IPC_LOCK))
		doctor_say(d, WEIR_FINDING_OK, "memlock", "", "memory can be locked");
	else if (limit < need)
		doctor_say(d, WEIR_FINDING_HINT, "memlock", "ulimit -l unlimited",
			   "%llu KiB of memory can be locked: AF_XDP, VFIO and large packet rings "
			   "need more, or CAP_IPC_LOCK",
			   (unsigned long long)(limit / 1024));
}

/* ---- privileges ---- */

static void look_at_privileges(struct doctor *d)
{
	bool net = doctor_capable(d, CAP_NET_RAW) && doctor_capable(d, CAP_NET_ADMIN);
	bool iface = doctor_ports_of(d, WEIR_DEVICE_IFACE) > 0;

	if (doctor_capable(d, CAP_SYS_ADMIN) && net)
		doctor_say(d, WEIR_FINDING_OK, "privileges", "", "all are there");
	else if (net)
		doctor_say(
			d, WEIR_FINDING_HINT, "privileges", "sudo weir run",
			"no CAP_SYS_ADMIN: kernel interfaces are driven by AF_PACKET, not AF_XDP");
	else
		doctor_say(d, iface ? WEIR_FINDING_PROBLEM : WEIR_FINDING_HINT, "privileges",
			   "setcap cap_net_raw,cap_net_admin,cap_ipc_lock+ep $(command -v weir)",
			   "neither root nor CAP_NET_RAW and CAP_NET_ADMIN: kernel interfaces "
			   "cannot be opened, and XDP programs of others cannot be seen");
}

/* ---- PCI devices in general ---- */

static void look_at_vfio(struct doctor *d)
{
	bool pci = doctor_ports_of(d, WEIR_DEVICE_PCI) > 0;
	enum weir_finding_level bad = pci ? WEIR_FINDING_PROBLEM : WEIR_FINDING_HINT;

	if (d->conf && !pci)
		return;
	if (!sys_count(d->root, "/sys/kernel/iommu_groups", ""))
		doctor_say(d, WEIR_FINDING_HINT, "iommu", "intel_iommu=on iommu=pt",
			   "the IOMMU is off or absent: PCI devices need it (add to the kernel's "
			   "command line; amd_iommu=on on AMD)");
	else
		doctor_say(d, WEIR_FINDING_OK, "iommu", "", "the IOMMU is on");
	if (sys_exists(d->root, "/sys/bus/pci/drivers/vfio-pci"))
		doctor_say(d, WEIR_FINDING_OK, "vfio", "", "vfio-pci is loaded");
	else
		doctor_say(d, bad, "vfio", "modprobe vfio-pci",
			   "vfio-pci is not loaded: PCI devices cannot be given to weir");
}

void doctor_machine(struct doctor *d)
{
	look_at_cpu(d);
	look_at_cores(d);
	look_at_hugepages(d);
	look_at_memory(d);
	look_at_memlock(d);
	look_at_privileges(d);
	look_at_vfio(d);
}
