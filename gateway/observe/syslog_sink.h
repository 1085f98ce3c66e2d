#pragma once

#include <string>

#include "gateway/net/socket_address.h"
#include "gateway/observe/log_sink.h"
#include "gateway/observe/syslog_message.h"

namespace trackly::observe {

/// A syslog daemon behind a unix datagram socket or UDP: one message for each line. While the
/// daemon is away (it restarts, or has not started yet) lines wait, and the sink looks for it again
/// and again. UDP promises nothing: what gets lost on the way is not known here.
class SyslogSink final : public LogSink {
 public:
  /// Faults: an address that is none, or is too long.
  static Result<std::unique_ptr<LogSink>> open(const SyslogSettings& settings);
  ~SyslogSink() override;

  Result<std::size_t, std::errc> write(std::string_view bytes) override;
  int fd() const override { return fd_; }

 private:
  SyslogSink(const SyslogSettings& settings, const net::SocketAddress& address);
  /// False: nobody is there.
  bool connect();
  void disconnect();

  const net::SocketAddress address_;
  SyslogMessage message_;
  int fd_ = -1;
};

}  // namespace trackly::observe
