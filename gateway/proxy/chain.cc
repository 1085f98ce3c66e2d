#include "gateway/proxy/chain.h"

#include <cassert>
#include <exception>
#include <string>
#include <utility>

namespace trackly::proxy {

ChainRun::ChainRun(const Chain& chain, Exchange& exchange, Loop& loop, ChainEvents& events)
    : chain_(chain), exchange_(exchange), loop_(loop), events_(events) {
  exchange_.trace.reserve(chain_.links.size());
}

ChainRun::~ChainRun() = default;

void ChainRun::start() {
  assert(state_ == State::idle);
  run();
}

void ChainRun::body_ready() {
  assert(state_ == State::holding);
  run();
}

void ChainRun::body_unavailable() {
  assert(state_ == State::holding && chain_.links[next_].shadow);
  exchange_.shadow.push_back({chain_.links[next_].name, nullptr, {}, "body_memory"});
  ++next_;
  run();
}

void ChainRun::resume(Verdict verdict) {
  assert(state_ == State::waiting);
  // The store is done with it, and may be on the stack below us: it must not be destroyed here.
  struct Parked final : Deferred {
    explicit Parked(PendingPtr p) : pending(std::move(p)) {}
    PendingPtr pending;
  };
  loop_.defer_delete(std::make_unique<Parked>(std::move(pending_)));
  note_time();
  if (settle(verdict)) run();
}

void ChainRun::run() {
  state_ = State::running;
  mark_ = loop_.exact_now();
  while (next_ < chain_.links.size()) {
    const Chain::Link& link = chain_.links[next_];
    if (asked_ == next_) {
      ++asked_;
      exchange_.trace.push_back({link.name, {}});
    }
    std::optional<Verdict> asked = ask(link);
    if (!asked) return;
    switch (asked->kind()) {
      case Verdict::Kind::next:
      case Verdict::Kind::reject:
        if (!settle(*asked)) return;
        break;
      case Verdict::Kind::wait:
        state_ = State::waiting;
        pending_ = asked->take_pending();
        return;
      case Verdict::Kind::hold_body:
        assert(exchange_.body == nullptr);
        put_back();
        state_ = State::holding;
        link.shadow ? events_.on_shadow_wants_body() : events_.on_chain_wants_body();
        return;
    }
  }
  state_ = State::passed;
  events_.on_chain_passed();
}

std::optional<Verdict> ChainRun::ask(const Chain::Link& link) {
  std::string fault;
  try {
    Verdict verdict = call(link);
    note_time();
    return verdict;
  } catch (const std::exception& thrown) {
    fault = link.name + ": " + thrown.what();
  }
  // One request goes wrong, the others go on.
  note_time();
  if (link.shadow) {
    exchange_.shadow.push_back({link.name, nullptr, {}, "fault"});
    events_.on_shadow_failed(fault);
    return Verdict::next();
  }
  state_ = State::refused;
  exchange_.refused_by = link.name;
  events_.on_chain_failed(fault);
  return std::nullopt;
}

Verdict ChainRun::call(const Chain::Link& link) {
  if (link.shadow) {
    set_aside();
    BodyCap enforced = exchange_.body_cap;
    Verdict verdict = link.filter->on_request(exchange_, Resume(this));
    watch_cap(std::move(enforced));
    return verdict;
  }
  const std::uint64_t cap = exchange_.body_cap.max_bytes;
  Verdict verdict = link.filter->on_request(exchange_, Resume(this));
  if (exchange_.body_cap.max_bytes != cap) exchange_.body_cap.filter_index = next_;
  return verdict;
}

bool ChainRun::settle(const Verdict& verdict) {
  const bool refused = verdict.kind() == Verdict::Kind::reject;
  const Chain::Link& link = chain_.links[next_];
  if (refused && !link.shadow) {
    refuse(verdict);
    return false;
  }
  if (refused) {
    exchange_.shadow.push_back(
        {link.name, verdict.error(), exchange_.limiter.rule, {}, verdict.detail()});
  }
  put_back();
  ++next_;
  return true;
}

void ChainRun::refuse(const Verdict& verdict) {
  state_ = State::refused;
  exchange_.refused_by = chain_.links[next_].name;
  exchange_.refused_place = verdict.detail();
  events_.on_chain_refused(verdict.error(), verdict.detail());
}

// ------------------------------------------------------------------------------------------ shadow

void ChainRun::set_aside() {
  aside_ = {std::exchange(exchange_.response_fields, {}), std::exchange(exchange_.limiter, {})};
}

void ChainRun::put_back() {
  if (!aside_) return;
  exchange_.response_fields = std::move(aside_->response_fields);
  // Of a limiter in shadow there is something to tell where no other one has decided.
  if (!aside_->limiter.store_mode.empty()) exchange_.limiter = std::move(aside_->limiter);
  aside_.reset();
}

/// Where the filter has narrowed the cap, that one is watched and the other one is in force again.
void ChainRun::watch_cap(BodyCap enforced) {
  if (exchange_.body_cap.max_bytes == enforced.max_bytes) return;
  BodyCap own = std::exchange(exchange_.body_cap, std::move(enforced));
  own.filter_index = next_;
  if (own.max_bytes < exchange_.shadow_cap.max_bytes) exchange_.shadow_cap = std::move(own);
}

void ChainRun::note_over_shadow_cap() {
  const BodyCap cap = std::exchange(exchange_.shadow_cap, {});
  exchange_.shadow.push_back({chain_.links[cap.filter_index].name, cap.error, {}});
}

// ----------------------------------------------------------------------------- the end of the
// chain

void ChainRun::refuse_over_cap() {
  if (state_ == State::ended) return;
  state_ = State::refused;
  pending_.reset();
  put_back();
  exchange_.refused_by = chain_.links[exchange_.body_cap.filter_index].name;
  events_.on_chain_refused(exchange_.body_cap.error, {});
}

void ChainRun::note_time() {
  const auto now = loop_.exact_now();
  exchange_.trace[next_].spent += now - mark_;
  mark_ = now;
}

void ChainRun::respond() {
  if (state_ == State::waiting) {
    state_ = State::refused;
    pending_.reset();
    put_back();
  }
  for (std::size_t i = asked_; i > 0; --i) chain_.links[i - 1].filter->on_response(exchange_);
}

void ChainRun::end() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  pending_.reset();
  put_back();
  for (std::size_t i = 0; i < asked_; ++i) chain_.links[i].filter->on_end(exchange_);
}

}  // namespace trackly::proxy
