# The GoogleTest programs of ${build}/unittests/bin, run under lit so that one report counts everything.
import glob
import os

import lit.formats

config.name = "Quench-Unit"
config.suffixes = []
config.test_source_root = os.path.join(config.quench_obj_root, "unittests")
config.test_exec_root = config.test_source_root
config.test_format = lit.formats.GoogleTest("bin", "Tests")
for name in ("HOME", "OMP_NUM_THREADS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
if config.sanitized:
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0"
    config.environment["LSAN_OPTIONS"] = f"suppressions={os.path.join(os.path.dirname(__file__), 'leaks.supp')}"
    # What the driver of Vulkan keeps until the end of the process counts as lost when it is unloaded before.
    drivers = glob.glob("/usr/lib/*/libvulkan_lvp.so")
    if drivers:
        config.environment["LD_PRELOAD"] = drivers[0]
