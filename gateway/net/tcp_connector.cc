#include "gateway/net/tcp_connector.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "gateway/net/socket_address.h"
#include "gateway/net/tcp_transport.h"

namespace trackly::net {
namespace {

/// A TcpTransport that has to find its peer first: resolve, then one address after the other.
class ConnectingTransport final : public TcpTransport {
 public:
  ConnectingTransport(EventLoop& loop, const Address& address, Duration timeout,
                      TransportEvents& events)
      : TcpTransport(loop, -1, address.unix_path.empty() ? address.host : "unix"),
        deadline_(loop.timer([this] { fail(TransportError::connect_timeout); })) {
    set_events(&events);
    deadline_->arm(timeout);
    // The outcome must not be reported from inside the constructor.
    start_ = loop.timer([this, address] { start(address); });
    start_->arm(Duration::zero());
  }

  ~ConnectingTransport() override {
    if (lookup_ != nullptr) {
      lookup_->owner = nullptr;
      evdns_getaddrinfo_cancel(lookup_->request);
    }
  }
  ConnectingTransport(const ConnectingTransport&) = delete;
  ConnectingTransport& operator=(const ConnectingTransport&) = delete;

  std::size_t write(std::string_view bytes) override {
    return connected_ ? TcpTransport::write(bytes) : 0;
  }

 protected:
  void handle_readable() override {
    if (connected_) TcpTransport::handle_readable();
  }

  void handle_writable() override {
    if (connected_) {
      TcpTransport::handle_writable();
      return;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      try_next();
    } else {
      succeed();
    }
  }

 private:
  /// Outlives the transport if need be: evdns tells of a cancelled request later.
  struct DnsLookup {
    ConnectingTransport* owner;
    evdns_getaddrinfo_request* request = nullptr;
  };

  void start(const Address& address) {
    if (!address.unix_path.empty()) {
      if (const auto target = unix_socket_address(address.unix_path))
        candidates_.push_back(*target);
      try_next();
      return;
    }
    if (const auto literal = parse_socket_address(address.host, address.port)) {
      candidates_.push_back(*literal);
      try_next();
      return;
    }
    resolve(address);
  }

  void resolve(const Address& address) {
    evutil_addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    auto* lookup = new DnsLookup{this};
    lookup_ = lookup;
    const std::string port = std::to_string(address.port);
    evdns_getaddrinfo_request* request =
        evdns_getaddrinfo(loop().resolver(), address.host.c_str(), port.c_str(), &hints,
                          &ConnectingTransport::on_resolved, lookup);
    // A name of /etc/hosts is answered inside the call; `lookup` is gone by then.
    if (request != nullptr) lookup->request = request;
  }

  static void on_resolved(int, evutil_addrinfo* found, void* context) {
    const std::unique_ptr<DnsLookup> lookup(static_cast<DnsLookup*>(context));
    if (ConnectingTransport* self = lookup->owner) {
      self->lookup_ = nullptr;
      for (const evutil_addrinfo* a = found; a != nullptr; a = a->ai_next) {
        self->candidates_.push_back(SocketAddress::from(a->ai_addr, a->ai_addrlen));
      }
      self->resolved_nothing_ = self->candidates_.empty();
      self->try_next();
    }
    if (found != nullptr) evutil_freeaddrinfo(found);
  }

  void try_next() {
    while (next_ < candidates_.size()) {
      const SocketAddress& target = candidates_[next_++];
      const int fd = socket(target.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (fd < 0) continue;
      if (target.family() != AF_UNIX) {
        const int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
      }
      const int outcome = ::connect(fd, target.get(), target.size());
      if (outcome != 0 && errno != EINPROGRESS) {
        close(fd);
        continue;
      }
      adopt(fd);
      set_reading(false);
      if (outcome == 0) {
        succeed();
      } else {
        wait_writable();
      }
      return;
    }
    fail(resolved_nothing_ ? TransportError::unresolved : TransportError::refused);
  }

  void succeed() {
    connected_ = true;
    deadline_.reset();
    set_reading(true);
    events()->on_connected();
  }

  void fail(TransportError error) {
    deadline_->disarm();
    report_error(error);
  }

  std::unique_ptr<Timer> deadline_;
  std::unique_ptr<Timer> start_;
  DnsLookup* lookup_ = nullptr;
  std::vector<SocketAddress> candidates_;
  std::size_t next_ = 0;
  bool connected_ = false;
  bool resolved_nothing_ = false;
};

}  // namespace

std::unique_ptr<Transport> TcpConnector::connect(const Address& address, Duration timeout,
                                                 TransportEvents& events) {
  return std::make_unique<ConnectingTransport>(loop_, address, timeout, events);
}

}  // namespace trackly::net
