# Feeds utils/lint_tree.py trees that break one rule each.
# RUN: %python %s
# The line below keeps lit from running what stands in strings.
# END.
import sys
import tempfile
import unittest
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "utils"))
import lint_tree

LICENCE = f"// {lint_tree.LICENCE}\n// {lint_tree.SPDX}\n"


def source(name, body=""):
    """A file that keeps every rule, with `body` from line 4 on (7 in a header)."""
    path = PurePosixPath(name)
    text = f"//===- {path.name} - Test ---===//\n{LICENCE}"
    if path.suffix == ".h":
        parts = [part for part in path.with_suffix("").parts if part != "include"]
        guard = "_".join(parts).upper() + "_H"
        return f"{text}#ifndef {guard}\n#define {guard}\n\n{body}#endif\n"
    return text + body


def pair(folder, stem, body="", header=""):
    """A source and its header."""
    return {name: source(name, text) for name, text in (
        (f"lib/{folder}/{stem}.cpp", body), (f"include/quench/{folder}/{stem}.h", header))}


def lint(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return lint_tree.Lint(Path(folder)).run()


class TreeLint(unittest.TestCase):
    def assert_problem(self, files, name, line, part):
        found = lint(files)
        self.assertEqual([problem[:2] for problem in found], [(name, line)], found)
        self.assertIn(part, found[0][2])

    def assert_source_problem(self, body, line, part, folder="Numerics"):
        self.assert_problem(pair(folder, "Foo", body), f"lib/{folder}/Foo.cpp", line, part)


class Paths(TreeLint):
    def test_good_tree_is_silent(self):
        self.assertEqual(lint({**pair("Numerics", "Foo"), "unittests/Numerics/FooTest.cpp": source("FooTest.cpp"),
                               "test/Numerics/foo.mlir": "// RUN: true\n"}), [])

    def test_source_without_header(self):
        self.assert_problem({"lib/Numerics/Foo.cpp": source("Foo.cpp")}, "lib/Numerics/Foo.cpp", 1, "no header")

    def test_family_shares_a_header(self):
        self.assertEqual(lint({**pair("Numerics", "Foo"), "lib/Numerics/FooTables.cpp": source("FooTables.cpp")}), [])

    def test_operation_families_share_the_header_of_the_folder(self):
        families = {"lib/Reference/ArithOps.cpp": source("ArithOps.cpp")}
        self.assertEqual(lint({**pair("Reference", "Evaluator"), **families}), [])
        self.assert_problem(families, "lib/Reference/ArithOps.cpp", 1, "no header")

    def test_passes_td_declares_sources(self):
        td = source("Passes.td", 'def FoldFoo : Pass<"quench-fold-foo"> {}\n')
        self.assertEqual(lint({"include/quench/Transforms/Passes.td": td,
                               "lib/Transforms/FoldFoo.cpp": source("FoldFoo.cpp")}), [])
        self.assert_problem({"include/quench/Transforms/Passes.td": td}, "include/quench/Transforms/Passes.td", 4,
                            "has no lib/Transforms/**/FoldFoo.cpp")

    def test_pass_has_one_name(self):
        td = source("Passes.td", 'def FoldFooPass : Pass<"quench-fold-bar"> {}\n')
        self.assert_problem({"include/quench/Transforms/Passes.td": td,
                             "lib/Transforms/FoldFoo.cpp": source("FoldFoo.cpp")},
                            "include/quench/Transforms/Passes.td", 4, "is called 'FoldFoo'")

    def test_one_pass_in_a_file(self):
        self.assert_source_problem("#define GEN_PASS_DEF_A\n#define GEN_PASS_DEF_B\n", 1, "more than one pass")

    def test_header_without_source(self):
        name = "include/quench/Numerics/Foo.h"
        for body in ("int f(int x);\n", "struct A {\n  int f() const;\n};\n", "A::A(int x);\n",
                     "auto f(int x) -> int;\n", "int f(int x = 1);\n", "bool operator==(A a, A b);\n"):
            line = 7 + body.count("\n", 0, body.index("("))
            self.assert_problem({name: source(name, body)}, name, line, "no lib/Numerics/Foo.cpp")
            self.assertEqual(lint({name: source(name, "// Header-only: elsewhere.\n" + body)}), [])

    def test_headers_that_need_no_source(self):
        name = "include/quench/Numerics/Foo.h"
        for body in ("inline int f(int x) { return g(x); }\n", "struct A {\n  A() = default;\n  virtual void f() = 0;\n};\n",
                     "using F = void(int);\n", "MLIR_DECLARE_EXPLICIT_TYPE_ID(quench::A)\n", "constexpr int x = 3;\n",
                     "struct A {\n  B b = B::make();\n};\n", "template <typename T> T f();\n"):
            self.assertEqual(lint({name: source(name, body)}), [], body)

    def test_unit_test_of_nothing(self):
        self.assert_problem({**pair("Numerics", "Foo"), "unittests/Numerics/BarTest.cpp": source("BarTest.cpp")},
                            "unittests/Numerics/BarTest.cpp", 1, "tests nothing")
        self.assert_problem({**pair("Numerics", "Foo"), "unittests/Numerics/FooChecks.cpp": source("FooChecks.cpp")},
                            "unittests/Numerics/FooChecks.cpp", 1, "are called FooTest.cpp")

    def test_lit_test_mirrors_a_folder(self):
        self.assert_problem({"test/Nowhere/a.mlir": "// RUN: true\n"}, "test/Nowhere/a.mlir", 1, "mirrors no folder")
        self.assertEqual(lint({"test/Integration/a.mlir": "// RUN: true\n"}), [])

    def test_forbidden_names(self):
        for stem in ("Utils", "Helpers", "Common", "Misc", "FooUtils"):
            found = lint(pair("Numerics", stem))
            self.assertEqual(len(found), 2, found)
            self.assertIn("forbidden name", found[0][2])
        self.assertEqual(len(lint(pair("Support/Common", "Foo"))), 2)


class Contents(TreeLint):
    def test_licence_and_banner(self):
        files = pair("Numerics", "Foo")
        name = "lib/Numerics/Foo.cpp"
        self.assert_problem({**files, name: "//===- Foo.cpp - Test ---===//\n"}, name, 1, "no licence banner")
        self.assert_problem({**files, name: source("Bar.cpp")}, name, 1, "the banner names 'Bar.cpp'")
        self.assert_problem({**files, name: "// Foo\n" + LICENCE}, name, 1, "expected a banner line")
        self.assert_problem({"utils/tool.py": "import sys\n"}, "utils/tool.py", 1, "no licence banner")

    def test_header_guard(self):
        name = "include/quench/Numerics/Foo.h"
        files = pair("Numerics", "Foo")
        files[name] = files[name].replace("QUENCH_NUMERICS_FOO_H", "QUENCH_FOO_H")
        self.assert_problem(files, name, 1, "found 'QUENCH_FOO_H'")

    def test_text_rules(self):
        for body, part in (("\tint x;\n", "tab"), ("int x; \n", "space at the end"), ("int x;", "no newline"),
                           ("// TO" + "DO: later\n", "unfinished"), ("// see /wo" + "rk/main\n", "path of one machine"),
                           ("<<<<<<< " + "ours\n", "merge conflict")):
            self.assert_source_problem(body, 4, part)

    def test_library_bans(self):
        for body, part in (("auto *p = std::get" + "env(\"A\");\n", "getenv"),
                           ("static cl::opt<int> x(\"x\");\n", "command line option"),
                           ("void f() { llvm::errs() << 1; }\n", "standard stream"),
                           ("void f() { llvm::report_fatal_error(\"x\"); }\n", "report_fatal_error"),
                           ("namespace mlir::quench {}\n", "namespace mlir::quench"),
                           ("enum Kind { A };\n", "plain enum")):
            self.assert_source_problem(body, 4, part)

    def test_bans_skip_comments_strings_and_tools(self):
        self.assertEqual(lint(pair("Numerics", "Foo", "// errs() is not for us\nauto *s = \"errs()\";\n")), [])
        self.assertEqual(lint({"tools/quench/quench.cpp": source("quench.cpp", "int main() { llvm::errs(); }\n")}), [])

    def test_tablegen_bans(self):
        name = "include/quench/Transforms/Foo.td"
        self.assert_problem({name: source(name, "let constructor = x;\n")}, name, 4, "let constructor")

    def test_reference_is_independent(self):
        for include in ("Transforms/Foo.h", "Dialect/Quench/Transforms/Foo.h", "Conversion/A/Foo.h", "Codegen/Foo.h"):
            self.assert_source_problem(f'#include "quench/{include}"\n', 4, "shares no code", "Reference")
        self.assertEqual(lint(pair("Reference", "Foo", '#include "quench/Dialect/NN/IR/NNOps.h"\n')), [])

    def test_numerics_is_free_of_mlir(self):
        self.assert_source_problem('#include "mlir/IR/Builders.h"\n', 4, "free of MLIR")


class Sizes(TreeLint):
    def test_file_ceilings(self):
        self.assertEqual(lint(pair("Numerics", "Foo", "\n" * 497)), [])
        self.assert_source_problem("\n" * 498, 500, "501 lines, the ceiling is 500")
        self.assert_problem(pair("Numerics", "Foo", "", "\n" * 300), "include/quench/Numerics/Foo.h", 300, "ceiling is 300")
        name = "test/Integration/a.mlir"
        self.assert_problem({name: "// RUN: true\n" * 401}, name, 400, "ceiling is 400")

    def test_operation_families_may_be_longer(self):
        self.assertEqual(lint(pair("Dialect/NN/IR", "NNOps", "\n" * 700)), [])
        self.assertEqual(len(lint(pair("Dialect/NN/IR", "NNOps", "\n" * 800))), 1)

    def test_function_ceiling(self):
        for head in ("static int f(int x) ", "Foo::Foo(int x) : a(x) ", "int C::g() const ", "TEST(Suite, Name) "):
            self.assertEqual(lint(pair("Numerics", "Foo", head + "{\n" + "  g();\n" * 78 + "}\n")), [])
            self.assert_source_problem(head + "{\n" + "  g();\n" * 79 + "}\n", 4, "function of 81 lines")

    def test_functions_inside_scopes(self):
        body = "namespace quench {\nclass A : public B<(1 > 0)> {\n  void f() {\n" + "    if (x) {\n    }\n" * 40 + "  }\n};\n}\n"
        self.assert_source_problem(body, 6, "function of 82 lines")

    def test_braces_that_are_no_functions(self):
        body = "namespace quench {\nstatic const int table[] = {\n" + "  1,\n" * 100 + "};\n}\n"
        self.assertEqual(lint(pair("Numerics", "Foo", body)), [])
        self.assertEqual(lint(pair("Numerics", "Foo", "const char *s = \"f() {\";\n" + "int x;\n" * 100)), [])

    def test_python_functions(self):
        text = f"# {lint_tree.LICENCE}\n# {lint_tree.SPDX}\ndef f():\n" + "    pass\n" * 80
        self.assert_problem({"utils/tool.py": text}, "utils/tool.py", 3, "function of 81 lines")


if __name__ == "__main__":
    unittest.main()
