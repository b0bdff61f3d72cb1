/* SPDX-License-Identifier: BSD-3-Clause */
/* Pattern files, and folders of them, in the order of their names. */
#include "scan_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool has_ending(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, ".hs") == 0;
}

static int is_pattern_file(const struct dirent *e)
{
	return e->d_name[0] != '.' && has_ending(e->d_name);
}

static void read_file(struct scan_patterns *p, const struct weir_scan_cfg *cfg, const char *path,
		      struct weir_conf_report *r)
{
	uint32_t first = p->n;

	if (!has_ending(path)) {
		weir_conf_error(r, (struct weir_conf_pos){.file = path},
				"the name of a pattern file ends in .hs");
		return;
	}
	scan_read_patterns(p, path, r);
	scan_read_sidecar(p, first, path, cfg->names, r);
}

static void read_member(struct scan_patterns *p, const struct weir_scan_cfg *cfg,
			const char *folder, const char *name, struct weir_conf_report *r)
{
	struct weir_buf path = {0};

	weir_buf_printf(&path, "%s/%s", folder, name);
	if (path.failed)
		weir_conf_error(r, (struct weir_conf_pos){.file = folder}, "out of memory");
	else
		read_file(p, cfg, path.ptr, r);
	weir_buf_fini(&path);
}

static void read_folder(struct scan_patterns *p, const struct weir_scan_cfg *cfg,
			const char *folder, struct weir_conf_report *r)
{
	struct weir_conf_pos whole = {.file = folder};
	struct dirent **entries;
	int n = scandir(folder, &entries, is_pattern_file, alphasort);

	if (n < 0) {
		weir_conf_error(r, whole, "cannot be read: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		read_member(p, cfg, folder, entries[i]->d_name, r);
		free(entries[i]);
	}
	free(entries);
	if (n == 0)
		weir_conf_warning(r, whole, "no *.hs file in this folder");
}

void scan_read_paths(struct scan_patterns *p, const struct weir_scan_cfg *cfg,
		     struct weir_conf_report *r)
{
	struct stat st;

	for (unsigned int i = 0; i < cfg->n_paths; i++)
		if (stat(cfg->paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			read_folder(p, cfg, cfg->paths[i], r);
		else
			read_file(p, cfg, cfg->paths[i], r);
}
