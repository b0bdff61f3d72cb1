/* SPDX-License-Identifier: BSD-3-Clause */
/* The appliance file as a whole: defaults, every section, and what must not be in it. */
#include "conf_test.h"

#include <stdio.h>
#include <unistd.h>

#define GOOD TWO_PORTS ONE_WIRE

START_TEST(the_smallest_file_has_every_default)
{
	struct weir_conf *c = conf_of(GOOD, "");

	ck_assert_str_eq(c->file, "/etc/weir/t.yaml");
	ck_assert_uint_eq(c->n_workers, 0);
	ck_assert(!c->workers_given);
	ck_assert_uint_eq(c->connections, 100000);
	ck_assert_uint_eq(c->packets, 0);
	ck_assert_uint_eq(c->inspected, 25000);
	ck_assert_uint_eq(c->fragments, 1024);
	ck_assert_uint_eq(c->waf_bytes, 64 << 20);
	ck_assert_uint_eq(c->http2_bytes, 64 << 20);
	ck_assert_int_eq(c->hugepages, WEIR_HUGEPAGES_AUTO);
	ck_assert_uint_eq(c->n_policy, 0);
	ck_assert_uint_eq(c->n_stream_rules, 0);
	ck_assert_ptr_null(c->event_file);
	ck_assert_uint_eq(c->event_ring, 65536);
	ck_assert_uint_eq(c->event_transactions, 4096);
	ck_assert(!c->log_values);
	ck_assert(!c->dumps);
	ck_assert_uint_eq(c->ticket_rotation_ns, 3600 * WEIR_NS_PER_S);
	ck_assert_str_eq(c->control_socket, "/run/weir/weir.sock");
	weir_conf_destroy(c);
	weir_conf_destroy(NULL);
}
END_TEST

START_TEST(every_section_is_taken)
{
	struct weir_conf *c =
		conf_of("workers: [3, 1, 1023]\n"
			"memory: { connections: 64, inspected: 16, packets: 1024, fragments: 1, "
			"waf: 8MiB, http2: 0, hugepages: never, dumps: true }\n" GOOD
			"policy: [policy.d]\nrules: { stream: [rules/stream] }\n"
			"log: { events: /var/log/weir/events.json, ring: 64, transactions: 16, "
			"values: true }\ntls: { ticketRotation: 90s }\ncontrol: { socket: w.sock "
			"}\n",
			"");

	ck_assert(c->workers_given);
	ck_assert_uint_eq(c->n_workers, 3);
	ck_assert_uint_eq(c->workers[0], 3);
	ck_assert_uint_eq(c->workers[1], 1);
	ck_assert_uint_eq(c->workers[2], 1023);
	ck_assert_uint_eq(c->connections, 64);
	ck_assert_uint_eq(c->packets, 1024);
	ck_assert_uint_eq(c->inspected, 16);
	ck_assert_uint_eq(c->fragments, 1);
	ck_assert_uint_eq(c->waf_bytes, 8 << 20);
	ck_assert_uint_eq(c->http2_bytes, 0);
	ck_assert_int_eq(c->hugepages, WEIR_HUGEPAGES_NEVER);
	ck_assert_str_eq(c->policy[0], "/etc/weir/policy.d");
	ck_assert_str_eq(c->stream_rules[0], "/etc/weir/rules/stream");
	ck_assert_str_eq(c->event_file, "/var/log/weir/events.json");
	ck_assert_uint_eq(c->event_ring, 64);
	ck_assert_uint_eq(c->event_transactions, 16);
	ck_assert(c->log_values);
	ck_assert(c->dumps);
	ck_assert_uint_eq(c->ticket_rotation_ns, 90 * WEIR_NS_PER_S);
	ck_assert_str_eq(c->control_socket, "/etc/weir/w.sock");
	weir_conf_destroy(c);
}
END_TEST

START_TEST(the_largest_values_are_taken)
{
	struct weir_conf *c =
		conf_of(GOOD "memory: { connections: 134217728, packets: 134217728,\n"
			     "  fragments: 1048576, waf: 1024GiB, hugepages: require }\n"
			     "log: { ring: 16777216, transactions: 1048576 }\n",
			"");

	ck_assert_uint_eq(c->connections, 1u << 27);
	ck_assert_uint_eq(c->packets, 1u << 27);
	ck_assert_uint_eq(c->fragments, 1u << 20);
	ck_assert_uint_eq(c->waf_bytes, 1ULL << 40);
	ck_assert_int_eq(c->hugepages, WEIR_HUGEPAGES_REQUIRE);
	ck_assert_uint_eq(c->event_ring, 1u << 24);
	ck_assert_uint_eq(c->event_transactions, 1u << 20);
	weir_conf_destroy(c);
}
END_TEST

