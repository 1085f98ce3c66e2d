#include "gateway/json/scalar.h"

#include "gateway/json/number_grammar.h"

namespace trackly::json {

Scalar Scalar::string(std::string_view text) { return Scalar(text, Kind::string); }

std::optional<Scalar> Scalar::number(std::string_view text) {
  if (!is_number(text)) return std::nullopt;
  return Scalar(text, Kind::number);
}

std::optional<Scalar> Scalar::boolean(std::string_view text) {
  if (text != "true" && text != "false") return std::nullopt;
  return Scalar(text, Kind::boolean);
}

// A string has no quotes around it here, so it is laid out like one that was unescaped.
Scalar::Scalar(std::string_view text, Kind kind)
    : entry_{0, static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(text.size()), 1,
             static_cast<unsigned>(kind) & 7U},
      tape_{text.data(), text.data(), &entry_} {}

Scalar::Scalar(const Scalar& other) : entry_(other.entry_), tape_(other.tape_) {
  tape_.entries = &entry_;
}

Scalar& Scalar::operator=(const Scalar& other) {
  entry_ = other.entry_;
  tape_ = other.tape_;
  tape_.entries = &entry_;
  return *this;
}

}  // namespace trackly::json
