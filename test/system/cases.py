# SPDX-License-Identifier: BSD-3-Clause
"""Cases of a test file: registered by a decorator, run one after another, told one line each.

    ok - FILE: sentence
    not ok - FILE: sentence: what was wrong
    skip - FILE: sentence: reason

test/run.sh counts these lines. A case ends by returning (ok), by raising Skip, or by any other
exception (not ok). No case runs longer than its limit.
"""
import fnmatch
import os
import signal
import sys
import traceback

SOAK = os.environ.get("WEIR_SOAK", "") not in ("", "0")


class Skip(Exception):
    """The case cannot run here; the text says why."""


class Failure(AssertionError):
    """The case ran and what it looked for was not so."""


class TooLong(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def check_equal(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}: got {got!r}, wanted {wanted!r}")


class Case:
    def __init__(self, function, arguments, limit_s):
        self.function = function
        self.arguments = arguments
        self.limit_s = limit_s
        self.file = os.path.basename(function.__code__.co_filename).removesuffix(".py")
        words = function.__name__.replace("_", " ")
        extra = ", ".join(str(value) for value in arguments.values())
        self.name = f"{self.file}: {words}" + (f" ({extra})" if extra else "")


class Suite:
    """All cases of one file, and what became of them."""

    def __init__(self):
        self.cases = []
        self.passed = self.failed = self.skipped = 0

    def case(self, limit_s=180, soak_limit_s=None, each=None):
        """Registers a function, once for each dictionary of arguments in `each`."""

        def register(function):
            limit = soak_limit_s if SOAK and soak_limit_s else limit_s
            for arguments in each or [{}]:
                self.cases.append(Case(function, arguments, limit))
            return function

        return register

    def ok(self, name):
        self.passed += 1
        print(f"ok - {name}", flush=True)

    def not_ok(self, name, why):
        self.failed += 1
        print(f"not ok - {name}: {' '.join(str(why).split())[:1000]}", flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f"skip - {name}: {' '.join(str(why).split())}", flush=True)

    def run_one(self, case):
        def too_long(_signal, _frame):
            raise TooLong(f"not done after {case.limit_s} s")

        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(case.limit_s)
        try:
            case.function(**case.arguments)
            signal.alarm(0)
            self.ok(case.name)
        except Skip as why:
            signal.alarm(0)
            self.skip(case.name, why)
        except Exception as why:  # whatever it was, the other cases still run
            signal.alarm(0)
            if not isinstance(why, (Failure, TooLong)):
                traceback.print_exc(file=sys.stderr)
            kind = "" if isinstance(why, Failure) else type(why).__name__ + ": "
            self.not_ok(case.name, f"{kind}{why}")
        finally:
            signal.alarm(0)

    def main(self):
        """Runs the cases whose name holds the first argument (or matches it as a pattern)."""
        signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
        pattern = sys.argv[1] if len(sys.argv) > 1 else ""
        for case in self.cases:
            if pattern in case.name or fnmatch.fnmatch(case.name, pattern):
                self.run_one(case)
        sys.exit(1 if self.failed else 0)
