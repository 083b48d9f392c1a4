//===- LoadedModel.cpp - A model folder ready to run ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/LoadedModel.h"

using namespace llvm;

namespace quench::workflow {

Expected<LoadedModel> openModel(StringRef path, const Host &host, RemarkFunction onRemark) {
  LoadedModel model;
  model.context = host.makeContext(std::move(onRemark));
  Expected<ModelFolder> folder = ModelFolder::open(path, *model.context);
  if (!folder) {
    return folder.takeError();
  }
  model.folder = std::make_unique<ModelFolder>(std::move(*folder));
  return model;
}

bool isFunctionModel(StringRef path, const Host &host) {
  Expected<LoadedModel> model = openModel(path, host);
  if (!model) {
    consumeError(model.takeError());
    return false;
  }
  return !model->folder->isCausalLM();
}

Expected<LoadedModel> LoadedModel::load(StringRef path, const Host &host,
                                        const MachineChoice &machine) {
  SessionOptions options;
  if (Error failure = machine.apply(options.target, options.device)) {
    return std::move(failure);
  }
  options.threads = host.threads;
  Expected<LoadedModel> model = openModel(path, host);
  if (!model) {
    return model.takeError();
  }
  if (Error failure = model->folder->requireCausalLM()) {
    return std::move(failure);
  }
  Expected<std::unique_ptr<Session>> session =
      Session::create(model->folder->module(), model->folder->weights(), std::move(options));
  if (!session) {
    return inContext(path, session.takeError());
  }
  model->session = std::move(*session);
  return model;
}

} // namespace quench::workflow
