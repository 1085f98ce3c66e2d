// Sends messages through a gateway that ends, or that another one takes over from, and knows of
// each when it was written and what became of it.
//
//   bench_drain_client PORT TLS_PORT NAME
//
// Has some clients of each of the kinds below. A client ends when nobody listens any more, or with
// SIGTERM; what is in flight then is waited for. Prints a line "KIND ID WRITTEN OUTCOME" for each
// attempt. WRITTEN: when the last byte of the request (of an upload, of its head) had been written,
// in microseconds since 1970. OUTCOME:
//
//   answered        in full, with 200
//   unconnected     there was no connection to write it to
//   closed          the connection ended without a byte
//   excluded        HTTP/2: by GOAWAY         refused   HTTP/2: by REFUSED_STREAM
//
// and what must not be: `dropped` (HTTP/2: the connection ended, and no GOAWAY excluded it), `cut`
// (a part of an answer came), `late`, `reset`, or another status. What was excluded or refused is
// sent again with the same id, on a new connection. The API key is in $KEY.

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/curl.h"
#include "tests/support/reaction.h"
#include "tests/support/wire.h"
#include "tests/unit/http/h2_wire.h"

namespace trackly::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kMessage =
    R"({"to":"+14155556789","list_number":"+14155551234","body":"Hello!"})";
constexpr std::string_view kPath = "/api/v2/send";
/// The last stream of a GOAWAY that announces another one.
constexpr std::int32_t kNoStreamYet = 0x7fffffff;

struct Kind {
  std::string_view name;
  Downstream downstream;
  Milliseconds pause;       // between two requests, at most
  bool fresh = false;       // a connection for each request
  bool upload = false;      // pauses within the body too
  bool stubborn = false;    // sends on until a GOAWAY names the last stream
  std::size_t streams = 1;  // at one time
  int work = 1;             // what the service takes for it, in ms
};
constexpr std::array kKinds{
    Kind{"h1-kept", Downstream::h1, Milliseconds(20)},
    Kind{"h1-idle", Downstream::h1, Milliseconds(300)},
    Kind{"h1-new", Downstream::h1, Milliseconds(20), true},
    Kind{"h1-upload", Downstream::h1, Milliseconds(60), false, true},
    Kind{"h1-long", Downstream::h1, Milliseconds(20), false, false, false, 1, 200},
    Kind{"h2-kept", Downstream::h2, Milliseconds(20), false, false, false, 4},
    Kind{"h2-stubborn", Downstream::h2, Milliseconds(20), false, false, true, 4},
    Kind{"h2-new", Downstream::h2, Milliseconds(20), true},
    Kind{"h2-long", Downstream::h2, Milliseconds(20), false, false, false, 4, 200},
    Kind{"tls-h1-kept", Downstream::tls_h1, Milliseconds(20)},
    Kind{"tls-h1-new", Downstream::tls_h1, Milliseconds(60), true},
    Kind{"tls-h2-kept", Downstream::tls_h2, Milliseconds(20), false, false, false, 4},
    Kind{"tls-h2-new", Downstream::tls_h2, Milliseconds(60), true},
};
constexpr int kClientsOfAKind = 3;

std::atomic<bool> stopping = false;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Attempt {
  std::string id;
  std::int64_t written = 0;
};

struct Plan {
  std::uint16_t port;
  std::uint16_t tls_port;
  std::string name;
  std::string key;
};

/// What all clients have in common: where to, and the list of what became of it.
class Client {
 public:
  Client(const Plan& plan, const Kind& kind, int number)
      : plan_(plan),
        kind_(kind),
        prefix_(plan.name + "-" + std::string(kind.name) + "-" + std::to_string(number) + "-"),
        random_(std::random_device{}()) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Until nobody listens, or it is told to stop.
  void run() {
    while (!stopping) {
      const auto wire = connect();
      if (!wire) return note({next_id(), now_us()}, "unconnected");
      serve(*wire);
    }
  }

 protected:
  /// Sends until this connection is of no use any more.
  virtual void serve(Wire& wire) = 0;

  const Kind& kind() const { return kind_; }
  const Plan& plan() const { return plan_; }

  Clock::duration some_pause() {
    std::uniform_int_distribution<std::int64_t> us(0, 1000 * kind_.pause.count());
    return std::chrono::microseconds(us(random_));
  }

  /// Of what has to be sent again, else a new one.
  std::string next_id() {
    if (again_.empty()) return prefix_ + std::to_string(count_++);
    std::string id = std::move(again_.front());
    again_.pop_front();
    return id;
  }
  void repeat(std::string id) { again_.push_back(std::move(id)); }

