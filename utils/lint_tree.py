#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that the source tree keeps the rules of CONTRIBUTING.md: paths, names, sizes, banners, forbidden calls.

usage: lint_tree.py [--root DIR]

Prints `file:line: message` for each violation and exits with 1 when there is one.
"""
import argparse
import ast
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

FUNCTION_CEILING = 80
LICENCE = "Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions."
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
CXX = (".cpp", ".h", ".c")
FORBIDDEN_NAME = re.compile(r"^(Utils?|Helpers?|Common|Misc)$|(Utils?|Helpers|Common|Misc)$")
# A machine's own folders; the bracket keeps this file from matching itself.
MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:work|home|root|Users)/\w")
# What stands before the brace of a class, an enumeration, a namespace or a linkage block; access labels may precede it.
SCOPE_HEAD = re.compile(r'\s*(?:\w+\s*:(?!:)\s*)*(?:template\s*<.*>\s*)?(?:(?:inline|static|const|typedef)\s+)*'
                        r'(?:(?:namespace|class|struct|union|enum)\b|extern\s*""\s*$)', re.S)
# A function declaration that some source has to define, and what looks like one: `= default`, a macro
# call, an initialized variable, a type, a template.
DECLARATION = re.compile(r"(?:\w|\boperator\s*\W+)\s*\(.*\)[\s&]*(?:const|noexcept|override|final|[\s&])*(?:->.*)?$", re.S)
NO_DECLARATION = re.compile(r"=\s*(?:default|delete|0)\s*$|^\s*[A-Z_0-9]+\s*\(|^(?!.*\boperator)[^(]*=|"
                            r"\b(?:using|typedef|friend|static_assert|template)\b", re.S)
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b")
# What a library may not do, with what it does instead.
LIBRARY_BANS = [
    (re.compile(r"\b(?:secure_)?getenv\s*\("), "getenv in a library; take an option"),
    (re.compile(r"\bcl::(?:opt|list|bits|alias)\b"), "command line option in a library; take an options struct"),
    (re.compile(r"\berrs\s*\(\)|\bstd::c(?:err|out)\b"), "a library writes to no standard stream; return an error"),
    (re.compile(r"\breport_fatal_error\b"), "report_fatal_error in a library; return an error"),
]
SOURCE_BANS = [
    (re.compile(r"\bnamespace\s+mlir::quench\b"), "namespace mlir::quench; use quench"),
    (re.compile(r"^\s*enum\s+(?!class\b)\w*[^;]*\{"), "plain enum; use enum class"),
    (re.compile(r"^\s*using\s+namespace\s+std\b"), "using namespace std"),
]
TABLEGEN_BANS = [
    (re.compile(r"\blet\s+constructor\b"), "let constructor; let tblgen make the factory"),
    (re.compile(r"\blet\s+statistics\b"), "let statistics does not work with the packaged LLVM; emit remarks"),
]
# Folders that see less than the rest: folder, includes they must not have, reason.
INCLUDE_BANS = [
    (("lib/Reference/", "include/quench/Reference/"),
     re.compile(r'#\s*include\s+"quench/(?:[\w/]+/)?(?:Transforms|Conversion|Codegen)/'),
     "the reference evaluator shares no code with what it judges"),
    (("lib/Numerics/", "include/quench/Numerics/"), re.compile(r'#\s*include\s+[<"]mlir/'), "Numerics is free of MLIR"),
]
# Test folders that mirror no library: they test the whole, a language face or a tool.
FREE_TEST_FOLDERS = {"Integration", "Pipelines", "CAPI", "python", "tools", "lib", "lints", "Unit", "fuzz", "docs"}


def list_files(root):
    """Files of the project as posix paths relative to root: git's when there is a repository, all otherwise."""
    try:
        listing = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                                 capture_output=True, check=True).stdout.decode()
        names = [name for name in listing.split("\0") if name] if (root / ".git").exists() else None
    except (OSError, subprocess.CalledProcessError):
        names = None
    if names is None:
        names = [path.relative_to(root).as_posix() for path in root.rglob("*")]
    return sorted(name for name in set(names) if (root / name).is_file() and not (root / name).is_symlink())


