#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "gateway/api/result.h"

namespace trackly::observe {

/// Where log lines end up: a file that is appended to, or this process's standard output or error.
/// One thread at a time; that thread must have SIGPIPE and SIGXFSZ blocked or ignored.
class LogSink {
 public:
  /// "/dev/stdout", "/dev/stderr" or the path of a file, which is created where it is missing. A
  /// named pipe needs its reader before.
  static Result<LogSink> open(const std::string& path);

  LogSink(LogSink&& other) noexcept;
  LogSink& operator=(LogSink&& other) noexcept;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  ~LogSink();

  /// Writes what it can without waiting for a reader and returns how many bytes that was; 0 means
  /// that fd() has to become writable first. An error (the reader is gone, the disk is full) holds
  /// for these bytes only: the next call tries again.
  Result<std::size_t, std::errc> write(std::string_view bytes);

  int fd() const { return fd_; }

 private:
  enum class Kind { plain, socket, paced };

  LogSink(int fd, Kind kind) : fd_(fd), kind_(kind) {}
  static Result<LogSink> open_standard(int stream);
  bool ready() const;

  int fd_;
  Kind kind_;
};

}  // namespace trackly::observe
