#include "filters/api_key.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "filters/key_table.h"
#include "filters/rate_limit/rules.h"
#include "gateway/api/ascii.h"

namespace trackly::filters {
namespace {

constexpr std::string_view kField = "X-Api-Key";
constexpr std::string_view kAccountField = "X-Account-Id";
constexpr std::string_view kPrefix = "trk_";
constexpr std::size_t kRandomPart = 32;

/// "trk_[32-char-alphanumeric]" (error-codes page). What cannot be a key is not looked for.
bool looks_like_a_key(std::string_view key) {
  if (key.size() != kPrefix.size() + kRandomPart || key.substr(0, kPrefix.size()) != kPrefix) {
    return false;
  }
  return std::all_of(key.begin() + kPrefix.size(), key.end(), [](char c) {
    const char lower = ascii_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
  });
}

struct Errors {
  ErrorRef missing;
  ErrorRef invalid;
  ErrorRef suspended;
  ErrorRef billing_blocked;
  ErrorRef fraud_blocked;
  ErrorRef unavailable;  // nobody can say whether the key is known
};

/// What an operation asks of an account, beyond being known.
struct Demands {
  bool spends = false;  // tagged `send` or `otp`: blocked accounts may not
  std::string product;  // empty: none
  ErrorRef product_error;
};

class ApiKey final : public Filter {
 public:
  ApiKey(std::unique_ptr<KeyStore> store, Hasher& hasher, const Errors& errors, Demands demands,
         bool forward)
      : store_(std::move(store)),
        hasher_(hasher),
        errors_(errors),
        demands_(std::move(demands)),
        forward_(forward) {}

  Verdict on_request(Exchange& exchange, Resume resume) const override {
    if (!forward_) exchange.removed_upstream_fields.push_back(kField);
    const FieldList& fields = exchange.request.fields;
    const auto value = fields.find(kField);
    const std::string_view key = trim_ows(value.value_or(""));
    if (fields.count(kField) > 1) return Verdict::reject(errors_.invalid);
    if (key.empty()) return Verdict::reject(errors_.missing);
    if (!looks_like_a_key(key)) return Verdict::reject(errors_.invalid);

    auto found = store_->find(hasher_.sha256(key), [this, &exchange, resume](KeyAnswer answer) {
      resume(judge(exchange, answer));
    });
    if (auto* pending = std::get_if<PendingPtr>(&found)) return Verdict::wait(std::move(*pending));
    return judge(exchange, std::get<KeyAnswer>(found));
  }

 private:
  Verdict judge(Exchange& exchange, const KeyAnswer& answer) const {
    if (answer.status == KeyAnswer::Status::unavailable)
      return Verdict::reject(errors_.unavailable);
    if (answer.status == KeyAnswer::Status::unknown) return Verdict::reject(errors_.invalid);
    // Who it was is known from here on, for the log of refusals too.
    exchange.key = answer.record;
    const Account& account = *answer.record->account;
    switch (account.status) {
      case AccountStatus::active:
        break;
      case AccountStatus::suspended:
        return Verdict::reject(errors_.suspended);
      case AccountStatus::billing_blocked:
        if (demands_.spends) return Verdict::reject(errors_.billing_blocked);
        break;
      case AccountStatus::fraud_blocked:
        if (demands_.spends) return Verdict::reject(errors_.fraud_blocked);
        break;
    }
    if (!has_product(account)) return Verdict::reject(demands_.product_error);
    exchange.upstream_fields.set(kAccountField, account.id);
    return Verdict::next();
  }

  bool has_product(const Account& account) const {
    if (demands_.product.empty() || !account.products) return true;
    return std::find(account.products->begin(), account.products->end(), demands_.product) !=
           account.products->end();
  }

  const std::unique_ptr<KeyStore> store_;
  Hasher& hasher_;
  const Errors& errors_;
  Demands demands_;
  bool forward_;
};

/// Where the keys are.
struct KeySource {
  std::shared_ptr<const KeyTable> file;  // nullptr: in Redis
  KeyCachePolicy cache;                  // of Redis
};

/// Those of a keys.yaml.
class FileKeys final : public KeyStore {
 public:
  explicit FileKeys(std::shared_ptr<const KeyTable> table) : table_(std::move(table)) {}
  /// Answers at once.
  Lookup<KeyAnswer> find(const KeyDigest& digest, Callback) override {
    return table_->find(digest);
  }

