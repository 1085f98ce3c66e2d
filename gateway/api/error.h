#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/node.h"

namespace trackly {

/// One entry of the error catalogue (config/trackly/errors.yaml): a row of the vendor's error-codes
/// page, or an entry of our own for what the page states outside its tables.
struct ErrorEntry {
  std::string id;             // unique; what rules name, e.g. "invalid_phone.recipient"
  int status = 0;             // what the gateway answers
  int documented_status = 0;  // what the page prints; 0 where the page has no such row
  std::string reason;         // why `status` differs from it; empty where it does not
  std::string code;           // may hold {placeholders}; empty: the answer has no `code`
  std::string text;           // may hold {placeholders}
  std::string section;        // the page's table; empty for entries of our own
  std::string decided_by;     // who decides what no filter of the shipped configuration does
  Mark mark;
};

/// An answer that the gateway can give: an entry with its placeholders filled, rendered once.
struct ErrorReply {
  std::string id;
  int status = 0;
  std::string code;
  std::string text;
  std::string body;  // {"error":"…","code":"…"}, exactly as it goes out
  /// The place of its entry in ErrorCatalogue::entries(), for whoever counts answers.
  std::size_t entry = SIZE_MAX;

  /// The same body with the optional third field `message`.
  std::string body_with_message(std::string_view message) const;
};

/// Shared and immutable: rules keep theirs from load on, an answer filled from a request lives as
/// long as that request.
using ErrorRef = std::shared_ptr<const ErrorReply>;

/// Renders `{"error":"…","code":"…"}`: this key order, no white space, no trailing newline; an
/// empty code is left out.
std::string render_error_body(std::string_view text, std::string_view code);

/// `text` as the inside of a JSON string (RFC 8259 section 7); UTF-8 passes unescaped.
std::string json_escaped(std::string_view text);

/// Immutable after load; shared by all workers.
class ErrorCatalogue {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;

  ErrorCatalogue() = default;
  explicit ErrorCatalogue(std::vector<ErrorEntry> entries);

  const std::vector<ErrorEntry>& entries() const { return entries_; }
  const ErrorEntry* find(std::string_view id) const;

  /// The answer for an entry without placeholders, or nullptr for an unknown id.
  ErrorRef reply(std::string_view id) const;
  /// The answer with `{name}` replaced by the value of that name, in text and code. A placeholder
  /// without a value stays as it is. nullptr for an unknown id.
  ErrorRef reply(std::string_view id, const Values& values) const;

 private:
  std::vector<ErrorEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, ErrorRef, std::less<>> replies_;
};

}  // namespace trackly
