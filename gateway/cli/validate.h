#pragma once

#include <iosfwd>
#include <string>

namespace trackly::cli {

/// `validate`: judges the JSON value in a file by the JSON Schema in another (JSON or YAML). Prints
/// "valid", or "<pointer>: <keyword>" of the first violation. The exit code is 0 for valid, 1 for
/// not valid, 2 where the schema cannot be compiled or a file not read (the reason goes to `err`).
int validate(const std::string& schema_path, const std::string& instance_path, std::ostream& out,
             std::ostream& err);

}  // namespace trackly::cli
