#include "filters/json_body.h"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/api/ascii.h"
#include "gateway/json/held_body.h"

namespace trackly::filters {
namespace {

// Takes text up to a delimiter that is not inside a quoted string (RFC 9110 section 5.6.4).
std::string_view take_until(std::string_view& text, char delimiter) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (quoted || text[end] != delimiter); ++end) {
    if (text[end] == '"') quoted = !quoted;
    if (quoted && text[end] == '\\') ++end;
  }
  end = std::min(end, text.size());
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return piece;
}

bool is_identity(std::string_view codings) {
  while (!codings.empty()) {
    const std::string_view coding = trim_ows(take_until(codings, ','));
    if (!coding.empty() && !ascii_iequals(coding, "identity")) return false;
  }
  return true;
}

bool is_utf8(std::string_view media_type) {
  take_until(media_type, ';');
  while (!media_type.empty()) {
    std::string_view value = trim_ows(take_until(media_type, ';'));
    const std::string_view name = take_until(value, '=');
    if (!ascii_iequals(name, "charset")) continue;
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    // The second spelling is not registered, but common, and nobody means anything else by it.
    if (!ascii_iequals(value, "utf-8") && !ascii_iequals(value, "utf8")) return false;
  }
  return true;
}

// The name of the field for which a body cannot be read; empty where it can.
std::string_view unreadable_by(const FieldList& fields) {
  for (const auto& [name, value] : fields) {
    if (ascii_iequals(name, "content-encoding") && !is_identity(value)) return "content-encoding";
    if (ascii_iequals(name, "content-type") && !is_utf8(value)) return "content-type";
  }
  return {};
}

}  // namespace

JsonBody::Outcome JsonBody::read(Exchange& exchange) const {
  const std::string_view field = unreadable_by(exchange.request.fields);
  if (!field.empty()) return {{}, Verdict::reject(invalid_input_, std::string(field))};
  if (exchange.body == nullptr) return {{}, Verdict::hold_body()};
  if (exchange.body->size() == 0 && !required_) return {{}, Verdict::next()};
  const auto document = exchange.body->document();
  if (document) return {*document, Verdict::next()};
  const std::string fault(json::to_string(document.error().fault));
  return {{}, Verdict::reject(invalid_input_, "body: " + fault)};
}

}  // namespace trackly::filters
