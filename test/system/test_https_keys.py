# SPDX-License-Identifier: BSD-3-Clause
"""Keys: those of certificates stay in weir's memory, which nobody else reads; those of session
tickets change while weir runs, and sessions are resumed across that, across workers and reloads."""
import base64
import contextlib
import os
import re
import signal
import ssl
import threading

from cases import SOAK, Suite, check, check_equal
from https_site import NAME, Pki, Site, dial_tls, get, read_all
from lab import Lab, best_device, cpus, need, read_file, sh, wait_for

suite = Suite()
NO_PTRACE = ("setpriv", "--bounding-set=-sys_ptrace")
RELOADS = 200 if SOAK else 4


# ---- the process's memory ----


@contextlib.contextmanager
def weir_started(memory, by):
    """weir with a private key, started by a command."""
    with Lab(best_device()) as lab:
        pki = Pki(lab.dir)
        with lab.weir(policy=pki.policy(), memory=memory, start=False) as weir:
            weir.start(by=by, cwd=lab.dir)
            yield weir


@suite.case(each=[{"dumps": False}, {"dumps": True}])
def memory_is_read_by_none_of_the_same_user_unless_dumps_are_allowed(dumps):
    need("setpriv")
    # CAP_SYS_PTRACE would read everything; without it who has the same user does.
    with weir_started(f", dumps: {str(dumps).lower()}", NO_PTRACE) as weir:
        proc = f"/proc/{weir.process.pid}"
        at = int(read_file(f"{proc}/maps").split("-")[0], 16)
        done = sh(*NO_PTRACE, "dd", f"if={proc}/mem", "bs=1", "count=1", f"skip={at}",
                  "of=/dev/null", check=False)
        check_equal(done.returncode == 0, dumps, f"whether it was read: {done.stdout[:100]}")


@suite.case(each=[{"dumps": False}, {"dumps": True}])
def a_crash_leaves_no_core_unless_dumps_are_allowed(dumps):
    by = ("prlimit", "--core=1048576:1048576")
    with weir_started(f", dumps: {str(dumps).lower()}", by) as weir:
        limit = re.search(r"Max core file size\s+(\d+)\s+(\d+)",
                          read_file(f"/proc/{weir.process.pid}/limits")).groups()
        check_equal(limit, ("1048576",) * 2 if dumps else ("0",) * 2, "limits of a core")
        weir.process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(weir.process.pid, 0)
        check(os.WIFSIGNALED(status), f"status {status}")
        check(dumps or not os.WCOREDUMP(status), "there is a core")


def secrets_of(pki):
    """The private number of a key, in the forms that it might be printed in."""
    out = sh("openssl", "ec", "-in", f"{pki.folder}/site.key", "-noout", "-text").stdout
    block = re.search(r"priv:\n((?: {4}[0-9a-f:]+\n)+)", out)[1]
    number = bytes.fromhex(re.sub(r"[^0-9a-f]", "", block))[-32:]
    pem = re.sub(r"-----.*?-----|\s", "", read_file(f"{pki.folder}/site.key"))
    inner = base64.b64encode(base64.b64decode(pem)).decode()
    return [number, number.hex().encode(), number.hex().upper().encode(),
            ":".join(re.findall("..", number.hex())).encode(), inner[40:80].encode()]


@suite.case()
def no_word_of_weir_has_a_private_key_in_it():
    with Site("tls") as site:
        site.status()
        words = [("status",), ("certs",), ("certs", "--json"), ("metrics",), ("stats",), ("flows",),
                 ("ports",), ("status", "--json"), ("events",)]
        said = "".join(site.weir.weirctl(*word, check=False).stdout for word in words)
        said += site.weir.log() + read_file(site.weir.events_path)
        said += sh(os.path.join(os.environ.get("WEIR_BUILD", "build"), "app/weir/weir"), "check",
                   "-c", site.weir.conf_path, "--dump", check=False).stdout
        check("site.example" in said, "nothing was said at all")
        for secret in secrets_of(site.pki):
            check(secret not in said.encode(), f"{secret[:4]!r}… was told")


