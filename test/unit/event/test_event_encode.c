/* SPDX-License-Identifier: BSD-3-Clause */
/* Records as text: each kind against the line that it must give, and names that are hostile. */
#include "event_test.h"

#include <weir_flow.h>
#include <weir_pkt.h>
#include <weir_policy.h>
#include <weir_stats.h>
#include <weir_test.h>

#include <time.h>

#define UNIX_NS (1704067199ULL * WEIR_NS_PER_S + 123456789) /* 2023-12-31T23:59:59.123456 */

/* Interned in this order by make_names. */
enum { NAME_POLICY = 1, NAME_RULE, NAME_PORT, NAME_DETAIL };

static struct weir_names *make_names(const char *detail)
{
	struct weir_names *n = weir_names_create();

	ck_assert_ptr_nonnull(n);
	ck_assert_uint_eq(weir_names_intern(n, "web-to-db"), NAME_POLICY);
	ck_assert_uint_eq(weir_names_intern(n, "postgres"), NAME_RULE);
	ck_assert_uint_eq(weir_names_intern(n, "outside"), NAME_PORT);
	ck_assert_uint_eq(weir_names_intern(n, detail), NAME_DETAIL);
	return n;
}

static void assert_encoded(const struct weir_event *e, const char *detail, const char *wanted)
{
	struct weir_names *names = make_names(detail);
	struct weir_buf out = {0};

	weir_event_encode(e, names, &out);
	ck_assert(!out.failed);
	ck_assert_str_eq(out.ptr, wanted);
	ck_assert_uint_eq(out.len, strlen(wanted));
	weir_buf_fini(&out);
	weir_names_destroy(names);
}

static struct weir_addr addr(const char *text)
{
	struct weir_addr a;

	ck_assert_int_eq(weir_addr_parse(text, &a), 0);
	return a;
}

static struct weir_event tcp_record(uint8_t type)
{
	return (struct weir_event){
		.type = type,
		.unix_ns = UNIX_NS,
		.flow_id = 1234567890123456,
		.src = addr("10.0.0.2"),
		.dst = addr("192.168.255.1"),
		.sport = 40000,
		.dport = 5432,
		.proto = WEIR_PROTO_TCP,
		.policy = NAME_POLICY,
		.rule = NAME_RULE,
		.port = NAME_PORT,
		.generation = 7,
		.worker = 3,
	};
}

START_TEST(a_denied_flow_is_a_decision_with_policy_rule_and_reason)
{
	struct weir_event e = tcp_record(WEIR_EVENT_DECISION);

	e.verdict = WEIR_VERDICT_DENY;
	e.reason = WEIR_DROP_POLICY_DENY;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"decision\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"weir\":{\"generation\":7,\"worker\":3,\"policy\":\"web-to-db\","
		       "\"rule\":\"postgres\",\"reason\":\"policy_deny\",\"verdict\":\"deny\"}}");
}
END_TEST

START_TEST(mode_detect_is_told_as_would_deny)
{
	struct weir_event e = tcp_record(WEIR_EVENT_DECISION);

	e.verdict = WEIR_VERDICT_ALLOW;
	e.reason = WEIR_DROP_DEFAULT_DENY;
	e.decision_flags = WEIR_DECISION_WOULD_DENY | WEIR_DECISION_INSPECT;
	e.rule = 0;
	e.port = 0;
	e.midstream = 1;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"event_type\":\"decision\","
		       "\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"weir\":{\"generation\":7,\"worker\":3,\"policy\":\"web-to-db\","
		       "\"reason\":\"default_deny\",\"verdict\":\"allow\",\"mode\":\"detect\","
		       "\"would_deny\":true,\"inspect\":true,\"midstream\":true}}");
}
END_TEST

