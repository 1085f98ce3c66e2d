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

/// Carries log lines from many threads to one file. Whoever logs copies a line into memory and goes
/// on; a thread of the writer's own does the input and output. Memory is bounded: when the file
/// does not keep up, lines are lost, counted, and marked by a line where they are missing.
class LogWriter {
 public:
  /// The line (with its end) that says how many lines are missing in its place.
  using LostLine = std::string (*)(std::uint64_t lost);

  /// `buffer_bytes` is what waiting lines may occupy together. Faults: the sink cannot be opened.
  static Result<std::unique_ptr<LogWriter>> start(std::string path, std::size_t buffer_bytes,
                                                  LostLine lost_line);
  /// As stop() with a short patience.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Takes one or more whole lines, their ends included. False: they are lost. Any thread; never
  /// waits for the file.
  bool write(std::string_view lines);

  /// Opens the path again, after the file was moved away; lines that wait go to the new file. Where
  /// that fails, the old file stays in use and the fault is returned. Not from a signal handler.
  std::optional<Fault> reopen();

  /// Takes no more lines, writes those that are waiting as far as the sink takes them within
  /// `patience`, and ends the thread. True: no line was lost by that. Not from two threads.
  bool stop(Duration patience);

  /// Lines lost since the start.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct Turn;

  LogWriter(std::string path, std::size_t half, LostLine lost_line, LogSink sink, int wake_fd);

  // On the writer's thread.
  void run();
  Turn next_turn();
  void write_turn(std::uint64_t overflowed);
  bool write_all(std::string_view& bytes);
  bool wait_for_room();
  void pause(int timeout_ms);
  void drain_wake();

  void wake();

  const std::string path_;
  const std::size_t half_;  // capacity of each of the two buffers
  const LostLine lost_line_;
  const int wake_fd_;  // eventfd; told about a first line, a buffer half full, a new sink, the end
  std::atomic<std::uint64_t> lost_{0};

  std::mutex mutex_;
  std::string incoming_;
  std::uint64_t overflowed_ = 0;  // lost since the last turn, after what is in incoming_
  bool idle_ = false;             // the thread waits for a first line
  std::optional<LogSink> next_sink_;
  std::optional<TimePoint> stop_at_;

  // Of the writer's thread alone.
  LogSink sink_;
  std::string outgoing_;
  std::uint64_t refused_ = 0;  // lost in the sink and not marked yet
  bool line_open_ = false;     // the sink got a line without its end

  std::thread thread_;
};

}  // namespace trackly::observe
