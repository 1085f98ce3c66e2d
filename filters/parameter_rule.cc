#include "filters/parameter_rule.h"

#include <algorithm>

#include "filters/percent.h"
#include "gateway/json/scalar.h"

namespace trackly::filters {
namespace {

json::Scalar as_declared(std::string_view text, std::uint8_t types) {
  std::optional<json::Scalar> scalar;
  if ((types & json_schema::kString) == 0) {
    if (types & (json_schema::kNumber | json_schema::kInteger)) scalar = json::Scalar::number(text);
    if (!scalar && types & json_schema::kBoolean) scalar = json::Scalar::boolean(text);
  }
  return scalar ? *scalar : json::Scalar::string(text);
}

}  // namespace

ErrorRef ParameterRule::refusal(const Exchange& exchange) const {
  if (in == Parameter::In::query) return query_refusal(exchange.query);
  return value_refusal(exchange.path_values[path_index]);
}

ErrorRef ParameterRule::query_refusal(std::string_view query) const {
  ErrorRef first_refusal;
  bool is_there = false;
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (percent_decoded(pair.substr(0, equals)) != name) continue;
    pair.remove_prefix(std::min(equals + 1, pair.size()));
    if (pair.empty() && empty_is_missing) continue;
    is_there = true;
    ErrorRef refusal = value_refusal(percent_decoded(pair));
    if (refusal == nullptr) return nullptr;
    if (first_refusal == nullptr) first_refusal = std::move(refusal);
  }
  return is_there || !required ? first_refusal : missing;
}

ErrorRef ParameterRule::value_refusal(std::string_view text) const {
  if (program == nullptr) return nullptr;
  const json::Scalar scalar = as_declared(text, program->declared_types());
  const auto violation = program->check(scalar.value());
  return violation ? violation->error : nullptr;
}

}  // namespace trackly::filters
