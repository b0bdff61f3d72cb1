/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who clients must be where a rule asks for it. What a certificate says is one text, as
 * weir_tls_conn_id() gives it; so is what a rule asks for, where '*' in the place of a whole
 * segment of a SPIFFE ID's path is any one, at its end any one or more, and "*." before a host's
 * name is any name below it.
 */
#include "policy_impl.h"

#include <stdlib.h>

#define SPIFFE "spiffe://"
#define DNS    "dns:"
#define CN     "cn:"
#define BELOW  "*."
#define CN_MAX 64 /* characters (RFC 5280, ub-common-name) */

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

/* Takes `text`. */
static bool add(struct docs *d, enum identity_kind kind, char *text, bool below)
{
	const char *kept = docs_keep_text(d, text);
	struct identity *slot = kept ? array_add(&d->identities, sizeof(*slot)) : NULL;

	if (slot)
		*slot = (struct identity){.kind = kind, .text = kept, .below = below};
	else
		d->no_memory = true;
	return slot != NULL;
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
	return add(d, IDENTITY_SPIFFE, strdup(n->text), false);
}

static bool read_dns(struct docs *d, const struct weir_conf_node *n)
{
	const char *from = n->text + strlen(DNS);
	char text[WEIR_TLS_NAME_MAX + 1];
	bool below = begins(from, BELOW);

	if (weir_tls_name_read(weir_bytes_str(from + (below ? strlen(BELOW) : 0)), text) !=
	    WEIR_TLS_SNI_NAME)
		return report(d, n, "is no host's name, or \"*.\" and one, behind \"dns:\"");
	return add(d, IDENTITY_DNS, strdup(text), below);
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
	const char *text = n->text + strlen(CN);

	if (!is_common_name(text))
		return report(d, n,
			      "is no common name behind \"cn:\": 1 to 64 characters from ' ' to "
			      "'~', without '*', for it is compared as it is");
	return add(d, IDENTITY_CN, strdup(text), false);
}

static bool read_one(struct docs *d, const struct weir_conf_node *n)
{
	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "an identity", d->r))
		return false;
	if (strcmp(n->text, "any") == 0)
		return add(d, IDENTITY_ANY, strdup(""), false);
	if (begins(n->text, SPIFFE))
		return read_spiffe(d, n);
	if (begins(n->text, DNS))
		return read_dns(d, n);
	if (begins(n->text, CN))
		return read_cn(d, n);
	return report(d, n, "is no identity: spiffe://domain/path, dns:NAME, cn:NAME or any");
}

bool docs_read_identities(struct docs *d, const struct weir_conf_node *list, uint32_t *first,
			  uint32_t *n)
{
	bool good = true;

	*first = d->identities.n;
	if (list->kind != WEIR_CONF_SEQUENCE)
		good = read_one(d, list);
	else
		weir_conf_foreach (m, list)
			good = read_one(d, m) && good;
	if (list->kind == WEIR_CONF_SEQUENCE && !list->count) {
		weir_conf_error(d->r, list->pos,
				"identities is empty: nobody could come; 'any' is whoever shows a "
				"good certificate");
		good = false;
	}
	*n = d->identities.n - *first;
	return good;
}

/* ---- asking ---- */

/* Bytes up to the next slash, or all. */
static size_t segment(const char *text)
{
	return strcspn(text, "/");
}

static bool fits_spiffe(const char *pattern, const char *id)
{
	if (!begins(id, SPIFFE))
		return false;
	pattern += strlen(SPIFFE);
	id += strlen(SPIFFE);
	for (;;) {
		size_t n = segment(pattern), m = segment(id);
		bool any = n == 1 && *pattern == '*';

		if (any && !pattern[n])
			return true;
		if (!any && (n != m || memcmp(pattern, id, n) != 0))
			return false;
		if (!pattern[n] || !id[m])
			return pattern[n] == id[m];
		pattern += n + 1;
		id += m + 1;
	}
}

static bool fits_host(const struct identity *wanted, const char *host, size_t len)
{
	size_t tail = strlen(wanted->text);

	if (!wanted->below)
		return len == tail && memcmp(host, wanted->text, len) == 0;
	return len > tail + 1 && host[len - tail - 1] == '.' &&
	       memcmp(host + len - tail, wanted->text, tail) == 0;
}

/* One of the certificate's names is enough. */
static bool fits_dns(const struct identity *wanted, const char *id)
{
	if (!begins(id, DNS))
		return false;
	for (id += strlen(DNS);; id++) {
		size_t len = strcspn(id, ",");

		if (fits_host(wanted, id, len))
			return true;
		id += len;
		if (!*id)
			return false;
	}
}

static bool fits(const struct identity *wanted, const char *id)
{
	switch (wanted->kind) {
	case IDENTITY_ANY:
		return true;
	case IDENTITY_SPIFFE:
		return fits_spiffe(wanted->text, id);
	case IDENTITY_DNS:
		return fits_dns(wanted, id);
	case IDENTITY_CN:
		return begins(id, CN) && strcmp(id + strlen(CN), wanted->text) == 0;
	}
	return false;
}

/* A good certificate that names nobody is anybody's all the same. */
bool rule_fits_identity(const struct docs *d, const struct rule *rule,
			const struct weir_policy_identity *identity)
{
	const struct identity *list = (const struct identity *)d->identities.items;
	bool good = identity->state == WEIR_IDENTITY_GOOD;

	if (!good && identity->state != WEIR_IDENTITY_NAMELESS)
		return false;
	for (uint32_t i = 0; i < rule->n_identities; i++)
		if (fits(&list[rule->identities + i], good ? identity->text : ""))
			return true;
	return false;
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
