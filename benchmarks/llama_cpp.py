# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs that are linked with the llama.cpp of the npm packages `node-llama-cpp` and `@node-llama-cpp/linux-x64`."""
import glob
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def build_driver(modules, work, source_file, driver):
    """WORK/DRIVER, made of a source beside this file, against the headers that node-llama-cpp brings as a git bundle."""
    program, source = f"{work}/{driver}", f"{work}/llama.cpp"
    libraries = f"{modules}/@node-llama-cpp/linux-x64/bins/linux-x64"
    if not os.path.isdir(source):
        run("git", "-c", "advice.detachedHead=false", "clone", "-q", f"{modules}/node-llama-cpp/llama/gitRelease.bundle", source)
    objects = [path for name in ["libllama.*so", "libllama.so", "libggml.*so", "libggml.so", "libggml-base.so"]
               for path in glob.glob(f"{libraries}/{name}")]
    run("clang++-22", "-O2", "-std=c++17", f'-DBACKENDS="{libraries}"', f"-I{source}/include", f"-I{source}/ggml/include",
        f"{HERE}/{source_file}", *sorted(set(objects)), f"-Wl,-rpath,{libraries}", f"-Wl,-rpath-link,{libraries}", "-o", program)
    return program
