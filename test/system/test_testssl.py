# SPDX-License-Identifier: BSD-3-Clause
"""testssl.sh against a Service whose TLS weir ends: in protocols, ciphers, key exchange, the
server's preferences and known vulnerabilities it finds nothing that it calls worse than INFO."""
import json
import os

from cases import Suite, check, check_equal
from https_site import Site
from lab import need

suite = Suite()
# Protocols, standard ciphers, forward secrecy, preferences, defaults, vulnerabilities.
SECTIONS = ("-p", "-s", "-f", "-P", "-S", "-U")
GOOD = ("OK", "INFO")
# About the laboratory's CA and names, which no CA of the world has signed; and testssl.sh's words
# on what the openssl beside it cannot try.
NOT_WEIRS = ("cert_", "DNS_CAArecord", "engine_problem", "scanTime", "TLS_session_ticket")
CANNOT_TRY = "not supported by local OpenSSL"


def run_testssl(site):
    out = os.path.join(site.lab.dir, "testssl.json")
    site.lab.client.run("testssl", "--quiet", "--color", "0", "--warnings", "off",
                        "--nodns", "none", "--connect-timeout", "30", "--openssl-timeout", "30",
                        "--jsonfile", out, *SECTIONS, f"{site.lab.server.v4}:443", check=False,
                        timeout=500)
    with open(out, encoding="utf-8") as f:
        return json.load(f)


def is_weirs(finding):
    return not finding["id"].startswith(NOT_WEIRS) and CANNOT_TRY not in finding["finding"]


def value_of(findings, name):
    return next((f["finding"] for f in findings if f["id"] == name), "")


def check_grade(findings):
    """testssl.sh gives one from 3.1 on; before that it is what SSL Labs' guide says of these."""
    grade = value_of(findings, "overall_grade")
    if grade:
        check(grade in ("A", "A+"), f"the grade is {grade}")
        return
    for old in ("SSLv2", "SSLv3", "TLS1", "TLS1_1"):
        check(value_of(findings, old).startswith("not offered"), f"{old} is offered")
    check(value_of(findings, "TLS1_3").startswith("offered"), "no TLS 1.3")
    for weak in ("NULL", "aNULL", "EXPORT", "LOW", "3DES_IDEA", "AVERAGE"):
        check(any(f["id"].startswith("cipherlist_" + weak) and f["finding"] == "not offered"
                  for f in findings), f"ciphers {weak} are offered, or were not tried")
    check(value_of(findings, "cipherlist_STRONG") == "offered", "no strong ciphers")


@suite.case(limit_s=560)
def testssl_finds_nothing_wrong_with_a_service():
    need("testssl")
    with Site() as site:
        findings = run_testssl(site)
        names = {f["id"] for f in findings}
        for must in ("TLS1_3", "heartbleed", "ROBOT", "LUCKY13", "secure_client_renego"):
            check(must in names, f"{must} was not tried: {len(findings)} findings")
        bad = [f"{f['severity']} {f['id']}: {f['finding']}" for f in findings
               if f["severity"] not in GOOD and is_weirs(f)]
        check_equal(bad, [], "findings")
        check_grade(findings)
        check(site.weir.alive(), "weir has ended")


if __name__ == "__main__":
    suite.main()
