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

constexpr std::string_view kFilterName = "rate_limit";
constexpr std::string_view kMonth = "/month";
constexpr Duration kDay = std::chrono::hours(24);

/// `calendar: UTC`: periods begin where those of the clock on the wall do.
void read_calendar(MappingReader& reader, Rule& rule) {
  const Node* calendar = reader.take("calendar");
  if (calendar == nullptr) {
    if (rule.policy.refill == Refill::monthly) {
      reader.problems().add(rule.mark, "quota: months need `calendar: UTC`");
    }
    return;
  }
  if (!calendar->is_string() || calendar->text != "UTC") {
    reader.problems().add(calendar->mark, "calendar: expected UTC");
  }
  if (rule.policy.refill == Refill::monthly) return;
  rule.policy.refill = Refill::calendar;
  if (kDay % rule.policy.period != Duration::zero()) {
    reader.problems().add(calendar->mark,
                          "calendar: the quota is for one month, one day or what divides a day");
  }
}

/// "1000/month", or any that parse_rate() reads.
bool parse_quota(std::string_view text, BucketPolicy& policy) {
  policy.refill = Refill::rolling;
  if (!text.ends_with(kMonth)) return parse_rate(text, policy);
  text.remove_suffix(kMonth.size());
  const auto tokens = parse_count(text, kMostTokens);
  if (!tokens) return false;
  policy.tokens = *tokens;
  policy.period = 31 * kDay;
  policy.refill = Refill::monthly;
  return true;
}

/// Reads `rate` and `burst`, or `quota` and `calendar`.
void read_policy(MappingReader& reader, Rule& rule) {
  BucketPolicy& policy = rule.policy;
  const Node* rate = reader.take("rate");
  const Node* quota = reader.take("quota");
  if ((rate == nullptr) == (quota == nullptr)) {
    reader.problems().add(rule.mark, "a rule has either a rate (with its burst) or a quota");
  }
  const Node* amount = rate == nullptr ? quota : rate;
  if (amount != nullptr &&
      !(amount->is_string() &&
        (rate == nullptr ? parse_quota(amount->text, policy) : parse_rate(amount->text, policy)))) {
    reader.problems().add(amount->mark,
                          "expected a number from 1 to " + std::to_string(kMostTokens) +
                              " and its period, such as 100/s, 10/m, 5/h or 1000/day");
  }
  policy.burst = policy.tokens;
  if (rule.is_quota()) {
    read_calendar(reader, rule);
  } else {
    policy.burst = reader.count("burst", policy.tokens, 1, kMostTokens);
  }
  const auto refill = static_cast<double>(policy.burst) / static_cast<double>(policy.tokens) *
                      static_cast<double>(policy.period.count());
  if (refill > static_cast<double>(kLongestRefill.count())) {
    reader.problems().add(rule.mark, "at this rate the bucket takes more than ten years to fill");
  }
}

OnFailure read_on_failure(MappingReader& reader, OnFailure fallback) {
  return reader.choice<OnFailure>(
      "on_store_failure",
      {{"local", OnFailure::local}, {"deny", OnFailure::deny}, {"allow", OnFailure::allow}},
      fallback);
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

Rule read_rule(const Node& node, OnFailure on_failure, const FilterSetup& setup,
               Problems& problems) {
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
  rule.on_failure = read_on_failure(reader, on_failure);
  rule.second_call = reader.boolean("second_call", false);
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

/// Finds what a request may cost, which the bucket has to hold.
void check_capacity(Rule& rule, const FilterSetup& setup, Problems& problems) {
  if (!rule.costs_items) return;
  const Operation* largest = nullptr;
  for (const Operation& operation : setup.api.operations) {
    if (!operation.batch || !rule.applies_to(operation)) continue;
    if (operation.batch->maximum <= rule.largest_cost) continue;
    rule.largest_cost = operation.batch->maximum;
    largest = &operation;
  }
  if (rule.largest_cost <= rule.policy.burst) return;
  problems.add(rule.mark, std::string(rule.is_quota() ? "quota" : "burst") + ": " +
                              std::to_string(rule.policy.burst) + " is less than the " +
                              std::to_string(rule.largest_cost) + " items that one " +
                              largest->method + " " + largest->path + " may cost");
}

/// Items are what batch_limit has counted; without it, a batch would cost as little as one item.
void check_order(const Rule& rule, const FilterSetup& setup, Problems& problems) {
  if (!rule.costs_items) return;
  for (const FilterSettings& filter : setup.gateway.filters) {
    if (filter.name == "batch_limit") return;
    if (filter.name != kFilterName) continue;
    problems.add(rule.mark, "cost: items needs batch_limit before rate_limit in `filters`");
    return;
  }
}

/// What cannot be read is reported by whoever reads it.
void add_rule_names(const Node* rules, std::set<std::string>& names) {
  if (rules == nullptr) return;
  for (const Node& rule : rules->items) {
    const Node* name = rule.find("name");
    if (name != nullptr && name->is_string()) names.insert(name->text);
  }
}

/// Rules for which it is the same are on one node, whatever the request.
Caller node_of(const Rule& rule) { return rule.is_by_account() ? Caller::account : rule.caller; }

}  // namespace

bool Rule::applies_to(const Operation& operation) const {
  if (pointer && !operation.json_body) return false;
  if (tags.empty()) return true;
  return std::any_of(tags.begin(), tags.end(), [&operation](const std::string& tag) {
    return std::find(operation.tags.begin(), operation.tags.end(), tag) != operation.tags.end();
  });
}

std::set<std::string> rule_names(const Settings& settings, const ApiDescription& api) {
  std::set<std::string> names;
  for (const FilterSettings& filter : settings.filters) {
    if (filter.name == kFilterName) add_rule_names(filter.settings.find("rules"), names);
  }
  for (const Operation& operation : api.operations) {
    const Node* own =
        operation.overrides == nullptr ? nullptr : operation.overrides->find(kFilterName);
    if (own != nullptr) add_rule_names(own->find("rules"), names);
  }
  return names;
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
  const OnFailure on_failure = read_on_failure(settings, OnFailure::local);
  for (const Node* node : settings.list("rules")) {
    Rule rule = read_rule(*node, on_failure, setup, problems);
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

void check_nodes(const std::vector<Rule>& rules, const FilterSetup& setup, Problems& problems) {
  std::set<const Rule*> reported;
  for (const Operation& operation : setup.api.operations) {
    std::array<const Rule*, 2> first_of{};  // of either call
    for (const Rule& rule : rules) {
      if (!rule.applies_to(operation)) continue;
      const Rule*& first = first_of.at(rule.second_call ? 1 : 0);
      if (first == nullptr) first = &rule;
      if (node_of(*first) == node_of(rule) || !reported.insert(&rule).second) continue;
      problems.add(rule.mark, "\"" + rule.policy.name + "\" and \"" + first->policy.name +
                                  "\" can be on different nodes of the cluster: they count for "
                                  "different callers. With `second_call: true`, one kind of caller "
                                  "can be asked for after the other");
    }
  }
}

}  // namespace trackly::filters::rate_limit
