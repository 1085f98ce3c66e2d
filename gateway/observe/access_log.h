#pragma once

#include <cstdint>
#include <string>

#include "gateway/api/exchange.h"
#include "gateway/api/loop.h"
#include "gateway/observe/access_format.h"
#include "gateway/observe/counter.h"
#include "gateway/observe/log_writer.h"

namespace trackly::observe {

/// Requests of one worker that ended, whatever the configuration was. Any thread may read them.
struct AccessLogCounts {
  Counter lines;        // handed to the writer
  Counter sampled_out;  // without a line, for a sample is enough
};

/// The access log of one worker. Every request that ends is written, lost by the writer (which
/// counts it) or sampled out.
class AccessLog {
 public:
  /// All outlive this. `writer` is shared by all workers; nullptr: nothing is logged. `loop` and
  /// `counts` are the worker's.
  AccessLog(LogWriter* writer, Loop& loop, AccessLogCounts& counts)
      : writer_(writer), loop_(loop), counts_(counts) {}

  /// `format` is that of the configuration which the request was served by.
  void write(const Exchange& exchange, const AccessFormat& format);

 private:
  bool is_wanted(double share);

  LogWriter* writer_;
  Loop& loop_;
  AccessLogCounts& counts_;
  std::string line_;
};

}  // namespace trackly::observe
