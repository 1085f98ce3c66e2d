#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/api/exchange.h"
#include "gateway/observe/path_redactor.h"

namespace trackly::observe {

/// What a field of the access log says of one request; monostate: there is nothing to say. Views
/// are into the exchange.
using LogValue = std::variant<std::monostate, std::string_view, std::string, bool, std::uint64_t,
                              Duration, WallTime, std::vector<std::string_view>,
                              std::span<const FilterTrace>, std::span<const ShadowFinding>>;

/// One field, as README.md documents it. Names and types are a promise to whoever reads the log.
struct LogField {
  std::string_view name;  // "limiter.rule" is a member of the object "limiter"
  /// What JSON has: "string", "integer", "boolean", "milliseconds" (a number with three decimals),
  /// "time" (a string, RFC 3339), "strings", "filters", "findings".
  std::string_view type;
  LogValue (*value)(const Exchange& exchange, const PathRedactor& redactor);
};

/// All of them, in the order of a line; members of one object stand together.
std::span<const LogField> log_fields();

}  // namespace trackly::observe
