// RUN: rm -rf %t && mkdir %t
// RUN: printf 'name: r\nsummary: s\nactivations: {type: i8, scale: static, per: channel}\npasses: []\n' > %t/channel.yaml
// RUN: quench-opt %s --quench-quantize=recipe=%t/channel.yaml --split-input-file --verify-diagnostics

// One range for all channels does not say what each of them needs.
func.func @one_range(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  quench.observe %x as "x" range [-63.5, 12.0] : tensor<?x2xf32>
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  // expected-error@unknown {{expected a calibrated range for each channel of the input of 'layer', on its last axis; run quench-annotate-calibration with this recipe}}
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("layer")
  return %y : tensor<?x2xf32>
}

// -----

func.func @no_range(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  // expected-error@unknown {{expected a calibrated range for the input of 'layer', found none; run quench-insert-observers and quench-annotate-calibration first}}
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("layer")
  return %y : tensor<?x2xf32>
}
