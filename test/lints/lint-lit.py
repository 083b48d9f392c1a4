# Feeds utils/lint_lit.py tests that check less than they seem to.
# RUN: %python %s
# The line below keeps lit from running what stands in strings.
# END.
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "utils"))
import lint_lit

RUN = "// RUN: quench-opt %s | FileCheck %s\n"
# Directives are put together here so that none opens a line of this file.
CHECK = "// CHECK"


def complaints(text, name="test/a.mlir"):
    return [message for _, _, message in lint_lit.check_file(name, text)[0]]


class Directives(unittest.TestCase):
    def assert_complaint(self, text, part):
        found = complaints(text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def test_good_file_is_silent(self):
        good = RUN + "".join(f"{CHECK}{suffix}: x\n" for suffix in (
            "", "-LABEL", "-NEXT", "-SAME", "-NOT", "-DAG", "-EMPTY", "-COUNT-3", "-NEXT{LITERAL}"))
        self.assertEqual(complaints(good), [])
        self.assertEqual(complaints(RUN + f"{CHECK}: %[[SCALE:.+]] = foo {{{{%[0-9]+}}}}\n"), [])
        self.assertEqual(complaints(RUN + "// C1: operand and result shapes agree\n// NOTE: rounds to even\n"), [])

    def test_missing_colon(self):
        self.assert_complaint(RUN + f"{CHECK}-LABEL @f\n", "without a colon")
        self.assert_complaint(RUN + f"{CHECK} foo\n", "without a colon")
        self.assert_complaint(RUN + f"{CHECK}-NEXT : foo\n", "without a colon")

    def test_unknown_suffix(self):
        self.assert_complaint(RUN + f"{CHECK}-NXT: foo\n", "unknown suffix")
        self.assert_complaint(RUN + f"{CHECK}-COUNT: foo\n", "unknown suffix")
        self.assert_complaint(RUN + f"{CHECK}-LABLE @f\n", "unknown suffix")

    def test_wrong_case(self):
        self.assert_complaint(RUN + "// Check-NEXT: foo\n", "in capitals")

    def test_prefix_that_no_run_enables(self):
        self.assert_complaint(RUN + "// INT8: foo\n", "no RUN line enables")
        self.assert_complaint(RUN + "// CHECK_NEXT: foo\n", "no RUN line enables")
        avx = "// RUN: a %s | FileCheck %s --check-prefix=AVX\n"
        self.assert_complaint(avx + f"{CHECK}: foo\n", "no RUN line enables")
        self.assert_complaint(avx + "// AVX512-NEXT: foo\n", "no RUN line enables")

    def test_prefix_lists_and_continuations(self):
        run = "// RUN: a %s \\\n// RUN:   | FileCheck %s --check-prefixes=A,B-C\n"
        self.assertEqual(complaints(run + "// A-NEXT: foo\n// B-C: foo\n// B-C-DAG: foo\n"), [])
        self.assert_complaint(run + "// B-C-DGA: foo\n", "unknown suffix")

    def test_every_filecheck_call_counts(self):
        run = "// RUN: a | FileCheck %s; b | FileCheck %s --check-prefix B\n"
        self.assertEqual(complaints(run + f"{CHECK}: a\n// B: b\n"), [])

    def test_quoted_prefixes(self):
        self.assertEqual(complaints("// RUN: a | FileCheck %s --check-prefixes='A,B'\n// B: b\n"), [])

    def test_run_lines_stop_at_the_end_marker(self):
        self.assert_complaint("// E" + "ND.\n" + RUN + f"{CHECK}: foo\n", "no RUN line")

    def test_check_without_filecheck(self):
        self.assert_complaint("// RUN: quench-opt %s\n" + f"{CHECK}: foo\n", "no FileCheck")

    def test_no_run_line(self):
        self.assert_complaint("func.func @f()\n", "no RUN line")

    def test_value_numbers(self):
        self.assert_complaint(RUN + f"{CHECK}: quench.quantize %0 :\n", "'%0'")
        self.assert_complaint(RUN + f"{CHECK}-SAME: %arg12: tensor<4xf32>\n", "'%arg12'")

    def test_expected_diagnostics(self):
        error = "// expected-error @+1 {{message}}\n"
        self.assert_complaint("// RUN: quench-opt %s\n" + error, "verify-diagnostics")
        verify = "// RUN: quench-opt %s -verify-diagnostics\n"
        self.assertEqual(complaints(verify + error), [])
        self.assertEqual(complaints(verify + "// expected-error-re @below 2 {{message}}\n"), [])
        self.assert_complaint(verify + "// expected-error message\n", "without {{message}}")

    def test_other_comment_markers(self):
        self.assertEqual(complaints("# RUN: a | FileCheck %s\n" + "#" + " CHECK: x\n", "test/a.py"), [])
        self.assertEqual(len(complaints("# RUN: a | FileCheck %s\n" + "#" + " CHECK x\n", "test/a.test")), 1)


class Passes(unittest.TestCase):
    def lint(self, run):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "include").mkdir()
            (root / "test").mkdir()
            (root / "include" / "Passes.td").write_text('\ndef FoldPass : Pass<"quench-fold", "ModuleOp"> {}\n')
            (root / "test" / "a.mlir").write_text(f"// RUN: {run}\n")
            return lint_lit.lint(root)

    def test_untested_pass(self):
        self.assertEqual(self.lint("quench-opt %s"), [
            ("include/Passes.td", 2, "no RUN line of test/ names the pass 'quench-fold'")])
        self.assertEqual(len(self.lint("quench-opt %s --quench-fold-more")), 1)
        self.assertEqual(len(self.lint("quench-opt %s --no-quench-fold")), 1)

    def test_tested_pass(self):
        for run in ("quench-opt %s --quench-fold", "quench-opt -quench-fold=max=3",
                    "quench-opt --pass-pipeline='builtin.module(quench-fold{max=3})'"):
            self.assertEqual(self.lint(run), [], run)


if __name__ == "__main__":
    unittest.main()
