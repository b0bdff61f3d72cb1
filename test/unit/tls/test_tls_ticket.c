/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions that go on: from one worker to another, over new keys, over new certificates. */
#include "conn_test.h"

#include <weir_tls_info.h>

#include <pthread.h>
#include <unistd.h>

#include "../../../lib/tls/tls_impl.h"

static const uint16_t versions[] = {WEIR_TLS_1_2, WEIR_TLS_1_3};

struct visit {
	struct peer peer;
	SSL_SESSION *session;
	const char *name;
};

static void visit_init(struct visit *v, uint16_t version)
{
	*v = (struct visit){.name = "www.example.org"};
	peer_init(&v->peer, false);
	SSL_CTX_set_min_proto_version(v->peer.ctx, version);
	SSL_CTX_set_max_proto_version(v->peer.ctx, version);
	peer_keep_sessions(&v->peer, &v->session);
}

static void visit_fini(struct visit *v)
{
	SSL_SESSION_free(v->session);
	peer_fini(&v->peer);
}

/* Whether the session went on; it is the newest afterwards. */
static bool visit(struct visit *v, struct weir_tls_server *s)
{
	struct weir_tls_records r;
	struct weir_arena a;
	struct weir_tls_info info;
	struct line l;
	uint8_t none;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	peer_start(&v->peer);
	SSL_set_tlsext_host_name(v->peer.ssl, v->name);
	if (v->session)
		ck_assert_int_eq(SSL_set_session(v->peer.ssl, v->session), 1);
	line_init(&l, accept_from(s), &v->peer);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	ck_assert_int_eq(weir_tls_conn_info(l.us, &a, &info), 0);
	ck_assert_int_eq(info.resumed, SSL_session_reused(v->peer.ssl));
	ck_assert(weir_bytes_is(info.sni, v->name));
	ck_assert(weir_tls_take_records(l.us, &r));
	weir_tls_records_wipe(NULL, &r);
	SSL_read(v->peer.ssl, &none, 1);
	/* libssl does not tell of a ticket that was renewed in TLS 1.2. */
	SSL_SESSION_free(v->session);
	v->session = SSL_get1_session(v->peer.ssl);
	line_fini(&l);
	weir_arena_reset(&a);
	return info.resumed;
}

static struct weir_tls_server *worker(const struct weir_tls_tickets *t)
{
	struct weir_tls_server_cfg cfg = server_cfg();

	cfg.tickets = t;
	return server_of(&cfg);
}

START_TEST(a_session_goes_on_at_another_worker)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct weir_tls_server *a = worker(t), *b = worker(t);

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		struct visit v;

		visit_init(&v, versions[i]);
		ck_assert(!visit(&v, a));
		ck_assert(visit(&v, b));
		ck_assert(visit(&v, a));
		visit_fini(&v);
	}
	weir_tls_server_destroy(a);
	weir_tls_server_destroy(b);
	weir_tls_tickets_destroy(t);
}
END_TEST

START_TEST(a_key_opens_for_two_rotations_and_a_visit_renews_the_ticket)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct weir_tls_server *s = worker(t);

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		struct visit v;

		visit_init(&v, versions[i]);
		ck_assert(!visit(&v, s));
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert(visit(&v, s));
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert(visit(&v, s));
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert(!visit(&v, s));
		ck_assert(visit(&v, s));
		visit_fini(&v);
	}
	weir_tls_server_destroy(s);
	weir_tls_tickets_destroy(t);
}
END_TEST

START_TEST(a_session_goes_on_after_certificates_were_changed)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct weir_tls_server_cfg cfg = server_cfg();
	const struct weir_tls_cert *certs[] = {pki()->rsa_cert};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		struct weir_tls_server *old = worker(t), *new;
		struct visit v;

		cfg.tickets = t;
		cfg.certs = certs;
		new = server_of(&cfg);
		visit_init(&v, versions[i]);
		ck_assert(!visit(&v, old));
		weir_tls_server_destroy(old);
		ck_assert(visit(&v, new));
		visit_fini(&v);
		weir_tls_server_destroy(new);
	}
	weir_tls_tickets_destroy(t);
}
END_TEST

