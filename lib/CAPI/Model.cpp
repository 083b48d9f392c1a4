//===- Model.cpp - Models and functions in memory -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench-c/Model.h"

#include "Structures.h"

#include "quench/Model/ModuleFile.h"
#include "quench/Runtime/FunctionSession.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/TokenSampler.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace quench;
using namespace quench::workflow;
using namespace quench::capi;

struct QuenchModel {
  QuenchContext *context;
  LoadedModel loaded;

  Session &session() const { return *loaded.session; }
};

struct QuenchSequence {
  QuenchModel *model;
  SessionState state;
};

struct QuenchFunction {
  QuenchContext *context;
  std::unique_ptr<FunctionSession> session;
};

/// The number of elements of a tensor, checked: "NAME: expected …".
static Expected<uint64_t> countOf(const QuenchTensor &tensor, const Twine &name) {
  if (tensor.rank < -1 || (tensor.rank > 0 && !tensor.shape)) {
    return createStringError(name + ": expected a shape of its rank, found rank " +
                             Twine(tensor.rank) + (tensor.shape ? "" : " and no shape"));
  }
  uint64_t count = 1;
  for (int32_t axis = 0; axis < tensor.rank; ++axis) {
    bool overflows = false;
    if (tensor.shape[axis] >= 0) {
      count = SaturatingMultiply<uint64_t>(count, tensor.shape[axis], &overflows);
    }
    if (tensor.shape[axis] < 0 || overflows || count > PTRDIFF_MAX / sizeof(int64_t)) {
      return createStringError(name + ": expected a shape that fits into memory, found " +
                               Twine(tensor.shape[axis]) + " at axis " + Twine(axis));
    }
  }
  if (!tensor.data && count > 0) {
    return createStringError(name + ": expected data, found NULL");
  }
  return count;
}

