#include "filters/entitlements.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/json_body.h"
#include "filters/json_schema/pointer.h"

namespace trackly::filters {
namespace {

using json_schema::Pointer;

/// The string at a place of the body; nullopt where there is none, which is the schema's to judge.
std::optional<std::string_view> string_at(const Pointer& pointer, json::Value body) {
  const auto value = pointer.find(body);
  return value && value->is_string() ? std::optional(value->string()) : std::nullopt;
}

struct Demand {
  std::optional<Pointer> calling_code_of;
  std::string feature;
  std::optional<Pointer> where;
  std::string equals;
  ErrorRef error;
  std::string place;  // for the detail of the refusal

  bool is_met(const Account& account, json::Value body) const {
    if (calling_code_of) {
      if (!account.calling_codes) return true;
      const auto number = string_at(*calling_code_of, body);
      return !number || may_call(*account.calling_codes, *number);
    }
    if (!account.features || (where && string_at(*where, body) != equals)) return true;
    return std::find(account.features->begin(), account.features->end(), feature) !=
           account.features->end();
  }

 private:
  static bool may_call(const std::vector<std::string>& codes, std::string_view number) {
    if (number.empty() || number.front() != '+') return true;  // no E.164: the schema's to judge
    number.remove_prefix(1);
    return std::any_of(codes.begin(), codes.end(), [number](const std::string& code) {
      return number.substr(0, code.size()) == code;
    });
  }
};

struct Demands {
  std::vector<Demand> list;  // in the order of judging
  JsonBody body;
};

class Entitlements final : public Filter {
 public:
  explicit Entitlements(std::shared_ptr<const Demands> demands) : demands_(std::move(demands)) {}

  Verdict on_request(Exchange& exchange, Resume) const override {
    if (exchange.key == nullptr) return Verdict::next();
    const Account& account = *exchange.key->account;
    if (!account.features && !account.calling_codes) return Verdict::next();
    JsonBody::Outcome body = demands_->body.read(exchange);
    if (!body.document) return std::move(body.verdict);
    for (const Demand& demand : demands_->list) {
      if (!demand.is_met(account, *body.document)) {
        return Verdict::reject(demand.error, demand.place);
      }
    }
    return Verdict::next();
  }

 private:
  std::shared_ptr<const Demands> demands_;
};

/// The pointers are syntactically sound: the API description was read.
Demand demand_of(const Entitlement& entitlement, ErrorRef error) {
  Demand demand;
  demand.feature = entitlement.feature;
  demand.equals = entitlement.where_equals;
  demand.error = std::move(error);
  demand.place = entitlement.calling_code_of;
  if (!entitlement.calling_code_of.empty()) {
    demand.calling_code_of = Pointer::parse(entitlement.calling_code_of);
  }
  if (!entitlement.where_pointer.empty()) {
    demand.where = Pointer::parse(entitlement.where_pointer);
    demand.place = entitlement.where_pointer;
  }
  return demand;
}

class EntitlementsFactory final : public FilterFactory {
 public:
  EntitlementsFactory(const FilterSetup& setup, const Mark& mark, Problems& problems) {
    const ErrorRef invalid_input = setup.error("invalid_input", mark, problems);
    for (const Operation& operation : setup.api.operations) {
      if (operation.entitlements.empty()) continue;
      auto demands =
          std::make_shared<Demands>(Demands{{}, JsonBody(operation.body_required, invalid_input)});
      for (const Entitlement& entitlement : operation.entitlements) {
        demands->list.push_back(
            demand_of(entitlement, setup.error(entitlement.error, entitlement.mark, problems)));
      }
      demands_.emplace(&operation, std::move(demands));
    }
  }

  std::unique_ptr<Filter> make(const Operation& operation, Services&) const override {
    const auto demands = demands_.find(&operation);
    return demands == demands_.end() ? nullptr : std::make_unique<Entitlements>(demands->second);
  }

  std::string describe(const Operation& operation) const override {
    std::string text;
    for (const Entitlement& entitlement : operation.entitlements) {
      text += text.empty() ? "" : ", ";
      if (entitlement.feature.empty()) {
        text += "calling code of " + entitlement.calling_code_of;
        continue;
      }
      text += "feature " + entitlement.feature;
      if (entitlement.where_pointer.empty()) continue;
      text += " where " + entitlement.where_pointer + " is " + entitlement.where_equals;
    }
    return text;
  }

  std::vector<PossibleAnswer> answers(const Operation& operation) const override {
    const auto found = demands_.find(&operation);
    if (found == demands_.end()) return {};
    std::vector<PossibleAnswer> all;
    for (const Demand& demand : found->second->list) {
      const bool is_feature = !demand.feature.empty();
      all.push_back(
          {demand.error, is_feature ? "feature " + demand.feature : "calling_codes", true});
    }
    return all;
  }

 private:
  std::map<const Operation*, std::shared_ptr<const Demands>> demands_;
};

}  // namespace

std::unique_ptr<FilterFactory> make_entitlements(MappingReader& settings,
                                                 const FilterSetup& setup) {
  settings.finish();
  return std::make_unique<EntitlementsFactory>(setup, settings.mark(), settings.problems());
}

}  // namespace trackly::filters
