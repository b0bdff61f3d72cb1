/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's lines as what an operator can act on. The texts are those of DPDK 22.11. */
#include "mem_impl.h"

#include <weir_log.h>

#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>

enum mend { NOTHING, MORE_HUGEPAGES };

/* The first that matches counts, so the particular stand before the general. */
static const struct {
	const char *eal; /* part of a line */
	const char *text;
	enum mend mend;
} causes[] = {
	{"Cannot create lock on", "another DPDK process runs with the same file prefix", NOTHING},
	{"no mounted hugetlbfs",
	 "hugetlbfs is not mounted; mend: mkdir -p /dev/hugepages && mount -t hugetlbfs none "
	 "/dev/hugepages",
	 NOTHING},
	{"Cannot get hugepage information", "no hugepages are free; mend: ", MORE_HUGEPAGES},
	{"Not enough memory available",
	 "fewer hugepages are free than are needed; mend: ", MORE_HUGEPAGES},
	{"Cannot mmap more hugepages",
	 "hugepages are there but may not be used (hugetlb cgroup limit), or another process took "
	 "them; mend: ",
	 MORE_HUGEPAGES},
	{"allocate VA space",
	 "DPDK cannot have the address space that its hugepages want; mend: ulimit -v unlimited, "
	 "or "
	 "memory.hugepages: never",
	 NOTHING},
	{"mmap() failed: Cannot allocate memory",
	 "the kernel refuses the memory for memory.connections, memory.inspected and "
	 "memory.packets: make these smaller, or mend: ulimit -v unlimited, sysctl "
	 "vm.overcommit_memory=0",
	 NOTHING},
	{"Cannot set up DMA remapping, error 12",
	 "the device may not reach the memory: the memlock limit is too low; mend: ulimit -l "
	 "unlimited",
	 NOTHING},
	{"is not viable",
	 "other devices of the same IOMMU group are still with the kernel: bind all of them to "
	 "vfio-pci, or none",
	 NOTHING},
	{"Cannot use IOVA as 'PA'",
	 "the device needs physical addresses, which this process may not see: turn the IOMMU on "
	 "(intel_iommu=on iommu=pt, amd_iommu=on) and bind the device to vfio-pci, or run as root",
	 NOTHING},
	{"Cannot open VFIO container",
	 "VFIO cannot be used; mend: modprobe vfio-pci, and give this user /dev/vfio/*", NOTHING},
	{"Cannot init VFIO",
	 "VFIO cannot be used; mend: modprobe vfio-pci, and boot with iommu=pt and intel_iommu=on "
	 "or amd_iommu=on",
	 NOTHING},
	{"Cannot set affinity", "this process may not pin its workers to the CPUs it was given",
	 NOTHING},
	{"unavailable", "a worker's CPU is not there or offline", NOTHING},
	{"unsupported cpu type", "DPDK was built for a newer CPU than this one", NOTHING},
	{"already called initialization", "DPDK was started twice in one process", NOTHING},
};

static void say_general(int error, struct weir_buf *why)
{
	if (error == EACCES || error == EPERM)
		eal_say(why, "DPDK may not start: permission denied; run as root, or with the "
			     "capabilities that `weir doctor` names");
	else if (error == ENOMEM)
		eal_say(why, "DPDK cannot get its memory");
	else if (error == EALREADY)
		eal_say(why, "DPDK was started twice in one process");
	else
		eal_say(why, "DPDK cannot start: %s", rte_strerror(error));
}

/* The last line says most: EAL goes from the cause to the consequence. */
static void quote_last_line(const char *text, struct weir_buf *why)
{
	size_t end = strlen(text), from;

	while (end > 0 && text[end - 1] == '\n')
		end--;
	from = end;
	while (from > 0 && text[from - 1] != '\n')
		from--;
	if (end > from)
		eal_say(why, " (%.*s)", (int)(end - from > 200 ? 200 : end - from), text + from);
}

void eal_translate(const struct weir_eal_cfg *cfg, const char *text, int error,
		   struct weir_buf *why)
{
	size_t i = 0;

	while (i < WEIR_ARRAY_LEN(causes) && !strstr(text, causes[i].eal))
		i++;
	if (i < WEIR_ARRAY_LEN(causes)) {
		eal_say(why, "%s", causes[i].text);
		if (causes[i].mend == MORE_HUGEPAGES && why)
			hugepages_mend(why, cfg->need_bytes);
	} else {
		say_general(error, why);
	}
	quote_last_line(text, why);
}

/* ---- what it says all the same ---- */

/* True on most machines, and no reason to look at anything. */
static const char *const harmless[] = {
	"hugepages reported",   /* of the size that is not used */
	"runtime dir",          /* not needed: no shared files */
	"IPC",                  /* the same */
	"Static memory layout", /* --no-huge */
	"anonymously",          /* --in-memory */
	"estimated roughly",    /* the TSC of a virtual machine; weir's clock is the kernel's */
	"no NUMA nodes",        /* virtual machines */
	"Detected ",            /* CPUs, nodes, linkage */
	"selecting IOVA as VA",
	"Selected IOVA mode",
};

static bool is_harmless(const char *line)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(harmless); i++)
		if (strstr(line, harmless[i]))
			return true;
	return false;
}

void eal_report(const struct weir_eal_cfg *cfg, const char *text)
{
	while (*text) {
		int len = (int)strcspn(text, "\n");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", len, text);
		if (!cfg->quiet)
			weir_info("%s", line);
		else if (is_harmless(line))
			weir_debug("%s", line);
		else
			weir_warning("%s", line);
		text += len + (text[len] == '\n');
	}
}
