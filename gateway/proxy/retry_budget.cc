#include "gateway/proxy/retry_budget.h"

#include <algorithm>

namespace trackly::proxy {
namespace {

// Repeats that are free, for each second and at one time.
constexpr double kFree = 10;
// What quiet times may save up for bad ones.
constexpr double kMostEarned = 100;

}  // namespace

void RetryBudget::earn() {
  earned_ = std::min(kMostEarned, earned_ + settings_.budget_percent / 100.0);
}

bool RetryBudget::spend(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - free_since_).count();
  free_ = std::min(kFree, free_ + seconds * kFree);
  free_since_ = now;
  double& purse = free_ >= 1 ? free_ : earned_;
  if (purse < 1) return false;
  purse -= 1;
  return true;
}

}  // namespace trackly::proxy
