#pragma once

#include <string>
#include <string_view>

#include "gateway/api/loop.h"
#include "gateway/api/settings.h"

namespace trackly::observe {

/// Builds syslog messages (RFC 5424 section 6) of one process.
class SyslogMessage {
 public:
  /// `host_name` may be empty: it is not known.
  SyslogMessage(const SyslogSettings& settings, std::string_view host_name, long process_id);

  /// The message with `line` (without its end) as its text. The view is good until the next call.
  std::string_view of(std::string_view line, WallTime now);

 private:
  const std::string priority_and_version_;
  const std::string names_;  // from the space before HOSTNAME to the one before MSG
  const std::size_t max_bytes_;
  std::string message_;
};

}  // namespace trackly::observe
