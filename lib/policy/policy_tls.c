/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a Service says whether weir ends TLS for it, by which certificates, and how it goes on to
 * the servers behind. Files are named here and read by path/. */
#include "policy_impl.h"

#include <weir_tls_record.h>

#include <stdlib.h>
#include <unistd.h>

#define HANDSHAKE_INITIAL (10 * WEIR_NS_PER_S)
#define HANDSHAKE_MAX_NS  (300 * WEIR_NS_PER_S)
#define CERTS_MAX         256

/* ---- texts that the policy keeps ---- */

const char *docs_keep_text(struct docs *d, char *text)
{
	char **slot = text ? array_add(&d->texts, sizeof(*slot)) : NULL;

	if (!slot) {
		free(text);
		d->no_memory = true;
		return NULL;
	}
	*slot = text;
	return text;
}

void docs_free_texts(struct docs *d)
{
	for (uint32_t i = 0; i < d->texts.n; i++)
		free(((char **)d->texts.items)[i]);
	array_fini(&d->texts);
}

static void keep_pos(struct docs *d, struct weir_conf_pos *pos)
{
	pos->file = docs_keep_text(d, strdup(pos->file));
}

char *docs_resolve(const struct weir_conf_node *n, const char *path)
{
	const char *slash = strrchr(n->pos.file, '/');
	struct weir_buf b = {0};
	char *cwd = NULL;

	if (path[0] != '/' && n->pos.file[0] != '/' && (cwd = getcwd(NULL, 0)))
		weir_buf_printf(&b, "%s/", cwd);
	if (path[0] != '/' && slash)
		weir_buf_add(&b, n->pos.file, (size_t)(slash - n->pos.file) + 1);
	weir_buf_str(&b, path);
	free(cwd);
	if (!b.failed)
		return b.ptr;
	weir_buf_fini(&b);
	return NULL;
}

static void read_text(struct docs *d, const struct weir_conf_node *map, const char *key,
		      const char **out)
{
	const char *text = NULL;

	if (weir_conf_str(map, key, &text, d->r) && text)
		*out = docs_keep_text(d, strdup(text));
}

static void read_path(struct docs *d, const struct weir_conf_node *map, const char *key,
		      const char **out)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);

	if (!n || !weir_conf_expect(n, WEIR_CONF_SCALAR, key, d->r))
		return;
	if (*n->text)
		*out = docs_keep_text(d, docs_resolve(n, n->text));
	else
		weir_conf_error(d->r, n->pos, "an empty path");
}

static const struct weir_conf_node *read_map(struct docs *d, const struct weir_conf_node *of,
					     const char *key, const char *const *keys)
{
	const struct weir_conf_node *map = weir_conf_get(of, key);

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, key, d->r))
		return NULL;
	weir_conf_known_keys(map, keys, d->r);
	return map;
}

/* ---- certificates ---- */

bool docs_read_cert(struct docs *d, const struct weir_conf_node *map, struct weir_service_cert *out)
{
	static const char *const keys[] = {"certificate", "key", "ocsp", NULL};

	if (!weir_conf_expect(map, WEIR_CONF_MAPPING, "a certificate", d->r))
		return false;
	weir_conf_known_keys(map, keys, d->r);
	*out = (struct weir_service_cert){.pos = map->pos};
	keep_pos(d, &out->pos);
	if (!weir_conf_require(map, "certificate", d->r))
		return false;
	read_path(d, map, "certificate", &out->files.chain);
	read_path(d, map, "key", &out->files.key);
	read_path(d, map, "ocsp", &out->files.ocsp);
	return true;
}

static void add_cert(struct docs *d, struct service_tls *t, const struct weir_conf_node *map)
{
	struct weir_service_cert cert, *slot;

	if (!docs_read_cert(d, map, &cert))
		return;
	slot = array_add(&t->certs, sizeof(*slot));
	if (slot)
		*slot = cert;
	else
		d->no_memory = true;
}

static void read_certs(struct docs *d, struct service_tls *t, const struct weir_conf_node *map)
{
	const struct weir_conf_node *list = weir_conf_get(map, "certificates");

	if (!weir_conf_require(map, "certificates", d->r) ||
	    !weir_conf_expect(list, WEIR_CONF_SEQUENCE, "certificates", d->r))
		return;
	if (!list->count || list->count > CERTS_MAX)
		weir_conf_error(d->r, list->pos, "certificates has %u, it takes 1 to %u",
				list->count, CERTS_MAX);
	else
		weir_conf_foreach (n, list)
			add_cert(d, t, n);
	t->is.certs = t->certs.items;
	t->is.n_certs = t->certs.n;
}

