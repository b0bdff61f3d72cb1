/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of mem/ share. */
#ifndef MEM_IMPL_H
#define MEM_IMPL_H

#include <weir_mem.h>

#include <sched.h>

/* What EAL itself and the heap's own heads take of --no-huge memory. */
#define EAL_SLACK_BYTES (32ULL << 20)

/* Adds to `why` when there is one. */
void eal_say(struct weir_buf *why, const char *format, ...) WEIR_PRINTF(2, 3);

/* ---- hugepages.c ---- */

/* The command that makes `need_bytes` of 2 MiB pages free, beside those in use. */
void hugepages_mend(struct weir_buf *why, uint64_t need_bytes);

/* ---- eal_check.c: what EAL would stumble over, said in time ---- */

/* CPUs as EAL and the operator read them: "0-3,8". */
void eal_cpu_list(struct weir_buf *out, const cpu_set_t *set);
/* 0, or negative with a sentence in `why`. */
int eal_check(const struct weir_eal_cfg *cfg, const cpu_set_t *allowed, struct weir_buf *why);
/* Whether a file like /proc/self/mounts names a hugetlbfs. */
bool eal_mounts_have_hugetlbfs(const char *path);

/* ---- eal_why.c ---- */

/* What EAL's lines `text` and its error number mean, and what mends it. */
void eal_translate(const struct weir_eal_cfg *cfg, const char *text, int error,
		   struct weir_buf *why);
/* What EAL said although it started: what is no surprise goes out at debug level only. */
void eal_report(const struct weir_eal_cfg *cfg, const char *text);

#endif