START_TEST(a_flow_has_eves_flow_and_tcp_objects)
{
	struct weir_event e = tcp_record(WEIR_EVENT_FLOW);

	e.vlan = 10;
	e.vlan_inner = 4094;
	e.packets[0] = 12;
	e.packets[1] = 9;
	e.bytes[0] = 1500;
	e.bytes[1] = 12345678901;
	e.start_unix_ns = UNIX_NS - 62 * WEIR_NS_PER_S;
	e.state = WEIR_FLOW_TIME_WAIT;
	e.end = WEIR_FLOW_END_CLOSED;
	e.tcp_flags[0] = 0x1b;
	e.tcp_flags[1] = 0x13;
	assert_encoded(
		&e, "x",
		"{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		"\"flow_id\":1234567890123456,\"in_iface\":\"outside\",\"event_type\":\"flow\","
		"\"vlan\":[10,4094],\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		"\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		"\"flow\":{\"pkts_toserver\":12,\"pkts_toclient\":9,\"bytes_toserver\":1500,"
		"\"bytes_toclient\":12345678901,\"start\":\"2023-12-31T23:58:57.123456+0000\","
		"\"end\":\"2023-12-31T23:59:59.123456+0000\",\"age\":62,\"state\":\"time_wait\","
		"\"reason\":\"closed\"},"
		"\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_flags_ts\":\"1b\",\"tcp_flags_tc\":\"13\","
		"\"state\":\"time_wait\"},"
		"\"weir\":{\"generation\":7,\"worker\":3,\"policy\":\"web-to-db\","
		"\"rule\":\"postgres\",\"verdict\":\"allow\"}}");
}
END_TEST

START_TEST(a_client_hello_is_eves_tls_with_what_was_decided)
{
	struct weir_event e = tcp_record(WEIR_EVENT_HELLO);

	e.hello = (struct weir_event_hello){
		.sni = "api.example.org",
		.alpn = "h2,http/1.1",
		.ja3 = "0123",
		.ja4 = "t13d",
		.version = 0x0304,
		.bypass = NAME_RULE,
		.has_ech = 1,
	};
	e.verdict = WEIR_VERDICT_DENY;
	e.reason = WEIR_DROP_SNI_DENIED;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"tls\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"tls\":{\"version\":\"UNDETERMINED\",\"sni\":\"api.example.org\","
		       "\"ja3\":{\"hash\":\"0123\"},\"ja4\":\"t13d\","
		       "\"client_alpns\":[\"h2\",\"http/1.1\"]},"
		       "\"weir\":{\"generation\":7,\"worker\":3,\"policy\":\"web-to-db\","
		       "\"rule\":\"postgres\",\"reason\":\"sni_denied\",\"verdict\":\"deny\","
		       "\"hello\":{\"name\":\"good\",\"version\":\"TLS 1.3\",\"ech\":true},"
		       "\"bypass\":\"postgres\"}}");
}
END_TEST

START_TEST(a_client_that_pins_is_told_of_with_the_name)
{
	struct weir_event e = tcp_record(WEIR_EVENT_PINNED);

	e.hello = (struct weir_event_hello){.sni = "a.example"};
	e.decision_flags = WEIR_DECISION_INTERCEPT | WEIR_DECISION_INSPECT;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"tls\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"tls\":{\"version\":\"UNDETERMINED\",\"sni\":\"a.example\"},"
		       "\"weir\":{\"generation\":7,\"worker\":3,\"policy\":\"web-to-db\","
		       "\"rule\":\"postgres\",\"verdict\":\"allow\",\"inspect\":true,"
		       "\"hello\":{\"name\":\"good\",\"ech\":false},\"intercept\":true,"
		       "\"pinned_suspected\":true}}");
}
END_TEST

