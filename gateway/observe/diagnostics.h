#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "gateway/api/result.h"

namespace trackly::observe {

class LogWriter;
struct LogTarget;

/// While it lives, what the program says of itself through spdlog's default logger goes to standard
/// error, one line each with time and level. Threads that log are never held up: a standard error
/// that nobody reads costs lines (which are counted there), not time.
class Diagnostics {
 public:
  static Result<std::unique_ptr<Diagnostics>> start();
  /// Writes what is waiting, for a bounded time.
  ~Diagnostics();
  Diagnostics(const Diagnostics&) = delete;
  Diagnostics& operator=(const Diagnostics&) = delete;

 private:
  explicit Diagnostics(std::shared_ptr<LogWriter> writer);
};

/// A fault of ours has ended a request. `what` names no value of the request.
void report_fault(std::string_view request_id, std::string_view what);

/// The state of an upstream has changed, for the better or not: "upstream default: …".
void report_upstream(std::string_view upstream, std::string_view what);

/// The same of a Redis server: "redis 127.0.0.1:6379: …".
void report_redis(std::string_view server, std::string_view what);

/// Lines of the access log are missing.
void report_lost_lines(const LogTarget& target, std::uint64_t lost, std::string_view why);

}  // namespace trackly::observe