START_TEST(automatic_packets_are_none_given)
{
	struct weir_conf *c = conf_of(GOOD "memory: { packets: auto, hugepages: auto }\n", "");

	ck_assert_uint_eq(c->packets, 0);
	ck_assert_int_eq(c->hugepages, WEIR_HUGEPAGES_AUTO);
	weir_conf_destroy(c);
}
END_TEST

START_TEST(empty_lists_and_sections_mean_the_defaults)
{
	struct weir_conf *c =
		conf_of(GOOD "memory: {}\npolicy: []\nrules: {}\nlog: {}\ntls: {}\ncontrol: "
			     "{}\n",
			"");

	ck_assert_uint_eq(c->connections, 100000);
	ck_assert_uint_eq(c->n_policy, 0);
	ck_assert_str_eq(c->control_socket, "/run/weir/weir.sock");
	weir_conf_destroy(c);
}
END_TEST

static const struct said_row refused[] = {
	/* sections */
	{"polcy: [policy.d]\n", "t.yaml:3:1: error: unknown key 'polcy', did you mean 'policy'?\n"},
	{"worker: [1]\n", "t.yaml:3:1: error: unknown key 'worker', did you mean 'workers'?\n"},
	{"Log: {}\n", "t.yaml:3:1: error: unknown key 'Log', did you mean 'log'?\n"},
	{"listen: 80\n", "t.yaml:3:1: error: unknown key 'listen'\n"},
	{"memory:\n", "t.yaml:3:8: error: memory is empty: it must be a mapping\n"},
	{"memory: [1]\n", "t.yaml:3:9: error: memory must be a mapping, not a list\n"},
	{"rules: rules\n", "t.yaml:3:8: error: rules must be a mapping, not a value\n"},
	{"log: /var/log/x\n", "t.yaml:3:6: error: log must be a mapping, not a value\n"},
	{"control: ~\n", "t.yaml:3:10: error: control is empty: it must be a mapping\n"},
	{"memory: {conections: 1}\n",
	 "t.yaml:3:10: error: unknown key 'conections', did you mean 'connections'?\n"},
	{"rules: {streams: []}\n",
	 "t.yaml:3:9: error: unknown key 'streams', did you mean 'stream'?\n"},
	{"log: {event: x}\n", "t.yaml:3:7: error: unknown key 'event', did you mean 'events'?\n"},
	{"control: {sock: x}\n",
	 "t.yaml:3:11: error: unknown key 'sock', did you mean 'socket'?\n"},
	/* workers */
	{"workers: 1\n", "t.yaml:3:10: error: workers must be a list, not a value\n"},
	{"workers:\n", "t.yaml:3:9: error: workers is empty: it must be a list\n"},
	{"workers: []\n", "t.yaml:3:10: error: workers must name 1 to 64 CPUs, not 0; leave it out "
			  "for every core but "
			  "the first\n"},
	{"workers: [1, 2, 1]\n", "t.yaml:3:17: error: CPU 1 stands twice in workers\n"},
	{"workers: [1024]\n", "t.yaml:3:11: error: this must lie between 0 and 1023, not 1024\n"},
	{"workers: [0x1]\n",
	 "t.yaml:3:11: error: this must be a number, not '0x1': numbers are decimal here\n"},
	{"workers: [1-3]\n",
	 "t.yaml:3:11: error: this must be a number, not '1-3': write digits only\n"},
	{"workers: [-1, ~, [2]]\n",
	 "t.yaml:3:11: error: this must be a number, not '-1': write it without a sign\n"
	 "t.yaml:3:15: error: this is empty: it must be a value\n"
	 "t.yaml:3:18: error: this must be a value, not a list\n"},
	/* memory */
	{"memory: {connections: 63}\n",
	 "t.yaml:3:23: error: connections must lie between 64 and 134217728, not 63\n"},
	{"memory: {connections: 134217729}\n",
	 "t.yaml:3:23: error: connections must lie between 64 and 134217728, not 134217729\n"},
	{"memory: {connections: 4295067296}\n",
	 "t.yaml:3:23: error: connections must lie between 64 and 134217728, not 4295067296\n"},
	{"memory: {connections: 1_000}\n",
	 "t.yaml:3:23: error: connections must be a number, not '1_000': write its digits without "
	 "separators\n"},
	{"memory: {packets: 1023}\n",
	 "t.yaml:3:19: error: packets must lie between 1024 and 134217728, not 1023\n"},
	{"memory: {packets: Auto}\n",
	 "t.yaml:3:19: error: packets must be a number, not 'Auto': write digits only\n"},
	{"memory: {packets: }\n", "t.yaml:3:19: error: packets is empty: it must be a value\n"},
	{"memory: {connections: 1000, inspected: 1001}\n",
	 "t.yaml:3:40: error: inspected must lie between 16 and 1000, not 1001\n"},
	{"memory: {fragments: 0}\n",
	 "t.yaml:3:21: error: fragments must lie between 1 and 1048576, not 0\n"},
	{"memory: {waf: 1023KiB}\n",
	 "t.yaml:3:15: error: waf must be 0 or at least 1MiB, not 1023KiB\n"},
	{"memory: {http2: 1000KiB}\n",
	 "t.yaml:3:17: error: http2 must be 0 or at least 1MiB, not 1000KiB\n"},
	{"memory: {waf: 1025GiB}\n",
	 "t.yaml:3:15: error: waf must lie between 0 and 1024GiB, not 1025GiB\n"},
	{"log: {transactions: 15}\n",
	 "t.yaml:3:21: error: transactions must lie between 16 and 1048576, not 15\n"},
	{"log: {values: some}\n", "t.yaml:3:15: error: values must be true or false, not 'some'\n"},
	{"memory: {hugepages: yes}\n",
	 "t.yaml:3:21: error: hugepages cannot be 'yes': it is auto, require or never\n"},
	{"memory: {hugepages: required}\n",
	 "t.yaml:3:21: error: hugepages cannot be 'required', did you mean 'require'?\n"},
	/* log, TLS, control */
	{"tls: {ticketRotation: 500ms}\n",
	 "t.yaml:3:23: error: ticketRotation must lie between 1s and 1d, not 500ms\n"},
	{"tls: {tickets: 1}\n", "t.yaml:3:7: error: unknown key 'tickets'\n"},
	{"memory: {dumps: 1}\n", "t.yaml:3:17: error: dumps must be true or false, not '1'\n"},
	{"log: {ring: 63}\n",
	 "t.yaml:3:13: error: ring must lie between 64 and 16777216, not 63\n"},
	{"log: {ring: 64KiB}\n",
	 "t.yaml:3:13: error: ring must be a number, not '64KiB': write digits only\n"},
	{"control: {socket: ''}\n", "t.yaml:3:19: error: socket is an empty path\n"},
	{"control: {socket: [x]}\n", "t.yaml:3:19: error: socket must be a value, not a list\n"},
	/* the document */
	{"---\nkind: Group\n", "t.yaml:4:1: error: a second document: the appliance file has one; "
			       "policy documents go into "
			       "the files that 'policy' names\n"},
	{"ports: []\n", "t.yaml:3:1: error: key 'ports' stands already on line 1\n"},
};

