#include "gateway/observe/access_format.h"

#include <chrono>
#include <string_view>

#include "gateway/api/key_text.h"
#include "gateway/observe/access_fields.h"
#include "gateway/observe/diagnostics.h"
#include "gateway/observe/json_line.h"
#include "gateway/observe/log_text.h"

namespace trackly::observe {
namespace {

constexpr std::string_view kJson = "json";
constexpr std::string_view kCombined = "combined";
constexpr std::size_t kLongestClientField = 1024;

// -------------------------------------------------------------------------------------------- JSON

/// Writes the value of a field, if it has one.
class JsonValue {
 public:
  JsonValue(JsonLine& line, std::string_view name) : line_(line), name_(name) {}

  void operator()(std::monostate) const {}
  void operator()(std::string_view value) const { line_.text(name_, value); }
  void operator()(const std::string& value) const { line_.text(name_, value); }
  void operator()(bool value) const { line_.boolean(name_, value); }
  void operator()(std::uint64_t value) const { line_.number(name_, value); }
  void operator()(Duration value) const { line_.milliseconds(name_, value); }
  void operator()(WallTime value) const { line_.time(name_, value); }
  void operator()(const std::vector<std::string_view>& words) const {
    line_.begin_array(name_);
    for (const std::string_view word : words) line_.item_text(word);
    line_.end_array();
  }
  void operator()(std::span<const FilterTrace> filters) const {
    using std::chrono::microseconds;
    line_.begin_array(name_);
    for (const FilterTrace& filter : filters) {
      line_.begin_item_object();
      line_.text("name", filter.name);
      line_.number("us", std::chrono::duration_cast<microseconds>(filter.spent).count());
      line_.end_object();
    }
    line_.end_array();
  }
  void operator()(std::span<const ShadowFinding> findings) const {
    line_.begin_array(name_);
    for (const ShadowFinding& finding : findings) {
      line_.begin_item_object();
      append(finding);
      line_.end_object();
    }
    line_.end_array();
  }

 private:
  void append(const ShadowFinding& finding) const {
    line_.text("filter", finding.filter);
    if (finding.error != nullptr) {
      line_.number("status", finding.error->status);
      if (!finding.error->code.empty()) line_.text("code", finding.error->code);
      line_.text("error", finding.error->id);
    }
    if (!finding.rule.empty()) line_.text("rule", finding.rule);
    if (!finding.unjudged.empty()) line_.text("unjudged", finding.unjudged);
  }

  JsonLine& line_;
  std::string_view name_;
};

void append_json(std::string& out, const Exchange& exchange, const PathRedactor& redactor) {
  JsonLine line(out);
  std::string_view open;  // the object that the line is in; empty: none
  for (const LogField& field : log_fields()) {
    const LogValue value = field.value(exchange, redactor);
    if (std::holds_alternative<std::monostate>(value)) continue;
    const std::size_t dot = field.name.find('.');
    const std::string_view object =
        dot == std::string_view::npos ? std::string_view() : field.name.substr(0, dot);
    if (object != open) {
      if (!open.empty()) line.end_object();
      if (!object.empty()) line.begin_object(object);
      open = object;
    }
    std::visit(JsonValue(line, object.empty() ? field.name : field.name.substr(dot + 1)), value);
  }
  if (!open.empty()) line.end_object();
  line.end();
}

// ------------------------------------------------------------------------- Apache's combined
// format

std::string_view version_of(Protocol protocol) {
  return protocol == Protocol::http2 ? "HTTP/2.0" : to_string(protocol);
}

std::string request_line(const Exchange& exchange, const PathRedactor& redactor) {
  if (exchange.request.method.empty()) return {};
  std::string line = without_keys(exchange.request.method);
  line.append(" ").append(redactor.redacted(exchange.path, exchange.operation));
  if (line.size() > kLongestClientField) line.resize(kLongestClientField);
  return line.append(" ").append(version_of(exchange.protocol));
}

std::string client_field(const Exchange& exchange, std::string_view name) {
  return std::string(
      exchange.request.fields.find(name).value_or("").substr(0, kLongestClientField));
}

void append_quoted(std::string& out, std::string_view text) {
  out += " \"";
  append_escaped(out, text);
  out += '"';
}

/// %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i", with the account for the user.
void append_combined(std::string& out, const Exchange& exchange, const PathRedactor& redactor) {
  append_escaped(out, exchange.client_address);
  out += " - ";
  const bool has_account = exchange.key != nullptr && exchange.key->account != nullptr;
  append_escaped(out, has_account ? exchange.key->account->id : std::string());
  out += ' ';
  append_clf_time(out, exchange.started_at);
  append_quoted(out, request_line(exchange, redactor));
  out += ' ';
  out += exchange.status == 0 ? "-" : std::to_string(exchange.status);
  out += ' ';
  out += exchange.bytes_out == 0 ? "-" : std::to_string(exchange.bytes_out);
  append_quoted(out, redacted_referer(client_field(exchange, "Referer")));
  append_quoted(out, without_keys(client_field(exchange, "User-Agent")));
  out += '\n';
}

// ----------------------------------------------------------------------------------- missing lines

std::string lost_json(std::uint64_t lost) {
  std::string out;
  JsonLine line(out);
  line.time("time", std::chrono::system_clock::now());
  line.number("lost", lost);
  line.end();
  return out;
}

std::string lost_text(std::uint64_t lost) {
  std::string out;
  append_clf_time(out, std::chrono::system_clock::now());
  return out + " lost " + std::to_string(lost) + "\n";
}

/// Answered in full by a service that was well, and nothing happened on the way.
bool is_plain_success(const Exchange& exchange) {
  return exchange.status >= 200 && exchange.status < 400 && exchange.local_reply == nullptr &&
         exchange.failure == UpstreamFailure::none && exchange.flag.empty() && !exchange.cut &&
         exchange.shadow.empty();
}

}  // namespace

AccessFormat::AccessFormat(const AccessLogSettings& settings, const ApiDescription& api)
    : kind_(settings.format == kJson       ? Kind::json
            : settings.format == kCombined ? Kind::combined
                                           : Kind::text),
      sample_successes_(settings.sample_successes),
      redactor_(api) {
  if (kind_ == Kind::text) template_ = LogTemplate::parse(settings.format).value();
}

std::optional<Fault> AccessFormat::check(std::string_view format) {
  if (format == kJson || format == kCombined) return std::nullopt;
  if (format.find('%') == std::string_view::npos) {
    return Fault{"expected json, combined or a template such as \"%{time} %{status} %{path}\""};
  }
  const auto parsed = LogTemplate::parse(format);
  if (!parsed) return parsed.error();
  return std::nullopt;
}

void AccessFormat::append(std::string& out, const Exchange& exchange) const {
  switch (kind_) {
    case Kind::json:
      return append_json(out, exchange, redactor_);
    case Kind::combined:
      return append_combined(out, exchange, redactor_);
    case Kind::text:
      return template_->append(out, exchange, redactor_);
  }
}

double AccessFormat::share_of(const Exchange& exchange) const {
  return is_plain_success(exchange) ? sample_successes_ : 1;
}

LogWriter::Options access_log_options(const AccessLogSettings& settings) {
  return {.target = {.path = settings.syslog ? "" : settings.path, .syslog = settings.syslog},
          .buffer_bytes = settings.buffer_bytes,
          .lost_line = settings.format == kJson ? &lost_json : &lost_text,
          .report = &report_lost_lines};
}

}  // namespace trackly::observe
