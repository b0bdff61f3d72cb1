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
	ck_assert_uint_eq(more, 2);
	weir_scan_close(&s);
	put(db);
}
END_TEST

START_TEST(a_stopped_stream_stays_stopped)
{
	struct weir_scan_db *db =
		db_of("1:/ab/\n2:/cd/\n", "patterns: [ { id: 1, action: drop } ]\n");
	struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	struct found f = {0};

	feed(&s, "ab", 2, &f);
	ck_assert_uint_eq(f.n, 1);
	f.stopped = false;
	feed(&s, "cdab", 4, &f);
	ck_assert(f.stopped);
	ck_assert_uint_eq(f.n, 1);
	weir_scan_close(&s);
	s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	feed(&s, "cd", 2, &f);
	ck_assert(!f.stopped);
	ck_assert_uint_eq(f.n, 2);
	weir_scan_close(&s);
	put(db);
}
END_TEST

START_TEST(a_match_comes_once_in_one_byte_segments)
{
	static const char text[] = "aaxneedle needle NEEDLE foo12345bar foobar";
	struct weir_scan_db *db = db_of("1:/needle/\n2:/NEEDLE\\s/\n3:/foo.{5}bar/\n4:/^aax/\n"
					"5:/bar$/{min_offset=42}\n",
					NULL);
	static const struct {
		uint32_t id;
		uint64_t end;
	} wanted[] = {{4, 3}, {1, 9}, {2, 24}, {3, 35}};
	struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	struct found f = {0};

	for (size_t i = 0; i < strlen(text); i++)
		feed(&s, text + i, 1, &f);
	/* The fifth waits for an end of data, which a stream does not have. */
	ck_assert_uint_eq(f.n, WEIR_ARRAY_LEN(wanted));
	for (size_t i = 0; i < WEIR_ARRAY_LEN(wanted); i++) {
		ck_assert_uint_eq(f.id[i], wanted[i].id);
		ck_assert_uint_eq(f.end[i], wanted[i].end);
	}
	weir_scan_close(&s);
	put(db);
}
END_TEST

/* Whether a word has ended is known with the next byte only. */
START_TEST(an_end_is_never_before_what_was_fed)
{
	struct weir_scan_db *db = db_of("1:/needle\\b/\n2:/pin$/m\n3:/mark\\b/\n", NULL);
	struct weir_scan_stream s = open_stream(db, WEIR_SCAN_TO_SERVER, 80);
	static const char text[] = "needle pin\nmarks mark\xe2\x82\xac ";
	struct found f = {0};

	for (size_t i = 0; i < strlen(text); i++) {
		unsigned int before = f.n;

		feed(&s, text + i, 1, &f);
		for (unsigned int k = before; k < f.n; k++) {
			ck_assert_uint_ge(f.end[k], i);
			ck_assert_uint_le(f.end[k], i + 1);
		}
	}
	ck_assert_uint_eq(f.n, 3);
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
	db = load_said(&(struct load){.streams = 4, .workers = 2}, "");
	ck_assert_int_eq(weir_scan_open(&s[0], db, 0, WEIR_SCAN_TO_SERVER, 80), 0);
	ck_assert_int_eq(weir_scan_open(&s[1], db, 0, WEIR_SCAN_TO_SERVER, 80), 0);
	ck_assert_int_eq(weir_scan_open(&s[2], db, 0, WEIR_SCAN_TO_SERVER, 80), -WEIR_ENOMEM);
	ck_assert_int_eq(weir_scan_open(&s[2], db, 1, WEIR_SCAN_TO_SERVER, 80), 0);
	weir_scan_close(&s[0]);
	ck_assert_int_eq(weir_scan_open(&s[0], db, 0, WEIR_SCAN_TO_SERVER, 80), 0);
	for (unsigned int i = 0; i < 3; i++)
		weir_scan_close(&s[i]);
	put(db);
}
END_TEST

