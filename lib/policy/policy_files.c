/* SPDX-License-Identifier: BSD-3-Clause */
/* Files and folders of policy documents, in the order of their names. */
#include "policy_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FOLDERS_DEEP 8

struct loading {
	struct array docs; /* struct weir_conf_docs * */
	struct weir_conf_report *r;
	uint32_t seen; /* files */
	bool good;
};

static void load_path(struct loading *l, const char *path, unsigned int depth);

static int is_policy_entry(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	if (e->d_name[0] == '.')
		return 0;
	if (e->d_type == DT_DIR || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN)
		return 1;
	return (len > 5 && strcmp(e->d_name + len - 5, ".yaml") == 0) ||
	       (len > 4 && strcmp(e->d_name + len - 4, ".yml") == 0);
}

static bool has_policy_name(const char *path)
{
	size_t len = strlen(path);

	return (len > 5 && strcmp(path + len - 5, ".yaml") == 0) ||
	       (len > 4 && strcmp(path + len - 4, ".yml") == 0);
}

/* Of a folder: sub-folders and files with a policy's ending; a link is followed to see what it is.
 */
static void load_entry(struct loading *l, const char *folder, const char *name, unsigned int depth)
{
	struct weir_buf path = {0};
	struct stat st;

	weir_buf_printf(&path, "%s/%s", folder, name);
	if (!path.failed && stat(path.ptr, &st) == 0 &&
	    (S_ISDIR(st.st_mode) || has_policy_name(path.ptr)))
		load_path(l, path.ptr, depth + 1);
	weir_buf_fini(&path);
}

static void load_folder(struct loading *l, const char *path, unsigned int depth)
{
	struct weir_conf_pos whole = {.file = path};
	uint32_t before = l->seen;
	struct dirent **entries;
	int n = scandir(path, &entries, is_policy_entry, alphasort);

	if (n < 0 || depth > FOLDERS_DEEP) {
		weir_conf_error(l->r, whole, "cannot be read: %s",
				n < 0 ? strerror(errno) : "folders are nested too deeply");
		l->good = false;
	}
	for (int i = 0; i < n; i++) {
		if (depth <= FOLDERS_DEEP)
			load_entry(l, path, entries[i]->d_name, depth);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (depth == 0 && l->good && l->seen == before)
		weir_conf_warning(l->r, whole, "no *.yaml or *.yml file in this folder");
}

static void load_one_file(struct loading *l, const char *path)
{
	struct weir_conf_docs *d = weir_conf_load_file(path, l->r), **slot;

	l->seen++;
	slot = d ? array_add(&l->docs, sizeof(struct weir_conf_docs *)) : NULL;
	if (slot)
		*slot = d;
	else
		weir_conf_docs_destroy(d);
	l->good = l->good && slot;
}

static void load_path(struct loading *l, const char *path, unsigned int depth)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		load_folder(l, path, depth);
	else
		load_one_file(l, path);
}

struct weir_policy *weir_policy_load(const char *const *paths, unsigned int n,
				     struct weir_names *names, struct weir_conf_report *r)
{
	struct loading l = {.r = r, .good = true};
	struct weir_policy *p = NULL;

	for (unsigned int i = 0; i < n; i++)
		load_path(&l, paths[i], 0);
	if (l.good)
		p = weir_policy_from_docs((const struct weir_conf_docs *const *)l.docs.items,
					  l.docs.n, names, r);
	for (uint32_t i = 0; i < l.docs.n; i++)
		weir_conf_docs_destroy(((struct weir_conf_docs **)l.docs.items)[i]);
	array_fini(&l.docs);
	return p;
}
