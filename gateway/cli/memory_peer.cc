#include "gateway/cli/memory_peer.h"

#include <utility>

namespace trackly::cli {

// ----------------------------------------------------------------------------------- RequestReader

RequestReader::RequestReader()
    : codec_(http::make_h1_codec(
          http::Side::server, "http",
          {.header_bytes = SIZE_MAX / 2, .header_count = SIZE_MAX / 2, .uri_bytes = SIZE_MAX / 2},
          *this)) {}

RequestReader::~RequestReader() = default;

std::size_t RequestReader::feed(std::string_view bytes) {
  if (!request_) wire_.append(bytes);
  const auto taken = codec_->receive(bytes);
  return taken ? *taken : bytes.size();
}

std::string RequestReader::take_answer() {
  std::string answer;
  while (codec_->produce(answer, SIZE_MAX)) {
  }
  if (!answer.empty()) request_.reset();
  return answer;
}

void RequestReader::begin() {
  request_.emplace();
  request_->head = wire_.substr(0, wire_.find("\r\n\r\n"));
  wire_.clear();
}

void RequestReader::on_head(http::StreamId id, Head, bool end) {
  begin();
  if (end) on_end(id);
}

void RequestReader::on_bad_head(http::StreamId, Head, http::HeadFault) {
  begin();
  request_->malformed = true;
}

void RequestReader::on_bad_body(http::StreamId) { request_->malformed = true; }

void RequestReader::on_body(http::StreamId id, std::string_view bytes) {
  request_->body_bytes += bytes.size();
  codec_->credit(id, bytes.size());
}

void RequestReader::on_end(http::StreamId id) {
  request_->complete = true;
  Head answer;
  answer.status = 204;
  codec_->send_head(id, answer, true);
}

// --------------------------------------------------------------------------------- MemoryConnector

class MemoryConnector::Service final : public MemoryTransport {
 public:
  Service(Loop& loop, const Received& received, const std::string& host,
          net::TransportEvents& our_end)
      : MemoryTransport(host), received_(received), next_turn_(loop.timer([this] { act(); })) {
    set_events(&our_end);
    next_turn_->arm(Duration::zero());
  }

  std::size_t write(std::string_view bytes) override {
    reader_.feed(bytes);
    const auto& request = reader_.request();
    if (request && request->complete) {
      received_(*request);
      next_turn_->arm(Duration::zero());
    }
    return bytes.size();
  }

 private:
  void act() {
    if (!std::exchange(connected_, true)) return events().on_connected();
    const std::string answer = reader_.take_answer();
    if (!answer.empty()) events().on_data(answer);
  }

  const Received& received_;
  RequestReader reader_;
  bool connected_ = false;
  const std::unique_ptr<Timer> next_turn_;
};

std::unique_ptr<net::Transport> MemoryConnector::connect(const net::Address& address, Duration,
                                                         net::TransportEvents& events) {
  return std::make_unique<Service>(loop_, received_, address.host, events);
}

}  // namespace trackly::cli
