#include "filters/rate_limit/rate_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/json_body.h"
#include "filters/rate_limit/fields.h"
#include "filters/rate_limit/rules.h"

namespace trackly::filters {
namespace {

using rate_limit::Caller;
using rate_limit::Rule;

enum class OnFailure : std::uint8_t { local, deny, allow };

struct Limits {
  std::vector<Rule> rules;
  bool shared = false;  // store: redis
  OnFailure on_failure = OnFailure::local;
  ErrorRef unavailable;
  ErrorRef invalid_input;  // a body that cannot be read, where a rule looks into it
};

/// For names of buckets: what a client or an operator chose can hold no separator.
std::string escaped(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

/// Who an address stands for. A client of IPv6 commonly has 2^64 addresses to itself (RFC 6177), so
/// there it is the network.
std::string network_of(std::string_view address) {
  std::string text(address);
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  std::array<char, INET6_ADDRSTRLEN> printed{};
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    return inet_ntop(AF_INET, &v6.s6_addr[12], printed.data(), printed.size());
  }
  std::fill(std::begin(v6.s6_addr) + 8, std::end(v6.s6_addr), std::uint8_t{0});
  return std::string(inet_ntop(AF_INET6, &v6, printed.data(), printed.size())) + "/64";
}

/// A recipient's number is nobody's business in a store, so its digest stands for it.
std::string digest_of(std::string_view text, Hasher& hasher) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::size_t kBytes = 16;
  const KeyDigest digest = hasher.sha256(text);
  std::string out;
  for (std::size_t i = 0; i < kBytes; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

/// What stands at a place of the body, where it can name something.
std::optional<std::string_view> text_at(const json_schema::Pointer& pointer, json::Value body) {
  const auto value = pointer.find(body);
  if (!value) return std::nullopt;
  if (value->is_string()) return value->string();
  return value->is_number() ? std::optional(value->number()) : std::nullopt;
}

/// "account/key": the keys of an account stand beside it, so that a store can keep them together.
std::string bucket_key(const Exchange& exchange, Caller caller) {
  if (caller == Caller::global) return "global";
  if (caller == Caller::address || exchange.key == nullptr) {
    return "address." + escaped(network_of(exchange.client_address));
  }
  std::string key = "account." + escaped(exchange.key->account->id);
  if (caller == Caller::api_key) key += "/" + exchange.key->id;
  return key;
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
        policy_field_(rate_limit::rate_limit_policy(rules_)),
        services_(services) {}

  Verdict on_request(Exchange& exchange, Resume resume) const override {
    if (!body_) return withdraw(exchange, asked_of(exchange, std::nullopt), resume);
    JsonBody::Outcome body = body_->read(exchange);
    if (!body.document && body.verdict.kind() != Verdict::Kind::next) {
      return std::move(body.verdict);
    }
    return withdraw(exchange, asked_of(exchange, body.document), resume);
  }

  /// A request that nobody has seen costs nothing.
  void on_end(Exchange& exchange) const override {
    if (exchange.delivered) return;
    for (LimiterGrant& grant : exchange.limiter_grants) {
      if (grant.limiter == this) grant.store->refund(grant.takes);
    }
  }

 private:
  /// What one request asks of the buckets: entry i of `takes` for entry i of `rules`.
  struct Asked {
    std::vector<const Rule*> rules;
    std::vector<BucketTake> takes;
  };

  Asked asked_of(const Exchange& exchange, std::optional<json::Value> body) const {
    Asked asked;
    asked.rules.reserve(rules_.size());
    asked.takes.reserve(rules_.size());
    for (const Rule* rule : rules_) {
      std::string key = bucket_key(exchange, rule->caller);
      if (rule->pointer) {
        const auto text = body ? text_at(*rule->pointer, *body) : std::nullopt;
        if (!text) continue;
        key += "/" + digest_of(*text, services_.hasher);
      }
      const std::uint64_t items = std::max<std::uint64_t>(1, exchange.batch_items.value_or(1));
      asked.rules.push_back(rule);
      asked.takes.push_back({&rule->policy, std::move(key), rule->costs_items ? items : 1});
    }
    return asked;
  }

  Verdict withdraw(Exchange& exchange, Asked asked, Resume resume) const {
    if (asked.takes.empty()) return Verdict::next();
    if (!limits_.shared) {
      exchange.limiter.store_mode = "local";
      return take_locally(exchange, std::move(asked));
    }
    exchange.limiter.store_mode = "redis";
    auto taken = services_.redis_buckets->take(
        asked.takes, [this, &exchange, resume, asked](const TakeAnswer& answer) {
          resume(judge(exchange, asked, answer));
        });
    if (auto* pending = std::get_if<PendingPtr>(&taken)) return Verdict::wait(std::move(*pending));
    return judge(exchange, std::move(asked), std::get<TakeAnswer>(taken));
  }

  Verdict take_locally(Exchange& exchange, Asked asked) const {
    // The local store always has its answer at hand.
    const auto taken = services_.local_buckets.take(asked.takes, nullptr);
    return settle(exchange, std::move(asked), std::get<TakeAnswer>(taken), services_.local_buckets);
  }

  Verdict judge(Exchange& exchange, Asked asked, const TakeAnswer& answer) const {
    if (answer.status == TakeAnswer::Status::ok) {
      return settle(exchange, std::move(asked), answer, *services_.redis_buckets);
    }
    exchange.flag = "limiter_store_unavailable";
    switch (limits_.on_failure) {
      case OnFailure::local:
        exchange.limiter.store_mode = "redis-local";
        return take_locally(exchange, std::move(asked));
      case OnFailure::allow:
        exchange.limiter.store_mode = "redis-allow";
        return Verdict::next();
      case OnFailure::deny:
        exchange.limiter.store_mode = "redis-deny";
        break;
    }
    return Verdict::reject(limits_.unavailable);
  }

  Verdict settle(Exchange& exchange, Asked asked, const TakeAnswer& answer,
                 TokenBucketStore& store) const {
    add_fields(exchange.response_fields, asked.rules, answer.states);
    if (answer.granted) {
      note(exchange, asked.rules, least_left(answer.states), answer.states);
      exchange.limiter_grants.push_back({this, &store, std::move(asked.takes)});
      return Verdict::next();
    }
    const std::size_t refusing = longest_wait(answer.states);
    note(exchange, asked.rules, refusing, answer.states);
    const Duration wait = answer.states[refusing].retry_after;
    exchange.response_fields.set("Retry-After", std::to_string(rate_limit::retry_seconds(wait)));
    return Verdict::reject(asked.rules[refusing]->error);
  }

  void add_fields(FieldList& fields, const std::vector<const Rule*>& rules,
                  const std::vector<BucketState>& states) const {
    // Another rate_limit earlier in the chain may have said its part.
    const auto add = [&fields](std::string_view name, const std::string& members) {
      const auto before = fields.find(name);
      fields.set(name, before ? std::string(*before) + ", " + members : members);
    };
    add("RateLimit-Policy", policy_field_);
    add("RateLimit", rate_limit::rate_limit(rules, states));
  }

  static void note(Exchange& exchange, const std::vector<const Rule*>& rules, std::size_t index,
                   const std::vector<BucketState>& states) {
    exchange.limiter.rule = rules[index]->policy.name;
    exchange.limiter.remaining = states[index].remaining;
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
    if (!all.empty() && limits_.shared && limits_.on_failure == OnFailure::deny) {
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
    return rules;
  }

  const Limits limits_;
};

}  // namespace

std::unique_ptr<FilterFactory> make_rate_limit(MappingReader& settings, const FilterSetup& setup) {
  Limits limits;
  limits.shared = settings.choice<bool>("store", {{"local", false}, {"redis", true}}, false);
  limits.on_failure = settings.choice<OnFailure>(
      "on_store_failure",
      {{"local", OnFailure::local}, {"deny", OnFailure::deny}, {"allow", OnFailure::allow}},
      OnFailure::local);
  limits.rules = rate_limit::read_rules(settings, setup);
  settings.finish();
  if (limits.shared && !setup.gateway.redis) {
    settings.problems().add(settings.mark(), "store: redis needs the `redis` section");
  }
  limits.invalid_input = setup.error("invalid_input", settings.mark(), settings.problems());
  limits.unavailable = setup.error("redis_unavailable", settings.mark(), settings.problems());
  return std::make_unique<RateLimitFactory>(std::move(limits));
}

}  // namespace trackly::filters