# ---- keys of session tickets ----


class Client:
    """TLS clients of one session after another."""

    def __init__(self, site, version):
        self.site = site
        self.context = site.pki.trusted()
        self.context.maximum_version = self.context.minimum_version = getattr(
            ssl.TLSVersion, version.replace(".", "_"))

    def ask(self, session=None):
        """One request; whether the session was resumed, and the next one."""
        with dial_tls(self.site.lab, self.context, session=session) as s:
            s.sendall(get(close=True))
            check(read_all(s).startswith(b"HTTP/1.1 200 OK"), "no page")
            return s.session_reused, s.session


def rotating(site, interval):
    """The same weir, but for the age of its keys of tickets."""
    conf = read_file(site.weir.conf_path)
    conf = re.sub(r"(?m)^tls:.*\n", "", conf) + f"tls: {{ ticketRotation: {interval} }}\n"
    site.weir.write_conf(conf)
    check(site.weir.ctl("reload")["ok"], "reload")


def rotations(site):
    return int(re.search(r"(?m)^weir_tls_ticket_rotations_total (\d+)$",
                         site.weir.weirctl("metrics").stdout)[1])


def rotate(site, interval):
    """Waits for one, and lets no more come; how many there were."""
    before = rotations(site)
    rotating(site, interval)
    wait_for(lambda: rotations(site) > before, 20, "a rotation")
    rotating(site, "1h")
    return rotations(site) - before


@suite.case(each=[{"version": "TLSv1.2"}, {"version": "TLSv1.3"}])
def tickets_outlive_two_rotations_of_their_keys_and_no_more(version):
    with Site(workers=min(2, len(cpus()))) as site:
        client = Client(site, version)
        _, first = client.ask()
        check(client.ask(first)[0], "not resumed before any rotation")
        made = 0
        while made <= 2:
            made += rotate(site, "2s")  # of which a busy machine may see two
            resumed, after = client.ask(first)
            check_equal(resumed, made <= 2, f"whether it is resumed after {made} rotations")
        check(client.ask(after)[0], "a new session is not resumed")


@suite.case(soak_limit_s=900)
def sessions_are_resumed_while_keys_and_certificates_change_under_load():
    """A session is made at each step and resumed behind it, on any worker; no request fails."""
    with Site("tls", workers=min(2, len(cpus()))) as site:
        client = Client(site, "TLSv1.3")
        done = threading.Event()
        wrong, asked, anew = [], [0, 0], [0, 0]

        def ask(nth):
            session = None
            while not done.is_set():
                try:
                    resumed, session = client.ask(session)
                    asked[nth] += 1
                    anew[nth] += not resumed
                except Exception as why:  # pylint: disable=broad-except
                    wrong.append(repr(why))

        def all_have_asked(more):
            """Then each has a session of the last keys: it goes with the second ones after them."""
            targets = [n + more for n in asked]
            wait_for(lambda: wrong or all(n >= target for n, target in zip(asked, targets)), 60,
                     "requests")

        threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(2)]
        for thread in threads:
            thread.start()
        site.pki.make("next", NAME, f"subjectAltName=DNS:{NAME}")
        for i in range(RELOADS):
            all_have_asked(10)
            site.weir.write_policy(site.pki.policy("tls", cert="site" if i % 2 else "next"))
            rotate(site, "2s")
        all_have_asked(10)
        done.set()
        for thread in threads:
            thread.join()
        check(not wrong, f"{len(wrong)} failed: {wrong[:3]}")
        check_equal(anew, [1, 1], "sessions that began anew")
        check_equal(sum(site.weir.by_worker("tls_resumed")), sum(asked) - sum(anew),
                    "weir's own count")


if __name__ == "__main__":
    suite.main()
