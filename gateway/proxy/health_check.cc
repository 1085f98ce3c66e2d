#include "gateway/proxy/health_check.h"

#include <string>
#include <utility>

#include "gateway/proxy/codec_connection.h"

namespace trackly::proxy {
namespace {

const char* phrase_of(http::PeerReset reset) {
  if (reset.malformed) return "malformed answer";
  return reset.not_processed ? "request refused" : "connection closed without an answer";
}

Head request_of(const Target& target, const HealthCheckSettings& settings) {
  Head head;
  head.method = "GET";
  head.scheme = target.address().tls ? "https" : "http";
  head.authority = settings.host.empty() ? target.authority() : settings.host;
  head.target = settings.path;
  head.fields.add("User-Agent", "trackly-gateway health check");
  return head;
}

}  // namespace

/// The connection. It tells its owner the first outcome and closes; what still happens on it then,
/// until it is destroyed at the end of the turn, concerns nobody.
class HealthCheck::Probe final : public CodecConnection {
 public:
  Probe(HealthCheck& owner, net::Connector& connector, const Target& target,
        const HealthCheckSettings& settings)
      : CodecConnection(owner.loop_, settings.timeout),
        owner_(&owner),
        protocol_(target.settings().protocol),
        request_(request_of(target, settings)),
        deadline_(owner.loop_.timer([this] { on_deadline(); })) {
    deadline_->arm(settings.timeout);
    set_transport(connector.connect(target.address(), settings.timeout, *this));
  }

  /// The owner is going.
  void withdraw() {
    owner_ = nullptr;
    close(/*abortive=*/false);
  }

 private:
  // net::TransportEvents
  void on_connected() override {
    if (closed()) return;
    const http::CodecLimits limits;
    const bool agreed_h2 = transport().alpn() == "h2";
    const bool h2 = protocol_ == EndpointSettings::Protocol::h2c || agreed_h2;
    set_codec(h2 ? http::make_h2_codec(http::Side::client, request_.scheme, limits, *this)
                 : http::make_h1_codec(http::Side::client, request_.scheme, limits, *this));
    codec().drain(http::DrainPhase::announce);
    codec().send_head(codec().open(), request_, /*end=*/true);
    schedule_flush();
  }
  void on_error(net::TransportError error) override {
    const bool is_ours = error == net::TransportError::no_local_resources;
    conclude({is_ours ? Outcome::Kind::unknown : Outcome::Kind::failed,
              std::string(net::phrase_of(error))});
  }

  // CodecConnection
  void on_flushed() override {}
  void on_codec_finished() override { close(/*abortive=*/false); }
  void on_closed() override { fail("connection closed without an answer"); }

  // http::CodecEvents
  void on_head(http::StreamId, Head head, bool) override {
    if (head.status / 100 == 2) return conclude({Outcome::Kind::passed});
    fail("answered " + std::to_string(head.status));
  }
  void on_reset(http::StreamId, http::PeerReset reset) override { fail(phrase_of(reset)); }
  void on_informational(http::StreamId, Head) override {}
  void on_bad_head(http::StreamId, Head, http::HeadFault) override {}
  void on_bad_body(http::StreamId) override {}
  void on_body(http::StreamId, std::string_view) override {}
  void on_trailers(http::StreamId, FieldList) override {}
  void on_end(http::StreamId) override {}
  void on_room(http::StreamId) override {}
  void on_done(http::StreamId) override {}
  void on_closing() override {}

  void on_deadline() { fail(has_codec() ? "no answer in time" : "no connection in time"); }

  void fail(std::string why) { conclude({Outcome::Kind::failed, std::move(why)}); }
  void conclude(const Outcome& outcome) {
    HealthCheck* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    close(/*abortive=*/false);
    owner->finish(outcome);
  }

  HealthCheck* owner_;  // nullptr: it knows the outcome, or does not want it
  const EndpointSettings::Protocol protocol_;
  const Head request_;
  std::unique_ptr<Timer> deadline_;  // for connecting, asking and the response's head
};

HealthCheck::HealthCheck(Loop& loop, net::Connector& connector, const Target& target,
                         const HealthCheckSettings& settings, Done done)
    : loop_(loop),
      done_(std::move(done)),
      probe_(std::make_unique<Probe>(*this, connector, target, settings)) {}

HealthCheck::~HealthCheck() {
  if (probe_ == nullptr) return;
  probe_->withdraw();
  loop_.defer_delete(std::move(probe_));
}

void HealthCheck::finish(const Outcome& outcome) {
  loop_.defer_delete(std::move(probe_));
  // It may destroy the check.
  const Done done = std::move(done_);
  done(outcome);
}

}  // namespace trackly::proxy
