/* SPDX-License-Identifier: BSD-3-Clause */
/* A policy: documents read, compiled, kept as long as a generation needs it. */
#include "policy_impl.h"

#include <stdlib.h>

void weir_policy_destroy(struct weir_policy *p)
{
	if (!p)
		return;
	for (unsigned int v = 0; v < VIEWS; v++)
		view_fini(&p->view[v]);
	classes_fini(&p->classes);
	free(p->ranked);
	array_fini(&p->lengths);
	docs_fini(&p->docs);
	free(p);
}

static void warn_if_empty(const struct weir_policy *p)
{
	if (p->docs.n_enforced || p->docs.defaults.unmatched == WEIR_VERDICT_ALLOW)
		return;
	weir_conf_warning(p->docs.r, (struct weir_conf_pos){.file = "policy"},
			  "%s, so everything is denied; config/profiles/allow-all.yaml passes "
			  "everything",
			  p->docs.policies.n > p->docs.threats.n ? "no policy is in mode enforce"
								 : "no policy");
}

struct weir_policy *weir_policy_from_docs(const struct weir_conf_docs *const *docs, unsigned int n,
					  struct weir_names *names, struct weir_conf_report *r)
{
	struct weir_policy *p = calloc(1, sizeof(*p));
	unsigned int before = weir_conf_errors(r);
	bool good;

	if (!p)
		return NULL;
	p->default_name = weir_names_intern(names, "default");
	if (docs_init(&p->docs, names, r))
		docs_read(&p->docs, docs, n);
	good = weir_conf_errors(r) == before && !p->docs.no_memory && policy_compile(p) &&
	       listen_build(p);
	if (!good && weir_conf_errors(r) == before)
		weir_conf_error(r, (struct weir_conf_pos){.file = "policy"},
				"not enough memory to compile it");
	if (!good) {
		weir_policy_destroy(p);
		return NULL;
	}
	warn_if_empty(p);
	/* Neither the report nor positions in files are looked at again. */
	p->docs.r = NULL;
	return p;
}

const struct weir_policy_defaults *weir_policy_defaults(const struct weir_policy *p)
{
	return &p->docs.defaults;
}

static uint64_t array_bytes(const struct array *a, size_t size)
{
	return a->cap * (uint64_t)size;
}

struct weir_policy_size weir_policy_size(const struct weir_policy *p)
{
	struct weir_policy_size s = {
		.groups = p->docs.groups.n - 1 - p->docs.n_inline,
		.prefixes = p->docs.members.n,
		.policies = p->docs.policies.n - p->docs.threats.n,
		.rules = p->docs.rules.n,
		.services = p->docs.services.n,
		.threats = p->docs.threats.n,
	};

	s.bytes = array_bytes(&p->docs.members, sizeof(struct member)) +
		  array_bytes(&p->docs.rules, sizeof(struct rule)) +
		  array_bytes(&p->docs.services, sizeof(struct service)) +
		  array_bytes(&p->docs.bindings, sizeof(struct binding)) +
		  array_bytes(&p->docs.keys, sizeof(uint32_t)) +
		  array_bytes(&p->classes.member, sizeof(uint32_t)) +
		  p->docs.members.n * 128ULL; /* a tree node and its pool's overhead */
	for (unsigned int v = 0; v < VIEWS; v++)
		s.bytes += array_bytes(&p->view[v].intervals, sizeof(struct interval)) +
			   array_bytes(&p->view[v].asked, sizeof(struct asked)) +
			   (p->view[v].asked_mask + 1ULL) * sizeof(uint32_t) +
			   array_bytes(&p->view[v].parts, sizeof(struct proto_part)) +
			   array_bytes(&p->view[v].pairs, sizeof(struct pair)) +
			   (p->view[v].rows ? p->docs.groups.n * sizeof(struct row) : 0);
	return s;
}
