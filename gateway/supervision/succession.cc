#include "gateway/supervision/succession.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include "gateway/net/given_sockets.h"
#include "gateway/supervision/signals.h"

namespace trackly {
namespace {

constexpr std::string_view kReadyVariable = "TRACKLY_GATEWAY_READY_FD";
/// About this process, not about the next one.
constexpr std::array<std::string_view, 6> kOurVariables = {
    kReadyVariable, "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"};
constexpr std::string_view kNoPid = "0000000000";
// What a successor says: the first, then one of the others for each socket.
constexpr char kReady = 'R';
constexpr char kTaken = 't';
constexpr char kLeft = 'l';

Fault system_fault(std::string_view what) {
  return Fault{std::string(what) + ": " +
               std::error_code(errno, std::generic_category()).message()};
}

bool is_about_us(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  return std::find(kOurVariables.begin(), kOurVariables.end(), name) != kOurVariables.end();
}

/// All that the new process needs, so that between fork() and exec there is only what other threads
/// of this process cannot have left half done (signal-safety(7)).
class Start {
 public:
  Start(const CommandLine& command, const std::vector<net::ListeningSocket*>& sockets, int ready_fd)
      : program_(command.program), arguments_(command.arguments) {
    std::string names;
    for (const net::ListeningSocket* socket : sockets) {
      fds_.push_back(socket->fd());
      if (!names.empty()) names += ':';
      const bool passes_on = socket->keeper() != net::ListeningSocket::Keeper::service_manager;
      names += passes_on ? net::GivenSockets::kOfPredecessor : net::GivenSockets::kOfServiceManager;
    }
    fds_.push_back(ready_fd);
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (!is_about_us(*variable)) environment_.emplace_back(*variable);
    }
    environment_.push_back("LISTEN_FDS=" + std::to_string(sockets.size()));
    environment_.push_back("LISTEN_FDNAMES=" + names);
    environment_.push_back(std::string(kReadyVariable) + "=" +
                           std::to_string(SD_LISTEN_FDS_START + sockets.size()));
    environment_.push_back("LISTEN_PID=" + std::string(kNoPid));
    pid_ = environment_.back().data() + environment_.back().size() - kNoPid.size();
    point_at(arguments_, argv_);
    point_at(environment_, envp_);
  }

  /// In the new process; returns only where it cannot be started.
  void exec() {
    const int end = SD_LISTEN_FDS_START + static_cast<int>(fds_.size());
    // Out of the way first: a descriptor may have the number that another one shall get.
    for (int& fd : fds_) {
      fd = fcntl(fd, F_DUPFD_CLOEXEC, end);
      if (fd < 0) return;
    }
    int number = SD_LISTEN_FDS_START;
    for (const int fd : fds_) {
      if (dup2(fd, number++) < 0) return;
    }
    const auto [end_of_pid, error] = std::to_chars(pid_, pid_ + kNoPid.size(), getpid());
    *end_of_pid = '\0';
    execve(program_.c_str(), argv_.data(), envp_.data());
  }

 private:
  static void point_at(std::vector<std::string>& texts, std::vector<char*>& pointers) {
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
  }

  const std::string program_;
  std::vector<std::string> arguments_;
  std::vector<std::string> environment_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
  std::vector<int> fds_;
  char* pid_ = nullptr;  // where its digits go
};

/// As fork(). Signals that arrive meanwhile are this process's own: the handlers that the new one
/// has until exec would wake the loop of this one. Those for the new process wait until it takes
/// them.
pid_t fork_and_exec(Start& start) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how the C library defines SIG_DFL
    for (const int signal : kSignalsForUs) std::signal(signal, SIG_DFL);
    for (const int signal : kSignalsForUs) sigaddset(&before, signal);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    start.exec();
    _exit(127);
  }
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status)) + " ended it";
  return "it exited with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

CommandLine CommandLine::of(int argc, const char* const* argv) {
  // Symbolic links are not resolved there: one may point to another version later.
  const auto* program = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  return {.program = program == nullptr ? "" : program, .arguments = {argv, argv + argc}};
}

// --------------------------------------------------------------------------------------- successor

Result<std::unique_ptr<Successor>> Successor::start(
    net::EventLoop& loop, const CommandLine& command,
    const std::vector<net::ListeningSocket*>& sockets, Events events) {
  if (access(command.program.c_str(), X_OK) != 0) return system_fault(command.program);
  std::array<int, 2> ready{};
  if (pipe2(ready.data(), O_CLOEXEC) != 0) return system_fault("cannot make a pipe");
  Start start(command, sockets, ready[1]);
  const pid_t pid = fork_and_exec(start);
  const Fault no_process = system_fault("cannot start " + command.program);
  close(ready[1]);
  const int process_fd = pid < 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (process_fd < 0) {
    const Fault fault = pid < 0 ? no_process : system_fault("cannot watch a process");
    close(ready[0]);
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    return fault;
  }
  return std::unique_ptr<Successor>(
      new Successor(loop, pid, process_fd, ready[0], sockets.size(), std::move(events)));
}

Successor::Successor(net::EventLoop& loop, pid_t pid, int process_fd, int ready_fd,
                     std::size_t sockets, Events events)
    : pid_(pid),
      process_fd_(process_fd),
      ready_fd_(ready_fd),
      sockets_(sockets),
      events_(std::move(events)),
      on_word_([this] { listen_to_word(); }),
      on_end_([this] { look_at_end(); }),
      word_(loop.once_readable(ready_fd_, on_word_)),
      end_(loop.once_readable(process_fd_, on_end_)),
      patience_(loop.timer([this] {
        if (!is_ready_) kill(pid_, SIGKILL);
      })) {
  patience_->arm(kPatience);
}

Successor::~Successor() {
  if (!is_ready_ && !has_ended_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(ready_fd_);
  close(process_fd_);
}

/// Without a byte it has ended, and look_at_end() knows how.
void Successor::listen_to_word() {
  // A write of so little comes whole (pipe(7)).
  std::string word(sockets_ + 1, '\0');
  const ssize_t size = read(ready_fd_, word.data(), word.size());
  if (size < 1) return;
  is_ready_ = true;
  std::vector<bool> taken;
  for (std::size_t i = 1; i <= sockets_; ++i) taken.push_back(word[i] == kTaken);
  events_.ready(taken);
}

void Successor::look_at_end() {
  int status = 0;
  waitpid(pid_, &status, 0);
  has_ended_ = true;
  events_.ended(how_it_ended(status));
}

// ------------------------------------------------------------------------------------- predecessor

Predecessor Predecessor::of_environment() {
  const std::string name(kReadyVariable);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): as its contract says
  const char* const value = std::getenv(name.c_str());
  int fd = -1;
  if (value != nullptr) {
    const std::string_view text(value);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fd);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    if (!is_number || fd <= STDERR_FILENO || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) fd = -1;
  }
  unsetenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): the same
  return Predecessor(fd);
}

Predecessor::Predecessor(Predecessor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Predecessor::~Predecessor() {
  if (fd_ >= 0) close(fd_);
}

void Predecessor::tell_ready(const std::vector<bool>& taken) {
  if (fd_ < 0) return;
  std::string word(1, kReady);
  for (const bool is_taken : taken) word += is_taken ? kTaken : kLeft;
  // One that is gone by now need not know.
  [[maybe_unused]] const ssize_t written = write(fd_, word.data(), word.size());
  close(std::exchange(fd_, -1));
}

}  // namespace trackly
