#include "gateway/net/tcp_connector.h"

#include <utility>

#include "gateway/net/dialer.h"
#include "gateway/net/tcp_transport.h"
#include "gateway/net/tls_transport.h"

namespace trackly::net {
namespace {

/// A transport that has to find its peer first.
template <class Base>
class Outgoing final : public Base {
 public:
  template <class... Arguments>
  Outgoing(EventLoop& loop, Resolver& resolver, const Address& address, Duration timeout,
           TransportEvents& events, Arguments&&... arguments)
      : Base(loop, address.unix_path.empty() ? address.host : "unix",
             std::forward<Arguments>(arguments)...),
        dialer_(std::make_unique<Dialer>(
            loop, resolver, address, timeout,
            [this](Result<int, TransportError> outcome) { on_dialed(outcome); })) {
    this->set_events(&events);
  }

 private:
  void on_dialed(const Result<int, TransportError>& outcome) {
    this->loop().defer_delete(std::move(dialer_));
    if (outcome) {
      this->connected(*outcome);
    } else {
      this->report_error(outcome.error());
    }
  }

  std::unique_ptr<Dialer> dialer_;
};

}  // namespace

std::unique_ptr<Transport> TcpConnector::connect(const Address& address, Duration timeout,
                                                 TransportEvents& events) {
  if (address.tls) {
    return std::make_unique<Outgoing<TlsTransport>>(loop_, resolver_, address, timeout, events,
                                                    *address.tls);
  }
  return std::make_unique<Outgoing<TcpTransport>>(loop_, resolver_, address, timeout, events);
}

}  // namespace trackly::net
