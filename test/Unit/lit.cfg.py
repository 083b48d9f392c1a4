# The GoogleTest programs of ${build}/unittests/bin, run under lit so that one report counts everything.
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
