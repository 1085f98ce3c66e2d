#include "gateway/observe/access_fields.h"

#include <cstddef>
#include <optional>

#include "gateway/api/key_text.h"

namespace trackly::observe {
namespace {

// Each may be as long as a head; a log line need not.
constexpr std::size_t kLongestPath = 1024;
constexpr std::size_t kLongestMethod = 32;

LogValue text(std::string_view value) {
  if (value.empty()) return {};
  return value;
}

/// A count that is never negative.
LogValue unless_zero(int value) {
  if (value == 0) return {};
  return static_cast<std::uint64_t>(value);
}

LogValue unless_zero(Duration value) {
  if (value == Duration::zero()) return {};
  return value;
}

template <class Number>
LogValue if_known(const std::optional<Number>& value) {
  if (!value.has_value()) return {};
  return std::uint64_t{*value};
}

LogValue path(const Exchange& exchange, const PathRedactor& redactor) {
  if (exchange.path.empty()) return {};
  if (PathRedactor::shows_all_of(exchange.path, exchange.operation)) {
    return exchange.path.substr(0, kLongestPath);
  }
  std::string path = redactor.redacted(exchange.path, exchange.operation);
  if (path.size() > kLongestPath) path.resize(kLongestPath);
  return path;
}

LogValue route(const Exchange& exchange) {
  const Operation* operation = exchange.operation;
  if (operation == nullptr || operation->is_unknown) return {};
  return std::string_view(operation->path);
}

LogValue account(const Exchange& exchange) {
  if (exchange.key == nullptr || exchange.key->account == nullptr) return {};
  return std::string_view(exchange.key->account->id);
}

LogValue flags(const Exchange& exchange) {
  std::vector<std::string_view> flags;
  if (!exchange.flag.empty()) flags.push_back(exchange.flag);
  if (exchange.cut) flags.push_back("cut");
  if (flags.empty()) return {};
  return flags;
}

/// Text that a client made up, which may therefore hold its key.
LogValue clients_text(std::string_view value) {
  if (value.empty()) return {};
  if (!has_key(value)) return value;
  return without_keys(value);
}

LogValue trace_id(const TraceContext& trace) {
  if (!trace) return {};
  return trace_id_text(trace);
}

LogValue span_id(std::uint64_t span) {
  if (span == 0) return {};
  return span_id_text(span);
}

LogValue filters(const Exchange& exchange) {
  if (exchange.trace.empty()) return {};
  return std::span<const FilterTrace>(exchange.trace);
}

LogValue shadow(const Exchange& exchange) {
  if (exchange.shadow.empty()) return {};
  return std::span<const ShadowFinding>(exchange.shadow);
}

LogValue attempts(const Exchange& exchange) {
  if (exchange.upstream.empty()) return {};
  return static_cast<std::uint64_t>(exchange.attempts);
}

using E = const Exchange&;
using R = const PathRedactor&;

constexpr LogField kFields[] = {
    {"time", "time", [](E e, R) -> LogValue { return e.started_at; }},
    {"request_id", "string", [](E e, R) { return clients_text(e.request_id); }},
    {"trace_id", "string", [](E e, R) { return trace_id(e.trace_context); }},
    {"span_id", "string", [](E e, R) { return span_id(e.trace_context.span); }},
    {"parent_span_id", "string", [](E e, R) { return span_id(e.trace_context.parent_span); }},
    {"client", "string", [](E e, R) { return text(e.client_address); }},
    {"protocol", "string", [](E e, R) { return text(to_string(e.protocol)); }},
    {"tls", "boolean", [](E e, R) -> LogValue { return e.tls; }},
    {"client_subject", "string", [](E e, R) { return text(e.client_subject); }},
    {"method", "string",
     [](E e, R) {
       return clients_text(std::string_view(e.request.method).substr(0, kLongestMethod));
     }},
    {"route", "string", [](E e, R) { return route(e); }},
    {"path", "string", path},
    {"status", "integer", [](E e, R) { return unless_zero(e.status); }},
    {"code", "string",
     [](E e, R) { return e.local_reply ? text(e.local_reply->code) : LogValue(); }},
    {"error", "string",
     [](E e, R) { return e.local_reply ? text(e.local_reply->id) : LogValue(); }},
    {"refused_by", "string", [](E e, R) { return text(e.refused_by); }},
    {"filters", "filters", [](E e, R) { return filters(e); }},
    {"account", "string", [](E e, R) { return account(e); }},
    {"key", "string", [](E e, R) { return e.key ? text(e.key->name) : LogValue(); }},
    {"batch_items", "integer", [](E e, R) { return if_known(e.batch_items); }},
    {"limiter.rule", "string", [](E e, R) { return text(e.limiter.rule); }},
    {"limiter.remaining", "integer", [](E e, R) { return if_known(e.limiter.remaining); }},
    {"limiter.store", "string", [](E e, R) { return text(e.limiter.store_mode); }},
    {"shadow", "findings", [](E e, R) { return shadow(e); }},
    {"bytes_in", "integer", [](E e, R) -> LogValue { return e.bytes_in; }},
    {"bytes_out", "integer", [](E e, R) -> LogValue { return e.bytes_out; }},
    {"upstream", "string", [](E e, R) { return text(e.upstream); }},
    {"endpoint", "string", [](E e, R) { return text(e.endpoint); }},
    {"attempts", "integer", [](E e, R) { return attempts(e); }},
    {"repeats", "integer", [](E e, R) { return unless_zero(e.repeats); }},
    {"delivered", "boolean", [](E e, R) -> LogValue { return e.delivered; }},
    {"upstream_error", "string", [](E e, R) { return text(to_string(e.failure)); }},
    {"upstream_status", "integer", [](E e, R) { return unless_zero(e.received_status); }},
    {"chain_ms", "milliseconds", [](E e, R) { return unless_zero(e.chain_done); }},
    {"upstream_head_ms", "milliseconds", [](E e, R) { return unless_zero(e.upstream_head); }},
    {"duration_ms", "milliseconds", [](E e, R) -> LogValue { return e.finished; }},
    {"flags", "strings", [](E e, R) { return flags(e); }},
};

}  // namespace

std::span<const LogField> log_fields() { return kFields; }

}  // namespace trackly::observe
