#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds lit tests that check less than they seem to.

usage: lint_lit.py [--root DIR]

FileCheck skips what it does not recognize, so a misspelt directive passes in silence. Reported are: a directive without a
colon, an unknown suffix, a prefix that no RUN line enables, CHECK lines without FileCheck, expected-error lines without
-verify-diagnostics, a test without a RUN line, value numbers such as %0 and %arg0 in CHECK lines, and passes of a
Passes.td that no RUN line names. Prints `file:line: message` for each and exits with 1 when there is one.
"""
import argparse
import re
import sys
from pathlib import Path

SUFFIXES = {".mlir", ".test", ".py", ".c"}
COMMENT = {".mlir": r"//", ".c": r"(?://|/\*)", ".py": r"#", ".test": r"(?:#|//|;)"}
MODIFIERS = r"(?:NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-\d+)"
# Words that open a comment in capitals with a colon and are no FileCheck prefix.
PLAIN_WORDS = {"RUN", "REQUIRES", "UNSUPPORTED", "XFAIL", "DEFINE", "REDEFINE", "ALLOW_RETRIES", "COM", "NOTE", "SPDX"}
CONSTRAINT_LABEL = re.compile(r"[A-Z]\d+$")
VALUE_NUMBER = re.compile(r"(?<![\w\[{])%(?:arg)?\d+\b")


def run_commands(lines, marker):
    """The text of the RUN lines, continuations joined, substitutions defined in the file included."""
    commands, pending = [], None
    for line in lines:
        if re.match(rf"\s*{marker}\s*END\.\s*$", line):
            break  # lit reads no further
        match = re.search(rf"{marker}.*?\b(?:RUN|(?:RE)?DEFINE):(.*)$", line)
        if not match:
            continue
        text = match.group(1).strip()
        pending = f"{pending} {text}" if pending else text
        if pending.endswith("\\"):
            pending = pending[:-1].rstrip()
        else:
            commands.append(pending)
            pending = None
    return commands + ([pending] if pending else [])


def enabled_prefixes(commands):
    """Prefixes that the FileCheck calls of the commands look for."""
    prefixes = set()
    for command in commands:
        # A ';' or '|' ends one call; quotes around either do not occur in a FileCheck call.
        for call in re.findall(r"\bFileCheck\b([^|;]*)", command):
            named = re.findall(r"--?check-prefix(?:es)?[= ]['\"]?([\w,-]+)", call)
            prefixes.update(prefix for group in named for prefix in group.split(","))
            if not named:
                prefixes.add("CHECK")
    return prefixes


def split_directive(word, prefixes):
    """(prefix, rest) of a capitalized word, by the longest enabled prefix it starts with; (None, word) when none fits."""
    for prefix in sorted(prefixes, key=len, reverse=True):
        if word == prefix or word.startswith(prefix + "-"):
            return prefix, word[len(prefix) + 1:]
    return None, word


def check_directive(line, marker, prefixes, uses_filecheck):
    """The complaint about the directive that a comment line opens with, or None."""
    match = re.match(rf"\s*{marker}+\s*([A-Za-z][\w-]*)(\{{LITERAL\}})?(\s*:)?(.*)$", line)
    if not match:
        return None
    word, _, colon, rest = match.groups()
    if word.upper() != word:
        if colon and re.fullmatch(rf"check(?:-{MODIFIERS})?", word, re.I):
            return f"'{word}' is not a directive; directives are in capitals"
        return None
    prefix, suffix = split_directive(word, prefixes | {"CHECK"})
    if prefix is None:
        if colon and len(word) > 2 and word not in PLAIN_WORDS and not CONSTRAINT_LABEL.match(word):
            return f"no RUN line enables the prefix of '{word}'"
        return None
    if suffix and not re.fullmatch(MODIFIERS, suffix):
        return f"unknown suffix in '{word}', or a prefix that no RUN line enables" if colon or prefix != word else None
    if colon != ":":
        return f"directive '{word}' without a colon"
    if not uses_filecheck:
        return f"'{word}' in a test whose RUN lines have no FileCheck"
    if prefix not in prefixes:
        return f"no RUN line enables the prefix of '{word}'"
    value = VALUE_NUMBER.search(re.sub(r"\{\{.*?\}\}", "", rest))
    if value:
        return f"'{value.group()}' in a check; name the value, as in %[[SCALE:.+]]"
    return None


def check_file(name, text):
    """(file, line, message) for each problem, and the RUN commands."""
    lines = text.splitlines()
    marker = COMMENT[Path(name).suffix]
    commands = run_commands(lines, marker)
    if not commands:
        return [(name, 1, "no RUN line")], commands
    joined = "\n".join(commands)
    prefixes = enabled_prefixes(commands)
    problems = []
    for number, line in enumerate(lines, 1):
        complaint = check_directive(line, marker, prefixes, "FileCheck" in joined)
        if complaint:
            problems.append((name, number, complaint))
        if re.search(rf"{marker}\s*expected-(?:error|warning|remark|note)", line):
            if "verify-diagnostics" not in joined:
                problems.append((name, number, "expected diagnostic in a test without -verify-diagnostics"))
            elif not re.search(r"expected-\w+(?:-re)?\s*(?:@[\w+-]+\s*)?(?:\d+\s*|[+*?]\s*)?\{\{", line):
                problems.append((name, number, "expected diagnostic without {{message}}"))
    return problems, commands


def declared_passes(root):
    """(file, line, flag) of each pass that a .td file below include/ declares."""
    for path in sorted((root / "include").rglob("*.td")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r'^def\s+\w+\s*:\s*(?:Interface)?Pass<\s*"([^"]+)"', text, re.M):
            yield path.relative_to(root).as_posix(), text.count("\n", 0, match.start()) + 1, match.group(1)


def lint(root):
    problems, commands = [], []
    for path in sorted((root / "test").rglob("*")):
        name = path.relative_to(root)
        config = path.name.startswith("lit.") or "Inputs" in name.parts or "__pycache__" in name.parts
        if path.suffix not in SUFFIXES or config or not path.is_file():
            continue
        found, runs = check_file(name.as_posix(), path.read_text(encoding="utf-8", errors="replace"))
        problems += found
        commands += runs
    used = set(re.findall(r"(?<![\w-])-{0,2}([a-z][\w-]*)", "\n".join(commands)))
    for name, line, flag in declared_passes(root):
        if flag not in used:
            problems.append((name, line, f"no RUN line of test/ names the pass '{flag}'"))
    return sorted(problems)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    problems = lint(parser.parse_args().root)
    for name, line, message in problems:
        print(f"{name}:{line}: {message}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
