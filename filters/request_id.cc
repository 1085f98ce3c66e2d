#include "filters/request_id.h"

#include "gateway/api/request_id.h"

namespace trackly::filters {
namespace {

class RequestId final : public Filter {
 public:
  explicit RequestId(Loop& loop) : loop_(loop) {}

  Verdict on_request(Exchange& exchange, Resume) const override {
    exchange.request_id = choose_request_id(exchange.request.fields, loop_);
    return Verdict::next();
  }

 private:
  Loop& loop_;
};

class RequestIdFactory final : public FilterFactory {
 public:
  std::unique_ptr<Filter> make(const Operation&, Services& services) const override {
    return std::make_unique<RequestId>(services.loop);
  }
  std::string describe(const Operation&) const override { return {}; }
  std::vector<PossibleAnswer> answers(const Operation&) const override { return {}; }
};

}  // namespace

std::unique_ptr<FilterFactory> make_request_id(MappingReader& settings, const FilterSetup&) {
  settings.finish();
  return std::make_unique<RequestIdFactory>();
}

}  // namespace trackly::filters
