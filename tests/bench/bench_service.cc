// A service for the programs in this directory that can be killed, frozen and moved: it writes the
// X-Request-Id of every request to a file before it answers, so that what was processed is known
// whatever becomes of the answer.
//
//   bench_service ADDRESS PORT PROTOCOL IDS UNHEALTHY [CERTIFICATE KEY]
//
// PROTOCOL: http, h2c, https (HTTP/2 where ALPN agrees to it), or none: accepts and resets. IDS:
// the file; "connect" is written for every connection that is reset. UNHEALTHY: while this file
// exists, GET /healthz is answered with 503. Health checks are not written down. With HTTP/1.1, a
// request that says `X-Work: MS` takes so long.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/fake_service.h"
#include "tests/support/reaction.h"
#include "tests/support/tls_server.h"
#include "tests/unit/http/h2_wire.h"

namespace trackly::test {
namespace {

/// What a request takes, so that some are always on the wire.
constexpr std::chrono::milliseconds kWork{1};

std::chrono::milliseconds work_of(const HttpMessage& request) {
  const std::string work = request.field("x-work");
  return work.empty() ? kWork : std::chrono::milliseconds(std::atoi(work.c_str()));
}

class BenchService {
 public:
  BenchService(std::string protocol, const char* ids, std::string unhealthy)
      : protocol_(std::move(protocol)),
        ids_(open(ids, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)),
        unhealthy_(std::move(unhealthy)) {}

  void speak_tls(const CertificateFiles& files) {
    tls_ = std::make_unique<TlsServerContext>(files, "h2");
  }

  void serve(Wire& wire) {
    if (protocol_ == "none") {
      note("connect");
      return wire.reset();
    }
    if (tls_ && !wire.accept_tls(tls_->get())) return;
    protocol_ == "http" ? serve_h1(wire) : serve_h2(wire);
  }

 private:
  bool healthy() const { return access(unhealthy_.c_str(), F_OK) != 0; }

  /// One write: whole lines, also when this is killed.
  void note(std::string line) {
    line += '\n';
    if (write(ids_, line.data(), line.size()) < 0) std::abort();
  }

  void serve_h1(Wire& wire) {
    while (wire.wait_readable()) {
      const HttpMessage request = wire.read_message();
      if (!request.complete) return;
      int status = 200;
      if (request.target() == "/healthz") {
        status = healthy() ? 200 : 503;
      } else {
        note(request.field("x-request-id"));
        std::this_thread::sleep_for(work_of(request));
      }
      if (!wire.send(http1_answer(status, kAccepted))) return;
    }
  }

  void serve_h2(Wire& wire) {
    H2Wire frames;
    wire.read_exactly(std::string_view(NGHTTP2_CLIENT_MAGIC).size());
    wire.send(H2Wire::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}}) +
              H2Wire::settings_ack());
    while (true) {
      const std::string bytes = wire.read_some();
      if (bytes.empty()) return;
      std::string answers;
      for (const std::string& line : frames.read(bytes)) answers += answer(frames, line);
      if (answers.empty()) continue;
      std::this_thread::sleep_for(kWork);
      if (!wire.send(answers)) return;
    }
  }

  /// A request counts as processed from its head on.
  std::string answer(H2Wire& frames, const std::string& line) {
    if (line.starts_with("PING") && !line.ends_with("ack")) {
      return H2Wire::frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678");
    }
    const bool head = line.starts_with("HEADERS ");
    if (!head && !line.starts_with("DATA ")) return {};
    const auto id = static_cast<std::int32_t>(std::stol(line.substr(line.find(' '))));
    int status = 200;
    if (head && line.find(":path=/healthz") != line.npos) {
      status = healthy() ? 200 : 503;
    } else if (head) {
      constexpr std::string_view kName = " x-request-id=";
      const auto at = line.find(kName) + kName.size();
      note(line.substr(at, line.find(' ', at) - at));
    }
    std::string frames_out;
    // More than any request here has: the window never runs out.
    if (!head) frames_out = H2Wire::window_update(0, 1000);
    if (!line.ends_with(" end")) return frames_out;
    return frames_out +
           frames.headers(id,
                          {{":status", std::to_string(status)},
                           {"content-type", "application/json"},
                           {"content-length", std::to_string(kAccepted.size())}},
                          false) +
           H2Wire::data(id, kAccepted, true);
  }

  const std::string protocol_;
  const int ids_;
  const std::string unhealthy_;
  std::unique_ptr<TlsServerContext> tls_;
};

int listen_at(const char* address, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address, &where.sin_addr);
  const bool listening = bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
                         listen(fd, 1024) == 0;
  return listening ? fd : -1;
}

}  // namespace
}  // namespace trackly::test

int main(int count, char** arguments) {
  using namespace trackly::test;
  if (count != 6 && count != 8) {
    std::cerr << "bench_service ADDRESS PORT PROTOCOL IDS UNHEALTHY [CERTIFICATE KEY]\n";
    return 2;
  }
  const int listening = listen_at(arguments[1], std::atoi(arguments[2]));
  if (listening < 0) {
    std::cerr << "cannot listen on " << arguments[1] << ":" << arguments[2] << "\n";
    return 1;
  }
  BenchService service(arguments[3], arguments[4], arguments[5]);
  if (count == 8) service.speak_tls({arguments[6], arguments[7]});
  const Acceptor acceptor(listening, [&service](Wire& wire) { service.serve(wire); });
  pause();
  return 0;
}
