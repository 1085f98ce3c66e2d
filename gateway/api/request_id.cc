#include "gateway/api/request_id.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace trackly {
namespace {

constexpr std::size_t kLongest = 128;

bool is_usable(std::string_view id) {
  return !id.empty() && id.size() <= kLongest &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string new_id(Loop& loop) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (int word = 0; word < 2; ++word) {
    const std::uint64_t bits = loop.random();
    for (int shift = 60; shift >= 0; shift -= 4) id += kDigits[bits >> shift & 0xF];
  }
  return id;
}

}  // namespace

std::string choose_request_id(const FieldList& fields, Loop& loop) {
  const std::optional<std::string_view> id = fields.find(kRequestIdField);
  if (id && fields.count(kRequestIdField) == 1 && is_usable(*id)) return std::string(*id);
  return new_id(loop);
}

}  // namespace trackly
