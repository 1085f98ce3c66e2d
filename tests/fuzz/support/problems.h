#pragma once

#include <string>

#include "gateway/api/node.h"
#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {

/// What files of the input are called.
inline const std::string kFile = "input.yaml";

/// Every problem says where it is: "input.yaml:line:column: text", or the same in another file.
inline void require_places(const Problems& problems) {
  for (const std::string& line : problems.lines()) {
    const std::size_t name = line.find(".yaml:");
    const std::size_t digit = name == std::string::npos ? name : name + 6;
    require(digit != std::string::npos && digit < line.size() && line[digit] >= '0' &&
                line[digit] <= '9',
            "a problem has a place: " + line);
  }
}

}  // namespace trackly::fuzz
