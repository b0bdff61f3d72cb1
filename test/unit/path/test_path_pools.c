/* SPDX-License-Identifier: BSD-3-Clause */
/* What control is told of a worker's pools: how full they are, were at most, and were too often. */
#include "http2_lab.h"

#include <string.h>

#include <rte_mbuf.h>

#include "../../../lib/path/path_http2.h"
#include "../../../lib/path/path_tls.h"

Suite *path_pools_suite(void);

#define REQUEST  "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define RESPONSE "HTTP/1.1 204 No Content\r\n\r\n"
#define RECORDS  64 /* of the fixture's store */

static struct weir_use use_of(const struct fixture *f, enum weir_path_pool pool)
{
	struct weir_use all[WEIR_PATH_POOL_END];

	weir_path_pools(f->path, 0, all);
	return all[pool];
}

static void assert_use(const struct fixture *f, enum weir_path_pool pool, uint64_t used,
		       uint64_t peak)
{
	struct weir_use u = use_of(f, pool);

	ck_assert_msg(u.used == used && u.peak == peak && u.full == 0,
		      "pool %d: %llu used, %llu at most, %llu times full", pool,
		      (unsigned long long)u.used, (unsigned long long)u.peak,
		      (unsigned long long)u.full);
}

START_TEST(each_pool_has_a_size)
{
	struct http_lab *l = lab_create("", "");
	struct weir_use all[WEIR_PATH_POOL_END];

	weir_path_pools(l->f->path, 0, all);
	for (unsigned int i = 0; i < WEIR_PATH_POOL_END; i++)
		ck_assert_msg(all[i].size > 0 && all[i].full == 0, "pool %u", i);
	lab_destroy(l);
}
END_TEST

START_TEST(a_request_under_way_is_in_all_that_it_takes_from)
{
	static const enum weir_path_pool taken[] = {
		WEIR_PATH_POOL_FLOWS,
		WEIR_PATH_POOL_INSPECTED,
		WEIR_PATH_POOL_HTTP_CONNECTIONS,
		WEIR_PATH_POOL_HTTP_EXCHANGES,
	};
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, REQUEST);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(taken); i++)
		assert_use(l->f, taken[i], 1, 1);
	ck_assert_uint_gt(use_of(l->f, WEIR_PATH_POOL_WAF_BYTES).used, 0);
	ck_assert_uint_gt(use_of(l->f, WEIR_PATH_POOL_TCP_QUEUES).peak, 0);
	ck_assert_uint_gt(use_of(l->f, WEIR_PATH_POOL_TCP_SPANS).peak, 0);
	assert_use(l->f, WEIR_PATH_POOL_HTTP_TEXTS, 0, 0);
	lab_say(l, SERVER, RESPONSE);
	assert_use(l->f, WEIR_PATH_POOL_HTTP_EXCHANGES, 0, 1);
	ck_assert_uint_eq(use_of(l->f, WEIR_PATH_POOL_WAF_BYTES).used, 0);
	ck_assert_uint_eq(use_of(l->f, WEIR_PATH_POOL_TRANSACTIONS).used, 1);
	ck_assert_uint_eq(use_of(l->f, WEIR_PATH_POOL_RECORDS).used, 1);
	lab_reset(l, CLIENT);
	lab_wait(l, 600 * WEIR_NS_PER_S);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(taken); i++)
		assert_use(l->f, taken[i], 0, 1);
	assert_use(l->f, WEIR_PATH_POOL_TCP_QUEUES, 0,
		   use_of(l->f, WEIR_PATH_POOL_TCP_QUEUES).peak);
	lab_destroy(l);
}
END_TEST

START_TEST(long_texts_are_lent_while_a_request_is_under_way)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT,
		"GET /"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
		" HTTP/1.1\r\nHost: shop.example\r\n\r\n");
	assert_use(l->f, WEIR_PATH_POOL_HTTP_TEXTS, 1, 1);
	lab_say(l, SERVER, RESPONSE);
	assert_use(l->f, WEIR_PATH_POOL_HTTP_TEXTS, 0, 1);
	lab_destroy(l);
}
END_TEST

START_TEST(records_that_found_no_place_are_counted)
{
	struct http_lab *l = lab_create("", "");
	struct weir_use use;

	for (unsigned int i = 0; i < RECORDS + 3; i++) {
		lab_say(l, CLIENT, REQUEST);
		lab_say(l, SERVER, RESPONSE);
	}
	use = use_of(l->f, WEIR_PATH_POOL_TRANSACTIONS);
	ck_assert_uint_eq(use.used, RECORDS);
	ck_assert_uint_eq(use.size, RECORDS);
	ck_assert_uint_eq(use.full, 3);
	lab_destroy(l);
}
END_TEST

START_TEST(flows_that_found_no_place_are_counted)
{
	struct fixture *f = fixture_create(POLICY_WEB, 64);
	struct frame_spec s = client;
	struct weir_use use;

	s.tcp_flags = 0x02;
	for (unsigned int i = 0; i < 200; i++) {
		struct frame frame;

		s.sport = (uint16_t)(1024 + i);
		frame = frame_tcp(&s);
		(void)fixture_feed(f, 0, &frame);
	}
	use = use_of(f, WEIR_PATH_POOL_FLOWS);
	ck_assert_uint_eq(use.used, use.size);
	ck_assert_uint_eq(use.peak, use.size);
	ck_assert_uint_eq(use.full, 200 - use.size); /* each time an older one went */
	fixture_destroy(f);
}
END_TEST

