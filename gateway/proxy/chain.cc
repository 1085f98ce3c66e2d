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

void ChainRun::resume(Verdict verdict) {
  assert(state_ == State::waiting);
  // The store is done with it, and may be on the stack below us: it must not be destroyed here.
  struct Parked final : Deferred {
    explicit Parked(PendingPtr p) : pending(std::move(p)) {}
    PendingPtr pending;
  };
  loop_.defer_delete(std::make_unique<Parked>(std::move(pending_)));
  note_time();
  if (verdict.kind() == Verdict::Kind::reject) {
    refuse(verdict);
    return;
  }
  ++next_;
  run();
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
    Verdict& verdict = *asked;
    switch (verdict.kind()) {
      case Verdict::Kind::next:
        ++next_;
        break;
      case Verdict::Kind::reject:
        refuse(verdict);
        return;
      case Verdict::Kind::wait:
        state_ = State::waiting;
        pending_ = verdict.take_pending();
        return;
      case Verdict::Kind::hold_body:
        assert(exchange_.body == nullptr);
        state_ = State::holding;
        events_.on_chain_wants_body();
        return;
    }
  }
  state_ = State::passed;
  events_.on_chain_passed();
}

std::optional<Verdict> ChainRun::ask(const Chain::Link& link) {
  const std::uint64_t cap = exchange_.body_cap.max_bytes;
  std::string fault;
  try {
    Verdict verdict = link.filter->on_request(exchange_, Resume(this));
    if (exchange_.body_cap.max_bytes != cap) exchange_.body_cap.filter_index = next_;
    note_time();
    return verdict;
  } catch (const std::exception& thrown) {
    fault = link.name + ": " + thrown.what();
  }
  // One request goes wrong, the others go on.
  note_time();
  state_ = State::refused;
  exchange_.refused_by = link.name;
  events_.on_chain_failed(fault);
  return std::nullopt;
}

void ChainRun::refuse(Verdict& verdict) {
  state_ = State::refused;
  exchange_.refused_by = chain_.links[next_].name;
  events_.on_chain_refused(verdict.error(), verdict.detail());
}

void ChainRun::refuse_over_cap() {
  if (state_ == State::ended) return;
  state_ = State::refused;
  pending_.reset();
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
  }
  for (std::size_t i = asked_; i > 0; --i) chain_.links[i - 1].filter->on_response(exchange_);
}

void ChainRun::end() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  pending_.reset();
  for (std::size_t i = 0; i < asked_; ++i) chain_.links[i].filter->on_end(exchange_);
}

}  // namespace trackly::proxy
