# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: run_page.py PAGE.md FOLDER

Runs the fenced blocks of a page in order, in a new folder that has the `models` and `recipes` of the tree:

  sh           by bash; a command that fails ends the page
  python       all in one program, which goes on from block to block
  text         what the block before it printed; `…` stands for anything, and spaces for any others
  LANG title=  a file of that name; every other language is for reading
"""
import io
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[4]
BLOCK = re.compile(r'^```(\w+)?(?: title="([^"]+)")?\n(.*?)^```$', re.M | re.S)


def matches(expected, found):
    """Whether an output is as a page shows it. Lines of tables may be padded otherwise."""
    pattern = r"\s*".join(re.sub(r"\\?…", r"[\\s\\S]*?", re.escape(word)) for word in expected.split())
    return re.fullmatch(r"\s*" + pattern + r"\s*", found) is not None


class Page:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        self.names = {"__name__": "__main__"}
        self.output = None

    def fail(self, line, message):
        sys.exit(f"{self.path}:{line}: {message}")

    def run(self):
        text = self.path.read_text(encoding="utf-8")
        count = 0
        for match in BLOCK.finditer(text):
            language, title, body = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            if title:
                (self.folder / title).write_text(body, encoding="utf-8")
            elif language == "sh":
                self.run_shell(body, line)
            elif language == "python":
                self.run_python(body, line)
            elif language == "text":
                self.compare(body, line)
                continue
            else:
                continue
            count += 1
        if count == 0:
            self.fail(1, "expected blocks to run, found none")
        print(f"{count} blocks")

    def run_shell(self, body, line):
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=self.folder, text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(f"-- line {line}\n{result.stdout}", end="")
        if result.returncode:
            self.fail(line, f"expected the commands to succeed, found status {result.returncode}")
        self.output = result.stdout

    def run_python(self, body, line):
        output = io.StringIO()
        with redirect_stdout(output):
            exec(compile("\n" * line + body, str(self.path), "exec"), self.names)  # pylint: disable=exec-used
        self.output = output.getvalue()
        print(f"-- line {line}\n{self.output}", end="")

    def compare(self, expected, line):
        if self.output is None:
            self.fail(line, "an output without a block before it")
        if not matches(expected, self.output):
            self.fail(line, f"expected this output, found\n{self.output}")


def main():
    page, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("models", "recipes"):
        (folder / name).symlink_to(SOURCE / name)
    os.chdir(folder)
    Page(page, folder).run()


if __name__ == "__main__":
    main()
