/* SPDX-License-Identifier: BSD-3-Clause */
/* Kind Defaults: what happens where no policy speaks, and when something fails. */
#include "policy_impl.h"

#define SECONDS(n) ((n)*WEIR_NS_PER_S)

const struct weir_policy_defaults policy_defaults_initial = {
	.unmatched = WEIR_VERDICT_DENY,
	.unknown_protocol = WEIR_VERDICT_DROP,
	.arp = WEIR_VERDICT_ALLOW,
	.non_ip = WEIR_VERDICT_DROP,
	.reassemble_fragments = true,
	.midstream = WEIR_VERDICT_ALLOW,
	.evict_half_open = true,
	.syn_cookies = true,
	.on_memory = WEIR_FAIL_CLOSED,
	.on_parse = WEIR_FAIL_CLOSED,
	.on_state = WEIR_FAIL_CLOSED,
	.answers_per_second = 10000,
	.timeouts =
		{
			.syn_sent_ns = SECONDS(30),
			.syn_received_ns = SECONDS(30),
			.established_ns = SECONDS(7200),
			.closing_ns = SECONDS(120),
			.time_wait_ns = SECONDS(60),
			.closed_ns = SECONDS(10),
			.udp_new_ns = SECONDS(30),
			.udp_replied_ns = SECONDS(120),
			.icmp_ns = SECONDS(30),
			.other_ns = SECONDS(600),
			.denied_ns = SECONDS(10),
			.client_hello_ns = SECONDS(10),
		},
};

static const char *const verdict_words[] = {"allow", "deny", "drop", NULL};
static const char *const failure_words[] = {"closed", "open", "reset", NULL};
static const char *const fragment_words[] = {"drop", "reassemble", NULL};
static const char *const change_words[] = {"reevaluate", "keep", NULL};

static void read_verdict(struct docs *d, const struct weir_conf_node *spec, const char *key,
			 enum weir_verdict *out)
{
	unsigned int word = *out;

	if (weir_conf_word(spec, key, verdict_words, &word, d->r))
		*out = (enum weir_verdict)word;
}

static void read_failure(struct docs *d, const struct weir_conf_node *map, const char *key,
			 enum weir_failure *out)
{
	unsigned int word = *out;

	if (weir_conf_word(map, key, failure_words, &word, d->r))
		*out = (enum weir_failure)word;
}

static void read_failures(struct docs *d, const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"memory", "parse", "state", NULL};
	const struct weir_conf_node *map = weir_conf_get(spec, "failure");

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "failure", d->r))
		return;
	weir_conf_known_keys(map, keys, d->r);
	read_failure(d, map, "memory", &d->defaults.on_memory);
	read_failure(d, map, "parse", &d->defaults.on_parse);
	read_failure(d, map, "state", &d->defaults.on_state);
}

static void read_timeouts(struct docs *d, const struct weir_conf_node *spec)
{
	struct weir_policy_defaults *f = &d->defaults;
	const struct {
		const char *key;
		uint64_t *out;
	} rows[] = {
		{"synSent", &f->timeouts.syn_sent_ns},
		{"synReceived", &f->timeouts.syn_received_ns},
		{"established", &f->timeouts.established_ns},
		{"closing", &f->timeouts.closing_ns},
		{"timeWait", &f->timeouts.time_wait_ns},
		{"closed", &f->timeouts.closed_ns},
		{"udpNew", &f->timeouts.udp_new_ns},
		{"udpReplied", &f->timeouts.udp_replied_ns},
		{"icmp", &f->timeouts.icmp_ns},
		{"other", &f->timeouts.other_ns},
		{"denied", &f->timeouts.denied_ns},
		{"clientHello", &f->timeouts.client_hello_ns},
	};
	const struct weir_conf_node *map = weir_conf_get(spec, "timeouts");
	const char *keys[WEIR_ARRAY_LEN(rows) + 1] = {0};

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "timeouts", d->r))
		return;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		keys[i] = rows[i].key;
		weir_conf_duration(map, rows[i].key, 10 * WEIR_NS_PER_MS, SECONDS(30 * 86400ULL),
				   rows[i].out, d->r);
	}
	weir_conf_known_keys(map, keys, d->r);
}

static void read_words(struct docs *d, const struct weir_conf_node *spec)
{
	struct weir_policy_defaults *f = &d->defaults;
	unsigned int fragments = f->reassemble_fragments, change = f->keep_on_change;

	read_verdict(d, spec, "unmatched", &f->unmatched);
	read_verdict(d, spec, "unknownProtocol", &f->unknown_protocol);
	read_verdict(d, spec, "arp", &f->arp);
	read_verdict(d, spec, "nonIP", &f->non_ip);
	read_verdict(d, spec, "midstream", &f->midstream);
	if (weir_conf_word(spec, "fragments", fragment_words, &fragments, d->r))
		f->reassemble_fragments = fragments == 1;
	if (weir_conf_word(spec, "onChange", change_words, &change, d->r))
		f->keep_on_change = change == 1;
	weir_conf_bool(spec, "evictHalfOpen", &f->evict_half_open, d->r);
	weir_conf_bool(spec, "synCookies", &f->syn_cookies, d->r);
}

void docs_read_defaults(struct docs *d, struct weir_conf_pos pos, const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"unmatched", "unknownProtocol",  "arp",
					   "nonIP",     "fragments",        "midstream",
					   "onChange",  "evictHalfOpen",    "synCookies",
					   "failure",   "answersPerSecond", "timeouts",
					   NULL};
	uint64_t answers = d->defaults.answers_per_second;

	if (d->defaults_pos.line) {
		weir_conf_error(d->r, pos, "there is already a Defaults document at %s:%u:%u",
				d->defaults_pos.file, d->defaults_pos.line, d->defaults_pos.column);
		return;
	}
	d->defaults_pos = pos;
	weir_conf_known_keys(spec, keys, d->r);
	read_words(d, spec);
	read_failures(d, spec);
	read_timeouts(d, spec);
	if (weir_conf_u64(spec, "answersPerSecond", 0, 100000000, &answers, d->r))
		d->defaults.answers_per_second = (uint32_t)answers;
}
