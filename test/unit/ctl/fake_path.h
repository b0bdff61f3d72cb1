/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control sees of the packet's path and of ports, without workers or devices: these stand in
 * for lib/path and lib/port at link time, and a test sets what they show and sees what they were
 * told.
 */
#ifndef FAKE_PATH_H
#define FAKE_PATH_H

#include <weir_path.h>

#define FAKE_WORKERS 2
#define FAKE_FLOWS   8

struct weir_path {
	struct weir_stats stats[FAKE_WORKERS];
	struct weir_path_gauges gauges[FAKE_WORKERS];
	struct weir_use pools[FAKE_WORKERS][WEIR_PATH_POOL_END];
	struct weir_generation *generation;
	unsigned int publishes;
	unsigned int syncs;
	/* flows: what is given, and what was asked for last */
	struct weir_path_flow flow[FAKE_FLOWS];
	unsigned int n_flows;
	int flows_rc; /* negative: what weir_path_flows returns */
	struct weir_path_filter filter;
	unsigned int max;
	/* trace */
	bool tracing;
	struct weir_path_filter trace_filter;
	uint64_t trace_until_ns;
	/* links, as control told them */
	bool link_up[WEIR_CONF_PORTS_MAX];
};

struct port_state {
	bool carrier; /* of the world */
	bool cannot;  /* set_link is not supported */
	bool held;    /* as set_link was told */
	unsigned int sets;
	struct weir_port_counters counters;
};

#endif
