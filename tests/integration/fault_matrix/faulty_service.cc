#include "tests/integration/fault_matrix/faulty_service.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tests/support/reaction.h"

namespace trackly::test {
namespace {

using Certificate = Fault::Certificate;

const char* protocol_of(Link link) { return is_h2(link) ? "h2" : "http/1.1"; }

/// The client sees the head before the fault happens.
bool waits_for_client(Stage stage) {
  return stage == Stage::body || stage == Stage::chunks || stage == Stage::body_until_close ||
         stage == Stage::end_of_body || stage == Stage::idle;
}

}  // namespace

FaultyService::FaultyService(Link link) : link_(link), listening_fd_(listen_on_free_port()) {
  if (!is_tls(link)) return;
  const CertificateFiles good = make_certificate(directory_, "localhost");
  const TempDir other_directory;  // files are named after the host
  const CertificateFiles expired = make_expired_certificate(other_directory, "localhost");
  authorities_ =
      directory_.write("ca.pem", read_file(good.certificate) + read_file(expired.certificate));
  const auto serve_with = [&](Certificate kind, const CertificateFiles& files) {
    contexts_[static_cast<std::size_t>(kind)] =
        std::make_unique<TlsServerContext>(files, protocol_of(link));
  };
  serve_with(Certificate::good, good);
  serve_with(Certificate::of_another_name, make_certificate(directory_, "other.test", &good));
  serve_with(Certificate::expired, expired);
  serve_with(Certificate::of_nobody, make_certificate(TempDir(), "localhost"));
  other_protocol_ = std::make_unique<TlsServerContext>(good, "h3");
}

FaultyService::~FaultyService() {
  stop();
  close(listening_fd_);
}

std::string FaultyService::url() const {
  const char* scheme = is_tls(link_) ? "https" : is_h2(link_) ? "h2c" : "http";
  return scheme + std::string("://127.0.0.1:") + std::to_string(port_of(listening_fd_));
}

void FaultyService::play(Script script) {
  stop();
  {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
    requests_ = 0;
    proceeding_ = played_ = stopped_ = false;
  }
  acceptor_ = std::make_unique<Acceptor>(fcntl(listening_fd_, F_DUPFD_CLOEXEC, 0),
                                         [this](Wire& wire) { serve(wire); });
}

void FaultyService::proceed() {
  const std::lock_guard lock(mutex_);
  proceeding_ = true;
  changed_.notify_all();
}

bool FaultyService::wait_until_played() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [this] { return played_; });
}

void FaultyService::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  acceptor_.reset();
}

int FaultyService::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

FaultyService::Turn FaultyService::next_turn() {
  const std::lock_guard lock(mutex_);
  const int nth = requests_++;
  const int first = script_.healthy_before;
  return nth >= first && nth < first + script_.faulty ? Turn::faulty : Turn::healthy;
}

bool FaultyService::all_healthy_served() const {
  const std::lock_guard lock(mutex_);
  return requests_ == script_.healthy_before;
}

void FaultyService::wait_to_proceed() {
  if (!waits_for_client(script_.stage)) return;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [this] { return proceeding_ || stopped_; });
}

void FaultyService::finish(Wire& wire) {
  switch (script_.fault.then) {
    case Fault::Then::stays:
      break;
    case Fault::Then::ends:
      wire.finish_sending();
      break;
    case Fault::Then::ends_without_notice:
      wire.finish_sending_without_notice();
      break;
    case Fault::Then::resets:
      wire.reset();
      break;
  }
  const std::lock_guard lock(mutex_);
  played_ = true;
  changed_.notify_all();
}

void FaultyService::serve(Wire& wire) {
  if (is_tls(link_) && !shake_hands(wire)) return;
  is_h2(link_) ? serve_h2(wire) : serve_h1(wire);
}

bool FaultyService::shake_hands(Wire& wire) {
  const Fault& fault = script_.fault;
  const bool fails = script_.stage == Stage::handshake;
  if (!fails) return wire.accept_tls(contexts_[0]->get());
  if (fault.certificate != Certificate::good) {
    wire.accept_tls(contexts_[static_cast<std::size_t>(fault.certificate)]->get());
  } else if (!fault.protocol.empty()) {
    wire.accept_tls(other_protocol_->get());
  } else if (wire.wait_readable()) {
    H2Wire unused;
    wire.send(fault.bytes(unused, 0));
    finish(wire);
    wire.wait_for_end();
  }
  return false;
}

