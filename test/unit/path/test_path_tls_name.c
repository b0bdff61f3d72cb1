/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom clients ask for: short names, long ones, more long ones than there is room for. */
#include "tls_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../../lib/path/path_tls.h"

Suite *path_tls_name_suite(void);

#define LABEL "a-name-of-forty-bytes-all-in-one-label-."
#define LONG  LABEL LABEL LABEL "example.org"

struct bed {
	struct path_worker w;
	struct path_tls x;
};

/* Room for one long name. */
static struct bed *bed_create(void)
{
	struct bed *b = calloc(1, sizeof(*b));

	b->w.tls = calloc(1, sizeof(*b->w.tls));
	b->w.tls->names = weir_pool_create("names", 1, WEIR_TLS_NAME_MAX + 1);
	ck_assert_ptr_nonnull(b->w.tls->names);
	b->x.w = &b->w;
	return b;
}

static void bed_destroy(struct bed *b)
{
	ck_assert_uint_eq(weir_pool_used(b->w.tls->names), 0);
	weir_pool_destroy(b->w.tls->names);
	free(b->w.tls);
	free(b);
}

START_TEST(names_of_every_length_are_kept_whole_and_then_as_far_as_they_are_told)
{
	struct bed *b = bed_create();
	char name[WEIR_TLS_NAME_MAX + 2], told[WEIR_EVENT_SNI];

	for (size_t len = 0; len <= WEIR_TLS_NAME_MAX; len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		snprintf(told, sizeof(told), "%.*s", WEIR_EVENT_SNI - 1, name);
		ck_assert(path_tls_set_sni(&b->x, weir_bytes_of(name, len)));
		ck_assert_str_eq(path_tls_sni(&b->x), name);
		ck_assert_str_eq(b->x.sni, told);
		ck_assert_int_eq(b->x.long_sni != NULL, len >= WEIR_EVENT_SNI);
		path_tls_cut_sni(&b->x);
		ck_assert_str_eq(path_tls_sni(&b->x), told);
	}
	ck_assert(!path_tls_set_sni(&b->x, weir_bytes_of(name, WEIR_TLS_NAME_MAX + 1)));
	bed_destroy(b);
}
END_TEST

START_TEST(a_long_name_without_room_is_refused_and_a_short_one_is_not)
{
	struct bed *b = bed_create();
	struct path_tls other = {.w = &b->w};

	ck_assert(path_tls_set_sni(&b->x, weir_bytes_str(LONG)));
	ck_assert(path_tls_set_sni(&b->x, weir_bytes_str(LONG))); /* in place of itself */
	ck_assert(!path_tls_set_sni(&other, weir_bytes_str(LONG)));
	ck_assert_str_eq(path_tls_sni(&other), "");
	ck_assert(path_tls_set_sni(&other, weir_bytes_str(SERVER_NAME)));
	ck_assert_str_eq(path_tls_sni(&other), SERVER_NAME);
	path_tls_cut_sni(&b->x);
	ck_assert(path_tls_set_sni(&other, weir_bytes_str(LONG)));
	path_tls_cut_sni(&other);
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
	return WEIR_SUITE("path tls name",
			  names_of_every_length_are_kept_whole_and_then_as_far_as_they_are_told,
			  a_long_name_without_room_is_refused_and_a_short_one_is_not,
			  servers_are_asked_for_a_long_name_in_all_its_length);
}
