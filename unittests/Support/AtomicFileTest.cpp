//===- AtomicFileTest.cpp -------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/AtomicFile.h"
#include "quench/Support/RemoveOnSignal.h"

#include "TemporaryFolder.h"

#include "gtest/gtest.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using namespace quench;

namespace {

using Names = std::vector<std::string>;

/// Reads "" for success.
std::string message(Error error) { return error ? toString(std::move(error)) : ""; }

std::string createMessage(StringRef path) {
  Expected<std::unique_ptr<AtomicFile>> file = AtomicFile::create(path);
  return message(file.takeError());
}

TEST(AtomicFile, AppearsWithItsContentsOnCommitOnly) {
  TemporaryFolder folder;
  auto file = cantFail(AtomicFile::create(folder / "out"));
  EXPECT_EQ(message(file->write("hello ")), "");
  EXPECT_EQ(message(file->write("world")), "");
  EXPECT_EQ(folder.get("out"), "<none>");
  EXPECT_EQ(message(file->commit()), "");
  EXPECT_EQ(folder.get("out"), "hello world");
  EXPECT_EQ(folder.list(), Names{"out"});
}

TEST(AtomicFile, DestructionLeavesTheOldFileAndNothingElse) {
  TemporaryFolder folder;
  folder.put("out", "old");
  {
    auto file = cantFail(AtomicFile::create(folder / "out"));
    EXPECT_EQ(message(file->write(std::string(3 << 20, 'x'))), "");
    EXPECT_EQ(folder.list().size(), 2u);
  }
  EXPECT_EQ(folder.get("out"), "old");
  EXPECT_EQ(folder.list(), Names{"out"});
}

TEST(AtomicFile, ReplacesAnExistingFile) {
  TemporaryFolder folder;
  folder.put("out", "something longer than the new contents");
  EXPECT_EQ(message(writeFileAtomically(folder / "out", "new")), "");
  EXPECT_EQ(folder.get("out"), "new");
  EXPECT_EQ(message(writeFileAtomically(folder / "empty", "")), "");
  EXPECT_EQ(folder.get("empty"), "");
}

TEST(AtomicFile, PiecesOfAnySizeKeepTheirOrder) {
  TemporaryFolder folder;
  auto file = cantFail(AtomicFile::create(folder / "out"));
  std::string expected;
  for (size_t size : {1, 1 << 20, 3, (1 << 20) + 1, (1 << 20) - 1, 2, 5 << 20, 7}) {
    std::string piece;
    for (size_t i = 0; i < size; ++i) {
      piece += static_cast<char>(expected.size() * 7 + i * 31);
    }
    expected += piece;
    ASSERT_EQ(message(file->write(piece)), "");
  }
  EXPECT_EQ(message(file->commit()), "");
  EXPECT_TRUE(folder.get("out") == expected);
}

TEST(AtomicFile, WriteAtFillsPlacesAndDoesNotMoveWrite) {
  TemporaryFolder folder;
  auto file = cantFail(AtomicFile::create(folder / "out"));
  EXPECT_EQ(message(file->write("ab")), "");
  EXPECT_EQ(message(file->writeAt(6, {'g', 'h'})), "");
  EXPECT_EQ(message(file->writeAt(4, {'e'})), "");
  EXPECT_EQ(message(file->write("cd")), "");
  EXPECT_EQ(message(file->commit()), "");
  EXPECT_EQ(folder.get("out"), std::string("abcde\0gh", 8));
}

TEST(AtomicFile, NamesThatCannotBeWritten) {
  TemporaryFolder folder;
  std::string plain = folder.put("plain", "x");
  EXPECT_EQ(createMessage(folder / "no/out"),
            folder / "no/out" + ": cannot create: No such file or directory");
  EXPECT_EQ(createMessage(plain + "/out"), plain + "/out: cannot create: Not a directory");
  EXPECT_EQ(createMessage(folder.path()),
            folder.path() + ": expected the name of an output file, found a folder");
  EXPECT_EQ(createMessage(folder / "new/"),
            folder / "new/" + ": expected the name of an output file, found a folder");
  EXPECT_EQ(createMessage(""), "expected the name of an output file, found an empty one");
  EXPECT_EQ(createMessage(StringRef("a\0b", 3)),
            "a: expected a file name, found one with a zero byte in it");
  std::string tooLong(300, 'n');
  EXPECT_EQ(createMessage(folder / tooLong),
            folder / tooLong + ": cannot create: File name too long");
  EXPECT_EQ(folder.list(), Names{"plain"});
}

TEST(AtomicFile, PercentSignsInNamesAreKept) {
  TemporaryFolder folder;
  EXPECT_EQ(message(writeFileAtomically(folder / "a%%b", "x")), "");
  EXPECT_EQ(folder.list(), Names{"a%%b"});
}

TEST(AtomicFile, FullDeviceIsAnErrorThatStays) {
  auto file = cantFail(AtomicFile::create("/dev/full"));
  EXPECT_EQ(message(file->write("small pieces are buffered")), "");
  EXPECT_EQ(message(file->commit()), "/dev/full: cannot write: No space left on device");
  EXPECT_EQ(message(file->write("x")), "/dev/full: cannot write: No space left on device");
  EXPECT_EQ(message(file->commit()), "/dev/full: cannot write: No space left on device");
  auto other = cantFail(AtomicFile::create("/dev/full"));
  EXPECT_EQ(message(other->writeAt(8, {1})), "/dev/full: cannot write: No space left on device");
}

TEST(AtomicFile, DevicesAreWrittenToAndNotReplaced) {
  EXPECT_EQ(message(writeFileAtomically("/dev/null", "x")), "");
  sys::fs::file_status status;
  ASSERT_FALSE(sys::fs::status("/dev/null", status));
  EXPECT_EQ(status.type(), sys::fs::file_type::character_file);
}

TEST(AtomicFile, SymbolicLinksAreFollowed) {
  TemporaryFolder folder;
  std::string real = folder.put("real", "old");
  ASSERT_EQ(::symlink(real.c_str(), (folder / "link").c_str()), 0);
  EXPECT_EQ(message(writeFileAtomically(folder / "link", "new")), "");
  EXPECT_EQ(folder.get("real"), "new");
  EXPECT_TRUE(sys::fs::is_symlink_file(folder / "link"));
}

TEST(AtomicFile, NothingCanBeWrittenAfterCommit) {
  TemporaryFolder folder;
  auto file = cantFail(AtomicFile::create(folder / "out"));
  EXPECT_EQ(message(file->commit()), "");
  std::string expected = folder / "out" + ": cannot write: the file is committed already";
  EXPECT_EQ(message(file->write("x")), expected);
  EXPECT_EQ(message(file->writeAt(0, {1})), expected);
  EXPECT_EQ(message(file->commit()), expected);
  EXPECT_EQ(folder.get("out"), "");
}

/// A limit on file sizes stands for a full disk: writes fail half way, in a regular file.
TEST(AtomicFile, FailureHalfWayRemovesTheTemporaryFile) {
  TemporaryFolder folder;
  folder.put("out", "old");
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit = {2 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::string result = message(writeFileAtomically(folder / "out", std::string(4 << 20, 'x')));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(result, folder / "out" + ": cannot write: File too large");
  EXPECT_EQ(folder.get("out"), "old");
  EXPECT_EQ(folder.list(), Names{"out"});
}

TEST(AtomicFile, InterruptedWriterLeavesTheOldFileAndNothingElse) {
  TemporaryFolder folder;
  folder.put("out", "old");
  pid_t child = ::fork();
  if (child == 0) {
    // As main of a tool does.
    enableRemoveOnSignal();
    auto file = cantFail(AtomicFile::create(folder / "out"));
    cantFail(file->write(std::string(3 << 20, 'x')));
    // Not SIGINT, which test runners ignore for their children.
    ::raise(SIGTERM);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(folder.get("out"), "old");
  EXPECT_EQ(folder.list(), Names{"out"});
}

} // namespace
