#pragma once

#include <optional>
#include <string>

#include "gateway/api/api_description.h"
#include "gateway/api/exchange.h"
#include "gateway/api/result.h"
#include "gateway/api/settings.h"
#include "gateway/observe/log_template.h"
#include "gateway/observe/log_writer.h"
#include "gateway/observe/path_redactor.h"

namespace trackly::observe {

/// Turns a finished request into its line of the access log. A line never has a key, a query or a
/// body in it; what clients send is in it as method, redacted path and request id (and `combined`
/// has Referer and User-Agent), all escaped. Immutable; any thread.
class AccessFormat {
 public:
  /// Requires: check_format(settings.format) has no fault. `api` may go away afterwards.
  AccessFormat(const AccessLogSettings& settings, const ApiDescription& api);

  /// Why `format` is not "json", "combined" or a template.
  static std::optional<Fault> check(std::string_view format);

  /// Appends the line with its end. Requires: the exchange is finished.
  void append(std::string& out, const Exchange& exchange) const;

  /// The share of such requests that is to be logged: 1 for all but plain successes.
  double share_of(const Exchange& exchange) const;

 private:
  enum class Kind { json, combined, text };

  Kind kind_;
  std::optional<LogTemplate> template_;  // of Kind::text
  double sample_successes_;
  PathRedactor redactor_;
};

/// How the access log is to be written. Where two configurations agree in this, one writer serves
/// both.
LogWriter::Options access_log_options(const AccessLogSettings& settings);

}  // namespace trackly::observe
