/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and what is answered: every command, and what is wrong with bad ones. */
#include "fixture.h"

#include <weir_pkt.h>
#include <weir_test.h>

#include <unistd.h>

START_TEST(bad_requests_are_refused_with_the_reason)
{
	static const struct {
		const char *request, *error;
	} rows[] = {
		{"[]", "a request is a JSON object, {\"cmd\": \"status\"}"},
		{"\"status\"", "a request is a JSON object, {\"cmd\": \"status\"}"},
		{"{}", "\"cmd\" is missing or not a string"},
		{"{\"cmd\":7}", "\"cmd\" is missing or not a string"},
		{"{\"cmd\":\"statsu\"}", "no command 'statsu', did you mean 'stats'?"},
		{"{\"cmd\":\"xyzzyplugh\"}", "no command 'xyzzyplugh'"},
		{"{\"cmd\":\"\"}", "no command ''"},
		{"{\"cmd\":\"flows\",\"prot\":6}",
		 "flows: unknown key 'prot', did you mean 'proto'?"},
		{"{\"cmd\":\"status\",\"everything\":true}", "status: unknown key 'everything'"},
		{"{\"cmd\":\"flows\",\"src\":7}", "src: a string is wanted"},
		{"{\"cmd\":\"flows\",\"src\":\"10.0.0\"}",
		 "src: '10.0.0' is not an IP address or prefix"},
		{"{\"cmd\":\"flows\",\"any\":\"10.0.0.1/8\"}",
		 "any: '10.0.0.1/8' has bits set below its prefix, did you mean 10.0.0.0/8?"},
		{"{\"cmd\":\"flows\",\"dst\":\"10.0.0.0/33\"}",
		 "dst: '10.0.0.0/33' is not an IP address or prefix"},
		{"{\"cmd\":\"flows\",\"port\":0}",
		 "port: a whole number from 1 to 65535 is wanted"},
		{"{\"cmd\":\"flows\",\"port\":65536}",
		 "port: a whole number from 1 to 65535 is wanted"},
		{"{\"cmd\":\"flows\",\"port\":-1}",
		 "port: a whole number from 1 to 65535 is wanted"},
		{"{\"cmd\":\"flows\",\"port\":1.5}",
		 "port: a whole number from 1 to 65535 is wanted"},
		{"{\"cmd\":\"flows\",\"port\":\"http\"}",
		 "port: a whole number from 1 to 65535 is wanted"},
		{"{\"cmd\":\"flows\",\"port\":\"\"}",
		 "port: a whole number from 1 to 65535 is wanted"},
		{"{\"cmd\":\"flows\",\"flow_id\":\"18446744073709551616\"}",
		 "flow_id: a whole number from 1 to 18446744073709551615 is wanted"},
		{"{\"cmd\":\"flows\",\"proto\":\"gre2\"}",
		 "proto: tcp, udp, icmp, icmpv6, sctp or a number to 255 is wanted"},
		{"{\"cmd\":\"flows\",\"proto\":256}",
		 "proto: tcp, udp, icmp, icmpv6, sctp or a number to 255 is wanted"},
		{"{\"cmd\":\"flows\",\"denied\":\"yes\"}", "denied: true or false is wanted"},
		{"{\"cmd\":\"flows\",\"limit\":10001}",
		 "limit: a whole number from 0 to 10000 is wanted"},
		{"{\"cmd\":\"drops\",\"all\":1}", "all: true or false is wanted"},
		{"{\"cmd\":\"events\",\"n\":0}", "n: a whole number from 1 to 1000 is wanted"},
		{"{\"cmd\":\"explain\"}", "from: an IP address is wanted"},
		{"{\"cmd\":\"explain\",\"from\":\"10.0.0.1\"}", "to: an IP address is wanted"},
		{"{\"cmd\":\"explain\",\"from\":\"web\",\"to\":\"10.0.0.2\"}",
		 "from: 'web' is not an IP address"},
		{"{\"cmd\":\"explain\",\"from\":\"10.0.0.0/8\",\"to\":\"10.0.0.2\"}",
		 "from: '10.0.0.0/8' is not an IP address"},
		{"{\"cmd\":\"explain\",\"from\":\"10.0.0.1\",\"to\":\"::1\",\"port\":1}",
		 "from and to are of different IP versions"},
		{"{\"cmd\":\"explain\",\"from\":\"10.0.0.1\",\"to\":\"10.0.0.2\"}",
		 "port: the destination's port is wanted"},
		{"{\"cmd\":\"explain\",\"from\":\"10.0.0.1\",\"to\":\"10.0.0.2\","
		 "\"protocol\":\"icmp\",\"port\":256}",
		 "port: a whole number from 0 to 255 is wanted"},
		{"{\"cmd\":\"explain\",\"from\":\"10.0.0.1\",\"to\":\"10.0.0.2\",\"port\":1,"
		 "\"identity\":\"web\"}",
		 "identity: spiffe://domain/path, dns:NAME or cn:NAME is wanted, or nothing for no "
		 "certificate"},
		{"{\"cmd\":\"trace\",\"seconds\":0}",
		 "seconds: a whole number from 1 to 3600 is wanted"},
		{"{\"cmd\":\"trace\"}", "trace needs a connection to stream to"},
		{"/status", "no such target, there is /metrics only"},
	};
	struct fixture *f = fixture_create();

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		ask_refused(f, rows[i].request, rows[i].error);
	fixture_destroy(f);
}
END_TEST

