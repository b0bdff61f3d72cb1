/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine and each port can do, what is missing, and the command that mends it. */
#include "doctor_impl.h"

#include "port_impl.h"
#include "sys.h"

#include <stdio.h>
#include <stdlib.h>

void doctor_say(struct doctor *d, enum weir_finding_level level, const char *subject,
		const char *command, const char *format, ...)
{
	struct weir_finding f = {.level = level};
	va_list args;

	snprintf(f.subject, sizeof(f.subject), "%s", subject);
	snprintf(f.command, sizeof(f.command), "%s", command);
	va_start(args, format);
	vsnprintf(f.text, sizeof(f.text), format, args);
	va_end(args);
	d->problems += level == WEIR_FINDING_PROBLEM;
	d->found(d->ctx, &f);
}

bool doctor_capable(const struct doctor *d, unsigned int capability)
{
	char text[64];

	if (!sys_field(d->root, "/proc/self/status", "CapEff:", text, sizeof(text)))
		return false;
	return strtoull(text, NULL, 16) >> capability & 1;
}

unsigned int doctor_ports_of(const struct doctor *d, enum weir_conf_device kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; d->conf && i < d->conf->n_ports; i++)
		n += d->conf->ports[i].kind == kind;
	return n;
}

bool doctor_driver_installed(const struct doctor *d, const char *driver)
{
	/* Where DPDK looks for plug-ins; without such a folder drivers are linked in. */
	const char *folder = RTE_EAL_PMD_PATH;
	char file[PORT_NAME_BYTES];

	snprintf(file, sizeof(file), "librte_%.40s.so", driver);
	return !sys_exists(d->root, "%s", folder) || sys_count(d->root, folder, file);
}

/* ---- ports ---- */

/* net_tap0 is driven by librte_net_tap, but virtio_user by librte_net_virtio. */
static const char *plugin_of(const char *device, char *out, size_t size)
{
	size_t len = strcspn(device, ",0123456789");

	if (!strncmp(device, "net_virtio_user", strlen("net_virtio_user")))
		return "net_virtio";
	if (!strncmp(device, "net_tun", strlen("net_tun")))
		return "net_tap";
	if (!strncmp(device, "net_bonding", strlen("net_bonding")))
		return "net_bond";
	snprintf(out, size, "%.*s", (int)len, device);
	return out;
}

void doctor_vdev(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	const char *nearest = port_driver_suggestion(c->device);
	char word[PORT_NAME_BYTES];
	const char *plugin = plugin_of(c->device, word, sizeof(word));

	if (nearest)
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, "",
			   "no poll-mode driver is called %.*s, did you mean %s?",
			   (int)strcspn(c->device, ","), c->device, nearest);
	else if (!doctor_driver_installed(d, plugin))
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, "apt install dpdk",
			   "DPDK's driver %s is not installed", plugin);
	else if (!strcmp(plugin, "net_tap") && !sys_exists(d->root, "/dev/net/tun"))
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, "modprobe tun",
			   "the kernel gives no tap interfaces: /dev/net/tun is missing");
	else
		doctor_say(d, WEIR_FINDING_OK, subject, "", "vdev %s: driver %s is there",
			   c->device, plugin);
}

static void look_at_port(struct doctor *d, const struct weir_conf_port *c)
{
	char subject[64];

	snprintf(subject, sizeof(subject), "port %s", c->name);
	switch (c->kind) {
	case WEIR_DEVICE_PCI:
		doctor_pci(d, c, subject);
		break;
	case WEIR_DEVICE_IFACE:
		doctor_iface(d, c, subject);
		break;
	case WEIR_DEVICE_VDEV:
		doctor_vdev(d, c, subject);
		break;
	}
}

unsigned int doctor_run(const char *root, const struct weir_conf *conf, weir_finding_fn found,
			void *ctx)
{
	struct doctor d = {.root = root, .conf = conf, .found = found, .ctx = ctx};

	doctor_machine(&d);
	for (unsigned int i = 0; conf && i < conf->n_ports; i++)
		look_at_port(&d, &conf->ports[i]);
	return d.problems;
}

unsigned int weir_doctor(const struct weir_conf *conf, weir_finding_fn found, void *ctx)
{
	return doctor_run("", conf, found, ctx);
}
