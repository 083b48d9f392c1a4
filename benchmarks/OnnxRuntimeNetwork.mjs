// OnnxRuntimeNetwork.mjs - A whole network by ONNX Runtime
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// usage: node OnnxRuntimeNetwork.mjs NODE_MODULES FILE THREADS
//
// Runs the model of an image of 3 x 224 x 224 as `quench bench` does, and prints the median of a second of runs as JSON.
import { createRequire } from "node:module";

const [modules, file, threads] = process.argv.slice(2);
const ort = createRequire(modules + "/")("onnxruntime-node");

const session = await ort.InferenceSession.create(file, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionMode: "sequential", graphOptimizationLevel: "all",
});
const shape = [1, 3, 224, 224];
const image = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(0.7 * (i % 65536)));
const x = new ort.Tensor("float32", image, shape);
const times = [];
for (let spent = 0; spent < 1000 || times.length < 6;) {
  const begin = process.hrtime.bigint();
  await session.run({ x });
  const time = Number(process.hrtime.bigint() - begin) / 1e6;
  spent += times.length ? time : 0;
  times.push(time);
}
const sorted = times.slice(1).sort((a, b) => a - b);
console.log(JSON.stringify({ ms_per_call: sorted[sorted.length >> 1] }));
