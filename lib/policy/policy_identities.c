/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who clients must be where a rule asks for it. What a certificate says is one text, as
 * weir_tls_conn_id() gives it; so is what a rule asks for, where '*' in the place of a whole
 * segment of a SPIFFE ID's path is any one, at its end any one or more, and "*." before a host's
 * name is any name below it.
 *
 * A SPIFFE ID is looked up as it is, and once for each shape that patterns have: with '*' in the
 * places of that shape. A shape is a pattern's slashes and '*', without its other segments.
 */
#include "policy_impl.h"

#define SPIFFE "spiffe://"
#define DNS    "dns:"
#define CN     "cn:"
#define BELOW  "*."
#define CN_MAX 64 /* characters (RFC 5280, ub-common-name) */

/* A look-up each for every certificate. People need a few; each rule could have one of its own. */
#define SHAPES_MAX 64

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- reading rules ---- */

static bool report(struct docs *d, const struct weir_conf_node *n, const char *why)
{
	weir_conf_error(d->r, n->pos, "'%s' %s", n->text, why);
	return false;
}

static bool add_pattern(struct docs *d, const char *text)
{
	uint32_t key = docs_pattern(d, text);

	return key && docs_add_number(d, &d->keys, key);
}

/* Of each segment of the path that is '*' one that could be: what is left must be an ID. */
static bool is_pattern(const char *text)
{
	char id[WEIR_TLS_ID_MAX + 1];
	size_t len = strlen(text);

	if (len > WEIR_TLS_ID_MAX)
		return false;
	memcpy(id, text, len + 1);
	for (size_t i = strlen(SPIFFE); i < len; i++)
		if (id[i] == '*' && id[i - 1] == '/' && i > strlen(SPIFFE) &&
		    (id[i + 1] == '/' || id[i + 1] == '\0'))
			id[i] = 'x';
	return weir_tls_is_spiffe(weir_bytes_str(id));
}

/* Bytes up to the next slash, or all. */
static size_t segment(const char *text)
{
	return strcspn(text, "/");
}

static void shape_of(const char *pattern, char *to)
{
	for (;;) {
		size_t n = segment(pattern);

		if (n == 1 && *pattern == '*')
			*to++ = '*';
		pattern += n;
		*to++ = *pattern;
		if (!*pattern++)
			return;
	}
}

static bool has_shape(const struct docs *d, const char *shape)
{
	const char *const *shapes = d->shapes.items;

	for (uint32_t i = 0; i < d->shapes.n; i++)
		if (strcmp(shapes[i], shape) == 0)
			return true;
	return false;
}

/* Of a pattern that is_pattern(). */
static bool add_shape(struct docs *d, const struct weir_conf_node *n)
{
	char shape[WEIR_TLS_ID_MAX + 1];
	const char **slot;

	shape_of(n->text + strlen(SPIFFE), shape);
	if (!strchr(shape, '*') || has_shape(d, shape))
		return true;
	if (d->shapes.n == SHAPES_MAX) {
		weir_conf_error(d->r, n->pos,
				"'%s' has '*' where none of the identities before has it: %u ways "
				"to place it are the most",
				n->text, SHAPES_MAX);
		return false;
	}
	slot = array_add(&d->shapes, sizeof(*slot));
	if (slot)
		*slot = docs_keep_text(d, strdup(shape));
	if (!slot || !*slot)
		d->no_memory = true;
	return slot && *slot;
}

static bool read_spiffe(struct docs *d, const struct weir_conf_node *n)
{
	if (!is_pattern(n->text))
		return report(d, n,
			      "is no SPIFFE ID (spiffe://domain/path), or one in which '*' stands "
			      "for a whole segment of the path");
	if (!strchr(n->text + strlen(SPIFFE), '/'))
		return report(d, n,
			      "has no path, so nobody has it; all of a trust domain are "
			      "spiffe://domain/*");
	return add_shape(d, n) && add_pattern(d, n->text);
}

static bool read_dns(struct docs *d, const struct weir_conf_node *n)
{
	const char *from = n->text + strlen(DNS);
	char text[sizeof(BELOW) + WEIR_TLS_NAME_MAX] = BELOW;
	bool below = begins(from, BELOW);
	char *host = text + strlen(BELOW);

	if (weir_tls_name_read(weir_bytes_str(from + (below ? strlen(BELOW) : 0)), host) !=
	    WEIR_TLS_SNI_NAME)
		return report(d, n, "is no host's name, or \"*.\" and one, behind \"dns:\"");
	return add_pattern(d, below ? text : host);
}

static bool is_common_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '*')
			return false;
	return len > 0 && len <= CN_MAX;
}

static bool read_cn(struct docs *d, const struct weir_conf_node *n)
{
	if (!is_common_name(n->text + strlen(CN)))
		return report(d, n,
			      "is no common name behind \"cn:\": 1 to 64 characters from ' ' to "
			      "'~', without '*', for it is compared as it is");
	return add_pattern(d, n->text);
}

static bool read_one(struct docs *d, const struct weir_conf_node *n)
{
	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "an identity", d->r))
		return false;
	if (strcmp(n->text, "any") == 0)
		return docs_add_number(d, &d->keys, KEY_ANY);
	if (begins(n->text, SPIFFE))
		return read_spiffe(d, n);
	if (begins(n->text, DNS))
		return read_dns(d, n);
	if (begins(n->text, CN))
		return read_cn(d, n);
	return report(d, n, "is no identity: spiffe://domain/path, dns:NAME, cn:NAME or any");
}

