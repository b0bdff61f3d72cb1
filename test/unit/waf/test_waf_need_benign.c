/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many rules would have to be asked about a value that is no attack. With WEIR_CRS4, a folder
 * with CRS rules, the means are told (of rules about arguments, at paranoia level 1 and at all) and
 * held against bounds. The values are others than those that the choice of conditions rests on.
 */
#include <stdio.h>

#include "waf_test.h"

#define VALUES_MAX   8
#define MAX_LITERALS 512

struct kind {
	const char *name;
	double most; /* rules of level 1 that may be left, on average */
	const char *value[VALUES_MAX];
};

static const struct kind kinds[] = {
	{"integer", 0.1, {"7", "2048", "0", "9876543210", "-1", "65535"}},
	{"word", 0.5, {"warranty", "software", "modify", "library", "notices", "grant", "Paris"}},
	{"name", 0.7, {"Claire Dubois", "garden chair", "New York", "Peter van Dam", "blue sky"}},
	{"date", 0.1, {"1999-12-31", "2031-07-04", "2024-06-01 09:15:00", "07.11.2022"}},
	{"number", 0.1, {"0.5", "-273.15", "6.02214076", "1e6", "99.90"}},
	{"hexadecimal", 0.1, {"9e107d9d372bb6826bd81d3542a419d6", "deadbeef00c0ffee"}},
	{"email", 1.5, {"lisa.king@mail.test", "a.b-c+d@sub.example.co.uk", "team@example.io"}},
	{"text",
	 3.0,
	 {"This License refers to the terms and conditions for copying, distribution and use.",
	  "Our driver rang the bell twice, but nobody came to the door, so he left a card.",
	  "The weather was lovely all week; we swam in the lake every day before breakfast.",
	  "Could you tell me which size fits best? I am 1.80 m tall and usually wear large.",
	  "Thanks again for the quick answer, everything works well since the last change."}},
	{"address",
	 5.0,
	 {"https://shop.example.org/garden/chairs.html?page=2&material=wood&color=dark+brown",
	  "http://news.example.net/2021/06/15/local-team-wins-the-cup",
	  "https://api.example.io/v2/items?ids=12,15,18&fields=name,price",
	  "https://m.example.de/profil/einstellungen?tab=konto"}},
	{"path", 1.0, {"/static/css/main.9d1f.css", "/products/1234/reviews", "/de/kontakt/"}},
	{"browser",
	 8.0,
	 {"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) "
	  "Chrome/109.0.5414.120 Safari/537.36",
	  "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
	  "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) "
	  "Chrome/124.0.6367.82 Mobile Safari/537.36"}},
	{"accept",
	 4.0,
	 {"text/css,*/*;q=0.1", "application/json;q=0.9, */*;q=0.5", "fr-FR,fr;q=0.8,en;q=0.5",
	  "gzip, deflate, br, zstd"}},
	{"cookie",
	 4.0,
	 {"sid=Zm9vYmFyMTIz; lang=fr; seen=1712345678", "cart=3fa85f64; _gid=GA1.1.5.1712"}},
	{"token",
	 0.7,
	 {"eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIiwiZXhwIjoxNzEyMzQ1Njc4fQ.MEUCIQDx7w",
	  "VGhlIGNha2UgaXMgYSBsaWUsIGJ1dCBpdCBpcyB2ZXJ5IHRhc3R5Lg==", "q3J7-Xk2_Lp9wTz0"}},
	{"json",
	 11.0,
	 {"{\"user\":\"peter\",\"items\":[{\"sku\":\"A-12\",\"count\":2}],\"note\":\"ring twice\"}",
	  "{\"a\":1,\"b\":[true,null],\"c\":{\"d\":\"2024-01-01\"}}"}},
};

struct rules {
	struct waf_need need[1000];
	unsigned int level[1000], n;
	uint32_t literals;
	struct weir_arena a;
};

static void add_rule(void *context, const struct crs_rule *rule)
{
	struct rules *r = context;

	if (!rule->on_arguments || !rule->level || r->n == WEIR_ARRAY_LEN(r->need))
		return;
	ck_assert_int_eq(
		waf_need_of_regex(rule->pattern, false, MAX_LITERALS, &r->a, &r->need[r->n]), 0);
	for (uint8_t k = 0; k < r->need[r->n].n_literals; k++)
		r->literals += r->need[r->n].literals[k].n;
	r->level[r->n++] = rule->level;
}

static double judge(const struct rules *r, const struct kind *kind, double *all)
{
	unsigned int n = 0, first = 0, any = 0;

	for (; n < VALUES_MAX && kind->value[n]; n++) {
		for (unsigned int i = 0; i < r->n; i++) {
			if (!waf_need_is_met(&r->need[i], weir_bytes_str(kind->value[n])))
				continue;
			first += r->level[i] == 1;
			any++;
		}
	}
	*all = (double)any / n;
	return (double)first / n;
}

START_TEST(benign_values_meet_few_conditions)
{
	struct rules *r = calloc(1, sizeof(*r));

	weir_arena_init(&r->a, &weir_arena_malloc, 1 << 26);
	crs_rules(getenv("WEIR_CRS4"), add_rule, r);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds) && r->n; i++) {
		double all, first = judge(r, &kinds[i], &all);

		printf("%-12s %5.2f %5.2f\n", kinds[i].name, first, all);
		ck_assert_msg(first <= kinds[i].most, "%s: %.2f", kinds[i].name, first);
	}
	if (r->n)
		printf("%u rules, %u literals\n", r->n, r->literals);
	weir_arena_reset(&r->a);
	free(r);
}
END_TEST

Suite *need_benign_suite(void)
{
	return WEIR_SUITE("waf need benign", benign_values_meet_few_conditions);
}