 private:
  const std::shared_ptr<const KeyTable> table_;
};

class ApiKeyFactory final : public FilterFactory {
 public:
  ApiKeyFactory(KeySource source, Errors errors, bool forward, const ErrorCatalogue& catalogue)
      : source_(std::move(source)),
        errors_(std::move(errors)),
        forward_(forward),
        catalogue_(catalogue) {}

  std::unique_ptr<Filter> make(const Operation& operation, Services& services) const override {
    if (!operation.needs_key) return nullptr;
    auto store = source_.file != nullptr ? std::make_unique<FileKeys>(source_.file)
                                         : services.redis_keys->open(source_.cache);
    return std::make_unique<ApiKey>(std::move(store), services.hasher, errors_,
                                    demands_of(operation), forward_);
  }

  std::string describe(const Operation& operation) const override {
    if (!operation.needs_key) return {};
    return operation.product.empty() ? "API key" : "API key, product " + operation.product;
  }

  std::vector<PossibleAnswer> answers(const Operation& operation) const override {
    if (!operation.needs_key) return {};
    const Demands demands = demands_of(operation);
    std::vector<PossibleAnswer> all{{errors_.missing, "X-Api-Key"},
                                    {errors_.invalid, "X-Api-Key", true},
                                    {errors_.suspended, "account status", true}};
    if (source_.file == nullptr) all.push_back({errors_.unavailable, "store: redis", true});
    if (demands.spends) {
      all.push_back({errors_.billing_blocked, "account status", true});
      all.push_back({errors_.fraud_blocked, "account status", true});
    }
    if (!demands.product.empty()) {
      all.push_back({demands.product_error, "x-product " + demands.product, true});
    }
    return all;
  }

 private:
  Demands demands_of(const Operation& operation) const {
    Demands demands;
    demands.spends =
        std::any_of(operation.tags.begin(), operation.tags.end(),
                    [](const std::string& tag) { return tag == "send" || tag == "otp"; });
    demands.product = operation.product;
    if (!operation.product.empty()) {
      // "{product}_not_enabled", with the product in upper case in the text (error-codes page).
      std::string upper = operation.product;
      std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
      });
      demands.product_error = catalogue_.reply(
          "product_not_enabled", {{"product", operation.product}, {"PRODUCT", upper}});
    }
    return demands;
  }

  const KeySource source_;
  Errors errors_;
  bool forward_;
  const ErrorCatalogue& catalogue_;  // of the configuration that this factory is a part of
};

void read_cache(MappingReader& settings, KeyCachePolicy& cache) {
  cache.ttl = settings.duration("cache_ttl", cache.ttl);
  cache.max_stale = settings.duration("max_stale", cache.max_stale);
  // Nobody can be let in whom nobody knows, so there is no other answer to choose.
  settings.choice<int>("on_store_failure", {{"deny", 0}}, 0);
}

}  // namespace

std::unique_ptr<FilterFactory> make_api_key(MappingReader& settings, const FilterSetup& setup) {
  Problems& problems = settings.problems();
  const bool in_redis = settings.choice<bool>("store", {{"file", false}, {"redis", true}}, false);
  KeySource source;
  std::string file;
  if (in_redis) {
    read_cache(settings, source.cache);
    if (!setup.gateway.redis) {
      problems.add(settings.mark(), "store: redis needs the `redis` section");
    }
  } else {
    file = settings.string("file", "keys.yaml");
  }
  const bool forward = settings.boolean("forward", true);
  settings.finish();

  Errors errors;
  const auto error = [&](std::string_view id) {
    return setup.error(id, settings.mark(), problems);
  };
  errors.missing = error("missing_api_key");
  errors.invalid = error("invalid_api_key");
  errors.suspended = error("account_suspended");
  errors.billing_blocked = error("billing_blocked");
  errors.fraud_blocked = error("fraud_blocked");
  if (in_redis) errors.unavailable = error("redis_unavailable");
  error("product_not_enabled");
  if (!in_redis) {
    source.file = KeyTable::read(setup.read_file(file, settings.mark(), problems),
                                 rate_limit::rule_names(setup.gateway, setup.api), problems);
  }
  return std::make_unique<ApiKeyFactory>(std::move(source), std::move(errors), forward,
                                         setup.errors);
}

}  // namespace trackly::filters
