#include "filters/payload_limit.h"

#include <string>
#include <utility>

namespace trackly::filters {
namespace {

// "The total request body exceeds the 5 MB limit" (error-codes page), read as MiB: the edge must
// not refuse what the service accepts.
constexpr std::uint64_t kDefaultMaxBytes = 5 * 1024 * 1024;

class PayloadLimit final : public Filter {
 public:
  PayloadLimit(std::uint64_t max_bytes, ErrorRef error)
      : max_bytes_(max_bytes), error_(std::move(error)) {}

  Verdict on_request(Exchange& exchange, Resume) const override {
    if (exchange.request.content_length.value_or(0) > max_bytes_) return Verdict::reject(error_);
    // A second payload_limit in the chain can only narrow the first.
    if (max_bytes_ < exchange.body_cap.max_bytes) {
      exchange.body_cap.max_bytes = max_bytes_;
      exchange.body_cap.error = error_;
    }
    return Verdict::next();
  }

 private:
  std::uint64_t max_bytes_;
  ErrorRef error_;
};

class PayloadLimitFactory final : public FilterFactory {
 public:
  PayloadLimitFactory(std::uint64_t max_bytes, ErrorRef error)
      : max_bytes_(max_bytes), error_(std::move(error)) {}

  // Also where no body is described: nothing keeps a client from sending one.
  std::unique_ptr<Filter> make(const Operation&, Services&) const override {
    return std::make_unique<PayloadLimit>(max_bytes_, error_);
  }
  std::string describe(const Operation&) const override {
    return "body up to " + std::to_string(max_bytes_) + " bytes";
  }
  std::vector<PossibleAnswer> answers(const Operation&) const override {
    return {{error_, "max_bytes"}};
  }

 private:
  std::uint64_t max_bytes_;
  ErrorRef error_;
};

}  // namespace

std::unique_ptr<FilterFactory> make_payload_limit(MappingReader& settings,
                                                  const FilterSetup& setup) {
  const std::uint64_t max_bytes = settings.bytes("max_bytes", kDefaultMaxBytes);
  settings.finish();
  return std::make_unique<PayloadLimitFactory>(
      max_bytes, setup.error("payload_too_large", settings.mark(), settings.problems()));
}

}  // namespace trackly::filters