  void note(const Attempt& attempt, std::string_view outcome) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    std::cout << kind_.name << ' ' << attempt.id << ' ' << attempt.written << ' ' << outcome
              << '\n';
  }

  /// Of a complete answer.
  static std::string outcome_of(std::string_view status, std::string_view body) {
    return status == "200" && body == kAccepted ? "answered" : "status-" + std::string(status);
  }

 private:
  std::unique_ptr<Wire> connect() const {
    try {
      if (!is_tls(kind_.downstream)) return Wire::connect(plan_.port);
      return Wire::connect_tls(plan_.tls_port, is_h2(kind_.downstream) ? "h2" : "http/1.1");
    } catch (const std::runtime_error&) {
      return nullptr;
    }
  }

  const Plan& plan_;
  const Kind& kind_;
  const std::string prefix_;
  std::mt19937 random_;
  long count_ = 0;
  std::deque<std::string> again_;
};

// ---------------------------------------------------------------------------------------- HTTP/1.1

class H1Client final : public Client {
 public:
  using Client::Client;

 private:
  void serve(Wire& wire) override {
    do {
      if (!kind().fresh) std::this_thread::sleep_for(some_pause());
      if (has_ended(wire)) return;
      Attempt attempt = send(wire);
      const HttpMessage answer = wire.read_message("POST");
      note(attempt, outcome_of(wire, answer));
      if (!answer.complete || answer.field("connection") == "close") return;
    } while (!stopping && !kind().fresh && wire.ended() == Wire::End::open);
    if (kind().fresh) std::this_thread::sleep_for(some_pause());
  }

  /// As clients do that keep connections: one that ended meanwhile is not written to. (A look at
  /// TLS could wait for more than there is, and nobody idles for long there.)
  bool has_ended(Wire& wire) const {
    if (is_tls(kind().downstream)) return false;
    wire.read_some(Milliseconds(0));
    return wire.ended() != Wire::End::open;
  }

  Attempt send(Wire& wire) {
    Attempt attempt{next_id()};
    const std::string message = http1_request(
        "POST", kPath,
        "x-api-key: " + plan().key + "\r\nx-request-id: " + attempt.id +
            "\r\nx-work: " + std::to_string(kind().work) + "\r\ncontent-type: application/json\r\n",
        kMessage);
    const std::size_t at_once = message.size() - (kind().upload ? kMessage.size() / 2 : 0);
    wire.send(std::string_view(message).substr(0, at_once));
    attempt.written = now_us();
    if (at_once == message.size()) return attempt;
    std::this_thread::sleep_for(some_pause());
    wire.send(std::string_view(message).substr(at_once));
    return attempt;
  }

  static std::string outcome_of(const Wire& wire, const HttpMessage& answer) {
    if (answer.complete) return Client::outcome_of(std::to_string(answer.status()), answer.body);
    if (wire.ended() == Wire::End::open) return "late";
    return answer.raw.empty() ? "closed" : "cut";
  }
};

// ------------------------------------------------------------------------------------------ HTTP/2

class H2Client final : public Client {
 public:
  using Client::Client;

 private:
  struct Stream {
    Attempt attempt;
    std::string status;  // empty: no head yet
    std::string body;
  };

  void serve(Wire& wire) override {
    begin(wire);
    while (wants_more() || !streams_.empty()) {
      if (wants_more() && streams_.size() < kind().streams && Clock::now() >= next_at_) {
        open_stream(wire);
      }
      if (!read(wire)) break;
    }
    // What is left has seen the end of the connection.
    for (const auto& [id, stream] : streams_) note(stream.attempt, outcome_of(wire, stream));
    if (kind().fresh) std::this_thread::sleep_for(some_pause());
  }

  void begin(Wire& wire) {
    frames_ = std::make_unique<H2Wire>();
    streams_.clear();
    next_stream_ = 1;
    last_stream_.reset();
    received_ = false;
    next_at_ = heard_at_ = Clock::now();
    wire.send(H2Wire::client_preface());
  }

  bool wants_more() const {
    if (stopping || next_stream_ >= kNoStreamYet) return false;
    if (last_stream_ && !(kind().stubborn && *last_stream_ == kNoStreamYet)) return false;
    return !kind().fresh || next_stream_ == 1;
  }

  /// Where the connection takes no more, what it has to say is still to be read.
  void open_stream(Wire& wire) {
    Attempt attempt{next_id()};
    const std::int32_t id = next_stream_;
    next_stream_ += 2;
    const std::string request =
        frames_->headers(id,
                         {{":method", "POST"},
                          {":scheme", is_tls(kind().downstream) ? "https" : "http"},
                          {":authority", "gateway.test"},
                          {":path", std::string(kPath)},
                          {"x-api-key", plan().key},
                          {"x-request-id", attempt.id},
                          {"x-work", std::to_string(kind().work)},
                          {"content-type", "application/json"},
                          {"content-length", std::to_string(kMessage.size())}},
                         false) +
        H2Wire::data(id, kMessage, true);
    wire.send(request);
    attempt.written = now_us();
    streams_[id] = {std::move(attempt), {}, {}};
    next_at_ = Clock::now() + some_pause() / static_cast<int>(kind().streams);
    if (streams_.size() == 1) heard_at_ = Clock::now();
  }

