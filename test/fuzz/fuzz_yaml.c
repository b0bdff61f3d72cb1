/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as YAML: they load to a sound tree, or there is exactly one error. */
#include <weir_conf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walks the whole tree, so that every text and every link is read. */
static size_t check_node(const struct weir_conf_node *n, unsigned int depth)
{
	size_t read = 0, count = 0;

	weir_assert(depth <= 32);
	weir_assert(n->pos.line > 0 && n->pos.column > 0 && n->pos.file);
	if (n->kind == WEIR_CONF_SCALAR) {
		weir_assert(n->text && !n->first && !(n->quoted && weir_conf_is_null(n)));
		return strlen(n->text);
	}
	weir_conf_foreach (m, n) {
		weir_assert(!m->key == (n->kind == WEIR_CONF_SEQUENCE));
		weir_assert(!m->key || weir_conf_get(n, m->key) == m);
		read += check_node(m, depth + 1);
		count++;
	}
	weir_assert(count == n->count);
	return read;
}

/* Every reader over every member: wrong values are reported, never anything else. */
static void read_members(const struct weir_conf_node *map, struct weir_conf_report *r)
{
	static const char *const words[] = {"auto", "require", "never", NULL};
	unsigned int word = 0;
	uint64_t n = 0;
	bool b = false;

	weir_conf_foreach (m, map) {
		unsigned int before = weir_conf_errors(r), wrong = 0;
		const char *key = m->key ? m->key : "";

		wrong += !weir_conf_u64(map, key, 1, 100, &n, r);
		wrong += !weir_conf_duration(map, key, 1, WEIR_NS_PER_S, &n, r);
		wrong += !weir_conf_size(map, key, 1, 1 << 20, &n, r);
		wrong += !weir_conf_bool(map, key, &b, r);
		wrong += !weir_conf_word(map, key, words, &word, r);
		weir_assert(weir_conf_errors(r) == before + wrong);
	}
	if (map->kind == WEIR_CONF_MAPPING)
		weir_assert(weir_conf_known_keys(map, words, r) || weir_conf_errors(r) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf_docs *d = weir_conf_load_text("f", (struct weir_bytes){data, size}, r);
	struct weir_buf said = {0};

	weir_assert(weir_conf_errors(r) == (d ? 0 : 1));
	for (uint32_t i = 0; d && i < weir_conf_doc_count(d); i++) {
		check_node(weir_conf_doc(d, i), 0);
		read_members(weir_conf_doc(d, i), r);
	}
	weir_conf_report_text(r, &said);
	for (size_t i = 0; i < said.len; i++)
		weir_assert(said.ptr[i] == '\n' || (uint8_t)said.ptr[i] >= 0x20);
	weir_buf_fini(&said);
	weir_conf_docs_destroy(d);
	weir_conf_report_destroy(r);
	return 0;
}
