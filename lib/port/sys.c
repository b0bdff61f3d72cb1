/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading sysfs and procfs below a root. */
#include "sys.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool make_path(char *path, const char *root, const char *format, va_list args)
	WEIR_PRINTF(3, 0);
static bool make_path(char *path, const char *root, const char *format, va_list args)
{
	int len = snprintf(path, SYS_PATH_MAX, "%s", root);
	int more;

	if (len < 0 || len >= SYS_PATH_MAX)
		return false;
	more = vsnprintf(path + len, SYS_PATH_MAX - (size_t)len, format, args);
	return more >= 0 && more < SYS_PATH_MAX - len;
}

static void trim(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
}

static bool read_line(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(out, (int)size, f);

	if (f)
		fclose(f);
	if (!ok)
		out[0] = '\0';
	trim(out);
	return ok;
}

bool sys_line(const char *root, char *out, size_t size, const char *format, ...)
{
	char path[SYS_PATH_MAX];
	va_list args;
	bool ok;

	out[0] = '\0';
	va_start(args, format);
	ok = make_path(path, root, format, args);
	va_end(args);
	return ok && read_line(path, out, size);
}

bool sys_u64(const char *root, uint64_t *out, const char *format, ...)
{
	char path[SYS_PATH_MAX], text[64], *end;
	va_list args;
	bool ok;

	va_start(args, format);
	ok = make_path(path, root, format, args);
	va_end(args);
	if (!ok || !read_line(path, text, sizeof(text)) || !isdigit((unsigned char)text[0]))
		return false;
	*out = strtoull(text, &end, 0);
	return *end == '\0';
}

bool sys_exists(const char *root, const char *format, ...)
{
	char path[SYS_PATH_MAX];
	va_list args;
	bool ok;

	va_start(args, format);
	ok = make_path(path, root, format, args);
	va_end(args);
	return ok && access(path, F_OK) == 0;
}

bool sys_link_name(const char *root, char *out, size_t size, const char *format, ...)
{
	char path[SYS_PATH_MAX], target[SYS_PATH_MAX];
	const char *name;
	va_list args;
	ssize_t len;
	bool ok;

	out[0] = '\0';
	va_start(args, format);
	ok = make_path(path, root, format, args);
	va_end(args);
	len = ok ? readlink(path, target, sizeof(target) - 1) : -1;
	if (len <= 0)
		return false;
	target[len] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= size)
		return false;
	memcpy(out, name, strlen(name) + 1);
	return true;
}

unsigned int sys_count(const char *root, const char *folder, const char *prefix)
{
	char path[SYS_PATH_MAX];
	const struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s%s", root, folder) >= (int)sizeof(path))
		return 0;
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return n;
}

bool sys_field(const char *root, const char *path, const char *key, char *out, size_t size)
{
	char full[SYS_PATH_MAX], line[4096];
	bool found = false;
	FILE *f;

	out[0] = '\0';
	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return false;
	f = fopen(full, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, key, strlen(key)) == 0;
	if (f)
		fclose(f);
	if (!found)
		return false;
	trim(line);
	snprintf(out, size, "%s", line + strlen(key) + strspn(line + strlen(key), " \t:"));
	return true;
}
