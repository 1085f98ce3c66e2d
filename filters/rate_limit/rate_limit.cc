#include "filters/rate_limit/rate_limit.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/json_body.h"
#include "filters/rate_limit/callers.h"
#include "filters/rate_limit/fields.h"
#include "filters/rate_limit/policies.h"
#include "filters/rate_limit/rules.h"

namespace trackly::filters {
namespace {

using rate_limit::Charges;
using rate_limit::OnFailure;
using rate_limit::Rule;

struct Limits {
  std::vector<Rule> rules;
  bool shared = false;         // store: redis
  bool legacy_fields = false;  // X-RateLimit-* as well
  ErrorRef unavailable;
  ErrorRef invalid_input;  // a body that cannot be read, where a rule looks into it
};

/// What stands at a place of the body, where it can name something.
std::optional<std::string_view> text_at(const json_schema::Pointer& pointer, json::Value body) {
  const auto value = pointer.find(body);
  if (!value) return std::nullopt;
  if (value->is_string()) return value->string();
  return value->is_number() ? std::optional(value->number()) : std::nullopt;
}

class RateLimit final : public Filter {
 public:
  /// `limits` is the factory's; `rules` are those of it that apply to the operation, and `body`
  /// reads what their pointers lead into, where one has any.
  RateLimit(const Limits& limits, std::vector<const Rule*> rules, std::optional<JsonBody> body,
            Services& services)
      : limits_(limits),
        rules_(std::move(rules)),
        body_(std::move(body)),
        policy_field_(rate_limit::rate_limit_policy(charges_by_rule())),
        services_(services) {}

  Verdict on_request(Exchange& exchange, Resume resume) const override {
    if (!body_) return withdraw(exchange, charges_of(exchange, std::nullopt), resume);
    JsonBody::Outcome body = body_->read(exchange);
    if (!body.document && body.verdict.kind() != Verdict::Kind::next) {
      return std::move(body.verdict);
    }
    return withdraw(exchange, charges_of(exchange, body.document), resume);
  }

  /// A request that nobody has seen costs nothing.
  void on_end(Exchange& exchange) const override {
    if (exchange.delivered) return;
    for (LimiterGrant& grant : exchange.limiter_grants) {
      if (grant.limiter == this) grant.store->refund(grant.takes);
    }
  }

 private:
  Charges charges_by_rule() const {
    Charges charges;
    for (const Rule* rule : rules_) charges.add(*rule, {&rule->policy, {}});
    return charges;
  }

  Charges charges_of(Exchange& exchange, std::optional<json::Value> body) const {
    Charges charges;
    charges.reserve(rules_.size());
    for (const Rule* rule : rules_) {
      std::string key = rate_limit::bucket_key(exchange, rule->caller);
      if (rule->pointer) {
        const auto text = body ? text_at(*rule->pointer, *body) : std::nullopt;
        if (!text) continue;
        key += "/" + rate_limit::digest_of(*text, services_.hasher);
      }
      const std::uint64_t items = std::max<std::uint64_t>(1, exchange.batch_items.value_or(1));
      const BucketPolicy& policy = policy_for(exchange, *rule);
      // What is more than the bucket holds is refused; how much more makes no difference.
      const std::uint64_t cost = std::min(rule->costs_items ? items : 1, policy.burst + 1);
      charges.add(*rule, {&policy, std::move(key), cost});
    }
    return charges;
  }

  static const BucketPolicy& policy_for(Exchange& exchange, const Rule& rule) {
    if (exchange.key == nullptr || exchange.key->account->limits.empty()) return rule.policy;
    if (!rule.is_by_account()) return rule.policy;
    auto own = rate_limit::own_policy(rule, *exchange.key->account);
    return own ? exchange.limiter_policies.emplace_front(*std::move(own)) : rule.policy;
  }

  Verdict withdraw(Exchange& exchange, Charges charges, Resume resume) const {
    if (charges.takes.empty()) return Verdict::next();
    if (!limits_.shared) {
      exchange.limiter.store_mode = "local";
      return take_locally(exchange, charges);
    }
    exchange.limiter.store_mode = "redis";
    const auto shared = std::make_shared<Charges>(std::move(charges));
    auto taken = services_.redis_buckets->take(
        shared->takes, [this, &exchange, resume, shared](TakeAnswer answer) {
          resume(judge(exchange, *shared, std::move(answer)));
        });
    if (auto* pending = std::get_if<PendingPtr>(&taken)) return Verdict::wait(std::move(*pending));
    return judge(exchange, *shared, std::get<TakeAnswer>(std::move(taken)));
  }

