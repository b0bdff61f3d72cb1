/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom clients ask for: short names, long ones, more than there is room for. */
#include "tls_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../../lib/path/path_names.h"
#include "../../../lib/path/path_tls.h"

Suite *path_tls_name_suite(void);

#define LABEL "a-name-of-forty-bytes-all-in-one-label-."
#define LONG  LABEL LABEL LABEL "example.org"

struct bed {
	struct path_worker w;
	struct path_tls x;
};

/* One name may be lent. */
static struct bed *bed_create(void)
{
	struct bed *b = calloc(1, sizeof(*b));

	fixture_start_eal();
	b->w.tls = calloc(1, sizeof(*b->w.tls));
	b->w.tls->names = weir_pool_create("names", 1, WEIR_TLS_NAME_MAX + 1);
	ck_assert_ptr_nonnull(b->w.tls->names);
	ck_assert(path_names_create(&b->w));
	b->x.w = &b->w;
	return b;
}

static void bed_destroy(struct bed *b)
{
	ck_assert_uint_eq(weir_pool_used(b->w.tls->names), 0);
	weir_pool_destroy(b->w.tls->names);
	path_names_destroy(&b->w);
	free(b->w.tls);
	free(b);
}

/* Strangers ask for names until there is no room for another. */
static void fill_names(struct bed *b)
{
	char text[WEIR_TLS_NAME_MAX + 1];
	struct weir_policy_name name = {
		.source = WEIR_NAME_SNI, .state = WEIR_NAME_GOOD, .text = text};

	for (unsigned int i = 0; !b->w.stats.count[WEIR_COUNT_NAMES_LOST]; i++) {
		snprintf(text, sizeof(text), "stranger-%u.example", i);
		(void)path_name_note(&b->w, &name);
	}
}

START_TEST(names_of_every_length_are_kept_whole)
{
	struct bed *b = bed_create();
	char name[WEIR_TLS_NAME_MAX + 2];

	for (size_t len = 0; len <= WEIR_TLS_NAME_MAX; len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		ck_assert(path_tls_set_sni(&b->x, weir_bytes_of(name, len)));
		ck_assert_str_eq(path_tls_sni(&b->x), name);
		ck_assert_uint_eq(path_texts_use(b->w.names).used, len > 0);
		path_tls_cut_sni(&b->x);
		ck_assert_str_eq(path_tls_sni(&b->x), name);
	}
	ck_assert(!path_tls_set_sni(&b->x, weir_bytes_of(name, WEIR_TLS_NAME_MAX + 1)));
	bed_destroy(b);
}
END_TEST

START_TEST(a_name_that_others_have_needs_no_room_and_one_without_room_is_lent_and_not_told)
{
	struct bed *b = bed_create();
	struct path_tls other = {.w = &b->w}, third = {.w = &b->w};

	ck_assert(path_tls_set_sni(&b->x, weir_bytes_str(SERVER_NAME)));
	fill_names(b);
	ck_assert(path_tls_set_sni(&other, weir_bytes_str(SERVER_NAME)));
	ck_assert_ptr_null(other.lent_sni);
	ck_assert_uint_eq(other.sni, b->x.sni);
	ck_assert(path_tls_set_sni(&other, weir_bytes_str(LONG)));
	ck_assert(path_tls_set_sni(&other, weir_bytes_str(LONG))); /* in place of itself */
	ck_assert_str_eq(path_tls_sni(&other), LONG);
	ck_assert(!path_tls_set_sni(&third, weir_bytes_str(LONG)));
	ck_assert_str_eq(path_tls_sni(&third), "");
	ck_assert_uint_eq(weir_pool_use(b->w.tls->names).full, 1);
	ck_assert_uint_eq(path_texts_use(b->w.names).full, 4); /* fill_names, and these */
	path_tls_cut_sni(&other);
	ck_assert_str_eq(path_tls_sni(&other), "");
	bed_destroy(b);
}
END_TEST

static struct tls_lab *lab_to_servers_by_tls(void)
{
	struct tls_lab *t;
	char upstream[512];

	snprintf(upstream, sizeof(upstream), ", upstream: {mode: tls, ca: '%s', verify: ca}",
		 pki()->ca.chain);
	t = tls_lab_create(upstream, "");
	tls_lab_speak(t, CLIENT);
	tls_lab_speak(t, SERVER);
	return t;
}

START_TEST(servers_are_asked_for_a_long_name_in_all_its_length)
{
	struct tls_lab *t = lab_to_servers_by_tls();
	struct weir_event_http h;

	snprintf(t->end[CLIENT].asks, sizeof(t->end[CLIENT].asks), "%s", LONG);
	tls_lab_connect(t);
	ck_assert_str_eq(SSL_get_servername(t->end[SERVER].peer.ssl, TLSEXT_NAMETYPE_host_name),
			 LONG);
	tls_lab_say(t, CLIENT, "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
	tls_lab_say(t, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
	h = lab_record(t->l, NULL);
	ck_assert_uint_eq(strlen(h.sni), WEIR_EVENT_SNI - 1);
	ck_assert_int_eq(strncmp(h.sni, LONG, WEIR_EVENT_SNI - 1), 0);
	tls_lab_destroy(t);
}
END_TEST

Suite *path_tls_name_suite(void)
{
	return WEIR_SUITE(
		"path tls name", names_of_every_length_are_kept_whole,
		a_name_that_others_have_needs_no_room_and_one_without_room_is_lent_and_not_told,
		servers_are_asked_for_a_long_name_in_all_its_length);
}
