/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL for fuzz targets that need mbufs: no hugepages, no files, no devices. */
#ifndef FUZZ_EAL_H
#define FUZZ_EAL_H

#include <rte_eal.h>

static inline int fuzz_start_eal(void)
{
	static char words[][24] = {
		"fuzz",        "--no-huge",      "--no-pci",          "-m128",
		"--no-shconf", "--no-telemetry", "--log-level=error", "--lcores=0"};
	char *args[9] = {0};

	for (int i = 0; i < 8; i++)
		args[i] = words[i];
	return rte_eal_init(8, args);
}

#endif
