#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What all of the tree must keep to and no compiler looks at: test/style/check.py [BUILD].

Told one line a check, as test/system does it. With a build folder its objects are looked at, too.
"""
import glob
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAILED = []

# Headers of a library and the folders that may include them.
HEADERS = {
    r"rte_": ("lib/mem", "lib/timer", "lib/port", "lib/pkt", "lib/reasm", "lib/tcp", "lib/flow",
              "lib/policy", "lib/event", "lib/path", "app", "test"),
    r"yaml\.h": ("lib/conf",),
    r"jansson\.h": ("lib/ctl", "app/weir", "app/weirctl", "test"),
    r"pcap(/|\.h)": ("app/weir", "test"),
    r"openssl/": ("lib/tls", "lib/decode",  # which needs two digests
                  "test"),
    r"intel-ipsec-mb\.h": ("lib/tls",),
    r"sodium(/|\.h)": ("lib/tls",),
    r"libxml/": ("lib/decode",),
    r"(zlib|brotli/decode)\.h": ("lib/decode", "test/unit"),
    r"nghttp2/": ("lib/http2", "test/unit/http2", "test/fuzz"),
    r"hs(_[a-z]+)?\.h": ("lib/scan", "lib/waf",
                          "app/weir-bench"),  # which measures lib/scan against it
    r"pcre2\.h": ("lib/seclang", "lib/waf", "test"),
    r"check\.h": ("test/unit",),
}
# What a module may keep at file scope, by symbol: (folder, pattern). Each needs its reason.
MUTABLE = [
    ("log", r"."),  # the one log of the process: its level, its rate limits, who takes its lines
]


def files(*suffixes):
    """Files of the tree that end so, generated and ignored ones left out."""
    done = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others",
                           "--exclude-standard"], capture_output=True, text=True, check=False)
    names = done.stdout.split("\n") if done.returncode == 0 else walk()
    return sorted(n for n in names if n.endswith(suffixes) and os.path.isfile(f"{ROOT}/{n}")
                  and not n.startswith("test/fuzz/corpus/"))


def walk():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if not f.startswith((".git", "build", "__pycache__"))]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), ROOT)


def lines(name):
    with open(f"{ROOT}/{name}", encoding="utf-8") as f:
        return f.read().split("\n")


def tell(name, wrong, skip=None):
    if skip:
        print(f"skip - style: {name}: {skip}")
    elif wrong:
        FAILED.append(name)
        print(f"not ok - style: {name}: {len(wrong)} places, the first: {wrong[0]}")
        for place in wrong[:20]:
            print(f"#   {place}")
    else:
        print(f"ok - style: {name}")
    sys.stdout.flush()


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


# ---- the checks; each gives the places that are wrong ----


def c_format():
    if not shutil.which("clang-format"):
        return tell("C is formatted by clang-format", [], "clang-format is not installed")
    sources = files(".c", ".h")
    wrong = []
    for name in sources:
        code, text = run("clang-format", "--dry-run", "-Werror", name)
        if code:
            wrong.append(text.split("\n")[0])
    return tell("C is formatted by clang-format", wrong)


def spdx():
    wrong = []
    for name in files(".c", ".h", ".py", ".sh", ".service"):
        head = lines(name)[:2]
        if not any("SPDX-License-Identifier: BSD-3-Clause" in line for line in head):
            wrong.append(f"{name}:1: no SPDX line")
    tell("every source file begins with its licence", wrong)


def includes():
    wrong = []
    for name in files(".c", ".h"):
        for number, line in enumerate(lines(name), 1):
            found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)', line)
            for pattern, allowed in HEADERS.items():
                if found and re.match(pattern, found.group(1)) and \
                        not name.startswith(tuple(a + "/" for a in allowed)):
                    wrong.append(f"{name}:{number}: {found.group(1)} is for {', '.join(allowed)}")
    tell("libraries' headers stand only where they may", wrong)


def private_headers():
    """A module's private header is included in its own folder only."""
    wrong = []
    for name in files(".c", ".h"):
        if not name.startswith("lib/"):
            continue
        for number, line in enumerate(lines(name), 1):
            found = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if found and not os.path.exists(f"{ROOT}/{os.path.dirname(name)}/{found.group(1)}"):
                wrong.append(f"{name}:{number}: {found.group(1)} is not in this folder")
    tell("private headers stay in their folder", wrong)


