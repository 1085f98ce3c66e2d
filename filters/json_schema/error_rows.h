#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gateway/api/node.h"

namespace trackly::json_schema {

/// A row of the error catalogue as a schema names it.
struct Row {
  std::string id;  // empty: none
  Mark mark;
  std::string values;  // what fills {values} of its text

  bool is_named() const { return !id.empty(); }
};

/// The `x-error` of one schema: which of its keywords names which row.
class ErrorRows {
 public:
  /// Reads schema's `x-error`; a schema without one names no rows.
  ErrorRows(const Node& schema, Problems& problems);

  /// The row for one of the schema's keywords. `about_children` says that the keyword is about
  /// parts of the value, to which a row for all keywords does not extend.
  Row of(std::string_view keyword, bool about_children) const;
  /// The row for a required property that is missing.
  Row of_missing(std::string_view property) const;

 private:
  void read_mapping(const Node& schema, const Node& x_error, Problems& problems);
  void read_required(const Node& schema, const Node& value, Problems& problems);
  Row row(const Node& id, Problems& problems) const;

  std::string values_;
  Row all_;
  std::map<std::string, Row, std::less<>> by_keyword_;
  std::map<std::string, Row, std::less<>> by_missing_property_;
};

}  // namespace trackly::json_schema
