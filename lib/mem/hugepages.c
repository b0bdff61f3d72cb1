/* SPDX-License-Identifier: BSD-3-Clause */
/* How many hugepages there are, as sysfs tells. */
#include "mem_impl.h"

#include <stdio.h>

#define SIZE_2M "2048kB"
#define SIZE_1G "1048576kB"

static uint64_t pages(const char *size, const char *what)
{
	char path[128];
	unsigned long long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%s/%s", size, what);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* Free pages that nobody has been promised. */
static uint64_t unclaimed(const char *size)
{
	uint64_t n = pages(size, "free_hugepages"), promised = pages(size, "resv_hugepages");

	return n > promised ? n - promised : 0;
}

uint64_t weir_hugepages_free(void)
{
	return (unclaimed(SIZE_2M) << 21) + (unclaimed(SIZE_1G) << 30);
}

void hugepages_mend(struct weir_buf *why, uint64_t need_bytes)
{
	uint64_t used = pages(SIZE_2M, "nr_hugepages") - unclaimed(SIZE_2M);
	uint64_t need = (need_bytes + (1 << 21) - 1) >> 21;

	weir_buf_printf(why,
			"echo %llu > /sys/kernel/mm/hugepages/hugepages-" SIZE_2M "/nr_hugepages",
			(unsigned long long)(used + (need ? need : 1)));
}
