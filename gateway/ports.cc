#include "gateway/ports.h"

#include <algorithm>
#include <utility>

namespace trackly {

struct Ports::Port {
  std::string address;  // as configured
  TlsContextPtr tls;
  std::unique_ptr<net::Listener> listener;
};

Ports::Ports(net::EventLoop& loop, net::GivenSockets& sockets, OnConnection on_connection)
    : loop_(loop), given_(sockets), on_connection_(std::move(on_connection)) {}

std::shared_ptr<Ports::Port> Ports::find(const std::string& address, const Change& so_far) const {
  for (const auto& port : ports_) {
    const bool is_taken = std::any_of(so_far.steps_.begin(), so_far.steps_.end(),
                                      [&](const auto& step) { return step.port == port; });
    if (port->address == address && !is_taken) return port;
  }
  return nullptr;
}

Result<std::shared_ptr<Ports::Port>> Ports::open(const std::string& address) {
  auto socket = given_.open(address);
  if (!socket) return socket.error();
  auto port = std::make_shared<Port>();
  port->address = address;
  port->listener = std::make_unique<net::Listener>(
      loop_, std::move(socket).value(),
      [this, self = port.get()](int fd, const net::SocketAddress& peer) {
        on_connection_(fd, peer, self->tls);
      });
  return port;
}

Result<Ports::Change> Ports::prepare(const std::vector<ListenerSettings>& listeners) {
  Change change;
  for (const ListenerSettings& listener : listeners) {
    Change::Step step;
    if (listener.tls) {
      auto context = net::TlsContext::create(*listener.tls);
      if (!context) return context.error();
      step.tls = std::move(context).value();
    }
    step.port = find(listener.address, change);
    if (step.port == nullptr) {
      auto opened = open(listener.address);
      if (!opened) return opened.error();
      step.port = std::move(opened).value();
    }
    change.steps_.push_back(std::move(step));
  }
  return change;
}

void Ports::put_in_force(Change change) {
  std::vector<std::shared_ptr<Port>> ports;
  for (Change::Step& step : change.steps_) {
    step.port->tls = std::move(step.tls);
    ports.push_back(std::move(step.port));
  }
  ports_.swap(ports);
  for (const auto& former : ports) {
    if (former.use_count() == 1) former->listener->take_the_rest();
  }
}

void Ports::close() {
  for (const auto& port : ports_) port->listener->take_the_rest();
  ports_.clear();
}

std::vector<std::string> Ports::bound_addresses() const {
  std::vector<std::string> addresses;
  for (const auto& port : ports_) addresses.push_back(port->listener->socket().bound_address());
  return addresses;
}

std::vector<net::ListeningSocket*> Ports::sockets() const {
  std::vector<net::ListeningSocket*> sockets;
  for (const auto& port : ports_) sockets.push_back(&port->listener->socket());
  return sockets;
}

std::map<std::string, std::chrono::sys_seconds> Ports::certificate_expiries() const {
  std::map<std::string, std::chrono::sys_seconds> expiries;
  for (const auto& port : ports_) {
    if (port->tls == nullptr) continue;
    for (const auto& [certificate, time] : port->tls->expiries()) expiries[certificate] = time;
  }
  return expiries;
}

}  // namespace trackly
