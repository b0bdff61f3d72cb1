# SPDX-License-Identifier: BSD-3-Clause
"""Messages that two readers may take for different ones (request smuggling), and some that look
like such and are clear. Each says with which status it must be refused, or that it must pass."""
import collections

Row = collections.namedtuple("Row", "name message status passes")

HOST = b"Host: site\r\n"
CHUNKS = b"0\r\n\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: site\r\n\r\n"


def bad(name, message, status=400):
    return Row(name, message, status, False)


def good(name, message):
    return Row(name, message, 0, True)


def post(*fields, body=b"", version=b"1.1", host=HOST):
    return (b"POST / HTTP/" + version + b"\r\n" + host +
            b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body)


def get(*fields, line=b"GET / HTTP/1.1", host=HOST):
    return line + b"\r\n" + host + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


LENGTHS = [bad(f"length {value!r}", post(b"Content-Length: " + value, body=CHUNKS + HIDDEN))
           for value in (b"+5", b"-5", b"5, 5", b"5,5", b"5 5", b"0x5", b"5;", b"5.0", b"\"5\"",
                         b"", b"five", b"5\x00", b"\x0b5", b"99999999999999999999999",
                         b"0000000000000000000000000000005")]

CODINGS = [bad(f"coding {value!r}", post(b"Transfer-Encoding: " + value, body=CHUNKS + HIDDEN),
               status)
           for value, status in (
               (b"chunked, chunked", 400), (b"identity", 501), (b"xchunked", 501),
               (b"chunked x", 501), (b"gzip, chunked", 501), (b"\"chunked\"", 501),
               (b"chunked;q=1", 501), (b"chunked, identity", 501), (b"\x0bchunked", 501),
               (b"chunked\x00", 400), (b"", 400), (b",", 400), (b"cow", 501))]

TWO = [
    bad("length and chunked", post(b"Content-Length: 6", b"Transfer-Encoding: chunked",
                                   body=CHUNKS + b"G")),
    bad("chunked and length", post(b"Transfer-Encoding: chunked", b"Content-Length: 6",
                                   body=CHUNKS + b"G")),
    bad("two lengths", post(b"Content-Length: 5", b"Content-Length: 6", body=b"abcdef")),
    bad("two equal lengths", post(b"Content-Length: 5", b"Content-Length: 5", body=b"abcde")),
    bad("two codings", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity",
                            body=CHUNKS)),
    bad("chunked twice", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
                              body=CHUNKS)),
    bad("chunked in HTTP/1.0", post(b"Transfer-Encoding: chunked", body=CHUNKS, version=b"1.0")),
    bad("two hosts", get(b"Host: other")),
    bad("no host", get(host=b"")),
    bad("host with a path", get(host=b"Host: site/x\r\n")),
    bad("host with a space", get(host=b"Host: site x\r\n")),
    bad("host with a user", get(host=b"Host: user@site\r\n")),
]

FIELDS = [
    bad("space before the colon", post(b"Content-Length : 5", body=b"abcde")),
    bad("tab before the colon", post(b"Transfer-Encoding\t: chunked", body=CHUNKS)),
    bad("space before the name", post(b" Content-Length: 5", body=b"abcde")),
    bad("folded coding", post(b"Transfer-Encoding:\r\n chunked", body=CHUNKS)),
    bad("folded value", get(b"X: a\r\n\tb")),
    bad("name with NUL", get(b"X\x00Y: a")),
    bad("value with NUL", get(b"X: a\x00b")),
    bad("value with CR", get(b"X: a\rTransfer-Encoding: chunked")),
    bad("bare LF in the head", get(b"X: a\nTransfer-Encoding: chunked")),
    bad("LF LF at its end", b"GET / HTTP/1.1\nHost: site\n\n"),
    bad("CR CR LF", get(b"X: a\r")),
    bad("no colon", get(b"Transfer-Encoding chunked")),
    bad("no name", get(b": chunked")),
    bad("name in quotes", post(b"\"Content-Length\": 5", body=b"abcde")),
    bad("name with a bracket", get(b"X[0]: a")),
    bad("name of UTF-8", get(b"Transf\xc3\xa9r-Encoding: chunked")),
    bad("name with a zero width space", get(b"Content-Length\xe2\x80\x8b: 5")),
]