START_TEST(directions_have_streams_of_their_own)
{
	struct weir_scan_stream s[2];
	struct weir_scan_info info;
	struct weir_scan_db *db;

	remove_files();
	write_file("a.hs", "1:/a/\n2:/b/\n");
	write_file("a.yaml", "patterns: [ { id: 1, direction: to_server } ]\n");
	db = load_said(&(struct load){.streams = 2}, "");
	ck_assert_int_eq(weir_scan_open(&s[0], db, 0, WEIR_SCAN_TO_SERVER, 80), 0);
	ck_assert_int_eq(weir_scan_open(&s[1], db, 0, WEIR_SCAN_TO_CLIENT, 80), 0);
	weir_scan_db_info(db, &info);
	ck_assert_uint_eq(info.streams, 2);
	ck_assert_uint_eq(info.rules, 2);
	ck_assert_uint_gt(info.stream_bytes, 0);
	ck_assert_uint_gt(info.database_bytes, 0);
	for (unsigned int i = 0; i < 2; i++)
		weir_scan_close(&s[i]);
	weir_scan_db_info(db, &info);
	ck_assert_uint_eq(info.streams, 0);
	put(db);
	db = db_of("1:/a/\n", "defaults: { direction: to_client }\n");
	ck_assert(!weir_scan_applies(db, WEIR_SCAN_TO_SERVER, 80));
	ck_assert_int_eq(weir_scan_open(&s[0], db, 0, WEIR_SCAN_TO_SERVER, 80), -WEIR_ENOMEM);
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

static const struct {
	const char *bytes, *upto, *shown;
} contexts[] = {
	{"card 4111 1111 1111 1111 ${jndi:ldap://10.0.0.1/a} and more text",
	 "ldap:", "xxxx 0000 0000 0000 0000 ${jndi:ldap://00.0.0"},
	{"pw=Hunter2&q=${JNDI:ldap:", "ldap:", "xx=xxxxxx0&x=${JNDI:ldap:"},
	{"ldapldap jndis ldap:", "ldap:", "xxxxxxxx xxxxx ldap:"},
	{"\x01\xff\nldap:", "ldap:", "...ldap:"},
	/* Of a word that is cut off nothing is shown, though its end is the rule's. */
	{"0123 secretldap 0123456789 0123456789 0123456789 0123456789 01234567 ldap:", "7 ldap:",
	 "xxxx 0000000000 0000000000 0000000000 0000000000 00000000 ldap:"},
	{"ldap:ldapldapldap", "ldap:", "ldap:xxxxxxxx"},
};

START_TEST(a_context_shows_the_rules_words_and_punctuation)
{
	const struct weir_scan_rule rule = {.expression =
						    (char[]){"\\$\\{\\s{0,8}jndi:(ldap|rmi):"}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(contexts); i++) {
		const char *bytes = contexts[i].bytes, *at = strstr(bytes, contexts[i].upto);
		char text[WEIR_SCAN_CONTEXT];

		weir_scan_context(&rule, (struct weir_bytes){(const uint8_t *)bytes, strlen(bytes)},
				  (size_t)(at - bytes) + strlen(contexts[i].upto), text);
		ck_assert_str_eq(text, contexts[i].shown);
	}
}
END_TEST

START_TEST(a_context_is_bounded)
{
	const struct weir_scan_rule rule = {.expression = (char[]){"a"}};
	uint8_t bytes[200];
	char text[WEIR_SCAN_CONTEXT + 1];

	memset(bytes, '-', sizeof(bytes));
	for (size_t len = 0; len <= sizeof(bytes); len++)
		for (size_t end = 0; end <= len; end++) {
			size_t shown = end + 8 < len ? end + 8 : len;

			text[WEIR_SCAN_CONTEXT] = '!';
			weir_scan_context(&rule, (struct weir_bytes){bytes, len}, end, text);
			ck_assert_uint_eq(strlen(text), shown < 63 ? shown : 63);
			ck_assert_int_eq(text[WEIR_SCAN_CONTEXT], '!');
		}
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
			  a_database_stays_while_a_stream_is_open_on_it,
			  a_stopped_stream_stays_stopped, directions_have_streams_of_their_own,
			  an_end_is_never_before_what_was_fed,
			  a_match_comes_once_in_one_byte_segments,
			  a_context_shows_the_rules_words_and_punctuation, a_context_is_bounded);
}
