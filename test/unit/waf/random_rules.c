/* SPDX-License-Identifier: BSD-3-Clause */
#include "random_rules.h"

#include "waf_test.h"

/* Words of values and of operators; some are others in disguise. */
static const char *const words[] = {
	"select",      "SELECT",
	"sel/**/ect",  "%73elect",
	"s%65lect",    "union",
	"<script",     "&lt;script",
	"\\x3cscript", "\\u003cscript",
	"javascript:", "onload=",
	"/etc/passwd", "/etc//passwd",
	"..\\..\\",    "/./etc/../x",
	"' or 1=1--",  "0x73656c656374",
	"cat  /etc",   "c\"at",
	"ca^t",        "\tcat\r\n",
	"admin",       "a",
	"ab",          "b",
	"12",          "-1",
	"\xc3\xa9",    "%u0061",
	"c2VsZWN0",    "{{7*7}}",
	"$(id)",       "`id`",
	"\x01\x02",    "zz-zz_zz.z",
};

static const char *const steps[] = {
	"lowercase",          "uppercase",        "urlDecode",
	"urlDecodeUni",       "htmlEntityDecode", "jsDecode",
	"cssDecode",          "removeNulls",      "removeWhitespace",
	"compressWhitespace", "replaceComments",  "normalizePath",
	"normalizePathWin",   "cmdLine",          "base64Decode",
	"hexDecode",          "utf8toUnicode",    "trim",
	"removeCommentsChar", "escapeSeqDecode",  "length",
	"removeComments",     "sqlHexDecode",     "hexEncode",
};

static const char *const tests[] = {
	"@rx (?i)sel[a-z]+t",
	"@rx ^a",
	"@rx (?:union|select)\\b",
	"@rx <script",
	"@rx \\d{2}",
	"@rx [^a-z]",
	"@rx ^[a-z]+$",
	"@rx on\\w+=",
	"@rx (?i:java)script:?",
	"@rx ^.{0,2}$",
	"@rx \\x01|\\xc3",
	"@rx etc/+passwd",
	"@rx \\$\\(|`",
	"@rx ^(a|b)*$",
	"@pm select union",
	"@pm a zz",
	"@pm passwd script cat",
	"@contains etc",
	"@contains a",
	"@contains <",
	"@streq select",
	"@streq a",
	"@beginsWith /",
	"@beginsWith sel",
	"@endsWith t",
	"@endsWith passwd",
	"@within select union a b",
	"@containsWord cat",
	"@detectSQLi",
	"@detectXSS",
	"@validateByteRange 32-126",
	"@gt 11",
	"@eq 0",
	"@unconditionalMatch",
	"@strmatch lect",
	"@rx (?s)a.*z",
	"@validateUtf8Encoding",
	"@validateUrlEncoding",
};

static const char *const targets[] = {
	"ARGS",           "ARGS_NAMES",       "REQUEST_COOKIES", "REQUEST_COOKIES_NAMES",
	"ARGS:a",         "ARGS:/^b/",        "REQUEST_HEADERS", "REQUEST_HEADERS:X-One",
	"QUERY_STRING",   "REQUEST_URI",      "ARGS_GET",        "REQUEST_HEADERS_NAMES",
	"REQUEST_METHOD", "REQUEST_FILENAME", "REQUEST_LINE",
};
static const char *const later[] = {"ARGS_POST", "REQUEST_BODY", "ARGS_POST_NAMES", "ARGS", "ARGS"};

static const char *const names[] = {"a", "b", "bb", "c", "select", "x[]", "<", "A", ""};

static unsigned int roll(uint64_t *seed, unsigned int n)
{
	return next_random(seed) % n;
}

#define PICK(seed, list) ((list)[roll(seed, (unsigned int)WEIR_ARRAY_LEN(list))])

/* ---- rules ---- */

static void add_targets(struct weir_buf *b, unsigned int phase, uint64_t *seed)
{
	unsigned int n = 1 + roll(seed, 3);

	for (unsigned int i = 0; i < n; i++)
		weir_buf_printf(b, "%s%s", i ? "|" : "",
				phase == 2 && roll(seed, 2) ? PICK(seed, later)
							    : PICK(seed, targets));
	if (roll(seed, 4) == 0)
		weir_buf_str(b, "|!ARGS:c");
}

