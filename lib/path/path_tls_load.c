/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS of a generation's Services: certificates and roots read by control, and of each a context a
 * worker. Connections hold what they were begun with; the contexts of a generation go together,
 * when it is gone and the last connection has given them back.
 */
#include "path_tls.h"

#include <stdlib.h>
#include <time.h>

#define SESSIONS_KEPT 64   /* of servers, a worker and Service */
#define LEAVES_KEPT   1024 /* made for servers, a worker and policy that intercepts */

struct weir_tls_services {
	struct path_users user[WEIR_CONF_WORKERS_MAX];
	struct weir_tls_services *next; /* of those that wait; control only */
	struct weir_tls_lib *lib[WEIR_CONF_WORKERS_MAX];
	unsigned int n_workers;
	uint16_t n;
	struct path_tls_service service[];
};

/* ---- the set ---- */

static struct weir_tls_services *make_set(uint16_t n, unsigned int n_workers)
{
	size_t size = sizeof(struct weir_tls_services) + n * sizeof(struct path_tls_service);
	struct weir_tls_services *set;

	size = (size + WEIR_CACHE_LINE - 1) & ~(size_t)(WEIR_CACHE_LINE - 1);
	set = aligned_alloc(WEIR_CACHE_LINE, size);
	if (!set)
		return NULL;
	memset(set, 0, size);
	set->n = n;
	set->n_workers = n_workers;
	for (uint16_t i = 0; i < n; i++)
		set->service[i].of = set;
	for (unsigned int w = 0; w < n_workers; w++)
		set->lib[w] = weir_tls_lib_create();
	return set;
}

static void fini_service(struct path_tls_service *s)
{
	for (unsigned int w = 0; w < s->of->n_workers; w++) {
		weir_tls_server_destroy(s->server[w]);
		weir_tls_client_destroy(s->client[w]);
		weir_tls_minter_destroy(s->minter[w]);
	}
	weir_tls_ca_destroy(s->ca);
	for (uint32_t i = 0; s->certs && i < s->n_certs; i++)
		weir_tls_cert_destroy(s->certs[i]);
	free(s->certs);
}

void weir_tls_services_destroy(struct weir_tls_services *set)
{
	if (!set)
		return;
	weir_assert(path_users_count(set->user) == 0);
	for (uint16_t i = 0; i < set->n; i++)
		fini_service(&set->service[i]);
	for (unsigned int w = 0; w < set->n_workers; w++)
		weir_tls_lib_destroy(set->lib[w]);
	free(set);
}

uint16_t weir_tls_services_count(const struct weir_tls_services *set)
{
	return set ? set->n : 0;
}

uint32_t weir_tls_services_name(const struct weir_tls_services *set, uint16_t i)
{
	return set->service[i].name;
}

const struct weir_tls_cert_info *weir_tls_services_cert(const struct weir_tls_services *set,
							uint16_t i, uint32_t k)
{
	const struct path_tls_service *s = &set->service[i];

	if (s->ca)
		return k == 0 ? weir_tls_ca_info(s->ca) : NULL;
	return k < s->n_certs ? weir_tls_cert_info(s->certs[k]) : NULL;
}

/* ---- loading ---- */

struct loading {
	const struct weir_tls_loading *cfg;
	const struct weir_service_tls *tls;
	struct path_tls_service *s;
	struct weir_tls_roots *client_roots, *roots;
	uint32_t n_server_certs; /* of s->certs; one more is shown to servers */
};

static bool report(const struct loading *l, struct weir_conf_pos pos, struct weir_buf *why)
{
	weir_conf_error(l->cfg->report, pos, "%s '%s': %s", l->s->intercepts ? "policy" : "Service",
			weir_names_get(l->cfg->names, l->tls->service),
			why->len ? why->ptr : "no memory");
	weir_buf_fini(why);
	return false;
}

static void warn_of_dates(const struct loading *l, const struct weir_service_cert *from,
			  const struct weir_tls_cert_info *info)
{
	int64_t now = (int64_t)time(NULL);

	if (now < info->not_before || now > info->not_after)
		weir_conf_warning(l->cfg->report, from->pos, "the certificate of %s is %s",
				  info->subject,
				  now > info->not_after ? "expired" : "not valid yet");
}