def no_environment():
    """Nothing in lib/ reads argv or the environment, or exits."""
    wrong = []
    for name in files(".c"):
        for number, line in enumerate(lines(name), 1):
            if name.startswith("lib/") and re.search(r"\b(getenv|secure_getenv|exit|_exit)\s*\(",
                                                     line):
                wrong.append(f"{name}:{number}: {line.strip()}")
    tell("nothing in lib/ reads the environment or exits", wrong)


def no_left_overs():
    wrong = []
    for name in files(".c", ".h", ".py", ".sh", ".yaml"):
        for number, line in enumerate(lines(name), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b(?!.*#\d+)", line) and "no_left_overs" not in line \
                    and name != "test/style/check.py":
                wrong.append(f"{name}:{number}: {line.strip()}")
    tell("no TODO without an issue", wrong)


def shell():
    scripts = files(".sh") + [name for name in (".ci/run",) if os.path.exists(f"{ROOT}/{name}")]
    if not shutil.which("shellcheck"):
        return tell("shell scripts pass shellcheck", [], "shellcheck is not installed")
    command = ("shellcheck", "-f", "gcc", "-x", "-P", "SCRIPTDIR")
    wrong = [line for name in scripts for line in run(*command, name)[1].split("\n") if line]
    return tell("shell scripts pass shellcheck", wrong)


def python():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for name in files(".py"):
            try:
                py_compile.compile(f"{ROOT}/{name}", cfile=f"{folder}/x", doraise=True)
            except py_compile.PyCompileError as why:
                wrong.append(f"{name}: {why.msg.strip()}")
            wrong += [f"{name}:{number}: {'a tab' if chr(9) in line else 'over 100 columns'}"
                      for number, line in enumerate(lines(name), 1)
                      if "\t" in line or len(line) > 100]
    if shutil.which("pyflakes3"):
        wrong += [line for line in run("pyflakes3", *files(".py"))[1].split("\n") if line]
    tell("Python compiles, names what it uses and keeps to 100 columns", wrong)


def file_scope(build):
    """Nothing of lib/ is in .data, .bss or thread-local storage."""
    archives = sorted(glob.glob(f"{build}/lib/libweir_*.a"))
    if not archives:
        return tell("no mutable variables at file scope in lib/", [], "nothing is built")
    wrong = []
    for archive in archives:
        module = os.path.basename(archive)[len("libweir_"):-2]
        for line in run("objdump", "-t", archive)[1].split("\n"):
            found = re.search(r" O (\.(?:data|bss|tdata|tbss)\S*|\*COM\*)\s+\S+\s+(\S+)$", line)
            if not found or found.group(1).startswith(".data.rel.ro"):
                continue
            if not any(module == m and re.search(p, found.group(2)) for m, p in MUTABLE):
                wrong.append(f"lib/{module}: {found.group(2)} in {found.group(1)}")
    return tell("no mutable variables at file scope in lib/", wrong)


def fuzz_corpora():
    wrong = [f"{name}: no corpus in test/fuzz/corpus/{target}" for name in files(".c")
             for target in re.findall(r"^test/fuzz/fuzz_(\w+)\.c$", name)
             if not glob.glob(f"{ROOT}/test/fuzz/corpus/{target}/*")]
    tell("every fuzz target has a corpus", wrong)


def written_pages():
    done = subprocess.run([sys.executable, f"{ROOT}/rules/support.py", "--check"],
                          capture_output=True, text=True, check=False)
    tell("rules/README.md lists what is supported",
         [] if done.returncode == 0 else (done.stdout + done.stderr).strip().split("\n"))


def main():
    c_format()
    spdx()
    includes()
    private_headers()
    no_environment()
    no_left_overs()
    shell()
    python()
    fuzz_corpora()
    written_pages()
    file_scope(sys.argv[1] if len(sys.argv) > 1 else f"{ROOT}/build")
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
