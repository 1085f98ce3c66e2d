#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "filters/json_schema/program.h"
#include "gateway/api/api_description.h"
#include "gateway/api/exchange.h"
#include "gateway/api/filter.h"

namespace trackly::filters {

/// What a path or query parameter of one operation must be.
///
/// Parameters are text: one that its schema declares as a number or boolean is judged as one where
/// it reads as one, and as a string otherwise, so that the schema's `type` refuses it or lets it
/// pass. A query parameter that is repeated passes where one of its values does, since which of
/// them the service reads is not known.
struct ParameterRule {
  Parameter::In in = Parameter::In::query;
  std::string name;
  std::size_t path_index = 0;  // in Exchange::path_values
  bool required = false;
  bool empty_is_missing = false;
  ErrorRef missing;
  std::shared_ptr<const json_schema::Program> program;  // nullptr: anything

  /// The answer to the request; nullptr where the parameter is as it must be.
  ErrorRef refusal(const Exchange& exchange) const;

 private:
  ErrorRef query_refusal(std::string_view query) const;
  ErrorRef value_refusal(std::string_view text) const;
};

}  // namespace trackly::filters
