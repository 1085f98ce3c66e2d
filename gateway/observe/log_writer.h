#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "gateway/api/loop.h"
#include "gateway/api/result.h"
#include "gateway/observe/log_sink.h"

namespace trackly::observe {

/// What became of lines, those of earlier writers of the same log included.
struct LogCounts {
  std::atomic<std::uint64_t> written = 0;
  std::atomic<std::uint64_t> lost = 0;
};

/// Carries log lines from many threads to one place. Whoever logs copies a line into memory and
/// goes on; a thread of the writer's own does the input and output. Memory is bounded: when it does
/// not keep up, lines are lost, counted, and marked by a line where they are missing.
class LogWriter {
 public:
  /// The line (with its end) that says how many lines are missing in its place.
  using LostLine = std::string (*)(std::uint64_t lost);
  /// Tells somebody about lines lost since it was told last, and why. On the writer's thread, at
  /// most every ten seconds.
  using LossReport = void (*)(const LogTarget& target, std::uint64_t lost, std::string_view why);

  struct Options {
    LogTarget target;
    std::size_t buffer_bytes = 0;  // what waiting lines may occupy together
    LostLine lost_line = nullptr;
    LossReport report = nullptr;  // nullptr: nobody is told
    bool operator==(const Options&) const = default;
  };

  /// Faults: the sink cannot be opened.
  static Result<std::unique_ptr<LogWriter>> start(
      Options options, std::shared_ptr<LogCounts> counts = std::make_shared<LogCounts>());
  /// As stop() with a short patience.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Takes one or more whole lines, their ends included. False: they are lost. Any thread; never
  /// waits for the file.
  bool write(std::string_view lines);

  const Options& options() const { return options_; }

  /// Opens the target again, after the file was moved away; lines that wait go to the new file.
  /// Where that fails, the old file stays in use and the fault is returned. Not from a signal
  /// handler.
  std::optional<Fault> reopen();

  /// Takes no more lines, writes those that are waiting as far as the sink takes them within
  /// `patience`, and ends the thread. True: no line was lost by that. Not from two threads.
  bool stop(Duration patience);

  const LogCounts& counts() const { return *counts_; }
  /// Lines lost so far.
  std::uint64_t lost() const { return counts_->lost.load(std::memory_order_relaxed); }

 private:
  struct Turn;

  LogWriter(Options options, std::shared_ptr<LogCounts> counts, std::unique_ptr<LogSink> sink,
            int wake_fd);

  // On the writer's thread.
  void run();
  Turn next_turn();
  void write_turn(std::uint64_t overflowed);
  bool write_all(std::string_view& bytes, std::atomic<std::uint64_t>* written);
  bool wait_for_room();
  std::optional<int> patience_ms();
  void lose(std::uint64_t lines);
  bool has_something_to_tell() const;
  void tell_losses();
  void pause(int timeout_ms);
  void drain_wake();

  void wake();

  const Options options_;
  const std::size_t half_;  // capacity of each of the two buffers
  const std::shared_ptr<LogCounts> counts_;
  const int wake_fd_;  // eventfd; told about a first line, a buffer half full, a new sink, the end

  std::mutex mutex_;
  std::string incoming_;
  std::uint64_t overflowed_ = 0;        // lost since the last turn, after what is in incoming_
  bool idle_ = false;                   // the thread waits for a first line
  std::unique_ptr<LogSink> next_sink_;  // nullptr: stay with this one
  std::optional<TimePoint> stop_at_;

  // Of the writer's thread alone.
  std::unique_ptr<LogSink> sink_;
  std::string outgoing_;
  std::uint64_t refused_ = 0;         // lost in the sink and not marked yet
  bool line_open_ = false;            // the sink got a line without its end
  std::optional<std::errc> refusal_;  // why lines were lost since that was told
  std::uint64_t told_ = 0;            // of lost()
  TimePoint quiet_until_ = TimePoint::min();

  std::thread thread_;
};

}  // namespace trackly::observe
