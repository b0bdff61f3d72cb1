/* SPDX-License-Identifier: BSD-3-Clause */
/* Typed readers: keys, text, truth values, words and their suggestions. */
#include "conf_test.h"

/* Loads "v: <value>" and gives the mapping. */
static struct weir_conf_docs *value_of(const char *value, const struct weir_conf_node **map)
{
	struct weir_buf text = {0};
	struct weir_conf_docs *d;

	weir_buf_printf(&text, "v: %s\n", value);
	d = docs_of(text.ptr);
	*map = weir_conf_doc(d, 0);
	weir_buf_fini(&text);
	return d;
}

START_TEST(get_finds_keys_of_mappings_only)
{
	struct weir_conf_docs *d = docs_of("a: 1\nb: [a]\nc:\n");
	const struct weir_conf_node *root = weir_conf_doc(d, 0);

	ck_assert_str_eq(weir_conf_get(root, "a")->text, "1");
	ck_assert_uint_eq(weir_conf_get(root, "b")->count, 1);
	ck_assert_str_eq(weir_conf_get(root, "c")->text, "");
	ck_assert_ptr_null(weir_conf_get(root, "d"));
	ck_assert_ptr_null(weir_conf_get(root, "A"));
	ck_assert_ptr_null(weir_conf_get(weir_conf_get(root, "b"), "a"));
	ck_assert_ptr_null(weir_conf_get(weir_conf_get(root, "a"), "a"));
	ck_assert_ptr_null(weir_conf_get(NULL, "a"));
	weir_conf_docs_destroy(d);
}
END_TEST

static const struct {
	const char *value;
	bool null;
} nulls[] = {
	{"", true},      {"~", true},       {"null", true}, {"Null", true},  {"NULL", true},
	{"''", false},   {"\"\"", false},   {"'~'", false}, {"nULL", false}, {"'null'", false},
	{"none", false}, {"[null]", false}, {"{}", false},  {"0", false},
};

