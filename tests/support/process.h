#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/patience.h"

namespace trackly::test {

/// A program that a test runs: its output is captured while it runs, and neither it nor what it
/// started in its process group outlives this object (or a test that crashes).
class Process {
 public:
  struct Options {
    std::string directory = {};                 // where to run; empty: here
    std::vector<std::string> environment = {};  // "NAME=value", added to ours
    std::string input = {};                     // what it reads from its standard input
  };

  /// The program is looked up in PATH. Throws std::runtime_error where nothing can be started.
  explicit Process(std::vector<std::string> command);
  Process(std::vector<std::string> command, Options options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// To its whole process group, as a terminal does on Ctrl-C.
  void signal_group(int number) const;
  /// Its exit code, or 128 + the signal that ended it, as shells have it; nothing while it runs
  /// on after that time.
  std::optional<int> wait(Milliseconds timeout = kPatience);
  /// The same, without waiting for what it wrote last: for one that leaves another one running.
  std::optional<int> wait_for_exit(Milliseconds timeout = kPatience);

  /// What it wrote so far; all of it after wait().
  std::string out() const;
  std::string err() const;
  /// The first complete line on that stream, from `skip` lines that also match on, that contains
  /// `part`; nothing when it does not come in time or can not come any more.
  std::optional<std::string> wait_for_out(std::string_view part, Milliseconds timeout = kPatience,
                                          std::size_t skip = 0);
  std::optional<std::string> wait_for_err(std::string_view part, Milliseconds timeout = kPatience,
                                          std::size_t skip = 0);

 private:
  struct Stream {
    int fd = -1;
    std::string text;
  };

  void read_output();
  std::optional<std::string> wait_for_line(const Stream& stream, std::string_view part,
                                           Milliseconds timeout, std::size_t skip);

  pid_t pid_ = -1;
  int pid_fd_ = -1;
  int stop_fd_ = -1;
  std::optional<int> exit_code_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Stream out_;
  Stream err_;
  bool output_ended_ = false;
  std::thread reader_;
};

/// A program that ran to its end.
struct CommandResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs a program to its end; one that takes longer is killed (137).
CommandResult run(std::vector<std::string> command, Process::Options options = {},
                  Milliseconds timeout = std::chrono::seconds(60));

}  // namespace trackly::test
