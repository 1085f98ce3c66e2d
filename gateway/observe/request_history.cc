#include "gateway/observe/request_history.h"

#include <utility>

namespace trackly::observe {
namespace {

void absorb(RequestMetrics& sum, const RequestHistory::Metrics& metrics) {
  for (const auto& of_worker : metrics) sum.absorb(*of_worker);
}

}  // namespace

void RequestHistory::retire(std::weak_ptr<const void> in_use, Metrics metrics,
                            const std::shared_ptr<const RequestLabels>& labels) {
  settle(labels);
  retired_.push_back({std::move(in_use), std::move(metrics)});
}

void RequestHistory::settle(const std::shared_ptr<const RequestLabels>& labels) {
  auto settled = std::make_unique<RequestMetrics>(labels);
  if (settled_ != nullptr) settled->absorb(*settled_);
  std::erase_if(retired_, [&settled](const Retired& retired) {
    if (!retired.in_use.expired()) return false;
    absorb(*settled, retired.metrics);
    return true;
  });
  settled_ = std::move(settled);
}

std::unique_ptr<const RequestMetrics> RequestHistory::sum(
    const std::shared_ptr<const RequestLabels>& labels) {
  if (settled_ == nullptr && retired_.empty()) return nullptr;
  settle(labels);
  auto all = std::make_unique<RequestMetrics>(labels);
  all->absorb(*settled_);
  for (const Retired& retired : retired_) absorb(*all, retired.metrics);
  return all;
}

}  // namespace trackly::observe
