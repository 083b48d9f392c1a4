//===- LoadedModel.cpp - A model folder, opened and compiled ---------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/LoadedModel.h"

using namespace llvm;

namespace quench::driver {

Error inContext(const Twine &context, Error error) {
  if (!error) {
    return error;
  }
  return createStringError(context + ": " + toString(std::move(error)));
}

Expected<LoadedModel> openModel(StringRef path, const Console &console, RemarkFunction onRemark) {
  LoadedModel model;
  model.context = console.makeContext(std::move(onRemark));
  Expected<ModelFolder> folder = ModelFolder::open(path, *model.context);
  if (!folder) {
    return folder.takeError();
  }
  model.folder = std::make_unique<ModelFolder>(std::move(*folder));
  return model;
}

Expected<LoadedModel> LoadedModel::load(StringRef path, const Console &console) {
  Expected<LoadedModel> model = openModel(path, console);
  if (!model) {
    return model.takeError();
  }
  SessionOptions options;
  options.threads = static_cast<unsigned>(console.threads);
  Expected<std::unique_ptr<Session>> session =
      Session::create(model->folder->module(), model->folder->weights(), std::move(options));
  if (!session) {
    return inContext(path, session.takeError());
  }
  model->session = std::move(*session);
  return model;
}

} // namespace quench::driver