START_TEST(a_servers_answer_is_eves_tls_with_its_certificate)
{
	static const struct {
		struct weir_event_server is;
		const char *tls, *certificate;
	} rows[] = {
		{{.sni = "a.example",
		  .subject = "CN=a.example",
		  .issuer = "CN=CA,O=x",
		  .names = "a.example,192.0.2.1",
		  .not_after = 1711281600,
		  .version = 0x0303},
		 "\"version\":\"TLS 1.2\",\"sni\":\"a.example\",\"subject\":\"CN=a.example\","
		 "\"issuerdn\":\"CN=CA,O=x\",\"subjectaltname\":[\"a.example\",\"192.0.2.1\"],"
		 "\"notafter\":\"2024-03-24T12:00:00\"",
		 "shown"},
		{{.version = 0x0304, .certificate = WEIR_EVENT_CERT_HIDDEN},
		 "\"version\":\"TLS 1.3\"",
		 "hidden"},
		{{.version = 0x0303, .certificate = WEIR_EVENT_CERT_RESUMED},
		 "\"version\":\"TLS 1.2\",\"session_resumed\":true",
		 "resumed"},
		{{.version = 0x0303, .certificate = 9}, "\"version\":\"TLS 1.2\"", "unknown"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_event e = tcp_record(WEIR_EVENT_SERVER);
		char wanted[1024];

		e.server = rows[i].is;
		snprintf(wanted, sizeof(wanted),
			 "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
			 "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
			 "\"event_type\":\"tls\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
			 "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
			 "\"tls\":{%s},\"weir\":{\"generation\":7,\"worker\":3,"
			 "\"policy\":\"web-to-db\",\"rule\":\"postgres\",\"verdict\":\"allow\","
			 "\"server\":{\"certificate\":\"%s\"}}}",
			 rows[i].tls, rows[i].certificate);
		assert_encoded(&e, "x", wanted);
	}
}
END_TEST

START_TEST(a_refusal_tells_who_the_client_is)
{
	struct weir_event e = tcp_record(WEIR_EVENT_DECISION);

	e.verdict = WEIR_VERDICT_DENY;
	e.reason = WEIR_DROP_IDENTITY_DENIED;
	weir_event_identity_set(&e.identity, "spiffe://a/\"b");
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"decision\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"weir\":{\"generation\":7,\"worker\":3,\"policy\":\"web-to-db\","
		       "\"rule\":\"postgres\",\"reason\":\"identity_denied\",\"verdict\":\"deny\","
		       "\"identity\":\"spiffe://a/\\\"b\"}}");
}
END_TEST

START_TEST(an_identity_that_has_no_room_is_cut_and_said_to_be)
{
	for (size_t len = WEIR_EVENT_IDENTITY - 2; len <= WEIR_EVENT_IDENTITY; len++) {
		struct weir_event e = tcp_record(WEIR_EVENT_DECISION);
		struct weir_names *names = make_names("x");
		struct weir_buf out = {0};
		char text[WEIR_EVENT_IDENTITY + 1] = "", told[WEIR_EVENT_IDENTITY + 64];
		bool cut = len >= WEIR_EVENT_IDENTITY;

		memset(text, 'x', len);
		snprintf(told, sizeof(told), "\"identity\":\"%.*s\"%s}}", WEIR_EVENT_IDENTITY - 1,
			 text, cut ? ",\"identity_cut\":true" : "");
		weir_event_identity_set(&e.identity, text);
		weir_event_encode(&e, names, &out);
		ck_assert_msg(strstr(out.ptr, told) != NULL, "%s, wanted %s", out.ptr, told);
		weir_buf_fini(&out);
		weir_names_destroy(names);
	}
}
END_TEST

START_TEST(an_icmp_flow_has_its_identifier_and_no_ports)
{
	struct weir_event e = tcp_record(WEIR_EVENT_DECISION);

	e.proto = WEIR_PROTO_ICMPV6;
	e.src = addr("2001:db8::1");
	e.dst = addr("fe80::2");
	e.sport = e.dport = 4711;
	e.policy = e.rule = e.port = 0;
	e.flow_id = 0;
	e.vlan = 5;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"event_type\":\"decision\",\"vlan\":[5],\"src_ip\":\"2001:db8::1\","
		       "\"dest_ip\":\"fe80::2\",\"proto\":\"IPv6-ICMP\","
		       "\"weir\":{\"generation\":7,\"worker\":3,\"verdict\":\"allow\","
		       "\"icmp_id\":4711}}");
}
END_TEST

