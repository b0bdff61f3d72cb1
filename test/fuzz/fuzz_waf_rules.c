/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A text of rules that is good is compiled and meets a few fixed exchanges: whatever it says,
 * nothing of it is out of bounds, all memory comes back, and what comes of it agrees with itself.
 * Texts that name files are left alone.
 */
#include <strings.h>

#include "fuzz_waf.h"

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char form[] =
	"POST /a/../b.php?a=1&A=2&b=%3cscript%3e&c=sel%2565ct HTTP/1.1\r\nHost: a\r\n"
	"Cookie: a=x; b=' or 1=1--\r\nUser-Agent: curl\r\nX-One: two\r\nContent-Length: 29\r\n"
	"Content-Type: application/x-www-form-urlencoded\r\n\r\na=/etc/passwd&q=%00&a=%u0041x";
static const char json[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n"
			   "Content-Type: application/json\r\n\r\n{\"a\":[1,\"x\"],\"b\":nul";
static const char parts[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 88\r\n"
			    "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
			    "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.php\""
			    "\r\n\r\nselect\r\n--b--\r\n\r\n";
static const char answer[] = "HTTP/1.1 500 Oh\r\nContent-Type: text/html\r\nContent-Length: 24\r\n"
			     "X-Leak: secret\r\n\r\n<title>ORA-1</title>both";
static const char *const requests[] = {form, json, parts};

/* Directives and operators that open files, without the lines' ends that they may be broken by. */
static bool opens_files(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"include", "fromfile", "mapfile", "pmf", "matchf"};
	char text[TEXT_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		if (data[i] && data[i] != '\\' && data[i] != '\r' && data[i] != '\n')
			text[n++] = (char)data[i];
	text[n] = 0;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
		if (strcasestr(text, names[i]))
			return true;
	return false;
}

static void run(struct weir_waf *w, const char *request, uint8_t seed)
{
	static const struct weir_waf_worker_cfg cfg = {
		.bytes = 4 << 20, .collection_keys = 2, .seed = 1};
	struct exchange x = {.waf = w, .pieces = seed, .explain = seed & 1};
	struct weir_waf_result r;

	x.request = weir_bytes_str(request);
	x.response = weir_bytes_str(answer);
	x.worker = weir_waf_worker_create(&cfg);
	if (!x.worker)
		abort();
	if (exchange_run(&x)) {
		weir_waf_tx_result(x.tx, &r);
		check_result(&x, &r);
	}
	exchange_end(&x);
}

/* The first byte: paranoia in the low bits, then the mode. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_waf_options o = {0};
	struct weir_buf text = {0};
	struct weir_waf *w;

	if (!size || size > TEXT_MAX || opens_files(data, size))
		return 0;
	o.paranoia = data[0] & 3;
	o.mode = data[0] & 4 ? WEIR_WAF_ENFORCE : WEIR_WAF_AS_RULES;
	o.no_prefilter = data[0] & 8;
	weir_buf_str(&text, "SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n"
			    "SecPcreMatchLimit 2000\nSecPcreMatchLimitRecursion 2000\n");
	weir_buf_add(&text, data + 1, size - 1);
	w = fuzz_compile(weir_bytes_of(text.ptr, text.len), &o);
	for (size_t i = 0; w && i < WEIR_ARRAY_LEN(requests); i++)
		run(w, requests[i], data[0]);
	weir_waf_destroy(w);
	weir_buf_fini(&text);
	return 0;
}
