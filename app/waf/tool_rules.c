/* SPDX-License-Identifier: BSD-3-Clause */
/* Rule files to a compiled program, with what is wrong printed. */
#include "tool_waf.h"

#include <stdio.h>
#include <unistd.h>

#define DEBIAN_SETUP "/etc/modsecurity/crs/crs-setup.conf"
#define DEBIAN_RULES "/usr/share/modsecurity-crs/rules/*.conf"

/* CRS leaves these to the engine's own file, without which nothing would be judged. */
static const char prologue[] = "SecRuleEngine On\n"
			       "SecRequestBodyAccess On\n"
			       "SecResponseBodyAccess On\n";

static void print_report(const struct weir_conf_report *r)
{
	struct weir_buf text = {0};

	weir_conf_report_text(r, &text);
	if (text.len)
		fputs(text.ptr, stderr);
	weir_buf_fini(&text);
}

static bool debian_is_there(void)
{
	if (access(DEBIAN_SETUP, R_OK) == 0)
		return true;
	fputs("no rules: name some with --rules, or install Debian's (apt-get install "
	      "modsecurity-crs)\n",
	      stderr);
	return false;
}

static bool add_all(struct weir_seclang *s, const struct tool_rules *rules,
		    struct weir_conf_report *r)
{
	static const char *const debian[] = {DEBIAN_SETUP, DEBIAN_RULES};
	const char *const *pattern = rules->n ? rules->pattern : debian;
	unsigned int n = rules->n ? rules->n : WEIR_ARRAY_LEN(debian);
	bool good = weir_seclang_add_text(s, "built in", "/", weir_bytes_str(prologue), r);

	for (unsigned int i = 0; i < n; i++)
		good = weir_seclang_add(s, pattern[i], r) && good;
	return good;
}

static struct weir_waf *compile(const struct tool_rules *rules, struct weir_conf_report *r)
{
	struct weir_seclang *s = weir_seclang_create();

	if (!s)
		return NULL;
	if (!add_all(s, rules, r) || !weir_seclang_finish(s, r)) {
		weir_seclang_destroy(s);
		return NULL;
	}
	return weir_waf_create(s, &rules->options, r);
}

struct weir_waf *tool_waf_create(const struct tool_rules *rules)
{
	struct weir_conf_report *r;
	struct weir_waf *waf;

	if (!rules->n && !debian_is_there())
		return NULL;
	r = weir_conf_report_create();
	if (!r)
		return NULL;
	waf = compile(rules, r);
	print_report(r);
	weir_conf_report_destroy(r);
	return waf;
}
