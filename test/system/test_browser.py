# SPDX-License-Identifier: BSD-3-Clause
"""A real browser, Chromium without a window, goes through weir to a small site of nginx, judged by
Debian's CRS at paranoia 1: whatever it loads, sends and keeps works as without weir, and a script
in the query is refused."""
import html
import json
import re
import struct
import zlib

from cases import Suite, check, check_equal
from lab import Lab, best_device, need, wait_for
from test_http import policy

suite = Suite()
PATIENCE_S = 150
HTTP = "default_type text/html; types { text/css css; text/javascript js; image/png png; " \
       "image/svg+xml svg; application/json json; }"
SERVER = """
location = /api/order { default_type application/json; return 200 '{"ordered":true}'; }
location = /api/upload { default_type application/json; return 200 '{"uploaded":true}'; }
location = /api/session { default_type application/json;
    add_header Set-Cookie "session=s3cret-0123456789abcdef; Path=/";
    return 200 '{"cookie":"$http_cookie"}'; }
location = /form { default_type text/html; return 200 '<p id="done">thanks</p>'; }
"""
INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<link rel="icon" href="/favicon.png"><link rel="stylesheet" href="/style.css">
<script src="/site.js" defer></script></head>
<body><h1>Caf&eacute; &amp; more</h1>
<img id="png" src="/pixel.png" alt="a pixel"><img id="svg" src="/circle.svg" alt="a circle">
<form id="form" action="/form" method="post" enctype="multipart/form-data" target="frame">
<input name="name" value="Zo&euml; O'Neill"><textarea name="note">Two lines:
one &amp; two, from small to large; it's all right.</textarea>
<input type="file" name="picture" id="picture"></form>
<iframe name="frame" id="frame"></iframe><pre id="result"></pre></body></html>
"""
STYLE = "body { font-family: sans-serif; background: url(/pixel.png); }\nh1 { color: #123456; }\n"
SVG = ('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
       '<circle cx="4" cy="4" r="4"/></svg>')
SCRIPT = """
'use strict';
const result = {};

async function ask(name, url, options) {
    const answer = await fetch(url, options);
    const type = answer.headers.get('content-type') || '';
    result[name] = [answer.status, type.includes('json') ? await answer.json() : null];
}

function loaded(frame) {
    return new Promise(done => {
        frame.onload = () => done(frame.contentDocument.body.innerText);
    });
}

async function sendForm() {
    const files = new DataTransfer();
    const form = document.getElementById('form'), frame = document.getElementById('frame');
    files.items.add(new File([new Uint8Array(5000).map((_, i) => i * i)], 'holiday 1.jpg',
                             {type: 'image/jpeg'}));
    document.getElementById('picture').files = files.files;
    const done = loaded(frame);
    form.submit();
    result.form = (await done).trim();
}

async function everything() {
    const order = {items: [{id: 17, count: 2}, {id: 4, count: 1}],
                   note: "it's a gift, for Zo\\u00eb",
                   price: 12.5, express: true, address: {street: 'High Street 1', zip: null}};
    const upload = new FormData();
    upload.append('title', 'holiday pictures & more');
    upload.append('file', new Blob(['some text\\n'.repeat(500)], {type: 'text/plain'}), 'a.txt');
    await ask('order', '/api/order', {method: 'POST', body: JSON.stringify(order),
                                      headers: {'Content-Type': 'application/json'}});
    await ask('upload', '/api/upload', {method: 'POST', body: upload});
    await ask('encoded', '/api/upload', {method: 'POST',
                                         body: new URLSearchParams({a: 'b c', d: '\\u00e9=&'})});
    await ask('data', '/data.json?page=2&sort=price');
    await ask('session', '/api/session');
    document.cookie = 'theme=dark; path=/';
    await ask('again', '/api/session');
    await sendForm();
    await ask('attack', '/index.html?q=' + encodeURIComponent('<script>alert(1)</' + 'script>'));
    await ask('after', '/data.json');
    result.images = ['png', 'svg'].map(id => document.getElementById(id).naturalWidth);
    result.color = getComputedStyle(document.querySelector('h1')).color;
}

everything().catch(why => { result.error = String(why); }).finally(() => {
    document.getElementById('result').textContent = JSON.stringify(result);
});
"""
SESSION = "session=s3cret-0123456789abcdef"
WANTED = {
    "order": [200, {"ordered": True}],
    "upload": [200, {"uploaded": True}],
    "encoded": [200, {"uploaded": True}],
    "data": [200, {"all": ["is", "well"]}],
    "session": [200, {"cookie": ""}],
    "again": [200, {"cookie": SESSION + "; theme=dark"}],
    "form": "thanks",
    "attack": [403, None],
    "after": [200, {"all": ["is", "well"]}],
    "images": [3, 9],
    "color": "rgb(18, 52, 86)",
}


def png(width, height):
    """A grey picture."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0,
                                                             0, 0)) +
            chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def make_site(lab):
    www = lab.nginx(http=HTTP, server=SERVER)
    files = {"index.html": INDEX, "style.css": STYLE, "site.js": SCRIPT, "circle.svg": SVG,
             "data.json": '{"all":["is","well"]}', "pixel.png": png(3, 3),
             "favicon.png": png(16, 16)}
    for name, text in files.items():
        with open(f"{www}/{name}", "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())


def browse(lab, host):
    """The page as it is when its scripts are through."""
    done = lab.client.run(
        "env", f"HOME={lab.dir}", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
        "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={lab.dir}/chromium",
        f"--host-resolver-rules=MAP shop.test {host}", "--virtual-time-budget=30000", "--dump-dom",
        "http://shop.test/index.html", timeout=PATIENCE_S, check=False)
    check_equal(done.returncode, 0, f"chromium: {done.stdout[-500:]}")
    return done.stdout


def results_of(page):
    found = re.search(r'<pre id="result">(.*?)</pre>', page, re.DOTALL)
    check(found and found[1], f"the scripts are not through: {page[-1000:]}")
    return json.loads(html.unescape(found[1]))


ASKED = {"/index.html", "/style.css", "/site.js", "/pixel.png", "/circle.svg", "/favicon.png",
         "/api/order", "/api/upload", "/api/session", "/data.json", "/form"}


def check_records(weir):
    def told():
        return weir.events(event_type="http")

    wait_for(lambda: {r["http"]["url"] for r in told()} == ASKED, 30, "records of all it asked")
    bad = [(r["http"]["url"], r["http"]["status"], r["weir"]["verdict"]) for r in told()
           if (r["http"]["status"], r["weir"]["verdict"]) != (200, "pass")]
    check_equal(bad, [("/index.html", 403, "deny")], "what did not pass with 200")
    agents = {r["http"]["http_user_agent"] for r in told()}
    check(all("Chrome" in agent for agent in agents), f"user agents: {agents}")


@suite.case(limit_s=240, each=[{"family": 4}, {"family": 6}])
def chromium_uses_a_site_as_without_weir_and_its_attack_is_refused(family):
    need("chromium")
    need("nginx")
    with Lab(best_device()) as lab, lab.weir(policy=policy()) as weir:
        make_site(lab)
        host = lab.server.v4 if family == 4 else f"[{lab.server.v6}]"
        check_equal(results_of(browse(lab, host)), WANTED, "the scripts")
        check_records(weir)
        check_equal(weir.counters()["http_denied"], 1, "refused")
        check(weir.alive(), "weir has ended")


if __name__ == "__main__":
    suite.main()
