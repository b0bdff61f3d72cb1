/* SPDX-License-Identifier: BSD-3-Clause */
/* YAML to trees: what is there and where, and everything that is refused. */
#include "conf_test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A tree as text: scalars plain or in quotes, each with its place. */
static void print_node(const struct weir_conf_node *n, struct weir_buf *out)
{
	unsigned int count = 0;

	weir_buf_printf(out, "%u:%u", n->pos.line, n->pos.column);
	if (n->kind == WEIR_CONF_SCALAR) {
		weir_buf_printf(out, n->quoted ? "'%s'" : "=%s", n->text);
		return;
	}
	weir_buf_str(out, n->kind == WEIR_CONF_SEQUENCE ? "[" : "{");
	weir_conf_foreach (m, n) {
		weir_buf_str(out, count++ ? " " : "");
		ck_assert(!m->key == (n->kind == WEIR_CONF_SEQUENCE));
		if (m->key)
			weir_buf_printf(out, "%s@%u:%u>", m->key, m->key_pos.line,
					m->key_pos.column);
		print_node(m, out);
	}
	ck_assert_uint_eq(n->count, count);
	weir_buf_str(out, n->kind == WEIR_CONF_SEQUENCE ? "]" : "}");
}

static const struct {
	const char *text, *tree; /* documents divided by " | " */
} trees[] = {
	{"", ""},
	{"# nothing\n", ""},
	{"---\n...\n---\n", ""},
	{"word", "1:1=word"},
	{"'word'", "1:1'word'"},
	{"''", "1:1''"},
	{"a: 1\n", "1:1{a@1:1>1:4=1}"},
	{"a:\n  b: \"x\"\n  c: [1, '2']\n",
	 "1:1{a@1:1>2:3{b@2:3>2:6'x' c@3:3>3:6[3:7=1 3:10'2']}}"},
	{"- a\n- - b\n- {}\n- []\n", "1:1[1:3=a 2:3[2:5=b] 3:3{} 4:3[]]"},
	{"a:\nb: ~\n", "1:1{a@1:1>1:3= b@2:1>2:4=~}"},
	{"text: |\n  one\n  two\n", "1:1{text@1:1>1:7'one\ntwo\n'}"},
	{"text: >\n  one\n  two\n", "1:1{text@1:1>1:7'one two\n'}"},
	{"a: 1\n---\nb: 2\n", "1:1{a@1:1>1:4=1} | 3:1{b@3:1>3:4=2}"},
	{"---\n---\na\n---\n# empty\n---\nb\n", "3:1=a | 7:1=b"},
	{"%YAML 1.1\n---\na\n", "3:1=a"},
	{"'quoted key': 1\n", "1:1{quoted key@1:1>1:15=1}"},
	{"? a\n: 1\n", "1:1{a@1:3>2:3=1}"},
	{"a: 1 # why\n", "1:1{a@1:1>1:4=1}"},
	{"a: gr\xc3\xbc\xc3\x9f\nb: \"\\u20ac\"\n",
	 "1:1{a@1:1>1:4=gr\xc3\xbc\xc3\x9f b@2:1>2:4'\xe2\x82\xac'}"},
	{"\xc3\xbc: \xc3\xbc, b\n", "1:1{\xc3\xbc@1:1>1:4=\xc3\xbc, b}"},
	{"a: 1\r\nb: 2\r\n", "1:1{a@1:1>1:4=1 b@2:1>2:4=2}"},
	{"<<: 1\n", "1:1{<<@1:1>1:5=1}"},
};

START_TEST(trees_have_every_value_and_its_place)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(trees); i++) {
		struct weir_conf_docs *d = docs_of(trees[i].text);
		struct weir_buf tree = {0};

		weir_buf_str(&tree, "");
		for (uint32_t k = 0; k < weir_conf_doc_count(d); k++) {
			weir_buf_str(&tree, k ? " | " : "");
			print_node(weir_conf_doc(d, k), &tree);
			ck_assert_str_eq(weir_conf_doc(d, k)->pos.file, "t.yaml");
		}
		ck_assert_str_eq(tree.ptr, trees[i].tree);
		ck_assert_ptr_null(weir_conf_doc(d, weir_conf_doc_count(d)));
		weir_buf_fini(&tree);
		weir_conf_docs_destroy(d);
	}
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped)
{
	struct weir_conf_docs *d = docs_of("\xef\xbb\xbf"
					   "a: 1\n");

	ck_assert_uint_eq(weir_conf_doc_count(d), 1);
	ck_assert_str_eq(weir_conf_doc(d, 0)->first->key, "a");
	weir_conf_docs_destroy(d);
}
END_TEST

