# The site: every entry of its menu is a page, every page of the documentation and of the reference is an entry, and every
# link between pages leads somewhere. With mkdocs on the machine, it builds without a warning.
# RUN: %python %s %build_tree/docs
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^()\s]+)\)")
NOT_IN_THE_MENU = {"LICENSE"}


def without_code(text):
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text):
    """The anchors of the headings of a page, as GitHub and mkdocs make them."""
    found = set()
    for heading in re.findall(r"^#+ +(.*?) *#*$", text, re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        heading = unicodedata.normalize("NFKC", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-"))
    return found


def check(root):
    problems = []
    pages = root / "pages"
    config = (root / "mkdocs.yml").read_text(encoding="utf-8")
    menu = re.findall(r"^ +- [^:\n]+: (\S+)$", config, re.M)
    files = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    problems += [f"mkdocs.yml: expected a page '{entry}', found none" for entry in menu if entry not in files]
    problems += [f"mkdocs.yml: expected '{entry}' once, found it again" for entry in set(menu) if menu.count(entry) > 1]
    problems += [f"mkdocs.yml: expected an entry for '{page}', found none" for page in sorted(files - set(menu) - NOT_IN_THE_MENU)]
    links = 0
    for page in sorted(files):
        text = without_code((pages / page).read_text(encoding="utf-8"))
        for target in LINK.findall(text):
            if re.match(r"[a-z]+:", target):
                continue
            links += 1
            place, _, anchor = target.partition("#")
            path = (pages / page).parent / place if place else pages / page
            if not path.exists():
                problems.append(f"{page}: expected a file behind the link '{target}', found none")
            elif anchor and path.suffix == ".md" and anchor not in anchors(path.read_text(encoding="utf-8")):
                problems.append(f"{page}: expected a heading behind the link '{target}', found none")
    if links < 20:
        problems.append(f"expected the pages to have links, found {links}")
    return problems


def main():
    root = Path(sys.argv[1])
    problems = check(root)
    if problems:
        sys.exit("\n".join(problems))
    if shutil.which("mkdocs"):
        subprocess.run(["mkdocs", "build", "--strict", "-q", "-f", root / "mkdocs.yml"], check=True)


if __name__ == "__main__":
    main()
