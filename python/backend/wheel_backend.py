# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the wheel (PEP 517) with the standard library alone: the package and libQuenchC.so.1 in it.

The library is that of the setting or of the environment variable QUENCH_LIBRARY, from the current folder or the one above
the package, or the only one below build/:
    pip wheel python --no-build-isolation --no-deps --config-settings library=build/release/lib/libQuenchC.so.1
    python3 python/backend/wheel_backend.py [FOLDER]
Same library, same bytes.
"""
import base64
import hashlib
import os
import re
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SONAME = "libQuenchC.so.1"


def project():
    """Name, version, summary and the oldest Python, as pyproject.toml has them."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    keys = ("name", "version", "description", "requires-python")
    return {key: re.search(rf'^{key} = "(.*)"$', text, re.M).group(1) for key in keys}


def find_library(settings):
    named = (settings or {}).get("library") or os.environ.get("QUENCH_LIBRARY")
    if named:
        # pip calls from the folder of the package; what is named in a command line may begin above it.
        for path in (Path(named), ROOT.parent / named):
            if path.is_file():
                return path
        raise FileNotFoundError(f"{named}: expected {SONAME}, found no such file in {Path.cwd()} or {ROOT.parent}")
    found = sorted(ROOT.parent.glob(f"build/*/lib/{SONAME}"))
    if len(found) != 1:
        names = ", ".join(map(str, found)) or "none"
        raise FileNotFoundError(f"expected one {SONAME}, by the setting 'library' or below build/, found {names}")
    return found[0]


def metadata(about):
    return (f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\nSummary: {about['description']}\n"
            f"Requires-Python: {about['requires-python']}\nProvides-Extra: numpy\nRequires-Dist: numpy; extra == 'numpy'\n")


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Writes the wheel and returns its name."""
    about = project()
    stem = f"{about['name']}-{about['version']}"
    platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
    files = {f"quench/{path.name}": path.read_bytes()
             for path in sorted((ROOT / "quench").iterdir()) if path.suffix in (".py", ".typed")}
    files[f"quench/_lib/{SONAME}"] = find_library(config_settings).read_bytes()
    files[f"{stem}.dist-info/METADATA"] = metadata(about).encode()
    files[f"{stem}.dist-info/WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: quench\nRoot-Is-Purelib: false\n"
                                        f"Tag: py3-none-{platform}\n").encode()
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}"
             for name, data in files.items()]
    files[record] = ("\n".join([*lines, f"{record},,"]) + "\n").encode()
    name = f"{stem}-py3-none-{platform}.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path.endswith(SONAME) else 0o644) << 16
            wheel.writestr(entry, data)
    return name


def build_sdist(sdist_directory, config_settings=None):
    """The sources of this folder; a wheel made of them needs the setting 'library'."""
    about = project()
    stem = f"{about['name']}-{about['version']}"
    with tarfile.open(Path(sdist_directory) / f"{stem}.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(ROOT.rglob("*")):
            if path.is_file() and path.suffix in (".py", ".typed", ".toml"):
                archive.add(path, f"{stem}/{path.relative_to(ROOT)}")
    return f"{stem}.tar.gz"


if __name__ == "__main__":
    print(build_wheel(sys.argv[1] if len(sys.argv) > 1 else "."))
