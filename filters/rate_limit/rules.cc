#include "filters/rate_limit/rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

namespace trackly::filters::rate_limit {
namespace {

constexpr std::array<std::pair<std::string_view, Duration>, 4> kPeriods{{
    {"s", std::chrono::seconds(1)},
    {"m", std::chrono::minutes(1)},
    {"h", std::chrono::hours(1)},
    {"day", std::chrono::hours(24)},
}};

/// A year of days, or a month of minutes: what needs more has a larger unit.
constexpr std::uint64_t kMostUnits = 100'000;

/// What can stand in a structured field's string and in a Redis key as it is.
bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t maximum) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (count == 0 || count > maximum) return std::nullopt;
  return count;
}

/// Reads `rate` and `burst`, or `quota`.
void read_policy(MappingReader& reader, Rule& rule) {
  BucketPolicy& policy = rule.policy;
  const Node* rate = reader.take("rate");
  const Node* quota = reader.take("quota");
  if ((rate == nullptr) == (quota == nullptr)) {
    reader.problems().add(rule.mark, "a rule has either a rate (with its burst) or a quota");
  }
  rule.is_quota = rate == nullptr;
  const Node* amount = rule.is_quota ? quota : rate;
  if (amount != nullptr && !(amount->is_string() && parse_rate(amount->text, policy))) {
    reader.problems().add(amount->mark,
                          "expected a number from 1 to " + std::to_string(kMostTokens) +
                              " and its period, such as 100/s, 10/m, 5/h or 1000/day");
  }
  policy.burst = policy.tokens;
  if (!rule.is_quota) policy.burst = reader.count("burst", policy.tokens, 1, kMostTokens);
  const auto refill = static_cast<double>(policy.burst) / static_cast<double>(policy.tokens) *
                      static_cast<double>(policy.period.count());
  if (refill > static_cast<double>(kLongestRefill.count())) {
    reader.problems().add(rule.mark, "at this rate the bucket takes more than ten years to fill");
  }
}

/// `key`: a word, or {pointer: /place} for the account and what stands at that place of the body.
void read_key(MappingReader& reader, Rule& rule) {
  const Node* key = reader.take("key");
  if (key == nullptr || !key->is_mapping()) {
    rule.caller = reader.choice<Caller>("key",
                                        {{"api_key", Caller::api_key},
                                         {"account", Caller::account},
                                         {"address", Caller::address},
                                         {"global", Caller::global}},
                                        Caller::api_key);
    return;
  }
  MappingReader place(key, reader.problems());
  const std::string pointer = place.string("pointer", "");
  place.finish();
  rule.caller = Caller::account;
  rule.pointer = json_schema::Pointer::parse(pointer);
  if (pointer.empty() || !rule.pointer) {
    reader.problems().add(key->mark, "pointer: expected a JSON Pointer such as /to");
  }
}

Rule read_rule(const Node& node, const FilterSetup& setup, Problems& problems) {
  Rule rule;
  rule.mark = node.mark;
  rule.policy.tokens = rule.policy.burst = 1;  // until it is read
  MappingReader reader(&node, problems);
  rule.policy.name = reader.string("name", "");
  if (!is_name(rule.policy.name)) {
    problems.add(node.mark, "name: a rule needs one, of letters, digits, \"_\", \"-\" and \".\"");
  }
  read_key(reader, rule);
  read_policy(reader, rule);
  if (const Node* cost = reader.take("cost")) {
    rule.costs_items = cost->is_string() && cost->text == "items";
    const bool one = cost->is_number() && cost->text == "1";
    if (!rule.costs_items && !one) problems.add(cost->mark, "cost: expected 1 or items");
  }
  rule.error = setup.error(reader.string("error", "rate_limited"), node.mark, problems);
  MappingReader match(reader.take("match"), problems);
  rule.tags = match.strings("tags");
  match.finish();
  reader.finish();
  return rule;
}

/// A tag that no operation has would limit nothing.
void check_tags(const Rule& rule, const FilterSetup& setup, Problems& problems) {
  std::set<std::string_view> known;
  for (const Operation& operation : setup.api.operations) {
    known.insert(operation.tags.begin(), operation.tags.end());
  }
  for (const std::string& tag : rule.tags) {
    if (known.contains(tag)) continue;
    problems.add(rule.mark, "match: " + unknown_word("tag", tag, {known.begin(), known.end()}));
  }
}

/// A place in bodies that no operation has would limit nothing.
void check_pointer(const Rule& rule, const FilterSetup& setup, Problems& problems) {
  const auto& operations = setup.api.operations;
  if (!rule.pointer) return;
  if (std::any_of(operations.begin(), operations.end(),
                  [&rule](const Operation& operation) { return rule.applies_to(operation); })) {
    return;
  }
  problems.add(rule.mark, "pointer: no operation that the rule matches has a JSON body");
}

void check_capacity(const Rule& rule, const FilterSetup& setup, Problems& problems) {
  if (!rule.costs_items) return;
  for (const Operation& operation : setup.api.operations) {
    if (!operation.batch || !rule.applies_to(operation)) continue;
    if (operation.batch->maximum <= rule.policy.burst) continue;
    problems.add(rule.mark, std::string(rule.is_quota ? "quota" : "burst") + ": " +
                                std::to_string(rule.policy.burst) + " is less than the " +
                                std::to_string(operation.batch->maximum) + " items that one " +
                                operation.method + " " + operation.path + " may cost");
    return;
  }
}

/// Items are what batch_limit has counted; without it, a batch would cost as little as one item.
void check_order(const Rule& rule, const FilterSetup& setup, Problems& problems) {
  if (!rule.costs_items) return;
  for (const FilterSettings& filter : setup.gateway.filters) {
    if (filter.name == "batch_limit") return;
    if (filter.name != "rate_limit") continue;
    problems.add(rule.mark, "cost: items needs batch_limit before rate_limit in `filters`");
    return;
  }
}

}  // namespace

bool Rule::applies_to(const Operation& operation) const {
  if (pointer && !operation.json_body) return false;
  if (tags.empty()) return true;
  return std::any_of(tags.begin(), tags.end(), [&operation](const std::string& tag) {
    return std::find(operation.tags.begin(), operation.tags.end(), tag) != operation.tags.end();
  });
}

bool parse_rate(std::string_view text, BucketPolicy& policy) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto tokens = parse_count(text.substr(0, slash), kMostTokens);
  std::string_view unit = text.substr(slash + 1);
  const std::size_t digits = std::min(unit.find_first_not_of("0123456789"), unit.size());
  const auto units = digits == 0 ? 1 : parse_count(unit.substr(0, digits), kMostUnits);
  unit.remove_prefix(digits);
  const auto period = std::find_if(kPeriods.begin(), kPeriods.end(),
                                   [unit](const auto& known) { return known.first == unit; });
  if (!tokens || !units || period == kPeriods.end()) return false;
  policy.tokens = *tokens;
  policy.period = period->second * static_cast<std::int64_t>(*units);
  return true;
}

std::vector<Rule> read_rules(MappingReader& settings, const FilterSetup& setup) {
  Problems& problems = settings.problems();
  std::vector<Rule> rules;
  std::set<std::string> names;
  for (const Node* node : settings.list("rules")) {
    Rule rule = read_rule(*node, setup, problems);
    check_tags(rule, setup, problems);
    check_pointer(rule, setup, problems);
    check_capacity(rule, setup, problems);
    check_order(rule, setup, problems);
    if (!names.insert(rule.policy.name).second) {
      problems.add(rule.mark, "name: \"" + rule.policy.name + "\" is the name of another rule");
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace trackly::filters::rate_limit
