#include "gateway/api/trace_context.h"

#include <cstddef>

namespace trackly {
namespace {

// Section 3.2.2: version "-" trace-id "-" parent-id "-" trace-flags; of these widths in any
// version.
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kParentAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kSize = 55;
constexpr std::size_t kWord = 16;  // digits of 64 bits

constexpr std::uint8_t kSampled = 0x01;
// Level 2 of the recommendation: the trace's id is random. Level 1 has all others zero.
constexpr std::uint8_t kRandomId = 0x02;

/// Lower-case digits only, as section 3.2.2 demands.
std::optional<std::uint64_t> hex_number(std::string_view digits) {
  std::uint64_t number = 0;
  for (const char c : digits) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return std::nullopt;
    number = number << 4 | static_cast<std::uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return number;
}

std::string hex(std::uint64_t number, std::size_t width = kWord) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(width, '0');
  for (std::size_t i = width; i > 0; --i, number >>= 4) text[i - 1] = kDigits[number & 15];
  return text;
}

/// Zero is no id.
std::uint64_t new_id(Loop& loop) {
  const std::uint64_t id = loop.random();
  return id != 0 ? id : 1;
}

/// "ff" is no version. Version 00 has nothing behind the flags, a later one may have "-" and more.
bool has_shape(std::string_view text) {
  if (text.size() < kSize || text[kTraceAt - 1] != '-' || text[kParentAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return false;
  }
  const std::string_view version = text.substr(0, kTraceAt - 1);
  if (!hex_number(version) || version == "ff") return false;
  return text.size() == kSize || (version != "00" && text[kSize] == '-');
}

std::optional<TraceContext> parse(std::string_view text) {
  if (!has_shape(text)) return std::nullopt;
  const auto high = hex_number(text.substr(kTraceAt, kWord));
  const auto low = hex_number(text.substr(kTraceAt + kWord, kWord));
  const auto parent = hex_number(text.substr(kParentAt, kWord));
  const auto flags = hex_number(text.substr(kFlagsAt, kSize - kFlagsAt));
  if (!high || !low || !parent || !flags) return std::nullopt;
  if ((*high == 0 && *low == 0) || *parent == 0) return std::nullopt;
  TraceContext context;
  context.trace_high = *high;
  context.trace_low = *low;
  context.parent_span = *parent;
  context.flags = static_cast<std::uint8_t>(*flags & (kSampled | kRandomId));
  return context;
}

}  // namespace

std::optional<TraceContext> continue_trace(const FieldList& fields, Loop& loop) {
  const std::optional<std::string_view> field = fields.find(kTraceparentField);
  if (!field || fields.count(kTraceparentField) != 1) return std::nullopt;
  auto context = parse(*field);
  if (context) context->span = new_id(loop);
  return context;
}

TraceContext begin_trace(Loop& loop) {
  TraceContext context;
  context.trace_high = loop.random();
  context.trace_low = new_id(loop);
  context.span = new_id(loop);
  context.flags = kSampled;
  return context;
}

std::string traceparent(const TraceContext& context) {
  return "00-" + trace_id_text(context) + "-" + span_id_text(context.span) + "-" +
         hex(context.flags, 2);
}

std::string trace_id_text(const TraceContext& context) {
  return hex(context.trace_high) + hex(context.trace_low);
}

std::string span_id_text(std::uint64_t span) { return hex(span); }

}  // namespace trackly
