/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading sysfs and procfs below a root, so that tests can bring a tree of their own. */
#ifndef PORT_SYS_H
#define PORT_SYS_H

#include <weir_base.h>

#define SYS_PATH_MAX 512

/* The first line of a file, without its end. False when it cannot be read; then out is "". */
bool sys_line(const char *root, char *out, size_t size, const char *format, ...) WEIR_PRINTF(4, 5);
/* A number in decimal or with 0x; false when there is none. */
bool sys_u64(const char *root, uint64_t *out, const char *format, ...) WEIR_PRINTF(3, 4);
bool sys_exists(const char *root, const char *format, ...) WEIR_PRINTF(2, 3);
/* The last part of a symbolic link's target. */
bool sys_link_name(const char *root, char *out, size_t size, const char *format, ...)
	WEIR_PRINTF(4, 5);
/* How many entries of a folder, hidden ones not, begin with `prefix`. */
unsigned int sys_count(const char *root, const char *folder, const char *prefix);
/* The value behind `key` ("MemAvailable:") in a file of such lines; false when it is not there. */
bool sys_field(const char *root, const char *path, const char *key, char *out, size_t size);

#endif