START_TEST(a_session_does_not_go_on_at_another_service_or_without_keys)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create(), *u = weir_tls_tickets_create();
	struct weir_tls_server *a = worker(t), *none = worker(NULL), *stranger = worker(u), *other,
			       *asking;
	struct weir_tls_server_cfg cfg = server_cfg();

	cfg.tickets = t;
	cfg.id = "other";
	other = server_of(&cfg);
	cfg.id = "www";
	cfg.verify_client = WEIR_TLS_CLIENT_OPTIONAL;
	cfg.client_roots = pki()->roots;
	asking = server_of(&cfg);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		struct weir_tls_server *const not_there[] = {other, none, stranger, asking};

		for (unsigned int k = 0; k < WEIR_ARRAY_LEN(not_there); k++) {
			struct visit v;

			visit_init(&v, versions[i]);
			ck_assert(!visit(&v, a));
			ck_assert(!visit(&v, not_there[k]));
			visit_fini(&v);
		}
	}
	weir_tls_server_destroy(a);
	weir_tls_server_destroy(none);
	weir_tls_server_destroy(stranger);
	weir_tls_server_destroy(other);
	weir_tls_server_destroy(asking);
	weir_tls_tickets_destroy(t);
	weir_tls_tickets_destroy(u);
}
END_TEST

/* Other authorities, or the same with a list of what they have revoked. */
START_TEST(a_session_does_not_outlive_a_change_of_the_clients_authorities)
{
	const struct pki *p = pki();
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct weir_tls_roots_files files = {.file = p->ca.chain};
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *before, *same, *after;
	struct weir_tls_roots *again, *with_list;
	struct weir_buf why = {0};

	pki_crl(pki_path("clients.crl"), &p->ca, NULL, 3600);
	again = weir_tls_roots_load(&files, &why);
	files.crl = pki_path("clients.crl");
	with_list = weir_tls_roots_load(&files, &why);
	ck_assert_msg(again && with_list, "%s", why.ptr);
	cfg.tickets = t;
	cfg.verify_client = WEIR_TLS_CLIENT_REQUIRED;
	cfg.client_roots = p->roots;
	before = server_of(&cfg);
	cfg.client_roots = again;
	same = server_of(&cfg);
	cfg.client_roots = with_list;
	after = server_of(&cfg);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		struct visit v;

		visit_init(&v, versions[i]);
		peer_show(&v.peer, &p->client);
		ck_assert(!visit(&v, before));
		ck_assert(visit(&v, same));
		ck_assert(!visit(&v, after));
		visit_fini(&v);
	}
	weir_tls_server_destroy(before);
	weir_tls_server_destroy(same);
	weir_tls_server_destroy(after);
	weir_tls_roots_destroy(again);
	weir_tls_roots_destroy(with_list);
	weir_tls_tickets_destroy(t);
}
END_TEST

START_TEST(in_tls_12_a_session_is_for_one_name)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct weir_tls_server *s = worker(t);
	struct visit v;

	visit_init(&v, WEIR_TLS_1_2);
	ck_assert(!visit(&v, s));
	v.name = "www2.example.org";
	ck_assert(!visit(&v, s));
	ck_assert(visit(&v, s));
	visit_fini(&v);
	weir_tls_server_destroy(s);
	weir_tls_tickets_destroy(t);
}
END_TEST

