#!/usr/bin/env bash
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: utils/quickstart.sh [WINDOWS]
# Installs what is missing, builds, takes models/tinybooks through import, calibrate, quantize, compile, eval and bench in
# several precisions, prints one table and a line of generated text. Everything it makes is under out/. Steps whose outputs
# are newer than their inputs and the tool are skipped. WINDOWS limits the evaluation (default: all 600 windows).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

windows="${1:-600}"
source="models/tinybooks"
out="out"
tool="build/release/bin/quench"
threads="$(nproc)"

utils/install_deps.sh
utils/build.sh release quench

mkdir -p "$out"

# fresh OUTPUT INPUT...: whether OUTPUT is there and newer than the tool and every input.
fresh() {
  local output="$1"
  [[ -e "$output" && ! "$tool" -nt "$output" ]] || return 1
  local input
  for input in "${@:2}"; do
    if [[ "$input" -nt "$output" ]]; then
      return 1
    fi
  done
}

# step OUTPUT INPUT... -- COMMAND...: runs the command unless OUTPUT is fresh. What it prints, should it print JSON, becomes OUTPUT.
step() {
  local output="$1" inputs=()
  shift
  while [[ "$1" != -- ]]; do
    inputs+=("$1")
    shift
  done
  shift
  if fresh "$output" "${inputs[@]}"; then
    return
  fi
  echo "== ${*/#$tool/quench}"
  if [[ "$output" == *.json ]]; then
    "$@" --json >"$output.tmp"
    mv "$output.tmp" "$output"
  else
    "$@"
  fi
}

weights() { echo "$out/$1/weights.safetensors"; }

step "$(weights fp32)" "$source/model.safetensors" "$source/config.json" -- \
  "$tool" import "$source" -o "$out/fp32"
step "$out/calibration.safetensors" "$(weights fp32)" "$source/calibration.bin" -- \
  "$tool" calibrate "$out/fp32" --data "$source/calibration.bin" --samples 128 -o "$out/calibration.safetensors"

models=(fp32)
for recipe in w8a8-static w8a8-dynamic w4a16 w4a8; do
  models+=("$recipe")
  step "$(weights "$recipe")" "$(weights fp32)" "$out/calibration.safetensors" -- \
    "$tool" quantize "$out/fp32" --recipe "$recipe" --calibration "$out/calibration.safetensors" -o "$out/$recipe"
done

for model in "${models[@]}"; do
  step "$out/lib$model.so" "$(weights "$model")" -- "$tool" compile "$out/$model" -o "$out/lib$model.so"
  step "$out/$model.eval-$windows.json" "$(weights "$model")" "$(weights fp32)" "$source/val600.bin" -- \
    "$tool" eval "$out/$model" --baseline "$out/fp32" --data "$source/val600.bin" --limit "$windows"
  step "$out/$model.bench-$threads.json" "$(weights "$model")" -- \
    "$tool" bench "$out/$model" --threads "$threads"
done

echo
python3 utils/results_table.py "$out" "$windows" "$threads" "${models[@]}"

echo
echo "== quench generate $out/w4a8 --prompt \"The captain \""
"$tool" generate "$out/w4a8" --prompt "The captain " --tokens 80 --temperature 0.6 --seed 1
