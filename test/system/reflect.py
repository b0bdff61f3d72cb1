#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A backend that answers as it is told: reflect.py PORT RECORD [ANSWERS]

Any path gives 200 and no content. POST /reflect with a JSON object {status, headers, body or
encodedBody (base64)} gives that response, as the backend of CRS's regression tests does. ANSWERS is
a JSON file {"address port": [base64 of a response or null, …]}: what the requests of the connection
that comes from there are answered instead, in order, to the byte.

Each request that came is a JSON line in RECORD, written before it is answered: {from, request},
base64; what is left of a connection at its end, a request that was never whole, is one with
`part: true`. Takes whatever has a head and a length: any method, HTTP/1.0, chunks, pipelines.
"""
import asyncio
import base64
import json
import re
import sys

MAX_HEAD = 1 << 20
NO_BODY = (204, 304)


class NotHttp(Exception):
    pass


# ---- requests ----


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        self.method, self.path = words[0], words[1].partition("?")[0] if len(words) > 1 else ""
        self.version = words[-1]
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields.setdefault(name.strip().lower(), value.strip())
        self.body = b""

    def stays(self):
        words = self.fields.get("connection", "").lower()
        return "close" not in words and (self.version == "HTTP/1.1" or "keep-alive" in words)


class Reader:
    """A connection's bytes; `raw` are those of the request at hand."""

    def __init__(self, stream):
        self.stream = stream
        self.raw = b""

    async def take(self, reading):
        try:
            data = await reading
        except asyncio.IncompleteReadError as short:
            self.raw += short.partial
            raise
        self.raw += data
        return data

    async def until(self, end):
        return await self.take(self.stream.readuntil(end))

    async def exactly(self, n):
        return await self.take(self.stream.readexactly(n))

    async def chunks(self):
        body = b""
        while True:
            line = await self.until(b"\r\n")
            size = re.match(rb"[0-9a-fA-F]+", line)
            if not size:
                raise NotHttp(line)
            if int(size[0], 16) == 0:
                break
            body += (await self.exactly(int(size[0], 16) + 2))[:-2]
        while await self.until(b"\r\n") != b"\r\n":
            pass
        return body

    async def request(self):
        """The next one; IncompleteReadError at the connection's end."""
        self.raw = b""
        request = Request((await self.until(b"\r\n\r\n"))[:-4])
        if "chunked" in request.fields.get("transfer-encoding", "").lower():
            request.body = await self.chunks()
        elif request.fields.get("content-length", "").isdigit():
            request.body = await self.exactly(int(request.fields["content-length"]))
        return request


# ---- responses ----


def what_is_wanted(request):
    """(status, headers, body)"""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if request.path != "/reflect" or not request.body:
        return 200, headers, b""
    try:
        want = json.loads(request.body)
        status = int(want.get("status", 200))
        headers.update({str(k): str(v) for k, v in (want.get("headers") or {}).items()})
        if "encodedBody" in want:
            return status, headers, base64.b64decode(want["encodedBody"])
        return status, headers, want.get("body", "").encode()
    except (ValueError, TypeError, AttributeError):
        return 200, headers, b""


def response_to(request):
    status, headers, body = what_is_wanted(request)
    lines = [f"HTTP/1.1 {status} -"]
    lines += [f"{k}: {v}" for k, v in headers.items() if k.lower() != "content-length"]
    if status not in NO_BODY:
        lines.append(f"Content-Length: {len(body)}")
    if not request.stays():
        lines.append("Connection: close")
    if request.method == "HEAD" or status in NO_BODY:
        body = b""
    return "\r\n".join(lines + ["", ""]).encode("utf-8", "surrogateescape") + body


class Backend:
    def __init__(self, record, answers):
        self.record = record
        self.answers = answers

    def keep(self, peer, raw, **more):
        line = {"from": peer, "request": base64.b64encode(raw).decode(), **more}
        self.record.write(json.dumps(line) + "\n")
        self.record.flush()

    async def converse(self, peer, reader, writer):
        answers = self.answers.get(peer, [])
        stays, number = True, 0
        while stays:
            request = await reader.request()
            self.keep(peer, reader.raw)
            reader.raw = b""
            given = answers[number] if number < len(answers) else None
            number += 1
            writer.write(base64.b64decode(given) if given else response_to(request))
            await writer.drain()
            stays = request.stays()

    async def serve(self, stream, writer):
        peer = "{} {}".format(*writer.get_extra_info("peername")[:2])
        reader = Reader(stream)
        try:
            await self.converse(peer, reader, writer)
        except (OSError, NotHttp, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        if reader.raw:
            self.keep(peer, reader.raw, part=True)
        writer.close()


async def main():
    answers = {}
    if len(sys.argv) > 3:
        with open(sys.argv[3], encoding="utf-8") as f:
            answers = json.load(f)
    with open(sys.argv[2], "a", encoding="utf-8") as record:
        backend = Backend(record, answers)
        server = await asyncio.start_server(backend.serve, None, int(sys.argv[1]), limit=MAX_HEAD,
                                            backlog=512, reuse_address=True)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