START_TEST(null_is_what_yaml_calls_null_without_quotes)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(nulls); i++) {
		const struct weir_conf_node *map;
		struct weir_conf_docs *d = value_of(nulls[i].value, &map);

		ck_assert_msg(weir_conf_is_null(map->first) == nulls[i].null, "%s", nulls[i].value);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

static const struct {
	const char *value;
	enum weir_conf_kind kind;
	const char *said;
} kinds[] = {
	{"x", WEIR_CONF_SCALAR, ""},
	{"''", WEIR_CONF_SCALAR, ""},
	{"[x]", WEIR_CONF_SEQUENCE, ""},
	{"{x: y}", WEIR_CONF_MAPPING, ""},
	{"x", WEIR_CONF_SEQUENCE, "t.yaml:1:4: error: it must be a list, not a value\n"},
	{"x", WEIR_CONF_MAPPING, "t.yaml:1:4: error: it must be a mapping, not a value\n"},
	{"[x]", WEIR_CONF_SCALAR, "t.yaml:1:4: error: it must be a value, not a list\n"},
	{"[x]", WEIR_CONF_MAPPING, "t.yaml:1:4: error: it must be a mapping, not a list\n"},
	{"{x: y}", WEIR_CONF_SCALAR, "t.yaml:1:4: error: it must be a value, not a mapping\n"},
	{"{x: y}", WEIR_CONF_SEQUENCE, "t.yaml:1:4: error: it must be a list, not a mapping\n"},
	{"~", WEIR_CONF_SCALAR, "t.yaml:1:4: error: it is empty: it must be a value\n"},
	{"", WEIR_CONF_MAPPING, "t.yaml:1:3: error: it is empty: it must be a mapping\n"},
	{"null", WEIR_CONF_SEQUENCE, "t.yaml:1:4: error: it is empty: it must be a list\n"},
};

START_TEST(the_wrong_kind_is_named)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		const struct weir_conf_node *map;
		struct weir_conf_docs *d = value_of(kinds[i].value, &map);

		ck_assert(weir_conf_expect(map->first, kinds[i].kind, "it", r) == !*kinds[i].said);
		assert_said(r, kinds[i].value, kinds[i].said);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

/* ---- keys ---- */

static const struct said_row keys_rows[] = {
	{"{policy: 1, mtu: 2}", ""},
	{"{}", ""},
	{"{polcy: 1}", "t.yaml:1:2: error: unknown key 'polcy', did you mean 'policy'?\n"},
	{"{Policy: 1}", "t.yaml:1:2: error: unknown key 'Policy', did you mean 'policy'?\n"},
	{"{CONNECTIONS: 1}",
	 "t.yaml:1:2: error: unknown key 'CONNECTIONS', did you mean 'connections'?\n"},
	{"{mut: 1}", "t.yaml:1:2: error: unknown key 'mut', did you mean 'mtu'?\n"},
	{"{xyz: 1}", "t.yaml:1:2: error: unknown key 'xyz'\n"},
	{"{abcdefgh: 1}", "t.yaml:1:2: error: unknown key 'abcdefgh'\n"},
	{"{'': 1}", "t.yaml:1:2: error: unknown key ''\n"},
	{"{a: 1, mtu: 2, policies: 3}",
	 "t.yaml:1:2: error: unknown key 'a'\n"
	 "t.yaml:1:16: error: unknown key 'policies', did you mean 'policy'?\n"},
};

START_TEST(unknown_keys_are_reported_each_with_the_nearest)
{
	static const char *const known[] = {"policy", "mtu", "connections", NULL};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(keys_rows); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_conf_docs *d = docs_of(keys_rows[i].text);

		ck_assert(weir_conf_known_keys(weir_conf_doc(d, 0), known, r) ==
			  !*keys_rows[i].said);
		assert_said(r, keys_rows[i].text, keys_rows[i].said);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

static const struct said_row required[] = {
	{"{v: 1}", ""},
	{"{v: []}", ""},
	{"{v: ''}", ""},
	{"{w: 1}", "t.yaml:1:1: error: 'v' is missing\n"},
	{"{v: ~}", "t.yaml:1:5: error: 'v' is empty\n"},
	{"{v: }", "t.yaml:1:5: error: 'v' is empty\n"},
};

START_TEST(a_required_key_must_be_there_and_have_a_value)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(required); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_conf_docs *d = docs_of(required[i].text);

		ck_assert(weir_conf_require(weir_conf_doc(d, 0), "v", r) == !*required[i].said);
		assert_said(r, required[i].text, required[i].said);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

/* ---- values ---- */

START_TEST(an_absent_key_leaves_the_default_alone)
{
	static const char *const words[] = {"one", "two", NULL};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf_docs *d = docs_of("other: 1\n");
	const struct weir_conf_node *map = weir_conf_doc(d, 0);
	const char *text = "default";
	unsigned int word = 7;
	uint64_t n = 77;
	bool b = true;

	ck_assert(weir_conf_str(map, "v", &text, r));
	ck_assert(weir_conf_bool(map, "v", &b, r));
	ck_assert(weir_conf_word(map, "v", words, &word, r));
	ck_assert(weir_conf_u64(map, "v", 1, 2, &n, r));
	ck_assert(weir_conf_duration(map, "v", 1, 2, &n, r));
	ck_assert(weir_conf_size(map, "v", 1, 2, &n, r));
	ck_assert_str_eq(text, "default");
	ck_assert(b);
	ck_assert_uint_eq(word, 7);
	ck_assert_uint_eq(n, 77);
	weir_conf_docs_destroy(d);
	assert_said(r, "", "");
}
END_TEST

static const struct {
	const char *value, *text, *said;
} texts[] = {
	{"word", "word", ""},
	{"'quoted word'", "quoted word", ""},
	{"''", "", ""},
	{"'~'", "~", ""},
	{"12", "12", ""},
	{"yes", "yes", ""},
	{"~", NULL, "t.yaml:1:4: error: v is empty: it must be a value\n"},
	{"[a]", NULL, "t.yaml:1:4: error: v must be a value, not a list\n"},
	{"{a: b}", NULL, "t.yaml:1:4: error: v must be a value, not a mapping\n"},
};

START_TEST(text_is_any_scalar_but_null)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(texts); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		const struct weir_conf_node *map;
		struct weir_conf_docs *d = value_of(texts[i].value, &map);
		const char *text = "before";

		ck_assert(weir_conf_str(map, "v", &text, r) == (texts[i].text != NULL));
		ck_assert_str_eq(text, texts[i].text ? texts[i].text : "before");
		assert_said(r, texts[i].value, texts[i].said);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

static const char *const truths[] = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
static const char *const falsehoods[] = {"false", "False", "FALSE", "no", "No",
					 "NO",    "off",   "Off",   "OFF"};

static void assert_bool(const char *value, bool want)
{
	struct weir_conf_report *r = weir_conf_report_create();
	const struct weir_conf_node *map;
	struct weir_conf_docs *d = value_of(value, &map);
	bool got = !want;

	ck_assert(weir_conf_bool(map, "v", &got, r));
	ck_assert_msg(got == want, "%s", value);
	assert_said(r, value, "");
	weir_conf_docs_destroy(d);
}

START_TEST(truth_values_are_those_of_yaml_1_1)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(truths); i++)
		assert_bool(truths[i], true);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(falsehoods); i++)
		assert_bool(falsehoods[i], false);
}
END_TEST