START_TEST(what_is_wrong_is_refused_at_its_place)
{
	assert_refused(GOOD, refused, WEIR_ARRAY_LEN(refused));
}
END_TEST

static const struct said_row no_configuration[] = {
	{"", "t.yaml: error: is empty\n"},
	{"# only a comment\n", "t.yaml: error: is empty\n"},
	{"~\n", "t.yaml: error: is empty\n"},
	{"word\n", "t.yaml:1:1: error: the file must be a mapping, not a value\n"},
	{"[]\n", "t.yaml:1:1: error: the file must be a mapping, not a list\n"},
	{"{}\n", "t.yaml:1:1: error: 'ports' is missing\nt.yaml:1:1: error: 'wires' is missing\n"},
	{"ports: []\nwires: []\n", "t.yaml:1:8: error: ports must have 1 to 32 ports, not 0\n"
				   "t.yaml:2:8: error: wires must have 1 to 16 wires, not 0\n"},
};

START_TEST(a_file_without_configuration_is_refused)
{
	assert_refused("", no_configuration, WEIR_ARRAY_LEN(no_configuration));
}
END_TEST

START_TEST(there_are_at_most_64_workers)
{
	struct weir_buf text = {0}, closed = {0};
	struct weir_conf *c;
	struct said_row row = {", 64]\n",
			       "t.yaml:3:10: error: workers must name 1 to 64 CPUs, not 65; leave "
			       "it out for every core but the first\n"};

	weir_buf_str(&text, GOOD "workers: [0");
	for (unsigned int i = 1; i < WEIR_CONF_WORKERS_MAX; i++)
		weir_buf_printf(&text, ", %u", i);
	weir_buf_printf(&closed, "%s]\n", text.ptr);
	c = conf_of(closed.ptr, "");
	ck_assert_uint_eq(c->n_workers, WEIR_CONF_WORKERS_MAX);
	weir_conf_destroy(c);
	assert_refused(text.ptr, &row, 1);
	weir_buf_fini(&text);
	weir_buf_fini(&closed);
}
END_TEST

