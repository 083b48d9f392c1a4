#!/usr/bin/env bash
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs the Debian 12 packages that Quench needs and that are missing; with none missing it touches nothing.
set -euo pipefail

packages=(
  # The toolchain that Quench is built with and links against.
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-22 lld-22 libomp-22-dev cmake ninja-build
  # Libraries.
  libgtest-dev libeigen3-dev libopenblas-dev libvulkan-dev libonnx-dev libprotobuf-dev
  # Tests: a device of Vulkan in software, what checks SPIR-V, scripts, and the cross toolchain whose sysroot the aarch64 tests link against and run on.
  mesa-vulkan-drivers spirv-tools python3 python3-numpy qemu-user g++-aarch64-linux-gnu
)

missing=()
for package in "${packages[@]}"; do
  if [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
    missing+=("$package")
  fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "error: apt-get not found; install these packages by hand: ${missing[*]}" >&2
  exit 1
fi
root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "error: run as root or install sudo; missing packages: ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo)
fi

echo "== installing ${missing[*]}"
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update
# Some dependency locks are held for a moment after boot by unattended upgrades; wait instead of failing.
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
  "${missing[@]}"
