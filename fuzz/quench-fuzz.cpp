//===- quench-fuzz.cpp - Feeds hostile input to Quench -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   quench-fuzz replay ROOT...         every target on the files of ROOT/TARGET
//   quench-fuzz TARGET FILE...         one target on some files
// In a build with libFuzzer the second form takes its options and folders, and looks for inputs of
// its own: see docs/hardening.md.
//
//===----------------------------------------------------------------------===//

#include "FuzzTarget.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <vector>

using namespace llvm;
using namespace quench::fuzz;

static constexpr FuzzTarget kTargets[] = {
    {"archive", "calibration archives", false, fuzzArchive},
    {"attribute", "attributes and types of the quench dialect", true, fuzzAttribute},
    {"config", "config.json of Hugging Face models", true, fuzzConfig},
    {"gguf", "GGUF files", false, fuzzGguf},
    {"module", "IR text", true, fuzzModule},
    {"onnx", "ONNX models", false, fuzzOnnx},
    {"passes", "passes on IR text", true, fuzzPasses},
    {"recipe", "recipes", true, fuzzRecipe},
    {"safetensors", "safetensors files", false, fuzzSafetensors},
    {"target", "descriptions of chips", true, fuzzTargetFile},
    {"tokens", "files of tokens", false, fuzzTokens},
};

ArrayRef<FuzzTarget> quench::fuzz::fuzzTargets() { return kTargets; }

void quench::fuzz::finding(StringRef what, StringRef details) {
  errs() << "finding: " << what << ": " << details << "\n";
  std::abort();
}

/// Runs a target on a file, or on the files of a folder in the order of their names. Returns how
/// many there were.
static Expected<size_t> replay(const FuzzTarget &target, StringRef path) {
  std::vector<std::string> files;
  if (sys::fs::is_directory(path)) {
    std::error_code error;
    for (sys::fs::directory_iterator place(path, error), end; !error && place != end;
         place.increment(error)) {
      files.push_back(place->path());
    }
    if (error) {
      return createStringError(path + ": cannot list: " + error.message());
    }
    sort(files);
  } else {
    files.push_back(path.str());
  }
  for (const std::string &file : files) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(file);
    if (!buffer) {
      return createStringError(file + ": cannot read: " + buffer.getError().message());
    }
    // The last line of the output tells which input it was when the program ends here.
    outs() << target.name << " " << file << "\n";
    outs().flush();
    target.run((*buffer)->getBuffer());
  }
  return files.size();
}

/// `quench-fuzz replay ROOT…`: every target on the folder of its name in each root.
static int replayAll(ArrayRef<StringRef> roots) {
  for (const FuzzTarget &target : kTargets) {
    size_t count = 0;
    for (StringRef root : roots) {
      SmallString<128> folder(root);
      sys::path::append(folder, target.name);
      if (!sys::fs::is_directory(folder)) {
        continue;
      }
      Expected<size_t> found = replay(target, folder);
      if (!found) {
        errs() << "error: " << toString(found.takeError()) << "\n";
        return EXIT_FAILURE;
      }
      count += *found;
    }
    outs() << target.name << ": " << count << " inputs\n";
  }
  return EXIT_SUCCESS;
}

static int usage() {
  errs() << "usage: quench-fuzz replay ROOT...\n       quench-fuzz TARGET FILE...\n";
  for (const FuzzTarget &target : kTargets) {
    errs() << "  " << left_justify(target.name, 12) << target.summary << "\n";
  }
  return EXIT_FAILURE;
}

#ifdef QUENCH_LIBFUZZER
#include "TokenMutator.h"

extern "C" int LLVMFuzzerRunDriver(int *argc, char ***argv,
                                   int (*run)(const uint8_t *data, size_t size));

static const FuzzTarget *chosen;

static int runChosen(const uint8_t *data, size_t size) {
  chosen->run(StringRef(reinterpret_cast<const char *>(data), size));
  return 0;
}

/// libFuzzer mutates text as bytes or, through this, as tokens and lines.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  return chosen->isText ? mutateTokens(data, size, maxSize, seed)
                        : LLVMFuzzerMutate(data, size, maxSize);
}
#endif

int main(int argc, char **argv) {
  SmallVector<StringRef> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "replay") {
    return replayAll(ArrayRef(arguments).drop_front());
  }
  const FuzzTarget *target =
      arguments.empty() ? nullptr : find_if(kTargets, [&](const FuzzTarget &target) {
        return target.name == arguments[0];
      });
  if (!target || target == std::end(kTargets)) {
    return usage();
  }
#ifdef QUENCH_LIBFUZZER
  chosen = target;
  argv[1] = argv[0];
  ++argv;
  --argc;
  return LLVMFuzzerRunDriver(&argc, &argv, runChosen);
#else
  for (StringRef path : ArrayRef(arguments).drop_front()) {
    Expected<size_t> found = replay(*target, path);
    if (!found) {
      errs() << "error: " << toString(found.takeError()) << "\n";
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
#endif
}
