#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace trackly::test {
namespace {

struct Pipe {
  int read_end;
  int write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {ends[0], ends[1]};
}

/// A file in memory to read from, so that nobody has to feed a pipe.
int make_input(std::string_view text) {
  if (text.empty()) return open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int fd = memfd_create("input", MFD_CLOEXEC);
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0) throw std::runtime_error("write to memfd");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(std::vector<std::string> more) {
  std::vector<std::string> result = std::move(more);
  for (char** entry = environ; *entry != nullptr; ++entry) result.emplace_back(*entry);
  return result;
}

}  // namespace

Process::Process(std::vector<std::string> command) : Process(std::move(command), Options{}) {}

Process::Process(std::vector<std::string> command, Options options) {
  std::vector<std::string> environment = environment_with(std::move(options.environment));
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);
  const int input = make_input(options.input);
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    // Only async-signal-safe calls from here to exec: the test may have other threads.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(input, STDIN_FILENO);
    dup2(out.write_end, STDOUT_FILENO);
    dup2(err.write_end, STDERR_FILENO);
    if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(126);
    execvpe(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }

  setpgid(pid_, pid_);  // also here: whoever comes first, the group exists when we go on
  close(input);
  close(out.write_end);
  close(err.write_end);
  out_.fd = out.read_end;
  err_.fd = err.read_end;
  pid_fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  reader_ = std::thread([this] { read_output(); });
}

Process::~Process() {
  kill(-pid_, SIGKILL);
  wait();
  eventfd_write(stop_fd_, 1);
  if (reader_.joinable()) reader_.join();
  for (const int fd : {out_.fd, err_.fd, pid_fd_, stop_fd_}) close(fd);
}

void Process::signal(int number) const {
  if (!exit_code_) kill(pid_, number);
}

void Process::signal_group(int number) const {
  if (!exit_code_) kill(-pid_, number);
}

std::optional<int> Process::wait(Milliseconds timeout) {
  if (exit_code_ || !wait_for_exit(timeout)) return exit_code_;
  // What it wrote last may still be in the pipe. Something that it left running may hold the pipe
  // open for longer than anybody wants to wait.
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(2), [this] { return output_ended_; });
  return exit_code_;
}

std::optional<int> Process::wait_for_exit(Milliseconds timeout) {
  if (exit_code_) return exit_code_;
  pollfd exited{pid_fd_, POLLIN, 0};
  if (poll(&exited, 1, static_cast<int>(timeout.count())) <= 0) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

std::string Process::out() const {
  const std::lock_guard lock(mutex_);
  return out_.text;
}

std::string Process::err() const {
  const std::lock_guard lock(mutex_);
  return err_.text;
}

std::optional<std::string> Process::wait_for_out(std::string_view part, Milliseconds timeout,
                                                 std::size_t skip) {
  return wait_for_line(out_, part, timeout, skip);
}

std::optional<std::string> Process::wait_for_err(std::string_view part, Milliseconds timeout,
                                                 std::size_t skip) {
  return wait_for_line(err_, part, timeout, skip);
}

void Process::read_output() {
  std::array<pollfd, 3> watched{
      {{out_.fd, POLLIN, 0}, {err_.fd, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
  std::array<Stream*, 2> streams{&out_, &err_};
  std::array<char, 65536> buffer{};
  std::size_t open_streams = streams.size();
  while (open_streams > 0) {
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
    if (watched[2].revents != 0) break;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (watched[i].revents == 0) continue;
      const ssize_t count = read(watched[i].fd, buffer.data(), buffer.size());
      const std::lock_guard lock(mutex_);
      if (count > 0) {
        streams[i]->text.append(buffer.data(), static_cast<std::size_t>(count));
      } else {
        watched[i].fd = -1;
        --open_streams;
      }
      changed_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  output_ended_ = true;
  changed_.notify_all();
}

std::optional<std::string> Process::wait_for_line(const Stream& stream, std::string_view part,
                                                  Milliseconds timeout, std::size_t skip) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::size_t line_start = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    for (auto end = stream.text.find('\n', line_start); end != std::string::npos;
         end = stream.text.find('\n', line_start)) {
      const std::string_view line(stream.text.data() + line_start, end - line_start);
      line_start = end + 1;
      if (line.find(part) == line.npos) continue;
      if (skip == 0) return std::string(line);
      --skip;
    }
    if (output_ended_) return std::nullopt;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return std::nullopt;
  }
}

CommandResult run(std::vector<std::string> command, Process::Options options,
                  Milliseconds timeout) {
  Process process(std::move(command), std::move(options));
  std::optional<int> code = process.wait(timeout);
  if (!code) {
    process.signal(SIGKILL);
    code = process.wait();
  }
  return {code.value_or(-1), process.out(), process.err()};
}

}  // namespace trackly::test
