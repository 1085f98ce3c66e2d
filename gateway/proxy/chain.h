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
  struct Link {
    std::string name;
    std::unique_ptr<Filter> filter;
  };
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
};

/// One request on its way through a chain: the only loop over filters. Filter i+1 is asked when
/// filter i has passed; "wait" and "hold the body" are the same kind of pause.
class ChainRun final : public Resumable {
 public:
  /// All of them outlive the run.
  ChainRun(const Chain& chain, Exchange& exchange, Loop& loop, ChainEvents& events);
  ~ChainRun() override;

  void start();
  void body_ready();
  /// The payload cap that a filter set was crossed where the core saw it: the run ends as if that
  /// filter had refused.
  void refuse_over_cap();

  /// For every answer: on_response of each filter that was asked, in reverse order. Where a filter
  /// still waits, the core has found a fault by itself: the wait is cancelled.
  void respond();
  /// The request is over; on_end of each filter that was asked, once. Cancels an outstanding wait.
  void end();

  bool settled() const { return state_ == State::passed || state_ == State::refused; }

 private:
  enum class State : std::uint8_t { idle, running, waiting, holding, passed, refused, ended };

  void resume(Verdict verdict) override;
  void run();
  /// Nothing where the filter threw; the run has ended then.
  std::optional<Verdict> ask(const Chain::Link& link);
  void refuse(Verdict& verdict);
  void note_time();

  const Chain& chain_;
  Exchange& exchange_;
  Loop& loop_;
  ChainEvents& events_;
  State state_ = State::idle;
  std::size_t next_ = 0;   // the filter to ask
  std::size_t asked_ = 0;  // how many were asked
  PendingPtr pending_;
  TimePoint mark_;
};

}  // namespace trackly::proxy
