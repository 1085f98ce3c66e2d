#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/filter.h"

namespace trackly::proxy {

/// The filters of one endpoint on one worker, in order.
struct Chain {
  using Link = ChainLink;
  std::vector<Link> links;
};

/// What the chain tells the stream; from inside start() and body_ready(), or later when a filter
/// waited.
class ChainEvents {
 public:
  ChainEvents() = default;
  ChainEvents(const ChainEvents&) = delete;
  ChainEvents& operator=(const ChainEvents&) = delete;
  virtual ~ChainEvents() = default;

  virtual void on_chain_passed() = 0;
  virtual void on_chain_refused(ErrorRef error, const std::string& detail) = 0;
  /// A filter threw: a fault of ours, or no memory. `what` is for the diagnostics.
  virtual void on_chain_failed(std::string_view what) = 0;
  /// Collect the body, put it into Exchange::body and call body_ready().
  virtual void on_chain_wants_body() = 0;
  /// The same for a filter in shadow, for which no request may fail or wait: where the body cannot
  /// be held, now or once it has grown, call body_unavailable() instead.
  virtual void on_shadow_wants_body() = 0;
  /// A filter in shadow threw. The request goes on.
  virtual void on_shadow_failed(std::string_view what) = 0;
};

/// One request on its way through a chain: the only loop over filters. Filter i+1 is asked when
/// filter i has passed; "wait" and "hold the body" are the same kind of pause.
///
/// A filter in shadow is asked like any other, but it changes nothing for the client: what it
/// refuses is noted and the next filter is asked, its cap on the body is only watched, and its
/// fields are in no answer. Later filters see what it found out (the key, the number of items).
class ChainRun final : public Resumable {
 public:
  /// All of them outlive the run.
  ChainRun(const Chain& chain, Exchange& exchange, Loop& loop, ChainEvents& events);
  ~ChainRun() override;

  void start();
  void body_ready();
  /// After on_shadow_wants_body(): the filter that asked is passed over.
  void body_unavailable();
  /// The payload cap that a filter set was crossed where the core saw it: the run ends as if that
  /// filter had refused.
  void refuse_over_cap();
  /// The same for a filter in shadow (Exchange::shadow_cap): it is noted.
  void note_over_shadow_cap();

  /// For every answer: on_response of each filter that was asked, in reverse order. Where a filter
  /// still waits, the core has found a fault by itself: the wait is cancelled.
  void respond();
  /// The request is over; on_end of each filter that was asked, once. Cancels an outstanding wait.
  void end();

  bool settled() const { return state_ == State::passed || state_ == State::refused; }

 private:
  enum class State : std::uint8_t { idle, running, waiting, holding, passed, refused, ended };

  void resume(Verdict verdict) override;
  /// What a filter in shadow is not to change, while it is asked.
  struct SetAside {
    FieldList response_fields;
    LimiterFacts limiter;
  };

  void run();
  /// Nothing where the filter threw and is not in shadow; the run has ended then.
  std::optional<Verdict> ask(const Chain::Link& link);
  Verdict call(const Chain::Link& link);
  /// On next and reject. True: it is the next filter's turn.
  bool settle(const Verdict& verdict);
  void refuse(const Verdict& verdict);
  void note_time();
  void set_aside();
  void put_back();
  void watch_cap(BodyCap enforced);

  const Chain& chain_;
  Exchange& exchange_;
  Loop& loop_;
  ChainEvents& events_;
  State state_ = State::idle;
  std::size_t next_ = 0;   // the filter to ask
  std::size_t asked_ = 0;  // how many were asked
  PendingPtr pending_;
  std::optional<SetAside> aside_;
  TimePoint mark_;
};

}  // namespace trackly::proxy
