#include "gateway/observe/log_template.h"

#include <algorithm>
#include <chrono>

#include "gateway/api/node_reader.h"
#include "gateway/observe/json_line.h"
#include "gateway/observe/log_text.h"

namespace trackly::observe {
namespace {

Result<const LogField*> find_field(std::string_view name) {
  const auto fields = log_fields();
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [name](const LogField& field) { return field.name == name; });
  if (found != fields.end()) return &*found;
  std::vector<std::string_view> names;
  for (const LogField& field : fields) names.push_back(field.name);
  return Fault{unknown_word("field", name, names)};
}

std::string microseconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

/// A value as it stands in a line of text.
struct Text {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(std::string_view value) const { return std::string(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(Duration value) const {
    std::string out;
    append_milliseconds(out, value);
    return out;
  }
  std::string operator()(WallTime value) const {
    std::string out;
    append_time(out, value);
    return out;
  }
  std::string operator()(const std::vector<std::string_view>& words) const {
    std::string out;
    for (const std::string_view word : words) out.append(out.empty() ? "" : ",").append(word);
    return out;
  }
  std::string operator()(std::span<const FilterTrace> filters) const {
    std::string out;
    for (const FilterTrace& filter : filters) {
      out.append(out.empty() ? "" : ",").append(filter.name);
      out.append(":").append(microseconds(filter.spent));
    }
    return out;
  }
  std::string operator()(std::span<const ShadowFinding> findings) const {
    std::string out;
    for (const ShadowFinding& finding : findings) {
      out.append(out.empty() ? "" : ",").append(finding.filter).append(":");
      out.append(finding.error == nullptr ? finding.unjudged : finding.error->id);
    }
    return out;
  }
};

}  // namespace

Result<LogTemplate> LogTemplate::parse(std::string_view text) {
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    return Fault{"expected a single line"};
  }
  LogTemplate parsed;
  Piece piece;
  while (!text.empty()) {
    const std::size_t percent = std::min(text.find('%'), text.size());
    piece.text.append(text.substr(0, percent));
    text.remove_prefix(percent);
    if (text.empty()) break;
    if (text.starts_with("%%")) {
      piece.text += '%';
      text.remove_prefix(2);
      continue;
    }
    const std::size_t close = text.find('}');
    if (!text.starts_with("%{") || close == std::string_view::npos) {
      return Fault{"expected %{field}, or %% for a percent sign, at \"" +
                   std::string(text.substr(0, 16)) + "\""};
    }
    const auto field = find_field(text.substr(2, close - 2));
    if (!field) return field.error();
    piece.field = *field;
    parsed.pieces_.push_back(std::move(piece));
    piece = {};
    text.remove_prefix(close + 1);
  }
  parsed.pieces_.push_back(std::move(piece));
  return parsed;
}

void LogTemplate::append(std::string& out, const Exchange& exchange,
                         const PathRedactor& redactor) const {
  for (const Piece& piece : pieces_) {
    out += piece.text;
    if (piece.field == nullptr) continue;
    append_escaped(out, std::visit(Text(), piece.field->value(exchange, redactor)));
  }
  out += '\n';
}

}  // namespace trackly::observe
