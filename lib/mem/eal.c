/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One way to start EAL for every program: workers pinned, the main lcore floating, nothing left
 * behind in the file system, and EAL's own lines turned into a sentence that says what to do.
 */
#include "mem_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#define ARGS_MAX 128

void eal_say(struct weir_buf *why, const char *format, ...)
{
	va_list args;

	if (!why)
		return;
	va_start(args, format);
	weir_buf_vprintf(why, format, args);
	va_end(args);
}

/* ---- EAL's command line ---- */

/* The words own their text. One that could not be added shows in `failed`. */
struct args {
	char *word[ARGS_MAX + 1];
	int n;
	bool failed;
};

static void add(struct args *a, const char *format, ...) WEIR_PRINTF(2, 3);
static void add(struct args *a, const char *format, ...)
{
	va_list args;
	int rc = -1;

	va_start(args, format);
	if (a->n < ARGS_MAX)
		rc = vasprintf(&a->word[a->n], format, args);
	va_end(args);
	if (rc < 0)
		a->failed = true;
	else
		a->n++;
}

static void args_fini(struct args *a)
{
	for (int i = 0; i < a->n; i++)
		free(a->word[i]);
}

/* lcore i on CPU cpus[i]; the main lcore is the next one and may run on every CPU. */
static void add_lcores(struct args *a, const struct weir_eal_cfg *cfg, const cpu_set_t *allowed)
{
	struct weir_buf lcores = {0};

	for (unsigned int i = 0; i < cfg->n_cpus; i++)
		weir_buf_printf(&lcores, "%u@%u,", i, cfg->cpus[i]);
	weir_buf_printf(&lcores, "%u@(", cfg->n_cpus);
	eal_cpu_list(&lcores, allowed);
	weir_buf_str(&lcores, ")");
	a->failed |= lcores.failed;
	if (!lcores.failed)
		add(a, "--lcores=%s", lcores.ptr);
	add(a, "--main-lcore=%u", cfg->n_cpus);
	weir_buf_fini(&lcores);
}

static void add_memory(struct args *a, const struct weir_eal_cfg *cfg)
{
	unsigned long long need_mib = (cfg->need_bytes + (1 << 20) - 1) >> 20;

	if (!cfg->hugepages) {
		add(a, "--no-huge");
		add(a, "-m%llu", need_mib + (EAL_SLACK_BYTES >> 20));
		add(a, "--no-shconf");
		return;
	}
	/* Taken at start, so that what is missing shows now and not under traffic. */
	if (need_mib)
		add(a, "-m%llu", need_mib);
	if (cfg->in_memory) {
		add(a, "--in-memory");
		/* virtio-user hands all memory to its backend, which takes eight files at most. */
		add(a, "--single-file-segments");
		return;
	}
	if (cfg->file_prefix)
		return;
	/* Nobody else can know the prefix: pages must be free again even after a kill -9. */
	add(a, "--huge-unlink=always");
	add(a, "--no-shconf");
}

static void add_devices(struct args *a, const struct weir_eal_cfg *cfg)
{
	/* Without a list EAL would take every device that it can. */
	if (!cfg->pci || cfg->n_allow == 0)
		add(a, "--no-pci");
	for (unsigned int i = 0; cfg->pci && i < cfg->n_allow; i++)
		add(a, "--allow=%s", cfg->allow[i]);
}

static void add_rest(struct args *a, const struct weir_eal_cfg *cfg)
{
	if (cfg->file_prefix)
		add(a, "--file-prefix=%s", cfg->file_prefix);
	else
		add(a, "--file-prefix=weir%d", getpid());
	/* Only devices care for physical addresses; without them pools lie in one piece (mbuf.c).
	 */
	if (!cfg->pci)
		add(a, "--iova-mode=va");
	/* weir has a socket of its own for all that can be asked. */
	add(a, "--no-telemetry");
	if (cfg->quiet)
		add(a, "--log-level=warning");
}

/* ---- the start ---- */

/* EAL makes a folder for its sockets and files also when it is to have none. Only an empty one
 * goes. */
static void remove_runtime_dir(void)
{
	const char *dir = rte_eal_get_runtime_dir();

	if (dir && *dir)
		(void)rmdir(dir);
}

/* Starts EAL with its log in memory; its log goes to stderr again whatever came of it. */
static int start_listening(const struct weir_eal_cfg *cfg, const struct args *a,
			   struct weir_buf *why)
{
	char *text = NULL, *words[ARGS_MAX + 1];
	size_t size = 0;
	FILE *log = open_memstream(&text, &size);
	int rc;

	/* EAL permutes the words; the originals are freed by their owner. */
	memcpy(words, a->word, sizeof(words));
	rte_errno = 0;
	rte_openlog_stream(log);
	rc = rte_eal_init(a->n, words);
	rte_openlog_stream(NULL);
	if (log)
		fclose(log);
	remove_runtime_dir();
	if (rc < 0)
		eal_translate(cfg, text ? text : "", rte_errno, why);
	else
		eal_report(cfg, text ? text : "");
	free(text);
	return rc < 0 ? -WEIR_EIO : 0;
}

int weir_eal_start(const struct weir_eal_cfg *cfg, struct weir_buf *why)
{
	struct args a = {.n = 0};
	cpu_set_t allowed;
	int rc;

	if (sched_getaffinity(0, sizeof(allowed), &allowed)) {
		eal_say(why, "cannot ask for the CPUs of this process: %s", strerror(errno));
		return -WEIR_EIO;
	}
	rc = eal_check(cfg, &allowed, why);
	if (rc < 0)
		return rc;
	add(&a, "%s", cfg->program);
	add_lcores(&a, cfg, &allowed);
	add_memory(&a, cfg);
	add_devices(&a, cfg);
	add_rest(&a, cfg);
	rc = -WEIR_ENOMEM;
	if (a.failed)
		eal_say(why, "DPDK cannot be given so many devices, or there is no memory");
	else
		rc = start_listening(cfg, &a, why);
	args_fini(&a);
	return rc;
}