START_TEST(drops_and_failures_are_counted)
{
	struct weir_event e = {.type = WEIR_EVENT_DROP,
			       .unix_ns = 0,
			       .reason = WEIR_DROP_IPV4_BAD_CHECKSUM,
			       .verdict = WEIR_VERDICT_DROP,
			       .count = 18446744073709551615ULL};

	assert_encoded(&e, "x",
		       "{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\","
		       "\"event_type\":\"drop\",\"weir\":{\"generation\":0,\"worker\":0,"
		       "\"reason\":\"ipv4_bad_checksum\",\"verdict\":\"drop\","
		       "\"count\":18446744073709551615}}");
	e.type = WEIR_EVENT_FAILURE;
	e.reason = WEIR_DROP_FLOW_TABLE_FULL;
	e.count = 1;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\","
		       "\"event_type\":\"failure\",\"weir\":{\"generation\":0,\"worker\":0,"
		       "\"reason\":\"flow_table_full\",\"verdict\":\"drop\",\"count\":1}}");
}
END_TEST

START_TEST(links_and_reloads_have_a_detail_and_no_verdict)
{
	struct weir_event e = {.type = WEIR_EVENT_LINK,
			       .unix_ns = UNIX_NS,
			       .port = NAME_PORT,
			       .detail = NAME_DETAIL,
			       .generation = 2};

	assert_encoded(&e, "down",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"in_iface\":\"outside\",\"event_type\":\"link\","
		       "\"weir\":{\"generation\":2,\"detail\":\"down\"}}");
	e.type = WEIR_EVENT_RELOAD;
	e.port = 0;
	assert_encoded(&e, "refused: p.yaml:3:1: error: unknown key \"polcy\"",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"event_type\":\"reload\",\"weir\":{\"generation\":2,\"detail\":"
		       "\"refused: p.yaml:3:1: error: unknown key \\\"polcy\\\"\"}}");
}
END_TEST

START_TEST(a_traced_segment_has_its_sequence_numbers)
{
	struct weir_event e = tcp_record(WEIR_EVENT_TRACE);

	e.policy = e.rule = 0;
	e.dir = 1;
	e.len = 1500;
	e.state = WEIR_FLOW_ESTABLISHED;
	e.trace_tcp_flags = 0x18;
	e.seq = 4294967295;
	e.ack = 1;
	e.window = 65535;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"trace\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"trace\":{\"direction\":\"to_client\",\"len\":1500,"
		       "\"state\":\"established\",\"tcp_flags\":\"18\",\"seq\":4294967295,"
		       "\"ack\":1,\"window\":65535},"
		       "\"weir\":{\"generation\":7,\"worker\":3,\"verdict\":\"allow\"}}");
}
END_TEST

START_TEST(what_weir_sends_and_what_it_stops_is_told_apart)
{
	struct weir_event e = tcp_record(WEIR_EVENT_TRACE);

	e.policy = e.rule = 0;
	e.len = 46;
	e.state = WEIR_FLOW_ESTABLISHED;
	e.step = WEIR_EVENT_SENT;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"trace\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"trace\":{\"direction\":\"to_server\",\"step\":\"sent\",\"len\":46,"
		       "\"state\":\"established\",\"tcp_flags\":\"00\",\"seq\":0,"
		       "\"ack\":0,\"window\":0},"
		       "\"weir\":{\"generation\":7,\"worker\":3,\"verdict\":\"allow\"}}");
	e.step = WEIR_EVENT_STOPPED;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"trace\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"trace\":{\"direction\":\"to_server\",\"step\":\"stopped\",\"len\":46,"
		       "\"state\":\"established\"},"
		       "\"weir\":{\"generation\":7,\"worker\":3,\"verdict\":\"allow\"}}");
}
END_TEST

START_TEST(a_match_of_a_stream_rule_is_eves_alert)
{
	struct weir_event e = tcp_record(WEIR_EVENT_ALERT);

	e.policy = e.rule = 0;
	e.signature = 1001;
	e.severity = 1;
	e.action = 1;
	e.offset = 4294967300;
	e.verdict = WEIR_VERDICT_DENY;
	e.reason = WEIR_DROP_STREAM_RULE;
	memcpy(e.context, "a \"b\"", 6);
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"flow_id\":1234567890123456,\"in_iface\":\"outside\","
		       "\"event_type\":\"alert\",\"src_ip\":\"10.0.0.2\",\"src_port\":40000,"
		       "\"dest_ip\":\"192.168.255.1\",\"dest_port\":5432,\"proto\":\"TCP\","
		       "\"alert\":{\"action\":\"blocked\",\"signature_id\":1001,"
		       "\"signature\":\"\",\"severity\":1},\"direction\":\"to_server\","
		       "\"stream\":{\"action\":\"reset\",\"offset\":4294967300,"
		       "\"context\":\"a \\\"b\\\"\"},"
		       "\"weir\":{\"generation\":7,\"worker\":3,\"reason\":\"stream_rule\","
		       "\"verdict\":\"deny\"}}");
}
END_TEST

