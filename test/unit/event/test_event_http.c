/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions as text. */
#include "event_test.h"

#include <weir_pkt.h>
#include <weir_policy.h>
#include <weir_stats.h>
#include <weir_test.h>

/* Interned in this order. */
enum { NAME_SERVICE = 1, NAME_THREAT, NAME_ACCESS };

static struct weir_event_http transaction(void)
{
	struct weir_event_http h = {
		.tx_id = 0x8000000000000abc,
		.service = NAME_SERVICE,
		.threat = NAME_THREAT,
		.method = "POST",
		.host = "shop.example",
		.path = "/cart",
		.user_agent = "curl/8",
		.protocol = "HTTP/1.1",
		.status = 200,
		.request_bytes = 12,
		.response_bytes = 3456,
		.waf_ns = 41999,
		.total_ns = 2000000,
	};

	return h;
}

static void assert_encoded(struct weir_event_http *h, const char *wanted)
{
	struct weir_names *names = weir_names_create();
	struct weir_event e = {.type = WEIR_EVENT_HTTP,
			       .http = h,
			       .flow_id = 7,
			       .generation = 2,
			       .worker = 1,
			       .verdict = WEIR_VERDICT_ALLOW,
			       .policy = NAME_ACCESS};
	struct weir_buf out = {0};

	weir_names_intern(names, "shop");
	weir_names_intern(names, "shop-crs");
	weir_names_intern(names, "public-web");
	weir_event_encode(&e, names, &out);
	ck_assert(!out.failed);
	ck_assert_str_eq(out.ptr, wanted);
	weir_buf_fini(&out);
	weir_names_destroy(names);
}

#define HEAD                                                                               \
	"{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\",\"flow_id\":7,\"event_type\":" \
	"\"http\",\"tx_id\":2748"
#define OURS                                                                         \
	",\"weir\":{\"generation\":2,\"worker\":1,\"access_policy\":\"public-web\"," \
	"\"id\":\"8000000000000abc\",\"service\":\"shop\",\"policy\":\"shop-crs\""
#define BYTES ",\"request_bytes\":12,\"response_bytes\":3456,\"waf_us\":41,\"total_us\":2000}}"
#define HTTP                                                                          \
	",\"http\":{\"length\":3456,\"hostname\":\"shop.example\",\"url\":\"/cart\"," \
	"\"http_user_agent\":\"curl/8\",\"http_method\":\"POST\",\"protocol\":\"HTTP/1.1\""

START_TEST(what_passed_has_eves_http_object_and_no_alert)
{
	struct weir_event_http h = transaction();

	assert_encoded(&h,
		       HEAD HTTP ",\"status\":200}" OURS
				 ",\"verdict\":\"pass\",\"would\":\"pass\",\"mode\":\"enforce\","
				 "\"scores\":{\"inbound\":0,\"outbound\":0},\"rules\":[],"
				 "\"matches\":[]" BYTES);
}
END_TEST

static void add_matches(struct weir_event_http *h)
{
	static struct weir_event_match match[] = {
		{.rule = 942100,
		 .severity = 2,
		 .phase = 2,
		 .msg = "SQL Injection",
		 .target = "ARGS:id",
		 .data = "0 or 0=0"},
		{.rule = 949110,
		 .severity = 255,
		 .phase = 2,
		 .detect_only = true,
		 .msg = "Inbound Anomaly Score Exceeded"},
	};

	h->match = match;
	h->n_matches = 2;
	h->matches_more = 3;
	h->n_rules = 3;
	h->rules[0] = 942100;
	h->rules[1] = 942200;
	h->rules[2] = 949110;
	h->rules_more = 2;
	h->inbound_score = 5;
	h->outbound_score = -1;
	h->rule = 949110;
	h->phase = 2;
}

#define MATCHES                                                                          \
	"\"rules\":[942100,942200,949110],\"rules_more\":2,"                             \
	"\"matches\":[{\"id\":942100,\"msg\":\"SQL Injection\",\"target\":\"ARGS:id\","  \
	"\"data\":\"0 or 0=0\",\"severity\":2,\"phase\":2},{\"id\":949110,"              \
	"\"msg\":\"Inbound Anomaly Score Exceeded\",\"phase\":2,\"detect_only\":true}]," \
	"\"matches_more\":3"

START_TEST(what_was_refused_is_an_alert_of_the_rule_that_decided)
{
	struct weir_event_http h = transaction();

	add_matches(&h);
	h.verdict = h.would = WEIR_WAF_DENY;
	h.status = 403;
	h.answered_by_weir = true;
	h.request_partial = true;
	assert_encoded(
		&h, HEAD
		",\"alert\":{\"action\":\"blocked\",\"signature_id\":949110,"
		"\"signature\":\"Inbound Anomaly Score Exceeded\",\"severity\":4}" HTTP
		",\"status\":403}" OURS
		",\"verdict\":\"deny\",\"would\":\"deny\",\"mode\":\"enforce\",\"rule\":949110,"
		"\"phase\":2,\"answered\":true,\"partial\":\"request\",\"scores\":{\"inbound\":5,"
		"\"outbound\":-1}," MATCHES BYTES);
}
END_TEST

