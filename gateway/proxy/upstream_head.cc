#include "gateway/proxy/upstream_head.h"

#include <algorithm>
#include <array>
#include <string>

#include "gateway/api/ascii.h"
#include "gateway/api/request_id.h"
#include "gateway/http/framing.h"

namespace trackly::proxy {
namespace {

constexpr std::string_view kForwardedFor = "X-Forwarded-For";
constexpr std::string_view kForwardedProto = "X-Forwarded-Proto";
constexpr std::string_view kForwardedHost = "X-Forwarded-Host";

/// Fields that only the gateway sets: a client's own are dropped, in any spelling.
constexpr std::array<std::string_view, 6> kOurs = {kForwardedFor,  kForwardedProto,
                                                   kForwardedHost, kRequestIdField,
                                                   "X-Account-Id", kTraceparentField};

constexpr char folded(char c) { return c == '_' ? '-' : ascii_lower(c); }

/// Equal for a service that does not tell "_" from "-" (CGI's environment variables, and what came
/// after).
bool same_to_a_service(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return folded(x) == folded(y); });
}

template <class Names>
bool is_any_of(std::string_view name, const Names& names) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return same_to_a_service(name, other); });
}

/// "Content_Length", "X_Api_Key" and their like: what frames or routes the message is ours to
/// write, and who sent it was decided by the field without "_".
bool imitates_another_field(std::string_view name) {
  if (name.find('_') == std::string_view::npos) return false;
  std::string plain(name);
  std::replace(plain.begin(), plain.end(), '_', '-');
  return http::is_connection_field(plain) || ascii_iequals(plain, "host") ||
         ascii_iequals(plain, "x-api-key");
}

std::string joined(const FieldList& fields, std::string_view name) {
  std::string values;
  for (const FieldList::Field& field : fields) {
    if (!ascii_iequals(field.name, name)) continue;
    if (!values.empty()) values += ", ";
    values += field.value;
  }
  return values;
}

void add_forwarded(FieldList& out, const Exchange& exchange, bool peer_is_trusted,
                   std::string_view peer_address) {
  const FieldList& fields = exchange.request.fields;
  std::string chain = peer_is_trusted ? joined(fields, kForwardedFor) : std::string();
  if (!chain.empty()) chain += ", ";
  out.add(kForwardedFor, chain.append(peer_address));

  const auto said = [&](std::string_view name) {
    return peer_is_trusted ? fields.find(name) : std::nullopt;
  };
  out.add(kForwardedProto, said(kForwardedProto).value_or(exchange.tls ? "https" : "http"));
  const std::string_view host = said(kForwardedHost).value_or(exchange.request.authority);
  if (!host.empty()) out.add(kForwardedHost, host);
}

void add_via(FieldList& out, const Exchange& exchange) {
  std::string via = joined(exchange.request.fields, "Via");
  if (!via.empty()) via += ", ";
  switch (exchange.protocol) {
    case Protocol::http10:
      via += "1.0";
      break;
    case Protocol::http11:
      via += "1.1";
      break;
    case Protocol::http2:
      via += "2";
      break;
  }
  out.add("Via", via += " trackly-gateway");
}

void add_trace(FieldList& out, const TraceContext& context) {
  // The state of a trace means nothing without it (W3C Trace Context section 3.3.1).
  if (context.parent_span == 0) out.remove(kTracestateField);
  out.add(kTraceparentField, traceparent(context));
}

bool is_kept_from_service(std::string_view name, const Exchange& exchange) {
  const auto is_replaced = [name](const FieldList::Field& field) {
    return same_to_a_service(name, field.name);
  };
  return is_any_of(name, kOurs) || ascii_iequals(name, "Via") || ascii_iequals(name, "Expect") ||
         imitates_another_field(name) || is_any_of(name, exchange.removed_upstream_fields) ||
         std::any_of(exchange.upstream_fields.begin(), exchange.upstream_fields.end(), is_replaced);
}

}  // namespace

Head make_upstream_head(const Exchange& exchange, bool peer_is_trusted,
                        std::string_view peer_address) {
  const Head& request = exchange.request;
  Head head;
  head.method = request.method;
  head.scheme = request.scheme;
  head.authority = request.authority;
  head.target = request.target;
  head.content_length = request.content_length;

  for (const FieldList::Field& field : request.fields) {
    if (!is_kept_from_service(field.name, exchange)) head.fields.add(field.name, field.value);
  }

  add_forwarded(head.fields, exchange, peer_is_trusted, peer_address);
  add_via(head.fields, exchange);
  head.fields.add(kRequestIdField, exchange.request_id);
  add_trace(head.fields, exchange.trace_context);
  for (const FieldList::Field& field : exchange.upstream_fields) {
    head.fields.add(field.name, field.value);
  }
  return head;
}

FieldList make_upstream_trailers(FieldList trailers, const Exchange& exchange) {
  trailers.remove_if([&exchange](const FieldList::Field& field) {
    return is_kept_from_service(field.name, exchange);
  });
  return trailers;
}

}  // namespace trackly::proxy