static void add_test(struct weir_buf *b, uint64_t *seed)
{
	weir_buf_printf(b, " \"%s%s\"", roll(seed, 8) ? "" : "!", PICK(seed, tests));
}

static void add_steps(struct weir_buf *b, uint64_t *seed)
{
	unsigned int n = roll(seed, 5);

	weir_buf_str(b, ",t:none");
	for (unsigned int i = 0; i < n; i++)
		weir_buf_printf(b, ",t:%s", PICK(seed, steps));
	if (roll(seed, 6) == 0)
		weir_buf_str(b, ",multiMatch");
}

static void add_link(struct weir_buf *b, unsigned int phase, uint64_t *seed)
{
	weir_buf_str(b, "SecRule ");
	if (roll(seed, 2))
		weir_buf_str(b, "MATCHED_VARS");
	else
		add_targets(b, phase, seed);
	add_test(b, seed);
	weir_buf_str(b, " \"setvar:tx.n=+1000");
	add_steps(b, seed);
	weir_buf_str(b, "\"\n");
}

static void add_rule(struct weir_buf *b, unsigned int id, uint64_t *seed)
{
	unsigned int phase = 1 + roll(seed, 2);
	bool chain = roll(seed, 6) == 0;

	weir_buf_str(b, "SecRule ");
	add_targets(b, phase, seed);
	add_test(b, seed);
	weir_buf_printf(b, " \"id:%u,phase:%u,pass,log,setvar:tx.n=+1", id, phase);
	if (roll(seed, 3) == 0)
		weir_buf_str(b, ",capture,logdata:%{tx.0}");
	add_steps(b, seed);
	weir_buf_str(b, chain ? ",chain\"\n" : "\"\n");
	if (chain)
		add_link(b, phase, seed);
}

void random_rules(struct weir_buf *out, unsigned int n, uint64_t *seed)
{
	for (unsigned int i = 0; i < n; i++)
		add_rule(out, 100 + i, seed);
	weir_buf_str(out, "SecAction \"id:9,phase:5,pass,log,logdata:%{tx.n}\"\n");
}

/* ---- requests ---- */

static void add_encoded(struct weir_buf *b, const char *text, bool all, uint64_t *seed)
{
	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;
		bool plain = (uint8_t)((c | 32) - 'a') < 26 || (uint8_t)(c - '0') < 10;

		if (plain && (!all || roll(seed, 8)))
			weir_buf_add(b, text, 1);
		else
			weir_buf_printf(b, "%%%02x", c);
	}
}

static void add_value(struct weir_buf *b, uint64_t *seed)
{
	unsigned int n = roll(seed, 4);

	for (unsigned int i = 0; i < n; i++)
		add_encoded(b, PICK(seed, words), roll(seed, 8) == 0, seed);
	if (roll(seed, 200) == 0)
		for (unsigned int i = 0; i < 3000; i++)
			weir_buf_add(b, &"abcdefgh.-<%"[roll(seed, 10)], 1);
}

static void add_form(struct weir_buf *b, uint64_t *seed)
{
	unsigned int n = roll(seed, 6);

	for (unsigned int i = 0; i < n; i++) {
		if (i)
			weir_buf_str(b, "&");
		add_encoded(b, roll(seed, 6) ? PICK(seed, names) : PICK(seed, words), false, seed);
		weir_buf_str(b, "=");
		add_value(b, seed);
	}
}

void random_request(struct weir_buf *head, struct weir_buf *body, uint64_t *seed)
{
	add_form(body, seed);
	weir_buf_str(head, "POST /p");
	if (roll(seed, 3) == 0)
		add_encoded(head, PICK(seed, words), false, seed);
	weir_buf_str(head, "?");
	add_form(head, seed);
	weir_buf_printf(head,
			" HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n"
			"Content-Type: application/x-www-form-urlencoded\r\nX-One: ",
			body->len);
	add_value(head, seed);
	weir_buf_str(head, "\r\nCookie: a=");
	add_value(head, seed);
	weir_buf_str(head, "; select=");
	add_value(head, seed);
	weir_buf_str(head, "\r\n\r\n");
}