/* A certificate that was good when the session began; it has expired when it would go on. */
START_TEST(a_session_ends_with_the_clients_certificate)
{
	struct pki_cert cert =
		pki_make(&(struct pki_spec){.name = "c", .issuer = &pki()->ca, .until_s = 8});
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct weir_tls_server_cfg cfg = server_cfg();
	struct visit v[WEIR_ARRAY_LEN(versions)];
	struct weir_tls_server *s;

	cfg.tickets = t;
	cfg.verify_client = WEIR_TLS_CLIENT_REQUIRED;
	cfg.client_roots = pki()->roots;
	s = server_of(&cfg);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		visit_init(&v[i], versions[i]);
		peer_show(&v[i].peer, &cert);
		ck_assert(!visit(&v[i], s));
		ck_assert(visit(&v[i], s));
	}
	while (X509_cmp_current_time(X509_get0_notAfter(cert.x509)) > 0)
		usleep(100000);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		struct line l;

		peer_start(&v[i].peer);
		SSL_set_tlsext_host_name(v[i].peer.ssl, v[i].name);
		SSL_set_session(v[i].peer.ssl, v[i].session);
		line_init(&l, accept_from(s), &v[i].peer);
		ck_assert_tls_error(line_shake(&l), WEIR_TLS_E_CERT_EXPIRED);
		line_fini(&l);
		visit_fini(&v[i]);
	}
	weir_tls_server_destroy(s);
	weir_tls_tickets_destroy(t);
	pki_fini(&cert);
}
END_TEST

/* ---- the keys themselves ---- */

struct reader {
	const struct weir_tls_tickets *t;
	_Atomic bool *stop;
	unsigned int torn;
	_Atomic uint64_t reads;
};

/* Each half of a key is made of the other by the writer of this test; here they are random, so what
 * can be seen is whether the key that is found has the name that was asked for. */
static void *read_keys(void *ctx)
{
	struct reader *r = ctx;

	while (!*r->stop) {
		struct tls_ticket_key newest, found;

		tls_tickets_newest(r->t, &newest);
		if (tls_tickets_find(r->t, newest.name, &found) >= 0 &&
		    memcmp(&newest, &found, sizeof(newest)) != 0)
			r->torn++;
		r->reads++;
	}
	return NULL;
}

START_TEST(workers_see_whole_keys_while_they_are_rotated)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	_Atomic bool stop = false;
	struct reader r = {.t = t, .stop = &stop};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, read_keys, &r), 0);
	/* On a busy machine the reader may begin late. */
	for (unsigned int i = 0; i < 50000 || r.reads == 0; i++)
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
	stop = true;
	pthread_join(thread, NULL);
	ck_assert_uint_eq(r.torn, 0);
	weir_tls_tickets_destroy(t);
}
END_TEST

START_TEST(an_old_key_is_told_from_the_newest_and_forgotten_in_time)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct tls_ticket_key first, found;

	tls_tickets_newest(t, &first);
	ck_assert_int_eq(tls_tickets_find(t, first.name, &found), 0);
	ck_assert_mem_eq(&first, &found, sizeof(first));
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
		ck_assert_int_eq(tls_tickets_find(t, first.name, &found), 1);
		ck_assert_mem_eq(&first, &found, sizeof(first));
	}
	ck_assert_int_eq(weir_tls_tickets_rotate(t), 0);
	ck_assert_int_eq(tls_tickets_find(t, first.name, &found), -WEIR_ENOTFOUND);
	weir_tls_tickets_destroy(t);
}
END_TEST

Suite *ticket_suite(void)
{
	return WEIR_SUITE("tls ticket", a_session_goes_on_at_another_worker,
			  a_key_opens_for_two_rotations_and_a_visit_renews_the_ticket,
			  a_session_goes_on_after_certificates_were_changed,
			  a_session_does_not_go_on_at_another_service_or_without_keys,
			  a_session_does_not_outlive_a_change_of_the_clients_authorities,
			  in_tls_12_a_session_is_for_one_name,
			  a_session_ends_with_the_clients_certificate,
			  workers_see_whole_keys_while_they_are_rotated,
			  an_old_key_is_told_from_the_newest_and_forgotten_in_time);
}
