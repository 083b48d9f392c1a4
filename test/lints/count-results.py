# Counts the results of lit as the last line of utils/test.sh states them.
# RUN: %python %s
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "utils"))
import count_results


class CountResults(unittest.TestCase):
    def test_codes(self):
        codes = ["PASS", "XFAIL", "FLAKYPASS", "FAIL", "XPASS", "UNRESOLVED", "TIMEOUT", "UNSUPPORTED", "SKIPPED"]
        self.assertEqual(count_results.count([{"code": code} for code in codes]), (3, 4))

    def test_a_run_without_tests_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.json")
            self.assertEqual(count_results.main(path), 1)
            for text in ("", "{}", json.dumps({"tests": []}), json.dumps({"tests": [{"code": "UNSUPPORTED"}]})):
                Path(path).write_text(text)
                self.assertEqual(count_results.main(path), 1, text)


if __name__ == "__main__":
    unittest.main()