LINES = [
    bad("two spaces", get(line=b"GET  / HTTP/1.1")),
    bad("tab for a space", get(line=b"GET\t/ HTTP/1.1")),
    bad("space at the end", get(line=b"GET / HTTP/1.1 ")),
    bad("a second version", get(line=b"GET / HTTP/1.1 HTTP/1.1")),
    bad("no version", b"GET /\r\n\r\n"),
    bad("HTTP/1.2", get(line=b"GET / HTTP/1.2")),
    bad("HTTP/2.0", get(line=b"GET / HTTP/2.0")),
    bad("HTTP/01.1", get(line=b"GET / HTTP/01.1")),
    bad("http/1.1", get(line=b"GET / http/1.1")),
    bad("HTTP/1.1.1", get(line=b"GET / HTTP/1.1.1")),
    bad("target with a space", get(line=b"GET /a b HTTP/1.1")),
    bad("target with NUL", get(line=b"GET /\x00 HTTP/1.1")),
    bad("target without a slash", get(line=b"GET site HTTP/1.1")),
    bad("asterisk with GET", get(line=b"GET * HTTP/1.1")),
    bad("method with a slash", get(line=b"GE/T / HTTP/1.1")),
    bad("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    bad("three empty lines", b"\r\n\r\n\r\n" + get()),
    bad("a space first", b" " + get()),
    bad("a NUL first", b"\x00" + get()),
]


def chunked(body):
    return post(b"Content-Type: application/x-www-form-urlencoded", b"Transfer-Encoding: chunked",
                body=body)


BODIES = [
    bad("size with a sign", chunked(b"+1\r\na\r\n" + CHUNKS)),
    bad("size with 0x", chunked(b"0x1\r\na\r\n" + CHUNKS)),
    bad("size with a space before", chunked(b" 1\r\na\r\n" + CHUNKS)),
    bad("size with a space behind", chunked(b"1 \r\na\r\n" + CHUNKS)),
    bad("size of many digits", chunked(b"00000000000000001\r\na\r\n" + CHUNKS)),
    bad("size over 64 bits", chunked(b"10000000000000001\r\na\r\n" + CHUNKS)),
    bad("no size", chunked(b"\r\na\r\n" + CHUNKS)),
    bad("size ends in LF", chunked(b"1\na\r\n" + CHUNKS)),
    bad("extension ends in LF", chunked(b"1;a\na\r\n" + CHUNKS)),
    bad("extension with CR", chunked(b"1;a\rb\r\na\r\n" + CHUNKS)),
    bad("chunk without CRLF", chunked(b"1\r\naX" + CHUNKS)),
    bad("chunk ends in LF", chunked(b"1\r\na\n" + CHUNKS)),
    bad("chunk is longer", chunked(b"1\r\nab\r\n" + CHUNKS)),
    bad("end in LF", chunked(b"0\r\n\n")),
    bad("trailer frames", chunked(b"0\r\nContent-Length: 5\r\n\r\n")),
    bad("trailer is a host", chunked(b"0\r\nHost: other\r\n\r\n")),
    bad("trailer codes", chunked(b"0\r\nTransfer-Encoding: chunked\r\n\r\n")),
    bad("trailer with a space", chunked(b"0\r\nX : a\r\n\r\n")),
]

CLEAR = [
    good("a request", get()),
    good("a length", post(b"Content-Length: 5", body=b"abcde")),
    good("a length of zero", post(b"Content-Length: 0")),
    good("white space around a length", post(b"Content-Length: \t5 \t", body=b"abcde")),
    good("a length in other letters", post(b"cOnTeNt-LeNgTh: 5", body=b"abcde")),
    good("chunks", chunked(b"1\r\na\r\n" + CHUNKS)),
    good("chunks of coding in capitals", post(b"Transfer-Encoding: CHUNKED", body=CHUNKS)),
    good("size with zeros", chunked(b"0001\r\na\r\n0000\r\n\r\n")),
    good("extensions", chunked(b"1;a=b;c=\"d\"\r\na\r\n0;e\r\n\r\n")),
    good("a trailer", chunked(b"0\r\nX-Sum: 5\r\n\r\n")),
    good("an empty line before", b"\r\n" + get()),
    good("an absolute target", get(line=b"GET http://site/ HTTP/1.1")),
    good("OPTIONS *", get(line=b"OPTIONS * HTTP/1.1")),
    good("HTTP/1.0 without a host", get(line=b"GET / HTTP/1.0", host=b"")),
    good("a field of the same beginning", get(b"Content-Lengthy: 5")),
]

MESSAGES = LENGTHS + CODINGS + TWO + FIELDS + LINES + BODIES + CLEAR
assert len(MESSAGES) >= 60
