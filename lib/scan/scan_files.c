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

static bool read_file(struct scan_patterns *p, const struct weir_scan_cfg *cfg, const char *path,
		      struct weir_conf_report *r)
{
	struct weir_conf_pos whole = {.file = path};
	uint32_t first = p->n;

	if (!has_ending(path)) {
		weir_conf_error(r, whole, "the name of a pattern file ends in .hs");
		return false;
	}
	if (!scan_read_patterns(p, path, r))
		return false;
	return scan_read_sidecar(p, first, path, cfg->names, r);
}

static bool read_folder(struct scan_patterns *p, const struct weir_scan_cfg *cfg,
			const char *folder, struct weir_conf_report *r)
{
	struct weir_conf_pos whole = {.file = folder};
	struct dirent **entries;
	bool good = true;
	int n = scandir(folder, &entries, is_pattern_file, alphasort);

	if (n < 0) {
		weir_conf_error(r, whole, "cannot be read: %s", strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		struct weir_buf path = {0};

		weir_buf_printf(&path, "%s/%s", folder, entries[i]->d_name);
		good = !path.failed && read_file(p, cfg, path.ptr, r) && good;
		weir_buf_fini(&path);
		free(entries[i]);
	}
	free(entries);
	if (n == 0)
		weir_conf_warning(r, whole, "no *.hs file in this folder");
	return good;
}

bool scan_read_paths(struct scan_patterns *p, const struct weir_scan_cfg *cfg,
		     struct weir_conf_report *r)
{
	bool good = true;
	struct stat st;

	for (unsigned int i = 0; i < cfg->n_paths; i++) {
		if (stat(cfg->paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			good = read_folder(p, cfg, cfg->paths[i], r) && good;
		else
			good = read_file(p, cfg, cfg->paths[i], r) && good;
	}
	return good;
}