START_TEST(what_is_not_json_is_refused)
{
	static const char *const rows[] = {
		"",
		"{",
		"status",
		"{\"cmd\":\"status\"} {}",
		"{\"cmd\":\"status\",\"cmd\":\"stop\"}",
		"{\"cmd\":\"\\u0000\"}",
		"{\"cmd\":\"\xff\xfe\"}",
		"{'cmd':'status'}",
		"{\"cmd\":\"flows\",\"port\":99999999999999999999999}",
	};
	struct fixture *f = fixture_create();

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		json_t *answer = ask(f, rows[i]);

		ck_assert_msg(json_is_false(json_object_get(answer, "ok")), "%s", rows[i]);
		ck_assert_msg(strncmp(text_of(answer, "error"), "not JSON: ", 10) == 0, "%s: %s",
			      rows[i], text_of(answer, "error"));
		json_decref(answer);
	}
	fixture_destroy(f);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	struct fixture *f = fixture_create();
	struct weir_buf deep = {0};
	json_t *answer;

	for (unsigned int i = 0; i < 60000; i++)
		weir_buf_str(&deep, "[");
	answer = ask(f, deep.ptr);
	ck_assert(json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
	weir_buf_fini(&deep);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_request_of_more_than_64_kib_is_refused)
{
	struct fixture *f = fixture_create();
	struct weir_buf big = {0};

	while (big.len <= 65536)
		weir_buf_str(&big, " ");
	ask_refused(f, big.ptr, "the request is longer than 65536 bytes");
	weir_buf_fini(&big);
	fixture_destroy(f);
}
END_TEST

/* A request cut anywhere is no request, and never more than an error. */
START_TEST(a_request_cut_at_every_byte_is_refused)
{
	static const char request[] = "{\"cmd\":\"flows\",\"src\":\"10.0.0.0/8\",\"port\":443}";
	struct fixture *f = fixture_create();

	for (size_t len = 0; len < sizeof(request) - 1; len++) {
		char *copy = strndup(request, len);
		json_t *answer = ask(f, copy);

		ck_assert(json_is_false(json_object_get(answer, "ok")));
		json_decref(answer);
		free(copy);
	}
	json_decref(ask(f, request));
	fixture_destroy(f);
}
END_TEST

