#include "tests/support/fake_connector.h"

#include <algorithm>
#include <utility>

namespace trackly::test {

class FakeTransport final : public net::Transport {
 public:
  explicit FakeTransport(std::shared_ptr<FakePeer> peer) : peer_(std::move(peer)) {}
  ~FakeTransport() override { peer_->events_ = nullptr; }

  void set_events(net::TransportEvents* events) override { peer_->events_ = events; }
  void set_reading(bool) override {}
  std::size_t write(std::string_view bytes) override {
    const std::size_t taken = peer_->stands_ ? std::min(bytes.size(), peer_->room_) : 0;
    if (taken > 0) peer_->writes_.emplace_back(bytes.substr(0, taken));
    if (peer_->room_ != SIZE_MAX) peer_->room_ -= taken;
    peer_->blocked_ = taken < bytes.size();
    return taken;
  }
  bool usable() const override { return peer_->stands_; }
  bool is_delivered() const override { return peer_->has_all_; }
  void shutdown_write() override {}
  void abort() override {}
  std::string_view alpn() const override { return peer_->alpn_; }
  bool is_tls() const override { return peer_->address_.tls.has_value(); }
  const std::string& peer_subject() const override { return no_subject_; }
  const std::string& peer_address() const override { return peer_->address_.host; }

 private:
  std::shared_ptr<FakePeer> peer_;
  const std::string no_subject_;
};

void FakePeer::accept(std::string_view alpn) {
  alpn_ = alpn;
  stands_ = true;
  if (events_ != nullptr) events_->on_connected();
}

void FakePeer::fail(net::TransportError error) {
  stands_ = false;
  if (events_ != nullptr) events_->on_error(error);
}

void FakePeer::send(std::string_view bytes) {
  if (events_ != nullptr) events_->on_data(bytes);
}

void FakePeer::close() {
  if (events_ != nullptr) events_->on_eof();
}

void FakePeer::set_room(std::size_t bytes) {
  room_ = bytes;
  if (room_ > 0 && std::exchange(blocked_, false) && events_ != nullptr) events_->on_writable();
}

std::unique_ptr<net::Transport> FakeConnector::connect(const net::Address& address,
                                                       Duration timeout,
                                                       net::TransportEvents& events) {
  timeout_ = timeout;
  peers_.push_back(std::make_shared<FakePeer>(address, events));
  return std::make_unique<FakeTransport>(peers_.back());
}

FakePeer& FakeConnector::peer(std::string_view host) {
  return **std::find_if(peers_.rbegin(), peers_.rend(),
                        [host](const auto& peer) { return peer->address().host == host; });
}

std::size_t FakeConnector::attempts(std::string_view host) const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(),
                    [host](const auto& peer) { return peer->address().host == host; }));
}

std::vector<FakePeer*> FakeConnector::peers(std::string_view host) {
  std::vector<FakePeer*> found;
  for (const auto& peer : peers_) {
    if (peer->address().host == host) found.push_back(peer.get());
  }
  return found;
}

}  // namespace trackly::test
