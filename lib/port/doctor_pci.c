/* SPDX-License-Identifier: BSD-3-Clause */
/* A PCI port: is it there, who drives it, can it be given to a process. */
#include "doctor_impl.h"

#include "port_impl.h"
#include "sys.h"

#include <stdio.h>

#define DEVICES "/sys/bus/pci/devices"

static bool poll_mode(const char *driver)
{
	return !strcmp(driver, "vfio-pci") || !strcmp(driver, "igb_uio") ||
	       !strcmp(driver, "uio_pci_generic");
}

/* mlx4, mlx5 and mana keep the kernel's driver and share the device. */
static bool shared(const char *driver)
{
	return !strcmp(driver, "mlx5_core") || !strcmp(driver, "mlx4_core") ||
	       !strcmp(driver, "mana");
}

static void look_at_class(struct doctor *d, const char *address, const char *subject)
{
	uint64_t class = 0;

	if (sys_u64(d->root, &class, DEVICES "/%s/class", address) && class >> 16 != 2)
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, "dpdk-devbind.py --status-dev net",
			   "%s is no network device (class 0x%06llx)", address,
			   (unsigned long long)class);
}

static void look_at_group(struct doctor *d, const char *address, const char *subject)
{
	char group[32], noiommu[16];

	if (sys_link_name(d->root, group, sizeof(group), DEVICES "/%s/iommu_group", address)) {
		doctor_say(d, WEIR_FINDING_OK, subject, "", "%s is in IOMMU group %s", address,
			   group);
		return;
	}
	sys_line(d->root, noiommu, sizeof(noiommu),
		 "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	if (!strcmp(noiommu, "Y") || !strcmp(noiommu, "1"))
		doctor_say(d, WEIR_FINDING_HINT, subject, "",
			   "%s has no IOMMU group: VFIO runs without protection (no-IOMMU mode)",
			   address);
	else
		doctor_say(d, WEIR_FINDING_PROBLEM, subject,
			   "echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
			   "%s has no IOMMU group: boot with intel_iommu=on or amd_iommu=on and "
			   "iommu=pt, or do without protection",
			   address);
}

static void look_at_driver(struct doctor *d, const char *address, const char *subject)
{
	char driver[64], command[128];

	snprintf(command, sizeof(command), "modprobe vfio-pci && dpdk-devbind.py -b vfio-pci %s",
		 address);
	if (!sys_link_name(d->root, driver, sizeof(driver), DEVICES "/%s/driver", address))
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, command, "no driver is bound to %s",
			   address);
	else if (poll_mode(driver))
		doctor_say(d, WEIR_FINDING_OK, subject, "", "%s is bound to %s", address, driver);
	else if (shared(driver))
		doctor_say(d, WEIR_FINDING_OK, subject, "",
			   "%s is shared with the kernel's driver %s", address, driver);
	else
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, command,
			   "the kernel's driver %s holds %s (its interface goes away when it is "
			   "given to weir)",
			   driver, address);
}

void doctor_pci(struct doctor *d, const struct weir_conf_port *c, const char *subject)
{
	char address[PORT_NAME_BYTES];

	port_pci_address(c->device, address);
	if (!sys_exists(d->root, DEVICES "/%s", address)) {
		doctor_say(d, WEIR_FINDING_PROBLEM, subject, "dpdk-devbind.py --status-dev net",
			   "there is no PCI device %s", address);
		return;
	}
	look_at_class(d, address, subject);
	look_at_driver(d, address, subject);
	look_at_group(d, address, subject);
}