START_TEST(the_name_is_copied)
{
	struct weir_conf_report *r = weir_conf_report_create();
	char name[] = "before";
	struct weir_conf_docs *d = weir_conf_load_text(name, bytes_of("a"), r);

	memcpy(name, "after!", sizeof(name));
	ck_assert_str_eq(weir_conf_doc(d, 0)->pos.file, "before");
	weir_conf_docs_destroy(d);
	assert_said(r, "", "");
}
END_TEST

/* ---- what is refused ---- */

#define NO_ALIASES "anchors (&) and aliases (*) are not taken: write the value out\n"
#define DEEP16     "[[[[[[[[[[[[[[[["

static const struct said_row refused[] = {
	{"a: &x 1\n", "t.yaml:1:4: error: " NO_ALIASES},
	{"a: &x [1]\n", "t.yaml:1:4: error: " NO_ALIASES},
	{"a: &x {b: 1}\n", "t.yaml:1:4: error: " NO_ALIASES},
	{"&x a: 1\n", "t.yaml:1:1: error: " NO_ALIASES},
	{"a: 1\nb: *a\n", "t.yaml:2:4: error: " NO_ALIASES},
	{"*a : 1\n", "t.yaml:1:1: error: " NO_ALIASES},
	{"a: !!int 1\n", "t.yaml:1:4: error: tags (!) are not taken\n"},
	{"a: ! 1\n", "t.yaml:1:4: error: tags (!) are not taken\n"},
	{"a: !<tag:x> 1\n", "t.yaml:1:4: error: tags (!) are not taken\n"},
	{"!!str a: 1\n", "t.yaml:1:1: error: tags (!) are not taken\n"},
	{"a: !!seq [1]\n", "t.yaml:1:4: error: tags (!) are not taken\n"},
	{"a: !!map {}\n", "t.yaml:1:4: error: tags (!) are not taken\n"},
	{"a: 1\nb: 2\na: 3\n", "t.yaml:3:1: error: key 'a' stands already on line 1\n"},
	{"x:\n  - {a: 1, 'a': 2}\n", "t.yaml:2:12: error: key 'a' stands already on line 2\n"},
	{"[a]: 1\n", "t.yaml:1:1: error: a key must be a word, not a list or a mapping\n"},
	{"{a: 1}: 1\n", "t.yaml:1:1: error: a key must be a word, not a list or a mapping\n"},
	{"? - a\n: 1\n", "t.yaml:1:3: error: a key must be a word, not a list or a mapping\n"},
	{"a: \"\\0\"\n", "t.yaml:1:4: error: text with a NUL character\n"},
	{"\"\\0\": 1\n", "t.yaml:1:1: error: text with a NUL character\n"},
	{DEEP16 DEEP16 "[", "t.yaml:1:33: error: nested more than 32 deep\n"},
	{DEEP16 DEEP16 "{", "t.yaml:1:33: error: nested more than 32 deep\n"},
	{"a: [1, 2\n", NULL},
	{"a: 'open\n", NULL},
	{"a: b: c\n", "t.yaml:1:5: error: mapping values are not allowed in this context\n"},
	{"a:\n\t- b\n",
	 "t.yaml:2:1: error: found character that cannot start any token: a tab, where YAML takes "
	 "spaces only\n"},
	{"\xc3\xbc: \xe2\x82\xac\na:\n\t- b\n",
	 "t.yaml:3:1: error: found character that cannot start any token: a tab, where YAML takes "
	 "spaces only\n"},
	{"a: @x\n",
	 "t.yaml:1:4: error: found character that cannot start any token, while scanning for the "
	 "next token\n"},
	{"a:\n  - b\n c: d\n",
	 "t.yaml:3:2: error: did not find expected key, while parsing a block mapping that begins "
	 "on line 1\n"},
	{"a: 1\nb: \xff\n",
	 "t.yaml:2:4: error: invalid leading UTF-8 octet: files are UTF-8 text\n"},
	{"a: \xc3\xbc\xc0\xaf\n",
	 "t.yaml:1:5: error: invalid length of a UTF-8 sequence: files are UTF-8 text\n"},
	{"\xed\xa0\x80", "t.yaml:1:1: error: invalid Unicode character: files are UTF-8 text\n"},
	{"a: \x01\n",
	 "t.yaml:1:4: error: control characters are not allowed: files are UTF-8 text\n"},
	{"\xff\xfe"
	 "a",
	 "t.yaml:1:1: error: invalid leading UTF-8 octet: files are UTF-8 text\n"},
	{"%YAML 9.1\n---\na\n", NULL},
	{"%TAG ! x\n", NULL},
	{"- a\nb: c\n", NULL},
};

