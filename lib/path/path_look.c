/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS that stays closed and is looked at: the ClientHello, and what the server answers in the
 * clear, which before TLS 1.3 is its certificate, too. The server's answer is held until that much
 * of it is there, as nobody can do anything with less; so is the ClientHello where the Service is
 * said to speak TLS. What is none is let go at once. Nothing is decided here.
 */
#include "path_event.h"
#include "path_names.h"
#include "path_tls.h"

#include <weir_tls_hello.h>

#include <stdio.h>

#define ROOM_AHEAD 2048

static void be_done(struct path_carried *k)
{
	k->look = PATH_LOOK_DONE;
	k->look_need = 0;
}

static void expect_answer(struct path_carried *k)
{
	k->look = PATH_LOOK_ANSWER;
	k->look_need = 0;
}

/* Nothing more of the peer can be waited for. */
static bool is_all(const struct path_worker *w, const struct path_carried *k, unsigned int leg)
{
	return weir_tcp_is_ended(k->conn, leg) || weir_tcp_is_gone(k->conn, leg) ||
	       weir_tcp_is_full(w->tcp, k->conn, leg);
}

/* False: nothing more can come. */
static bool wait_for_more(struct path_worker *w, struct path_carried *k, unsigned int leg,
			  size_t need)
{
	k->look_need = (uint32_t)need;
	weir_tcp_want(w->tcp, k->conn, leg, (uint32_t)need + ROOM_AHEAD);
	return !is_all(w, k, leg);
}

/* ---- the client ---- */

static void tell_hello(struct path_worker *w, struct path_carried *k,
		       const struct weir_tls_hello *hello)
{
	struct weir_policy_name name = path_name_of_hello(hello);

	if (!k->flow->name)
		k->flow->name = path_name_note(w, &name);
	path_event_hello(w, k->flow, NULL, hello);
	expect_answer(k);
}

/* False: it is held. */
static bool look_at_hello(struct path_worker *w, struct path_carried *k)
{
	const struct weir_tls_hello *hello = NULL;
	size_t need = k->look_need;
	ssize_t used = path_hello_read(w, k, &hello, &need);

	if (used > 0)
		tell_hello(w, k, hello);
	else if (used == 0 && wait_for_more(w, k, 0, need))
		return false;
	else
		be_done(k);
	return true;
}

/* Of what is inspected anyway nothing waits for it: it comes in one piece, or is not told of. */
static void look_at_first(struct path_worker *w, struct path_carried *k)
{
	const struct weir_tls_hello *hello;
	struct weir_bytes first;
	size_t need = 0;

	if (!k->tls && !k->http && weir_tcp_read(k->conn, 0, 0, &first, 1) &&
	    *first.ptr == WEIR_TLS_HANDSHAKE && path_hello_read(w, k, &hello, &need) > 0)
		tell_hello(w, k, hello);
	else
		be_done(k);
}

/* ---- the server ---- */

static void copy(char *to, size_t room, struct weir_bytes from)
{
	size_t n = RTE_MIN(from.len, room - 1);

	memcpy(to, from.ptr, n);
	to[n] = '\0';
}

/* By commas, as many as have room. */
static void add_names(const struct weir_tls_info *info, char out[WEIR_EVENT_NAME])
{
	size_t at = 0;

	for (unsigned int i = 0; i < info->n_sans; i++) {
		const struct weir_tls_san *san = &info->sans[i];

		if ((san->kind != WEIR_TLS_SAN_DNS && san->kind != WEIR_TLS_SAN_IP) ||
		    memchr(san->text.ptr, ',', san->text.len))
			continue;
		if (at + (at != 0) + san->text.len >= WEIR_EVENT_NAME)
			break;
		if (at)
			out[at++] = ',';
		memcpy(out + at, san->text.ptr, san->text.len);
		at += san->text.len;
	}
	out[at] = '\0';
}

/* What has no room is left out. */
static void describe_leaf(struct path_worker *w, struct weir_bytes leaf,
			  struct weir_event_server *out)
{
	const struct weir_arena_source source = path_tls_info_source(w->tls);
	struct weir_tls_info info;
	struct weir_arena a;

	weir_arena_init(&a, &source, PATH_TLS_INFO_MAX);
	if (weir_tls_leaf_info(w->tls->leaf_reader, leaf, &a, &info) == -WEIR_TLS_E_CERT_BAD) {
		out->certificate = WEIR_EVENT_CERT_BAD;
		return;
	}
	out->certificate = WEIR_EVENT_CERT_SHOWN;
	out->not_after = info.not_after;
	copy(out->subject, sizeof(out->subject), info.subject);
	copy(out->issuer, sizeof(out->issuer), info.issuer);
	add_names(&info, out->names);
}

static void tell_answer(struct path_worker *w, const struct path_carried *k,
			const struct weir_tls_server_hello *answer)
{
	struct weir_policy_name name = path_name_of(w, k->flow->name);
	struct weir_event_server s = {.version = answer->version};

	if (name.state == WEIR_NAME_GOOD)
		snprintf(s.sni, sizeof(s.sni), "%s", name.text);
	if (answer->version >= WEIR_TLS_1_3 || answer->is_retry)
		s.certificate = WEIR_EVENT_CERT_HIDDEN;
	else if (!answer->leaf.len)
		s.certificate = WEIR_EVENT_CERT_RESUMED;
	else
		describe_leaf(w, answer->leaf, &s);
	path_event_server(w, k->flow, &s);
}

/* False: it is held. */
static bool look_at_answer(struct path_worker *w, struct path_carried *k)
{
	const struct weir_tls_server_hello *answer = NULL;
	size_t need = k->look_need;
	int rc = path_hello_read_answer(w, k, &answer, &need);

	if (rc == 0 && wait_for_more(w, k, 1, need))
		return false;
	if (rc > 0)
		tell_answer(w, k, answer);
	be_done(k);
	return true;
}

/* ---- both ---- */

/* Who lets the server speak first speaks no TLS. */
static void give_up(struct path_worker *w, struct path_carried *k)
{
	be_done(k);
	path_carry_bytes(w, k, 0);
}

bool path_look(struct path_worker *w, struct path_carried *k, unsigned int leg)
{
	bool any = weir_tcp_readable(k->conn, leg) > 0;

	switch (k->look) {
	case PATH_LOOK_DONE:
		break;
	case PATH_LOOK_FIRST:
		if (leg == 0 && (any || k->tls))
			look_at_first(w, k);
		break;
	case PATH_LOOK_HELLO:
		if (leg == 0)
			return (!any && !is_all(w, k, 0)) || look_at_hello(w, k);
		if (any)
			give_up(w, k);
		break;
	case PATH_LOOK_ANSWER:
		return leg == 0 || (!any && !is_all(w, k, 1)) || look_at_answer(w, k);
	}
	return true;
}
