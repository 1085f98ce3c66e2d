#include "gateway/json/structural_index.h"

#include <simdjson.h>

#include <algorithm>
#include <new>

namespace trackly::json {
namespace {

constexpr std::size_t kSmallestCapacity = 4096;
// Used by simdjson's second stage only.
constexpr std::size_t kNoDepth = 1;

ParseFault translate(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return ParseFault::invalid_utf8;
    case simdjson::UNESCAPED_CHARS:
      return ParseFault::control_character;
    case simdjson::UNCLOSED_STRING:
      return ParseFault::unclosed_string;
    case simdjson::EMPTY:
      return ParseFault::empty;
    case simdjson::CAPACITY:
      return ParseFault::too_large;
    default:
      return ParseFault::unexpected_token;
  }
}

}  // namespace

StructuralIndex::StructuralIndex() = default;
StructuralIndex::~StructuralIndex() = default;

std::optional<ParseFault> StructuralIndex::find(std::string_view text) {
  if (stage1_ == nullptr || stage1_->capacity() < text.size()) {
    const std::size_t doubled = stage1_ == nullptr ? kSmallestCapacity : 2 * stage1_->capacity();
    const std::size_t capacity =
        std::min(std::max(doubled, text.size()), simdjson::SIMDJSON_MAXSIZE_BYTES);
    stage1_.reset();
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        capacity, kNoDepth, stage1_);
    // No fault of the text, unlike all that is returned from here.
    if (error == simdjson::MEMALLOC) throw std::bad_alloc();
    if (error != simdjson::SUCCESS) return translate(error);
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto error = stage1_->stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  if (error != simdjson::SUCCESS) return translate(error);
  return std::nullopt;
}

std::span<const std::uint32_t> StructuralIndex::tokens() const {
  return {stage1_->structural_indexes.get(), stage1_->n_structural_indexes};
}

std::size_t StructuralIndex::bytes() const {
  return stage1_ == nullptr ? 0 : stage1_->capacity() * sizeof(std::uint32_t);
}

void StructuralIndex::release() { stage1_.reset(); }

}  // namespace trackly::json
