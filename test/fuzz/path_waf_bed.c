/* SPDX-License-Identifier: BSD-3-Clause */
/* A path with rules and stream rules, and what is said through it. */
#include "path_waf_bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RELOADS 1 /* they take time */

static const char conf_text[] = "memory: {connections: 64, waf: 4MiB}\n"
				"ports:\n"
				"  - {name: left, device: 'vdev:net_null0'}\n"
				"  - {name: right, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [left, right]}]\n"
				"rules: {stream: ['%s/stream.hs']}\n";

static const char *policy_text;
static char folder[] = "/tmp/weir-fuzz-http-XXXXXX";
static unsigned int reloads;

/* ---- made once ---- */

static void write_file(const char *name, const char *text)
{
	char to[64];
	FILE *f;

	snprintf(to, sizeof(to), "%s/%s", folder, name);
	f = fopen(to, "w");
	weir_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static struct weir_policy *make_policy(struct weir_conf_report *r)
{
	char text[4096];
	const char *place = strstr(policy_text, "FOLDER");

	weir_assert(place != NULL);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - policy_text), policy_text, folder,
		 place + strlen("FOLDER"));
	return bed_policy(text, r);
}

/* All generations are alike. */
struct weir_generation *waf_bed_generation(void)
{
	static uint32_t number;
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_generation *g = weir_generation_create(++number, make_policy(r), "fuzz");

	weir_assert(g != NULL);
	weir_assert(weir_path_load_rules(bed.conf, bed.conf, 1, bed.names, r, &g->scan) == 0);
	weir_assert(weir_path_load_waf(g->policy, bed.conf, bed.conf, 1, bed.names, r,
				       &g->programs) == 0);
	weir_conf_report_destroy(r);
	return g;
}

static void remove_files(void)
{
	static const char *const made[] = {"waf.conf", "stream.hs", "stream.yaml", ""};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(made); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s/%s", folder, made[i]);
		remove(name);
	}
}

void waf_bed_start(const char *policy, const char *rules, uint16_t second)
{
	char text[1024];

	policy_text = policy;
	weir_assert(mkdtemp(folder) != NULL);
	write_file("waf.conf", rules);
	write_file("stream.hs", "1:/streamattack/\n");
	write_file("stream.yaml", "patterns: [{id: 1, action: reset}]\n");
	atexit(remove_files);
	snprintf(text, sizeof(text), conf_text, folder);
	bed_start(&(struct bed_cfg){.conf = text, .generation = waf_bed_generation});
	for (unsigned int t = 0; t < BED_TALKS; t++)
		bed.talks[t].server_port = t ? second : 80;
}

void waf_bed_begin(void)
{
	bed_begin();
	reloads = 0;
	for (unsigned int t = 0; t < BED_TALKS; t++)
		bed_reopen(&bed.talks[t]);
}

/* ---- what records do ---- */

static void write_fill(const struct bed_record *r, size_t len)
{
	uint8_t fill[65536];

	memset(fill, r->n[2] ? r->n[2] : 'x', len);
	talk_write(r->talk, r->side, fill, len);
}

static void write_chunk(const struct bed_record *r, size_t len)
{
	char size[16];

	snprintf(size, sizeof(size), "%zx\r\n", len);
	talk_write(r->talk, r->side, size, strlen(size));
	write_fill(r, len);
	talk_write(r->talk, r->side, "\r\n", 2);
}

size_t waf_bed_write_raw(const struct bed_record *r, const uint8_t *in, size_t left)
{
	size_t n = r->n[0] < left ? r->n[0] : left;

	talk_write(r->talk, r->side, in, n);
	return n;
}

void waf_bed_act(const struct bed_record *r)
{
	switch (r->what) {
	case 8:
		write_fill(r, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 9:
		write_chunk(r, (r->n[0] + 1u) * (r->n[1] + 1u) - 1);
		break;
	case 15:
		if (reloads++ < RELOADS)
			weir_path_publish(bed.path, waf_bed_generation());
		break;
	default:
		bed_act(r);
	}
}
