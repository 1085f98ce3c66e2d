#pragma once

#include <compare>

#include "filters/json_schema/decimal.h"

namespace trackly::json_schema {

/// A sum of JSON numbers without any rounding: 33.33 three times is 99.99. Exact for numbers with
/// up to 30 digits before and 30 behind the point; further decimals are dropped, and what is larger
/// counts as 10^30. For at most a hundred million numbers.
class DecimalSum {
 public:
  static constexpr int kDigits = 30;

  DecimalSum() = default;
  explicit DecimalSum(const Decimal& number) { add(number); }

  /// Whether a number keeps all its digits.
  static bool is_exact(const Decimal& number) {
    return number.scale() <= kDigits && number.exponent() >= -kDigits;
  }

  void add(const Decimal& number);

  std::strong_ordering operator<=>(const DecimalSum&) const = default;

 private:
  // __extension__: ISO C++ has no 128-bit integers, every compiler that we use has.
  __extension__ using Wide = __int128;

  static Wide unit();

  // Value = whole_ + fraction_ / 10^30, where 0 <= fraction_ < 10^30.
  Wide whole_ = 0;
  Wide fraction_ = 0;
};

}  // namespace trackly::json_schema