/* ---- what is spoken ---- */

/* NULL if it is not there, or no list of anything. */
static const struct weir_conf_node *names_of(struct docs *d, const struct weir_conf_node *map,
					     const char *key)
{
	const struct weir_conf_node *list = weir_conf_get(map, key);

	if (!list || !weir_conf_expect(list, WEIR_CONF_SEQUENCE, key, d->r))
		return NULL;
	if (!list->count)
		weir_conf_error(d->r, list->pos, "%s is empty", key);
	return list;
}

/* libssl reads several names in a text that has one of its separators. */
static void add_name(struct docs *d, const struct weir_conf_node *n, struct weir_buf *to)
{
	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a name", d->r))
		return;
	if (!*n->text || n->text[strcspn(n->text, ":, ;+!@?")])
		weir_conf_error(d->r, n->pos, "'%s' is no name of an algorithm", n->text);
	if (to->len)
		weir_buf_str(to, ":");
	weir_buf_str(to, n->text);
}

static const char *keep_names(struct docs *d, struct weir_buf *names)
{
	d->no_memory |= names->failed;
	return names->len ? docs_keep_text(d, names->ptr) : NULL;
}

/* TLS 1.3's suites have names of their own. */
static void read_ciphers(struct docs *d, const struct weir_conf_node *map,
			 struct weir_service_tls *t)
{
	const struct weir_conf_node *list = names_of(d, map, "ciphers");
	struct weir_buf old = {0}, new = {0};

	if (!list)
		return;
	weir_conf_foreach (n, list)
		add_name(d, n, n->text && strncmp(n->text, "TLS_", 4) == 0 ? &new : &old);
	t->ciphers12 = keep_names(d, &old);
	t->ciphers13 = keep_names(d, &new);
}

static void read_groups(struct docs *d, const struct weir_conf_node *map,
			struct weir_service_tls *t)
{
	const struct weir_conf_node *list = names_of(d, map, "groups");
	struct weir_buf names = {0};

	if (!list)
		return;
	weir_conf_foreach (n, list)
		add_name(d, n, &names);
	t->groups = keep_names(d, &names);
}

void docs_read_handshake_timeout(struct docs *d, const struct weir_conf_node *map,
				 struct weir_service_tls *t)
{
	weir_conf_duration(map, "handshakeTimeout", 100 * WEIR_NS_PER_MS, HANDSHAKE_MAX_NS,
			   &t->handshake_timeout_ns, d->r);
}

static void read_spoken(struct docs *d, const struct weir_conf_node *map,
			struct weir_service_tls *t)
{
	static const char *const words[] = {"1.2", "1.3", NULL};
	unsigned int version = 0;

	weir_conf_word(map, "minVersion", words, &version, d->r);
	t->min_version = version ? WEIR_TLS_1_3 : WEIR_TLS_1_2;
	weir_conf_bool(map, "strictSni", &t->sni_strict, d->r);
	docs_read_handshake_timeout(d, map, t);
	read_ciphers(d, map, t);
	read_groups(d, map, t);
}

/* ---- who may come, and where it goes on to ---- */

/* A file, a folder (a path that ends with '/'), or the word system. */
static bool read_roots(struct docs *d, const struct weir_conf_node *map,
		       struct weir_tls_roots_files *out)
{
	const struct weir_conf_node *n = weir_conf_get(map, "ca");
	size_t len;

	read_path(d, map, "crl", &out->crl);
	if (!n || !weir_conf_expect(n, WEIR_CONF_SCALAR, "ca", d->r))
		return false;
	len = strlen(n->text);
	if (!n->quoted && strcmp(n->text, "system") == 0)
		out->system = true;
	else if (len && n->text[len - 1] == '/')
		read_path(d, map, "ca", &out->folder);
	else
		read_path(d, map, "ca", &out->file);
	return true;
}

static void read_client(struct docs *d, const struct weir_conf_node *tls,
			struct weir_service_tls *t)
{
	static const char *const keys[] = {"verify", "ca", "crl", NULL};
	static const char *const words[] = {"none", "optional", "required", NULL};
	const struct weir_conf_node *map = read_map(d, tls, "client", keys);
	unsigned int verify = WEIR_TLS_CLIENT_NONE;

	if (!map)
		return;
	weir_conf_word(map, "verify", words, &verify, d->r);
	t->verify_client = (enum weir_tls_verify_client)verify;
	t->client_pos = map->pos;
	keep_pos(d, &t->client_pos);
	if (!read_roots(d, map, &t->client_roots) && verify != WEIR_TLS_CLIENT_NONE)
		weir_conf_error(d->r, map->pos, "verify '%s' needs a ca", words[verify]);
}

