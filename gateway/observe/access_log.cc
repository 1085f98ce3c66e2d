#include "gateway/observe/access_log.h"

#include <chrono>
#include <string_view>

#include "gateway/observe/json_line.h"

namespace trackly::observe {
namespace {

// Both may be as long as a head; a log line need not.
constexpr std::size_t kLongestPath = 1024;
constexpr std::size_t kLongestMethod = 32;

std::string_view take_segment(std::string_view& path) {
  const std::size_t end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  return segment;
}

bool names_sensitive_parameter(std::string_view segment, const Operation& operation) {
  for (const Parameter& parameter : operation.parameters) {
    if (parameter.in == Parameter::In::path && parameter.sensitive &&
        segment.find("{" + parameter.name + "}") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

bool has_sensitive_path(const Operation& operation) {
  for (const Parameter& parameter : operation.parameters) {
    if (parameter.in == Parameter::In::path && parameter.sensitive) return true;
  }
  return false;
}

/// The path as sent, "*" in place of segments where the operation has a sensitive parameter.
std::string redacted_path(std::string_view path, const Operation& operation) {
  std::string redacted;
  std::string_view pattern = operation.path;
  while (!path.empty()) {
    const bool last = path.find('/') == std::string_view::npos;
    const std::string_view expected = take_segment(pattern);
    const std::string_view actual = take_segment(path);
    redacted.append(names_sensitive_parameter(expected, operation) ? "*" : actual);
    if (!last) redacted += '/';
  }
  return redacted;
}

/// Whether a path could be meant for an operation: another method, more segments or fewer.
bool resembles(std::string_view path, const Operation& operation) {
  std::string_view pattern = operation.path;
  while (!path.empty() && !pattern.empty()) {
    const std::string_view expected = take_segment(pattern);
    const std::string_view actual = take_segment(path);
    if (expected.find('{') == std::string_view::npos && expected != actual) return false;
  }
  return true;
}

void append_path(JsonLine& line, const Exchange& exchange, const ApiDescription& api) {
  const Operation* operation = exchange.operation;
  if (operation != nullptr && !operation->is_unknown && !has_sensitive_path(*operation)) {
    return line.text("path", exchange.path.substr(0, kLongestPath));
  }
  std::string path(exchange.path);
  if (operation != nullptr && !operation->is_unknown) {
    path = redacted_path(path, *operation);
  } else {
    for (const Operation& other : api.operations) {
      if (has_sensitive_path(other) && resembles(exchange.path, other)) {
        path = redacted_path(path, other);
      }
    }
  }
  line.text("path", std::string_view(path).substr(0, kLongestPath));
}

void append_request(JsonLine& line, const Exchange& exchange, const ApiDescription& api) {
  line.time("time", exchange.started_at);
  line.text("request_id", exchange.request_id);
  line.text("client", exchange.client_address);
  line.text("protocol", to_string(exchange.protocol));
  line.boolean("tls", exchange.tls);
  if (!exchange.client_subject.empty()) line.text("client_subject", exchange.client_subject);
  const std::string_view method = exchange.request.method;
  if (!method.empty()) line.text("method", method.substr(0, kLongestMethod));
  if (exchange.operation != nullptr && !exchange.operation->is_unknown) {
    line.text("route", exchange.operation->path);
  }
  if (!exchange.path.empty()) append_path(line, exchange, api);
}

void append_answer(JsonLine& line, const Exchange& exchange) {
  if (exchange.status != 0) line.number("status", exchange.status);
  if (exchange.local_reply != nullptr) {
    if (!exchange.local_reply->code.empty()) line.text("code", exchange.local_reply->code);
    line.text("error", exchange.local_reply->id);
  }
  if (!exchange.refused_by.empty()) line.text("refused_by", exchange.refused_by);
}

void append_filters(JsonLine& line, const Exchange& exchange) {
  if (exchange.trace.empty()) return;
  line.begin_array("filters");
  for (const FilterTrace& trace : exchange.trace) {
    line.begin_item_object();
    line.text("name", trace.name);
    line.number("us", std::chrono::duration_cast<std::chrono::microseconds>(trace.spent).count());
    line.end_object();
  }
  line.end_array();
}

void append_findings(JsonLine& line, const Exchange& exchange) {
  if (exchange.key != nullptr) {
    if (exchange.key->account != nullptr) line.text("account", exchange.key->account->id);
    line.text("key", exchange.key->name);
  }
  if (exchange.batch_items.has_value()) line.number("batch_items", *exchange.batch_items);
  const LimiterFacts& limiter = exchange.limiter;
  // Without its store the limiter decides, but no rule does.
  if (limiter.rule.empty() && limiter.store_mode.empty()) return;
  line.begin_object("limiter");
  if (!limiter.rule.empty()) line.text("rule", limiter.rule);
  if (limiter.remaining.has_value()) line.number("remaining", *limiter.remaining);
  if (!limiter.store_mode.empty()) line.text("store", limiter.store_mode);
  line.end_object();
}

void append_upstream(JsonLine& line, const Exchange& exchange) {
  if (!exchange.upstream.empty()) {
    line.text("upstream", exchange.upstream);
    if (!exchange.endpoint.empty()) line.text("endpoint", exchange.endpoint);
    line.number("attempts", exchange.attempts);
    if (exchange.repeats != 0) line.number("repeats", exchange.repeats);
  }
  line.boolean("delivered", exchange.delivered);
  if (exchange.failure != UpstreamFailure::none) {
    line.text("upstream_error", to_string(exchange.failure));
  }
  if (exchange.received_status != 0) line.number("upstream_status", exchange.received_status);
}

void append_times(JsonLine& line, const Exchange& exchange) {
  if (exchange.chain_done != Duration::zero()) line.milliseconds("chain_ms", exchange.chain_done);
  if (exchange.upstream_head != Duration::zero()) {
    line.milliseconds("upstream_head_ms", exchange.upstream_head);
  }
  line.milliseconds("duration_ms", exchange.finished);
}

void append_flags(JsonLine& line, const Exchange& exchange) {
  if (exchange.flag.empty() && !exchange.cut) return;
  line.begin_array("flags");
  if (!exchange.flag.empty()) line.item_text(exchange.flag);
  if (exchange.cut) line.item_text("cut");
  line.end_array();
}

}  // namespace

void append_access_line(std::string& out, const Exchange& exchange, const ApiDescription& api) {
  JsonLine line(out);
  append_request(line, exchange, api);
  append_answer(line, exchange);
  append_filters(line, exchange);
  append_findings(line, exchange);
  line.number("bytes_in", exchange.bytes_in);
  line.number("bytes_out", exchange.bytes_out);
  append_upstream(line, exchange);
  append_times(line, exchange);
  append_flags(line, exchange);
  line.end();
}

std::string lost_access_lines(std::uint64_t lost) {
  std::string out;
  JsonLine line(out);
  line.time("time", std::chrono::system_clock::now());
  line.number("lost", lost);
  line.end();
  return out;
}

void AccessLog::write(const Exchange& exchange, const ApiDescription& api) {
  if (writer_ == nullptr) return;
  lines_.add();
  line_.clear();
  append_access_line(line_, exchange, api);
  writer_->write(line_);
}

}  // namespace trackly::observe
