// RUN: %python %S/Inputs/make_archive.py %t a.b:-3.5:4.25 'a.{c,d}:0.5:0.75'
// RUN: quench-opt %s --quench-annotate-calibration=archive=%t | FileCheck %s
// RUN: quench-opt %s --quench-annotate-calibration=archive=%t --quench-annotate-calibration=archive=%t | FileCheck %s

// The range is the one that was seen: it does not have to hold zero.
// CHECK-LABEL: func.func @ranges_of_edges(
func.func @ranges_of_edges(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) {
  // CHECK-NEXT: quench.observe %{{.+}} as "a.b" range [-3.500000e+00, 4.250000e+00] : tensor<?x8xf32>
  // CHECK-NEXT: quench.observe %{{.+}} as "a.{c,d}" range [5.000000e-01, 7.500000e-01] : tensor<?x8xf32>
  quench.observe %x as "a.b" : tensor<?x8xf32>
  // An older range is replaced.
  quench.observe %y as "a.{c,d}" range [-9.0, 9.0] : tensor<?x8xf32>
  return
}
