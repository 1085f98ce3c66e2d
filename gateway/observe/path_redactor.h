#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/api_description.h"

namespace trackly::observe {

/// Decides what of a path may be written down. "*" takes the place of
///  * parameters that the API description calls sensitive, also where a request missed their
///    operation by its method or a trailing slash;
///  * whatever looks like an API key;
///  * in paths that are not described, where nobody has said what is sensitive: segments that look
///    like data rather than like a name.
/// Immutable; any thread.
class PathRedactor {
 public:
  /// `api` may go away afterwards.
  explicit PathRedactor(const ApiDescription& api);

  /// `path` is percent-encoded, as sent; `operation` is what it was routed to, nullptr: nothing.
  std::string redacted(std::string_view path, const Operation* operation) const;

  /// Whether that is the path itself; asked first, it spares most requests a copy.
  static bool shows_all_of(std::string_view path, const Operation* operation);

 private:
  /// A segment of a described path that has a sensitive parameter.
  struct Segment {
    std::string literal;  // of segments without a parameter
    bool is_parameter = false;
    bool is_sensitive = false;
  };
  using Pattern = std::vector<Segment>;

  static Pattern pattern_of(const Operation& operation);
  static bool resembles(const std::vector<std::string_view>& segments, const Pattern& pattern);

  std::vector<Pattern> sensitive_;
};

/// A Referer: its origin and path, the latter as that of an undescribed path; never its query.
std::string redacted_referer(std::string_view referer);

}  // namespace trackly::observe
