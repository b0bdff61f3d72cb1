/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths in the file count from the file's own folder. They are made absolute here, so that the
 * dump means the same from anywhere and a later chdir changes nothing. Symbolic links stay: a
 * folder that is exchanged by its link must keep the paths of the socket and the logs.
 */
#include "conf_impl.h"

#include <stdlib.h>
#include <unistd.h>

/* The text, or NULL when memory ran out on the way. */
static char *finish(struct weir_buf *b)
{
	if (!b->failed)
		return b->ptr;
	weir_buf_fini(b);
	return NULL;
}

static const char *without_dot_slash(const char *path)
{
	while (path[0] == '.' && path[1] == '/')
		for (path++; *path == '/'; path++)
			;
	return path;
}

char *conf_folder_of(const char *name)
{
	const char *slash = strrchr(name, '/'), *from = without_dot_slash(name);
	struct weir_buf b = {0};
	char *cwd;

	if (name[0] != '/' && (cwd = getcwd(NULL, 0))) {
		weir_buf_str(&b, strcmp(cwd, "/") == 0 ? "" : cwd);
		weir_buf_str(&b, "/");
		free(cwd);
	}
	if (slash && slash >= from)
		weir_buf_add(&b, from, (size_t)(slash - from) + 1);
	while (b.len > 1 && b.ptr[b.len - 1] == '/')
		b.ptr[--b.len] = '\0';
	weir_buf_str(&b, "");
	return finish(&b);
}

static char *resolve(const struct conf_reading *g, const char *path)
{
	struct weir_buf b = {0};

	if (path[0] != '/') {
		weir_buf_str(&b, g->folder);
		if (b.len && b.ptr[b.len - 1] != '/')
			weir_buf_str(&b, "/");
		path = without_dot_slash(path);
	}
	weir_buf_str(&b, path);
	return finish(&b);
}

/* The path that `n` names, the caller's; NULL when it cannot be one (reported). */
static char *read_path(struct conf_reading *g, const struct weir_conf_node *n, const char *what)
{
	char *path;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, what, g->report))
		return NULL;
	if (!*n->text) {
		weir_conf_error(g->report, n->pos, "%s is an empty path", what);
		return NULL;
	}
	if (conf_has_control(n->text)) {
		weir_conf_error(g->report, n->pos, "%s '%s' has control characters", what, n->text);
		return NULL;
	}
	path = resolve(g, n->text);
	if (!path)
		weir_conf_error(g->report, n->pos, "out of memory");
	return path;
}

void conf_take_path(struct conf_reading *g, const struct weir_conf_node *map, const char *key,
		    char **out)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);
	char *path = n ? read_path(g, n, key) : NULL;

	if (!path)
		return;
	free(*out);
	*out = path;
}

/* Takes `path`. */
static void add_path(struct conf_reading *g, const struct weir_conf_node *at, char *path,
		     char **out, uint16_t *n)
{
	for (unsigned int i = 0; i < *n; i++)
		if (strcmp(out[i], path) == 0) {
			weir_conf_error(g->report, at->pos, "'%s' stands twice in the list",
					at->text);
			free(path);
			return;
		}
	out[(*n)++] = path;
}

void conf_take_paths(struct conf_reading *g, const struct weir_conf_node *map, const char *key,
		     char **out, uint16_t *n)
{
	const struct weir_conf_node *list = conf_take_list(g, map, key, false);

	if (!list)
		return;
	if (list->count > WEIR_CONF_PATHS_MAX) {
		weir_conf_error(g->report, list->pos,
				"%s has %u paths, %d are the most: name a folder instead", key,
				list->count, WEIR_CONF_PATHS_MAX);
		return;
	}
	weir_conf_foreach (m, list) {
		char *path = read_path(g, m, "a path");

		if (path)
			add_path(g, m, path, out, n);
	}
}