def strip_cxx(text):
    """The text with comments, literals and preprocessor lines blanked; line numbers stay."""
    token = re.compile(r'R"([^\s()\\]{0,16})\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
                       r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.S | re.M)

    def blank(match):
        lines = "\n" * match.group().count("\n")
        return ('""' + lines) if match.group()[0] in "R\"'" else lines

    return token.sub(blank, text)


def cxx_functions(code):
    """(first line, lines) of each function body outside another function, and the lines of declarations without a body.

    `code` is from strip_cxx. This reads braces and heads, not C++; it need only be right about code as it is written here.
    """
    functions, declarations, stack, line, statement = [], [], [], 1, ""
    for char in code:
        if char == "\n":
            line += 1
        if char == "{":
            inside = bool(stack) and stack[-1][0]
            scope = SCOPE_HEAD.match(statement)
            is_function = not inside and not scope and ")" in statement and not re.search(r"=\s*$", statement)
            stack.append((inside or is_function, is_function, line))
            statement = ""
        elif char == "}":
            if stack:
                _, is_function, start = stack.pop()
                if is_function:
                    functions.append((start, line - start + 1))
            statement = ""
        elif char == ";":
            if not (stack and stack[-1][0]) and DECLARATION.search(statement) and not NO_DECLARATION.search(statement):
                declarations.append(line)
            statement = ""
        else:
            statement += char
    return functions, declarations


def size_ceiling(path):
    if path.suffix == ".cpp":
        return 800 if re.search(r"Ops\w*$", path.stem) and "IR" in path.parts else 500
    if path.parts[0] == "test" and path.name != "lit.cfg.py":
        return 400
    return {".h": 300, ".td": 500, ".c": 500, ".py": 800}.get(path.suffix)


def header_guard_matches(name, guard):
    """QUENCH_NUMERICS_FOO_H for include/quench/Numerics/Foo.h, with any underscores inside a component."""
    parts = list(PurePosixPath(name).with_suffix("").parts)
    if parts[0] == "include":
        parts = parts[1:]
    bare = "".join(parts + ["h"]).replace("-", "").upper()
    flat = guard.replace("_", "")
    return flat in (bare, "QUENCH" + bare, "QUENCH" + bare.removeprefix("LIB"))


