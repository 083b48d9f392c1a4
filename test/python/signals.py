# Steps end when they are cancelled, by Ctrl-C too.
# RUN: rm -rf %t && mkdir %t
# RUN: %python %src/test/Import/Inputs/make_model.py %t/hf
# RUN: %python %s %t -v 2>&1 | FileCheck %s
# CHECK: OK
import os
import signal
import sys
import threading
import time
import unittest
from pathlib import Path

import quench

ROOT = Path(sys.argv[1])


class SignalsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.small = quench.import_model(ROOT / "hf", ROOT / "model").quantize("w8a8-dynamic", ROOT / "w8")
        (ROOT / "ids.bin").write_bytes(bytes(range(7)) * 7)
        (ROOT / "long.bin").write_bytes(bytes(range(7)) * 40000)

    def setUp(self):
        # Shells have programs in the background ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def test_functions_of_the_caller_may_raise(self):
        def interrupt(*_):
            raise KeyboardInterrupt

        session = quench.Session(progress=interrupt)
        with self.assertRaises(KeyboardInterrupt):
            quench.Model(ROOT / "model", session).evaluate(ROOT / "ids.bin", window=8)

    def test_steps_end_when_they_are_cancelled(self):
        seen = []

        def progress(step, _unit, done, total, _finished):
            seen.append((step, done, total))
            if step == "quantize" and done == 1:
                session.cancel()

        session = quench.Session(progress=progress)
        with self.assertRaisesRegex(quench.QuenchError, "cancelled"):
            quench.Model(ROOT / "model", session).quantize("w8a8-dynamic", ROOT / "cancelled")
        self.assertEqual(seen[-1][:2], ("quantize", 1))
        self.assertGreater(seen[-1][2], 1)
        self.assertFalse((ROOT / "cancelled").exists())
        # The next step is another one.
        seen.clear()
        quench.Model(ROOT / "model", session).evaluate(ROOT / "ids.bin", window=8)

    def test_signals_end_steps(self):
        session = quench.Session(progress=lambda *_: signal.raise_signal(signal.SIGINT))
        with self.assertRaises(KeyboardInterrupt):
            quench.Model(ROOT / "model", session).quantize("w8a8-dynamic", ROOT / "interrupted")
        self.assertFalse((ROOT / "interrupted").exists())

    def test_what_is_kept_before_a_step_ends_it(self):
        seen = []
        session = quench.Session(progress=lambda *update: seen.append(update))
        session.keep(KeyboardInterrupt())
        with self.assertRaises(KeyboardInterrupt):
            quench.Model(ROOT / "model", session).quantize("w8a8-dynamic", ROOT / "kept")
        self.assertEqual(seen, [])
        self.assertFalse((ROOT / "kept").exists())

    def interrupted(self, step):
        """Runs a step that a signal reaches while it runs, and says how far it came."""
        seen = []
        running = threading.Event()

        def progress(_step, _unit, done, total, _finished):
            seen.append((done, total))
            if done:
                running.set()

        def kill():
            running.wait()
            os.kill(os.getpid(), signal.SIGINT)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            step(quench.Model(ROOT / "model", quench.Session(threads=1, progress=progress)))
        finally:
            running.set()
            killer.join()
            self.seen = seen[-1]

    def test_signals_from_outside_end_steps(self):
        steps = [lambda model: model.evaluate(ROOT / "long.bin", window=8),
                 lambda model: model.calibrate(ROOT / "long.bin", window=8, limit=30000, output=ROOT / "signalled"),
                 lambda model: model.calibrate(([1, 2, 3] for _ in range(30000)), output=ROOT / "signalled")]
        for index, step in enumerate(steps):
            with self.subTest(index):
                with self.assertRaises(KeyboardInterrupt):
                    self.interrupted(step)
                done, total = self.seen
                self.assertLess(done, total or 30000)
                self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_signals_go_to_the_handler_of_the_caller(self):
        calls = []

        def handler(*_):
            calls.append(signal.getsignal(signal.SIGINT))

        signal.signal(signal.SIGINT, handler)
        self.interrupted(lambda model: model.evaluate(ROOT / "long.bin", window=8, limit=2000))
        self.assertEqual((calls, self.seen), ([handler], (2000, 2000)))

    def test_steps_in_code_of_the_caller_end_alone(self):
        def samples():
            for _ in range(2):
                with self.assertRaises(KeyboardInterrupt):
                    self.interrupted(lambda model: model.evaluate(ROOT / "long.bin", window=8))
                yield [1, 2, 3]

        quench.Model(ROOT / "model").calibrate(samples(), output=ROOT / "nested")
        self.assertTrue((ROOT / "nested").is_file())

    def test_signals_raise_in_code_of_the_caller(self):
        def samples():
            try:
                for _ in range(2):
                    yield [1, 2, 3]
                self.small.evaluate(ROOT / "ids.bin", window=8)
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
                time.sleep(60)
            except KeyboardInterrupt:
                ended.append(True)

        ended = []
        quench.Model(ROOT / "model").calibrate(samples(), output=ROOT / "until-interrupted")
        self.assertEqual(ended, [True])
        self.assertTrue((ROOT / "until-interrupted").is_file())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
