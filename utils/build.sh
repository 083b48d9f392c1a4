#!/usr/bin/env bash
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: utils/build.sh [PRESET [TARGET...]]
# Configures build/PRESET (default: release) when that is needed and builds it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset="${1:-release}"
build="build/$preset"
if [[ $# -gt 0 ]]; then
  shift
fi

launcher=()
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  # ccache passes over precompiled headers without these.
  export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros}"
fi

# Ninja reconfigures by itself when a CMakeLists.txt changed; a missing, half-made or moved build folder is left to us.
fresh=()
if [[ -f "$build/CMakeCache.txt" ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$build/CMakeCache.txt"; then
  fresh=(--fresh)
fi
if [[ ! -f "$build/build.ninja" || ${#fresh[@]} -gt 0 ]]; then
  echo "== configuring $build"
  cmake --preset "$preset" "${fresh[@]}" "${launcher[@]}"
fi

echo "== building $build"
export NINJA_STATUS="${NINJA_STATUS:-[%f/%t, %es] }"
ninja -C "$build" "$@"
