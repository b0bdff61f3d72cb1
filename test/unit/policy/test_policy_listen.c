/* SPDX-License-Identifier: BSD-3-Clause */
/* Who listens where: rows by hand, and thousands of look-ups against a plain search. */
#include "fixture.h"

#include <stdio.h>

#define SERVICE(name, where, port)                                                                \
	"kind: Service\nmetadata: { name: " name " }\nspec: { addresses: " where ", ports: " port \
	", protocol: http }\n---\n"

static const char *who(const struct loaded *l, const char *address, uint16_t port)
{
	const struct weir_service *s;
	struct weir_addr a;

	ck_assert_int_eq(weir_addr_parse(address, &a), 0);
	s = weir_policy_service(l->policy, &a, port);
	return s ? weir_names_get(l->names, s->name) : "";
}

START_TEST(the_longest_prefix_with_the_port_wins)
{
	static const struct {
		const char *address;
		uint16_t port;
		const char *who;
	} rows[] = {
		{"10.0.0.1", 80, "host"},
		{"10.0.0.1", 81, "net"},
		{"10.0.0.2", 80, "net"},
		{"10.0.1.1", 80, "wide"},
		{"10.0.0.1", 443, "all"},
		{"10.0.0.1", 444, ""},
		{"192.0.2.1", 443, "all"},
		{"192.0.2.1", 80, ""},
		{"fd00::1", 80, "six"},
		{"fd00::1", 443, "all"},
		{"fd00:0:0:1::1", 80, ""},
		{"::ffff:10.0.0.1", 443, "all"},
		{"255.255.255.255", 443, "all"},
		{"0.0.0.0", 443, "all"},
		{"10.0.0.1", 0, ""},
		{"10.0.0.1", 65535, ""},
	};
	struct loaded l =
		load(SERVICE("host", "10.0.0.1", "80") SERVICE("net", "10.0.0.0/24", "80-81")
			     SERVICE("wide", "10.0.0.0/8", "80") SERVICE("all", "any", "443")
				     SERVICE("six", "'fd00::/64'", "80"));

	ck_assert_ptr_nonnull(l.policy);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		ck_assert_msg(strcmp(who(&l, rows[i].address, rows[i].port), rows[i].who) == 0,
			      "%s port %u: '%s'", rows[i].address, rows[i].port,
			      who(&l, rows[i].address, rows[i].port));
	unload(&l);
}
END_TEST

START_TEST(what_two_services_claim_is_told_with_both_places)
{
	static const struct bad_row rows[] = {
		{SERVICE("a", "10.0.0.1", "80") SERVICE("b", "[ 10.0.0.1, 10.0.0.2 ]", "[ 79-90 ]"),
		 "t:6:19: error: Service 'b' listens at 10.0.0.1/32 port 80, and so does 'a' at "
		 "t:2:19\n"},
		{SERVICE("a", "any", "80") SERVICE("b", "0.0.0.0/0", "80"),
		 "t:6:19: error: Service 'b' listens at 0.0.0.0/0 port 80, and so does 'a' at "
		 "t:2:19\n"},
		{SERVICE("a", "any", "1-9") SERVICE("b", "any", "9-20"),
		 "t:6:19: error: Service 'b' listens at 0.0.0.0/0 port 9, and so does 'a' at "
		 "t:2:19\n"},
	};
	struct loaded l = load(SERVICE("a", "10.0.0.0/8", "80") SERVICE("b", "10.0.0.0/9", "80"));

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
	ck_assert_ptr_nonnull(l.policy); /* nested ones are no conflict */
	unload(&l);
}
END_TEST

START_TEST(what_one_service_says_twice_is_one)
{
	struct loaded l = load(
		"kind: Group\nmetadata: { name: g }\nspec: { cidrs: [ 10.0.0.1, 10.0.0.2 ] }\n---\n"
		"kind: Service\nmetadata: { name: a }\nspec: { addresses: [ g, 10.0.0.1/32 ],\n"
		"  ports: [ 80, 80, 70-85 ], protocol: tcp }\n");

	ck_assert_ptr_nonnull(l.policy);
	ck_assert_str_eq(who(&l, "10.0.0.1", 85), "a");
	ck_assert_str_eq(who(&l, "10.0.0.2", 70), "a");
	ck_assert_str_eq(who(&l, "10.0.0.3", 80), "");
	unload(&l);
}
END_TEST

/* ---- against a plain search ---- */

#define SERVICES 300

struct plain {
	struct weir_prefix prefix;
	uint16_t lo, hi;
};

static uint32_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33);
}

/* Few bits of address and port, so that much of it nests; each has ports of its own at its prefix.
 */
static void make_plain(struct plain *p, unsigned int i, uint64_t *state)
{
	uint32_t address = 0x0a000000 | (draw(state) & 0xff) << 8;

	p->prefix.len = (uint8_t)(16 + draw(state) % 9);
	p->prefix.addr = weir_addr_v4(address & ~(0xffffffffu >> p->prefix.len));
	p->lo = (uint16_t)(i * 10 + draw(state) % 3);
	p->hi = (uint16_t)(p->lo + draw(state) % 8);
}

static int search(const struct plain *p, const struct weir_addr *a, uint16_t port)
{
	int best = -1;

	for (int i = 0; i < SERVICES; i++)
		if (weir_prefix_contains(&p[i].prefix, a) && p[i].lo <= port && port <= p[i].hi &&
		    (best < 0 || p[i].prefix.len > p[best].prefix.len))
			best = i;
	return best;
}

static void ask_one(const struct loaded *l, const struct plain *p, uint64_t *state)
{
	struct weir_addr a = weir_addr_v4(0x0a000000 | (draw(state) & 0xffff));
	uint16_t port = (uint16_t)(draw(state) % (SERVICES * 10));
	const struct weir_service *s = weir_policy_service(l->policy, &a, port);
	int wanted = search(p, &a, port);
	char name[16] = "";

	if (wanted >= 0)
		snprintf(name, sizeof(name), "s%d", wanted);
	ck_assert_str_eq(s ? weir_names_get(l->names, s->name) : "", name);
}

START_TEST(a_look_up_finds_what_a_plain_search_finds)
{
	static struct plain p[SERVICES];
	struct weir_buf text = {0};
	uint64_t state = 1;
	struct loaded l;

	for (unsigned int i = 0; i < SERVICES; i++) {
		char prefix[WEIR_PREFIX_TEXT];

		make_plain(&p[i], i, &state);
		weir_buf_printf(&text,
				"---\nkind: Service\nmetadata: { name: s%u }\nspec: { addresses: "
				"%s, ports: %u-%u, protocol: tcp }\n",
				i, weir_prefix_format(&p[i].prefix, prefix), p[i].lo, p[i].hi);
	}
	l = load(text.ptr);
	ck_assert_ptr_nonnull(l.policy);
	for (unsigned int i = 0; i < 20000; i++)
		ask_one(&l, p, &state);
	weir_buf_fini(&text);
	unload(&l);
}
END_TEST

Suite *listen_suite(void)
{
	return WEIR_SUITE("policy listen", the_longest_prefix_with_the_port_wins,
			  what_two_services_claim_is_told_with_both_places,
			  what_one_service_says_twice_is_one,
			  a_look_up_finds_what_a_plain_search_finds);
}
