#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/api/filter.h"
#include "gateway/json/held_body.h"
#include "gateway/json/read_node.h"
#include "tests/support/manual_loop.h"

namespace trackly::filters {

/// An API description, a catalogue and everything else that a filter is made with, for tests that
/// ask one filter. Operations are added first, then make() reads the filter's settings.
class FilterBench {
 public:
  using MakeFilter = std::unique_ptr<FilterFactory> (*)(MappingReader&, const FilterSetup&);

  explicit FilterBench(std::vector<std::string> error_ids) : catalogue_(entries(error_ids)) {
    // Operations are found by their address.
    api_.operations.reserve(8);
  }

  /// A catalogue of other entries than the plain ones of the constructor.
  void catalogue(std::vector<ErrorEntry> entries) {
    catalogue_ = ErrorCatalogue(std::move(entries));
  }
  /// What the filter reads from a file of that path, as JSON.
  void file(std::string path, std::string_view json) { files_[std::move(path)] = json; }
  /// The names in `filters:`; none unless a test says so.
  void chain(const std::vector<std::string>& names) {
    for (const std::string& name : names) settings_.filters.push_back({name, Node(), Mark()});
  }
  /// The configuration has a `redis` section.
  void redis_is_configured() { settings_.redis.emplace(); }
  /// What filters are lent; outlives the bench.
  void lend(Hasher& hasher) { services_.emplace(Services{loop_, hasher, buckets_, nullptr}); }
  void lend(Hasher& hasher, TokenBucketStore& local, TokenBucketStore* shared) {
    services_.emplace(Services{loop_, hasher, local, shared});
  }

  /// The document that schemas stand in, as JSON; call it once, before the operations.
  const Node& document(std::string_view json) {
    api_.document = json::read_node(json, "openapi.json", problems_);
    return api_.document;
  }

  Operation& operation(std::string method, std::string path) {
    Operation& added = api_.operations.emplace_back();
    added.method = std::move(method);
    added.path = std::move(path);
    return added;
  }

  void make(MakeFilter make_filter, std::string_view settings_json = "{}") {
    const Node settings = json::read_node(settings_json, "gateway.json", problems_);
    MappingReader reader(&settings, problems_);
    const FilterSetup setup{api_, catalogue_, settings_,
                            [this](const std::string& path, const Mark& mark, Problems& problems) {
                              return read_file(path, mark, problems);
                            }};
    factory_ = make_filter(reader, setup);
  }

  const std::vector<std::string>& problems() const { return problems_.lines(); }
  std::string describe(const Operation& operation) const { return factory_->describe(operation); }
  /// nullptr where the operation needs no such filter.
  std::unique_ptr<Filter> filter(const Operation& operation) {
    return factory_->make(operation, *services_);
  }

 private:
  struct NoHasher final : Hasher {
    KeyDigest sha256(std::string_view) override { return {}; }
  };
  struct NoBuckets final : TokenBucketStore {
    Lookup<TakeAnswer> take(std::span<const BucketTake>, Callback) override { return TakeAnswer{}; }
    void refund(std::span<const BucketTake>) override {}
  };

  static std::vector<ErrorEntry> entries(const std::vector<std::string>& ids) {
    std::vector<ErrorEntry> all;
    for (const std::string& id : ids) {
      ErrorEntry& entry = all.emplace_back();
      entry.id = entry.code = id;
      entry.status = 400;
      entry.text = id + " {values}";
    }
    return all;
  }

  Node read_file(const std::string& path, const Mark& mark, Problems& problems) const {
    if (const auto found = files_.find(path); found != files_.end()) {
      return json::read_node(found->second, path, problems);
    }
    problems.add(mark, path + ": no such file");
    return {};
  }

  ApiDescription api_;
  ErrorCatalogue catalogue_;
  Settings settings_;
  Problems problems_;
  std::unique_ptr<FilterFactory> factory_;
  test::ManualLoop loop_;
  NoHasher hasher_;
  NoBuckets buckets_;
  std::map<std::string, std::string, std::less<>> files_;
  std::optional<Services> services_{Services{loop_, hasher_, buckets_, nullptr}};
};

/// One request to one operation, and what a filter says of it.
class RequestToFilter final : public Resumable {
 public:
  explicit RequestToFilter(const Operation& operation) { exchange.operation = &operation; }

  RequestToFilter& field(std::string_view name, std::string_view value) {
    exchange.request.fields.add(name, value);
    return *this;
  }
  RequestToFilter& query(std::string_view query) {
    exchange.query = query;
    return *this;
  }
  RequestToFilter& path_value(std::string value) {
    exchange.path_values.push_back(std::move(value));
    return *this;
  }
  RequestToFilter& body(std::string_view bytes) {
    body_ = bytes;
    return *this;
  }

  /// "next", "wait", or the id of the row that refuses it. The body is held when the filter asks.
  std::string ask(const Filter& filter) {
    Verdict verdict = filter.on_request(exchange, Resume(this));
    if (verdict.kind() == Verdict::Kind::hold_body) {
      was_held = true;
      held_.append(body_);
      exchange.body = &held_;
      verdict = filter.on_request(exchange, Resume(this));
    }
    return said(std::move(verdict));
  }

  Exchange exchange;
  bool was_held = false;
  std::string detail;
  std::string text;
  ErrorRef error;          // of a refusal
  std::string came_later;  // what ask() would have said, when the filter that waited goes on
  PendingPtr pending;      // what it waits for

 private:
  void resume(Verdict verdict) override { came_later = said(std::move(verdict)); }

  std::string said(Verdict verdict) {
    detail = verdict.detail();
    switch (verdict.kind()) {
      case Verdict::Kind::next:
        return "next";
      case Verdict::Kind::reject:
        error = verdict.error();
        text = error->text;
        return error->id;
      case Verdict::Kind::wait:
        pending = verdict.take_pending();
        return "wait";
      case Verdict::Kind::hold_body:
        break;
    }
    return "held again";
  }

  json::Parser parser_;
  json::HeldBody held_{parser_, 64};
  std::string body_;
};

}  // namespace trackly::filters
