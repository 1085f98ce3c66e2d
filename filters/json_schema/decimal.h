#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trackly::json_schema {

/// A JSON number, read exactly: no digit is lost, whatever its size. A view; the text must outlive
/// it. Only exponents beyond +-10^17 lose their exact size.
class Decimal {
 public:
  /// Requires: `text` is a number in JSON's grammar.
  explicit Decimal(std::string_view text);

  /// Mathematically: 1.0 and 1e2 are integers.
  bool is_integer() const { return exponent_ >= 0; }
  bool is_positive() const { return !is_zero() && !negative_; }
  /// Requires: divisor.is_divisor().
  bool is_multiple_of(const Decimal& divisor) const;
  /// Positive, and its significant digits fit 64 bits.
  bool is_divisor() const { return is_positive() && significand_fits(); }
  /// The value, where it is an integer that is not negative; the largest count for all beyond.
  std::optional<std::uint64_t> to_count() const;

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return std::is_eq(*this <=> other); }

  /// The digit that counts powers of 10^place.
  std::uint8_t digit(std::int64_t place) const;
  bool is_negative() const { return negative_; }
  /// All digits are at places below this one.
  std::int64_t scale() const { return exponent_ + static_cast<std::int64_t>(digit_count_); }
  /// No digit but zero is at a place below this one.
  std::int64_t exponent() const { return exponent_; }

  /// A text that equal numbers share.
  void append_normal_form(std::string& out) const;

 private:
  bool is_zero() const { return digit_count_ == 0; }
  bool significand_fits() const { return digit_count_ <= 19; }
  std::strong_ordering compare_magnitude(const Decimal& other) const;

  // Value = +-digits * 10^exponent. The digits begin and end with one that is not zero, there are
  // none for zero, and there may be a point among them.
  std::string_view digits_;
  std::size_t digit_count_ = 0;
  std::int64_t exponent_ = 0;
  bool negative_ = false;
};

}  // namespace trackly::json_schema
