#include "gateway/proxy/upstream.h"

#include <algorithm>
#include <utility>

#include "gateway/observe/diagnostics.h"

namespace trackly::proxy {
namespace {

// How often it is looked whether connections that are kept ready have been lost. Also the pause
// after a failure to make one.
constexpr auto kWarmUpInterval = std::chrono::seconds(1);

}  // namespace

Upstream::Upstream(Loop& loop, net::Connector& connector, std::shared_ptr<SharedUpstream> shared)
    : loop_(loop),
      connector_(connector),
      shared_(std::move(shared)),
      retry_budget_(shared_->settings.retries) {
  if (settings().warm_connections > 0) warm_up_ = loop.timer([this] { keep_warm(); });
}

Upstream::~Upstream() = default;

void Upstream::set_targets(const Targets& targets) {
  targets_known_ = true;
  std::vector<std::unique_ptr<TargetPool>> pools;
  for (const auto& target : targets) {
    const auto kept = std::find_if(pools_.begin(), pools_.end(), [&target](const auto& pool) {
      return pool != nullptr && pool->target() == target;
    });
    pools.push_back(kept != pools_.end() ? std::move(*kept)
                                         : std::make_unique<TargetPool>(*this, target));
  }
  pools.swap(pools_);
  for (auto& former : pools) {
    if (former == nullptr) continue;
    leaving_.push_back(std::move(former));
    leaving_.back()->retire();
  }
  for (const auto& pool : pools_) {
    if (!pool->target()->passes_checks()) pool->close_idle();
  }
  drop_empty_pools();
  if (warm_up_ != nullptr) keep_warm();
  serve_queue();
}

void Upstream::drop_empty_pools() {
  std::erase_if(leaving_, [](const auto& pool) { return pool->is_empty(); });
}

void Upstream::keep_warm() {
  for (const auto& pool : pools_) pool->warm_up();
  warm_up_->arm(kWarmUpInterval);
}

std::unique_ptr<UpstreamCall> Upstream::call(Head head, bool end, UpstreamCallEvents& events,
                                             const Target* avoid) {
  return std::unique_ptr<UpstreamCall>(
      new UpstreamCall(*this, std::move(head), end, events, avoid));
}

// -------------------------------------------------------------------------------- choosing a
// target

void Upstream::assign(UpstreamCall& call) {
  const Assigned assigned = comes_after_others(call) ? Assigned::not_now : assign_anywhere(call);
  if (assigned == Assigned::yes) return;
  if (assigned == Assigned::never) return call.fail(why_never(call), false);
  if (waiting_.size() >= settings().max_waiting) return call.fail(why_not_now(call), false);
  waiting_.push_back(&call);
  call.start_waiting(loop_, settings().queue_timeout);
}

/// Those who came first are served first. But who has tried a target in vain has waited for that
/// already, and those who wait for one of the few that they have not tried do so on their own.
bool Upstream::comes_after_others(const UpstreamCall& call) const {
  return call.tried_.empty() &&
         std::any_of(waiting_.begin(), waiting_.end(),
                     [](const auto* other) { return other->tried_.empty(); });
}

Upstream::Assigned Upstream::assign_anywhere(UpstreamCall& call) {
  if (!targets_known_) return Assigned::not_now;
  find_candidates(call);
  if (candidates_.empty()) return Assigned::never;
  while (!candidates_.empty()) {
    loads_.clear();
    for (TargetPool* pool : candidates_) loads_.push_back(&pool->load());
    const auto chosen =
        candidates_.begin() + static_cast<std::ptrdiff_t>(choose(settings().balance, loads_));
    if ((*chosen)->take(call)) return Assigned::yes;
    candidates_.erase(chosen);
  }
  return Assigned::not_now;
}

/// Those that pass their checks and were not tried in vain. An ejected one is a candidate only
/// where all of them are: how requests went is a guess about the next one, no reason to serve
/// nobody.
void Upstream::find_candidates(const UpstreamCall& call) {
  const TimePoint now = loop_.now();
  bool all_second_choice = true;
  candidates_.clear();
  for (const auto& pool : pools_) {
    const auto& target = pool->target();
    if (!target->passes_checks() || call.has_tried(target)) continue;
    const bool second_choice = target->is_ejected(now) || target.get() == call.avoided_;
    if (second_choice && !all_second_choice) continue;
    if (!second_choice && all_second_choice) candidates_.clear();
    all_second_choice = second_choice;
    candidates_.push_back(pool.get());
  }
}

UpstreamFailure Upstream::why_never(const UpstreamCall& call) const {
  if (call.connect_failure_ != UpstreamFailure::none) return call.connect_failure_;
  return pools_.empty() ? UpstreamFailure::unresolved : UpstreamFailure::no_healthy_endpoint;
}

/// What went wrong before it came to wait says more than that it waited in vain.
UpstreamFailure Upstream::why_not_now(const UpstreamCall& call) const {
  return call.connect_failure_ != UpstreamFailure::none ? call.connect_failure_
                                                        : UpstreamFailure::queue_full;
}

void Upstream::try_elsewhere(UpstreamCall& call, UpstreamFailure reason) {
  call.tried_.push_back(call.target_);
  call.connect_failure_ = reason;
  assign(call);
}

// ----------------------------------------------------------------------------------------- the
// queue

void Upstream::leave_queue(UpstreamCall& call) {
  call.waiting_ = false;
  std::erase(waiting_, &call);
}

/// In order, but for those that wait for a target of the few that they have not tried yet: others
/// need not wait with them.
void Upstream::serve_queue() {
  std::size_t next = 0;
  while (next < waiting_.size()) {
    const auto place = waiting_.begin() + static_cast<std::ptrdiff_t>(next);
    UpstreamCall& call = **place;
    // Out of the queue first: what starts may end at once, and then looks for itself there.
    waiting_.erase(place);
    call.waiting_ = false;
    const Assigned assigned = assign_anywhere(call);
    if (assigned == Assigned::not_now) {
      call.waiting_ = true;
      waiting_.insert(waiting_.begin() + static_cast<std::ptrdiff_t>(next), &call);
      if (call.tried_.empty()) return;
      ++next;
      continue;
    }
    next = 0;  // others may have come or gone
    if (assigned == Assigned::never) call.fail(why_never(call), false);
  }
}

void Upstream::on_room(UpstreamConnection& connection) {
  connection.pool().has_room(connection);
  serve_queue();
}

void Upstream::on_gone(UpstreamConnection& connection) {
  connection.pool().forget(connection);
  loop_.post([this] {
    drop_empty_pools();
    serve_queue();
  });
}

// ------------------------------------------------------------------------------------ passive
// checks

void Upstream::note_success(Target& target) {
  if (settings().ejection) target.succeeded();
}

void Upstream::note_failure(Target& target) {
  if (!settings().ejection || !target.failed(loop_.now(), *settings().ejection)) return;
  observe::report_upstream(
      settings().name,
      target.text() + " is ejected: " + std::to_string(settings().ejection->consecutive_failures) +
          " requests in a row have failed");
}

}  // namespace trackly::proxy
