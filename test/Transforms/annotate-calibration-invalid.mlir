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
// RUN: %python %S/Inputs/make_archive.py kinds statistics=channels,magic
// RUN: not quench-opt %s --quench-annotate-calibration=archive=kinds 2>&1 | FileCheck %s --check-prefix=KINDS
// RUN: %python %S/Inputs/make_archive.py short a:0:1 b:0:1 drop=b.range
// RUN: not quench-opt %s --quench-annotate-calibration=archive=short 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: %python %S/Inputs/make_archive.py long statistics=none a:0:1 b:0:1 set=b.magic:F64:0
// RUN: not quench-opt %s --quench-annotate-calibration=archive=long 2>&1 | FileCheck %s --check-prefix=LONG
// RUN: %python %S/Inputs/make_archive.py more statistics=none a:0:1 b:0:1 set=b.gram:F64:0
// RUN: not quench-opt %s --quench-annotate-calibration=archive=more 2>&1 | FileCheck %s --check-prefix=MORE
// RUN: %python %S/Inputs/make_archive.py kind a:0:1 b:0:1 set=b.channel_sum:F32:0,1
// RUN: not quench-opt %s --quench-annotate-calibration=archive=kind 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: %python %S/Inputs/make_archive.py shape a:0:1 b:0:1 set=b.channel_sum:F64:0,1,2
// RUN: not quench-opt %s --quench-annotate-calibration=archive=shape 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: %python %S/Inputs/make_archive.py rows a:0:1 b:0:1 set=b.channels:I64:9223372036854775807
// RUN: not quench-opt %s --quench-annotate-calibration=archive=rows 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: %python %S/Inputs/make_archive.py tokens a:0:1 b:0:1 set=tokens:I32:1,2,3,4
// RUN: not quench-opt %s --quench-annotate-calibration=archive=tokens 2>&1 | FileCheck %s --check-prefix=TOKENS
// RUN: %python %S/Inputs/make_archive.py counts a:0:1 b:0:1 set=b.histogram_tiny:I64:18446744073709551615
// RUN: not quench-opt %s --quench-annotate-calibration=archive=counts 2>&1 | FileCheck %s --check-prefix=COUNTS
// RUN: %python %S/Inputs/make_archive.py stale a:0:1 b:0:1
// RUN: %python %S/Inputs/make_store.py write store w=2x2
// RUN: not quench-opt %s --quench-annotate-calibration='archive=stale weights=store' 2>&1 | FileCheck %s --check-prefix=STALE

// NOARCHIVE: error: expected a calibration archive, found no option 'archive'; `quench calibrate` makes one
// NOFILE:    error: none: cannot {{.*}}No such file
// PART:      error: part: expected statistics of 4 samples, found 3; finish the interrupted calibration
// VERSION:   error: old: expected a calibration archive of version 3, found version 1; calibrate again
// DAMAGED:   error: bad: expected contents with checksum 0, found {{[0-9a-f]+}}; the archive is damaged, calibrate again
// KINDS:     error: kinds: 'statistics' in the metadata: expected channels, histogram, gram, channel-ranges, channel-histograms, none or tokens, found 'magic'
// SHORT:     error: short: edge 'b': expected a section 'range', found none
// LONG:      error: long: tensor 'b.magic': expected one of the sections count, channels, range, moments, batches, moving_average; this archive was asked to keep none
// MORE:      error: more: tensor 'b.gram': expected one of the sections {{.*}}; this archive was asked to keep none
// KIND:      error: kind: tensor 'b.channel_sum': expected F64 [2], found F32 [2]
// SHAPE:     error: shape: tensor 'b.channel_sum': expected F64 [2], found F64 [3]
// ROWS:      error: rows: edge 'b': expected 2 values in rows of equal size, found rows of 9223372036854775807
// TOKENS:    error: tokens: tensor 'tokens': expected I32 [4, window], found I32 [4]
// COUNTS:    error: counts: edge 'b': expected fewer than 2^64 values in a histogram
// STALE:     error: stale: expected statistics of the model with digest {{[0-9a-f]+}}, found those of m; calibrate again

func.func @edges(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) {
  quench.observe %x as "a" : tensor<?x8xf32>
  // MISSING: invalid.mlir:[[#@LINE+1]]:3: error: expected statistics of edge 'b' in edges, found none; calibrate the model with this observer
  quench.observe %y as "b" : tensor<?x8xf32>
  return
}
