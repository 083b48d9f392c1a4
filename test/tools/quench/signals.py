# Signals that the parent ignores change nothing; others end the process, and nothing of its files is left.
# RUN: rm -rf %t && mkdir %t
# RUN: quench import %models/tinybooks -o %t/model
# RUN: quench calibrate %t/model --data %models/tinybooks/val600.bin --window 64 --samples 8
# RUN: %python %s %t %S/Inputs/gptq.yaml
import os
import signal
import stat
import subprocess
import sys
import time

folder, recipe = sys.argv[1:]
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def dispose(action):
    """Sets what the process does with the signals: a shell that starts this test may ignore some itself."""
    def prepare():
        for number in SIGNALS:
            signal.signal(number, action)
    return prepare


def start(name, arguments, action=signal.SIG_DFL, **environment):
    """A process whose files go to a folder of its own, and that folder."""
    place = os.path.join(folder, name)
    os.mkdir(place)
    environment = {**os.environ, "TMPDIR": place, **environment}
    process = subprocess.Popen(["quench", *arguments(place)], preexec_fn=dispose(action), env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return process, place


def quantize(place):
    return ["quantize", f"{folder}/model", "--recipe", recipe, "--measure", "0", "-o", f"{place}/out"]


def files(place):
    return [name for _, _, names in os.walk(place) for name in names]


def wait_for(process, place, ending):
    while process.poll() is None and not any(name.endswith(ending) for name in files(place)):
        time.sleep(0.0005)
    assert process.poll() is None, process.stderr.read()


# As under nohup, or in the background of a shell without job control.
process, place = start("ignored", quantize, signal.SIG_IGN)
wait_for(process, place, ".safetensors")
for number in SIGNALS:
    process.send_signal(number)
_, errors = process.communicate()
assert process.returncode == 0, (process.returncode, errors)
assert sorted(files(place)) == ["model.mlir", "report.json", "weights.safetensors"], files(place)

for number in SIGNALS:
    process, place = start(number.name, quantize)
    wait_for(process, place, ".safetensors")
    process.send_signal(number)
    process.communicate()
    assert process.returncode == -number, (number, process.returncode)
    assert not os.listdir(place), os.listdir(place)

# The linker is a program that never ends, so that the object file and the library are there for as long as it takes.
os.mkdir(f"{folder}/bin")
linker = f"{folder}/bin/clang-22"
with open(linker, "w", encoding="utf-8") as script:
    script.write(f"#!/bin/sh\necho $$ > {folder}/linker\nexec sleep 600\n")
os.chmod(linker, stat.S_IRWXU)
process, place = start("link", lambda place: ["compile", f"{folder}/model", "-o", f"{place}/a.so"],
                       PATH=f"{folder}/bin:{os.environ['PATH']}")
while process.poll() is None and not (os.path.exists(f"{folder}/linker") and open(f"{folder}/linker", encoding="utf-8").read()):
    time.sleep(0.001)
assert len(files(place)) == 2, files(place)
process.send_signal(signal.SIGTERM)
process.wait()
with open(f"{folder}/linker", encoding="utf-8") as identifier:
    os.kill(int(identifier.read()), signal.SIGKILL)
assert process.returncode == -signal.SIGTERM, process.returncode
assert not files(place), files(place)
