// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: not quench-opt %s --quench-annotate-calibration 2>&1 | FileCheck %s --check-prefix=NOARCHIVE
// RUN: not quench-opt %s --quench-annotate-calibration=archive=none 2>&1 | FileCheck %s --check-prefix=NOFILE
// RUN: %python %S/Inputs/make_archive.py edges a:0:1
// RUN: not quench-opt %s --quench-annotate-calibration=archive=edges 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: %python %S/Inputs/make_archive.py part samples=3 a:0:1 b:0:1
// RUN: not quench-opt %s --quench-annotate-calibration=archive=part 2>&1 | FileCheck %s --check-prefix=PART
// RUN: %python %S/Inputs/make_archive.py old version=1 a:0:1 b:0:1
// RUN: not quench-opt %s --quench-annotate-calibration=archive=old 2>&1 | FileCheck %s --check-prefix=VERSION
// RUN: %python %S/Inputs/make_archive.py bad checksum=0 a:0:1 b:0:1
// RUN: not quench-opt %s --quench-annotate-calibration=archive=bad 2>&1 | FileCheck %s --check-prefix=DAMAGED
// RUN: %python %S/Inputs/make_archive.py stale a:0:1 b:0:1
// RUN: %python %S/Inputs/make_store.py write store w=2x2
// RUN: not quench-opt %s --quench-annotate-calibration='archive=stale weights=store' 2>&1 | FileCheck %s --check-prefix=STALE

// NOARCHIVE: error: expected a calibration archive, found no option 'archive'; `quench calibrate` makes one
// NOFILE:    error: none: cannot {{.*}}No such file
// PART:      error: part: expected statistics of 4 samples, found 3; finish the interrupted calibration
// VERSION:   error: old: expected a calibration archive of version 2, found version 1; calibrate again
// DAMAGED:   error: bad: expected contents with checksum 0, found {{[0-9a-f]+}}; the archive is damaged, calibrate again
// STALE:     error: stale: expected statistics of the model with digest {{[0-9a-f]+}}, found those of m; calibrate again

func.func @edges(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) {
  quench.observe %x as "a" : tensor<?x8xf32>
  // MISSING: invalid.mlir:[[#@LINE+1]]:3: error: expected statistics of edge 'b' in edges, found none; calibrate the model with this observer
  quench.observe %y as "b" : tensor<?x8xf32>
  return
}
