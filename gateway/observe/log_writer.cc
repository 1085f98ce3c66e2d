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

/// A reload may have the last request that knows the writer destroy it, on a worker's thread.
constexpr std::chrono::milliseconds kPatienceOfDestructor{100};
/// Lines of this time are written together: a wake-up and a write for each of them would cost more
/// than all the rest of logging.
constexpr int kGatherMs = 5;
constexpr int kForever = -1;
/// A sink without a descriptor to wait for is tried again.
constexpr int kRetryMs = 100;
/// While lines are being lost, whoever is to be told of it waits no longer than this...
constexpr int kTellMs = 1000;
/// ...and is not told more often.
constexpr std::chrono::seconds kQuiet{10};

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
  std::uint64_t overflowed = 0;  // lost after those lines, and not marked yet
};

Result<std::unique_ptr<LogWriter>> LogWriter::start(Options options,
                                                    std::shared_ptr<LogCounts> counts) {
  auto sink = LogSink::open(options.target);
  if (!sink.ok()) return sink.error();
  const int wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return Fault{"cannot make an eventfd for the log " + options.target.text()};

  std::unique_ptr<LogWriter> writer(
      new LogWriter(std::move(options), std::move(counts), std::move(sink).value(), wake_fd));
  const SignalsBlocked blocked;
  writer->thread_ = std::thread(&LogWriter::run, writer.get());
  return writer;
}

LogWriter::LogWriter(Options options, std::shared_ptr<LogCounts> counts,
                     std::unique_ptr<LogSink> sink, int wake_fd)
    : options_(std::move(options)),
      half_(options_.buffer_bytes / 2),
      counts_(std::move(counts)),
      wake_fd_(wake_fd),
      sink_(std::move(sink)),
      told_(lost()) {
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
      lose(count);
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
  auto sink = LogSink::open(options_.target);
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

// ------------------------------------------------------------------------- on the writer's thread

void LogWriter::run() {
  while (true) {
    const Turn turn = next_turn();
    if (turn.work) {
      write_turn(turn.overflowed);
    } else if (turn.stopping) {
      if (refused_ > 0 || turn.overflowed > 0) write_turn(turn.overflowed);
      tell_losses();
      return;
    } else {
      pause(has_something_to_tell() ? kTellMs : kForever);
    }
    if (!turn.stopping) pause(kGatherMs);
    tell_losses();
  }
}

LogWriter::Turn LogWriter::next_turn() {
  outgoing_.clear();
  Turn turn;
  const std::lock_guard lock(mutex_);
  if (next_sink_ != nullptr) {
    sink_ = std::move(next_sink_);
    line_open_ = false;
  }
  outgoing_.swap(incoming_);
  turn.work = !outgoing_.empty();
  turn.stopping = stop_at_.has_value();
  idle_ = !turn.work && !turn.stopping;
  // Without a line to stand behind, the mark waits for the next one, or for the end.
  if (turn.work || turn.stopping) turn.overflowed = std::exchange(overflowed_, 0);
  return turn;
}

/// In the order in which it happened: what the sink refused before, the lines of this turn, what
/// found no room behind them.
void LogWriter::write_turn(std::uint64_t overflowed) {
  std::string before = line_open_ ? "\n" : "";
  if (refused_ > 0) before += options_.lost_line(refused_);
  std::string_view rest = before;
  if (write_all(rest, nullptr)) {
    refused_ = 0;
    rest = outgoing_;
    if (write_all(rest, &counts_->written)) {
      if (overflowed == 0) return;
      const std::string after = options_.lost_line(overflowed);
      rest = after;
      if (!write_all(rest, nullptr)) refused_ += overflowed;
      return;
    }
  } else {
    rest = outgoing_;
  }
  const std::uint64_t refused = count_lines(rest);
  refused_ += refused + overflowed;
  lose(refused);
}

void LogWriter::lose(std::uint64_t lines) {
  counts_->lost.fetch_add(lines, std::memory_order_relaxed);
}

/// False: the sink does not want the bytes that are left in `bytes`. `written` (nullptr: nobody
/// counts) gets the lines whose end it took.
bool LogWriter::write_all(std::string_view& bytes, std::atomic<std::uint64_t>* written) {
  while (!bytes.empty()) {
    const Result<std::size_t, std::errc> taken = sink_->write(bytes);
    if (!taken.ok()) {
      refusal_ = taken.error();
      return false;
    }
    if (*taken == 0) {
      if (!wait_for_room()) return false;
      continue;
    }
    const std::string_view part = bytes.substr(0, *taken);
    if (written != nullptr) written->fetch_add(count_lines(part), std::memory_order_relaxed);
    line_open_ = part.back() != '\n';
    bytes.remove_prefix(part.size());
  }
  return true;
}

/// False: the time for stopping is over, or another sink is to be used.
bool LogWriter::wait_for_room() {
  const bool has_descriptor = sink_->fd() >= 0;
  while (const std::optional<int> patience = patience_ms()) {
    std::array<pollfd, 2> states{{{sink_->fd(), POLLOUT, 0}, {wake_fd_, POLLIN, 0}}};
    const int timeout_ms = has_descriptor ? *patience : std::min(*patience, kRetryMs);
    const int ready = ::poll(states.data(), states.size(), timeout_ms);
    if (ready < 0 && errno != EINTR) return false;
    if (states[1].revents != 0) drain_wake();
    if (states[0].revents != 0 || (ready == 0 && !has_descriptor)) return true;
    tell_losses();
  }
  return false;
}

/// How long to wait for the sink before looking around again; nothing: no longer.
std::optional<int> LogWriter::patience_ms() {
  const std::lock_guard lock(mutex_);
  if (next_sink_ != nullptr) return std::nullopt;
  if (!stop_at_.has_value()) return kTellMs;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*stop_at_ - std::chrono::steady_clock::now());
  if (left.count() <= 0) return std::nullopt;
  return static_cast<int>(std::min<std::int64_t>(left.count(), kTellMs));
}

bool LogWriter::has_something_to_tell() const {
  return options_.report != nullptr && lost() != told_;
}

void LogWriter::tell_losses() {
  const TimePoint now = std::chrono::steady_clock::now();
  if (!has_something_to_tell() || now < quiet_until_) return;
  const std::uint64_t lost_now = lost();
  options_.report(options_.target, lost_now - told_,
                  refusal_ ? std::make_error_code(*refusal_).message() : "it is too slow");
  told_ = lost_now;
  quiet_until_ = now + kQuiet;
  refusal_.reset();
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
