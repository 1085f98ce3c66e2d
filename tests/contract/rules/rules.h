#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "filters/registry.h"
#include "gateway/json/parser.h"
#include "tests/support/manual_loop.h"

namespace trackly::test {

/// What is said of a request that all filters let pass.
inline constexpr std::string_view kPasses = "passes";

struct Request {
  std::string operation;  // method and template: "GET /api/v2/contacts/{phone_number}"
  std::string body;
  std::string query;
  std::vector<std::string> path_values;
};

/// The filters that judge bodies and parameters, as an API description sets them up: requests go
/// in, rows of the shipped catalogue come out. No sockets.
class Rulebook {
 public:
  /// nullptr, and a failure of the test for each problem, where the description cannot be loaded.
  static std::unique_ptr<Rulebook> load(const std::string& api_description);

  const ApiDescription& api() const { return configuration_->api; }
  const config::Configuration& configuration() const { return *configuration_; }
  std::shared_ptr<const config::Configuration> shared_configuration() const {
    return configuration_;
  }
  /// Requires: the description has it.
  const Operation& find(std::string_view method_and_path) const;
  /// What the description itself shows for the parameters of the path.
  std::vector<std::string> path_examples(const Operation& operation) const;

  /// The answer; nullptr for a request that passes.
  ErrorRef refusal(const Request& request);
  /// The id of the row that answers, or kPasses.
  std::string judge(const Request& request);
  /// The same of a body, with the path's examples.
  std::string judge(std::string_view operation, std::string body);

 private:
  /// Filters that look at bodies and parameters need neither digests nor buckets.
  class NoHasher final : public Hasher {
   public:
    KeyDigest sha256(std::string_view) override { return {}; }
  };
  class NoBuckets final : public TokenBucketStore {
   public:
    Lookup<TakeAnswer> take(std::span<const BucketTake>, Callback) override { return TakeAnswer{}; }
    void refund(std::span<const BucketTake>) override {}
  };

  explicit Rulebook(std::shared_ptr<const config::Configuration> configuration)
      : configuration_(std::move(configuration)) {}

  std::shared_ptr<const config::Configuration> configuration_;
  json::Parser parser_;
  ManualLoop loop_;
  NoHasher hasher_;
  NoBuckets buckets_;
  Services services_{loop_, hasher_, buckets_, nullptr};
};

// ---------------------------------------------------------------------------------------- JSON

/// A JSON object whose members keep their order; values are JSON.
class Object {
 public:
  using Member = std::pair<std::string, std::string>;
  Object(std::initializer_list<Member> members) : members_(members) {}

  /// The same with another value, or with one more member at the end.
  Object with(std::string_view name, std::string_view json) const;
  Object without(std::string_view name) const;

  std::string json() const;
  operator std::string() const { return json(); }

 private:
  std::vector<Member> members_;
};

/// The text of an object with `more` members.
std::string with(std::string_view object, std::string_view more);
/// {"name":value}
std::string object(std::string_view name, std::string_view value);
/// [item,item,…]
std::string array_of(std::size_t count, std::string_view item);
/// A JSON string of that many characters.
std::string text_of(std::size_t size);

// --------------------------------------------------------------------------------- the shipped
// rules

class Rules : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite() { shipped_ = nullptr; }
  void SetUp() override { ASSERT_NE(shipped_, nullptr); }

  static Rulebook& shipped() { return *shipped_; }
  std::string judge(const Request& request) { return shipped_->judge(request); }
  std::string judge(std::string_view operation, std::string body) {
    return shipped_->judge(operation, std::move(body));
  }
  /// The text that a client reads.
  std::string answer(std::string_view operation, std::string body);

  struct Case {
    std::string body;
    std::string_view verdict;
  };
  void expect(std::string_view operation, const std::vector<Case>& cases);

  /// What becomes of `body` with each of these values in one field.
  struct Value {
    std::string json;
    std::string_view verdict;
  };
  void expect_field(std::string_view operation, const Object& body, std::string_view field,
                    const std::vector<Value>& values);

  /// The faults of one body, in the order in which they must be answered: it begins with all of
  /// them, is told about one, mends that, is told about the next, and passes in the end. Entries of
  /// one field follow each other, the last one, whose verdict is kPasses, with its good value; what
  /// breaks a rule across fields stands at the end, where nothing else is wrong.
  struct Fault {
    std::string_view field;
    std::string json;  // empty: absent
    std::string_view verdict;
  };
  void expect_in_order(std::string_view operation, const std::vector<Fault>& faults);

 private:
  static std::unique_ptr<Rulebook> shipped_;
};

}  // namespace trackly::test
