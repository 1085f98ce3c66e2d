#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/observe/access_fields.h"

namespace trackly::observe {

/// A line of the operator's own: text with fields of the access log in it.
class LogTemplate {
 public:
  /// `%{name}` stands for a field, `%%` for a percent sign. Faults: anything else after a percent
  /// sign, a field that does not exist, a line break.
  static Result<LogTemplate> parse(std::string_view text);

  /// Appends the line with its end. Values are escaped as append_escaped() does it; "-" stands for
  /// what is absent.
  void append(std::string& out, const Exchange& exchange, const PathRedactor& redactor) const;

 private:
  struct Piece {
    std::string text;                 // before the field
    const LogField* field = nullptr;  // nullptr: the end of the line
  };

  std::vector<Piece> pieces_;
};

}  // namespace trackly::observe
