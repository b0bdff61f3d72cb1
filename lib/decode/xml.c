/* SPDX-License-Identifier: BSD-3-Clause */
/* XML by libxml2's SAX2 interface: text and attributes, and nothing that leads out of the document.
 */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "decode_impl.h"

/* libxml2 compares each attribute of an element with all before it, those that a DTD gives it
 * too. */
#define ELEMENT_ATTRIBUTES_MAX 256
#define TAG_MAX                (256u << 10) /* bytes of a tag, which is read as a whole */
#define CDATA_MAX              (1u << 20) /* of a CDATA section, which is searched with each piece */
#define PIECE                  (16u << 10)
#define PROLOG_MAX             (64u << 10) /* bytes of a document type, or a comment before the root */
#define CALLS_EVERY            64          /* what is told between two looks at the clock */

struct reader {
	xmlParserCtxtPtr ctxt;
	const struct weir_xml_limits *limits;
	struct weir_arena *arena;
	const struct weir_param_sink *sink;
	uint8_t *text; /* as long as the input: character data never grows */
	size_t text_len, text_cap;
	uint32_t depth, attributes, declared;
	unsigned int calls;
	const char *too_long; /* what libxml2 would have to keep */
	int rc;
};

static void stop(struct reader *r, int rc)
{
	if (!r->rc)
		r->rc = rc;
	xmlStopParser(r->ctxt);
}

/* Entities and small elements come in thousands in a piece. */
static void count_call(struct reader *r)
{
	if (++r->calls % CALLS_EVERY == 0 && !r->rc && !may_go_on(r->sink))
		stop(r, -WEIR_ELIMIT);
}

static void on_text(void *context, const xmlChar *text, int len)
{
	struct reader *r = context;

	count_call(r);
	if (len <= 0)
		return;
	if ((size_t)len > r->text_cap - r->text_len) {
		stop(r, -WEIR_ELIMIT);
		return;
	}
	memcpy(r->text + r->text_len, text, (size_t)len);
	r->text_len += (size_t)len;
}

/* SAX2 gives five pointers an attribute: name, prefix, URI, value and its end. */
static void on_attribute(struct reader *r, const xmlChar **attribute)
{
	struct weir_bytes name = weir_bytes_str((const char *)attribute[0]);
	struct weir_bytes value =
		weir_bytes_of(attribute[3], (size_t)(attribute[4] - attribute[3]));

	name = weir_arena_copy(r->arena, name);
	value = weir_arena_copy(r->arena, value);
	if (!name.ptr || !value.ptr)
		stop(r, -WEIR_ENOMEM);
	else if (++r->attributes > r->limits->attributes ||
		 !r->sink->param(r->sink->context, name, value))
		stop(r, -WEIR_ELIMIT);
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int n_namespaces, const xmlChar **namespaces, int n_attributes,
		     int n_defaulted, const xmlChar **attributes)
{
	struct reader *r = context;

	count_call(r);
	if (++r->depth > r->limits->depth)
		stop(r, -WEIR_ELIMIT);
	for (int i = 0; i < n_attributes && !r->rc; i++)
		on_attribute(r, attributes + (size_t)5 * (size_t)i);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = context;

	r->depth--;
}

static void on_declared(void *context, const xmlChar *element, const xmlChar *name, int type,
			int kind, const xmlChar *value, xmlEnumerationPtr words)
{
	struct reader *r = context;

	xmlFreeEnumeration(words);
	if (++r->declared > ELEMENT_ATTRIBUTES_MAX)
		stop(r, -WEIR_ELIMIT);
}

static xmlEntityPtr only_built_in(void *context, const xmlChar *name)
{
	return xmlGetPredefinedEntity(name);
}

static xmlParserInputPtr no_external(void *context, const xmlChar *public_id,
				     const xmlChar *system_id)
{
	return NULL;
}

static void be_silent(void *context, const char *format, ...)
{
}

static const xmlSAXHandler handler = {
	.initialized = XML_SAX2_MAGIC,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.characters = on_text,
	.cdataBlock = on_text,
	.ignorableWhitespace = on_text,
	.attributeDecl = on_declared,
	.getEntity = only_built_in,
	.resolveEntity = no_external,
	.warning = be_silent,
	.error = be_silent,
	.fatalError = be_silent,
};

/* ---- elements with too many attributes ---- */

/* What stands after the first `end`; nothing where there is none. */
static struct weir_bytes after(struct weir_bytes in, const char *end)
{
	const uint8_t *at = memmem(in.ptr, in.len, end, strlen(end));

	at = at ? at + strlen(end) : in.ptr + in.len;
	return weir_bytes_of(at, (size_t)(in.ptr + in.len - at));
}

static bool begins(struct weir_bytes in, const char *text)
{
	return in.len >= strlen(text) && memcmp(in.ptr, text, strlen(text)) == 0;
}

/* Reads a tag to its end; false when that is too far, or it has more '=' outside of quotes than it
 * may. */
