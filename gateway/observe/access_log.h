#pragma once

#include <cstdint>
#include <string>

#include "gateway/api/api_description.h"
#include "gateway/api/exchange.h"
#include "gateway/observe/counter.h"
#include "gateway/observe/log_writer.h"

namespace trackly::observe {

/// Appends one line of JSON that tells what became of a request; README.md lists its fields. Facts
/// that do not exist are left out. What clients send is in it as method, path without query, and
/// request id, all escaped; never a key, a query or a body. "*" stands for path parameters that
/// `api` calls sensitive, also where a request missed their operation by its method or a trailing
/// slash. Requires: the exchange is finished.
void append_access_line(std::string& out, const Exchange& exchange, const ApiDescription& api);

/// The line that stands where `lost` others are missing.
std::string lost_access_lines(std::uint64_t lost);

/// The access log of one worker.
class AccessLog {
 public:
  /// Both outlive this. `writer` is shared by all workers; nullptr: nothing is logged. `lines`
  /// counts those of this worker, also those that the writer loses.
  AccessLog(LogWriter* writer, Counter& lines) : writer_(writer), lines_(lines) {}

  /// `api` is what the request was routed by.
  void write(const Exchange& exchange, const ApiDescription& api);

 private:
  LogWriter* writer_;
  Counter& lines_;
  std::string line_;
};

}  // namespace trackly::observe
