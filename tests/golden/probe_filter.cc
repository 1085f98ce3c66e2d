#include "tests/golden/probe_filter.h"

#include <array>
#include <string>

namespace trackly::golden {
namespace {

class Probe final : public FilterFactory {
 public:
  explicit Probe(std::string description) : description_(std::move(description)) {}
  std::unique_ptr<Filter> make(const Operation&, Services&) const override { return nullptr; }
  std::string describe(const Operation&) const override { return description_; }
  std::vector<PossibleAnswer> answers(const Operation&) const override { return {}; }

 private:
  const std::string description_;
};

std::unique_ptr<FilterFactory> make_probe(MappingReader& settings, const FilterSetup& setup) {
  std::string description = "limit " + std::to_string(settings.count("limit", 10));
  const std::string error = settings.string("error", "validation_failed");
  const ErrorRef reply = setup.error(error, settings.mark(), settings.problems());
  if (reply != nullptr) description += ", answers " + reply->body;
  const std::string file = settings.string("file", "");
  if (!file.empty()) {
    const Node node = setup.read_file(file, settings.mark(), settings.problems());
    description += ", file says " + node.text;
  }
  settings.finish();
  return std::make_unique<Probe>(description);
}

std::unique_ptr<FilterFactory> make_second(MappingReader& settings, const FilterSetup&) {
  settings.finish();
  return std::make_unique<Probe>("on");
}

constexpr std::array<FilterKind, 2> kKinds = {FilterKind{"probe", make_probe},
                                              FilterKind{"second", make_second}};

}  // namespace

FilterRegistry probe_registry() { return kKinds; }

}  // namespace trackly::golden
