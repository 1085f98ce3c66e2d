#include "gateway/api/filter.h"

#include <vector>

namespace trackly {

ErrorRef FilterSetup::error(std::string_view id, const Mark& mark, Problems& problems) const {
  ErrorRef reply = errors.reply(id);
  if (reply == nullptr) {
    std::vector<std::string_view> known;
    for (const ErrorEntry& entry : errors.entries()) known.emplace_back(entry.id);
    std::string text = "unknown error \"" + std::string(id) + "\"";
    const std::string_view nearest = nearest_word(id, known);
    if (!nearest.empty()) text += "; did you mean \"" + std::string(nearest) + "\"?";
    problems.add(mark, text);
  }
  return reply;
}

}  // namespace trackly