START_TEST(what_would_be_refused_is_an_alert_that_was_allowed)
{
	struct weir_event_http h = transaction();

	add_matches(&h);
	h.rule = 942100;
	h.would = WEIR_WAF_DENY;
	h.detect = true;
	assert_encoded(
		&h,
		HEAD ",\"alert\":{\"action\":\"allowed\",\"signature_id\":942100,"
		     "\"signature\":\"SQL Injection\",\"severity\":1}" HTTP ",\"status\":200}" OURS
		     ",\"verdict\":\"pass\",\"would\":\"deny\",\"mode\":\"detect\",\"rule\":942100,"
		     "\"phase\":2,\"scores\":{\"inbound\":5,\"outbound\":-1}," MATCHES BYTES);
}
END_TEST

START_TEST(a_message_that_is_no_http_is_named_and_blocked)
{
	struct weir_event_http h = {.tx_id = 0xabc,
				    .service = NAME_SERVICE,
				    .threat = NAME_THREAT,
				    .status = 400,
				    .verdict = WEIR_WAF_DENY,
				    .would = WEIR_WAF_DENY,
				    .answered_by_weir = true,
				    .bad = "host_twice"};

	assert_encoded(
		&h, HEAD
		",\"alert\":{\"action\":\"blocked\",\"signature_id\":0,"
		"\"signature\":\"host_twice\",\"severity\":1},\"http\":{\"length\":0,"
		"\"status\":400},\"weir\":{\"generation\":2,\"worker\":1,"
		"\"access_policy\":\"public-web\",\"id\":\"0000000000000abc\","
		"\"service\":\"shop\",\"policy\":\"shop-crs\",\"verdict\":\"deny\","
		"\"would\":\"deny\",\"mode\":\"enforce\",\"bad\":\"host_twice\","
		"\"answered\":true,\"scores\":{\"inbound\":0,\"outbound\":0},"
		"\"rules\":[],\"matches\":[],\"request_bytes\":0,\"response_bytes\":0,\"waf_us\":0,"
		"\"total_us\":0}}");
}
END_TEST

START_TEST(what_a_server_left_without_its_end_is_named_and_nothing_was_blocked)
{
	struct weir_event_http h = {.tx_id = 0xabc,
				    .service = NAME_SERVICE,
				    .threat = NAME_THREAT,
				    .bad = "CUT",
				    .cut = true};

	assert_encoded(&h,
		       HEAD ",\"http\":{\"length\":0},\"weir\":{\"generation\":2,\"worker\":1,"
			    "\"access_policy\":\"public-web\",\"id\":\"0000000000000abc\","
			    "\"service\":\"shop\",\"policy\":\"shop-crs\",\"verdict\":\"pass\","
			    "\"would\":\"pass\",\"mode\":\"enforce\",\"bad\":\"CUT\","
			    "\"scores\":{\"inbound\":0,\"outbound\":0},"
			    "\"rules\":[],\"matches\":[],\"request_bytes\":0,\"response_bytes\":0,"
			    "\"waf_us\":0,\"total_us\":0}}");
}
END_TEST

START_TEST(bytes_from_the_net_are_escaped)
{
	struct weir_event_http h = {0};

	memcpy(h.host, "a\"\\\n\xff", 5);
	memset(h.path, 'p', sizeof(h.path)); /* without an end */
	h.user_agent[0] = 'u';
	{
		struct weir_names *names = weir_names_create();
		struct weir_event e = {.type = WEIR_EVENT_HTTP, .http = &h};
		struct weir_buf out = {0};
		char url[300] = "\"url\":\"";

		weir_event_encode(&e, names, &out);
		ck_assert_ptr_nonnull(strstr(out.ptr, "\"hostname\":\"a\\\"\\\\\\n\\ufffd\""));
		memset(url + 7, 'p', sizeof(h.path));
		strcpy(url + 7 + sizeof(h.path), "\",\"http_user_agent\":\"u\"");
		ck_assert_ptr_nonnull(strstr(out.ptr, url));
		weir_buf_fini(&out);
		weir_names_destroy(names);
	}
}
END_TEST

Suite *event_http_suite(void)
{
	return WEIR_SUITE("event http", what_passed_has_eves_http_object_and_no_alert,
			  what_was_refused_is_an_alert_of_the_rule_that_decided,
			  what_would_be_refused_is_an_alert_that_was_allowed,
			  a_message_that_is_no_http_is_named_and_blocked,
			  what_a_server_left_without_its_end_is_named_and_nothing_was_blocked,
			  bytes_from_the_net_are_escaped);
}
