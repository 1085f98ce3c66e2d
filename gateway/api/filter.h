#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/api/api_description.h"
#include "gateway/api/exchange.h"
#include "gateway/api/node_reader.h"
#include "gateway/api/settings.h"
#include "gateway/api/shared_keys.h"
#include "gateway/api/stores.h"

namespace trackly {

/// What a filter says of a request. A filter returns a value; it cannot call the core, so it cannot
/// answer twice, or answer and go on.
class [[nodiscard]] Verdict {
 public:
  enum class Kind : std::uint8_t { next, reject, hold_body, wait };

  /// Pass; the next filter is asked.
  static Verdict next() { return Verdict(Kind::next); }
  /// Answer with this error. `detail` names the place (a JSON Pointer, a parameter's name), never a
  /// value; clients see it only with `errors.detail: true`.
  static Verdict reject(ErrorRef error, std::string detail = {}) {
    Verdict verdict(Kind::reject);
    verdict.error_ = std::move(error);
    verdict.detail_ = std::move(detail);
    return verdict;
  }
  /// Ask me again when the body is whole (Exchange::body). Requires: it is not yet.
  static Verdict hold_body() { return Verdict(Kind::hold_body); }
  /// The verdict comes through Resume. The chain keeps the Pending; where the request ends before,
  /// it destroys it, which cancels it.
  static Verdict wait(PendingPtr pending) {
    Verdict verdict(Kind::wait);
    verdict.pending_ = std::move(pending);
    return verdict;
  }

  Kind kind() const { return kind_; }
  const ErrorRef& error() const { return error_; }
  const std::string& detail() const { return detail_; }
  PendingPtr take_pending() { return std::move(pending_); }

 private:
  explicit Verdict(Kind kind) : kind_(kind) {}

  Kind kind_;
  ErrorRef error_;
  std::string detail_;
  PendingPtr pending_;
};

/// Receives the verdict of a filter that waits. Implemented by the chain.
class Resumable {
 public:
  Resumable() = default;
  Resumable(const Resumable&) = delete;
  Resumable& operator=(const Resumable&) = delete;
  virtual ~Resumable() = default;
  /// Requires: a wait is outstanding and no filter is on the stack. The verdict is next or reject.
  virtual void resume(Verdict verdict) = 0;
};

/// A copyable handle to the waiting chain, for the callback that the filter gives to a store. Valid
/// as long as the Pending is: when the chain goes, it cancels the Pending first.
class Resume {
 public:
  explicit Resume(Resumable* target) : target_(target) {}
  void operator()(Verdict verdict) const { target_->resume(std::move(verdict)); }

 private:
  Resumable* target_;
};

/// One rule that requests pass. One object per endpoint and worker, with its settings inside and no
/// per-request state: what it finds out goes into the Exchange.
class Filter {
 public:
  Filter() = default;
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  virtual ~Filter() = default;

  /// Called when the filters before it have passed, and once more with the whole body after it
  /// returned hold_body.
  virtual Verdict on_request(Exchange& exchange, Resume resume) const = 0;
  /// In reverse order, for every answer whose request this filter has passed or refused, local
  /// answers too.
  virtual void on_response(Exchange&) const {}
  /// Exactly once for each request that on_request saw, when it is over, however it ended: refunds
  /// and counts. Exchange::delivered, status and refused_by tell how.
  virtual void on_end(Exchange&) const {}
};

/// What a worker lends to its filters; outlives them.
struct Services {
  Loop& loop;
  Hasher& hasher;
  TokenBucketStore& local_buckets;   // this worker's way to those of the process; answers at once
  TokenBucketStore* redis_buckets;   // this worker's; nullptr where no `redis` is configured
  SharedKeys* redis_keys = nullptr;  // the same
  const Fleet* fleet = nullptr;      // nullptr: this gateway is alone
};

/// A filter in the chain of one operation.
struct ChainLink {
  std::string name;
  std::unique_ptr<Filter> filter;
  bool shadow = false;  // what it refuses is noted, and goes on (Exchange::shadow)
};

/// An entry of the catalogue that a filter may answer with, and by which rule.
struct PossibleAnswer {
  ErrorRef error;
  std::string rule;       // "x-batch", "rule single", or where the rule stands (file:line)
  bool by_state = false;  // what the edge knows decides, not the request alone
};

/// One entry of `filters:` after its settings were read; immutable, shared by all workers.
class FilterFactory {
 public:
  FilterFactory() = default;
  FilterFactory(const FilterFactory&) = delete;
  FilterFactory& operator=(const FilterFactory&) = delete;
  virtual ~FilterFactory() = default;

  /// nullptr where requests of this operation do not need the filter.
  virtual std::unique_ptr<Filter> make(const Operation& operation, Services& services) const = 0;
  /// What this filter enforces on an operation, in a few words, for `check`; empty: nothing.
  virtual std::string describe(const Operation& operation) const = 0;
  /// Every entry of the catalogue that this filter may answer a request of the operation with.
  virtual std::vector<PossibleAnswer> answers(const Operation& operation) const = 0;
};

/// What a filter has at hand while its settings are read. Problems go to `settings.problems()`.
struct FilterSetup {
  const ApiDescription& api;
  const ErrorCatalogue& errors;
  const Settings& gateway;
  /// Reads a YAML file, its path relative to the configuration; problems are reported there, and
  /// then the result is a null node.
  std::function<Node(const std::string& path, const Mark& mark, Problems& problems)> read_file;

  /// The answer for a catalogue id; an unknown id is a problem at `mark`, and the result nullptr.
  ErrorRef error(std::string_view id, const Mark& mark, Problems& problems) const;
};

/// A filter as the registry knows it: its name in `filters:` and how its settings become a factory.
/// `make` reads every key and calls settings.finish(); after a problem it may return nullptr.
struct FilterKind {
  std::string_view name;
  std::unique_ptr<FilterFactory> (*make)(MappingReader& settings, const FilterSetup& setup);
};

}  // namespace trackly
