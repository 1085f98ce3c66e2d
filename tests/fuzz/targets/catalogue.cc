// The error catalogue: every answer that it can give is one JSON object with its texts in it.

#include <cstdint>
#include <string>

#include "config/catalogue_reader.h"
#include "config/yaml_reader.h"
#include "gateway/json/parser.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/problems.h"
#include "tests/golden/dump.h"

namespace trackly::fuzz {
namespace {

void check_body(const std::string& body, const ErrorReply& reply, const std::string* message) {
  json::Parser parser;
  const auto value = parser.parse(body, 1, json::Root::object);
  require(value.ok(), "an answer is JSON: " + body);
  const auto text_of = [&value](std::string_view name) {
    const auto member = value->find(name);
    return member ? std::string(member->string()) : "(none)";
  };
  require(text_of("error") == reply.text, "an answer has its text: " + body);
  require(text_of("code") == (reply.code.empty() ? "(none)" : reply.code), "and its code: " + body);
  require(message == nullptr || text_of("message") == *message, "and its detail: " + body);
}

void check(const ErrorCatalogue& catalogue) {
  static const std::string kOdd = "\"\\\n\x01/\xc3\xa9{values}";
  for (const ErrorEntry& entry : catalogue.entries()) {
    require(entry.status >= 400 && entry.status <= 599, "a refusal has its status");
    const ErrorRef plain = catalogue.reply(entry.id);
    const ErrorRef filled =
        catalogue.reply(entry.id, {{"values", kOdd}, {"product", "p"}, {"PRODUCT", "P"}});
    require(plain != nullptr && filled != nullptr, "an entry has an answer: " + entry.id);
    for (const ErrorRef& reply : {plain, filled}) {
      check_body(reply->body, *reply, nullptr);
      check_body(reply->body_with_message(kOdd), *reply, &kOdd);
    }
  }
}

void run(Input input) {
  Problems problems;
  const auto root = config::read_yaml(input.rest(), kFile, problems);
  if (!root) return require_places(problems);
  const ErrorCatalogue catalogue = config::read_catalogue(*root, {}, problems);
  require_places(problems);
  if (!problems.empty()) return;
  for (const std::string_view id : config::required_errors()) {
    require(catalogue.find(id) != nullptr, "what the core answers with is there");
  }
  check(catalogue);
  golden::dump(catalogue);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
