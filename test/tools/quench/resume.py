# A calibration that was killed goes on where its archive stops, and ends with the same bytes.
# RUN: rm -rf %t && mkdir %t
# RUN: quench import %models/tinybooks -o %t/model
# RUN: %python %s %t %models/tinybooks/val600.bin
import json
import os
import signal
import subprocess
import sys
import time

folder, data = sys.argv[1:]


def command(archive):
    return ["quench", "calibrate", f"{folder}/model", "--data", data, "--window", "128", "--samples", "40", "--json",
            "-o", f"{folder}/{archive}"]


process = subprocess.Popen(command("killed"))
while not os.path.exists(f"{folder}/killed") and process.poll() is None:
    time.sleep(0.001)
process.send_signal(signal.SIGKILL)
process.wait()

resumed = json.loads(subprocess.check_output(command("killed")))["resumed"]
assert resumed >= 16, resumed
assert json.loads(subprocess.check_output(command("whole")))["resumed"] == 0
with open(f"{folder}/killed", "rb") as killed, open(f"{folder}/whole", "rb") as whole:
    assert killed.read() == whole.read()

# Started again when all is done, nothing is run.
assert json.loads(subprocess.check_output(command("whole")))["resumed"] == 40