START_TEST(protocols_have_suricatas_names)
{
	static const struct {
		uint8_t proto;
		const char *name;
	} rows[] = {{6, "TCP"},    {17, "UDP"}, {1, "ICMP"}, {58, "IPv6-ICMP"},
		    {132, "SCTP"}, {47, NULL},  {0, NULL},   {255, NULL}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const char *name = weir_event_proto_name(rows[i].proto);

		if (rows[i].name)
			ck_assert_str_eq(name, rows[i].name);
		else
			ck_assert_ptr_null(name);
	}
}
END_TEST

START_TEST(a_protocol_without_a_name_is_its_number)
{
	struct weir_event e = tcp_record(WEIR_EVENT_DECISION);

	e.proto = 47;
	e.sport = e.dport = 0;
	e.policy = e.rule = e.port = 0;
	e.flow_id = 0;
	assert_encoded(&e, "x",
		       "{\"timestamp\":\"2023-12-31T23:59:59.123456+0000\","
		       "\"event_type\":\"decision\",\"src_ip\":\"10.0.0.2\","
		       "\"dest_ip\":\"192.168.255.1\",\"proto\":\"47\","
		       "\"weir\":{\"generation\":7,\"worker\":3,\"verdict\":\"allow\"}}");
}
END_TEST

START_TEST(names_are_escaped_whatever_is_in_them)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{"plain name", "plain name"},
		{"a\"b\\c", "a\\\"b\\\\c"},
		{"two\nlines\tand\rmore", "two\\nlines\\tand\\rmore"},
		{"\x01\x1f\x7f", "\\u0001\\u001f\\u007f"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"bad\xff\xc3(", "bad\\ufffd\\ufffd("},
		{"</script>", "</script>"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_event e = {.type = WEIR_EVENT_LINK, .detail = NAME_DETAIL};
		char wanted[256];

		snprintf(wanted, sizeof(wanted),
			 "{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\","
			 "\"event_type\":\"link\",\"weir\":{\"generation\":0,\"detail\":\"%s\"}}",
			 rows[i].text);
		assert_encoded(&e, rows[i].name, wanted);
	}
}
END_TEST

static void assert_context(struct weir_event *e)
{
	struct weir_buf out = {0}, wanted = {0};
	struct weir_json j = weir_json_into(&wanted);

	weir_json_str(&j, "context", e->context);
	weir_event_encode(e, NULL, &out);
	ck_assert_ptr_nonnull(strstr(out.ptr, wanted.ptr));
	weir_buf_fini(&wanted);
	weir_buf_fini(&out);
}

/* Texts are looked at many bytes at a time. */
START_TEST(every_byte_at_every_place_of_a_text_is_written_as_json_has_it)
{
	struct weir_event e = {.type = WEIR_EVENT_ALERT};

	for (unsigned int len = 1; len <= 17; len++) {
		memset(e.context, 'a', len);
		for (unsigned int i = 0; i < len * UINT8_MAX; i++) {
			unsigned int at = i / UINT8_MAX;

			e.context[at] = (char)(i % UINT8_MAX + 1);
			assert_context(&e);
			e.context[at] = 'a';
		}
	}
}
END_TEST

START_TEST(dates_are_right)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {
		{951782399, "2000-02-28T23:59:59.000000+0000"},
		{951782400, "2000-02-29T00:00:00.000000+0000"},
		{1709251200, "2024-03-01T00:00:00.000000+0000"},
		{4102444799, "2099-12-31T23:59:59.000000+0000"},
		{4107542400, "2100-03-01T00:00:00.000000+0000"},
		{18446744073, "2554-07-21T23:34:33.000000+0000"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_event e = {.type = WEIR_EVENT_LINK,
				       .unix_ns = rows[i].seconds * WEIR_NS_PER_S};
		char wanted[128];

		snprintf(wanted, sizeof(wanted),
			 "{\"timestamp\":\"%s\",\"event_type\":\"link\","
			 "\"weir\":{\"generation\":0}}",
			 rows[i].text);
		assert_encoded(&e, "x", wanted);
	}
}
END_TEST

