#pragma once

#include <cstdint>

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"

namespace trackly::store {

/// The arithmetic of one bucket policy for the generic cell rate algorithm (ITU-T I.371): a bucket
/// is one number, the time at which it will be full again. Taking moves that time into the future,
/// and the distance from now to it, the debt, is what is missing from the bucket.
///
/// Times are counted in units that are chosen so that one token is a whole number of them and none
/// is longer than a nanosecond. So nothing is rounded but the present, by less than a unit: the
/// long-run rate is exact, also for rates such as 3/s.
class Gcra {
 public:
  using Units = std::int64_t;

  explicit Gcra(const BucketPolicy& policy);

  /// `since_epoch` is not negative and the same clock for all who share the bucket.
  Units at(Duration since_epoch) const;
  Units cost(std::uint64_t tokens) const { return static_cast<Units>(tokens) * token_; }
  /// The debt of an empty bucket.
  Units capacity() const { return capacity_; }

  /// The bucket's public face at a debt. `lacking` is what it would have to shrink by for a refused
  /// withdrawal; not positive where that was granted.
  BucketState state(Units debt, Units lacking) const;

 private:
  Duration duration(Units units) const;  // rounded up

  std::int64_t period_;  // ns
  Units token_;          // units of one token
  Units period_units_;   // units of one period
  Units capacity_;
};

}  // namespace trackly::store
