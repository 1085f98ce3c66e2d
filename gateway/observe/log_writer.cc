#include "gateway/observe/log_writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace trackly::observe {
namespace {

constexpr std::chrono::seconds kPatienceOfDestructor{1};
/// Lines of this time are written together: a wake-up and a write for each of them would cost more
/// than all the rest of logging.
constexpr int kGatherMs = 5;
constexpr int kForever = -1;

std::uint64_t count_lines(std::string_view bytes) {
  return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

/// While it lives, threads that are started have every signal blocked: signals are for the main
/// thread, and a closed pipe or a full file must be an error code, not SIGPIPE or SIGXFSZ.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

/// What the writer's thread has to do next.
struct LogWriter::Turn {
  bool work = false;  // there are lines in outgoing_
  bool stopping = false;
  std::uint64_t overflowed = 0;  // lost after those lines
};

Result<std::unique_ptr<LogWriter>> LogWriter::start(std::string path, std::size_t buffer_bytes,
                                                    LostLine lost_line) {
  Result<LogSink> sink = LogSink::open(path);
  if (!sink.ok()) return sink.error();
  const int wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return Fault{"cannot make an eventfd for the log " + path};

  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(path), buffer_bytes / 2, lost_line,
                                                  std::move(sink).value(), wake_fd));
  const SignalsBlocked blocked;
  writer->thread_ = std::thread(&LogWriter::run, writer.get());
  return writer;
}

LogWriter::LogWriter(std::string path, std::size_t half, LostLine lost_line, LogSink sink,
                     int wake_fd)
    : path_(std::move(path)),
      half_(half),
      lost_line_(lost_line),
      wake_fd_(wake_fd),
      sink_(std::move(sink)) {
  // Once and for all: an append under the mutex must not move megabytes. Pages that are not used
  // are not occupied.
  incoming_.reserve(half_);
  outgoing_.reserve(half_);
}

LogWriter::~LogWriter() {
  stop(kPatienceOfDestructor);
  ::close(wake_fd_);
}

bool LogWriter::write(std::string_view lines) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    if (stop_at_.has_value() || lines.size() > half_ - incoming_.size()) {
      const std::uint64_t count = count_lines(lines);
      overflowed_ += count;
      lost_.fetch_add(count, std::memory_order_relaxed);
      return false;
    }
    const bool was_low = incoming_.size() < half_ / 2;
    incoming_.append(lines);
    const bool is_low = incoming_.size() < half_ / 2;
    wanted = std::exchange(idle_, false) || (was_low && !is_low);
  }
  if (wanted) wake();
  return true;
}

std::optional<Fault> LogWriter::reopen() {
  Result<LogSink> sink = LogSink::open(path_);
  if (!sink.ok()) return sink.error();
  {
    const std::lock_guard lock(mutex_);
    next_sink_ = std::move(sink).value();
  }
  wake();
  return std::nullopt;
}

bool LogWriter::stop(Duration patience) {
  if (!thread_.joinable()) return true;
  const std::uint64_t lost_before = lost();
  {
    const std::lock_guard lock(mutex_);
    stop_at_ = std::chrono::steady_clock::now() + patience;
  }
  wake();
  thread_.join();
  return lost() == lost_before;
}

void LogWriter::wake() {
  const std::uint64_t one = 1;
  // It cannot fail but for a counter that is full, and then the thread is awake already.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

// ------------------------------------------------------------------------------ the writer's
// thread

void LogWriter::run() {
  while (true) {
    const Turn turn = next_turn();
    if (turn.work) {
      write_turn(turn.overflowed);
    } else if (turn.stopping) {
      return;
    } else {
      pause(kForever);
    }
    if (!turn.stopping) pause(kGatherMs);
  }
}

LogWriter::Turn LogWriter::next_turn() {
  outgoing_.clear();
  Turn turn;
  const std::lock_guard lock(mutex_);
  if (next_sink_.has_value()) {
    sink_ = std::move(*next_sink_);
    next_sink_.reset();
    line_open_ = false;
  }
  outgoing_.swap(incoming_);
  turn.work = !outgoing_.empty();
  turn.stopping = stop_at_.has_value();
  idle_ = !turn.work && !turn.stopping;
  // Without a line to stand behind, the mark waits for the next one.
  if (turn.work) turn.overflowed = std::exchange(overflowed_, 0);
  return turn;
}

/// In the order in which it happened: what the sink refused before, the lines of this turn, what
/// found no room behind them.
void LogWriter::write_turn(std::uint64_t overflowed) {
  std::string before = line_open_ ? "\n" : "";
  if (refused_ > 0) before += lost_line_(refused_);
  std::string_view rest = before;
  if (write_all(rest)) {
    refused_ = 0;
    rest = outgoing_;
    if (write_all(rest)) {
      if (overflowed == 0) return;
      const std::string after = lost_line_(overflowed);
      rest = after;
      if (!write_all(rest)) refused_ += overflowed;
      return;
    }
  } else {
    rest = outgoing_;
  }
  const std::uint64_t refused = count_lines(rest);
  refused_ += refused + overflowed;
  lost_.fetch_add(refused, std::memory_order_relaxed);
}

/// False: the sink does not want the bytes that are left in `bytes`.
bool LogWriter::write_all(std::string_view& bytes) {
  while (!bytes.empty()) {
    const Result<std::size_t, std::errc> taken = sink_.write(bytes);
    if (!taken.ok()) return false;
    if (*taken == 0) {
      if (!wait_for_room()) return false;
      continue;
    }
    line_open_ = bytes[*taken - 1] != '\n';
    bytes.remove_prefix(*taken);
  }
  return true;
}

/// False: the time for stopping is over, or another sink is to be used.
bool LogWriter::wait_for_room() {
  while (true) {
    int timeout_ms = -1;
    {
      const std::lock_guard lock(mutex_);
      if (next_sink_.has_value()) return false;
      if (stop_at_.has_value()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            *stop_at_ - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        timeout_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 1000));
      }
    }
    std::array<pollfd, 2> states{{{sink_.fd(), POLLOUT, 0}, {wake_fd_, POLLIN, 0}}};
    if (::poll(states.data(), states.size(), timeout_ms) < 0 && errno != EINTR) return false;
    if (states[1].revents != 0) drain_wake();
    if (states[0].revents != 0) return true;
  }
}

/// Until something happens that the thread should know of, or the time is over.
void LogWriter::pause(int timeout_ms) {
  pollfd state{wake_fd_, POLLIN, 0};
  ::poll(&state, 1, timeout_ms);
  drain_wake();
}

void LogWriter::drain_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wake_fd_, &count, sizeof count);
}

}  // namespace trackly::observe
