#include "gateway/observe/log_sink.h"

#include "gateway/observe/file_sink.h"
#include "gateway/observe/syslog_sink.h"

namespace trackly::observe {

std::string LogTarget::text() const {
  if (!syslog) return path;
  return syslog->unix_path.empty()
             ? "syslog udp:" + syslog->host + " port " + std::to_string(syslog->port)
             : "syslog unix:" + syslog->unix_path;
}

Result<std::unique_ptr<LogSink>> LogSink::open(const LogTarget& target) {
  return target.syslog ? SyslogSink::open(*target.syslog) : FileSink::open(target.path);
}

}  // namespace trackly::observe
