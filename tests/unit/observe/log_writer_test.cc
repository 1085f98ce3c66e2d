#include "gateway/observe/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/patience.h"
#include "tests/support/temp_dir.h"

namespace trackly::observe {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBuffer = 64 * 1024;

std::string lost_line(std::uint64_t lost) { return "lost " + std::to_string(lost) + "\n"; }

std::unique_ptr<LogWriter> start(const std::string& path) {
  auto writer =
      LogWriter::start({.target = {.path = path}, .buffer_bytes = kBuffer, .lost_line = lost_line});
  EXPECT_TRUE(writer.ok()) << writer.error().text;
  return std::move(writer).value();
}

/// A line that says its number, long enough that a few hundred fill a buffer.
std::string numbered(int number) {
  std::string line = std::to_string(number);
  return line.append(100 - line.size() - 1, '.') + "\n";
}

/// What stands before the last line end.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// Lines that arrived plus lines that a mark counts as lost; fails for a line that is neither.
std::uint64_t accounted(const std::string& text) {
  std::uint64_t count = 0;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("lost ")) {
      count += std::stoull(line.substr(5));
    } else {
      EXPECT_EQ(line.size(), 99U) << line;
      ++count;
    }
  }
  return count;
}

/// A named pipe, far smaller than a writer's buffer, and its reading end.
class Pipe {
 public:
  explicit Pipe(const std::string& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    EXPECT_GT(::fcntl(fd_, F_SETPIPE_SZ, 4096), 0);
  }
  ~Pipe() { close(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  /// Reads until `enough` says so.
  template <class Condition>
  std::string read_until(Condition enough) {
    const test::Deadline deadline(test::kPatience);
    std::string text;
    while (!enough(text) && !deadline.passed()) {
      pollfd state{fd_, POLLIN, 0};
      if (::poll(&state, 1, deadline.remaining_ms()) <= 0) break;
      std::array<char, 65536> buffer{};
      const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
      if (count <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int fd_ = -1;
};

template <class Condition>
void wait_until(Condition condition) {
  const test::Deadline deadline(test::kPatience);
  while (!condition() && !deadline.passed()) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(condition());
}

TEST(LogWriter, WritesLinesInTheirOrder) {
  const test::TempDir dir;
  const auto writer = start(dir / "log");
  EXPECT_TRUE(writer->write("one\n"));
  EXPECT_TRUE(writer->write("two\n"));
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(test::read_file(dir / "log"), "one\ntwo\n");
}

TEST(LogWriter, WritesWithoutBeingStopped) {
  const test::TempDir dir;
  const auto writer = start(dir / "log");
  for (const std::string expected : {"one\n", "one\ntwo\n"}) {
    writer->write(expected == "one\n" ? "one\n" : "two\n");
    wait_until([&] { return test::read_file(dir / "log") == expected; });
  }
}

TEST(LogWriter, KeepsTheLinesOfManyThreadsWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 2000;
  const test::TempDir dir;
  const auto writer = start(dir / "log");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&writer] {
      for (int i = 0; i < kLines; ++i) writer->write(numbered(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer->stop(10s);
  EXPECT_EQ(accounted(test::read_file(dir / "log")), std::uint64_t{kThreads} * kLines);
}

TEST(LogWriter, DoesNotWaitForAPipeThatNobodyReads) {
  const test::TempDir dir;
  Pipe pipe(dir / "pipe");
  const auto writer = start(dir / "pipe");
  int lost = 0;
  // More than the pipe and both buffers hold: without a bound on waiting this would not end.
  for (int i = 0; i < 10000; ++i) lost += writer->write(numbered(i)) ? 0 : 1;
  EXPECT_GT(lost, 0);
  EXPECT_EQ(writer->lost(), static_cast<std::uint64_t>(lost));
  EXPECT_FALSE(writer->stop(0s));
}

TEST(LogWriter, MarksWhereLinesAreMissing) {
  const test::TempDir dir;
  Pipe pipe(dir / "pipe");
  const auto writer = start(dir / "pipe");
  std::uint64_t given = 0;
  while (writer->lost() < 7) {
    writer->write(numbered(0));
    ++given;
  }
  const std::string text =
      pipe.read_until([given](const std::string& so_far) { return accounted(so_far) >= given; });
  EXPECT_EQ(accounted(text), given);
  EXPECT_TRUE(lines_of(text).back().starts_with("lost "))
      << "it stands behind what was written before the loss";

  EXPECT_TRUE(writer->write("back again\n"));
  EXPECT_EQ(pipe.read_until([](const std::string& so_far) { return !so_far.empty(); }),
            "back again\n");
}

TEST(LogWriter, EndsInTimeWithAPipeThatNobodyReads) {
  const test::TempDir dir;
  Pipe pipe(dir / "pipe");
  const auto writer = start(dir / "pipe");
  while (writer->lost() == 0) writer->write(numbered(0));
  EXPECT_FALSE(writer->stop(20ms)) << "what waits is lost";
  EXPECT_FALSE(writer->write("late\n"));
}

TEST(LogWriter, SurvivesThatTheReaderGoesAndComesBack) {
  const test::TempDir dir;
  Pipe pipe(dir / "pipe");
  const auto writer = start(dir / "pipe");
  pipe.close();
  writer->write("into the void\n");
  wait_until([&] { return writer->lost() == 1; });

  const int again = ::open((dir / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(again, 0);
  writer->write("here again\n");
  EXPECT_TRUE(writer->stop(10s));
  std::array<char, 64> buffer{};
  const ssize_t count = ::read(again, buffer.data(), buffer.size());
  ::close(again);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(count)), "lost 1\nhere again\n");
}

TEST(LogWriter, GoesOnWhenTheDiskIsFull) {
  const auto writer = start("/dev/full");
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(writer->write("no room\n"));
    wait_until([&] { return writer->lost() == static_cast<std::uint64_t>(i); });
  }
  EXPECT_TRUE(writer->stop(10s));
}

TEST(LogWriter, ReopensItsPathAfterTheFileWasMoved) {
  const test::TempDir dir;
  const auto writer = start(dir / "log");
  writer->write("old\n");
  wait_until([&] { return test::read_file(dir / "log") == "old\n"; });
  std::filesystem::rename(dir / "log", dir / "log.1");
  EXPECT_FALSE(writer->reopen().has_value());
  writer->write("new\n");
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(test::read_file(dir / "log.1"), "old\n");
  EXPECT_EQ(test::read_file(dir / "log"), "new\n");
}

TEST(LogWriter, StaysWithTheOldFileWhereItCannotReopen) {
  const test::TempDir dir;
  std::filesystem::create_directory(dir / "logs");
  const auto writer = start(dir / "logs/log");
  std::filesystem::rename(dir / "logs", dir / "moved");
  EXPECT_TRUE(writer->reopen().has_value());
  writer->write("still here\n");
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(test::read_file(dir / "moved/log"), "still here\n");
}

TEST(LogWriter, LosesALineThatNoBufferHolds) {
  const test::TempDir dir;
  const auto writer = start(dir / "log");
  EXPECT_FALSE(writer->write(std::string(kBuffer, 'x') + "\n"));
  EXPECT_TRUE(writer->write("small\n"));
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(test::read_file(dir / "log"), "small\nlost 1\n");
}

TEST(LogWriter, CountsEveryLineAsWrittenOrLost) {
  const test::TempDir dir;
  Pipe pipe(dir / "pipe");
  const auto writer = start(dir / "pipe");
  std::uint64_t given = 0;
  for (; writer->lost() < 5; ++given) writer->write(numbered(0));
  wait_until([&] { return writer->counts().written > 0; });  // what the pipe took, while it is full
  EXPECT_FALSE(writer->stop(0s));
  EXPECT_EQ(writer->counts().written + writer->counts().lost, given);
}

TEST(LogWriter, DoesNotCountItsMarksAsLines) {
  const test::TempDir dir;
  const auto writer = start(dir / "log");
  writer->write(std::string(kBuffer, 'x') + "\n");
  writer->write("small\n");
  EXPECT_TRUE(writer->stop(10s));
  EXPECT_EQ(writer->counts().written, 1U);
  EXPECT_EQ(writer->counts().lost, 1U);
}

TEST(LogWriter, GoesOnCountingWhereAnotherWriterEnded) {
  const test::TempDir dir;
  const auto counts = std::make_shared<LogCounts>();
  for (const char* name : {"one", "two"}) {
    const auto writer = LogWriter::start(
        {.target = {.path = dir / name}, .buffer_bytes = kBuffer, .lost_line = lost_line}, counts);
    ASSERT_TRUE(writer.ok());
    (*writer)->write("line\n");
    EXPECT_TRUE((*writer)->stop(10s));
  }
  EXPECT_EQ(counts->written, 2U);
}

/// What was reported; of one test at a time.
struct Reports {
  std::mutex mutex;
  std::vector<std::string> lines;
} reports;

TEST(LogWriter, TellsOnceWhyItLosesLines) {
  const auto report = [](const LogTarget& target, std::uint64_t lost, std::string_view why) {
    const std::lock_guard lock(reports.mutex);
    reports.lines.push_back(target.text() + " lost " + std::to_string(lost) + ": " +
                            std::string(why));
  };
  const auto writer = LogWriter::start({.target = {.path = "/dev/full"},
                                        .buffer_bytes = kBuffer,
                                        .lost_line = lost_line,
                                        .report = report});
  ASSERT_TRUE(writer.ok());
  for (std::uint64_t i = 1; i <= 5; ++i) {
    (*writer)->write("no room\n");
    wait_until([&] { return (*writer)->lost() == i; });
  }
  EXPECT_TRUE((*writer)->stop(10s)) << "nothing is lost by stopping";
  EXPECT_EQ(reports.lines, std::vector<std::string>{"/dev/full lost 1: No space left on device"});
}

TEST(LogWriter, SaysWhyItCannotStart) {
  const test::TempDir dir;
  const auto writer = LogWriter::start(
      {.target = {.path = dir / "missing/log"}, .buffer_bytes = kBuffer, .lost_line = lost_line});
  EXPECT_FALSE(writer.ok());
}

}  // namespace
}  // namespace trackly::observe
