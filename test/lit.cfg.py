# How lit runs the tests of Quench. Parameters: --param roundtrip=1 also prints and reparses the input of every quench-opt.
#
# Substitutions: the tools by name, and
#   %src %models        the source tree, and its models/
#   %numpy_python       an interpreter with NumPy                      (feature numpy)
#   %python %clang      the interpreter and the C compiler of the build
#   %link_quench        links a program with libQuenchC
#   %llvm_include %llvm_lib   headers and libraries of LLVM
#   %build_tree         the build folder
#   %cmake              as in %cmake --install
#   %cmake_configure    %cmake with the generator, compilers and flags of the build
#   %aarch64_clang      compiles and links for aarch64 Linux           (feature qemu-aarch64)
#   %aarch64_run        runs a program for aarch64                     (feature qemu-aarch64)
# Features: <arch>-registered for each LLVM back end, host-x86_64, host-avx2 and so on, qemu-aarch64, python3, numpy, sanitized,
# roundtrip (with the parameter).
import glob
import os
import platform
import shutil
import subprocess

import lit.formats

# `lit test/Foo/bar.mlir` without a build folder in the command: take the first one that is configured.
if not hasattr(config, "quench_obj_root"):
    here = os.path.dirname(os.path.abspath(__file__))
    sites = sorted(glob.glob(os.path.join(os.path.dirname(here), "build", "*", "test", "lit.site.cfg.py")))
    if not sites:
        lit_config.fatal("expected a configured build folder under build/, run utils/build.sh first")
    lit_config.note(f"using {os.path.dirname(os.path.dirname(sites[0]))}")
    lit_config.load_config(config, sites[0])
    raise SystemExit

from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

# Files that a tool needs at both ends of an aarch64 test: the C library of the cross toolchain, as loader and sysroot.
AARCH64_SYSROOT = "/usr/aarch64-linux-gnu"

# Names in /proc/cpuinfo for the features that tests ask for.
CPU_FEATURES = {
    "avx2": "avx2",
    "fma": "fma",
    "f16c": "f16c",
    "avx_vnni": "avxvnni",
    "avx512f": "avx512f",
    "avx512_vnni": "avx512vnni",
    "avx512_bf16": "avx512bf16",
    "amx_int8": "amx-int8",
    "asimddp": "dotprod",
    "i8mm": "i8mm",
}


def host_cpu_features():
    """The names that CPU_FEATURES gives to what every core of this machine has."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line for line in file if line.lower().startswith(("flags", "features"))]
    except OSError:
        return []
    common = set.intersection(*(set(line.split(":", 1)[1].split()) for line in lines)) if lines else set()
    return sorted(name for flag, name in CPU_FEATURES.items() if flag in common)


config.name = "Quench"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py", ".c"]
# Integration runs compiled code: `check-quench-integration` names it. Unit is a suite of its own.
config.excludes = ["Inputs", "Integration", "lit.cfg.py", "lit.site.cfg.py", "lit.local.cfg", "CMakeLists.txt"]
# DEFINE and REDEFINE: one line of commands for several targets.
config.recursiveExpansionLimit = 4
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.quench_obj_root, "test")

config.environment["FILECHECK_OPTS"] = "--enable-var-scope --dump-input=fail"
config.environment["LC_ALL"] = "C"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
config.environment["QUENCH_LIBRARY"] = os.path.join(config.quench_obj_root, "lib", "libQuenchC.so.1")
for name in ("HOME", "OMP_NUM_THREADS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.quench_tools_dir, append_path=True)
llvm_config.with_environment("PYTHONPATH", os.path.join(config.quench_src_root, "python"), append_path=True)

features = config.available_features
features.update(f"{target.lower()}-registered" for target in config.llvm_targets)
features.add(f"host-{platform.machine()}")
features.update(f"host-{name}" for name in host_cpu_features())
if config.python_executable:
    features.add("python3")
if config.has_onnx:
    features.add("onnx")
if (
    "aarch64-registered" in features
    and shutil.which("qemu-aarch64")
    and os.path.exists(os.path.join(AARCH64_SYSROOT, "lib", "libc.so.6"))
    and os.path.exists(os.path.join(AARCH64_SYSROOT, "lib", "crt1.o"))
    and os.path.exists(config.clang)
):
    features.add("qemu-aarch64")

config.substitutions.append(("%src", config.quench_src_root))
config.substitutions.append(("%models", os.path.join(config.quench_src_root, "models")))
config.substitutions.append(("%aarch64_clang", f"{config.clang} --target=aarch64-linux-gnu -fuse-ld=lld"))
config.substitutions.append(("%aarch64_run", f"qemu-aarch64 -L {AARCH64_SYSROOT}"))
# Libraries of a sanitizer build find the runtime in the program that loads them, here with the options of our own programs.
sanitize = " -fsanitize=address,undefined" if config.sanitized else ""
if config.sanitized:
    features.add("sanitized")
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0"
config.substitutions.append(("%clang", config.clang + sanitize))
config.substitutions.append(("%link_quench", f"-L{config.quench_obj_root}/lib -lQuenchC -Wl,-rpath,{config.quench_obj_root}/lib -fuse-ld=lld"))
config.substitutions.append(("%llvm_include", config.llvm_include_dir))
config.substitutions.append(("%llvm_lib", os.path.join(os.path.dirname(config.llvm_tools_dir), "lib")))
config.substitutions.append(("%build_tree", config.quench_obj_root))
settings = " ".join(f"'-D{name}={value}'" for name, value in config.cmake_settings.items() if value)
config.substitutions.append(("%cmake_configure", f"{config.cmake} -G Ninja {settings}"))
config.substitutions.append(("%cmake", config.cmake))
# The interpreter of the build need not have NumPy.
for interpreter in (config.python_executable, "/usr/bin/python3"):
    if interpreter and subprocess.run([interpreter, "-c", "import numpy"], capture_output=True, check=False).returncode == 0:
        features.add("numpy")
        config.substitutions.append(("%numpy_python", interpreter))
        break
config.substitutions.append(("%python", config.python_executable))

# Only names that no argument looks like are substituted; quench, not, count, opt and llc are found on PATH.
if lit_config.params.get("roundtrip", "0") not in ("", "0"):
    features.add("roundtrip")
roundtrip = ["--verify-roundtrip"] if "roundtrip" in features else []
llvm_config.add_tool_substitutions(
    [
        ToolSubst("quench-opt", extra_args=roundtrip, unresolved="ignore"),
        ToolSubst("quench-translate", unresolved="ignore"),
    ],
    [config.quench_tools_dir],
)
llvm_config.add_tool_substitutions(
    ["FileCheck", "split-file", "mlir-opt", "mlir-translate", "mlir-runner", "mlir-tblgen"], [config.llvm_tools_dir]
)
