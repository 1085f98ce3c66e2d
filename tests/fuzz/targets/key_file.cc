// keys.yaml: what loads can be found, and stands in fields and logs as one word.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "config/yaml_reader.h"
#include "filters/key_table.h"
#include "tests/fuzz/support/input.h"
#include "tests/fuzz/support/problems.h"

namespace trackly::fuzz {
namespace {

std::optional<KeyDigest> digest_of(const Node& key) {
  const Node* text = key.find("sha256");
  if (text == nullptr || text->text.size() != 64) return std::nullopt;
  KeyDigest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(std::stoi(text->text.substr(2 * i, 2), nullptr, 16));
  }
  return digest;
}

void check_record(const KeyRecord& record) {
  require(!record.name.empty() && !record.id.empty() && record.account != nullptr,
          "a key has its names");
  const std::string& account = record.account->id;
  require(!account.empty() && std::all_of(account.begin(), account.end(),
                                          [](char c) { return c > ' ' && c < '\x7f'; }),
          "an account's id can stand in a field");
}

void run(Input input) {
  Problems problems;
  const auto root = config::read_yaml(input.rest(), kFile, problems);
  if (!root) return require_places(problems);
  const auto table = filters::KeyTable::read(*root, {}, problems);
  require_places(problems);
  require(table != nullptr, "there is a table");
  if (!problems.empty()) return;
  const Node* keys = root->find("keys");
  const std::size_t count = keys == nullptr ? 0 : keys->items.size();
  require(table->size() == count, "every key is in the table");
  for (std::size_t i = 0; i < count; ++i) {
    const auto digest = digest_of(keys->items[i]);
    require(digest.has_value(), "a key has a digest");
    const KeyAnswer answer = table->find(*digest);
    require(answer.status == KeyAnswer::Status::known, "a key is found");
    check_record(*answer.record);
  }
  const KeyAnswer stranger = table->find(KeyDigest{});
  require(count > 0 || stranger.status == KeyAnswer::Status::unknown, "nobody else is known");
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