START_TEST(every_day_that_a_record_can_have_is_gmtimes)
{
	struct weir_event e = {.type = WEIR_EVENT_LINK};
	struct weir_buf out = {0};

	for (time_t day = 0; day < (time_t)(UINT64_MAX / WEIR_NS_PER_S / 86400); day++) {
		char wanted[64];
		struct tm t;

		ck_assert_ptr_nonnull(gmtime_r(&(time_t){day * 86400}, &t));
		strftime(wanted, sizeof(wanted), "{\"timestamp\":\"%Y-%m-%dT", &t);
		e.unix_ns = (uint64_t)day * 86400 * WEIR_NS_PER_S;
		weir_buf_reset(&out);
		weir_event_encode(&e, NULL, &out);
		ck_assert_int_eq(strncmp(out.ptr, wanted, strlen(wanted)), 0);
	}
	weir_buf_fini(&out);
}
END_TEST

/* A record is a worker's memory; even one that is all wrong must give one line of text. */
START_TEST(numbers_out_of_their_lists_are_unknown)
{
	struct weir_names *names = make_names("x");
	struct weir_buf out = {0};
	static struct weir_event_match match[WEIR_EVENT_MATCHES];
	static struct weir_event_http h;
	struct weir_event e;

	for (unsigned int type = 0; type < 256; type++) {
		memset(&e, 0xff, sizeof(e));
		memset(&h, 0xff, sizeof(h));
		h.bad = NULL; /* a static text, as those below are */
		memset(match, 0xff, sizeof(match));
		h.match = match;
		for (unsigned int leg = 0; leg < 2; leg++) {
			e.tls[leg] = (struct weir_event_tls){.failure = 0xff};
			h.tls[leg] = e.tls[leg];
		}
		h.answered_by_weir = h.detect = true;
		h.request_partial = h.response_partial = true;
		for (unsigned int i = 0; i < WEIR_EVENT_MATCHES; i++)
			match[i].detect_only = true;
		e.type = (uint8_t)type;
		if (type == WEIR_EVENT_HTTP)
			e.http = &h;
		e.unix_ns = UNIX_NS;
		weir_buf_reset(&out);
		weir_event_encode(&e, names, &out);
		ck_assert_ptr_null(memchr(out.ptr, '\n', out.len));
		ck_assert_int_eq(out.ptr[out.len - 1], '}');
		ck_assert_ptr_nonnull(strstr(out.ptr, "\"reason\":\"unknown\""));
	}
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"event_type\":\"unknown\""));
	weir_buf_fini(&out);
	weir_names_destroy(names);
}
END_TEST

Suite *event_encode_suite(void)
{
	return WEIR_SUITE(
		"event encode", a_denied_flow_is_a_decision_with_policy_rule_and_reason,
		mode_detect_is_told_as_would_deny, a_flow_has_eves_flow_and_tcp_objects,
		a_client_hello_is_eves_tls_with_what_was_decided,
		a_client_that_pins_is_told_of_with_the_name,
		a_servers_answer_is_eves_tls_with_its_certificate,
		a_refusal_tells_who_the_client_is,
		an_identity_that_has_no_room_is_cut_and_said_to_be,
		an_icmp_flow_has_its_identifier_and_no_ports, drops_and_failures_are_counted,
		links_and_reloads_have_a_detail_and_no_verdict,
		a_traced_segment_has_its_sequence_numbers,
		what_weir_sends_and_what_it_stops_is_told_apart,
		a_match_of_a_stream_rule_is_eves_alert, protocols_have_suricatas_names,
		a_protocol_without_a_name_is_its_number, names_are_escaped_whatever_is_in_them,
		every_byte_at_every_place_of_a_text_is_written_as_json_has_it, dates_are_right,
		every_day_that_a_record_can_have_is_gmtimes,
		numbers_out_of_their_lists_are_unknown);
}