  Verdict take_locally(Exchange& exchange, Charges& charges) const {
    // The local store always has its answer at hand.
    auto taken = services_.local_buckets.take(charges.takes, nullptr);
    return settle(exchange, charges, std::get<TakeAnswer>(std::move(taken)),
                  services_.local_buckets);
  }

  Verdict judge(Exchange& exchange, Charges& charges, TakeAnswer answer) const {
    if (answer.status == TakeAnswer::Status::ok) {
      return settle(exchange, charges, std::move(answer), *services_.redis_buckets);
    }
    exchange.flag = "limiter_store_unavailable";
    return without_store(exchange, charges);
  }

  /// Each rule has its own answer to that: one that denies is enough to refuse, and one that allows
  /// does not count.
  Verdict without_store(Exchange& exchange, const Charges& charges) const {
    Charges shares;
    for (std::size_t i = 0; i < charges.rules.size(); ++i) {
      const Rule& rule = *charges.rules[i];
      if (rule.on_failure == OnFailure::deny) {
        exchange.limiter.store_mode = "redis-deny";
        exchange.limiter.refused = true;
        return Verdict::reject(limits_.unavailable);
      }
      if (rule.on_failure == OnFailure::local) {
        shares.add(rule, share(exchange, rule, charges.takes[i]));
      }
    }
    exchange.limiter.store_mode = shares.takes.empty() ? "redis-allow" : "redis-local";
    return shares.takes.empty() ? Verdict::next() : take_locally(exchange, shares);
  }

  /// The same of this gateway's share.
  BucketTake share(Exchange& exchange, const Rule& rule, BucketTake take) const {
    const std::uint32_t gateways = services_.fleet == nullptr ? 1 : services_.fleet->gateways();
    take.policy = &exchange.limiter_policies.emplace_front(
        rate_limit::share_of(*take.policy, gateways, rule.largest_cost));
    return take;
  }

  Verdict settle(Exchange& exchange, Charges& charges, TakeAnswer answer,
                 TokenBucketStore& store) const {
    for (std::size_t i = 0; i < charges.takes.size(); ++i) {
      const BucketTake& take = charges.takes[i];
      // Waiting will not help. The client has to make it smaller; until then it is to be rare.
      if (take.cost > take.policy->burst) {
        answer.states[i].retry_after = rate_limit::window_of(*take.policy);
      }
    }
    const std::size_t decisive =
        answer.granted ? least_left(answer.states) : longest_wait(answer.states);
    const Rule& rule = *charges.rules[decisive];
    tell(exchange, charges, answer.states, decisive);
    exchange.limiter.rule = rule.policy.name;
    exchange.limiter.remaining = answer.states[decisive].remaining;
    exchange.limiter.refused = !answer.granted;
    if (answer.granted) {
      remember(exchange, std::move(charges.takes), answer.states, store);
      return Verdict::next();
    }
    const Duration wait = answer.states[decisive].retry_after;
    exchange.response_fields.set("Retry-After", std::to_string(rate_limit::retry_seconds(wait)));
    return Verdict::reject(rule.error);
  }

  /// For a refund.
  void remember(Exchange& exchange, std::vector<BucketTake> takes,
                const std::vector<BucketState>& states, TokenBucketStore& store) const {
    for (std::size_t i = 0; i < takes.size(); ++i) takes[i].receipt = states[i].receipt;
    exchange.limiter_grants.push_back({this, &store, std::move(takes)});
  }

  void tell(Exchange& exchange, const Charges& charges, const std::vector<BucketState>& states,
            std::size_t decisive) const {
    FieldList& fields = exchange.response_fields;
    // Another rate_limit earlier in the chain may have said its part.
    const auto add = [&fields](std::string_view name, const std::string& members) {
      const auto before = fields.find(name);
      fields.set(name, before ? std::string(*before) + ", " + members : members);
    };
    const bool by_the_rules = exchange.limiter_policies.empty();
    add("RateLimit-Policy", by_the_rules ? policy_field_ : rate_limit::rate_limit_policy(charges));
    add("RateLimit", rate_limit::rate_limit(charges, states));
    if (limits_.legacy_fields) {
      rate_limit::add_legacy_fields(fields, *charges.takes[decisive].policy, states[decisive]);
    }
  }

  static std::size_t least_left(const std::vector<BucketState>& states) {
    const auto least = std::min_element(
        states.begin(), states.end(),
        [](const BucketState& a, const BucketState& b) { return a.remaining < b.remaining; });
    return static_cast<std::size_t>(least - states.begin());
  }

