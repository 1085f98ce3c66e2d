#include "filters/json_schema/decimal.h"

#include <algorithm>

namespace trackly::json_schema {
namespace {

constexpr std::int64_t kLargestExponent = 100'000'000'000'000'000;

// __extension__: ISO C++ has no 128-bit integers, every compiler that we use has.
__extension__ using Wide = unsigned __int128;

std::int64_t read_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) value = std::min(value * 10 + (c - '0'), kLargestExponent);
  return negative ? -value : value;
}

// base^exponent mod modulus
std::uint64_t power_mod(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  Wide result = 1 % modulus;
  Wide square = base % modulus;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = result * square % modulus;
    square = square * square % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

template <class Visit>
void for_each_digit(std::string_view digits, Visit visit) {
  for (const char c : digits) {
    if (c != '.') visit(static_cast<std::uint64_t>(c - '0'));
  }
}

// Requires: it fits.
std::uint64_t to_integer(std::string_view digits) {
  std::uint64_t value = 0;
  for_each_digit(digits, [&value](std::uint64_t digit) { value = value * 10 + digit; });
  return value;
}

}  // namespace

Decimal::Decimal(std::string_view text) {
  if (text.starts_with('-')) {
    negative_ = true;
    text.remove_prefix(1);
  }
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) exponent_ = read_exponent(text.substr(e + 1));
  const std::string_view mantissa = text.substr(0, e);

  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) {
    exponent_ = 0;
    negative_ = false;
    return;
  }
  const std::size_t last = mantissa.find_last_not_of("0.");
  digits_ = mantissa.substr(first, last - first + 1);
  const bool point_inside = digits_.find('.') != std::string_view::npos;
  digit_count_ = digits_.size() - (point_inside ? 1 : 0);

  // How far the last digit stands from the units.
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(last);
  exponent_ += last < point ? place - 1 : place;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const auto sign = [](const Decimal& d) { return d.is_zero() ? 0 : d.negative_ ? -1 : 1; };
  if (sign(*this) != sign(other)) return sign(*this) <=> sign(other);
  return negative_ ? other.compare_magnitude(*this) : compare_magnitude(other);
}

std::strong_ordering Decimal::compare_magnitude(const Decimal& other) const {
  if (is_zero() || other.is_zero()) return digit_count_ <=> other.digit_count_;
  if (scale() != other.scale()) return scale() <=> other.scale();
  const char* a = digits_.data();
  const char* b = other.digits_.data();
  const char* const a_end = a + digits_.size();
  const char* const b_end = b + other.digits_.size();
  for (;; ++a, ++b) {
    if (a != a_end && *a == '.') ++a;
    if (b != b_end && *b == '.') ++b;
    // The last digit is never zero, so the one with digits left is larger.
    if (a == a_end || b == b_end) return (a_end - a) <=> (b_end - b);
    if (*a != *b) return *a <=> *b;
  }
}

bool Decimal::is_multiple_of(const Decimal& divisor) const {
  if (is_zero()) return true;
  // Our digits do not end in zero, so they hold no factor 10 that a smaller exponent could need.
  if (exponent_ < divisor.exponent_) return false;
  const std::uint64_t modulus = to_integer(divisor.digits_);
  Wide remainder = 0;
  for_each_digit(digits_, [&remainder, modulus](std::uint64_t digit) {
    remainder = (remainder * 10 + digit) % modulus;
  });
  const auto shift = static_cast<std::uint64_t>(exponent_ - divisor.exponent_);
  return remainder * power_mod(10, shift, modulus) % modulus == 0;
}

std::optional<std::uint64_t> Decimal::to_count() const {
  if (!is_integer() || (negative_ && !is_zero())) return std::nullopt;
  if (scale() > 19) return UINT64_MAX;
  std::uint64_t value = to_integer(digits_);
  for (std::int64_t i = 0; i < exponent_; ++i) value *= 10;
  return value;
}

std::uint8_t Decimal::digit(std::int64_t place) const {
  if (place >= scale() || place < exponent_) return 0;
  auto index = static_cast<std::size_t>(scale() - 1 - place);
  if (index >= std::min(digits_.find('.'), digits_.size())) ++index;
  return static_cast<std::uint8_t>(digits_[index] - '0');
}

void Decimal::append_normal_form(std::string& out) const {
  if (negative_) out += '-';
  std::copy_if(digits_.begin(), digits_.end(), std::back_inserter(out),
               [](char c) { return c != '.'; });
  out += 'e' + std::to_string(exponent_);
}

}  // namespace trackly::json_schema
