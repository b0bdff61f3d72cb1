/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * YAML by libyaml's events into trees of our own. What makes YAML dangerous or surprising (aliases,
 * tags, duplicate keys, endless nesting) is refused here, so that no reader has to think of it.
 */
#include <weir_conf.h>

#include <errno.h>
#include <stdlib.h>

#include <yaml.h>

#define FILE_MAX  (16U << 20)
#define DEPTH_MAX 32
#define NODES_MAX 1000000
#define KEYS_MAX  256 /* of one mapping: each is compared with all before it */

/* Nodes and texts are cut from blocks that live as long as the documents. */
struct block {
	struct block *next;
	size_t used;
	size_t size;
	max_align_t bytes[];
};

struct weir_conf_docs {
	char *name;
	struct block *blocks;
	const struct weir_conf_node **root;
	uint32_t n;
	uint32_t cap;
};

struct loader {
	struct weir_conf_docs *docs;
	struct weir_conf_report *report;
	struct weir_bytes text;
	uint32_t nodes;
	yaml_parser_t parser;
	yaml_event_t event;
	bool have_event;
};

/* ---- memory ---- */

static void *cut(struct weir_conf_docs *d, size_t size)
{
	struct block *b = d->blocks;
	uint8_t *at;

	size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (!b || b->size - b->used < size) {
		size_t room = size > 65536 ? size : 65536;

		b = malloc(sizeof(*b) + room);
		if (!b)
			return NULL;
		b->next = d->blocks;
		b->used = 0;
		b->size = room;
		d->blocks = b;
	}
	at = (uint8_t *)b->bytes + b->used;
	b->used += size;
	return memset(at, 0, size);
}

static const char *cut_text(struct weir_conf_docs *d, const void *text, size_t len)
{
	char *copy = cut(d, len + 1);

	if (copy && len)
		memcpy(copy, text, len);
	return copy;
}

void weir_conf_docs_destroy(struct weir_conf_docs *d)
{
	if (!d)
		return;
	while (d->blocks) {
		struct block *next = d->blocks->next;

		free(d->blocks);
		d->blocks = next;
	}
	free(d->root);
	free(d->name);
	free(d);
}

/* ---- events ---- */

static struct weir_conf_pos pos_of(const struct loader *l, yaml_mark_t mark)
{
	return (struct weir_conf_pos){
		.file = l->docs->name,
		.line = (uint32_t)mark.line + 1,
		.column = (uint32_t)mark.column + 1,
	};
}

static struct weir_conf_pos here(const struct loader *l)
{
	return pos_of(l, l->event.start_mark);
}

/* Where byte `offset` stands: libyaml's reader tells no line. */
static struct weir_conf_pos pos_of_byte(const struct loader *l, size_t offset)
{
	struct weir_conf_pos at = {.file = l->docs->name, .line = 1, .column = 1};

