// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/make_archive.py %t/archive x=-0.5,0.25,0.75,1.0,-1.0,0.5,1.5,-0.75,0.25,100.0
// RUN: quench-opt %s --quench-annotate-calibration='archive=%t/archive method=minmax' | FileCheck %s --check-prefix=MINMAX
// RUN: quench-opt %s --quench-annotate-calibration='archive=%t/archive method=percentile percentile=85' | FileCheck %s --check-prefix=PERCENTILE
// RUN: printf 'name: r\nsummary: s\nactivations: {type: i2, scale: static, per: tensor}\npasses: []\n' > %t/i2.yaml
// RUN: quench-opt %s --quench-annotate-calibration='archive=%t/archive recipe=%t/i2.yaml method=octav' | FileCheck %s --check-prefix=OCTAV
// RUN: quench-opt %s --quench-annotate-calibration='archive=%t/archive recipe=%S/Inputs/percentile.yaml method=percentile percentile=60' | FileCheck %s --check-prefix=TWOSIDED
// RUN: quench-opt %s --quench-annotate-calibration='archive=%t/archive method=percentile' -o /dev/null --remark-format=emitRemark --remarks-filter=quench-annotate-calibration 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %python %S/Inputs/make_archive.py %t/bare statistics=none x:-1:2
// RUN: quench-opt %s --quench-annotate-calibration='archive=%t/bare method=moving-average' | FileCheck %s --check-prefix=BARE
// RUN: not quench-opt %s --quench-annotate-calibration='archive=%t/bare method=mse' 2>&1 | FileCheck %s --check-prefix=NOHISTOGRAM
// RUN: not quench-opt %s --quench-annotate-calibration='archive=%t/archive method=best' 2>&1 | FileCheck %s --check-prefix=NOMETHOD
// RUN: not quench-opt %s --quench-annotate-calibration='archive=%t/archive method=percentile percentile=0' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not quench-opt %s --quench-annotate-calibration='archive=%t/archive method=percentile percentile=nan' 2>&1 | FileCheck %s --check-prefix=NAN

// A range need not be all that was seen: of ten values one is far off, and 85% means the nine others.
func.func @outlier(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // MINMAX:      quench.observe %{{.+}} as "x" range [-1.000000e+00, 1.000000e+02]
  // PERCENTILE:  quench.observe %{{.+}} as "x" range [-1.000000e+00, 1.50{{[0-9]*}}]
  // With a zero point both ends are cut, two values here and two there.
  // TWOSIDED:    quench.observe %{{.+}} as "x" range [-0.50{{[0-9]*}}, 1.0{{[0-9]+}}]
  // For 2 bits the fixed point is T = 100 / (1 + 9 / (3 * 4^2)): the outlier is clipped somewhat, for nine finer values.
  // OCTAV:       quench.observe %{{.+}} as "x" range [-1.000000e+00, 84.2{{[0-9]*}}]
  // BARE:        quench.observe %{{.+}} as "x" range [-1.000000e+00, 2.000000e+00]
  // REMARK:      methods.mlir:[[#@LINE+3]]:3: remark: [Passed] RangeChosen | Category:quench-annotate-calibration | Function=outlier | Edge=x, Method=percentile, Range="[-1, 100]", Seen="[-1, 100]"
  // NOHISTOGRAM: methods.mlir:[[#@LINE+2]]:3: error: cannot choose a range for edge 'x': method mse needs histograms, which calibration was not asked to keep
  // NOMETHOD:    Cannot find option named 'best'
  quench.observe %x as "x" : tensor<?x2xf32>
  // ZERO:        error: option 'percentile': expected a number above 0 and up to 100, found 0
  // NAN:         error: option 'percentile': expected a number above 0 and up to 100, found nan
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("layer")
  return %y : tensor<?x2xf32>
}
