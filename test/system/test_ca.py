# SPDX-License-Identifier: BSD-3-Clause
"""`weirctl ca init`: a CA as OpenSSL's command line reads it, files for the right eyes only, and
mistakes told without anything being written over."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from cases import Skip, Suite, check, check_equal
from lab import WEIRCTL

suite = Suite()


def weirctl(*words):
    return subprocess.run([WEIRCTL, *words], capture_output=True, text=True, check=False,
                          timeout=30)


def openssl(*words):
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False,
                          timeout=30)


def mode(path):
    return os.stat(path).st_mode & 0o7777


@suite.case(each=[{"umask": 0o000}, {"umask": 0o022}, {"umask": 0o077}])
def a_new_ca_is_one_and_only_its_owner_can_read_the_key(umask):
    with tempfile.TemporaryDirectory() as parent:
        folder, before = os.path.join(parent, "ca"), os.umask(umask)
        try:
            done = weirctl("ca", "init", folder, "--name", "Bäckerei gateway")
        finally:
            os.umask(before)
        check_equal(done.returncode, 0, f"exit code, {done.stderr}")
        cert, key = os.path.join(folder, "ca.pem"), os.path.join(folder, "ca.key")
        check(cert in done.stdout and key in done.stdout, f"it says {done.stdout!r}")
        check_equal([mode(folder), mode(cert), mode(key)], [0o700, 0o644, 0o600], "modes")
        text = openssl("x509", "-in", cert, "-noout", "-text", "-nameopt", "utf8").stdout
        for wanted in (r"Issuer: CN=Bäckerei gateway", r"Subject: CN=Bäckerei gateway",
                       r"ASN1 OID: prime256v1", r"Basic Constraints: critical\s+CA:TRUE, pathlen:0",
                       r"Key Usage: critical\s+Certificate Sign, CRL Sign"):
            check(re.search(wanted, text), f"no {wanted} in {text}")
        done = openssl("verify", "-x509_strict", "-CAfile", cert, cert)
        check_equal(done.returncode, 0, "openssl verify")
        check_equal(openssl("x509", "-in", cert, "-noout", "-pubkey").stdout,
                    openssl("pkey", "-in", key, "-pubout").stdout, "the key of the certificate")


@suite.case()
def a_ca_that_is_there_is_kept():
    with tempfile.TemporaryDirectory() as folder:
        check_equal(weirctl("ca", "init", folder).returncode, 0, "exit code")
        kept = {name: open(os.path.join(folder, name), "rb").read() for name in
                ("ca.pem", "ca.key")}
        for gone in (None, "ca.pem", "ca.key"):
            if gone:
                os.rename(os.path.join(folder, gone), os.path.join(folder, "away"))
            done = weirctl("ca", "init", folder)
            check_equal(done.returncode, 1, "exit code")
            check("exists" in done.stderr, f"it says {done.stderr!r}")
            if gone:
                check(not os.path.exists(os.path.join(folder, gone)), f"a new {gone}")
                os.rename(os.path.join(folder, "away"), os.path.join(folder, gone))
        for name, content in kept.items():
            with open(os.path.join(folder, name), "rb") as file:
                check_equal(file.read(), content, name)


@suite.case()
def json_says_what_was_made_or_why_not():
    with tempfile.TemporaryDirectory() as folder:
        done = weirctl("--json", "ca", "init", folder, "-n", "a name")
        check_equal(json.loads(done.stdout),
                    {"ok": True, "name": "a name", "certificate": f"{folder}/ca.pem",
                     "key": f"{folder}/ca.key"}, "answer")
        done = weirctl("--json", "ca", "init", folder)
        answer = json.loads(done.stdout)
        check_equal([done.returncode, answer["ok"]], [1, False], "code and answer")
        check(f"{folder}/ca.pem" in answer["error"], f"it says {answer}")


@suite.case(each=[{"words": words} for words in
                  ("ca", "ca init", "ca make /nowhere", "ca init /nowhere more", "ca init --what")])
def what_is_no_command_is_answered_with_its_use(words):
    done = weirctl(*words.split())
    check_equal(done.returncode, 2, "exit code")
    check("ca init DIR" in done.stderr or "ca --help" in done.stderr, f"it says {done.stderr!r}")


@suite.case()
def a_name_or_a_folder_that_cannot_be_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        for words in (("--name", ""), ("--name", "x" * 65)):
            done = weirctl("ca", "init", folder, *words)
            check_equal(done.returncode, 1, "exit code")
            check("name" in done.stderr, f"it says {done.stderr!r}")
        done = weirctl("ca", "init", os.path.join(folder, "no", "where"))
        check_equal(done.returncode, 1, "exit code")
        check("no/where" in done.stderr, f"it says {done.stderr!r}")
        check_equal(os.listdir(folder), [], "what is in the folder")


if __name__ == "__main__":
    suite.main()
