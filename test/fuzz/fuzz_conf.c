/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as an appliance file: refused with a reason, or its dump loads to the same dump. */
#include <weir_conf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_conf(const struct weir_conf *c)
{
	weir_assert(c->n_ports > 0 && c->n_ports <= WEIR_CONF_PORTS_MAX);
	weir_assert(c->n_wires > 0 && c->n_wires <= WEIR_CONF_WIRES_MAX);
	weir_assert(c->n_workers <= WEIR_CONF_WORKERS_MAX);
	for (unsigned int i = 0; i < c->n_wires; i++) {
		weir_assert(c->wires[i].port[0] < c->n_ports && c->wires[i].port[1] < c->n_ports);
		weir_assert(c->wires[i].port[0] != c->wires[i].port[1]);
	}
	for (unsigned int i = 0; i < c->n_ports; i++)
		weir_assert(*c->ports[i].name && *c->ports[i].device && c->ports[i].mtu >= 576);
	for (unsigned int i = 0; i < c->n_policy; i++)
		weir_assert(c->policy[i][0] == '/');
	weir_assert(strlen(c->control_socket) <= 107);
}

static void check_dump(const struct weir_conf *c)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_buf first = {0}, second = {0};
	struct weir_conf *again;

	weir_conf_dump(c, &first);
	again = weir_conf_from_text("/other/f",
				    (struct weir_bytes){(const uint8_t *)first.ptr, first.len}, r);
	weir_assert(again && weir_conf_errors(r) == 0);
	weir_assert(!weir_conf_needs_restart(c, again, NULL));
	weir_conf_dump(again, &second);
	weir_assert(first.len == second.len && memcmp(first.ptr, second.ptr, first.len) == 0);
	weir_conf_destroy(again);
	weir_buf_fini(&first);
	weir_buf_fini(&second);
	weir_conf_report_destroy(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *c =
		weir_conf_from_text("/etc/weir/f", (struct weir_bytes){data, size}, r);

	weir_assert((c == NULL) == (weir_conf_errors(r) > 0));
	if (c) {
		check_conf(c);
		check_dump(c);
	}
	weir_conf_destroy(c);
	weir_conf_report_destroy(r);
	return 0;
}
