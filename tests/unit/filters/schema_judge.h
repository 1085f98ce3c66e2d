#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/json_schema/compiler.h"
#include "gateway/json/parser.h"
#include "gateway/json/read_node.h"

namespace trackly::json_schema {

/// A compiled schema with everything it refers to, for tests. Rows of the catalogue are taken as
/// they come; an answer's text is the values that it was filled with.
class Judge {
 public:
  explicit Judge(std::string_view schema) {
    document_ = json::read_node(schema, "s.json", problems_);
    EXPECT_TRUE(problems_.empty()) << problems_.lines().front();
    program_ = compile(document_, document_, answer, problems_);
  }

  /// "valid", or the first violation: "/pointer keyword".
  std::string operator()(std::string_view instance) {
    const auto violation = judge(instance);
    return violation ? violation->pointer + " " + std::string(violation->keyword) : "valid";
  }
  bool accepts(std::string_view instance) { return !judge(instance); }
  /// "", or the row of the catalogue that answers the first violation.
  std::string row(std::string_view instance) {
    const auto violation = judge(instance);
    return violation ? violation->error->id : "";
  }
  std::string values(std::string_view instance) {
    const auto violation = judge(instance);
    return violation ? violation->error->text : "";
  }
  /// What only the value tells of an answer's {values}.
  std::string found_values(std::string_view instance) {
    const auto violation = judge(instance);
    return violation ? violation->values : "";
  }

  bool compiled() const { return program_.has_value(); }
  const std::vector<std::string>& problems() const { return problems_.lines(); }
  const Program& program() const { return *program_; }

  static ErrorRef answer(const std::string& id, const std::string& values, const Mark&, Problems&) {
    auto reply = std::make_shared<ErrorReply>();
    reply->id = id;
    reply->text = values;
    return reply;
  }

 private:
  std::optional<Violation> judge(std::string_view instance) {
    if (!program_) {
      ADD_FAILURE() << "not compiled: " << problems_.lines().front();
      return std::nullopt;
    }
    const auto value = parser_.parse(instance, json::kMaxDepth, json::Root::any);
    EXPECT_TRUE(value.ok()) << instance;
    return value ? program_->check(*value) : std::nullopt;
  }

  Problems problems_;
  Node document_;
  std::optional<Program> program_;
  json::Parser parser_;
};

}  // namespace trackly::json_schema
