"""Checks that a page is well formed and needs nothing else, and prints its visible text, one element a line.

usage: check_page.py FILE
"""
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}
# Attributes that make a browser fetch something or run something.
FETCHING = re.compile(r"src|href|xlink:href|action|data|poster|srcset|background|on\w+")


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.lines, self.problems = [], [], []

    def problem(self, text):
        self.problems.append(f"{self.getpos()[0]}: {text}")

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        for key, value in attributes:
            if FETCHING.fullmatch(key):
                self.problem(f"attribute {key} of {tag}")
            if "url(" in (value or ""):
                self.problem(f"url in {key} of {tag}")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problem(f"</{tag}> closes nothing that is open")

    def handle_data(self, data):
        where = self.open[-1] if self.open else "nothing"
        if where in ("style", "script"):
            if re.search(r"https?:|url\(|@import|fetch\(|eval\(|innerHTML", data):
                self.problem(f"{where} reaches out")
        elif data.strip():
            self.lines.append(f"{where}: " + " ".join(data.split()))


with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
page = Page()
page.feed(text)
page.close()
if page.open:
    page.problems.append(f"never closed: {page.open}")
if not text.startswith("<!DOCTYPE html>"):
    page.problems.append("no document type")
print("\n".join(page.lines))
print("scripts", len(re.findall("<script", text)), "images", len(re.findall("<img", text)), "charts", len(re.findall("<svg", text)))
sys.exit("\n".join(page.problems) or 0)