  /// False where nothing comes any more.
  bool read(Wire& wire) {
    auto pause = Milliseconds(100);
    if (wants_more() && streams_.size() < kind().streams) {
      pause = std::clamp(std::chrono::duration_cast<Milliseconds>(next_at_ - Clock::now()),
                         Milliseconds(0), pause);
    }
    const std::string bytes = wire.read_some(pause);
    if (bytes.empty()) {
      return wire.ended() == Wire::End::open &&
             (streams_.empty() || Clock::now() - heard_at_ < kPatience);
    }
    received_ = true;
    heard_at_ = Clock::now();
    std::string reaction;
    for (const std::string& line : frames_->read(bytes)) reaction += take(line);
    return reaction.empty() || wire.send(reaction) || !streams_.empty();
  }

  /// One frame; returns what has to be said to it.
  std::string take(const std::string& line) {
    if (line == "SETTINGS") return H2Wire::settings_ack();
    if (line == "PING") return H2Wire::frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678");
    if (line.starts_with("GOAWAY ")) take_goaway(number_after(line, 7));
    if (line.starts_with("RST_STREAM ")) take_reset(line);
    if (line.starts_with("HEADERS ")) take_part(line, 8);
    if (!line.starts_with("DATA ")) return {};
    take_part(line, 5);
    // More than an answer has: the window never runs out.
    return H2Wire::window_update(0, 100);
  }

  static std::int32_t number_after(const std::string& line, std::size_t at) {
    return static_cast<std::int32_t>(std::stol(line.substr(at)));
  }

  void take_goaway(std::int32_t last) {
    last_stream_ = last;
    while (!streams_.empty() && streams_.rbegin()->first > last) {
      end(std::prev(streams_.end()), "excluded");
    }
  }

  void take_reset(const std::string& line) {
    const auto stream = streams_.find(number_after(line, 11));
    if (stream == streams_.end()) return;  // it was answered in full
    const bool refused = line.ends_with(" " + std::to_string(NGHTTP2_REFUSED_STREAM));
    end(stream, stream->second.status.empty() ? (refused ? "refused" : "reset") : "cut");
  }

  /// A head or a piece of body: "<stream> <what> [end]" from `at` on.
  void take_part(const std::string& line, std::size_t at) {
    const auto stream = streams_.find(number_after(line, at));
    if (stream == streams_.end()) return;
    const bool ends = line.ends_with(" end");
    const std::size_t begin = line.find(' ', at) + 1;
    const std::string what = line.substr(begin, line.size() - (ends ? 4 : 0) - begin);
    constexpr std::string_view kStatus = ":status=";
    if (what.starts_with(kStatus)) {
      stream->second.status = what.substr(kStatus.size(), 3);
    } else {
      stream->second.body += what;
    }
    if (ends) end(stream, Client::outcome_of(stream->second.status, stream->second.body));
  }

  void end(std::map<std::int32_t, Stream>::iterator stream, const std::string& outcome) {
    note(stream->second.attempt, outcome);
    if (outcome == "excluded" || outcome == "refused") repeat(stream->second.attempt.id);
    streams_.erase(stream);
  }

  std::string outcome_of(const Wire& wire, const Stream& stream) const {
    if (wire.ended() == Wire::End::open) return "late";
    if (!stream.status.empty()) return "cut";
    return received_ ? "dropped" : "closed";
  }

  std::unique_ptr<H2Wire> frames_;
  std::map<std::int32_t, Stream> streams_;
  std::int32_t next_stream_ = 1;
  std::optional<std::int32_t> last_stream_;  // of the GOAWAY that came last
  bool received_ = false;                    // anything at all, on this connection
  Clock::time_point next_at_;
  Clock::time_point heard_at_;
};

std::unique_ptr<Client> make_client(const Plan& plan, const Kind& kind, int number) {
  if (is_h2(kind.downstream)) return std::make_unique<H2Client>(plan, kind, number);
  return std::make_unique<H1Client>(plan, kind, number);
}

}  // namespace
}  // namespace trackly::test

int main(int count, char** arguments) {
  using namespace trackly::test;
  const char* key = std::getenv("KEY");
  if (count != 4 || key == nullptr) {
    std::cerr << "KEY=... bench_drain_client PORT TLS_PORT NAME\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTERM, [](int) { stopping = true; });
  const Plan plan{static_cast<std::uint16_t>(std::atoi(arguments[1])),
                  static_cast<std::uint16_t>(std::atoi(arguments[2])), arguments[3], key};
  std::vector<std::jthread> clients;
  for (const Kind& kind : kKinds) {
    for (int i = 0; i < kClientsOfAKind; ++i) {
      clients.emplace_back([&plan, &kind, i] { make_client(plan, kind, i)->run(); });
    }
  }
  return 0;
}