	for (size_t i = 0; i < offset && i < l->text.len; i++) {
		if (l->text.ptr[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if ((l->text.ptr[i] & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

/* The byte of the character at `mark`, whose index counts characters; 0 past the end. */
static uint8_t byte_at(const struct loader *l, yaml_mark_t mark)
{
	size_t characters = 0;

	for (size_t i = 0; i < l->text.len; i++)
		if ((l->text.ptr[i] & 0xc0) != 0x80 && characters++ == mark.index)
			return l->text.ptr[i];
	return 0;
}

/* libyaml's words for the trouble, with their place. */
static void report_parser(struct loader *l)
{
	const yaml_parser_t *p = &l->parser;
	const char *problem = p->problem ? p->problem : "not YAML";

	if (p->error == YAML_MEMORY_ERROR)
		weir_conf_error(l->report, pos_of(l, p->mark), "out of memory");
	else if (p->error == YAML_READER_ERROR)
		weir_conf_error(l->report, pos_of_byte(l, p->problem_offset),
				"%s: files are UTF-8 text", problem);
	else if (byte_at(l, p->problem_mark) == '\t')
		weir_conf_error(l->report, pos_of(l, p->problem_mark),
				"%s: a tab, where YAML takes spaces only", problem);
	else if (p->context && p->context_mark.line != p->problem_mark.line)
		weir_conf_error(l->report, pos_of(l, p->problem_mark),
				"%s, %s that begins on line %zu", problem, p->context,
				p->context_mark.line + 1);
	else
		weir_conf_error(l->report, pos_of(l, p->problem_mark), "%s%s%s", problem,
				p->context ? ", " : "", p->context ? p->context : "");
}

static bool next_event(struct loader *l)
{
	if (l->have_event)
		yaml_event_delete(&l->event);
	l->have_event = yaml_parser_parse(&l->parser, &l->event) == 1;
	if (!l->have_event)
		report_parser(l);
	return l->have_event;
}

static bool refuse(struct loader *l, const char *what)
{
	weir_conf_error(l->report, here(l), "%s", what);
	return false;
}

static bool no_memory(struct loader *l)
{
	return refuse(l, "out of memory");
}

/* ---- nodes ---- */

#define NO_ALIASES "anchors (&) and aliases (*) are not taken: write the value out"

static struct weir_conf_node *load_node(struct loader *l, unsigned int depth);

static struct weir_conf_node *new_node(struct loader *l, enum weir_conf_kind kind)
{
	struct weir_conf_node *n;

	if (l->nodes++ == NODES_MAX) {
		refuse(l, "more than 1000000 values in one file");
		return NULL;
	}
	n = cut(l->docs, sizeof(*n));
	if (!n) {
		no_memory(l);
		return NULL;
	}
	n->kind = kind;
	n->pos = here(l);
	return n;
}

static bool acceptable(struct loader *l, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return refuse(l, NO_ALIASES);
	if (tag)
		return refuse(l, "tags (!) are not taken");
	return true;
}

/* The text of the scalar event; NULL when it cannot be taken (reported). */
static const char *load_text(struct loader *l)
{
	size_t len = l->event.data.scalar.length;
	const yaml_char_t *value = l->event.data.scalar.value;
	const char *text;

	if (!acceptable(l, l->event.data.scalar.anchor, l->event.data.scalar.tag))
		return NULL;
	if (memchr(value, 0, len)) {
		refuse(l, "text with a NUL character");
		return NULL;
	}
	text = cut_text(l->docs, value, len);
	if (!text)
		no_memory(l);
	return text;
}

static struct weir_conf_node *load_scalar(struct loader *l)
{
	struct weir_conf_node *n = new_node(l, WEIR_CONF_SCALAR);

	if (!n)
		return NULL;
	n->quoted = l->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->text = load_text(l);
	return n->text ? n : NULL;
}

static void append(struct weir_conf_node *parent, struct weir_conf_node **last,
		   struct weir_conf_node *child)
{
	if (*last)
		(*last)->next = child;
	else
		parent->first = child;
	*last = child;
	parent->count++;
}

static struct weir_conf_node *load_sequence(struct loader *l, unsigned int depth)
{
	struct weir_conf_node *n = new_node(l, WEIR_CONF_SEQUENCE), *last = NULL, *child;

	while (n && next_event(l)) {
		if (l->event.type == YAML_SEQUENCE_END_EVENT)
			return n;
		child = load_node(l, depth + 1);
		if (!child)
			return NULL;
		append(n, &last, child);
	}
	return NULL;
}

/* The event is a member's key: its text, NULL when it cannot be taken (reported). */
static const char *load_key(struct loader *l, const struct weir_conf_node *map)
{
	const struct weir_conf_node *twin;
	const char *key;

	if (l->event.type == YAML_ALIAS_EVENT) {
		refuse(l, NO_ALIASES);
		return NULL;
	}
	if (l->event.type != YAML_SCALAR_EVENT) {
		refuse(l, "a key must be a word, not a list or a mapping");
		return NULL;
	}
	if (map->count == KEYS_MAX) {
		refuse(l, "more than 256 keys in one mapping");
		return NULL;
	}
	key = load_text(l);
	twin = key ? weir_conf_get(map, key) : NULL;
	if (!twin)
		return key;
	weir_conf_error(l->report, here(l), "key '%s' stands already on line %u", key,
			twin->key_pos.line);
	return NULL;
}

static struct weir_conf_node *load_mapping(struct loader *l, unsigned int depth)
{
	struct weir_conf_node *n = new_node(l, WEIR_CONF_MAPPING), *last = NULL, *child;

	while (n && next_event(l)) {
		struct weir_conf_pos key_pos = here(l);
		const char *key;

		if (l->event.type == YAML_MAPPING_END_EVENT)
			return n;
		key = load_key(l, n);
		if (!key || !next_event(l))
			return NULL;
		child = load_node(l, depth + 1);
		if (!child)
			return NULL;
		child->key = key;
		child->key_pos = key_pos;
		append(n, &last, child);
	}
	return NULL;
}

static bool may_nest(struct loader *l, unsigned int depth)
{
	return depth < DEPTH_MAX || refuse(l, "nested more than 32 deep");
}

/* The event is the first of a node inside `depth` others; NULL when it cannot be taken (reported).
 */
static struct weir_conf_node *load_node(struct loader *l, unsigned int depth)
{
	const yaml_event_t *e = &l->event;

	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return load_scalar(l);
	case YAML_SEQUENCE_START_EVENT:
		if (!acceptable(l, e->data.sequence_start.anchor, e->data.sequence_start.tag) ||
		    !may_nest(l, depth))
			return NULL;
		return load_sequence(l, depth);
	case YAML_MAPPING_START_EVENT:
		if (!acceptable(l, e->data.mapping_start.anchor, e->data.mapping_start.tag) ||
		    !may_nest(l, depth))
			return NULL;
		return load_mapping(l, depth);
	default:
		refuse(l, NO_ALIASES);
		return NULL;
	}
}

/* ---- documents ---- */

static bool add_document(struct loader *l, const struct weir_conf_node *root)
{
	struct weir_conf_docs *d = l->docs;

	if (weir_conf_is_null(root))
		return true;
	if (d->n == d->cap) {
		uint32_t cap = d->cap ? d->cap * 2 : 16;
		const struct weir_conf_node **grown = realloc(d->root, cap * sizeof(*grown));

		if (!grown)
			return no_memory(l);
		d->root = grown;
		d->cap = cap;
	}
	d->root[d->n++] = root;
	return true;
}

static bool load_documents(struct loader *l)
{
	const struct weir_conf_node *root;

	while (next_event(l)) {
		switch (l->event.type) {
		case YAML_STREAM_END_EVENT:
			return true;
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		default:
			root = load_node(l, 0);
			if (!root || !add_document(l, root))
				return false;
		}
	}
	return false;
}

static struct weir_conf_docs *docs_create(const char *name)
{
	struct weir_conf_docs *d = calloc(1, sizeof(*d));

	if (d && !(d->name = strdup(name))) {
		free(d);
		return NULL;
	}
	return d;
}

static bool run_parser(struct loader *l)
{
	bool good;

	if (!yaml_parser_initialize(&l->parser)) {
		weir_conf_error(l->report, (struct weir_conf_pos){.file = l->docs->name},
				"out of memory");
		return false;
	}
	yaml_parser_set_encoding(&l->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l->parser, l->text.ptr, l->text.len);
	good = load_documents(l);
	if (l->have_event)
		yaml_event_delete(&l->event);
	yaml_parser_delete(&l->parser);
	return good;
}

struct weir_conf_docs *weir_conf_load_text(const char *name, struct weir_bytes text,
					   struct weir_conf_report *r)
{
	struct weir_conf_pos whole = {.file = name};
	struct loader l = {.report = r, .text = text};

	if (text.len > FILE_MAX) {
		weir_conf_error(r, whole, "larger than 16 MiB");
		return NULL;
	}
	if (!text.ptr)
		l.text = (struct weir_bytes){(const uint8_t *)"", 0};
	l.docs = docs_create(name);
	if (!l.docs) {
		weir_conf_error(r, whole, "out of memory");
		return NULL;
	}
	if (run_parser(&l))
		return l.docs;
	weir_conf_docs_destroy(l.docs);
	return NULL;
}

/* Reads at most a chunk past FILE_MAX, so that a device file does not fill the memory. */
static bool read_file(const char *path, struct weir_buf *text, struct weir_conf_report *r)
{
	struct weir_conf_pos whole = {.file = path};
	FILE *f = fopen(path, "re");
	char chunk[16384];
	int failed = 0;
	size_t n;

	if (!f) {
		weir_conf_error(r, whole, "cannot be read: %s", strerror(errno));
		return false;
	}
	while (!text->failed && text->len <= FILE_MAX &&
	       (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		weir_buf_add(text, chunk, n);
	if (ferror(f))
		failed = errno;
	else if (text->failed)
		failed = ENOMEM;
	fclose(f);
	if (failed)
		weir_conf_error(r, whole, "cannot be read: %s", strerror(failed));
	return !failed;
}

struct weir_conf_docs *weir_conf_load_file(const char *path, struct weir_conf_report *r)
{
	struct weir_conf_docs *d = NULL;
	struct weir_buf text = {0};

	if (read_file(path, &text, r))
		d = weir_conf_load_text(path, (struct weir_bytes){(uint8_t *)text.ptr, text.len},
					r);
	weir_buf_fini(&text);
	return d;
}

uint32_t weir_conf_doc_count(const struct weir_conf_docs *d)
{
	return d->n;
}

const struct weir_conf_node *weir_conf_doc(const struct weir_conf_docs *d, uint32_t i)
{
	return i < d->n ? d->root[i] : NULL;
}
