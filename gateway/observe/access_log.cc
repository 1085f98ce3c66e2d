#include "gateway/observe/access_log.h"

#include <cstdint>

namespace trackly::observe {

void AccessLog::write(const Exchange& exchange, const AccessFormat& format) {
  if (writer_ == nullptr) return;
  if (!is_wanted(format.share_of(exchange))) return counts_.sampled_out.add();
  counts_.lines.add();
  line_.clear();
  format.append(line_, exchange);
  writer_->write(line_);
}

/// By chance, request by request. Clients choose their request ids: a choice by the id would let
/// one that always sends the same be logged always or never, and others stay out of the log.
bool AccessLog::is_wanted(double share) {
  if (share >= 1) return true;
  constexpr double kAllNumbers = 18446744073709551616.0;  // 2^64
  return static_cast<double>(loop_.random()) < share * kAllNumbers;
}

}  // namespace trackly::observe
