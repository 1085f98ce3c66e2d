#include "gateway/ports.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace trackly {
namespace {

// Connections that are half made when nobody new is let in.
constexpr auto kRoundTrip = std::chrono::milliseconds(20);

}  // namespace

struct Ports::Port {
  std::string address;  // as configured
  TlsContextPtr tls;
  std::unique_ptr<net::Listener> listener;
};

Ports::Ports(net::EventLoop& loop, net::GivenSockets& sockets, OnConnection on_connection)
    : loop_(loop),
      given_(sockets),
      on_connection_(std::move(on_connection)),
      end_of_former_(loop.timer([this] { close_former(); })) {}

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
  close_former();  // their addresses may be wanted again
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
  for (auto& port : ports) {
    if (port.use_count() > 1) continue;
    port->listener->turn_away();
    former_.push_back(std::move(port));
  }
  if (!former_.empty()) end_of_former_->arm(kRoundTrip);
}

void Ports::turn_away() {
  for (const auto& port : ports_) port->listener->turn_away();
}

void Ports::close() {
  std::move(ports_.begin(), ports_.end(), std::back_inserter(former_));
  ports_.clear();
  close_former();
}

void Ports::close_former() {
  for (const auto& port : former_) port->listener->take_the_rest();
  former_.clear();
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
