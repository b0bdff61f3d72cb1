# SPDX-License-Identifier: BSD-3-Clause
"""Clients of HTTP/2 that hold memory for as long as they can, towards a Service whose others go
on: slow readers, bodies that never end, heads that wait. Who holds most for longest has to go."""
import contextlib
import re
import select
import threading
import time

from cases import Suite, check_equal
from lab import wait_for
from test_http import digest
from test_https2 import PREFACE, Site, dial, frame

suite = Suite()
HOSTILE = 24
MEMORY = ", http2: 16MiB"
# The largest window for each stream, and for all of them.
WIDE = frame(4, 0, 0, b"\0\4\x7f\xff\xff\xff") + frame(8, 0, 0, b"\x7f\xfe\0\0")
# :method POST, :scheme https, :path /, :authority x, content-type image/png or that of a form
POST = b"\x83\x87\x84\x41\x01x"
PICTURE, FORM = b"\x5f\x09image/png", b"\x5f\x21application/x-www-form-urlencoded"
BIG = b"\x82\x87\x44\x08/big.bin\x41\x01x"


def many(head, content=b""):
    return b"".join(frame(1, 4, i, head) + content.replace(b"STRM", i.to_bytes(4, "big"))
                    for i in range(1, 200, 2))


def slow_reader(s):
    s.sendall(PREFACE + WIDE + b"".join(frame(1, 5, i, BIG) for i in range(1, 41, 2)))


def data(size):
    return size.to_bytes(3, "big") + b"\0\0STRM" + b"a" * size


def held_body(s):
    s.sendall(PREFACE + many(POST + FORM, data(16000) * 4))


def standing_upload(s):
    s.sendall(PREFACE + many(POST + PICTURE, data(16000) * 4))


def large_heads(s):
    # x-a: 7,000 letters, as HPACK's literal that is not kept.
    field = b"\x00\x03x-a\x7f" + bytes([(7000 - 127) & 127 | 128, (7000 - 127) >> 7]) + b"a" * 7000
    s.sendall(PREFACE + many(POST + PICTURE + field))


SHAPES = {f.__name__: f for f in (slow_reader, held_body, standing_upload, large_heads)}


def drip(s, more, done):
    """Says a little each second until it is told to go."""
    told = select.poll()
    told.register(s, select.POLLRDHUP)
    while not told.poll(0) and not done.wait(1):
        s.sendall(more)


def attack(site, shape, done, stack):
    """Keeps so many of them on the line: who was thrown out comes again."""
    def one():
        while not done.is_set():
            with contextlib.suppress(OSError), dial(site) as s:
                s.settimeout(2)
                shape(s)
                drip(s, frame(8, 0, 0, b"\0\0\0\1") if shape is slow_reader else
                     frame(0, 0, 1, b"a"), done)
            done.wait(0.3)

    threads = [threading.Thread(target=one, daemon=True) for _ in range(HOSTILE)]
    for thread in threads:
        thread.start()
    stack.callback(lambda: [thread.join(5) for thread in threads])
    stack.callback(done.set)


def evictions(site):
    metric = r'weir_http2_errors_total\{side="client",error="EVICTED",worker="0"\} (\d+)'
    found = re.search(metric, site.weir.weirctl("metrics").stdout)
    return int(found[1]) if found else 0


@suite.case(each=[{"shape": shape, "behind": behind} for shape in SHAPES
                  for behind in ("http1", "http2-tls")], limit_s=240)
def hostile_sessions_take_no_memory_from_others(shape, behind):
    # What nginx calls text is held to be judged, and that is in memory.waf.
    server = "default_type application/octet-stream;"
    with Site(behind, server=server, memory=MEMORY) as site, \
            contextlib.ExitStack() as stack:
        with open(f"{site.www}/big.bin", "wb") as f:
            f.write(b"0123456789abcdef" * (1 << 18))
        attack(site, SHAPES[shape], threading.Event(), stack)
        end = time.monotonic() + 8
        while time.monotonic() < end:
            check_equal(site.status("-m", "20"), "200", "an honest client's page")
            check_equal(site.status("-m", "20", "-d", "a=" + "b" * 50000), "405",
                        "and what it posts")
        site.curl("-m", "60", "-o", f"{site.lab.dir}/got.bin", path="/big.bin")
        check_equal(digest(f"{site.lab.dir}/got.bin"), digest(f"{site.www}/big.bin"),
                    "a large answer")
        # Of answers in HTTP/1.1 so little is read ahead that there is room for all of them.
        wait_for(lambda: evictions(site) > 5 or (shape, behind) == ("slow_reader", "http1"), 60,
                 "more than five sessions that have to go")
        check_equal(site.weir.counters()["http_memory"], 0, "requests without memory")


if __name__ == "__main__":
    suite.main()
