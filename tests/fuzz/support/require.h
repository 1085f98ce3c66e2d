#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace trackly::fuzz {

/// A property that does not hold ends the run: libFuzzer keeps the input, a replay fails.
inline void require(bool holds, const std::string& property) {
  if (holds) return;
  std::fprintf(stderr, "property violated: %s\n", property.c_str());
  std::abort();
}

}  // namespace trackly::fuzz
