/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/port as control sees it, without devices. */
#include "fake_path.h"

bool weir_port_link_up(const struct weir_port *p)
{
	return p->state->carrier && !p->state->held;
}

int weir_port_set_link(const struct weir_port *p, bool up)
{
	if (p->state->cannot)
		return -WEIR_ENOTSUP;
	p->state->held = !up;
	p->state->sets++;
	return 0;
}

void weir_port_counters(const struct weir_port *p, struct weir_port_counters *out)
{
	*out = p->state->counters;
}

void weir_port_describe(const struct weir_port *p, struct weir_json *j, const char *key)
{
	weir_json_object(j, key);
	weir_json_str(j, "driver", "net_fake");
	weir_json_end_object(j);
}