static const struct said_row bad_truths[] = {
	{"tRUE", "t.yaml:1:4: error: v must be true or false, not 'tRUE'\n"},
	{"y", "t.yaml:1:4: error: v must be true or false, not 'y'\n"},
	{"1", "t.yaml:1:4: error: v must be true or false, not '1'\n"},
	{"ture", "t.yaml:1:4: error: v must be true or false, not 'ture'\n"},
	{"'true'", "t.yaml:1:4: error: v must be true or false without quotes, not 'true'\n"},
	{"''", "t.yaml:1:4: error: v must be true or false without quotes, not ''\n"},
	{"~", "t.yaml:1:4: error: v is empty: it must be a value\n"},
	{"[true]", "t.yaml:1:4: error: v must be a value, not a list\n"},
};

START_TEST(other_truth_values_are_refused)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(bad_truths); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		const struct weir_conf_node *map;
		struct weir_conf_docs *d = value_of(bad_truths[i].text, &map);
		bool got = true;

		ck_assert(!weir_conf_bool(map, "v", &got, r));
		ck_assert(got);
		assert_said(r, bad_truths[i].text, bad_truths[i].said);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

static const struct {
	const char *value;
	unsigned int word;
	const char *said;
} word_rows[] = {
	{"auto", 0, ""},
	{"'require'", 1, ""},
	{"never", 2, ""},
	{"nevr", 9, "t.yaml:1:4: error: v cannot be 'nevr', did you mean 'never'?\n"},
	{"AUTO", 9, "t.yaml:1:4: error: v cannot be 'AUTO', did you mean 'auto'?\n"},
	{"sometimes", 9,
	 "t.yaml:1:4: error: v cannot be 'sometimes': it is auto, require or never\n"},
	{"''", 9, "t.yaml:1:4: error: v cannot be '': it is auto, require or never\n"},
	{"~", 9, "t.yaml:1:4: error: v is empty: it must be a value\n"},
	{"[auto]", 9, "t.yaml:1:4: error: v must be a value, not a list\n"},
};

START_TEST(words_are_taken_from_their_list)
{
	static const char *const words[] = {"auto", "require", "never", NULL};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(word_rows); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		const struct weir_conf_node *map;
		struct weir_conf_docs *d = value_of(word_rows[i].value, &map);
		unsigned int word = 9;

		ck_assert(weir_conf_word(map, "v", words, &word, r) == !*word_rows[i].said);
		ck_assert_uint_eq(word, word_rows[i].word);
		assert_said(r, word_rows[i].value, word_rows[i].said);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

START_TEST(members_of_lists_are_words_and_numbers_too)
{
	static const char *const words[] = {"tcp", "udp", NULL};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf_docs *d = docs_of("[udp, tpc, 7, x]\n");
	const struct weir_conf_node *n = weir_conf_doc(d, 0)->first;
	unsigned int word = 9;
	uint64_t number = 0;

	ck_assert(weir_conf_node_word(n, words, &word, r));
	ck_assert_uint_eq(word, 1);
	ck_assert(!weir_conf_node_word(n->next, words, &word, r));
	ck_assert(weir_conf_node_u64(n->next->next, 0, 9, &number, r));
	ck_assert_uint_eq(number, 7);
	ck_assert(!weir_conf_node_u64(n->next->next->next, 0, 9, &number, r));
	assert_said(r, "",
		    "t.yaml:1:7: error: this cannot be 'tpc', did you mean 'tcp'?\n"
		    "t.yaml:1:15: error: this must be a number, not 'x': write digits only\n");
	weir_conf_docs_destroy(d);
}
END_TEST

Suite *read_suite(void)
{
	return WEIR_SUITE("conf read", get_finds_keys_of_mappings_only,
			  null_is_what_yaml_calls_null_without_quotes, the_wrong_kind_is_named,
			  unknown_keys_are_reported_each_with_the_nearest,
			  a_required_key_must_be_there_and_have_a_value,
			  an_absent_key_leaves_the_default_alone, text_is_any_scalar_but_null,
			  truth_values_are_those_of_yaml_1_1, other_truth_values_are_refused,
			  words_are_taken_from_their_list,
			  members_of_lists_are_words_and_numbers_too);
}
