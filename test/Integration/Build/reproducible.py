# The same source in another folder, compiled again, is the same object code: nothing of a path, of the time or of a run of
# the compiler gets into what is built. A few sources of each kind stand for all; building everything twice would take as
# long as all tests together.
# RUN: %python %s %src %build_tree %t
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

# Plain code, code that tblgen wrote, patterns, a pass with its options, an embedded file.
SOURCES = [
    "lib/Support/Digest.cpp",
    "lib/Numerics/Scheme.cpp",
    "lib/Dialect/Quench/IR/QuenchTypes.cpp",
    "lib/Transforms/StripObservers.cpp",
    "lib/Recipe/RecipeFile.cpp",
]


def command_of(entry):
    """The command of an entry, without launcher and precompiled header; where the output goes is the last argument."""
    words = shlex.split(entry["command"])
    words = words[next(i for i, word in enumerate(words) if "clang" in Path(word).name or "++" in Path(word).name):]
    result, skip = [], 0
    for i, word in enumerate(words):
        if skip:
            skip -= 1
        elif words[i:i + 2] in (["-Xclang", "-include-pch"], ["-Xclang", "-include"]):
            skip = 3
        elif word in ("-o", "-MF", "-MT"):
            skip = 1
        elif word not in ("-MD", "-Winvalid-pch"):
            result.append(word)
    return result + ["-o"]


def main():
    source, build, scratch = (Path(argument).resolve() for argument in sys.argv[1:])
    shutil.rmtree(scratch, ignore_errors=True)
    elsewhere = scratch / "another folder of some length"
    for name in ("include", "lib"):
        shutil.copytree(source / name, elsewhere / "source" / name)
    shutil.copytree(build / "include", elsewhere / "build" / "include")
    # The build folder may be in the source tree, and is replaced as a whole then.
    places = {str(build): str(elsewhere / "build"), str(source): str(elsewhere / "source")}
    folders = "|".join(re.escape(folder) for folder in places)
    entries = {entry["file"]: entry for entry in json.loads((build / "compile_commands.json").read_text())}
    for name in SOURCES:
        command = command_of(entries[str(source / name)])
        moved = [re.sub(folders, lambda found: places[found.group()], word) for word in command]
        objects = [scratch / "first.o", elsewhere / "second.o"]
        subprocess.run(command + [objects[0]], cwd=build, check=True)
        subprocess.run(moved + [objects[1]], cwd=elsewhere, check=True)
        if objects[0].read_bytes() != objects[1].read_bytes():
            sys.exit(f"{name}: expected the same object code in another folder, found another")
        print(f"{name}: {objects[0].stat().st_size} bytes")


if __name__ == "__main__":
    main()