static bool load_cert(struct loading *l, const struct weir_service_cert *from)
{
	struct weir_buf why = {0};
	struct weir_tls_cert *c = weir_tls_cert_load(&from->files, &why);

	if (!c)
		return report(l, from->pos, &why);
	weir_buf_fini(&why);
	l->s->certs[l->s->n_certs++] = c;
	warn_of_dates(l, from, weir_tls_cert_info(c));
	return true;
}

static bool load_certs(struct loading *l)
{
	bool good = true;

	l->s->certs = calloc(l->tls->n_certs + 1, sizeof(struct weir_tls_cert *));
	if (!l->s->certs)
		return report(l, l->tls->pos, &(struct weir_buf){0});
	for (uint32_t i = 0; i < l->tls->n_certs; i++)
		good = load_cert(l, &l->tls->certs[i]) && good;
	l->n_server_certs = l->s->n_certs;
	return (!l->tls->has_cert || load_cert(l, &l->tls->cert)) && good;
}

static bool load_ca(const struct loading *l)
{
	const struct weir_service_cert *from = &l->tls->authority;
	struct weir_buf why = {0};

	l->s->ca = weir_tls_ca_load(&from->files, &why);
	if (!l->s->ca)
		return report(l, from->pos, &why);
	weir_buf_fini(&why);
	warn_of_dates(l, from, weir_tls_ca_info(l->s->ca));
	return true;
}

static bool load_roots(const struct loading *l, const struct weir_tls_roots_files *files,
		       struct weir_conf_pos pos, struct weir_tls_roots **out)
{
	struct weir_buf why = {0};

	*out = weir_tls_roots_load(files, &why);
	if (!*out)
		return report(l, pos, &why);
	weir_buf_fini(&why);
	return true;
}

static bool load_files(struct loading *l)
{
	const struct weir_service_tls *t = l->tls;
	bool good = l->s->intercepts ? load_ca(l) : load_certs(l);

	if (t->verify_client != WEIR_TLS_CLIENT_NONE)
		good = load_roots(l, &t->client_roots, t->client_pos, &l->client_roots) && good;
	if (t->upstream_tls && t->verify != WEIR_TLS_VERIFY_NONE)
		good = load_roots(l, &t->roots, t->upstream_pos, &l->roots) && good;
	return good;
}

/* What is offered and agreed to by ALPN, as far as opts of each connection say. */
static const char *const protocols[] = {[PATH_TLS_H2] = "h2", [PATH_TLS_HTTP1] = "http/1.1"};
const struct weir_tls_alpn path_tls_protocols = {protocols, WEIR_ARRAY_LEN(protocols)};

static bool make_server(const struct loading *l, unsigned int w)
{
	struct weir_tls_server_cfg cfg = {
		.lib = l->s->of->lib[w],
		.id = weir_names_get(l->cfg->names, l->tls->service),
		.certs = (const struct weir_tls_cert *const *)l->s->certs,
		.n_certs = l->n_server_certs,
		.versions = {.min = l->tls->min_version},
		.algorithms = {l->tls->ciphers12, l->tls->ciphers13, l->tls->groups, NULL},
		.verify_client = l->tls->verify_client,
		.client_roots = l->client_roots,
		/* A session that goes on would not show which server it is with. */
		.tickets = l->s->intercepts ? NULL : l->cfg->tickets,
		.sni_strict = l->tls->sni_strict,
	};
	struct weir_buf why = {0};

	if (l->s->http || l->s->intercepts)
		cfg.alpn = path_tls_protocols;
	l->s->server[w] = weir_tls_server_create(&cfg, &why);
	if (!l->s->server[w])
		return report(l, l->tls->pos, &why);
	weir_buf_fini(&why);
	return true;
}

static bool make_client(const struct loading *l, unsigned int w)
{
	struct weir_tls_client_cfg cfg = {
		.lib = l->s->of->lib[w],
		.verify = l->tls->verify,
		.roots = l->roots,
		.sessions = SESSIONS_KEPT,
	};
	struct weir_buf why = {0};

	if (!l->tls->upstream_tls)
		return true;
	if (l->tls->has_cert)
		cfg.cert = l->s->certs[l->n_server_certs];
	if (l->s->http || l->s->intercepts)
		cfg.alpn = path_tls_protocols;
	l->s->client[w] = weir_tls_client_create(&cfg, &why);
	if (!l->s->client[w])
		return report(l, l->tls->upstream_pos, &why);
	weir_buf_fini(&why);
	return true;
}

