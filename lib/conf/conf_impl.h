/* SPDX-License-Identifier: BSD-3-Clause */
/* What the readers of the appliance file share. */
#ifndef CONF_IMPL_H
#define CONF_IMPL_H

#include <weir_conf.h>

/* The file that is being read into `conf`; everything wrong goes to `report`. */
struct conf_reading {
	struct weir_conf *conf;
	struct weir_conf_report *report;
	unsigned int errors_before; /* that were in the report when the reading began */
	char *folder;               /* of the file, absolute: what relative paths start from */
};

/* The nearest of `words` (ended by NULL) within distance 3, NULL when none is near enough. */
const char *conf_nearest(const char *text, const char *const *words);

/* Reads `name` of `map`: 1 to 31 of [A-Za-z0-9_.-]. False when missing or wrong (reported). */
bool conf_take_name(struct conf_reading *g, const struct weir_conf_node *map,
		    char out[WEIR_CONF_NAME_MAX + 1]);
/* The list at `key`; NULL when it is absent or no list (reported if wrong, or `required`). */
const struct weir_conf_node *conf_take_list(struct conf_reading *g,
					    const struct weir_conf_node *map, const char *key,
					    bool required);
/* Whether it is there and the plain word auto. */
bool conf_is_auto(const struct weir_conf_node *n);
/* Text with control characters, which no path and no device has. */
bool conf_has_control(const char *text);

/* ---- conf_paths.c ---- */

/* The absolute folder of file `name`; the caller frees it. NULL: no memory. */
char *conf_folder_of(const char *name);
/* The path at `key` into *out, which is freed before; *out is left alone when absent or wrong. */
void conf_take_path(struct conf_reading *g, const struct weir_conf_node *map, const char *key,
		    char **out);
/* The list of paths at `key`, at most WEIR_CONF_PATHS_MAX, none twice. */
void conf_take_paths(struct conf_reading *g, const struct weir_conf_node *map, const char *key,
		     char **out, uint16_t *n);

/* ---- conf_device.c, conf_ports.c, conf_wires.c ---- */

void conf_read_device(struct conf_reading *g, const struct weir_conf_node *map,
		      struct weir_conf_port *p);
/* Whether both name one device. */
bool conf_same_device(const struct weir_conf_port *a, const struct weir_conf_port *b);
void conf_read_ports(struct conf_reading *g, const struct weir_conf_node *root);
/* After the ports. */
void conf_read_wires(struct conf_reading *g, const struct weir_conf_node *root);

#endif
