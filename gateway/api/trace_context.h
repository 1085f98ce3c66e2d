#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/fields.h"
#include "gateway/api/loop.h"

namespace trackly {

inline constexpr std::string_view kTraceparentField = "traceparent";
inline constexpr std::string_view kTracestateField = "tracestate";

/// The place of a request in a distributed trace (https://www.w3.org/TR/trace-context/). Ids are
/// never zero where there is a trace.
struct TraceContext {
  std::uint64_t trace_high = 0;  // the first half of the trace's id
  std::uint64_t trace_low = 0;
  std::uint64_t span = 0;         // ours: the parent of whatever the service does
  std::uint64_t parent_span = 0;  // the caller's; 0: the trace begins here
  std::uint8_t flags = 0;         // those that are defined

  explicit operator bool() const { return span != 0; }
};

/// The trace of whoever sent these fields, with a span of our own; nothing where they name none
/// that is valid. Several `traceparent` fields are no valid one.
std::optional<TraceContext> continue_trace(const FieldList& fields, Loop& loop);

/// A new trace, which is sampled: a service that follows its caller's decision would record nothing
/// otherwise, and nobody before us has decided.
TraceContext begin_trace(Loop& loop);

/// "00-<trace id>-<our span>-<flags>", for the service.
std::string traceparent(const TraceContext& context);

/// As in `traceparent`: 32 and 16 lower-case hexadecimal digits.
std::string trace_id_text(const TraceContext& context);
std::string span_id_text(std::uint64_t span);

}  // namespace trackly
