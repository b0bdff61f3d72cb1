/* SPDX-License-Identifier: BSD-3-Clause */
/* ports[].device: a PCI address, a kernel interface or DPDK devargs, each in its own syntax. */
#include "conf_impl.h"

#include <ctype.h>
#include <stdio.h>

#define IFACE_NAME_MAX 15 /* IFNAMSIZ less its NUL */
#define VDEV_NAME_MAX  63 /* RTE_DEV_NAME_MAX_LEN less its NUL */

#define DEVICE_FORMS "a PCI address (0000:18:00.0), iface:NAME or vdev:DEVARGS"

/* ---- PCI ---- */

/* `min` to `max` hexadecimal digits of a number up to `limit`, then `end`. */
static bool hex_field(const char **p, unsigned int min, unsigned int max, unsigned long limit,
		      char end, unsigned int *out)
{
	unsigned int digits = 0;
	unsigned long value = 0;

	for (; isxdigit((unsigned char)**p) && digits <= max; digits++, (*p)++)
		value = value * 16 + (unsigned long)(isdigit((unsigned char)**p)
							     ? **p - '0'
							     : (**p | 0x20) - 'a' + 10);
	if (digits < min || digits > max || value > limit || *(*p)++ != end)
		return false;
	*out = (unsigned int)value;
	return true;
}

/* "DDDD:BB:DD.F", the domain up to eight digits (behind VMD) or left out. Written out in full, so
 * that equal devices are equal texts. */
static bool parse_pci(const char *text, char *out, size_t size)
{
	unsigned int domain = 0, bus, device, function;
	const char *p = text;

	if (!hex_field(&p, 4, 8, 0xffffffff, ':', &domain)) {
		domain = 0;
		p = text;
	}
	if (!hex_field(&p, 1, 2, 0xff, ':', &bus) || !hex_field(&p, 1, 2, 0x1f, '.', &device) ||
	    !hex_field(&p, 1, 1, 7, '\0', &function))
		return false;
	snprintf(out, size, "%04x:%02x:%02x.%x", domain, bus, device, function);
	return true;
}

/* ---- kernel interfaces: what dev_valid_name of the kernel takes ---- */

static const char *iface_fault(const char *name)
{
	if (!*name)
		return "names no interface";
	if (strlen(name) > IFACE_NAME_MAX)
		return "names an interface of more than 15 characters, which no kernel has";
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strpbrk(name, "/: \t\n\v\f\r"))
		return "names an interface as no kernel does";
	return NULL;
}

/* ---- devargs: DRIVER[,KEY=VALUE]… ---- */

static size_t vdev_name_len(const char *devargs)
{
	return strcspn(devargs, ",");
}

static const char *vdev_fault(const char *devargs)
{
	size_t len = vdev_name_len(devargs);

	if (len == 0)
		return "names no DPDK driver: vdev:net_memif0,role=server for example";
	if (len > VDEV_NAME_MAX)
		return "names a DPDK device with more than 63 characters";
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)devargs[i]) && !strchr("_-", devargs[i]))
			return "names a DPDK device with other than letters, digits, '_' and '-'";
	return NULL;
}

/* ---- the three ---- */

static bool has_prefix(const char *text, const char *prefix, const char **rest)
{
	size_t len = strlen(prefix);

	*rest = text + len;
	return strncmp(text, prefix, len) == 0;
}

/* The text has none of the three forms: guess which was meant. */
static void report_formless(struct conf_reading *g, struct weir_conf_pos pos, const char *text)
{
	static const char digits[] = "0123456789abcdefABCDEF:.";

	if (strchr(text, ':') && strspn(text, digits) == strlen(text))
		weir_conf_error(g->report, pos,
				"device '%s' is no PCI address: write it as 0000:18:00.0", text);
	else if (strncmp(text, "net_", 4) == 0 && !vdev_fault(text))
		weir_conf_error(g->report, pos, "device '%s': did you mean 'vdev:%s'?", text, text);
	else if (!iface_fault(text))
		weir_conf_error(g->report, pos, "device '%s': did you mean 'iface:%s'?", text,
				text);
	else
		weir_conf_error(g->report, pos, "device '%s' is neither of " DEVICE_FORMS, text);
}

static void set_device(struct conf_reading *g, struct weir_conf_pos pos, const char *text,
		       const char *rest, const char *fault, struct weir_conf_port *p)
{
	if (fault)
		weir_conf_error(g->report, pos, "device '%s' %s", text, fault);
	else
		strcpy(p->device, rest);
}

void conf_read_device(struct conf_reading *g, const struct weir_conf_node *map,
		      struct weir_conf_port *p)
{
	const char *text = NULL, *rest;
	struct weir_conf_pos pos;

	if (!weir_conf_require(map, "device", g->report) ||
	    !weir_conf_str(map, "device", &text, g->report))
		return;
	pos = weir_conf_get(map, "device")->pos;
	if (strlen(text) >= sizeof(p->device) || conf_has_control(text)) {
		weir_conf_error(g->report, pos,
				"device '%s' has control characters or more than %zu bytes", text,
				sizeof(p->device) - 1);
	} else if (has_prefix(text, "iface:", &rest)) {
		p->kind = WEIR_DEVICE_IFACE;
		set_device(g, pos, text, rest, iface_fault(rest), p);
	} else if (has_prefix(text, "vdev:", &rest)) {
		p->kind = WEIR_DEVICE_VDEV;
		set_device(g, pos, text, rest, vdev_fault(rest), p);
	} else if (!parse_pci(text, p->device, sizeof(p->device))) {
		report_formless(g, pos, text);
	}
}

bool conf_same_device(const struct weir_conf_port *a, const struct weir_conf_port *b)
{
	size_t len = vdev_name_len(a->device);

	if (a->kind != b->kind || !*a->device)
		return false;
	if (a->kind == WEIR_DEVICE_VDEV)
		return len == vdev_name_len(b->device) && memcmp(a->device, b->device, len) == 0;
	return strcmp(a->device, b->device) == 0;
}
