# SPDX-License-Identifier: BSD-3-Clause
"""A request of HTTP/1.1 as a client of HTTP/2 says it, one to a connection.

Frames are made here and by no library, for what is sent is to be what was meant, good or not. What
HTTP/2 has no words for is Unsayable, which says why.
"""
import contextlib
import re

try:
    import hpack
except ImportError:
    hpack = None

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
ACK, END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32
STREAM = 1
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 9113 section 8.2.2: of the connection, of which HTTP/2 has none.
OF_CONNECTION = {b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade",
                 b"http2-settings"}


class Unsayable(Exception):
    pass


# ---- what is said ----


def request_line(line):
    words = line.split(b" ")
    if len(words) != 3 or words[2] != b"HTTP/1.1" or not TOKEN.fullmatch(words[0]):
        raise Unsayable("a request line of its own")
    method, target, _ = words
    if method == b"CONNECT" or not re.fullmatch(rb"/[\x21-\x7e\x80-\xff]*|\*", target):
        raise Unsayable("a target that is no path")
    if target == b"*" and method != b"OPTIONS":
        raise Unsayable("a target that is no path")
    return method, target


def field(line):
    name, colon, value = line.partition(b":")
    name, value = name.lower(), value.strip(b" \t")
    if not colon or not TOKEN.fullmatch(name) or re.search(rb"[\0-\x08\x0a-\x1f\x7f]", value):
        raise Unsayable("a field that is none")
    if name in OF_CONNECTION or (name == b"te" and value.lower() != b"trailers"):
        raise Unsayable("fields of the connection")
    if name == b"connection" and value.lower() not in (b"close", b"keep-alive"):
        raise Unsayable("fields of the connection")
    return name, value


def pseudo(method, target, fields):
    """The request's own fields, and those that are left."""
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) != 1 or not hosts[0]:
        raise Unsayable("no Host, or more than one")
    left = [one for one in fields if one[0] not in (b"host", b"connection")]
    return [(b":method", method), (b":scheme", b"https"), (b":authority", hosts[0]),
            (b":path", target)] + left


def translate(request):
    """(fields in order, body)"""
    head, end, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target = request_line(first)
    fields = [field(line) for line in lines]
    lengths = [value for name, value in fields if name == b"content-length"]
    if not end or (lengths or [b"0"]) != [str(len(body)).encode()]:
        raise Unsayable("a body of another length")
    return pseudo(method, target, fields), body


# ---- frames ----


def frame(kind, flags, stream, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") +
            payload)


class Conversation:
    """One stream of a connection."""

    def __init__(self, s, told):
        self.socket = s
        self.told = told
        self.buffer = b""
        self.window = {0: 65535, STREAM: 65535}  # what may be sent yet
        self.decoder = hpack.Decoder()
        self.status = None
        self.over = False

    def ask(self, fields, body):
        block = hpack.Encoder().encode([(name, value, True) for name, value in fields],
                                       huffman=False)
        out = PREFACE + frame(SETTINGS, 0, 0)
        ends = END_STREAM if not body else 0
        parts = [block[i:i + 16384] for i in range(0, len(block), 16384)]
        for i, part in enumerate(parts):
            last = END_HEADERS if i + 1 == len(parts) else 0
            out += frame(CONTINUATION if i else HEADERS, last | (0 if i else ends), STREAM, part)
        self.socket.sendall(out)
        self.send_body(body)

    def send_body(self, body):
        while body and not self.over:
            room = min(16384, *self.window.values())
            if room <= 0:
                self.hear()
                continue
            part, body = body[:room], body[room:]
            for one in self.window:
                self.window[one] -= len(part)
            self.socket.sendall(frame(DATA, 0 if body else END_STREAM, STREAM, part))

    def take(self, n):
        while len(self.buffer) < n:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the connection has ended in between")
            self.buffer += more
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def hear(self):
        """One frame, and what it asks for."""
        head = self.take(9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        payload = self.take(int.from_bytes(head[:3], "big"))
        if kind == SETTINGS and not flags & ACK:
            self.settings(payload)
        elif kind == PING and not flags & ACK:
            self.socket.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream in self.window:
            self.window[stream] += int.from_bytes(payload, "big")
        elif kind == HEADERS:
            self.head(flags, payload)
        elif kind == DATA and payload:
            self.give_room(len(payload))
        # GOAWAY may come before the answer to what it says will still be answered.
        self.over |= (kind == RST_STREAM or
                      (kind == GOAWAY and int.from_bytes(payload[:4], "big") < STREAM) or
                      (kind in (HEADERS, DATA) and flags & END_STREAM != 0))

    def settings(self, payload):
        for at in range(0, len(payload), 6):
            if payload[at:at + 2] == b"\0\4":  # INITIAL_WINDOW_SIZE
                self.window[STREAM] += int.from_bytes(payload[at + 2:at + 6], "big") - 65535
        self.socket.sendall(frame(SETTINGS, ACK, 0))

    def head(self, flags, payload):
        if flags & PADDED:
            payload = payload[1:len(payload) - payload[0]]
        if flags & PRIORITY:
            payload = payload[5:]
        while not flags & END_HEADERS:
            head = self.take(9)
            flags |= head[4] & END_HEADERS
            payload += self.take(int.from_bytes(head[:3], "big"))
        fields = dict(self.decoder.decode(payload, raw=True))
        if fields.get(b":status", b"1")[:1] != b"1":
            self.status = int(fields[b":status"])

    def give_room(self, n):
        more = n.to_bytes(4, "big")
        self.socket.sendall(frame(WINDOW_UPDATE, 0, 0, more) +
                            frame(WINDOW_UPDATE, 0, STREAM, more))


def converse(s, exchange, told):
    """The answer is told as HTTP/1.1's, without what is in it."""
    conversation = Conversation(s, told)
    try:
        # Who is refused before it has said all may find the connection closed, and has its answer.
        with contextlib.suppress(OSError):
            conversation.ask(*translate(exchange.request))
        while not conversation.over:
            conversation.hear()
    finally:
        if conversation.status:
            told.answer = b"HTTP/1.1 %d -\r\nContent-Length: 0\r\n\r\n" % conversation.status