class Lint:
    """One run over a tree. Every check_* method appends to `problems`."""

    def __init__(self, root):
        self.root = root
        self.files = list_files(root)
        self.known = set(self.files)
        self.problems = []
        self.stems = {}  # folder -> stems of its sources and headers
        for name in self.files:
            path = PurePosixPath(name)
            if path.suffix in (".cpp", ".h", ".td"):
                self.stems.setdefault(path.parent.as_posix(), {}).setdefault(path.suffix, set()).add(path.stem)

    def report(self, name, line, message):
        self.problems.append((name, line, message))

    def run(self):
        for name in self.files:
            path = PurePosixPath(name)
            data = (self.root / name).read_bytes()
            if path.parts[0] != "models" or path.suffix in (".py", ".md"):
                self.check_name(name, path)
            if b"\0" in data[:8192] or len(data) > 4_000_000:
                continue
            text = data.decode("utf-8", errors="replace")
            # Inputs that fuzzers have found look as they do.
            if path.parts[:2] == ("fuzz", "corpus"):
                continue
            if path.suffix in (".bin", ".txt") and path.name != "CMakeLists.txt" or path.name == "LICENSE":
                continue
            self.check_text(name, path, text)
            self.check_banner(name, path, text)
            self.check_size(name, path, text)
            if path.suffix in CXX:
                self.check_cxx(name, path, text)
            if path.suffix == ".td":
                self.check_lines(name, text, TABLEGEN_BANS)
                self.check_passes(name, path, text)
            self.check_path(name, path, text)
        return sorted(self.problems)

    def check_name(self, name, path):
        for part in path.parts[:-1] + (path.stem,):
            if part != "utils" and FORBIDDEN_NAME.search(part):
                self.report(name, 1, f"forbidden name '{part}'; name the concept")

    def check_text(self, name, path, text):
        if text and not text.endswith("\n"):
            self.report(name, text.count("\n") + 1, "no newline at the end of the file")
        for number, line in enumerate(text.splitlines(), 1):
            if "\t" in line:
                self.report(name, number, "tab")
            if line != line.rstrip() and path.suffix not in (".md", ".patch"):
                self.report(name, number, "space at the end of the line")
            if MACHINE_PATH.search(line):
                self.report(name, number, "path of one machine")
            if UNFINISHED.search(line):
                self.report(name, number, "unfinished work; finish it or open an issue")
            if line.startswith(("<<<<<<< ", ">>>>>>> ")):
                self.report(name, number, "merge conflict marker")

    def check_banner(self, name, path, text):
        in_utils = path.parts[0] in ("utils", "python") and path.suffix in (".py", ".sh")
        if path.suffix not in (".cpp", ".h", ".td", ".c") and not in_utils:
            return
        if path.parts[0] == "test" or not text:
            return
        head = "\n".join(text.splitlines()[:6])
        if LICENCE not in head or SPDX not in head:
            self.report(name, 1, "no licence banner in the first lines")
        if in_utils:
            return
        first = text.splitlines()[0]
        title = re.match(r"(?://|/\*)\s*=+-+\s*(\S+)", first)
        if not title:
            self.report(name, 1, "expected a banner line '//===- " + path.name + " - ... ===//'")
        elif PurePosixPath(title.group(1)).name != path.name:
            self.report(name, 1, f"the banner names '{title.group(1)}', the file is '{path.name}'")

    def check_size(self, name, path, text):
        lines, ceiling = text.count("\n"), size_ceiling(path)
        if ceiling and lines > ceiling:
            self.report(name, ceiling, f"{lines} lines, the ceiling is {ceiling}")
        if path.suffix == ".py":
            try:
                nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
            except SyntaxError as error:
                self.report(name, error.lineno or 1, f"not valid Python: {error.msg}")
                return
            functions = [(node.lineno, node.end_lineno - node.lineno + 1) for node in nodes]
        elif path.suffix in CXX:
            functions, _ = cxx_functions(strip_cxx(text))
        else:
            return
        for line, length in functions:
            if length > FUNCTION_CEILING:
                self.report(name, line, f"function of {length} lines, the ceiling is {FUNCTION_CEILING}")

    def check_lines(self, name, text, bans):
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, message in bans:
                if pattern.search(line):
                    self.report(name, number, message)

    def check_cxx(self, name, path, text):
        code = strip_cxx(text)
        if path.suffix != ".c" and "quench-c" not in path.parts:
            self.check_lines(name, code, SOURCE_BANS)
        if path.parts[0] in ("lib", "include"):
            self.check_lines(name, code, LIBRARY_BANS)
        for folders, pattern, reason in INCLUDE_BANS:
            if name.startswith(folders):
                self.check_lines(name, text, [(pattern, f"forbidden include: {reason}")])
        if path.suffix == ".h" and path.parts[0] in ("include", "lib", "unittests"):
            guard = re.search(r"^#ifndef\s+(\w+)\s*\n#define\s+(\w+)", text, re.M)
            if not guard or guard.group(1) != guard.group(2) or not header_guard_matches(name, guard.group(1)):
                found = guard.group(1) if guard else "none"
                self.report(name, 1, f"header guard does not follow the path, found '{found}'")
        if len(set(re.findall(r"^#define\s+(GEN_PASS_DEF_\w+)", text, re.M))) > 1 and path.parts[0] == "lib":
            self.report(name, 1, "more than one pass in a file")

    def check_passes(self, name, path, text):
        """def FooBarPass : Pass<"quench-foo-bar"> lives in FooBar.cpp below the library folder of its Passes.td."""
        if path.parts[:2] != ("include", "quench"):
            return
        folder = "lib/" + "/".join(path.parent.parts[2:])
        for match in re.finditer(r'^def\s+(\w+?)(?:Pass)?\s*:\s*(?:Interface)?Pass<\s*"([^"]+)"', text, re.M):
            concept, flag = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", concept).lower()
            flat = flag.removeprefix("quench-")
            if flat.replace("-", "") != kebab.replace("-", ""):
                self.report(name, line, f"pass '{flag}' is called '{concept}'; expected 'quench-{kebab}' or '{kebab}'")
            files = {f"{concept}.cpp", f"{concept.removeprefix('Convert')}.cpp"}
            if not any(file.startswith(folder + "/") and PurePosixPath(file).name in files for file in self.known):
                self.report(name, line, f"pass '{flag}' has no {folder}/**/{concept}.cpp")

    def family(self, folder, stem, suffixes):
        """Whether the folder has a file, with one of the suffixes, that the stem is or extends (Foo for FooFolds)."""
        have = self.stems.get(folder, {})
        return any(stem.startswith(other) for suffix in suffixes for other in have.get(suffix, ()))

    def check_path(self, name, path, text):
        top, folder = path.parts[0], path.parent.as_posix()
        if top == "include" and path.suffix == ".h":
            self.check_header_path(name, path, text)
        elif top == "lib" and path.suffix == ".cpp":
            inside = "/".join(path.parent.parts[1:])
            public = "include/quench-c" if inside == "CAPI" else f"include/quench/{inside}".rstrip("/")
            if self.family(public, path.stem, (".h",)) or self.family(folder, path.stem, (".h",)):
                return
            # One file per family of operations, behind the one header of the folder.
            if path.stem.endswith("Ops") and ".h" in {**self.stems.get(folder, {}), **self.stems.get(public, {})}:
                return
            # What tblgen declares: a dialect's parts, or the passes of a folder and of those below it.
            ancestor = public
            while ancestor.startswith("include/quench/"):
                if ".td" in self.stems.get(ancestor, {}):
                    return
                ancestor = os.path.dirname(ancestor)
            self.report(name, 1, f"no header or .td in {public} declares it")
        elif top == "unittests" and path.suffix == ".cpp":
            inside = "/".join(path.parent.parts[1:])
            stem = re.sub(r"(?:Property)?Test$", "", path.stem)
            if stem == path.stem:
                self.report(name, 1, "unit tests are called FooTest.cpp or FooPropertyTest.cpp")
            elif not any(self.family(f"{base}{inside}", stem, CXX) for base in ("lib/", "include/quench/")):
                self.report(name, 1, f"tests nothing of lib/{inside} or include/quench/{inside}: no '{stem}' there")
        elif top == "test" and path.suffix in (".mlir", ".test") and path.parts[1] not in FREE_TEST_FOLDERS:
            inside = "/".join(part for part in path.parent.parts[1:] if part != "Inputs")
            bases = tuple(f"{base}/{inside}/" for base in ("lib", "include/quench"))
            if not any(file.startswith(bases) for file in self.known):
                self.report(name, 1, f"test/{inside} mirrors no folder of lib/")

    def check_header_path(self, name, path, text):
        inside = "/".join(path.parts[2:-1])
        if path.parts[1] == "quench-c":
            inside = "CAPI"
        elif path.parts[1] != "quench":
            self.report(name, 1, "public headers are below include/quench or include/quench-c")
            return
        library = f"lib/{inside}" if inside else "lib"
        siblings = self.stems.get(path.parent.as_posix(), {})
        # The file InitAll.h registers everything and has no folder.
        if not inside or path.stem in self.stems.get(library, {}).get(".cpp", ()):
            return
        if any(source.startswith(path.stem) for source in self.stems.get(library, {}).get(".cpp", ())):
            return
        if any(td.startswith(path.stem) or path.stem.startswith(td) for td in siblings.get(".td", ())):
            return
        if re.search(r"\bheader[- ]only\b", "\n".join(text.splitlines()[:40]), re.I):
            return
        _, declarations = cxx_functions(strip_cxx(text))
        if declarations:
            self.report(name, declarations[0], f"no {library}/{path.stem}.cpp defines what this header declares; a header "
                        "that is defined elsewhere on purpose says 'header-only' in its comment")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    problems = Lint(parser.parse_args().root).run()
    for name, line, message in problems:
        print(f"{name}:{line}: {message}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
