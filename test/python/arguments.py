# Wrong arguments say what was expected, without NumPy and with it.
# RUN: rm -rf %t && mkdir %t
# RUN: %python %src/test/Import/Inputs/make_model.py %t/hf
# RUN: env QUENCH_WITHOUT_NUMPY=1 %python %s %t -v 2>&1 | FileCheck %s
# CHECK: OK
import copy
import os
import pickle
import sys
import unittest
from pathlib import Path

if os.environ.get("QUENCH_WITHOUT_NUMPY"):
    sys.modules["numpy"] = None  # type: ignore[assignment]

import quench
from Inputs.examples import LINEAR, RECIPE

ROOT = Path(sys.argv[1])


class ArgumentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = quench.import_model(ROOT / "hf", ROOT / "model", session=quench.Session(progress=False))
        (ROOT / "ids.bin").write_bytes(bytes(range(7)) * 7)

    def test_wrong_arguments_say_what_was_expected(self):
        cases = [
            (lambda: self.model.quantize(3, "out"), TypeError, r"quantize: recipe: expected a name, a path or a mapping, found 3 \(int\)"),
            (lambda: self.model.quantize({"weights": object()}, "out"), TypeError, "quantize: recipe: expected texts, numbers"),
            (lambda: self.model.quantize("w9", "out"), quench.QuenchError, "recipe 'w9': expected a file or one of .*w8a8-dynamic"),
            (lambda: self.model.quantize({**RECIPE, "weights": {"type": "i99"}}, "out"), quench.QuenchError, "recipe:1:.*i99"),
            (lambda: self.model.quantize("", "out"), ValueError, "quantize: recipe: expected a name, a path or a mapping, found ''"),
            (lambda: quench.write_report(3, "x"), TypeError, r"write_report: models: expected a model or some models, found 3 \(int\)"),
            (lambda: quench.transform(LINEAR, 3), TypeError, "transform: pipeline: expected a text or a list of passes, found 3"),
            (lambda: quench.transform(LINEAR, [3]), TypeError, "transform: pipeline: expected names of passes, found 3"),
            (lambda: quench.LoadedModel(self.model.session, b"x"), TypeError, "LoadedModel: path: expected a path, found b'x'"),
            (lambda: quench.Sequence("x"), TypeError, "Sequence: model: expected a LoadedModel, found 'x'"),
            (lambda: quench.Sequence(self.model.load(), 3), TypeError, "Sequence: original: expected a Sequence, found 3"),
            (lambda: self.model.run([[1, 2]]), TypeError, r"run: tokens\[0\]: expected a token id, found \[1, 2\]"),
            (lambda: self.model.quantize("w4a8", ""), ValueError, "quantize: output: expected a path, found ''"),
            (lambda: self.model.calibrate(5), TypeError, "calibrate: samples: expected a path or an iterable of sequences of tokens, found 5"),
            (lambda: self.model.calibrate("x", window="8"), TypeError, "calibrate: window: expected an integer, found '8'"),
            (lambda: self.model.calibrate(ROOT / "ids.bin", window=99), quench.QuenchError, "window: expected at most 16"),
            (lambda: self.model.evaluate("none.bin"), quench.QuenchError, "none.bin: cannot read"),
            (lambda: self.model.evaluate("x", window=1), ValueError, "evaluate: window: expected 2 to .* found 1"),
            (lambda: self.model.evaluate("x", baseline=7), TypeError, "evaluate: baseline: expected a path, found 7"),
            (lambda: self.model.compile(ROOT / "m.so", target="z80"), quench.QuenchError, "unknown target 'z80', expected host"),
            (lambda: self.model.compile(ROOT / "m.so", name="2x"), quench.QuenchError, "expected a C identifier, found '2x'"),
            (lambda: self.model.run([]), ValueError, "run: tokens: expected at least one token, found none"),
            (lambda: self.model.run([9]), quench.QuenchError, "token 0 is 9, outside the vocabulary of 7"),
            (lambda: self.model.sequence().run([1], last=2), quench.QuenchArgumentError, "run: last: expected at most 1, found 2"),
            (lambda: self.model.sequence().rewind(3), quench.QuenchArgumentError, "position: expected 0 to 0, found 3"),
            (lambda: self.model.generate([1], 99), ValueError, "generate: count: expected at most 16, found 99"),
            (lambda: self.model.generate(b"\1", 2**31 - 1), quench.QuenchArgumentError, "count: expected at most 16, found 2147483647"),
            (lambda: self.model.generate([1] * 17, 1), ValueError, "count: expected at most 0, found 1"),
            (lambda: self.model.sequence().run([1], last=2**31 - 1), ValueError, "last: expected at most 1, found 2147483647"),
            (lambda: self.model.run([1] * 17), ValueError, "run: tokens: expected at most 16, found 17"),
            (lambda: self.model.generate([1], 1, temperature="hot"), TypeError, "temperature: expected a number, found 'hot'"),
            (lambda: quench.load(ROOT / "hf"), quench.QuenchError, "expected a model folder with model.mlir"),
            (lambda: quench.import_model(ROOT / "none", ROOT / "out"), quench.QuenchError, "none: expected a Hugging Face folder"),
            (lambda: quench.Session(threads=-1), ValueError, "threads: expected 0 to"),
            (lambda: quench.Session(threads=9999), quench.QuenchArgumentError, "threads: expected 0 to 1024, found 9999"),
            (lambda: quench.Session(progress=3), TypeError, "progress: expected True, False or a function, found 3"),
            (lambda: quench.write_report([], "x"), TypeError, "write_report: models: expected a model or some models"),
            (lambda: self.model.report(), quench.QuenchError, "report.json"),
        ]
        for call, kind, message in cases:
            with self.subTest(message=message), self.assertRaisesRegex(kind, message):
                call()

    def test_sessions_are_sessions(self):
        calls = {"Model": lambda: quench.load(ROOT / "model", 3), "Function": lambda: quench.Function(LINEAR, "f", session=3),
                 "import_model": lambda: quench.import_model(ROOT / "hf", ROOT / "out", session=0),
                 "transform": lambda: quench.transform("", [], session=""), "recipes": lambda: quench.recipes(3),
                 "targets": lambda: quench.targets(3), "formats": lambda: quench.formats(False),
                 "LoadedModel": lambda: quench.LoadedModel(None, b"x")}
        for name, call in calls.items():
            with self.subTest(name), self.assertRaisesRegex(TypeError, f"^{name}: session: expected a Session, found "):
                call()

    def test_values_are_not_cut(self):
        echo = """
        func.func @f(%n: index, %t: tensor<2xi32>) -> (tensor<2xi32>, tensor<?xf32>) {
          %v = arith.constant 0.5 : f32
          %a = tensor.splat %v[%n] : tensor<?xf32>
          return %t, %a : tensor<2xi32>, tensor<?xf32>
        }"""
        function = quench.Function(echo, "f")
        left, right = function(2, [2**31 - 1, -(2**31)], shapes=[(2,), (2,)], types=["i32", "f32"])
        self.assertEqual([list(left), list(right)], [[2**31 - 1, -(2**31)], [0.5, 0.5]])
        cases = [
            (lambda: function(2, [1, 2**40], shapes=[(2,), (2,)]), ValueError,
             "argument 1: expected -2147483648 to 2147483647, found 1099511627776"),
            (lambda: function(2**80, [1, 2], shapes=[(2,), (2,)]), ValueError, f"argument 0: expected .* found {2**80}"),
            (lambda: function([0.5, 10**400], [1, 2], shapes=[]), ValueError, "argument 0: expected numbers that are floats"),
            (lambda: quench.transform(LINEAR + "\0}", []), ValueError, "transform: ir: expected a text, found "),
            (lambda: quench.transform(LINEAR, "builtin.module()\0"), ValueError, "transform: pipeline: expected a text, found"),
            (lambda: quench.transform(LINEAR, ["cse\0"]), ValueError, "transform: pipeline: expected names of passes, found"),
            (lambda: quench.Function(LINEAR, "f\0g"), ValueError, "Function: name: expected a text, found "),
            (lambda: self.model.compile(ROOT / "m.so", name="m\0n"), ValueError, "compile: name: expected a text, found "),
            (lambda: self.model.compile(ROOT / "m.so", target="host\0"), ValueError, "target: expected a name or a path, found "),
            (lambda: self.model.calibrate(ROOT / "ids.bin", collect="none\0"), ValueError, "collect: expected a text, found "),
            (lambda: self.model.calibrate([None]), TypeError, r"samples\[0\]: expected token ids, found None"),
            (lambda: self.model.calibrate(iter([[1, 2], None, [3, 4]])), TypeError, r"samples\[1\]: expected token ids, found None"),
        ]
        for call, kind, message in cases:
            with self.subTest(message=message), self.assertRaisesRegex(kind, message):
                call()

    def test_wrong_shapes_of_results(self):
        function = quench.Function(LINEAR, "f")
        x = [[1.0] * 4] * 2
        cases = [
            (lambda: function(x, shapes=(2, 2)), TypeError, r"shapes: expected a list of shapes, one for each result, found \(2, 2\)"),
            (lambda: function(x, shapes=3), TypeError, "shapes: expected a list of shapes, one for each result, found 3"),
            (lambda: function(x, shapes=[("a", 2)]), TypeError, r"shapes\[0\]: expected an integer, found 'a'"),
            (lambda: function(x, shapes=[(-2, -2)]), ValueError, r"shapes\[0\]: expected 0 to .* found -2"),
            (lambda: function(x, shapes=[(2, 2)], types=3), TypeError, "types: expected a list of 'f32' or 'i32', found 3"),
            (lambda: function(x, shapes=[(2, 2)], types=[[]]), ValueError, "types: expected 'f32' or 'i32' for each of 1 shapes"),
        ]
        for call, kind, message in cases:
            with self.subTest(message=message), self.assertRaisesRegex(kind, message):
                call()

    @unittest.skipIf(os.environ.get("QUENCH_WITHOUT_NUMPY"), "without NumPy")
    def test_arrays(self):
        import numpy

        function = quench.Function("""
        func.func @f(%n: index) -> tensor<?xf32> {
          %v = arith.constant 0.5 : f32
          %a = tensor.splat %v[%n] : tensor<?xf32>
          return %a : tensor<?xf32>
        }""", "f")
        for kind in (numpy.int64, numpy.uint8):
            self.assertEqual(list(function(kind(3), shapes=[(numpy.int64(3),)])), [0.5] * 3)
        with self.assertRaisesRegex(ValueError, "argument 0: expected .* found 18446744073709551615"):
            function(numpy.uint64(2**64 - 1), shapes=[(3,)])
        for array in (numpy.array([[1, 2]]), numpy.array(3)):
            with self.assertRaises(ValueError) as caught:
                self.model.run(array)
            self.assertEqual(str(caught.exception), f"run: tokens: expected one row of token ids, found an array of shape {array.shape}")
        with self.assertRaisesRegex(TypeError, r"run: tokens\[0\]: expected a token id, found array"):
            self.model.run([numpy.array([1, 2])])

    def test_what_holds_memory_of_the_library_is_not_copied(self):
        holders = [self.model.session, self.model.load(), self.model.sequence(), quench.Function(LINEAR, "f")]
        for holder in holders:
            for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
                message = f"^a {type(holder).__name__} cannot be copied or pickled$"
                with self.subTest(message), self.assertRaisesRegex(TypeError, message):
                    duplicate(holder)
        self.model.load()
        for again in (copy.copy(self.model), copy.deepcopy(self.model), pickle.loads(pickle.dumps(self.model))):
            self.assertEqual(again.path, self.model.path)
            self.assertIsNot(again.session, self.model.session)
            self.assertEqual(again.info, self.model.info)

    def test_generate_to_the_last_position(self):
        self.assertEqual(len(self.model.generate([1], 16)), 16)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