START_TEST(status_tells_of_generation_workers_ports_and_events)
{
	struct fixture *f = fixture_create();
	const json_t *part;
	json_t *answer;

	f->path.gauges[1] = (struct weir_path_gauges){.flows = 7, .flows_max = 100};
	fixture_pass_seconds(90);
	weir_ctl_turn(f->ctl, 0);
	answer = ask(f, "{\"cmd\":\"status\"}");
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_str_eq(text_of(answer, "version"), "1.2.3-test");
	ck_assert_int_eq(int_of(answer, "pid"), getpid());
	ck_assert_int_ge(int_of(answer, "uptime_s"), 90);
	part = json_object_get(answer, "generation");
	ck_assert_int_eq(int_of(part, "number"), 1);
	ck_assert_str_eq(text_of(part, "source"), f->conf->file);
	ck_assert_str_eq(text_of(part, "loaded"), "2023-11-14T22:13:20Z");
	part = json_array_get(json_object_get(answer, "workers"), 1);
	ck_assert_int_eq(int_of(part, "cpu"), 2);
	ck_assert_int_eq(int_of(part, "flows"), 7);
	ck_assert_int_eq(int_of(part, "flows_max"), 100);
	part = json_array_get(json_object_get(answer, "ports"), 0);
	ck_assert_str_eq(text_of(part, "name"), "outside");
	ck_assert_str_eq(text_of(part, "link"), "up");
	ck_assert_str_eq(text_of(json_object_get(part, "device"), "driver"), "net_fake");
	part = json_array_get(json_object_get(answer, "wires"), 0);
	ck_assert_str_eq(text_of(part, "name"), "w0");
	ck_assert(json_is_null(json_object_get(json_object_get(answer, "events"), "file")));
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "warnings")), 0);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(status_warns_of_what_an_operator_should_know)
{
	struct fixture *f = fixture_prepare();
	const json_t *warnings;
	json_t *answer;

	f->cfg.have_hugepages = false;
	f->port[1].carrier = false;
	f->path.stats[0].count[WEIR_COUNT_CHECKSUM_UNFINISHED] = 5;
	f->path.stats[1].count[WEIR_COUNT_CHECKSUM_UNFINISHED] = 6;
	f->path.stats[1].count[WEIR_COUNT_NAMES_LOST] = 7;
	f->ctl = weir_ctl_create(&f->cfg);
	answer = ask(f, "{\"cmd\":\"status\"}");
	warnings = json_object_get(answer, "warnings");
	ck_assert_uint_eq(json_array_size(warnings), 4);
	ck_assert_str_eq(json_string_value(json_array_get(warnings, 0)),
			 "no hugepages: packets are slower; see weir doctor");
	ck_assert_str_eq(json_string_value(json_array_get(warnings, 1)),
			 "port inside: link rising");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_array_get(warnings, 2)),
				     "11 packets whose sender left the checksum"));
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(warnings, 2)), "ethtool -K DEV tx off"));
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(warnings, 3)), "7 names that clients"));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(busy_is_a_share_of_the_last_seconds_cycles)
{
	struct fixture *f = fixture_create();
	const json_t *worker;
	json_t *answer;

	f->path.stats[0].count[WEIR_COUNT_CYCLES] = 1000;
	f->path.stats[0].count[WEIR_COUNT_CYCLES_BUSY] = 250;
	f->path.stats[0].count[WEIR_COUNT_RX_PACKETS] = 100;
	fixture_tick(f);
	answer = ask(f, "{\"cmd\":\"status\"}");
	worker = json_array_get(json_object_get(answer, "workers"), 0);
	ck_assert_double_eq_tol(json_number_value(json_object_get(worker, "busy")), 0.25, 1e-6);
	ck_assert_double_gt(json_number_value(json_object_get(worker, "packets_per_s")), 0);
	worker = json_array_get(json_object_get(answer, "workers"), 1);
	ck_assert_double_eq(json_number_value(json_object_get(worker, "busy")), 0);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

static void set_flow(struct fixture *f)
{
	struct weir_flow *flow = &f->path.flow[0].flow;

	*flow = (struct weir_flow){
		.id = 4711,
		.addr = {weir_addr_v4(0x0a000001), weir_addr_v4(0x0a000102)},
		.port = {40000, 443},
		.proto = WEIR_PROTO_TCP,
		.state = WEIR_FLOW_DENIED,
		.flags = WEIR_FLOW_F_MIDSTREAM,
		.packets = {3, 2},
		.bytes = {300, 200},
		.vlan = 9,
		.decision = {.generation = 1,
			     .policy = weir_names_intern(f->names, "p1"),
			     .reason = WEIR_DROP_POLICY_DENY,
			     .verdict = WEIR_VERDICT_DENY},
	};
	f->path.flow[0].age_ns = 1500 * WEIR_NS_PER_MS;
	f->path.flow[0].worker = 1;
	f->path.n_flows = 1;
}

START_TEST(flows_are_given_with_their_decision)
{
	struct fixture *f = fixture_create();
	const json_t *flow;
	json_t *answer;

	set_flow(f);
	answer = ask(f, "{\"cmd\":\"flows\"}");
	ck_assert_int_eq(int_of(answer, "total"), 1);
	flow = json_array_get(json_object_get(answer, "flows"), 0);
	ck_assert_int_eq(int_of(flow, "flow_id"), 4711);
	ck_assert_str_eq(text_of(flow, "wire"), "w0");
	ck_assert_str_eq(text_of(flow, "src_ip"), "10.0.0.1");
	ck_assert_int_eq(int_of(flow, "src_port"), 40000);
	ck_assert_str_eq(text_of(flow, "dest_ip"), "10.0.1.2");
	ck_assert_int_eq(int_of(flow, "dest_port"), 443);
	ck_assert_str_eq(text_of(flow, "proto"), "TCP");
	ck_assert_str_eq(text_of(flow, "state"), "denied");
	ck_assert_str_eq(text_of(flow, "policy"), "p1");
	ck_assert_str_eq(text_of(flow, "verdict"), "deny");
	ck_assert_str_eq(text_of(flow, "reason"), "policy_deny");
	ck_assert(json_is_true(json_object_get(flow, "midstream")));
	ck_assert_int_eq(int_of(flow, "pkts_toserver"), 3);
	ck_assert_int_eq(int_of(flow, "bytes_toclient"), 200);
	ck_assert_int_eq(int_of(flow, "worker"), 1);
	ck_assert_double_eq_tol(json_number_value(json_object_get(flow, "age_s")), 1.5, 1e-9);
	ck_assert_uint_eq(f->path.max, 100);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(the_flow_filter_reaches_the_path)
{
	struct fixture *f = fixture_create();
	char text[WEIR_PREFIX_TEXT];

	json_decref(ask(f, "{\"cmd\":\"flows\",\"any\":\"10.0.0.0/8\",\"src\":\"10.1.0.0/16\","
			   "\"dst\":\"10.2.3.4\",\"port\":\"443\",\"proto\":\"TCP\","
			   "\"denied\":true,\"flow_id\":\"18446744073709551615\",\"limit\":3}"));
	ck_assert_str_eq(weir_prefix_format(&f->path.filter.any, text), "10.0.0.0/8");
	ck_assert_str_eq(weir_prefix_format(&f->path.filter.src, text), "10.1.0.0/16");
	ck_assert_str_eq(weir_prefix_format(&f->path.filter.dst, text), "10.2.3.4/32");
	ck_assert_uint_eq(f->path.filter.port, 443);
	ck_assert_uint_eq(f->path.filter.proto, 6);
	ck_assert(f->path.filter.denied_only);
	ck_assert_uint_eq(f->path.filter.flow_id, UINT64_MAX);
	ck_assert_uint_eq(f->path.max, 3);
	json_decref(ask(f, "{\"cmd\":\"flows\",\"proto\":\"ipv6-icmp\"}"));
	ck_assert_uint_eq(f->path.filter.proto, 58);
	ck_assert_uint_eq(f->path.filter.any.addr.family, 0);
	json_decref(ask(f, "{\"cmd\":\"flows\",\"proto\":\"47\"}"));
	ck_assert_uint_eq(f->path.filter.proto, 47);
	fixture_destroy(f);
}
END_TEST

START_TEST(workers_that_do_not_answer_are_an_error)
{
	struct fixture *f = fixture_create();
	json_t *answer;

	f->path.flows_rc = -WEIR_EAGAIN;
	answer = ask(f, "{\"cmd\":\"flows\"}");
	ck_assert(json_is_false(json_object_get(answer, "ok")));
	ck_assert_ptr_nonnull(strstr(text_of(answer, "error"), "the workers did not answer"));
	ck_assert_ptr_null(json_object_get(answer, "flows"));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(drops_come_most_first_and_all_when_asked)
{
	struct fixture *f = fixture_create();
	const json_t *drops;
	json_t *answer;

	f->path.stats[0].drop[WEIR_DROP_POLICY_DROP] = 2;
	f->path.stats[0].drop[WEIR_DROP_IPV4_TRUNCATED] = 1;
	f->path.stats[1].drop[WEIR_DROP_IPV4_TRUNCATED] = 5;
	answer = ask(f, "{\"cmd\":\"drops\"}");
	drops = json_object_get(answer, "drops");
	ck_assert_int_eq(int_of(answer, "total"), 8);
	ck_assert_uint_eq(json_array_size(drops), 2);
	ck_assert_str_eq(text_of(json_array_get(drops, 0), "reason"), "ipv4_truncated");
	ck_assert_int_eq(int_of(json_array_get(drops, 0), "count"), 6);
	ck_assert_str_eq(text_of(json_array_get(drops, 1), "text"),
			 weir_drop_text(WEIR_DROP_POLICY_DROP));
	json_decref(answer);
	answer = ask(f, "{\"cmd\":\"drops\",\"all\":true}");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "drops")), WEIR_DROP_END - 1);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(stats_are_given_in_total_and_by_worker_and_port)
{
	struct fixture *f = fixture_create();
	const json_t *part;
	json_t *answer;

	f->path.stats[0].count[WEIR_COUNT_RX_PACKETS] = 10;
	f->path.stats[1].count[WEIR_COUNT_RX_PACKETS] = 32;
	f->path.stats[1].stage_cycles[WEIR_STAGE_PARSE] = 300;
	f->path.stats[1].stage_packets[WEIR_STAGE_PARSE] = 10;
	f->path.stats[0].http_cycles[WEIR_HTTP_WORK_LOG] = 7;
	f->path.stats[1].http_cycles[WEIR_HTTP_WORK_LOG] = 8;
	f->port[1].counters.rx_missed = 9;
	answer = ask(f, "{\"cmd\":\"stats\"}");
	part = json_object_get(answer, "counters");
	ck_assert_int_eq(int_of(part, "rx_packets"), 42);
	ck_assert_uint_eq(json_object_size(part), WEIR_COUNT_END);
	part = json_object_get(answer, "cycles_per_packet");
	ck_assert_double_eq(json_number_value(json_object_get(part, "parse")), 30);
	ck_assert(json_is_null(json_object_get(part, "rx")));
	part = json_object_get(answer, "http_cycles");
	ck_assert_int_eq(int_of(part, "log"), 15);
	ck_assert_uint_eq(json_object_size(part), WEIR_HTTP_WORK_END);
	part = json_array_get(json_object_get(answer, "workers"), 1);
	ck_assert_int_eq(int_of(json_object_get(part, "counters"), "rx_packets"), 32);
	part = json_array_get(json_object_get(answer, "ports"), 1);
	ck_assert_int_eq(int_of(part, "rx_missed"), 9);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(explain_asks_the_running_policy)
{
	struct fixture *f = fixture_create();
	json_t *answer = ask(f, "{\"cmd\":\"explain\",\"from\":\"10.0.0.1\",\"to\":\"10.0.0.2\","
				"\"protocol\":\"tcp\",\"port\":443}");

	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_int_eq(int_of(answer, "generation"), 1);
	ck_assert(json_is_object(json_object_get(answer, "explain")));
	json_decref(answer);
	answer = ask(f, "{\"cmd\":\"explain\",\"from\":\"10.0.0.1\",\"to\":\"10.0.0.2\","
			"\"port\":443,\"identity\":\"dns:Web.example\",\"sni\":\"a\"}");
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_str_eq(
		json_string_value(json_object_get(
			json_object_get(json_object_get(answer, "explain"), "identity"), "state")),
		"unseen"); /* there is no Service */
	json_decref(answer);
	answer = ask(f, "{\"cmd\":\"explain\",\"from\":\"2001:db8::1\",\"to\":\"2001:db8::2\","
			"\"protocol\":\"icmpv6\"}");
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(events_are_the_newest_records)
{
	struct fixture *f = fixture_create();
	struct weir_event e = {.type = WEIR_EVENT_LINK};
	const json_t *events;
	json_t *answer;

	answer = ask(f, "{\"cmd\":\"events\"}");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "events")), 0);
	json_decref(answer);
	for (unsigned int i = 0; i < 5; i++) {
		e.generation = 10 + i;
		weir_event_writer_put(f->writer, &e);
	}
	while (weir_event_writer_stats(f->writer).records < 5)
		usleep(1000);
	answer = ask(f, "{\"cmd\":\"events\",\"n\":2}");
	events = json_object_get(answer, "events");
	ck_assert_uint_eq(json_array_size(events), 2);
	ck_assert_str_eq(text_of(json_array_get(events, 1), "event_type"), "link");
	ck_assert_int_eq(int_of(json_object_get(json_array_get(events, 1), "weir"), "generation"),
			 14);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(config_is_given_as_yaml)
{
	struct fixture *f = fixture_create();
	json_t *answer = ask(f, "{\"cmd\":\"config\"}");

	ck_assert_str_eq(text_of(answer, "file"), f->conf->file);
	ck_assert_ptr_nonnull(strstr(text_of(answer, "text"), "ports:"));
	ck_assert_ptr_nonnull(strstr(text_of(answer, "text"), "outside"));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(stop_ends_the_loop)
{
	struct fixture *f = fixture_create();

	ck_assert(weir_ctl_turn(f->ctl, 0));
	json_decref(ask(f, "{\"cmd\":\"stop\"}"));
	ck_assert(!weir_ctl_turn(f->ctl, 0));
	weir_ctl_run(f->ctl); /* returns at once */
	fixture_destroy(f);
}
END_TEST

Suite *ctl_answer_suite(void)
{
	return WEIR_SUITE(
		"ctl answer", bad_requests_are_refused_with_the_reason, what_is_not_json_is_refused,
		deep_nesting_is_refused, a_request_of_more_than_64_kib_is_refused,
		a_request_cut_at_every_byte_is_refused,
		status_tells_of_generation_workers_ports_and_events,
		status_warns_of_what_an_operator_should_know,
		busy_is_a_share_of_the_last_seconds_cycles, flows_are_given_with_their_decision,
		the_flow_filter_reaches_the_path, workers_that_do_not_answer_are_an_error,
		drops_come_most_first_and_all_when_asked,
		stats_are_given_in_total_and_by_worker_and_port, explain_asks_the_running_policy,
		events_are_the_newest_records, config_is_given_as_yaml, stop_ends_the_loop);
}
