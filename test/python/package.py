# The Python package on a tiny model, without NumPy and with it.
# RUN: rm -rf %t && mkdir %t
# RUN: %python %src/test/Import/Inputs/make_model.py %t/hf
# RUN: env QUENCH_WITHOUT_NUMPY=1 %python %s %t -v 2>&1 | FileCheck %s
# CHECK: OK
import ctypes
import math
import os
import resource
import sys
import threading
import types
import typing
import unittest
from pathlib import Path

if os.environ.get("QUENCH_WITHOUT_NUMPY"):
    sys.modules["numpy"] = None  # type: ignore[assignment]


def caught_signals():
    """The signals of this process that have handlers, as Linux says; of those above 31 the C library has some."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt")) & 0x7FFFFFFF


CAUGHT_SIGNALS = caught_signals()

import quench
from Inputs.examples import LINEAR, RECIPE

ROOT = Path(sys.argv[1])
SCALARS = """
func.func @g(%n: index, %i: i32, %v: f32, %t: tensor<3xi32>) -> (tensor<?xf32>, tensor<3xi32>) {
  %a = tensor.splat %v[%n] : tensor<?xf32>
  %s = tensor.splat %i : tensor<3xi32>
  %b = arith.addi %t, %s : tensor<3xi32>
  return %a, %b : tensor<?xf32>, tensor<3xi32>
}"""


def rows(logits):
    return [list(map(float, row)) for row in logits]


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.progress = []
        cls.session = quench.Session(threads=2, remarks=True, progress=lambda *update: cls.progress.append(update))
        cls.model = quench.import_model(ROOT / "hf", ROOT / "model", session=cls.session)
        cls.small = cls.model.quantize("w8a8-dynamic", ROOT / "w8")
        (ROOT / "ids.bin").write_bytes(bytes(range(7)) * 7)

    def test_info(self):
        info = self.model.info
        self.assertEqual((info.vocab_size, info.max_positions, info.linear_layers, info.quantized_layers), (7, 16, 15, 0))
        info = self.small.info
        self.assertEqual(info.quantized_layers, 14)
        self.assertEqual(info.layers[0].name, "model.layers.0.self_attn.q_proj")
        self.assertEqual(info.layers[0].shape, (12, 12))
        self.assertIn("i8", info.layers[0].weights)
        self.assertEqual(info.layers[-1].weights, "")
        self.assertIn("nn.linear", self.small.ir)

    def test_progress_and_remarks(self):
        steps = {(step, unit) for step, unit, _, _, _ in self.progress}
        self.assertIn(("import", "tensors"), steps)
        self.assertEqual([update[2:] for update in self.progress if update[0] == "import"][-1], (21, 21, True))
        self.model.quantize(RECIPE, ROOT / "remarks")
        self.assertTrue([message for message in self.session.messages
                         if message.severity == "remark" and "down_proj" in message.text])

    def test_calibrate_with_a_generator(self):
        seen = []

        def samples():
            for start in range(3):
                seen.append(start)
                yield [(start + i) % 7 for i in range(8)]

        static = self.model.calibrate(samples()).quantize("w8a8-static", ROOT / "static")
        self.assertEqual(seen, [0, 1, 2])
        self.assertEqual(static.info.quantized_layers, 14)
        (ROOT / "model" / "calibration.safetensors").unlink()
        self.model.calibrate(ROOT / "ids.bin", window=8, limit=4, collect="none", output=ROOT / "archive")
        self.assertTrue((ROOT / "archive").is_file())

    def test_calibrate_stops_with_the_generator(self):
        def samples():
            yield [1, 2, 3]
            raise KeyError("the caller's own")

        with self.assertRaisesRegex(KeyError, "the caller's own"):
            self.model.calibrate(samples())
        with self.assertRaisesRegex(ValueError, r"samples\[1\]: expected 3 tokens, as in the first sample, found 2"):
            self.model.calibrate([[1, 2, 3], [1, 2]])
        with self.assertRaisesRegex(TypeError, r"samples\[0\]\[1\]: expected a token id, found 2.5"):
            self.model.calibrate([[1, 2.5]])
        with self.assertRaisesRegex(quench.QuenchError, "sample 0, token 0: expected an id from 0 to 6, found 7"):
            self.model.calibrate([[7, 1]])
        with self.assertRaisesRegex(ValueError, "expected at least one, found none"):
            self.model.calibrate([])
        self.assertFalse((ROOT / "model" / "calibration.safetensors").exists())

    def test_signals_are_left_to_the_program(self):
        self.small.compile(ROOT / "libsignals.so")
        self.assertEqual(caught_signals(), CAUGHT_SIGNALS)

    def test_run(self):
        logits = rows(self.small.run([1, 2, 3]))
        self.assertEqual((len(logits), len(logits[0])), (3, 7))
        sequence = self.small.sequence()
        self.assertEqual(rows(sequence.run(iter([1, 2]), last=1)), logits[1:2])
        other = sequence.copy()
        self.assertEqual(rows(sequence.run(b"\x03")), logits[2:])
        self.assertEqual((len(sequence), len(other)), (3, 2))
        sequence.rewind(1)
        self.assertEqual(rows(sequence.run([2, 3])), logits[1:])
        best = max(range(7), key=lambda token: logits[2][token])
        self.assertEqual(self.small.generate([1, 2, 3], 1), [best])
        self.assertEqual(self.small.generate([1], 9, temperature=2.0, seed=7),
                         self.small.generate([1], 9, temperature=2.0, seed=7))

    def test_evaluate(self):
        alone = self.small.evaluate(ROOT / "ids.bin", window=8, limit=2)
        self.assertEqual((alone.tokens, alone.windows, alone.kl, alone.baseline_perplexity), (14, 2, None, None))
        self.assertAlmostEqual(alone.perplexity, math.exp(alone.nll))
        compared = self.small.evaluate(str(ROOT / "ids.bin"), window=8, baseline=self.model)
        self.assertTrue(0.0 <= compared.kl < 1.0)
        self.assertEqual(self.model.evaluate(ROOT / "ids.bin", window=8, baseline=self.model).kl, 0.0)

    def test_recipe_of_a_mapping(self):
        four = self.model.quantize(RECIPE, ROOT / "w4")
        self.assertIn("i4", four.info.layers[0].weights)
        self.assertEqual(four.report()["report"]["recipe"]["name"] if "report" in four.report() else "custom", "custom")
        page = quench.write_report([self.small, four], ROOT / "page.html").read_text()
        self.assertIn("<html", page)
        self.assertIn("w8a8-dynamic", quench.recipes())
        self.assertIn("x86-avx2", quench.targets())
        self.assertIn("f8E4M3FN", quench.formats())

    def test_types_of_everything(self):
        for name in quench.__all__:
            whole = getattr(quench, name)
            for function in [whole, *vars(whole).values()] if isinstance(whole, type) else [whole]:
                function = function.fget if isinstance(function, property) else function
                if isinstance(function, (type, types.FunctionType)):
                    with self.subTest(name=name, function=function.__name__):
                        self.assertIsNotNone(typing.get_type_hints(function))
        tokens = typing.get_type_hints(quench.Model.run)["tokens"]
        self.assertIn(bytes, typing.get_args(tokens))

    def test_what_is_printed_says_what_it_is_of(self):
        path = str(ROOT / "w8")
        sequence = self.small.sequence()
        sequence.run([1, 2])
        said = {self.session: "<quench.Session, threads: 2>", quench.Session(): "<quench.Session, threads: one for each core>",
                self.small.load(): f"<quench.LoadedModel of {path!r}>", sequence: f"<quench.Sequence of {path!r}, tokens: 2>",
                quench.Function(LINEAR, "f"): "<quench.Function 'f'>"}
        for value, text in said.items():
            self.assertEqual(repr(value), text)

    def test_reports_are_whole(self):
        folder = ROOT / "reports"
        folder.mkdir()
        page = quench.write_report(self.small, folder / "page.html")
        (folder / "link.html").symlink_to("page.html")
        whole = page.read_text()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            for name in ("page.html", "link.html", "other.html"):
                with self.assertRaises(OSError):
                    quench.write_report(self.small, folder / name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        self.assertEqual(page.read_text(), whole)
        quench.write_report([self.small] * 2, folder / "link.html")
        self.assertNotEqual(page.read_text(), whole)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["link.html", "page.html"])
        with self.assertRaises(IsADirectoryError):
            quench.write_report(self.small, folder)
        self.assertEqual(quench.write_report(self.small, os.devnull), Path(os.devnull))

    def test_export(self):
        for model, name in ((self.model, "float.gguf"), (self.small, "small.hf")):
            again = quench.import_model(model.export(ROOT / name), ROOT / f"from-{name}")
            self.assertEqual(rows(again.run([1, 2, 3])), rows(model.run([1, 2, 3])))
        with self.assertRaisesRegex(quench.QuenchError, "no format of GGUF holds <i8, .* expected rows that are a multiple of 32"):
            self.small.export(ROOT / "small.gguf")

    def test_compile(self):
        path = self.small.compile(ROOT / "libsmall.so")
        self.assertTrue((ROOT / "small.h").is_file())
        library = ctypes.CDLL(str(path))
        size = ctypes.c_int64.in_dll(library, "small_state_bytes").value
        expected = rows(self.small.run([1, 2, 3]))[2]
        results = [None] * 4

        # Calls with states of their own run at the same time.
        def call(index):
            memory = ctypes.create_string_buffer(size + 64)
            state = ctypes.c_void_p(ctypes.addressof(memory) + -ctypes.addressof(memory) % 64)
            logits = (ctypes.c_float * 7)()
            for _ in range(50):
                tokens = (ctypes.c_int32 * 3)(1, 2, 3)
                status = library.small_run(tokens, ctypes.c_int64(3), ctypes.c_int64(0), ctypes.c_int64(2), state, logits)
                results[index] = (status, list(logits))

        threads = [threading.Thread(target=call, args=(index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [(0, expected)] * 4)

    def test_exceptions_carry_diagnostics(self):
        with self.assertRaises(quench.QuenchError) as caught:
            self.model.quantize("w8a8-static", ROOT / "out")
        self.assertEqual([message.severity for message in caught.exception.diagnostics], ["error"])
        self.assertIn("needs statistics", caught.exception.diagnostics[0].text)
        said = []
        session = quench.Session(progress=False, on_message=said.append)
        with self.assertRaises(quench.QuenchError) as caught:
            quench.Model(ROOT / "model", session).compile(ROOT / "m.so", target="z80")
        self.assertEqual(said, list(caught.exception.diagnostics))

    def test_sessions_are_independent(self):
        results = [None] * 3

        def work(index):
            session = quench.Session(threads=1 + index % 2, progress=False)
            model = quench.Model(ROOT / "model", session).quantize("w8a8-dynamic", ROOT / f"parallel{index}")
            results[index] = (rows(model.run([1, 2, 3])), (ROOT / f"parallel{index}" / "weights.safetensors").read_bytes())

        threads = [threading.Thread(target=work, args=(index,)) for index in range(len(results))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results[0], (rows(self.small.run([1, 2, 3])), (ROOT / "w8" / "weights.safetensors").read_bytes()))
        self.assertEqual(results, results[:1] * 3)

    def test_progress_bar(self):
        class Stream:
            text = ""

            def write(self, text):
                self.text += text

            def flush(self):
                pass

        stream = Stream()
        bar = quench.ProgressBar(stream)
        bar("eval", "windows", 1, 2, False)
        bar("eval", "windows", 2, 2, True)
        self.assertEqual(stream.text, f"\reval [{'#' * 15}{'.' * 15}] 1/2 windows\reval [{'#' * 30}] 2/2 windows\n")

    def test_functions_of_ir(self):
        def flat(values):
            return [list(map(float, row)) for row in values]

        upstream = quench.transform(LINEAR, ["quench-quantize-functions", "quench-to-upstream"])
        self.assertIn("tensor<2x4xi8>, tensor<4x2xi8>", upstream)
        self.assertNotIn("quench", upstream)
        x = [[1.0, 0.5, -0.25, 2.0], [0.0, 1.0, 1.0, 0.0]]
        exact = flat(quench.Function(LINEAR, "f")(x, shapes=[(2, 2)]))
        coded = flat(quench.Function(upstream, "f")(x, shapes=[(2, 2)]))
        self.assertEqual(exact[1], [0.699999988079071, 0.699999988079071])
        for row, other in zip(exact, coded):
            for value, near in zip(row, other):
                self.assertAlmostEqual(value, near, delta=0.05)
                self.assertNotEqual(value, near)

    def test_functions_take_scalars_and_give_several_results(self):
        function = quench.Function(SCALARS, "g")
        left, right = function(2, ctypes.c_int32(5), 0.5, [1, 2, 3], shapes=[(2,), (3,)], types=["f32", "i32"])
        self.assertEqual([list(left), list(right)], [[0.5, 0.5], [6, 7, 8]])
        cases = [
            (lambda: function(2, shapes=[(2,)]), quench.QuenchError, "expected 4 arguments and 2 results, found 1 and 1"),
            (lambda: function("x", shapes=[]), TypeError, "argument 0: expected a number or a tensor, found 'x'"),
            (lambda: function([[1], [1, 2]], shapes=[]), ValueError, "argument 0: expected lists of equal lengths"),
            (lambda: function(1, shapes=[(2,)], types=["f64"]), ValueError, "types: expected 'f32' or 'i32' for each of 1 shapes"),
            (lambda: quench.Function(3, "f"), TypeError, "Function: ir: expected a text, found 3"),
            (lambda: quench.Function(LINEAR, "h"), quench.QuenchError, "h"),
            (lambda: quench.transform(LINEAR, ["no-such-pass"]), quench.QuenchArgumentError, "'no-such-pass' does not refer to"),
            (lambda: quench.transform("nonsense", []), quench.QuenchError, "ir:1:1"),
        ]
        for call, kind, message in cases:
            with self.subTest(message=message), self.assertRaisesRegex(kind, message):
                call()

    @unittest.skipIf(os.environ.get("QUENCH_WITHOUT_NUMPY"), "without NumPy")
    def test_numpy(self):
        import numpy

        logits = self.small.run(numpy.array([1, 2, 3]))
        self.assertEqual((logits.dtype, logits.shape), (numpy.float32, (3, 7)))
        self.assertEqual(rows(logits), rows(self.small.run([1, 2, 3])))
        self.assertEqual(self.small.generate(numpy.array([1, 2, 3], dtype=numpy.uint8), 1), [int(logits[2].argmax())])
        with self.assertRaisesRegex(TypeError, r"tokens\[0\]: expected a token id"):
            self.small.run(numpy.array([1.0]))
        samples = numpy.arange(24).reshape(3, 8) % 7
        self.model.calibrate(samples, output=ROOT / "numpy-archive")
        self.assertTrue((ROOT / "numpy-archive").is_file())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
