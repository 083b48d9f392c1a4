//===- FragmentOrder.h - Words of a panel in the order of lanes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An instruction for matrices takes its operand from the registers of all lanes of a wave: a lane
// has some rows, and of each of them some neighbours along K. The rows of a panel lie such that
// what a lane needs is sixteen bytes in one place, and what its neighbours need is beside it.
//
// An operand word has four codes of eight bits, a word of memory four of eight, eight of four or
// sixteen of two bits, which are as many operand words after a mask and a shift. Sums do not
// depend on the order of K, as long as both operands have the same one. So where a lane has one row
// it takes whole neighbouring words of memory, the first lane along K the first ones, whatever
// positions along K the instruction gives to its registers. Where a lane has two, as on devices
// that load matrices for their instructions (`ldmatrix`), the first four codes of a step belong to
// the first operand word of the first lane, the next four to the same word of the next lane; codes
// are put in order for that before they are packed. Operands of 16 bits count as the four codes
// that two of their words are made from. The instructions that use up the words of all lanes along
// K once are a step: a stretch of neighbours along K, so that groups may begin and end with it.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_FRAGMENTORDER_H
#define QUENCH_CODEGEN_FRAGMENTORDER_H

#include <algorithm>
#include <array>
#include <cstdint>

namespace quench {

/// All of panels of 16 rows.
struct FragmentOrder {
  static constexpr int64_t kRows = 16;
  /// Words of a lane that lie in one place.
  static constexpr int64_t kVector = 4;

  /// 1, or 2: row r and row r + 8.
  int64_t rowsOfLane = 1;
  /// Lanes that share a row.
  int64_t kLanes = 4;
  /// Operand words of a row in a lane, for one instruction.
  int64_t words = 2;
  /// From one lane along K to the next.
  int64_t kStride = 1;

  /// All four, as `#quench.panels` has them.
  std::array<int64_t, 4> parameters() const { return {rowsOfLane, kLanes, words, kStride}; }

  int64_t rowLanes() const { return kRows / rowsOfLane; }
  int64_t rowStride() const { return kStride == 1 ? kLanes : 1; }
  /// Lanes with different operands; others repeat them.
  int64_t lanes() const { return rowLanes() * kLanes; }

  /// Operand words in a word of memory.
  static int64_t parts(unsigned bits) { return 8 / static_cast<int64_t>(bits); }
  /// Words of memory of a row that a lane has in a step.
  int64_t wordsOfStep(unsigned bits) const { return std::max<int64_t>(1, words / parts(bits)); }
  /// Instructions of a step.
  int64_t instructions(unsigned bits) const { return wordsOfStep(bits) * parts(bits) / words; }
  /// Codes along K of a step.
  int64_t codesOfStep(unsigned bits) const { return 4 * kLanes * wordsOfStep(bits) * parts(bits); }
  /// Steps whose words are one vector.
  int64_t stepsOfVector(unsigned bits) const { return kVector / (rowsOfLane * wordsOfStep(bits)); }
  /// Codes along K of all lanes' vectors.
  int64_t codesOfVector(unsigned bits) const { return stepsOfVector(bits) * codesOfStep(bits); }
  /// Where code `code` of a row stands when codes are packed.
  int64_t position(int64_t code, unsigned bits) const {
    if (rowsOfLane == 1) {
      return code;
    }
    const int64_t inStep = code % codesOfStep(bits), four = inStep / 4;
    const int64_t ofLane = wordsOfStep(bits) * parts(bits);
    return code - inStep + (four % kLanes * ofLane + four / kLanes) * 4 + inStep % 4;
  }
  /// Which word of its lane's vector a word is: of a step, a row of the lane, and its place there.
  int64_t slot(int64_t step, int64_t row, int64_t word, unsigned bits) const {
    return (step * rowsOfLane + row) * wordsOfStep(bits) + word;
  }

  /// Where word `word` of row `row` of a panel is.
  int64_t place(int64_t row, int64_t word, unsigned bits) const {
    const int64_t perStep = kLanes * wordsOfStep(bits);
    const int64_t step = word / perStep, inStep = word % perStep;
    const int64_t vector = step / stepsOfVector(bits);
    const int64_t lane = row % rowLanes() * rowStride() + inStep / wordsOfStep(bits) * kStride;
    return (vector * lanes() + lane) * kVector +
           slot(step % stepsOfVector(bits), row / rowLanes(), inStep % wordsOfStep(bits), bits);
  }
};

} // namespace quench

#endif // QUENCH_CODEGEN_FRAGMENTORDER_H