bool docs_read_identities(struct docs *d, const struct weir_conf_node *list, struct slice *out)
{
	const struct number_list how = {
		&d->keys, read_one,
		": nobody could come; 'any' is whoever shows a good certificate"};

	return docs_read_numbers(d, list, &how, out);
}

/* ---- asking ---- */

/* `id` with '*' where the shape has it, which is not longer; false: no pattern of this shape fits
 * it. */
static bool mask(const char *shape, const char *id, char *to)
{
	for (;;) {
		size_t n = segment(id);

		if (!n)
			return false;
		if (strcmp(shape, "*") == 0)
			return strcpy(to, "*");
		if (*shape == '*') {
			*to++ = *shape++;
		} else {
			memcpy(to, id, n);
			to += n;
		}
		id += n;
		*to++ = *id;
		if (!*id || !*shape)
			return *id == *shape;
		id++;
		shape++;
	}
}

static void add_spiffe_keys(struct keys *k, const struct docs *d, const char *id)
{
	const char *const *shapes = d->shapes.items;
	char text[WEIR_TLS_ID_MAX + 1] = SPIFFE;
	size_t scheme = strlen(SPIFFE);

	keys_add_pattern(k, d, id);
	for (uint32_t i = 0; i < d->shapes.n; i++)
		if (mask(shapes[i], id + scheme, text + scheme))
			keys_add_pattern(k, d, text);
}

/* One of the certificate's names is enough. */
static void add_dns_keys(struct keys *k, const struct docs *d, const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");

		keys_add_host(k, d, list, len);
		list += len;
		if (!*list++)
			return;
	}
}

static void add_text_keys(struct keys *k, const struct docs *d, const char *text)
{
	if (strlen(text) > WEIR_TLS_ID_MAX)
		return;
	if (begins(text, SPIFFE))
		add_spiffe_keys(k, d, text);
	else if (begins(text, DNS))
		add_dns_keys(k, d, text + strlen(DNS));
	else if (begins(text, CN))
		keys_add_pattern(k, d, text);
}

/* A good certificate that names nobody is anybody's all the same. */
void keys_of_identity(const struct docs *d, const struct weir_policy_identity *identity,
		      struct keys *out)
{
	bool good = identity && identity->state == WEIR_IDENTITY_GOOD;

	out->n = 0;
	keys_add(out, identity ? KEY_UNASKED : KEY_UNKNOWN);
	if (!good && !(identity && identity->state == WEIR_IDENTITY_NAMELESS))
		return;
	keys_add(out, KEY_ANY);
	if (good)
		add_text_keys(out, d, identity->text);
}

/* ---- identities as texts ---- */

/* A list of hosts' names in their one form. */
static bool read_hosts(struct weir_bytes in, char *text)
{
	char *to = text + strlen(strcpy(text, DNS));

	while (in.len) {
		const uint8_t *comma = memchr(in.ptr, ',', in.len);
		struct weir_bytes one =
			weir_bytes_of(in.ptr, comma ? (size_t)(comma - in.ptr) : in.len);
		char host[WEIR_TLS_NAME_MAX + 1];

		if (weir_tls_name_read(one, host) != WEIR_TLS_SNI_NAME)
			return false;
		if (to[-1] != ':')
			*to++ = ',';
		to += strlen(strcpy(to, host));
		if (!comma)
			return true;
		in = weir_bytes_of(comma + 1, in.len - one.len - 1);
	}
	return false;
}

static bool read_text(struct weir_bytes in, char *text)
{
	size_t dns = strlen(DNS);

	memcpy(text, in.ptr, in.len);
	text[in.len] = '\0';
	if (strlen(text) != in.len)
		return false;
	if (begins(text, DNS))
		return read_hosts(weir_bytes_of(in.ptr + dns, in.len - dns), text);
	return begins(text, CN) ? is_common_name(text + strlen(CN))
				: begins(text, SPIFFE) && weir_tls_is_spiffe(in);
}

bool weir_policy_identity_read(struct weir_bytes in, char text[WEIR_TLS_ID_MAX + 1],
			       struct weir_policy_identity *out)
{
	*out = (struct weir_policy_identity){
		.state = in.len ? WEIR_IDENTITY_GOOD : WEIR_IDENTITY_MISSING, .text = text};
	text[0] = '\0';
	return !in.len || (in.len <= WEIR_TLS_ID_MAX && read_text(in, text));
}

enum weir_identity_state weir_identity_state_of(enum weir_tls_id id)
{
	if (id == WEIR_TLS_ID_GOOD)
		return WEIR_IDENTITY_GOOD;
	return id == WEIR_TLS_ID_MISSING ? WEIR_IDENTITY_MISSING : WEIR_IDENTITY_NAMELESS;
}

const char *weir_identity_state_name(enum weir_identity_state s)
{
	static const char *const names[] = {
#define NAME(id, name, reason) name,
		WEIR_IDENTITY_STATES(NAME)
#undef NAME
	};

	return s < WEIR_IDENTITY_STATE_END ? names[s] : "unknown";
}
