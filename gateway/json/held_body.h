#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/api/result.h"
#include "gateway/json/parser.h"

namespace trackly::json {

/// The whole body of one request, kept byte for byte, and the one parse of it that all filters
/// share. Belongs to one worker; the parser is that worker's and must outlive it.
class HeldBody {
 public:
  HeldBody(Parser& parser, std::size_t max_depth) : parser_(parser), max_depth_(max_depth) {}
  HeldBody(const HeldBody&) = delete;
  HeldBody& operator=(const HeldBody&) = delete;
  ~HeldBody();

  /// The memory for so many bytes, at once.
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  /// It will not become longer than that, so no memory is taken for more.
  void bound(std::size_t bytes) { bound_ = bytes; }
  void append(std::string_view bytes);

  std::string_view bytes() const { return bytes_; }
  /// The bytes so far, out of it. Requires: document() was not asked for.
  std::string take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }

  /// The body as a JSON object, or why it is none. Parsed when first asked for, and again only
  /// where the parser has parsed another text since. The value lives as long as that parse does:
  /// ask again after any wait.
  Result<Value, ParseError> document();

 private:
  // The parser still holds our text.
  bool is_current() const { return result_ && generation_ == parser_.generation(); }

  Parser& parser_;
  std::size_t max_depth_;
  std::string bytes_;
  std::size_t bound_ = SIZE_MAX;
  std::optional<Result<Value, ParseError>> result_;
  std::uint64_t generation_ = 0;
};

}  // namespace trackly::json
