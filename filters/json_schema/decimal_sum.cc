#include "filters/json_schema/decimal_sum.h"

namespace trackly::json_schema {

DecimalSum::Wide DecimalSum::unit() {
  Wide unit = 1;
  for (int i = 0; i < kDigits; ++i) unit *= 10;
  return unit;
}

void DecimalSum::add(const Decimal& number) {
  static const Wide kUnit = unit();
  Wide whole = 0;
  Wide fraction = 0;
  if (number.scale() > kDigits) {
    whole = kUnit;
  } else {
    for (auto place = number.scale(); place-- > 0;) whole = whole * 10 + number.digit(place);
    for (int place = -1; place >= -kDigits; --place) {
      fraction *= 10;
      if (place >= number.exponent()) fraction += number.digit(place);
    }
  }
  whole_ += number.is_negative() ? -whole : whole;
  fraction_ += number.is_negative() ? -fraction : fraction;
  if (fraction_ < 0) {
    fraction_ += kUnit;
    --whole_;
  } else if (fraction_ >= kUnit) {
    fraction_ -= kUnit;
    ++whole_;
  }
}

}  // namespace trackly::json_schema