void docs_read_verify(struct docs *d, const struct weir_conf_node *map, struct weir_service_tls *t)
{
	static const char *const words[] = {"full", "ca", "none", NULL};
	unsigned int verify = WEIR_TLS_VERIFY_FULL;

	weir_conf_word(map, "verify", words, &verify, d->r);
	t->verify = (enum weir_tls_verify)verify;
	t->upstream_pos = map->pos;
	keep_pos(d, &t->upstream_pos);
	t->roots.system = !read_roots(d, map, &t->roots);
}

static void read_upstream(struct docs *d, const struct weir_conf_node *tls,
			  struct weir_service_tls *t)
{
	static const char *const keys[] = {"mode", "verify",      "ca", "crl",
					   "name", "certificate", NULL};
	static const char *const modes[] = {"plain", "tls", NULL};
	const struct weir_conf_node *map = read_map(d, tls, "upstream", keys), *cert;
	unsigned int mode = 0;

	if (!map)
		return;
	weir_conf_word(map, "mode", modes, &mode, d->r);
	t->upstream_tls = mode == 1;
	docs_read_verify(d, map, t);
	read_text(d, map, "name", &t->name);
	cert = weir_conf_get(map, "certificate");
	t->has_cert = cert && docs_read_cert(d, cert, &t->cert);
}

/* ---- all ---- */

struct service_tls *docs_add_tls(struct docs *d, const struct weir_conf_node *map)
{
	struct service_tls *t;

	if (d->tls.n == WEIR_NO_TLS) {
		weir_conf_error(d->r, map->key_pos, "more than %u Services and policies with TLS",
				WEIR_NO_TLS);
		return NULL;
	}
	t = array_add(&d->tls, sizeof(*t));
	if (!t) {
		d->no_memory = true;
		return NULL;
	}
	t->is = (struct weir_service_tls){
		.pos = map->key_pos,
		.min_version = WEIR_TLS_1_2,
		.handshake_timeout_ns = HANDSHAKE_INITIAL,
	};
	keep_pos(d, &t->is.pos);
	return t;
}

static void read_terminate(struct docs *d, const struct weir_conf_node *map, struct weir_service *s)
{
	static const char *const keys[] = {
		"mode",      "certificates",     "minVersion", "ciphers",  "groups",
		"strictSni", "handshakeTimeout", "client",     "upstream", NULL};
	struct service_tls *t = docs_add_tls(d, map);

	if (!t)
		return;
	s->tls = (uint16_t)(d->tls.n - 1);
	t->is.service = s->name;
	t->is.http = s->protocol == WEIR_SERVICE_HTTP;
	t->is.http2 = t->is.http && s->http2;
	t->is.http2_upstream = s->http2_upstream;
	weir_conf_known_keys(map, keys, d->r);
	read_certs(d, t, map);
	read_spoken(d, map, &t->is);
	read_client(d, map, &t->is);
	read_upstream(d, map, &t->is);
}

void docs_read_tls(struct docs *d, const struct weir_conf_node *spec, struct weir_service *s)
{
	static const char *const keys[] = {"mode", NULL};
	static const char *const modes[] = {"terminate", "passthrough", NULL};
	const struct weir_conf_node *map = weir_conf_get(spec, "tls");
	unsigned int mode = 0;

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "tls", d->r) ||
	    !weir_conf_require(map, "mode", d->r) ||
	    !weir_conf_word(map, "mode", modes, &mode, d->r))
		return;
	if (mode == 0) {
		read_terminate(d, map, s);
		return;
	}
	s->passthrough = true;
	weir_conf_known_keys(map, keys, d->r);
	if (s->protocol == WEIR_SERVICE_HTTP)
		weir_conf_error(d->r, map->key_pos,
				"what is passed through cannot be read as HTTP: passthrough needs "
				"'protocol: tcp'");
}

void docs_free_tls(struct docs *d)
{
	for (uint32_t i = 0; i < d->tls.n; i++)
		array_fini(&((struct service_tls *)d->tls.items)[i].certs);
	array_fini(&d->tls);
}

uint16_t weir_policy_tls_count(const struct weir_policy *p)
{
	return (uint16_t)p->docs.tls.n;
}

const struct weir_service_tls *weir_policy_tls(const struct weir_policy *p, uint16_t i)
{
	weir_assert(i < p->docs.tls.n);
	return &((const struct service_tls *)p->docs.tls.items)[i].is;
}