static bool read_tag(struct weir_bytes *in)
{
	unsigned int n = 0;
	size_t i = 0;

	for (; i < in->len && i <= TAG_MAX && in->ptr[i] != '>'; i++) {
		const uint8_t *end = in->ptr + i;

		n += *end == '=';
		if (*end == '"' || *end == '\'')
			end = memchr(end + 1, *end, in->len - i - 1);
		i = end ? (size_t)(end - in->ptr) : in->len - 1;
	}
	*in = weir_bytes_of(in->ptr + i, in->len - i);
	return n <= ELEMENT_ATTRIBUTES_MAX && i <= TAG_MAX;
}

/* Asked before libxml2 sees it: that reads an element as a whole. */
static bool is_crowded(struct weir_bytes in, const struct weir_param_sink *sink)
{
	const uint8_t *at, *looked = in.ptr;

	while (in.len && (at = memchr(in.ptr, '<', in.len)) != NULL) {
		if ((size_t)(at - looked) > LOOK_EVERY) {
			looked = at;
			if (!may_go_on(sink))
				return true;
		}
		in = weir_bytes_of(at + 1, (size_t)(in.ptr + in.len - at) - 1);
		if (begins(in, "!--"))
			in = after(in, "-->");
		else if (begins(in, "![CDATA["))
			in = after(in, "]]>");
		else if (!begins(in, "!") && !begins(in, "?") && !read_tag(&in))
			return true;
	}
	return false;
}

/* What libxml2 keeps until its end has come is then read at once. */
static void check_kept(struct reader *r)
{
	size_t kept = (size_t)(r->ctxt->input->end - r->ctxt->input->cur);
	xmlParserInputState state = r->ctxt->instate;

	if (kept > (state == XML_PARSER_CDATA_SECTION ? CDATA_MAX : TAG_MAX))
		r->too_long = "markup that is too long";
	else if (kept > PROLOG_MAX && state != XML_PARSER_CONTENT &&
		 state != XML_PARSER_START_TAG && state != XML_PARSER_CDATA_SECTION)
		r->too_long = "a document type, or a comment before the document, is too long";
	if (r->too_long)
		stop(r, -WEIR_ELIMIT);
}

static void parse_pieces(struct reader *r, struct weir_bytes in)
{
	bool last;

	do {
		size_t n = in.len < PIECE ? in.len : PIECE;

		last = n == in.len;
		xmlParseChunk(r->ctxt, (const char *)in.ptr, (int)n, last);
		in = weir_bytes_of(in.ptr + n, in.len - n);
		if (!last && !r->rc && !r->ctxt->disableSAX)
			check_kept(r);
		if (!last && !r->rc && !may_go_on(r->sink))
			stop(r, -WEIR_ELIMIT);
	} while (!last && !r->rc && !r->ctxt->disableSAX);
}

static int run(struct reader *r, struct weir_bytes in, struct weir_decode_error *error)
{
	const xmlError *last;

	r->ctxt->userData = r;
	xmlCtxtUseOptions(r->ctxt, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	parse_pieces(r, in);
	if (r->too_long)
		error->text = r->too_long;
	if (r->rc || r->ctxt->wellFormed)
		return r->rc;
	last = xmlCtxtGetLastError(r->ctxt);
	*error = (struct weir_decode_error){.text = "not well-formed XML"};
	if (last && last->code == XML_ERR_UNDECLARED_ENTITY)
		error->text = "an entity that is not built in";
	return -WEIR_EFORMAT;
}

int weir_xml_parse(struct weir_bytes in, const struct weir_xml_limits *limits, struct weir_arena *a,
		   const struct weir_param_sink *sink, struct weir_xml *out,
		   struct weir_decode_error *error)
{
	struct reader r = {.limits = limits, .arena = a, .sink = sink, .text_cap = in.len};
	xmlSAXHandler own = handler;
	int rc;

	*error = (struct weir_decode_error){0};
	*out = (struct weir_xml){0};
	if (in.len > INT32_MAX)
		return -WEIR_ELIMIT;
	if (!in.len) {
		error->text = "an empty document";
		return -WEIR_EFORMAT;
	}
	if (is_crowded(in, sink)) {
		error->text = "an element with too many attributes, or too long";
		return -WEIR_ELIMIT;
	}
	r.text = weir_arena_alloc(a, r.text_cap);
	r.ctxt = r.text ? xmlCreatePushParserCtxt(&own, NULL, NULL, 0, NULL) : NULL;
	if (!r.ctxt)
		return -WEIR_ENOMEM;
	rc = run(&r, in, error);
	xmlFreeDoc(r.ctxt->myDoc); /* where a DOCTYPE declares something libxml2 makes one */
	xmlFreeParserCtxt(r.ctxt);
	weir_arena_trim(a, r.text, r.text_cap, r.text_len);
	out->text = weir_bytes_of(r.text, r.text_len);
	return rc;
}
