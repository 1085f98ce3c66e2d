#include "tests/fuzz/support/forwarding.h"

#include <utility>

#include "gateway/proxy/upstream_head.h"
#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/strict_http.h"

namespace trackly::fuzz {
namespace {

constexpr std::string_view kPeer = "192.0.2.1";

}  // namespace

/// One request on its way to the service.
class Forwarding::Call final : private proxy::BodySource,
                               private proxy::BodySink,
                               private http::CodecEvents {
 public:
  Call(http::Codec& downstream, http::StreamId id, Head head, bool end, Loop& loop)
      : downstream_(downstream),
        downstream_id_(id),
        codec_(http::make_h1_codec(http::Side::client, "http", limits(), *this)) {
    record_.request = head;
    exchange_.request = std::move(head);
    exchange_.protocol = exchange_.request.protocol;
    exchange_.request_id = "id";
    exchange_.upstream_fields.add("X-Account-Id", "account");
    exchange_.removed_upstream_fields.push_back("X-Api-Key");
    exchange_.trace_context =
        continue_trace(exchange_.request.fields, loop).value_or(begin_trace(loop));
    upstream_head_ = proxy::make_upstream_head(exchange_, false, kPeer);
    ended_ = record_.complete = end;
  }

  /// Opens the connection to the service; what came before waits.
  void begin() {
    if (std::exchange(begun_, true)) return;
    id_ = codec_->open();
    const bool end = ended_ && record_.body.empty() && !trailers_;
    codec_->send_head(id_, upstream_head_, end);
    if (!end) pipe_.connect(this, this);
  }

  void body(std::string_view bytes) {
    record_.body.append(bytes);
    pipe_.push(bytes);
  }
  void trailers(FieldList trailers) {
    record_.trailers = trailers;
    trailers_ = std::move(trailers);
  }
  void end() {
    ended_ = record_.complete = true;
    if (trailers_) trailers_ = proxy::make_upstream_trailers(*std::move(trailers_), exchange_);
    pipe_.end(std::move(trailers_));
  }

  void produce() {
    while (codec_->produce(record_.written, 64)) {
    }
  }
  bool ended() const { return ended_; }
  const Forwarded& record() const { return record_; }

 private:
  static http::CodecLimits limits() {
    http::CodecLimits limits;
    limits.send_buffer = 50;
    return limits;
  }

  void credit(std::size_t bytes) override { downstream_.credit(downstream_id_, bytes); }
  std::size_t send_body(std::string_view bytes, bool end) override {
    return codec_->send_body(id_, bytes, end);
  }
  void send_trailers(const FieldList& trailers) override { codec_->send_trailers(id_, trailers); }

  void on_head(http::StreamId, Head, bool) override {}
  void on_informational(http::StreamId, Head) override {}
  void on_bad_head(http::StreamId, Head, http::HeadFault) override {}
  void on_bad_body(http::StreamId) override {}
  void on_body(http::StreamId, std::string_view) override {}
  void on_trailers(http::StreamId, FieldList) override {}
  void on_end(http::StreamId) override {}
  void on_room(http::StreamId) override { pipe_.pump(); }
  void on_reset(http::StreamId, http::PeerReset) override {}
  void on_done(http::StreamId) override {}
  void on_closing() override {}

  http::Codec& downstream_;
  const http::StreamId downstream_id_;
  Exchange exchange_;
  Head upstream_head_;
  proxy::BodyPipe pipe_;
  std::optional<FieldList> trailers_;
  Forwarded record_;
  bool begun_ = false;
  bool ended_ = false;
  http::StreamId id_ = 0;
  const std::unique_ptr<http::Codec> codec_;
};

Forwarding::Forwarding(Version version, const http::CodecLimits& limits, bool later)
    : later_(later), codec_(version, http::Side::server, limits, *this) {}

Forwarding::~Forwarding() = default;

void Forwarding::receive(std::string_view bytes, Cuts& cuts) {
  while (!bytes.empty() && !failed_) {
    const auto taken = codec_.receive(bytes.substr(0, cuts.next(bytes.size())));
    failed_ = !taken;
    bytes.remove_prefix(taken ? *taken : 0);
    turn();
    if (taken && *taken == 0 && !codec_.wants_input()) break;
  }
  took_all_ = bytes.empty();
}

void Forwarding::end() {
  if (took_all_ && !failed_) codec_.receive_eof();
  turn();
}

void Forwarding::turn() {
  for (const auto& [id, call] : calls_) {
    call->begin();
    call->produce();
    if (call->ended()) answer(id, 200);
  }
  for (const http::StreamId id : std::exchange(to_refuse_, {})) answer(id, 400);
  while (codec_.produce(output_, 1000)) {
  }
  output_.clear();
}

void Forwarding::answer(http::StreamId id, int status) {
  Head head;
  head.status = status;
  codec_.send_head(id, head, true);
}

void Forwarding::on_head(http::StreamId id, Head head, bool end) {
  // As the stream does; the codec leaves these to it.
  if (head.method == "CONNECT" || head.target == "*") return to_refuse_.push_back(id);
  const auto call =
      calls_.emplace(id, std::make_unique<Call>(codec_, id, std::move(head), end, loop_)).first;
  if (!later_) call->second->begin();
}

void Forwarding::on_body(http::StreamId id, std::string_view bytes) {
  if (const auto call = calls_.find(id); call != calls_.end()) {
    call->second->body(bytes);
  } else {
    codec_.credit(id, bytes.size());
  }
}

void Forwarding::on_trailers(http::StreamId id, FieldList trailers) {
  if (const auto call = calls_.find(id); call != calls_.end()) {
    call->second->trailers(std::move(trailers));
  }
}

void Forwarding::on_end(http::StreamId id) {
  if (const auto call = calls_.find(id); call != calls_.end()) call->second->end();
}

std::vector<const Forwarding::Forwarded*> Forwarding::requests() const {
  std::vector<const Forwarded*> all;
  for (const auto& [id, call] : calls_) all.push_back(&call->record());
  return all;
}

void require_faithful(const Forwarding::Forwarded& forwarded) {
  const StrictMessage message = strict_request(forwarded.written);
  const std::string shown = "<" + forwarded.written + ">";
  require(message.state != StrictMessage::State::malformed,
          "what is written is no message: " + shown);
  require(message.has_head, "the head is written: " + shown);
  require(message.method == forwarded.request.method, "the same method: " + shown);
  require(message.target == forwarded.request.target, "the same target: " + shown);
  require(message.version == "HTTP/1.1", "our own version: " + shown);
  const auto hosts = message.values("host");
  require(hosts.size() == 1 && hosts.front() == forwarded.request.authority,
          "one Host, the authority of the request: " + shown);

  for (const char* name : {"connection", "keep-alive", "proxy-connection", "te", "upgrade",
                           "expect", "http2-settings", "x-api-key"}) {
    require(message.values(name).empty(), "no field of the client's connection: " + shown);
  }
  for (const char* name : {"x-account-id", "x-request-id", "via", "x-forwarded-for",
                           "x-forwarded-proto", "traceparent"}) {
    require(message.values(name).size() == 1,
            std::string("one field of ours ") + name + ": " + shown);
  }
  for (const auto& [name, value] : message.fields) {
    std::string folded = lower(name);
    for (char& c : folded) c = c == '_' ? '-' : c;
    const bool imitates = name.find('_') != std::string::npos &&
                          (folded == "content-length" || folded == "transfer-encoding" ||
                           folded == "host" || folded == "x-api-key" || folded == "x-account-id");
    require(!imitates, "no field that a service could take for one of ours: " + shown);
  }

  const bool is_whole = message.state == StrictMessage::State::complete;
  // A body of the announced length is whole, although a client of HTTP/2 may not have said so yet.
  const auto length = forwarded.request.content_length;
  const bool should_be = forwarded.complete || (length && *length == forwarded.body.size());
  require(is_whole == should_be, "what is whole is written whole, and nothing else: " + shown);
  if (!is_whole) return;
  require(message.size == forwarded.written.size(), "one message, and none behind it: " + shown);
  require(message.body == forwarded.body, "the same body: " + shown);
  require(message.trailers.size() <= forwarded.trailers.size(), "no trailers but the client's");
}

}  // namespace trackly::fuzz