  /// Where several rules are short, the one that keeps the client waiting is the one to name.
  static std::size_t longest_wait(const std::vector<BucketState>& states) {
    const auto longest = std::max_element(
        states.begin(), states.end(),
        [](const BucketState& a, const BucketState& b) { return a.retry_after < b.retry_after; });
    return static_cast<std::size_t>(longest - states.begin());
  }

  const Limits& limits_;
  const std::vector<const Rule*> rules_;
  const std::optional<JsonBody> body_;
  const std::string policy_field_;
  Services& services_;
};

class RateLimitFactory final : public FilterFactory {
 public:
  explicit RateLimitFactory(Limits limits) : limits_(std::move(limits)) {}

  std::unique_ptr<Filter> make(const Operation& operation, Services& services) const override {
    std::vector<const Rule*> rules = rules_for(operation);
    if (rules.empty()) return nullptr;
    std::optional<JsonBody> body;
    if (std::any_of(rules.begin(), rules.end(),
                    [](const Rule* rule) { return rule->pointer.has_value(); })) {
      body.emplace(operation.body_required, limits_.invalid_input);
    }
    return std::make_unique<RateLimit>(limits_, std::move(rules), std::move(body), services);
  }

  std::string describe(const Operation& operation) const override {
    std::string text;
    for (const Rule* rule : rules_for(operation))
      text += (text.empty() ? "" : ", ") + rule->policy.name;
    return text;
  }

  std::vector<PossibleAnswer> answers(const Operation& operation) const override {
    std::vector<PossibleAnswer> all;
    for (const Rule* rule : rules_for(operation)) {
      all.push_back({rule->error, "rule " + rule->policy.name, true});
    }
    const auto denies = [](const Rule* rule) { return rule->on_failure == OnFailure::deny; };
    const std::vector<const Rule*> rules = rules_for(operation);
    if (limits_.shared && std::any_of(rules.begin(), rules.end(), denies)) {
      all.push_back({limits_.unavailable, "on_store_failure", true});
    }
    return all;
  }

 private:
  std::vector<const Rule*> rules_for(const Operation& operation) const {
    std::vector<const Rule*> rules;
    for (const Rule& rule : limits_.rules) {
      if (rule.applies_to(operation)) rules.push_back(&rule);
    }
    std::stable_partition(rules.begin(), rules.end(),
                          [](const Rule* rule) { return !rule->second_call; });
    return rules;
  }

  const Limits limits_;
};

/// Two filters would ask Redis one after the other, and the first would have to be refunded where
/// the second refuses.
void check_one_round_trip(const Limits& limits, const MappingReader& settings,
                          const FilterSetup& setup, Problems& problems) {
  for (const FilterSettings& other : setup.gateway.filters) {
    if (other.settings.mark == settings.mark()) return;  // the later one reports it
    if (other.name != "rate_limit") continue;
    Problems reported_already;
    MappingReader reader(&other.settings, reported_already);
    const std::string store = reader.string("store", "");
    if (store != "redis") continue;
    const std::vector<Rule> rules = rate_limit::read_rules(reader, setup);
    for (const Operation& operation : setup.api.operations) {
      const auto applies = [&operation](const Rule& rule) { return rule.applies_to(operation); };
      if (std::any_of(rules.begin(), rules.end(), applies) &&
          std::any_of(limits.rules.begin(), limits.rules.end(), applies)) {
        problems.add(settings.mark(), "an earlier rate_limit has `store: redis` for " +
                                          operation.method + " " + operation.path +
                                          " too; merge their rules, so that Redis is asked once");
        return;
      }
    }
  }
}

}  // namespace

std::unique_ptr<FilterFactory> make_rate_limit(MappingReader& settings, const FilterSetup& setup) {
  Limits limits;
  limits.shared = settings.choice<bool>("store", {{"local", false}, {"redis", true}}, false);
  limits.legacy_fields = settings.boolean("legacy_fields", false);
  limits.rules = rate_limit::read_rules(settings, setup);
  settings.finish();
  if (limits.shared && !setup.gateway.redis) {
    settings.problems().add(settings.mark(), "store: redis needs the `redis` section");
  }
  if (limits.shared) {
    check_one_round_trip(limits, settings, setup, settings.problems());
    if (setup.gateway.redis && !setup.gateway.redis->cluster.empty()) {
      rate_limit::check_nodes(limits.rules, setup, settings.problems());
    }
  }
  limits.invalid_input = setup.error("invalid_input", settings.mark(), settings.problems());
  limits.unavailable = setup.error("redis_unavailable", settings.mark(), settings.problems());
  return std::make_unique<RateLimitFactory>(std::move(limits));
}

}  // namespace trackly::filters
