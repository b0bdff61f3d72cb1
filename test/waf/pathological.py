#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Requests that are dear to judge: pathological.py [--size BYTES] [--kind PATTERN] [--list]

Prints a line for `weir inspect` for each kind, with bodies of about --size bytes (126000: all stay
below 128 KiB). What is known to be slow stands here: deep and wide structures, values of what
transformations, regular expressions and libinjection chew on longest, and bodies that grow when
they are unpacked.
"""
import argparse
import base64
import gzip
import json
import re
import sys
import zlib

HEAD = "Host: www.example.net\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n"
FORM = "application/x-www-form-urlencoded"

# ---- requests ----


def fill(unit, size):
    """`unit` again and again, `size` bytes of it."""
    return (unit * (size // len(unit) + 1))[:size]


def post(kind, body, *more):
    lines = [f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return b"POST /a HTTP/1.1\r\n" + (HEAD + "\r\n".join(lines) + "\r\n\r\n").encode() + body


def get(uri, *more):
    return (f"GET {uri} HTTP/1.1\r\n" + HEAD + "".join(line + "\r\n" for line in more) +
            "\r\n").encode()


def quote(raw):
    """Escapes what a form cannot carry as it is; the rest stays short."""
    return re.sub(rb"[%+&=;\x00-\x1f\x7f-\xff]", lambda m: b"%%%02X" % m[0][0], raw)


def form_value(raw, size):
    """One argument that is `raw` repeated, a body of `size` bytes."""
    return post(FORM, b"a=" + quote(fill(raw, size))[:size - 2])


def chunked(body, piece):
    out = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + piece]), body[i:i + piece])
                   for i in range(0, len(body), piece))
    return (b"POST /a HTTP/1.1\r\n" + HEAD.encode() + f"Content-Type: {FORM}\r\n".encode() +
            b"Transfer-Encoding: chunked\r\n\r\n" + out + b"0\r\n\r\n")


def multipart(parts):
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return post("multipart/form-data; boundary=b", body)


def part(name, value, more=b""):
    return b'Content-Disposition: form-data; name="%s"\r\n%s\r\n%s' % (name, more, value)


def xml(body):
    return post("text/xml", body)


def json_body(body):
    return post("application/json", body)


# ---- structures ----


def json_deep(depth):
    return lambda size: json_body(fill(b'{"a":', 5 * min(depth, size // 6)) + b"1" +
                                  b"}" * min(depth, size // 6))


def json_members(count):
    return lambda size: json_body(b"{" + b",".join(
        b'"k%d":"v%d"' % (i, i) for i in range(min(count, size // 16))) + b"}")


def json_long_keys(size):
    """A key of half the body, over an array of as many values as fit behind it."""
    return json_body(b'{"' + b"k" * (size // 2) + b'":[' + b",".join([b"1"] * (size // 4)) + b"]}")


def json_nested_keys(size):
    """Each level's key is long, so that each leaf's name is the sum of them."""
    depth = 100
    key = b'{"' + b"k" * (size // 2 // depth) + b'":'
    return json_body(key * depth + b"[" + b",".join([b"1"] * (size // 4)) + b"]" + b"}" * depth)


def form_arguments(count, pair=b"a%d=%d"):
    return lambda size: post(FORM, b"&".join(pair % (i, i)
                                             for i in range(count)))


def form_filled(size):
    """A thousand arguments that share the body."""
    value = fill(b"<a href='x' or 1=1--", max(size // 1000 - 6, 1))
    return post(FORM, b"&".join(b"a%d=%s" % (i, quote(value)) for i in range(1000))[:size])


def multipart_parts(size):
    return multipart([part(b"a%d" % i, b"v") for i in range(min(10000, size // 64))])


def multipart_quotes(size):
    """A Content-Disposition with as many quoted parameters as fit."""
    many = b'; x="y"' * (size // 8)
    return multipart([b'Content-Disposition: form-data; name="a"' + many + b"\r\n\r\nv"])


def multipart_header(size):
    return multipart([part(b"a", b"v", b"X-Long: " + fill(b"<script ", size) + b"\r\n")])


def multipart_headers(size):
    return multipart([part(b"a", b"v", b"".join(b"X-%d: v\r\n" % i for i in range(1000)))])


def xml_deep(size):
    n = size // 7
    return xml(b"<a>" * n + b"x" + b"</a>" * n)


def xml_wide(size):
    return xml(b"<r>" + b"<a b='c'/>" * (size // 10) + b"</r>")


def xml_attributes(size):
    """All attributes at one element: who compares each with all others is busy."""
    return xml(b"<r" + b"".join(b" a%x=''" % i for i in range(size // 9)) + b"/>")


def xml_namespaces(size):
    return xml(b"<r" + b"".join(b" xmlns:a%x='u'" % i for i in range(size // 16)) + b"/>")


def xml_entities(size):
    return xml(b"<r>" + b"&lt;&amp;&#65;" * (size // 14) + b"</r>")


def xml_declared(size):
    """A billion laughs, where entities were expanded."""
    names = b"".join(b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, 10))
    first = b'<!DOCTYPE r [<!ENTITY e0 "' + b"ha" * (size // 4) + b'">'
    return xml(first + names + b"]><r>&e9;</r>")


def xml_defaults(size):
    """Attributes that a DTD gives to each element."""
    n = size // 2 // 22
    return xml(b"<!DOCTYPE r [<!ATTLIST a " + b"".join(b"x%x CDATA 'v' " % i for i in range(n)) +
               b">]><r>" + b"<a/>" * (size // 8) + b"</r>")


def xml_comment(size):
    return xml(b"<r><!--" + b"a" * min(size, 1 << 20) + b"--><!--" + b"b" * size + b"--></r>")


def xml_tag(size):
    return xml(b"<r a='" + b"&lt;" * (min(size, 1 << 20) // 5) + b"'/>")


def xml_text(size):
    return xml(b"<r>" + fill(b"x' or 1=1 /* ", size) + b"</r>")


# ---- heads ----


def cookies(_size):
    return get("/a", *("Cookie: " + "; ".join(f"a{i:x}=b{i:x}" for i in range(k, k + 600))
                       for k in range(0, 4000, 600)))


def cookies_hostile(_size):
    return get("/a", *("Cookie: " + "; ".join(f"a{i:x}=<'%27 or" for i in range(k, k + 450))
                       for k in range(0, 3600, 450)))


def header_of(text):
    return lambda size: get("/a", *(f"X-Long-{i}: " + fill(text, 7500) for i in range(8)))


def one_header(text):
    return lambda size: get("/a", "X-Long: " + fill(text, 60000))


def headers_many(_size):
    return get("/a", *(f"X-H-{i}: " + fill("' or 1=1 <a href=", 490) for i in range(120)))


def uri_of(text):
    return lambda size: get("/" + fill(text, 8000))


def query_arguments(_size):
    return get("/?" + "&".join(f"{i:x}='" for i in range(1000)))


# ---- bodies that grow ----


def bomb(coding, pack):
    def make(_size):
        return post(FORM, pack(b"a=" + b"\0" * 10_000_000), f"Content-Encoding: {coding}")
    return make


def gzip_hostile(size):
    return post(FORM, gzip.compress(b"a=" + quote(fill(b"' union select 1,2 from a -- ", size))),
                "Content-Encoding: gzip")


# "a=" and ten million zero bytes, made with Python's brotli, which not everybody has.
BROTLI_ZEROS = base64.b64decode("y///P/gnAXrC4rNA4Pb+72SgJQb+CYA4LALgccQA")


def four_times(raw):
    for _ in range(4):
        raw = gzip.compress(raw)
    return raw


# ---- values ----

# Of honest people.
PROSE = (b"It's what they say, and nobody (not even they) knows why. The quick brown fox jumps "
         b"over the lazy dog; tables, chairs or a select few, it does not matter. ")

# Of one argument, repeated until the body is full.
VALUES = {
    "spaces": b" ",
    "quotes": b"'",
    "double-quotes": b'"',
    "backticks": b"`",
    "less-than": b"<",
    "less-than-letter": b"<a ",
    "attributes": b"<a a=b ",
    "on-handlers": b" onx=",
    "percent-chain": b"%252525",
    "parentheses": b"(",
    "brackets": b"[",
    "braces": b"{",
    "dollars": b"$",
    "dollar-brace": b"${",
    "comments": b"a/**/",
    "open-comments": b"/*",
    "html-comments": b"<!--",
    "dashes": b"-",
    "hashes": b"#",
    "dots": b"../",
    "dots-windows": b"..\\",
    "slashes": b"/",
    "base64": b"QWxhZGRpbjpvcGVuIHNlc2FtZQ",
    "letters": b"a",
    "digits": b"1",
    "zeros": b"\0",
    "high-bytes": b"\xff",
    "utf-8": "\u00e9".encode(),
    "prose": b"The quick brown fox jumps over the lazy dog and selects a union of tables. ",
    "sql": b"select a from b where c = 'd' and e like 'f' -- \n",
    "union": b"union select ",
    "or-equal": b"' or 1=1 ",
    "plus": b"1+1-",
    "commas": b"1,",
    "sql-words": b"having group by order by limit sleep( benchmark( char(",
    "shell": b";|cat /etc/passwd&&`id`$(ls)",
    "shell-quotes": b"c\"a\"t'",
    "caret": b"c^a^t",
    "backslashes": b"\\",
    "backslash-letters": b"\\a\\x4",
    "css-escapes": b"\\000041",
    "entities": b"&lt;&#x41;&#65;",
    "ampersands": b"&#",
    "unicode-u": b"%u0041",
    "unicode-js": b"\\u0041",
    "newlines": b"\r\n",
    "line-feeds": b"\n",
    "xss-near": b"<++{.:",
    "shell-near": b"x|t[\\$o\\i\\m'|| $e!e&&$'|x  ( ",
    "assignments": b"&    ''''. ",
    "keyword-near": b"alterHqchar and   ",
    "tabs": b"\t",
    "php": b"<?php $_GET['a'](base64_decode(",
    "php-variables": b"$a{b}[c]->d(",
    "template": b"{{a}}<%= b %>",
    "jndi": b"${jndi:${lower:l}",
    "node": b"require('child_process')._$$ND_FUNC$$_",
    "prototype": b"__proto__[constructor].prototype",
    "java": b"java.lang.Runtime.getRuntime().exec(",
    "url": b"http://1.2.3.4/a?b=file:///c://",
    "header-split": b"\r\nSet-Cookie: a=b\r\nHTTP/1.1 ",
    "ldap": b"(&(a=b)(|(c=d)",
    "email": b"a@b.example, ",
    "javascript": b"window['a'](document.cookie+eval(",
    "jsfuck": b"[][(![]+[])[+[]]+",
    "style": b"style=behavior:url(expression(",
}


def form_two(first, second):
    """A value that is harmless at first."""
    return lambda size: post(FORM, b"a=" + (quote(fill(first, size // 8)) +
                                            quote(fill(second, size)))[:size - 2])


def header_ending(text, end):
    """Eight header fields; what stands at their ends makes the rules that look for it ask."""
    return lambda size: get("/a", *(f"X-Long-{i}: " + fill(text, 7500) + end for i in range(8)))


NEEDLES = "<a;$(ls)|id 'or' sh"

KINDS = {
    "json deep 100": json_deep(100),
    "json deep 1000": json_deep(1000),
    "json deep 100000": json_deep(100_000),
    "json members 1000": json_members(1000),
    "json members 100000": json_members(100_000),
    "json long key": json_long_keys,
    "json long keys nested": json_nested_keys,
    "json escapes": lambda size: json_body(b'{"a":"' + fill(b"\\u0041", size // 6 * 6) + b'"}'),
    "json sql": lambda size: json_body(b'{"a":"' + fill(b"' union select 1 -- ", size) + b'"}'),
    "json arrays": lambda size: json_body(b"[" * 60 + b",".join([b"[]"] * (size // 3)) + b"]" * 60),
    "form arguments 1000": form_arguments(1000),
    "form arguments 1000 hostile": form_arguments(1000, b"a%d['x']=<a href='%d' or 1=1"),
    "form arguments 100000": form_arguments(100_000),
    "form arguments filled": form_filled,
    "form one name": lambda size: post(FORM, fill(b"a['x'<or 1=1", size)),
    "form separators": lambda size: post(FORM, b"&" * size),
    "multipart parts": multipart_parts,
    "multipart header": multipart_header,
    "multipart headers": multipart_headers,
    "multipart quotes": multipart_quotes,
    "multipart lines": lambda size: multipart([part(b"a", b"--\n" * (size // 3))]),
    "multipart file": lambda size: multipart([
        b'Content-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\n' +
        fill(bytes(range(256)), size)]),
    "json prose": lambda size: json_body(b'{"a":"' + fill(PROSE, size) + b'"}'),
    "json base64": lambda size: json_body(b'{"a":"' + base64.b64encode(
        fill(bytes(range(256)), size * 3 // 4)) + b'"}'),
    "form prose": lambda size: post(FORM, b"a=" + fill(PROSE.replace(b" ", b"+"), size)),
    "form backslashes and sql": form_two(b"\\", b"' or 1=1 "),
    "xml deep": xml_deep,
    "xml wide": xml_wide,
    "xml attributes": xml_attributes,
    "xml namespaces": xml_namespaces,
    "xml entities": xml_entities,
    "xml declared entities": xml_declared,
    "xml default attributes": xml_defaults,
    "xml comment": xml_comment,
    "xml tag": xml_tag,
    "xml text": xml_text,
    "cookies 4000": cookies,
    "cookies hostile": cookies_hostile,
    "headers 8 quotes": header_of("'"),
    "headers 8 sql": header_of("union select ' or 1=1 "),
    "header 60000": one_header("a' <b \\x "),
    "headers 120": headers_many,
    "header tabs": header_ending("\t", NEEDLES),
    "header xss-near": header_ending("<++{.:", NEEDLES),
    "query newlines": lambda size: get("/?" + "&".join(
        f"{i}=" + "%0a" * 500 + ";ls" for i in range(5))),
    "form newlines 500 each": lambda size: post(FORM, fill(
        b"a=" + b"\n" * 500 + b";ls|cat&", size)),
    "form newlines 90 each": lambda size: post(FORM, fill(b"a=" + b"\n" * 85 + b";ls&", size)),
    "form newlines in blocks": lambda size: form_value(b"\n" * 60 + b";ls", size),
    "form letters then quotes": form_two(b"a ", b"'"),
    "form letters then less-than": form_two(b"a ", b"<"),
    "form letters then parentheses": form_two(b"a ", b"(&(a=b)(|(c=d)"),
    "form letters then newlines": form_two(b"a ", b"\n"),
    "uri letters": uri_of("a"),
    "uri dots": uri_of("../"),
    "uri percent": uri_of("%2527"),
    "uri sql": uri_of("?a='union/**/select("),
    "query arguments 1000": query_arguments,
    "gzip bomb": bomb("gzip", gzip.compress),
    "gzip four times": bomb("gzip, gzip, gzip, gzip", four_times),
    "deflate bomb": bomb("deflate", zlib.compress),
    "brotli bomb": bomb("br", lambda _raw: BROTLI_ZEROS),
    "gzip of sql": gzip_hostile,
    "chunks of 1 byte": lambda size: chunked(b"a=" + b"'" * (size // 6), 1),
}


def add_values():
    for name, unit in VALUES.items():
        KINDS[f"value {name}"] = lambda size, unit=unit: form_value(unit, size)


add_values()


def lines(size, pattern="", only=None):
    """(kind, line for `weir inspect`) of each kind."""
    for kind, make in KINDS.items():
        if re.search(pattern, kind) and (only is None or kind in only):
            yield kind, json.dumps({"id": kind, "request": base64.b64encode(make(size)).decode()})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=126000)
    parser.add_argument("--kind", default="", metavar="PATTERN")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(kind for kind in KINDS if re.search(args.kind, kind)))
        return
    for _, line in lines(args.size, args.kind):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
