/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#define S       WEIR_NS_PER_S
#define GROUP   "kind: Group\nmetadata: { name: web }\nspec: { cidrs: [ 10.0.0.0/24 ] }\n---\n"
#define SERVICE "kind: Service\nmetadata: { name: shop }\nspec: "

static const struct weir_service *service_at(const struct loaded *l, const char *address,
					     uint16_t port)
{
	struct weir_addr a;

	ck_assert_int_eq(weir_addr_parse(address, &a), 0);
	return weir_policy_service(l->policy, &a, port);
}

START_TEST(what_a_service_does_not_say_has_its_default)
{
	struct loaded l = load("kind: Service\nmetadata: { name: shop }\n"
			       "spec: { addresses: 10.0.0.1, ports: 80, protocol: http }\n");
	const struct weir_service *s = service_at(&l, "10.0.0.1", 80);

	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(weir_names_get(l.names, s->name), "shop");
	ck_assert_uint_eq(s->protocol, WEIR_SERVICE_HTTP);
	ck_assert_uint_eq(s->threat, WEIR_NO_THREAT);
	ck_assert_uint_eq(s->header_timeout_ns, 10 * S);
	ck_assert_uint_eq(s->body_timeout_ns, 60 * S);
	ck_assert_uint_eq(s->idle_timeout_ns, 75 * S);
	ck_assert_mem_eq(&s->limits, &weir_http_limits_default, sizeof(s->limits));
	ck_assert(s->http2);
	ck_assert_uint_eq(s->http2_upstream, WEIR_SERVICE_AS_CLIENT);
	ck_assert_uint_eq(weir_policy_size(l.policy).services, 1);
	unload(&l);
}
END_TEST

START_TEST(every_key_of_a_service_is_read)
{
	struct loaded l = load(
		GROUP SERVICE
		"{ addresses: [ web, 10.1.0.1, 'fd00::/64' ], ports: [ 80, 8000-8002 ],\n"
		"  protocol: http, timeouts: { header: 1s, body: 2s, idle: 0ms }, description: d,\n"
		"  limits: { line: 1KiB, head: 2KiB, headers: 5, chunk: 64 },\n"
		"  http2: false, http2Upstream: true }\n");
	static const char *const there[] = {"10.0.0.255", "10.1.0.1", "fd00::1"};
	const struct weir_service *s = service_at(&l, "10.0.0.1", 80);

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(s->header_timeout_ns, 1 * S);
	ck_assert_uint_eq(s->body_timeout_ns, 2 * S);
	ck_assert_uint_eq(s->idle_timeout_ns, 0);
	ck_assert_uint_eq(s->limits.line_bytes, 1024);
	ck_assert_uint_eq(s->limits.head_bytes, 2048);
	ck_assert_uint_eq(s->limits.headers, 5);
	ck_assert_uint_eq(s->limits.chunk_bytes, 64);
	ck_assert(!s->http2);
	ck_assert_uint_eq(s->http2_upstream, WEIR_SERVICE_HTTP2_UPSTREAM);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(there); i++) {
		ck_assert_ptr_eq(service_at(&l, there[i], 8002), s);
		ck_assert_ptr_null(service_at(&l, there[i], 8003));
	}
	unload(&l);
}
END_TEST

START_TEST(what_is_wrong_with_a_service_is_told_with_its_place)
{
	static const struct bad_row rows[] = {
		{SERVICE "{ ports: 80, protocol: tcp }\n",
		 "t:3:7: error: 'addresses' is missing\n"},
		{SERVICE "{ addresses: any, protocol: tcp }\n",
		 "t:3:7: error: 'ports' is missing\n"},
		{SERVICE "{ addresses: any, ports: 80 }\n",
		 "t:3:7: error: 'protocol' is missing\n"},
		{SERVICE "{ addresses: any, ports: 80, protocol: htp }\n",
		 "t:3:46: error: protocol cannot be 'htp', did you mean 'http'?\n"},
		{SERVICE "{ adresses: any, addresses: any, ports: 80, protocol: tcp }\n",
		 "t:3:9: error: unknown key 'adresses', did you mean 'addresses'?\n"},
		{SERVICE "{ addresses: [], ports: 80, protocol: tcp }\n",
		 "t:3:20: error: addresses is empty: it would listen nowhere\n"},
		{GROUP SERVICE "{ addresses: wev, ports: 80, protocol: tcp }\n",
		 "t:7:20: error: no Group 'wev', did you mean 'web'?\n"},
		{SERVICE "{ addresses: 10.0.0.1/8, ports: 80, protocol: tcp }\n",
		 "t:3:20: error: '10.0.0.1/8' has bits set below its prefix, did you mean "
		 "'10.0.0.0/8'?\n"},
		{SERVICE "{ addresses: any, ports: 65536, protocol: tcp }\n",
		 "t:3:32: error: '65536' is not a number up to 65535 or a range \"a-b\"\n"},
		{SERVICE "{ addresses: any, ports: [], protocol: tcp }\n",
		 "t:3:32: error: ports is empty; leave it out for all\n"},
		{SERVICE "{ addresses: any, ports: 80, protocol: tcp, limits: { head: 1KiB } }\n",
		 "t:3:51: error: limits needs 'protocol: http'\n"
		 "t:3:59: error: a line may have more bytes (8192) than the head (1024)\n"},
		{SERVICE "{ addresses: any, ports: 80, protocol: http, timeouts: { heder: 1s } }\n",
		 "t:3:64: error: unknown key 'heder', did you mean 'header'?\n"},
		{SERVICE "{ addresses: any, ports: 80, protocol: http, limits: { headers: 0 } }\n",
		 "t:3:71: error: headers must lie between 1 and 1024, not 0\n"},
		{SERVICE "{ addresses: any, ports: 80, protocol: tcp }\n---\n" SERVICE
			 "{ addresses: any, ports: 81, protocol: tcp }\n",
		 "t:6:19: error: there is already a Service 'shop' at t:2:19\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *service_suite(void)
{
	return WEIR_SUITE("policy service", what_a_service_does_not_say_has_its_default,
			  every_key_of_a_service_is_read,
			  what_is_wrong_with_a_service_is_told_with_its_place);
}
