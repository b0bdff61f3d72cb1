/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which certificates are for a name. A table of all names of all certificates, sorted, made once
 * for a context; a name has at most one certificate of each kind of key, the first that was
 * configured.
 */
#include "tls_impl.h"

#include <stdlib.h>

struct named {
	char *text; /* owned, in lower case; "*.example.org" for a wildcard */
	struct tls_bundle bundle;
	unsigned int order; /* of the certificate that brought it */
};

struct tls_names {
	struct tls_bundle fallback;
	unsigned int n;
	struct named name[];
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->text, ((const struct named *)b)->text);
}

static int by_text_and_order(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = by_text(a, b);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static void merge_bundle(struct tls_bundle *into, const struct tls_bundle *from)
{
	for (unsigned int k = 0; k < TLS_KIND_END; k++)
		if (!into->of[k])
			into->of[k] = from->of[k];
}

/* Equal names become one, with the certificates of all. */
static void merge_equal(struct tls_names *names)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < names->n; i++) {
		if (kept && strcmp(names->name[kept - 1].text, names->name[i].text) == 0) {
			merge_bundle(&names->name[kept - 1].bundle, &names->name[i].bundle);
			free(names->name[i].text);
		} else {
			names->name[kept++] = names->name[i];
		}
	}
	names->n = kept;
}

static const struct tls_bundle *find(const struct tls_names *names, char *text)
{
	struct named key = {.text = text};
	const struct named *found =
		bsearch(&key, names->name, names->n, sizeof(*names->name), by_text);

	return found ? &found->bundle : NULL;
}

/* The first certificate, and those of other kinds that stand beside it for its first name. */
static void set_fallback(struct tls_names *names, const struct weir_tls_cert *first,
			 const struct weir_tls_identity *identity)
{
	const struct tls_bundle *beside = NULL;

	names->fallback.of[identity->kind] = identity;
	if (first->info.n_names)
		beside = find(names, (char *)(uintptr_t)first->info.names[0]);
	if (beside && beside->of[identity->kind] == identity)
		merge_bundle(&names->fallback, beside);
}

static bool add_all(struct tls_names *names, const struct weir_tls_cert *const *certs,
		    struct weir_tls_identity *const *identities, unsigned int n)
{
	for (unsigned int c = 0; c < n; c++) {
		for (unsigned int i = 0; i < certs[c]->info.n_names; i++) {
			struct named *at = &names->name[names->n];

			at->text = strdup(certs[c]->info.names[i]);
			if (!at->text)
				return false;
			at->order = c;
			at->bundle.of[identities[c]->kind] = identities[c];
			names->n++;
		}
	}
	return true;
}

struct tls_names *tls_names_create(const struct weir_tls_cert *const *certs,
				   struct weir_tls_identity *const *identities, unsigned int n)
{
	struct tls_names *names;
	size_t total = 0;

	for (unsigned int c = 0; c < n; c++)
		total += certs[c]->info.n_names;
	names = calloc(1, sizeof(*names) + total * sizeof(*names->name));
	if (!names)
		return NULL;
	if (!add_all(names, certs, identities, n)) {
		tls_names_destroy(names);
		return NULL;
	}
	qsort(names->name, names->n, sizeof(*names->name), by_text_and_order);
	merge_equal(names);
	set_fallback(names, certs[0], identities[0]);
	return names;
}

void tls_names_destroy(struct tls_names *names)
{
	for (unsigned int i = 0; names && i < names->n; i++)
		free(names->name[i].text);
	free(names);
}

/* Lower case and without the root's dot. False for what is in no table: too long, or with an
 * asterisk, which would find a wildcard by itself. */
static bool normalise(const char *name, char out[WEIR_TLS_NAME_MAX + 1])
{
	size_t len = strlen(name);

	if (len && name[len - 1] == '.')
		len--;
	if (!len || len > WEIR_TLS_NAME_MAX || memchr(name, '*', len))
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)weir_lower((uint8_t)name[i]);
	out[len] = '\0';
	return true;
}

const struct tls_bundle *tls_names_lookup(const struct tls_names *names, const char *name)
{
	char text[WEIR_TLS_NAME_MAX + 1];
	const struct tls_bundle *found;
	char *dot;

	if (!normalise(name, text))
		return NULL;
	found = find(names, text);
	dot = strchr(text, '.');
	if (found || !dot || dot == text)
		return found;
	dot[-1] = '*';
	return find(names, dot - 1);
}

const struct tls_bundle *tls_names_default(const struct tls_names *names)
{
	return &names->fallback;
}
