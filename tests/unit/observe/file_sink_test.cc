#include "gateway/observe/file_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/support/temp_dir.h"

namespace trackly::observe {
namespace {

/// Puts another descriptor in the place of standard output while it lives.
class StandardOutput {
 public:
  explicit StandardOutput(int fd) : saved_(::dup(STDOUT_FILENO)) {
    ::fflush(stdout);
    ::dup2(fd, STDOUT_FILENO);
  }
  ~StandardOutput() {
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
  }
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

 private:
  int saved_;
};

/// Two ends of a pipe or a socket pair.
struct Ends {
  ~Ends() {
    ::close(out);
    ::close(in);
  }
  int out = -1;  // to read from
  int in = -1;   // to write to
};

void make_pipe(Ends& ends) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::pipe(fds.data()), 0);
  ends.out = fds[0];
  ends.in = fds[1];
}

bool is_blocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

std::string read_some(int fd) {
  std::array<char, 64> buffer{};
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  return count <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(count));
}

/// Writes until the sink would have to wait; the number of bytes it took. `most` ends a test that
/// would not.
std::size_t fill(LogSink& sink, std::size_t most = 64U << 20) {
  const std::string piece(10000, 'x');
  std::size_t total = 0;
  while (total < most) {
    const auto taken = sink.write(piece);
    if (!taken.ok() || *taken == 0) return total;
    total += *taken;
  }
  return total;
}

void expect_writes_without_waiting(const Ends& ends) {
  auto sink = FileSink::open("/dev/stdout");
  ASSERT_TRUE(sink.ok()) << sink.error().text;
  ASSERT_EQ((*sink)->write("hello\n").value(), 6U);
  EXPECT_EQ(read_some(ends.out), "hello\n");
  EXPECT_LT(fill(**sink), 16U << 20) << "a reader that does not read holds nobody up";
  EXPECT_TRUE(is_blocking(ends.in)) << "whoever shares the stream is left alone";
}

TEST(FileSink, AppendsToAFile) {
  const test::TempDir dir;
  const std::string path = dir.write("log", "before\n");
  auto sink = FileSink::open(path);
  ASSERT_TRUE(sink.ok());
  EXPECT_EQ((*sink)->write("after\n").value(), 6U);
  EXPECT_EQ(test::read_file(path), "before\nafter\n");
}

TEST(FileSink, SaysWhyAFileCannotBeOpened) {
  const test::TempDir dir;
  const auto sink = FileSink::open(dir / "missing/log");
  ASSERT_FALSE(sink.ok());
  EXPECT_NE(sink.error().text.find("No such file"), std::string::npos) << sink.error().text;
}

TEST(FileSink, ReportsAFullDisk) {
  auto sink = FileSink::open("/dev/full");
  ASSERT_TRUE(sink.ok());
  EXPECT_EQ((*sink)->write("x").error(), std::errc::no_space_on_device);
}

TEST(FileSink, NeverWaitsForThePipeBehindStandardOutput) {
  Ends ends;
  make_pipe(ends);
  const StandardOutput output(ends.in);
  expect_writes_without_waiting(ends);
}

TEST(FileSink, NeverWaitsForTheSocketBehindStandardOutput) {
  Ends ends;
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
  ends.out = fds[0];
  ends.in = fds[1];
  const StandardOutput output(ends.in);
  expect_writes_without_waiting(ends);
}

TEST(FileSink, NeverWaitsForAPipeThatItMayNotOpenAgain) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a user to give up";
  Ends ends;
  make_pipe(ends);
  const StandardOutput output(ends.in);
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  expect_writes_without_waiting(ends);
  ASSERT_EQ(::seteuid(0), 0);
}

}  // namespace
}  // namespace trackly::observe
