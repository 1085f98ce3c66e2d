#include "gateway/http/h2_fields.h"

#include <utility>

#include "gateway/api/ascii.h"
#include "gateway/http/framing.h"
#include "gateway/http/request_target.h"

namespace trackly::http {
namespace {

// What a field costs beside its bytes (RFC 9113 section 6.5.2).
constexpr std::size_t kFieldOverhead = 32;

}  // namespace

// ------------------------------------------------------------------------------------- receiving

void H2Section::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > limits_.header_bytes || ++count_ > limits_.header_count) {
    set_fault(HeadFault::head_too_large);
  }
  // Control data is kept while it lasts, for the access log.
  if (!name.empty() && name.front() == ':') {
    add_pseudo(name, value);
  } else if (!fault_) {
    add_field(name, value);
  }
}

void H2Section::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":path" && value.size() > limits_.uri_bytes) {
    head_.target = value.substr(0, limits_.uri_bytes);
    return set_fault(HeadFault::uri_too_long);
  }
  if (value.size() > limits_.header_bytes) return;
  if (name == ":path") head_.target = value;
  if (name == ":method") head_.method = value;
  if (name == ":authority") head_.authority = value;
  if (name == ":scheme") request_scheme_ = value;
  if (name == ":status") head_.status = static_cast<int>(parse_content_length(value).value_or(0));
}

void H2Section::add_field(std::string_view name, std::string_view value) {
  if (name == "content-length") {
    head_.content_length = parse_content_length(value);
    if (!head_.content_length) set_malformed();
  } else if (name == "host" && side_ == Side::server) {
    host_ = value;
  } else if (name == "cookie") {
    if (!cookies_.empty()) cookies_.append("; ");
    cookies_.append(value);
  } else if (!is_connection_field(name) || (name == "te" && value == "trailers")) {
    head_.fields.add(name, value);
  }
}

Head H2Section::take_head(std::string_view scheme) {
  head_.protocol = Protocol::http2;
  join_cookies();
  if (side_ == Side::server) {
    head_.scheme = scheme;
    const bool two_hosts =
        host_ && !head_.authority.empty() && !ascii_iequals(*host_, head_.authority);
    if (host_ && head_.authority.empty()) head_.authority = *host_;
    if (!fault_ && (two_hosts || !is_valid_request())) set_malformed();
  }
  return std::move(head_);
}

// RFC 9113 section 8.2.3: one field again, for whoever does not speak HTTP/2.
void H2Section::join_cookies() {
  if (!cookies_.empty()) head_.fields.add("cookie", cookies_);
}

bool H2Section::is_valid_request() const {
  if (!is_token(head_.method) || !is_authority(head_.authority)) return false;
  if (head_.method == "CONNECT") return true;
  if (!ascii_iequals(request_scheme_, "http") && !ascii_iequals(request_scheme_, "https")) {
    return false;
  }
  if (head_.target == "*") return head_.method == "OPTIONS";
  return is_unambiguous_target(head_.target);
}

std::optional<FieldList> H2Section::take_trailers() {
  join_cookies();
  if (fault_ || host_ || head_.content_length || !are_trailers(head_.fields)) return std::nullopt;
  return std::move(head_.fields);
}

void H2Section::set_fault(HeadFault fault) {
  if (!fault_) fault_ = fault;
}

// --------------------------------------------------------------------------------------- sending

H2FieldBlock::H2FieldBlock(Side side, const Head& head) {
  if (side == Side::client) {
    add(":method", head.method);
    add(":scheme", head.scheme);
    if (!head.authority.empty()) add(":authority", head.authority);
    add(":path", head.target);
  } else {
    status_ = std::to_string(head.status);
    add(":status", status_);
  }
  const bool has_length = head.content_length && head.status / 100 != 1 && head.status != 204;
  if (has_length) {
    length_ = std::to_string(*head.content_length);
    add("content-length", length_);
  }
  add_fields(head.fields);
}

void H2FieldBlock::add(std::string_view name, std::string_view value) {
  // nghttp2 copies both and writes the name in lower case; its structs are not const-correct.
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  fields_.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void H2FieldBlock::add_fields(const FieldList& fields) {
  for (const auto& [name, value] : fields) {
    const bool te_trailers = ascii_iequals(name, "te") && value == "trailers";
    if ((is_connection_field(name) && !te_trailers) || ascii_iequals(name, "host")) continue;
    if (is_token(name) && is_field_value(value)) add(name, value);
  }
}

}  // namespace trackly::http
