#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the section on SecLang of rules/README.md from the sources: rules/support.py [--check]

With --check nothing is written; ends with 1 where the section is not what the sources say. Names
are read from the X-macros of lib/seclang/weir_seclang.h, from lib/decode/transform.c, and from the
tables of actions, ctl and directives in lib/seclang.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
README = os.path.join(ROOT, "rules", "README.md")
BEGIN, END = "<!-- support: written by rules/support.py -->\n", "<!-- end of support -->\n"

# What ModSecurity's reference manuals have besides: 2.9's, and rxGlobal and verifySVNR of 3.0's.
MANUAL = {
    "variables": """ENV FILES_TMPNAMES MSC_PCRE_ERROR MSC_PCRE_LIMITS_EXCEEDED PERF_ALL
        PERF_COMBINED PERF_GC PERF_LOGGING PERF_PHASE1 PERF_PHASE2 PERF_PHASE3 PERF_PHASE4
        PERF_PHASE5 PERF_RULES PERF_SREAD PERF_SWRITE SCRIPT_BASENAME SCRIPT_FILENAME SCRIPT_GID
        SCRIPT_GROUPNAME SCRIPT_MODE SCRIPT_UID SCRIPT_USERNAME SDBM_DELETE_ERROR STREAM_INPUT_BODY
        STREAM_OUTPUT_BODY USERAGENT_IP WEBSERVER_ERROR_LOG""",
    "operators": """fuzzyHash gsbLookup inspectFile rsub rxGlobal validateDTD validateHash
        validateSchema verifySVNR""",
    "actions": "append deprecatevar exec pause prepend proxy",
    "ctl": "hashEnforcement hashEngine",
    "directives": """SecConnEngine SecConnReadStateLimit SecConnWriteStateLimit SecGsbLookupDb
        SecHashKey SecHashMethodPm SecHashMethodRx SecHashParam SecReadStateLimit SecRemoteRules
        SecRemoteRulesFailAction SecRequestEncoding SecRuleInheritance SecRuleScript
        SecUnicodeCodePage SecWriteStateLimit""",
}


def source(*path):
    with open(os.path.join(ROOT, "lib", *path), encoding="utf-8") as f:
        return f.read()


def x_macro(text, macro):
    """The names in quotes of an X-macro's lines."""
    body = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n\n", text, re.S)[1]
    return re.findall(r'X\(\w+,\s*"(\w+)"', body)


def rows(text):
    """Names of a table's rows, by the function that takes them."""
    found = {}
    for name, rest in re.findall(r'^\t\{"(\w+)",([^}]*)\}', text, re.M):
        for word in re.findall(r"\b[a-z]\w+\b", rest)[:1]:
            found.setdefault(word, []).append(name)
    return found


def flat(table, but=()):
    return [name for how, names in table.items() if how not in but for name in names]


def words(names):
    return ", ".join(f"`{name}`" for name in sorted(set(names), key=str.lower)) or "none"


def missing(kind, have):
    have = {name.lower() for name in have}
    return [name for name in MANUAL[kind].split() if name.lower() not in have]


def line(kind, names, absent, without_effect=(), only_off=(), warned=()):
    out = f"**{kind[0].upper()}{kind[1:]}.** {words(names)}.\n"
    if without_effect:
        out += f"\nTaken, without effect: {words(without_effect)}.\n"
    if only_off:
        out += f"\nOnly as far as it is switched off: {words(only_off)}.\n"
    if warned:
        out += f"\nTaken with a warning, without effect: {words(warned)}.\n"
    return out + f"\nRefused: {words(absent)}.\n"


def section():
    header = source("seclang", "weir_seclang.h")
    variables = x_macro(header, "WEIR_SEC_VARIABLES")
    operators = x_macro(header, "WEIR_SEC_OPERATORS")
    transforms = re.findall(r'^\t\[WEIR_T_\w+\] = \{"(\w+)"', source("decode", "transform.c"), re.M)
    actions = rows(source("seclang", "seclang_action.c"))
    ctl = re.findall(r'^\t\{"(\w+)", WEIR_SEC_CTL_', source("seclang", "seclang_ctl.c"), re.M)
    settings = rows(source("seclang", "seclang_setting.c"))
    rules = rows(source("seclang", "seclang_directive.c"))
    ignored = [n for how in settings for n in settings[how] if how.startswith("ignore")]
    off = settings.get("only_off", []) + settings.get("only_semicolon", [])
    warned = settings.get("warn_missing", [])
    does = [n for n in flat(settings) + flat(rules) if n not in ignored + off + warned]
    takes = flat(actions, ("refuse", "ignore"))
    return "\n".join([
        line("variables", variables, missing("variables", variables)),
        line("operators", operators, missing("operators", operators)),
        "**Transformations.** All of the manual: " + words(transforms + ["none"]) + ".\n",
        line("actions", takes, missing("actions", takes), actions.get("ignore", [])),
        line("ctl", ctl, missing("ctl", ctl)),
        line("directives", does, missing("directives", does), ignored, off, warned),
    ])


def main():
    with open(README, encoding="utf-8") as f:
        before, _, rest = f.read().partition(BEGIN)
    old, _, after = rest.partition(END)
    new = "\n" + section() + "\n"
    if "--check" in sys.argv:
        sys.exit(0 if old == new else f"{README}: not what the sources say; run rules/support.py")
    with open(README, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + new + END + after)


if __name__ == "__main__":
    main()
