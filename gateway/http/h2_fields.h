#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/message.h"
#include "gateway/http/codec.h"

namespace trackly::http {

/// Collects one field section of HTTP/2 - a head or trailers - field by field. nghttp2 has checked
/// what RFC 9113 section 8 demands; the rules of this program are applied here. A section that is
/// too large is read to its end, as HPACK needs, but not kept.
class H2Section {
 public:
  H2Section(Side side, const CodecLimits& limits) : side_(side), limits_(limits) {}

  void add(std::string_view name, std::string_view value);
  void set_malformed() { set_fault(HeadFault::malformed); }
  std::optional<HeadFault> fault() const { return fault_; }
  int status() const { return head_.status; }

  /// Applies the rules for a head as a whole; fault() afterwards. `scheme` is what a request gets.
  Head take_head(std::string_view scheme);
  /// nullopt where it may not stand behind a body.
  std::optional<FieldList> take_trailers();

 private:
  void add_pseudo(std::string_view name, std::string_view value);
  void add_field(std::string_view name, std::string_view value);
  void join_cookies();
  bool is_valid_request() const;
  void set_fault(HeadFault fault);

  Side side_;
  const CodecLimits& limits_;
  Head head_;
  std::string request_scheme_;
  std::optional<std::string> host_;
  std::string cookies_;
  std::optional<HeadFault> fault_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
};

/// A head or trailers as nghttp2 wants them; views into what it was made from.
class H2FieldBlock {
 public:
  /// A request head for a client, a response head for a server.
  H2FieldBlock(Side side, const Head& head);
  explicit H2FieldBlock(const FieldList& trailers) { add_fields(trailers); }
  H2FieldBlock(const H2FieldBlock&) = delete;
  H2FieldBlock& operator=(const H2FieldBlock&) = delete;

  const nghttp2_nv* data() const { return fields_.data(); }
  std::size_t size() const { return fields_.size(); }

 private:
  void add(std::string_view name, std::string_view value);
  void add_fields(const FieldList& fields);

  std::string status_;
  std::string length_;
  std::vector<nghttp2_nv> fields_;
};

}  // namespace trackly::http
