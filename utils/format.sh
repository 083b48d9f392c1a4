#!/usr/bin/env bash
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: utils/format.sh [--check]
# Formats every C and C++ file of the project with clang-format-22, or says which ones are not formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=(-i)
if [[ "${1:-}" == --check ]]; then
  mode=(--dry-run --Werror)
fi
# The C programs of test/ hold RUN lines and keep the form they have (test/.clang-format).
# A deleted file that is not yet committed is still in the index.
git ls-files -co --exclude-standard -z -- '*.cpp' '*.h' '*.c' \
  | while IFS= read -r -d '' file; do if [[ -e "$file" ]]; then printf '%s\0' "$file"; fi; done \
  | xargs -0 -r -P "$(nproc)" -n 16 clang-format-22 "${mode[@]}"