START_TEST(a_socket_has_a_path_of_107_bytes_at_most)
{
	for (unsigned int len = 106; len <= 108; len++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_buf text = {0};
		char path[128] = "/";
		struct weir_conf *c;

		memset(path + 1, 's', len - 1);
		weir_buf_printf(&text, GOOD "control: {socket: %s}\n", path);
		c = weir_conf_from_text("t.yaml", bytes_of(text.ptr), r);
		ck_assert((c != NULL) == (len <= 107));
		weir_conf_destroy(c);
		weir_buf_reset(&text);
		if (len > 107)
			weir_buf_printf(&text,
					"t.yaml:3:19: error: socket '%s' has more than 107 bytes, "
					"which no socket may have\n",
					path);
		assert_said(r, path, text.ptr);
		weir_buf_fini(&text);
	}
}
END_TEST

START_TEST(what_was_said_before_does_not_make_a_good_file_bad)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *c;

	weir_conf_error(r, (struct weir_conf_pos){.file = "other.yaml"}, "is wrong");
	c = weir_conf_from_text("t.yaml", bytes_of(GOOD), r);
	ck_assert_ptr_nonnull(c);
	weir_conf_destroy(c);
	assert_said(r, "", "other.yaml: error: is wrong\n");
}
END_TEST

START_TEST(every_cut_of_a_file_is_taken_or_refused_with_a_reason)
{
	static const char text[] =
		GOOD "workers: [1, 2]\nmemory: { connections: 1000, packets: auto }\n"
		     "policy: [p, \"q\"]\nlog:\n  events: e\n  ring: 128\ncontrol:\n  socket: s\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		struct weir_conf_report *r = weir_conf_report_create();
		uint8_t *copy = malloc(len ? len : 1);
		struct weir_conf *c;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text, len);
		c = weir_conf_from_text("t.yaml", (struct weir_bytes){copy, len}, r);
		ck_assert((c == NULL) == (weir_conf_errors(r) > 0));
		weir_conf_destroy(c);
		weir_conf_report_destroy(r);
		free(copy);
	}
}
END_TEST

START_TEST(a_file_is_loaded_from_its_path)
{
	struct weir_conf_report *r = weir_conf_report_create();
	char path[] = "/tmp/weir-test-XXXXXX";
	int fd = mkstemp(path);
	struct weir_conf *c;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "%s", GOOD "policy: [p]\n"), 0);
	close(fd);
	c = weir_conf_load(path, r);
	unlink(path);
	assert_said(r, path, "");
	ck_assert_str_eq(c->file, path);
	ck_assert_str_eq(c->policy[0], "/tmp/p");
	weir_conf_destroy(c);
	r = weir_conf_report_create();
	ck_assert_ptr_null(weir_conf_load("/nonexistent", r));
	assert_said(r, "", "/nonexistent: error: cannot be read: No such file or directory\n");
}
END_TEST

Suite *appliance_suite(void)
{
	return WEIR_SUITE(
		"conf appliance", the_smallest_file_has_every_default, every_section_is_taken,
		the_largest_values_are_taken, automatic_packets_are_none_given,
		empty_lists_and_sections_mean_the_defaults, what_is_wrong_is_refused_at_its_place,
		a_file_without_configuration_is_refused, there_are_at_most_64_workers,
		a_socket_has_a_path_of_107_bytes_at_most,
		what_was_said_before_does_not_make_a_good_file_bad,
		every_cut_of_a_file_is_taken_or_refused_with_a_reason,
		a_file_is_loaded_from_its_path);
}
