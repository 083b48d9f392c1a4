// OnnxRuntimeBenchmark.mjs - Products of quantized weights by ONNX Runtime
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// usage: node OnnxRuntimeBenchmark.mjs NODE_MODULES CONFIGURATION/M/N/K/THREADS ...
//
// Makes a model of one layer in memory and prints multiply-adds in a second, the best of some runs, as a line of JSON each.
// Configurations: w8a8 (DynamicQuantizeMatMul), w4a8_g32, w4a8_g128 (MatMulNBits with integer products, accuracy level 4).
import { createRequire } from "node:module";

const [modules, ...cases] = process.argv.slice(2);
const ort = createRequire(modules + "/")("onnxruntime-node");

// The few messages of onnx.proto that a layer takes, by field number.
const varint = (value) => {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) {
    bytes.push((value % 128) | 128);
  }
  return Buffer.from([...bytes, value]);
};
const int = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field, ...parts) => {
  const content = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
};
const FLOAT = 1, UINT8 = 2;
const tensor = (name, type, dims, data) =>
  bytes(5, ...dims.map((size) => int(1, size)), int(2, type), bytes(8, name), bytes(9, data));
const attribute = (name, value) => bytes(5, bytes(1, name), int(3, value), int(20, 2));
const matrix = (field, name, rows, columns) =>
  bytes(field, bytes(1, name), bytes(2, bytes(1, int(1, FLOAT), bytes(2, bytes(1, int(1, rows)), bytes(1, int(1, columns))))));
const node = (inputs, type, attributes) =>
  bytes(1, ...inputs.map((input) => bytes(1, input)), bytes(2, "y"), bytes(4, type),
        ...Object.entries(attributes).map(([name, value]) => attribute(name, value)), bytes(7, "com.microsoft"));
const model = (graph) =>
  Buffer.concat([int(1, 8), bytes(8, bytes(1, ""), int(2, 17)), bytes(8, bytes(1, "com.microsoft"), int(2, 1)), bytes(7, ...graph)]);

const random = (size) => Buffer.from(Uint8Array.from({ length: size }, () => Math.floor(Math.random() * 256)));
const scales = (count) => Buffer.from(Float32Array.from({ length: count }, () => 0.001 + Math.random() / 1000).buffer);

function layer(configuration, m, n, k) {
  const ends = [bytes(2, "layer"), matrix(11, "x", m, k), matrix(12, "y", m, n)];
  if (configuration === "w8a8") {
    return model([node(["x", "w", "s"], "DynamicQuantizeMatMul", {}), tensor("w", UINT8, [k, n], random(k * n)),
                  tensor("s", FLOAT, [1], scales(1)), ...ends]);
  }
  const group = Number(configuration.match(/^w4a8_g(\d+)$/)?.[1]);
  if (!group) {
    throw new Error(`expected w8a8, w4a8_g32 or w4a8_g128, found ${configuration}`);
  }
  const groups = k / group, attributes = { K: k, N: n, bits: 4, block_size: group, accuracy_level: 4 };
  return model([node(["x", "w", "s"], "MatMulNBits", attributes),
                tensor("w", UINT8, [n, groups, group / 2], random(n * k / 2)),
                tensor("s", FLOAT, [n * groups], scales(n * groups)), ...ends]);
}

for (const text of cases) {
  const [configuration, ...sizes] = text.split("/");
  const [m, n, k, threads] = sizes.map(Number);
  const session = await ort.InferenceSession.create(layer(configuration, m, n, k), {
    intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential", graphOptimizationLevel: "all",
  });
  const x = new ort.Tensor("float32", Float32Array.from({ length: m * k }, () => Math.random() - 0.5), [m, k]);
  let best = Infinity;
  for (let spent = 0, runs = 0; spent < 1e9 || runs < 5; ++runs) {
    const begin = process.hrtime.bigint();
    await session.run({ x });
    const time = Number(process.hrtime.bigint() - begin);
    spent += time;
    best = runs < 2 ? best : Math.min(best, time);
  }
  console.log(JSON.stringify({ name: text, macs_per_s: (m * n * k) / best * 1e9 }));
}
