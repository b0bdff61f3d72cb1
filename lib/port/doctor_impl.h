/* SPDX-License-Identifier: BSD-3-Clause */
/* What the doctor's files share. `root` stands before /sys, /proc and /dev: "" but in tests. */
#ifndef PORT_DOCTOR_IMPL_H
#define PORT_DOCTOR_IMPL_H

#include "weir_port.h"

struct doctor {
	const char *root;
	const struct weir_conf *conf; /* may be NULL */
	weir_finding_fn found;
	void *ctx;
	unsigned int problems;
};

/* One finding; `command` may be "". */
void doctor_say(struct doctor *d, enum weir_finding_level level, const char *subject,
		const char *command, const char *format, ...) WEIR_PRINTF(5, 6);
/* Whether this process has a capability in effect, as /proc tells. */
bool doctor_capable(const struct doctor *d, unsigned int capability);
/* How many ports are of a kind; 0 without a configuration. */
unsigned int doctor_ports_of(const struct doctor *d, enum weir_conf_device kind);
/* Whether DPDK's plug-in for a driver ("net_tap") is installed. */
bool doctor_driver_installed(const struct doctor *d, const char *driver);

/* Returns the number of problems. */
unsigned int doctor_run(const char *root, const struct weir_conf *conf, weir_finding_fn found,
			void *ctx);

void doctor_machine(struct doctor *d);
void doctor_pci(struct doctor *d, const struct weir_conf_port *c, const char *subject);
void doctor_iface(struct doctor *d, const struct weir_conf_port *c, const char *subject);
void doctor_vdev(struct doctor *d, const struct weir_conf_port *c, const char *subject);

#endif
