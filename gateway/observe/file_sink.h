#pragma once

#include <string>

#include "gateway/observe/log_sink.h"

namespace trackly::observe {

/// A file that is appended to, or this process's standard output or error. The thread that writes
/// must have SIGPIPE and SIGXFSZ blocked or ignored.
class FileSink final : public LogSink {
 public:
  /// "/dev/stdout", "/dev/stderr" or the path of a file, which is created where it is missing. A
  /// named pipe needs its reader before.
  static Result<std::unique_ptr<LogSink>> open(const std::string& path);
  ~FileSink() override;

  Result<std::size_t, std::errc> write(std::string_view bytes) override;
  int fd() const override { return fd_; }

 private:
  enum class Kind { plain, socket, paced };

  FileSink(int fd, Kind kind) : fd_(fd), kind_(kind) {}
  static std::unique_ptr<LogSink> make(int fd, Kind kind);
  static Result<std::unique_ptr<LogSink>> open_standard(int stream);
  bool ready() const;

  const int fd_;
  const Kind kind_;
};

}  // namespace trackly::observe
