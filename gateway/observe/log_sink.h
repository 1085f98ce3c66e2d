#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "gateway/api/result.h"
#include "gateway/api/settings.h"

namespace trackly::observe {

/// Where log lines are to go.
struct LogTarget {
  std::string path;  // "/dev/stdout", "/dev/stderr" or that of a file
  std::optional<SyslogSettings> syslog = std::nullopt;  // takes the place of the path

  /// For people: the path, or "syslog unix:/dev/log".
  std::string text() const;
  bool operator==(const LogTarget&) const = default;
};

/// Where log lines end up. One thread at a time.
class LogSink {
 public:
  /// Faults: a file that cannot be opened. A daemon that is not there may come later.
  static Result<std::unique_ptr<LogSink>> open(const LogTarget& target);

  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;

  /// Takes what it can of `bytes`, which begin where the last call ended and end with a line's end,
  /// without waiting for a reader, and returns how many bytes that was; 0 means that fd() has to
  /// become writable first. An error (the reader is gone, the disk is full) holds for these bytes
  /// only: the next call tries again.
  virtual Result<std::size_t, std::errc> write(std::string_view bytes) = 0;

  /// -1: there is nothing to wait for but time; try again in a while.
  virtual int fd() const = 0;
};

}  // namespace trackly::observe