static void assert_no_docs(const char *text, const char *said)
{
	struct weir_conf_report *r = weir_conf_report_create();

	ck_assert_msg(!weir_conf_load_text("t.yaml", bytes_of(text), r), "took: %s", text);
	ck_assert_uint_eq(weir_conf_errors(r), 1);
	if (said)
		assert_said(r, text, said);
	else
		weir_conf_report_destroy(r);
}

START_TEST(what_is_dangerous_or_not_yaml_is_refused_at_its_place)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++)
		assert_no_docs(refused[i].text, refused[i].said);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_bytes text = {(const uint8_t *)"a: \0\n", 5};

	ck_assert_ptr_null(weir_conf_load_text("t.yaml", text, r));
	assert_said(
		r, "",
		"t.yaml:1:4: error: control characters are not allowed: files are UTF-8 text\n");
}
END_TEST

START_TEST(nesting_is_taken_to_its_limit_and_no_further)
{
	struct weir_buf text = {0};

	for (unsigned int depth = 31; depth <= 33; depth++) {
		weir_buf_reset(&text);
		for (unsigned int i = 0; i < depth; i++)
			weir_buf_str(&text, "[");
		for (unsigned int i = 0; i < depth; i++)
			weir_buf_str(&text, "]");
		if (depth <= 32)
			weir_conf_docs_destroy(docs_of(text.ptr));
		else
			assert_no_docs(text.ptr, "t.yaml:1:33: error: nested more than 32 deep\n");
	}
	weir_buf_fini(&text);
}
END_TEST

START_TEST(a_mapping_has_at_most_256_keys)
{
	struct weir_buf text = {0};

	for (unsigned int i = 0; i < 256; i++)
		weir_buf_printf(&text, "k%u: 1\n", i);
	weir_conf_docs_destroy(docs_of(text.ptr));
	weir_buf_str(&text, "last: 1\n");
	assert_no_docs(text.ptr, "t.yaml:257:1: error: more than 256 keys in one mapping\n");
	weir_buf_fini(&text);
}
END_TEST

START_TEST(a_file_has_at_most_a_million_values)
{
	struct weir_buf text = {0};

	weir_buf_str(&text, "[");
	for (unsigned int i = 1; i < 1000000; i++)
		weir_buf_str(&text, "a,");
	weir_buf_str(&text, "]");
	weir_conf_docs_destroy(docs_of(text.ptr));
	text.ptr[text.len - 1] = 'a';
	weir_buf_str(&text, "]");
	assert_no_docs(text.ptr, "t.yaml:1:2000000: error: more than 1000000 values in one file\n");
	weir_buf_fini(&text);
}
END_TEST

START_TEST(a_text_has_at_most_16_mib)
{
	size_t max = 16u << 20;
	char *text = malloc(max + 2);

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', max + 1);
	text[0] = '#';
	text[max + 1] = '\0';
	assert_no_docs(text, "t.yaml: error: larger than 16 MiB\n");
	text[max] = '\0';
	weir_conf_docs_destroy(docs_of(text));
	free(text);
}
END_TEST

START_TEST(long_scalars_are_whole)
{
	struct weir_buf text = {0};
	struct weir_conf_docs *d;

	weir_buf_str(&text, "a: ");
	for (unsigned int i = 0; i < 200000; i++)
		weir_buf_str(&text, "x");
	d = docs_of(text.ptr);
	ck_assert_uint_eq(strlen(weir_conf_doc(d, 0)->first->text), 200000);
	weir_conf_docs_destroy(d);
	weir_buf_fini(&text);
}
END_TEST

