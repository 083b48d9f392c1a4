#!/usr/bin/env bash
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: utils/test.sh [PRESET]
# Installs what is missing, builds PRESET (default: ci) and runs lints, unit tests, lit tests and integration tests. The last
# line is always `N passed, N failed`, and the exit status is zero when nothing failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset="${1:-ci}"
passed=0
failed=0

# The closing line is printed on every way out, so that a reader of the last line is never misled.
finish() {
  local status=$?
  if [[ $status -ne 0 && $failed -eq 0 ]]; then
    failed=1
  fi
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 ]]
  exit
}
trap finish EXIT
trap 'exit 130' INT TERM

check() { # check <name> <command>...
  echo "== $1"
  if "${@:2}"; then
    passed=$((passed + 1))
  else
    echo "FAIL: $1"
    failed=$((failed + 1))
  fi
}

utils/install_deps.sh || { echo "error: installing the packages failed"; exit 1; }

# One call builds the libraries, the tools and the unit tests.
if ! utils/build.sh "$preset"; then
  echo "error: the build failed"
  failed=$((failed + 1))
  exit 1
fi

check "lint: tree" python3 utils/lint_tree.py
check "lint: lit files" python3 utils/lint_lit.py
if command -v clang-format-22 >/dev/null; then
  check "lint: format" utils/format.sh --check
fi

echo "== tests"
lit="$(sed -n 's/^LLVM_EXTERNAL_LIT:[A-Z]*=//p' "build/$preset/CMakeCache.txt")"
results="build/$preset/test/results.json"
rm -f "$results"
# A hanging test must not hang the run: no healthy one comes near the limit.
"${lit:-/usr/lib/llvm-22/bin/lit}" -sv --max-time 2400 -o "$results" \
  "build/$preset/test" "build/$preset/test/Integration"
status=$?

# The printer and the parser agree on every input of the suite.
check "lit: every input printed and reparsed" \
  "${lit:-/usr/lib/llvm-22/bin/lit}" -sq --param roundtrip=1 --filter '\.mlir$' "build/$preset/test"

counts="$(python3 utils/count_results.py "$results")" || { echo "error: no test results"; exit 1; }
read -r lit_passed lit_failed <<<"$counts"
passed=$((passed + lit_passed))
failed=$((failed + lit_failed))
# lit also fails for reasons that no single test shows, such as a broken configuration.
if [[ $status -ne 0 && $lit_failed -eq 0 ]]; then
  echo "error: lit failed with status $status"
  failed=$((failed + 1))
fi
