# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Calibration keeps sums, no activations: ten times the samples need no more memory.
# RUN: rm -rf %t && mkdir %t
# RUN: quench import %models/tinybooks -o %t/model
# What is freed stays for a while where a sanitizer looks for its use.
# RUN: export ASAN_OPTIONS=allow_user_poisoning=0:quarantine_size_mb=8
# RUN: %python %s %t %models/tinybooks/val600.bin
import resource
import subprocess
import sys

folder, data = sys.argv[1:]


def peak(samples):
    """The most memory that a calibration had in use, or one before it."""
    subprocess.check_output(["quench", "calibrate", f"{folder}/model", "--data", data, "--window", "64", "--samples", str(samples),
                             "--collect", "channels,histogram,gram,channel-ranges,channel-histograms", "-o", f"{folder}/{samples}"], stderr=subprocess.STDOUT)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


few = peak(16)
many = peak(160)
assert many < 1.05 * few, (few, many)