START_TEST(many_documents_keep_their_order)
{
	struct weir_buf text = {0};
	struct weir_conf_docs *d;
	char want[16];

	for (unsigned int i = 0; i < 12000; i++)
		weir_buf_printf(&text, "---\nn%u\n", i);
	d = docs_of(text.ptr);
	ck_assert_uint_eq(weir_conf_doc_count(d), 12000);
	for (unsigned int i = 0; i < 12000; i++) {
		snprintf(want, sizeof(want), "n%u", i);
		ck_assert_str_eq(weir_conf_doc(d, i)->text, want);
		ck_assert_uint_eq(weir_conf_doc(d, i)->pos.line, 2 * i + 2);
	}
	weir_conf_docs_destroy(d);
	weir_buf_fini(&text);
}
END_TEST

/* Each cut stands at the end of a mapped page. It loads, or there is exactly one error. */
START_TEST(every_cut_of_a_file_loads_or_says_why_not)
{
	static const char text[] = "# \xe2\x82\xac\na: {b: [1, 'tw\xc3\xbc', \"\\u20ac\"], c: ~}\n"
				   "d: |\n  text\n---\n- - x\n- ? y\n  : >\n    z\n...\n%YAML "
				   "1.1\n---\n\"end\"\n";
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mprotect(map + page, page, PROT_NONE), 0);
	for (size_t len = 0; len < sizeof(text); len++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_bytes cut = {map + page - len, len};
		struct weir_conf_docs *d;

		memcpy(map + page - len, text, len);
		d = weir_conf_load_text("t.yaml", cut, r);
		ck_assert_uint_eq(weir_conf_errors(r), d ? 0 : 1);
		weir_conf_docs_destroy(d);
		weir_conf_report_destroy(r);
	}
	munmap(map, 2 * page);
}
END_TEST

START_TEST(no_bytes_are_no_documents)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf_docs *d = weir_conf_load_text("t.yaml", (struct weir_bytes){NULL, 0}, r);

	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(weir_conf_doc_count(d), 0);
	weir_conf_docs_destroy(d);
	weir_conf_docs_destroy(NULL);
	assert_said(r, "", "");
}
END_TEST

/* ---- files ---- */

START_TEST(files_that_cannot_be_read_say_why)
{
	static const struct said_row rows[] = {
		{"/nonexistent/weir.yaml",
		 "/nonexistent/weir.yaml: error: cannot be read: No such file or directory\n"},
		{"/", "/: error: cannot be read: Is a directory\n"},
		{"/dev/zero", "/dev/zero: error: larger than 16 MiB\n"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_conf_report *r = weir_conf_report_create();

		ck_assert_ptr_null(weir_conf_load_file(rows[i].text, r));
		assert_said(r, rows[i].text, rows[i].said);
	}
}
END_TEST

START_TEST(a_file_of_many_chunks_is_read_whole)
{
	struct weir_conf_report *r = weir_conf_report_create();
	char path[] = "/tmp/weir-test-XXXXXX";
	int fd = mkstemp(path);
	struct weir_conf_docs *d;

	ck_assert_int_ge(fd, 0);
	for (unsigned int i = 0; i < 20000; i++)
		ck_assert_int_eq(dprintf(fd, "- %06u\n", i), 9);
	close(fd);
	d = weir_conf_load_file(path, r);
	unlink(path);
	assert_said(r, path, "");
	ck_assert_uint_eq(weir_conf_doc(d, 0)->count, 20000);
	ck_assert_str_eq(weir_conf_doc(d, 0)->pos.file, path);
	weir_conf_docs_destroy(d);
}
END_TEST

Suite *yaml_suite(void)
{
	return WEIR_SUITE(
		"conf yaml", trees_have_every_value_and_its_place, a_byte_order_mark_is_skipped,
		the_name_is_copied, what_is_dangerous_or_not_yaml_is_refused_at_its_place,
		a_nul_byte_is_refused, nesting_is_taken_to_its_limit_and_no_further,
		a_mapping_has_at_most_256_keys, a_file_has_at_most_a_million_values,
		a_text_has_at_most_16_mib, long_scalars_are_whole, many_documents_keep_their_order,
		every_cut_of_a_file_loads_or_says_why_not, no_bytes_are_no_documents,
		files_that_cannot_be_read_say_why, a_file_of_many_chunks_is_read_whole);
}