static bool make_minter(const struct loading *l, unsigned int w)
{
	struct weir_buf why = {0};

	if (!l->s->intercepts)
		return true;
	l->s->minter[w] = weir_tls_minter_create(l->s->ca, LEAVES_KEPT, &why);
	if (!l->s->minter[w])
		return report(l, l->tls->authority.pos, &why);
	weir_buf_fini(&why);
	return true;
}

static bool set_name(const struct loading *l)
{
	const char *name = l->tls->name ? l->tls->name : "";
	size_t len = strlen(name);

	if (len >= sizeof(l->s->server_name)) {
		weir_conf_error(l->cfg->report, l->tls->upstream_pos, "name has %zu bytes", len);
		return false;
	}
	memcpy(l->s->server_name, name, len + 1);
	return true;
}

static bool load_one(const struct weir_tls_loading *cfg, struct weir_tls_services *set, uint16_t i)
{
	struct loading l = {
		.cfg = cfg,
		.tls = weir_policy_tls(cfg->policy, i),
		.s = &set->service[i],
	};
	bool good;

	l.s->name = l.tls->service;
	l.s->upstream_tls = l.tls->upstream_tls;
	l.s->http = l.tls->http;
	l.s->intercepts = l.tls->intercepts;
	l.s->http2 = l.tls->http2;
	l.s->http2_upstream = l.tls->http2_upstream;
	l.s->verifies_clients = l.tls->verify_client != WEIR_TLS_CLIENT_NONE;
	l.s->handshake_timeout_ns = l.tls->handshake_timeout_ns;
	good = load_files(&l) && set_name(&l);
	for (unsigned int w = 0; good && w < set->n_workers; w++)
		good = make_server(&l, w) && make_client(&l, w) && make_minter(&l, w);
	weir_tls_roots_destroy(l.client_roots);
	weir_tls_roots_destroy(l.roots);
	return good;
}

int weir_path_load_tls(const struct weir_tls_loading *cfg, struct weir_tls_services **out)
{
	uint16_t n = weir_policy_tls_count(cfg->policy);
	struct weir_tls_services *set;
	bool good = true;

	*out = NULL;
	if (!n)
		return 0;
	set = make_set(n, cfg->n_workers);
	if (!set) {
		weir_conf_error(cfg->report, (struct weir_conf_pos){.file = "policy"},
				"out of memory");
		return -WEIR_ENOMEM;
	}
	for (uint16_t i = 0; i < n; i++)
		good = load_one(cfg, set, i) && good;
	if (good) {
		*out = set;
		return 0;
	}
	weir_tls_services_destroy(set);
	return -WEIR_EFORMAT;
}

/* ---- connections ---- */

const struct path_tls_service *path_tls_service_get(struct path_worker *w,
						    const struct weir_generation *gen, uint16_t tls)
{
	struct weir_tls_services *set = gen->tls;

	if (tls >= weir_tls_services_count(set))
		return NULL;
	path_users_add(&set->user[w->id], 1);
	return &set->service[tls];
}

void path_tls_service_put(struct path_worker *w, const struct path_tls_service *s)
{
	path_users_add(&s->of->user[w->id], (uint32_t)-1);
}

/* ---- contexts of generations that no worker reads any more; control ---- */

void path_retire_tls(struct weir_path *p, struct weir_generation *g)
{
	path_free_retired_tls(p);
	if (g->tls) {
		g->tls->next = p->retired_tls;
		p->retired_tls = g->tls;
		g->tls = NULL;
	}
	path_free_retired_tls(p);
}

void path_free_retired_tls(struct weir_path *p)
{
	struct weir_tls_services **at = &p->retired_tls, *set;

	while ((set = *at)) {
		if (path_users_count(set->user)) {
			at = &set->next;
			continue;
		}
		*at = set->next;
		weir_tls_services_destroy(set);
	}
}
