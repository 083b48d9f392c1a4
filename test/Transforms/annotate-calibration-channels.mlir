// Where the recipe wants one static scale for each channel, observers get one range for each: by the same methods, from
// the statistics of the channel.
// RUN: rm -rf %t && mkdir %t
// RUN: printf 'name: r\nsummary: s\nactivations: {type: i8, scale: static, per: channel}\npasses: []\n' > %t/channel.yaml
// RUN: %python %S/Inputs/make_archive.py %t/archive statistics=channels,histogram,channel-ranges,channel-histograms x=-0.5,0.25,0.75,1.0,-1.0,0.5,1.5,-0.75,0.25,100.0
// DEFINE: %{annotate} = quench-opt %s --quench-annotate-calibration='recipe=%t/channel.yaml archive=%t/archive
// RUN: %{annotate} method=minmax' | FileCheck %s --check-prefix=MINMAX
// RUN: %{annotate} method=moving-average' | FileCheck %s --check-prefix=MINMAX
// RUN: %{annotate} method=percentile percentile=80' | FileCheck %s --check-prefix=PERCENTILE
// RUN: %{annotate} method=mse' | FileCheck %s --check-prefix=MSE
// RUN: %{annotate} method=entropy' | FileCheck %s --check-prefix=ENTROPY
// RUN: %{annotate} method=minmax' -o /dev/null --remark-format=emitRemark --remarks-filter=quench-annotate-calibration 2>&1 | FileCheck %s --check-prefix=REMARK

// Ranges alone are enough for some methods, histograms for others. Without either there is nothing to choose from.
// RUN: %python %S/Inputs/make_archive.py %t/ranges statistics=channel-ranges x=-0.5,0.25,0.75,1.0,-1.0,0.5,1.5,-0.75,0.25,100.0
// RUN: quench-opt %s --quench-annotate-calibration='recipe=%t/channel.yaml archive=%t/ranges method=minmax' | FileCheck %s --check-prefix=MINMAX
// RUN: not quench-opt %s --quench-annotate-calibration='recipe=%t/channel.yaml archive=%t/ranges method=mse' 2>&1 | FileCheck %s --check-prefix=NOHISTOGRAM
// RUN: %python %S/Inputs/make_archive.py %t/bare x=-0.5,0.25,0.75,1.0
// RUN: not quench-opt %s --quench-annotate-calibration='recipe=%t/channel.yaml archive=%t/bare method=minmax' 2>&1 | FileCheck %s --check-prefix=NORANGES

// Nothing is believed of an archive.
// RUN: %python %S/Inputs/make_archive.py %t/ends statistics=channel-ranges x=-0.5,0.25,0.75,1.0 set=x.channel_max:F32:0.5,2
// RUN: not quench-opt %s --quench-annotate-calibration='recipe=%t/channel.yaml archive=%t/ends' 2>&1 | FileCheck %s --check-prefix=ENDS
// ENDS: error: {{.*}}ends: edge 'x': expected the ranges of channels within that of the edge
// RUN: %python %S/Inputs/make_archive.py %t/tiny statistics=channel-histograms x=-0.5,0.25,0.75,1.0 set=x.channel_histogram_tiny:I64:0,1
// RUN: not quench-opt %s --quench-annotate-calibration='recipe=%t/channel.yaml archive=%t/tiny' 2>&1 | FileCheck %s --check-prefix=TINY
// TINY: error: {{.*}}tiny: edge 'x': expected a histogram of 2 values of channel 1, found one of 3

// The first channel has -0.5, 0.75, -1, 1.5, 0.25, the second one 0.25, 1, 0.5, -0.75, 100.
func.func @outlier(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // MINMAX:     quench.observe %{{.+}} as "x" range [-1.000000e+00, 1.500000e+00, -7.500000e-01, 1.000000e+02]
  // Four of five, as far as the bins of a channel tell.
  // PERCENTILE: quench.observe %{{.+}} as "x" range [-1.000000e+00, 1.0{{[0-9]+}}, -7.500000e-01, 1.{{[01][0-9]*(e\+00)?}}]
  // Each channel has the range that 127 steps fit best: that of the first one has nothing to do with the outlier of the second.
  // MSE:        quench.observe %{{.+}} as "x" range [-1.500000e+00, 1.500000e+00, -1.000000e+02, 1.000000e+02]
  // ENTROPY:    quench.observe %{{.+}} as "x" range [-0.{{[0-9.]+}}, 0.{{[0-9.]+}}, -7.500000e-01, 1.000000e+02]
  // REMARK:      channels.mlir:[[#@LINE+3]]:3: remark: [Passed] RangeChosen | {{.*}} | Edge=x, Method=minmax, Range="[-1, 100]", Ranges=2, Seen="[-1, 100]"
  // NOHISTOGRAM: channels.mlir:[[#@LINE+2]]:3: error: cannot choose a range for edge 'x': method mse needs histograms, which calibration was not asked to keep
  // NORANGES:    channels.mlir:[[#@LINE+1]]:3: error: cannot choose a range for edge 'x': ranges of channels need channel-ranges or channel-histograms, which calibration was not asked to keep
  quench.observe %x as "x" : tensor<?x2xf32>
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("layer")
  return %y : tensor<?x2xf32>
}
