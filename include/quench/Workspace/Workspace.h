//===- Workspace.h - What the passes of a recipe share ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The IR names weights by key and edges by name; what these stand for is here: the tensors of the
// model, the statistics of its edges, the samples to run it on. Passes that rewrite weights lay new
// tensors over the store, so that the IR and the workspace together are a complete model between
// any two passes. At the end `writeReferencedTensors` streams out what the IR refers to.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKSPACE_WORKSPACE_H
#define QUENCH_WORKSPACE_WORKSPACE_H

#include "quench/Calibration/CalibrationArchive.h"
#include "quench/Recipe/Recipe.h"
#include "quench/Support/Progress.h"
#include "quench/WeightStore/SafetensorsWriter.h"
#include "quench/WeightStore/WeightStore.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quench {

/// What a workspace is made of. All parts are optional; passes that miss one say so.
struct WorkspaceInputs {
  /// A safetensors file or a folder, see WeightStore::open. Empty for models whose weights are
  /// constants in the IR.
  std::string weights;
  /// A calibration archive. It is read when it is first needed.
  std::string archive;
  std::optional<recipe::Recipe> recipe;
  /// A folder on a disk with room for the weights as f32, where new tensors are kept. Empty for the
  /// folder of the system.
  std::string scratch;
  /// Threads for what the passes run; 0 takes one for each core.
  unsigned threads = 0;
  ProgressSink progress;
};

/// Passes run one after another, so nothing here is thread safe.
class Workspace {
public:
  /// Opens the weights; the archive is left for later.
  static llvm::Expected<std::unique_ptr<Workspace>> open(WorkspaceInputs inputs);

  Workspace(const Workspace &) = delete;
  Workspace &operator=(const Workspace &) = delete;

  /// The weights as they are now; null when the model has none outside the IR.
  const WeightStore *weights() const { return store.get(); }

  /// The weights as they are now, or an error that names the missing option.
  llvm::Expected<const WeightStore *> requireWeights() const;

  /// Adds tensors to the weights, or replaces them. `write` declares and writes them to a scratch
  /// file, reading the weights as they were if it likes, and leaves it uncommitted. Its error is
  /// returned and nothing has changed then. Views into replaced tensors stay valid.
  ///
  /// The file has no name once it is complete: nothing is left on disk after the workspace, however
  /// the process ends.
  llvm::Error edit(llvm::function_ref<llvm::Error(SafetensorsWriter &)> write);

  llvm::Expected<const recipe::Recipe *> recipe() const;

  /// Lets the recipe, which must exist, say something else about some layers from now on.
  void addRule(recipe::LayerRule rule) { inputs.recipe->layers.push_back(std::move(rule)); }

  /// What calibration saw on each edge: what a pass has last set, else what is in the archive.
  /// Errors name the archive: none was given, it cannot be read, it is unfinished, it was made from
  /// other weights than those that the workspace was opened with.
  llvm::Expected<const calibration::Statistics *> statistics();

  /// Replaces all statistics, because the values on the edges have changed.
  void setStatistics(calibration::Statistics statistics);

  /// The samples of the archive. Errors as for `statistics`, or the archive has no tokens.
  llvm::Expected<const calibration::Samples *> samples();

  /// The archive as the user named it, for messages; may be empty.
  llvm::StringRef archivePath() const { return inputs.archive; }

  unsigned threads() const { return inputs.threads; }

  /// The folder where new tensors are kept; empty for that of the system.
  llvm::StringRef scratch() const { return inputs.scratch; }

  /// A progress line, as in `Progress::Progress`; silent when nobody looks.
  Progress progress(llvm::StringRef label, uint64_t total, llvm::StringRef unit) const;

  /// Keeps what a pass wants to tell the reader of the report: an object with the member "pass",
  /// its flag, and whatever else it likes. Records stay in the order of the calls.
  void report(llvm::json::Object record) { records.push_back(std::move(record)); }
  llvm::ArrayRef<llvm::json::Object> reports() const { return records; }

private:
  explicit Workspace(WorkspaceInputs inputs) : inputs(std::move(inputs)) {}

  /// Reads and checks the archive, once.
  llvm::Error loadArchive();

  WorkspaceInputs inputs;
  std::unique_ptr<WeightStore> store;
  std::optional<calibration::CalibrationArchive> archive;
  std::optional<calibration::Statistics> newStatistics;
  std::vector<llvm::json::Object> records;
};

} // namespace quench

#endif // QUENCH_WORKSPACE_WORKSPACE_H