/// Checks a tensor of tokens or logits, which has at least one element.
static Error checkTensor(const QuenchTensor *tensor, StringRef name, QuenchElementType type,
                         int32_t rank) {
  if (!tensor || tensor->elementType != type || tensor->rank != rank) {
    return createStringError(name + ": expected a tensor of rank " + Twine(rank) + " of " +
                             (type == QUENCH_ELEMENT_TYPE_F32 ? "f32" : "i32") + ", found " +
                             (tensor ? "another" : "NULL"));
  }
  Expected<uint64_t> count = countOf(*tensor, name);
  if (count && *count == 0) {
    return createStringError(name + ": expected at least one element, found none");
  }
  return count.takeError();
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

QuenchStatus quenchModelLoad(QuenchContext *context, const char *path, QuenchModel **model) {
  clear(model);
  if (QuenchStatus status = require(context, {{"path", path}, {"model", model}})) {
    return status;
  }
  Expected<LoadedModel> loaded = LoadedModel::load(path, context->host());
  if (!loaded) {
    return context->fail(loaded.takeError());
  }
  *model = new QuenchModel{context, std::move(*loaded)};
  return QUENCH_STATUS_OK;
}

void quenchModelDestroy(QuenchModel *model) { delete model; }

int64_t quenchModelVocabSize(const QuenchModel *model) {
  return model ? model->session().vocabSize() : 0;
}

int64_t quenchModelMaxPositions(const QuenchModel *model) {
  return model ? model->session().maxPositions() : 0;
}

QuenchStatus quenchSequenceCreate(QuenchModel *model, QuenchSequence **sequence) {
  clear(sequence);
  if (QuenchStatus status = require(model ? model->context : nullptr, {{"sequence", sequence}})) {
    return status;
  }
  *sequence = new QuenchSequence{model, model->session().newState()};
  return QUENCH_STATUS_OK;
}

QuenchStatus quenchSequenceCopy(const QuenchSequence *sequence, QuenchSequence **copy) {
  clear(copy);
  if (QuenchStatus status =
          require(sequence ? sequence->model->context : nullptr, {{"copy", copy}})) {
    return status;
  }
  *copy = new QuenchSequence(*sequence);
  return QUENCH_STATUS_OK;
}

void quenchSequenceDestroy(QuenchSequence *sequence) { delete sequence; }

int64_t quenchSequencePosition(const QuenchSequence *sequence) {
  return sequence ? sequence->state.position() : 0;
}

QuenchStatus quenchSequenceRewind(QuenchSequence *sequence, int64_t position) {
  if (!sequence) {
    return QUENCH_STATUS_INVALID_ARGUMENT;
  }
  if (position < 0 || position > sequence->state.position()) {
    return sequence->model->context->invalid("position: expected 0 to " +
                                             Twine(sequence->state.position()) + ", found " +
                                             Twine(position));
  }
  sequence->state.rewind(position);
  return QUENCH_STATUS_OK;
}

/// Fails when a sequence is not one of the model.
static QuenchStatus checkSequence(QuenchModel *model, QuenchSequence *sequence) {
  if (!model) {
    return QUENCH_STATUS_INVALID_ARGUMENT;
  }
  if (!sequence || sequence->model != model) {
    return model->context->invalid("sequence: expected one of this model, found " +
                                   Twine(sequence ? "one of another" : "NULL"));
  }
  return QUENCH_STATUS_OK;
}

static ArrayRef<int32_t> tokensOf(const QuenchTensor &tensor) {
  return {static_cast<const int32_t *>(tensor.data), static_cast<size_t>(tensor.shape[0])};
}

QuenchStatus quenchModelRun(QuenchModel *model, QuenchSequence *sequence,
                            const QuenchTensor *tokens, const QuenchTensor *logits) {
  if (QuenchStatus status = checkSequence(model, sequence)) {
    return status;
  }
  Error failure = checkTensor(tokens, "tokens", QUENCH_ELEMENT_TYPE_I32, 1);
  if (!failure) {
    failure = checkTensor(logits, "logits", QUENCH_ELEMENT_TYPE_F32, 2);
  }
  if (failure) {
    return model->context->invalid(toString(std::move(failure)));
  }
  int64_t count = tokens->shape[0], rows = logits->shape[0], vocab = model->session().vocabSize();
  if (rows > count || logits->shape[1] != vocab) {
    return model->context->invalid("logits: expected at most " + Twine(count) + " rows of " +
                                   Twine(vocab) + ", found " + Twine(rows) + " of " +
                                   Twine(logits->shape[1]));
  }
  MutableArrayRef<float> values(static_cast<float *>(logits->data), rows * vocab);
  return model->context->done(
      model->session().run(sequence->state, tokensOf(*tokens), count - rows, values));
}

QuenchStatus quenchModelGenerate(QuenchModel *model, QuenchSequence *sequence,
                                 const QuenchTensor *prompt, const QuenchTensor *tokens,
                                 const QuenchGenerateOptions *options) {
  if (QuenchStatus status = checkSequence(model, sequence)) {
    return status;
  }
  Error failure = checkTensor(prompt, "prompt", QUENCH_ELEMENT_TYPE_I32, 1);
  if (!failure) {
    failure = checkTensor(tokens, "tokens", QUENCH_ELEMENT_TYPE_I32, 1);
  }
  if (failure) {
    return model->context->invalid(toString(std::move(failure)));
  }
  if (QuenchStatus status = checkSize(model->context, options)) {
    return status;
  }
  QuenchGenerateOptions chosen = readOptions(options, QUENCH_GENERATE_OPTIONS_INIT);
  if (!(chosen.temperature >= 0.0)) {
    return model->context->invalid("temperature: expected 0 or more");
  }
  Session &session = model->session();
  int64_t start = sequence->state.position();
  int64_t room = session.maxPositions() - start - prompt->shape[0] + 1;
  if (tokens->shape[0] > room) {
    return model->context->invalid("tokens: expected at most " + Twine(std::max<int64_t>(room, 0)) +
                                   " after the prompt, the model has positions for " +
                                   Twine(session.maxPositions()) + ", found " +
                                   Twine(tokens->shape[0]));
  }
  std::vector<float> logits(session.vocabSize());
  TokenSampler sampler(chosen.temperature, chosen.seed);
  ArrayRef<int32_t> next = tokensOf(*prompt);
  for (int64_t i = 0; i < tokens->shape[0]; ++i) {
    int32_t &place = static_cast<int32_t *>(tokens->data)[i];
    failure = session.run(sequence->state, next, next.size() - 1, logits);
    if (!failure) {
      Expected<int32_t> token = sampler.sample(logits);
      place = token ? *token : 0;
      failure = token.takeError();
    }
    if (failure) {
      sequence->state.rewind(start);
      return model->context->fail(std::move(failure));
    }
    next = place;
  }
  return QUENCH_STATUS_OK;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// What the parser of pipelines said, as one line: "PARSER:LINE:COLUMN: error: message", and below
/// it the place in the text; or a reason a line, from the inside out.
static std::string pipelineProblem(StringRef text) {
  auto [place, message] = text.split('\n').first.split(" error: ");
  if (!message.empty()) {
    return ("pipeline:" + place.split("Parser:").second + " " + message).str();
  }
  SmallVector<StringRef> lines;
  text.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef &line : lines) {
    line.consume_front("<Pass-Options-Parser>: ");
  }
  return "pipeline: " + join(lines, "; ");
}

QuenchStatus quenchTransform(QuenchContext *context, const char *ir, const char *pipeline,
                             char **result) {
  clear(result);
  if (QuenchStatus status =
          require(context, {{"ir", ir}, {"pipeline", pipeline}, {"result", result}})) {
    return status;
  }
  std::string problem;
  raw_string_ostream problems(problem);
  mlir::FailureOr<mlir::OpPassManager> passes = mlir::parsePassPipeline(pipeline, problems);
  if (failed(passes)) {
    return context->invalid(pipelineProblem(problem));
  }
  if (passes->getOpAnchorName() != mlir::ModuleOp::getOperationName()) {
    return context->invalid("pipeline: expected builtin.module(...), found passes on '" +
                            passes->getOpAnchorName() + "'");
  }
  std::unique_ptr<mlir::MLIRContext> mlirContext = context->host().makeContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = parseModuleText(ir, "ir", *mlirContext);
  if (!module) {
    return context->fail(module.takeError());
  }
  mlir::PassManager manager(mlirContext.get());
  static_cast<mlir::OpPassManager &>(manager) = std::move(*passes);
  if (Error failure = withDiagnostics(*mlirContext, "ir", [&] { return manager.run(**module); })) {
    return context->fail(std::move(failure));
  }
  std::string text;
  raw_string_ostream stream(text);
  (*module)->print(stream);
  return context->give(text, result);
}

QuenchStatus quenchFunctionCompile(QuenchContext *context, const char *ir, const char *name,
                                   const char *weights, QuenchFunction **function) {
  clear(function);
  if (QuenchStatus status =
          require(context, {{"ir", ir}, {"name", name}, {"function", function}})) {
    return status;
  }
  std::unique_ptr<mlir::MLIRContext> mlirContext = context->host().makeContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = parseModuleText(ir, "ir", *mlirContext);
  if (!module) {
    return context->fail(module.takeError());
  }
  std::unique_ptr<WeightStore> store;
  if (weights) {
    Expected<std::unique_ptr<WeightStore>> opened = WeightStore::open(weights);
    if (!opened) {
      return context->fail(opened.takeError());
    }
    store = std::move(*opened);
  }
  FunctionSessionOptions options;
  options.threads = context->threads;
  auto session = FunctionSession::create(**module, name, store.get(), std::move(options));
  if (!session) {
    return context->fail(session.takeError());
  }
  *function = new QuenchFunction{context, std::move(*session)};
  return QUENCH_STATUS_OK;
}

void quenchFunctionDestroy(QuenchFunction *function) { delete function; }

static Expected<FunctionArgument> argumentOf(const QuenchTensor &tensor, const Twine &name) {
  Expected<uint64_t> count = countOf(tensor, name);
  if (!count) {
    return count.takeError();
  }
  bool isScalar = tensor.rank < 0;
  ArrayRef<int64_t> shape(tensor.shape, isScalar ? 0 : tensor.rank);
  switch (tensor.elementType) {
  case QUENCH_ELEMENT_TYPE_F32: {
    auto *data = static_cast<const float *>(tensor.data);
    return isScalar ? FunctionArgument::f32(*data)
                    : FunctionArgument::tensor(ArrayRef(data, *count), shape);
  }
  case QUENCH_ELEMENT_TYPE_I32: {
    auto *data = static_cast<const int32_t *>(tensor.data);
    return isScalar ? FunctionArgument::i32(*data)
                    : FunctionArgument::tensor(ArrayRef(data, *count), shape);
  }
  case QUENCH_ELEMENT_TYPE_INDEX:
    if (isScalar) {
      return FunctionArgument::index(*static_cast<const int64_t *>(tensor.data));
    }
    break;
  }
  return createStringError(name + ": expected f32, i32 or a scalar index, found element type " +
                           Twine(tensor.elementType));
}

static Expected<FunctionResult> resultOf(const QuenchTensor &tensor, const Twine &name) {
  Expected<uint64_t> count = countOf(tensor, name);
  if (!count) {
    return count.takeError();
  }
  if (tensor.rank < 0 || tensor.elementType == QUENCH_ELEMENT_TYPE_INDEX) {
    return createStringError(name + ": expected a tensor of f32 or i32");
  }
  ArrayRef<int64_t> shape(tensor.shape, tensor.rank);
  if (tensor.elementType == QUENCH_ELEMENT_TYPE_F32) {
    return FunctionResult::tensor(MutableArrayRef<float>(static_cast<float *>(tensor.data), *count),
                                  shape);
  }
  return FunctionResult::tensor(
      MutableArrayRef<int32_t>(static_cast<int32_t *>(tensor.data), *count), shape);
}

QuenchStatus quenchFunctionCall(QuenchFunction *function, const QuenchTensor *arguments,
                                size_t argumentCount, const QuenchTensor *results,
                                size_t resultCount) {
  if (!function) {
    return QUENCH_STATUS_INVALID_ARGUMENT;
  }
  QuenchContext *context = function->context;
  if ((argumentCount && !arguments) || (resultCount && !results)) {
    return context->invalid("expected arguments and results, found NULL");
  }
  std::vector<FunctionArgument> inputs;
  for (size_t i = 0; i < argumentCount; ++i) {
    Expected<FunctionArgument> argument = argumentOf(arguments[i], "argument " + Twine(i));
    if (!argument) {
      return context->invalid(toString(argument.takeError()));
    }
    inputs.push_back(std::move(*argument));
  }
  std::vector<FunctionResult> outputs;
  for (size_t i = 0; i < resultCount; ++i) {
    Expected<FunctionResult> result = resultOf(results[i], "result " + Twine(i));
    if (!result) {
      return context->invalid(toString(result.takeError()));
    }
    outputs.push_back(std::move(*result));
  }
  return context->done(function->session->run(inputs, outputs));
}
