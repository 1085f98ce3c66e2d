#include "gateway/api/error.h"

#include <array>

namespace trackly {
namespace {

std::string filled(std::string_view pattern, const ErrorCatalogue::Values& values) {
  std::string out;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    const std::size_t close = open == std::string_view::npos ? open : pattern.find('}', open);
    if (close == std::string_view::npos) break;
    const auto value = values.find(pattern.substr(open + 1, close - open - 1));
    if (value == values.end()) {
      // Step by one brace: the literal {{linkN}} of the page must survive.
      out.append(pattern.substr(0, open + 1));
      pattern.remove_prefix(open + 1);
      continue;
    }
    out.append(pattern.substr(0, open)).append(value->second);
    pattern.remove_prefix(close + 1);
  }
  return out.append(pattern);
}

ErrorRef render(const ErrorEntry& entry, std::size_t place, const ErrorCatalogue::Values& values) {
  auto reply = std::make_shared<ErrorReply>();
  reply->id = entry.id;
  reply->status = entry.status;
  reply->code = filled(entry.code, values);
  reply->text = filled(entry.text, values);
  reply->body = render_error_body(reply->text, reply->code);
  reply->entry = place;
  return reply;
}

}  // namespace

std::string json_escaped(std::string_view text) {
  static constexpr std::array<char, 16> kHex = {'0', '1', '2', '3', '4', '5', '6', '7',
                                                '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::string out;
  out.reserve(text.size() + 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          out += "\\u00";
          out += kHex[byte >> 4];
          out += kHex[byte & 15];
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string render_error_body(std::string_view text, std::string_view code) {
  std::string body = "{\"error\":\"" + json_escaped(text) + "\"";
  if (!code.empty()) body += ",\"code\":\"" + json_escaped(code) + "\"";
  return body += "}";
}

std::string ErrorReply::body_with_message(std::string_view message) const {
  return body.substr(0, body.size() - 1) + ",\"message\":\"" + json_escaped(message) + "\"}";
}

ErrorCatalogue::ErrorCatalogue(std::vector<ErrorEntry> entries) : entries_(std::move(entries)) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    index_.emplace(entries_[i].id, i);
    replies_.emplace(entries_[i].id, render(entries_[i], i, {}));
  }
}

const ErrorEntry* ErrorCatalogue::find(std::string_view id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

ErrorRef ErrorCatalogue::reply(std::string_view id) const {
  const auto found = replies_.find(id);
  return found == replies_.end() ? nullptr : found->second;
}

ErrorRef ErrorCatalogue::reply(std::string_view id, const Values& values) const {
  const auto found = index_.find(id);
  if (found == index_.end()) return nullptr;
  return render(entries_[found->second], found->second, values);
}

}  // namespace trackly
