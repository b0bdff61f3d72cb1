/* SPDX-License-Identifier: BSD-3-Clause */
/* Policies from text, and questions to them. */
#include "fixture.h"

#include <weir_mem.h>

#include <jansson.h>

static void start_eal_once(void)
{
	static bool started;
	struct weir_eal_cfg cfg = {.program = "test", .need_bytes = 192 << 20, .quiet = true};

	if (!started)
		ck_assert_int_eq(weir_eal_start(&cfg, NULL), 0);
	started = true;
}

struct loaded load(const char *yaml)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_bytes text = {(const uint8_t *)yaml, strlen(yaml)};
	struct weir_conf_docs *docs = weir_conf_load_text("p.yaml", text, r);
	const struct weir_conf_docs *list[] = {docs};
	struct loaded l = {.names = weir_names_create()};

	start_eal_once();
	if (docs)
		l.policy = weir_policy_from_docs(list, 1, l.names, r);
	weir_conf_report_text(r, &l.said);
	weir_buf_str(&l.said, "");
	weir_conf_docs_destroy(docs);
	weir_conf_report_destroy(r);
	return l;
}

void unload(struct loaded *l)
{
	weir_policy_destroy(l->policy);
	weir_names_destroy(l->names);
	weir_buf_fini(&l->said);
}

struct loaded load_good(const char *yaml)
{
	struct loaded l = load(yaml);

	ck_assert_msg(l.policy != NULL, "%s", l.said.ptr);
	return l;
}

struct weir_policy_query query(const char *from, const char *to, uint8_t proto, uint16_t port)
{
	struct weir_policy_query q = {.proto = proto, .dport = port};

	ck_assert_int_eq(weir_addr_parse(from, &q.src), 0);
	ck_assert_int_eq(weir_addr_parse(to, &q.dst), 0);
	return q;
}

struct weir_policy_decision decide(const struct loaded *l, const char *from, const char *to,
				   uint8_t proto, uint16_t port)
{
	struct weir_policy_query q = query(from, to, proto, port);
	struct weir_policy_decision d;

	weir_policy_decide(l->policy, &q, &d);
	return d;
}

void decided(const struct loaded *l, const struct weir_policy_query *q, struct weir_buf *out)
{
	struct weir_policy_decision d;

	weir_policy_decide(l->policy, q, &d);
	weir_buf_printf(out, "%s %s %s %s %d", weir_verdict_name((enum weir_verdict)d.verdict),
			weir_names_get(l->names, d.policy), weir_names_get(l->names, d.rule),
			d.reason ? weir_drop_name((enum weir_drop)d.reason) : "",
			(d.flags & WEIR_DECISION_WOULD_DENY) != 0);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

void explained(const struct loaded *l, const struct weir_policy_query *q, struct weir_buf *out)
{
	struct weir_buf text = {0};
	struct weir_json j = weir_json_into(&text);
	json_t *root, *d;

	weir_policy_explain(l->policy, q, l->names, &j, NULL);
	root = json_loadb(text.ptr, text.len, 0, NULL);
	ck_assert_msg(root != NULL, "not JSON: %s", text.ptr);
	d = json_object_get(root, "decision");
	weir_buf_printf(out, "%s %s %s %s %d", text_of(d, "verdict"), text_of(d, "policy"),
			text_of(d, "rule"), text_of(d, "reason"),
			json_is_true(json_object_get(d, "would_deny")));
	json_decref(root);
	weir_buf_fini(&text);
}