START_TEST(a_connection_by_tls_is_in_all_that_it_takes_from)
{
	struct tls_lab *t = tls_lab_with("");
	struct fixture *f = t->l->f;

	tls_lab_connect(t);
	assert_use(f, WEIR_PATH_POOL_TLS_CONNECTIONS, 1, 1);
	assert_use(f, WEIR_PATH_POOL_TLS_HANDSHAKES, 0, 1);
	assert_use(f, WEIR_PATH_POOL_NAMES, 1, 1);
	assert_use(f, WEIR_PATH_POOL_TLS_NAMES, 0, 0);
	tls_lab_say(t, CLIENT, REQUEST);
	ck_assert_uint_gt(use_of(f, WEIR_PATH_POOL_TLS_MBUFS).peak, 0);
	ck_assert_uint_eq(use_of(f, WEIR_PATH_POOL_TLS_MBUFS).used, 0);
	tls_lab_destroy(t);
}
END_TEST

/* Of the one that there may be at a time the older makes room. */
START_TEST(handshakes_that_make_room_for_others_are_counted)
{
	struct tls_lab *t = tls_lab_with("");
	struct fixture *f = t->l->f;

	f->path->worker[0]->tls->handshakes.size = 1;
	tls_lab_connect(t);
	ck_assert_uint_eq(tls_lab_bad(t, CLIENT, WEIR_TLS_E_MEMORY), 0);
	t->deaf = true;
	tls_lab_connect(t);
	assert_use(f, WEIR_PATH_POOL_TLS_HANDSHAKES, 1, 1);
	tls_lab_connect(t);
	ck_assert_uint_eq(tls_lab_bad(t, CLIENT, WEIR_TLS_E_MEMORY), 1);
	ck_assert_uint_eq(use_of(f, WEIR_PATH_POOL_TLS_HANDSHAKES).used, 1);
	ck_assert_uint_eq(use_of(f, WEIR_PATH_POOL_TLS_HANDSHAKES).full, 1);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(buffers_that_tls_may_not_have_are_counted)
{
	struct tls_lab *t = tls_lab_with("");
	struct fixture *f = t->l->f;
	struct weir_use *use = &f->path->worker[0]->tls->mbufs;
	uint64_t size = use->size;

	tls_lab_connect(t);
	use->size = 0;
	tls_lab_say(t, CLIENT, REQUEST);
	ck_assert_str_eq(tls_lab_got(t, SERVER), "");
	ck_assert_uint_ge(use_of(f, WEIR_PATH_POOL_TLS_MBUFS).full, 1);
	use->size = size;
	lab_wait(t->l, 20 * WEIR_NS_PER_MS);
	tls_lab_pump(t);
	ck_assert_str_eq(tls_lab_got(t, SERVER), REQUEST);
	tls_lab_destroy(t);
}
END_TEST

START_TEST(memory_that_http2_has_not_is_counted)
{
	struct http_lab *l = lab_create_with("", "", "1MiB");
	struct path_http2_worker *w = l->f->path->worker[0]->http2;
	uint64_t used = w->use.used;

	ck_assert_uint_eq(use_of(l->f, WEIR_PATH_POOL_HTTP2_BYTES).size, 1 << 20);
	ck_assert_ptr_null(w->source.take(w, 2 << 20));
	ck_assert_uint_eq(use_of(l->f, WEIR_PATH_POOL_HTTP2_BYTES).full, 1);
	ck_assert_uint_eq(use_of(l->f, WEIR_PATH_POOL_HTTP2_BYTES).used, used);
	lab_destroy(l);
}
END_TEST

START_TEST(streams_of_http2_are_seen)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	struct weir_path_gauges g;

	(void)h2_get(l, "/a");
	(void)h2_get(l, "/b");
	ck_assert_uint_gt(use_of(l->l->f, WEIR_PATH_POOL_HTTP2_BYTES).used, 0);
	weir_path_gauges(l->l->f->path, 0, &g);
	ck_assert_uint_eq(g.http2_open, 1);
	ck_assert_uint_eq(g.http2_streams, 2);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(buffers_are_counted_as_they_come_and_go)
{
	struct fixture *f = fixture_create(POLICY_WEB, 64);
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);
	struct weir_use use = use_of(f, WEIR_PATH_POOL_MBUFS);

	ck_assert_uint_eq(use.used, 1);
	ck_assert_uint_eq(use.peak, WEIR_USE_UNKNOWN);
	rte_pktmbuf_free(m);
	ck_assert_uint_eq(use_of(f, WEIR_PATH_POOL_MBUFS).used, 0);
	fixture_destroy(f);
}
END_TEST

Suite *path_pools_suite(void)
{
	return WEIR_SUITE(
		"path pools", each_pool_has_a_size,
		a_request_under_way_is_in_all_that_it_takes_from,
		long_texts_are_lent_while_a_request_is_under_way,
		records_that_found_no_place_are_counted, flows_that_found_no_place_are_counted,
		a_connection_by_tls_is_in_all_that_it_takes_from,
		handshakes_that_make_room_for_others_are_counted,
		buffers_that_tls_may_not_have_are_counted, memory_that_http2_has_not_is_counted,
		streams_of_http2_are_seen, buffers_are_counted_as_they_come_and_go);
}
