// The fields of the access log are a promise: README.md has exactly those that are written, with
// their types.

#include "gateway/observe/access_fields.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/observe/access_format.h"

namespace trackly::observe {
namespace {

using namespace std::chrono_literals;

/// "name: type", as README.md and LogField have it.
using Names = std::vector<std::string>;

Names implemented() {
  Names names;
  for (const LogField& field : log_fields()) {
    names.push_back(std::string(field.name) + ": " + std::string(field.type));
  }
  return names;
}

/// The rows of the table in the section on the access log: | `name` | type | meaning |.
Names documented() {
  std::ifstream readme(std::string(TRACKLY_SOURCE_DIR) + "/README.md");
  Names names;
  bool is_there = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) is_there = line == "## The access log";
    if (!is_there || !line.starts_with("| `")) continue;
    const std::size_t name_end = line.find('`', 3);
    const std::size_t type = line.find("| ", name_end) + 2;
    names.push_back(line.substr(3, name_end - 3) + ": " +
                    line.substr(type, line.find(" |", type) - type));
  }
  return names;
}

TEST(LogFields, AreThoseOfTheReadme) { EXPECT_EQ(documented(), implemented()); }

/// A request of which there is everything to tell.
class FullExchange {
 public:
  FullExchange() {
    operation_.path = "/api/v2/send/bulk";
    auto account = std::make_shared<Account>();
    account->id = "acct_42";
    auto key = std::make_shared<KeyRecord>();
    key->name = "production";
    key->account = account;
    auto reply = std::make_shared<ErrorReply>();
    reply->id = reply->code = "provider_error";
    exchange_.client_address = "203.0.113.7";
    exchange_.client_subject = "CN=client";
    exchange_.trace_context = {.trace_high = 1, .trace_low = 2, .span = 3, .parent_span = 4};
    exchange_.request.method = "POST";
    exchange_.path = operation_.path;
    exchange_.operation = &operation_;
    exchange_.request_id = "req-1";
    exchange_.key = key;
    exchange_.batch_items = 1000;
    exchange_.limiter = {"single", 199, "redis"};
    exchange_.local_reply = reply;
    exchange_.shadow = {{"schema", reply, "", ""}};
    exchange_.refused_by = "rate_limit";
    exchange_.flag = "client_gone";
    exchange_.trace = {{"api_key", 3us}};
    exchange_.upstream = "default";
    exchange_.endpoint = "127.0.0.1:9000";
    exchange_.attempts = exchange_.repeats = 2;
    exchange_.failure = UpstreamFailure::foreign_error;
    exchange_.status = exchange_.received_status = 503;
    exchange_.chain_done = exchange_.upstream_head = exchange_.finished = 1500us;
  }

  std::string line() const {
    std::string out;
    AccessFormat({}, ApiDescription()).append(out, exchange_);
    return out;
  }

 private:
  Operation operation_;
  Exchange exchange_;
};

std::string type_of(simdjson::dom::element value) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      return "string";
    case simdjson::dom::element_type::BOOL:
      return "boolean";
    case simdjson::dom::element_type::DOUBLE:
      return "milliseconds";
    case simdjson::dom::element_type::ARRAY:
      if (!value.at_pointer("/0").is_object()) return "strings";
      return value.at_pointer("/0/us").error() == simdjson::SUCCESS ? "filters" : "findings";
    default:
      return value.is_uint64() ? "integer" : "something else";
  }
}

TEST(LogFields, HaveTheTypesThatTheySay) {
  simdjson::dom::parser parser;
  const std::string line = FullExchange().line();
  const simdjson::dom::element json = parser.parse(line);
  for (const LogField& field : log_fields()) {
    std::string pointer = "/" + std::string(field.name);
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    simdjson::dom::element value;
    ASSERT_EQ(json.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer << "\n" << line;
    EXPECT_EQ(type_of(value), field.type == "time" ? "string" : field.type) << pointer;
  }
}

}  // namespace
}  // namespace trackly::observe