void FaultyService::serve_h1(Wire& wire) {
  for (bool idle = false;; idle = true) {
    if (script_.stage == Stage::idle && idle && all_healthy_served()) return fail_h1(wire);
    if (!wire.wait_readable()) return;
    if (next_turn() == Turn::faulty) return fail_h1(wire);
    if (!wire.read_message().complete || !wire.send(http1_answer(200, kAccepted))) return;
  }
}

void FaultyService::fail_h1(Wire& wire) {
  if (script_.stage == Stage::part_of_request) {
    wire.read_head();
    if (script_.streamed) wire.read_exactly(1);
  } else if (script_.stage != Stage::unread && script_.stage != Stage::idle) {
    wire.read_message();
  }
  H2Wire unused;
  const std::string prelude = h1_prelude(script_.stage);
  if (!prelude.empty()) wire.send(prelude);
  wait_to_proceed();
  wire.send(script_.fault.bytes(unused, 0));
  finish(wire);
  const bool takes_the_rest =
      script_.stage != Stage::part_of_request || script_.fault.effect != Effect::silent;
  takes_the_rest ? wire.wait_for_end() : wire.wait_for_stop();
}

/// One connection: frames in, what each request is due out.
class FaultyService::H2Session {
 public:
  H2Session(FaultyService& service, Wire& wire) : service_(service), wire_(wire) {}

  void run() {
    const Script& script = service_.script_;
    if (script.stage == Stage::unread) {
      if (!wire_.wait_readable()) return;
      if (service_.next_turn() == Turn::faulty) {
        fail(0);
        return wire_.wait_for_end();
      }
      turns_[1] = Turn::healthy;  // counted already
    }
    wire_.read_exactly(std::string_view(NGHTTP2_CLIENT_MAGIC).size());
    wire_.send(H2Wire::settings() + H2Wire::settings_ack());
    while (true) {
      const std::string bytes = wire_.read_some();
      if (bytes.empty()) return;
      for (const std::string& line : frames_.read(bytes)) on_frame(line);
      if (script.stage == Stage::idle && last_ > 0 && service_.all_healthy_served()) fail(last_);
    }
  }

 private:
  void on_frame(const std::string& line) {
    const bool head = line.starts_with("HEADERS ");
    if (!head && !line.starts_with("DATA ")) return;
    const auto id = static_cast<std::int32_t>(std::stol(line.substr(line.find(' '))));
    if (done_.contains(id)) return;
    if (head && !turns_.contains(id)) turns_[id] = service_.next_turn();
    const Script& script = service_.script_;
    const bool whole = line.ends_with(" end");
    const bool begun = script.stage == Stage::part_of_request && !(head && script.streamed);
    const bool faulty = turns_[id] == Turn::faulty;
    if (!whole && !(faulty && begun)) return;
    done_.insert(id);
    faulty ? fail(id) : answer(id);
  }

  void answer(std::int32_t id) {
    last_ = id;
    const std::string head =
        frames_.headers(id, {{":status", "200"}, {"content-type", "application/json"}}, false);
    wire_.send(head + H2Wire::data(id, kAccepted, true));
  }

  void fail(std::int32_t id) {
    const Script& script = service_.script_;
    last_ = 0;
    const std::string prelude = h2_prelude(script.stage, frames_, id);
    if (!prelude.empty()) wire_.send(prelude);
    service_.wait_to_proceed();
    wire_.send(script.fault.bytes(frames_, id));
    service_.finish(wire_);
  }

  FaultyService& service_;
  Wire& wire_;
  H2Wire frames_;
  std::map<std::int32_t, Turn> turns_;
  std::set<std::int32_t> done_;
  std::int32_t last_ = 0;  // that was answered as it should be
};

void FaultyService::serve_h2(Wire& wire) { H2Session(*this, wire).run(); }

}  // namespace trackly::test
