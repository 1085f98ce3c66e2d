#include "gateway/net/transport.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "gateway/net/dns_resolver.h"
#include "gateway/net/listener.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/net/tcp_transport.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/net/peer.h"

namespace trackly::net {
namespace {

using std::chrono::milliseconds;

class TransportTest : public testing::Test {
 protected:
  void listen(const std::string& address) {
    auto listener = Listener::open(*loop_, address, [this](int fd, const SocketAddress& peer) {
      server_.transport = std::make_unique<TcpTransport>(*loop_, fd, peer.host());
      server_.transport->set_events(&server_);
    });
    ASSERT_TRUE(listener.ok()) << listener.error().text;
    listener_ = std::move(listener).value();
  }
  Address listening_address() const {
    const std::string& text = listener_->bound_address();
    return {"127.0.0.1", static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1))),
            ""};
  }
  void connect(const Address& address, Duration timeout = std::chrono::seconds(10)) {
    client_.transport = connector_.connect(address, timeout, client_);
  }
  /// The name's question is under way.
  void connect_by_name(Duration timeout = std::chrono::seconds(10)) {
    Address address = listening_address();
    address.host = "service.test";
    client_.transport = by_name_.connect(address, timeout, client_);
    while (!names_.is_asked("service.test")) step();
  }
  /// A connection that stands on both sides.
  void connected_pair() {
    listen("127.0.0.1:0");
    connect(listening_address());
    client_.await("connected");
    ASSERT_EQ(client_.transport->write("hello"), 5U);
    while (server_.transport == nullptr) step();
    server_.await_bytes(5);
    server_.received.clear();
  }
  /// One turn or a few.
  void step() {
    const auto timer = loop_->timer([this] { loop_->stop(); });
    timer->arm(milliseconds(1));
    loop_->run();
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  DnsResolver resolver_{*loop_, ResolverSettings{}};
  TcpConnector connector_{*loop_, resolver_};
  test::FakeResolver names_;
  TcpConnector by_name_{*loop_, names_};
  test::TempDir dir_;
  Peer server_{*loop_};
  Peer client_{*loop_};
  std::unique_ptr<Listener> listener_;
};

TEST_F(TransportTest, CarriesBytesBothWays) {
  connected_pair();
  EXPECT_EQ(server_.transport->peer_address(), "127.0.0.1");
  server_.transport->write("welcome");
  client_.await_bytes(7);
  EXPECT_EQ(client_.received, "welcome");
}

TEST_F(TransportTest, WorksOverAUnixSocket) {
  listen("unix:" + (dir_ / "s"));
  connect({"", 0, dir_ / "s"});
  client_.await("connected");
  client_.transport->write("hello");
  while (server_.transport == nullptr) step();
  server_.await_bytes(5);
  EXPECT_EQ(server_.transport->peer_address(), "unix");
}

TEST_F(TransportTest, AUnixSocketThatIsInUseIsLeftAlone) {
  listen("unix:" + (dir_ / "s"));
  EXPECT_FALSE(Listener::open(*loop_, "unix:" + (dir_ / "s"), nullptr).ok());
}

TEST_F(TransportTest, AUnixSocketThatADeadProcessLeftBehindIsReplaced) {
  const auto address = unix_socket_address(dir_ / "s");
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(dead, address->get(), address->size()), 0);
  close(dead);
  listen("unix:" + (dir_ / "s"));
}

TEST_F(TransportTest, FindsANameInEtcHosts) {
  listen("127.0.0.1:0");
  Address address = listening_address();
  address.host = "localhost";
  connect(address);
  client_.await("connected");
}

TEST_F(TransportTest, AddressesOfANameAreTriedUntilOneAccepts) {
  listen("127.0.0.1:0");
  connect_by_name();
  names_.answer("service.test", {"127.0.0.2", "::1", "127.0.0.1"});
  client_.await("connected");
}

TEST_F(TransportTest, ANameWhoseAddressesAllRefuseIsRefused) {
  listen("127.0.0.1:0");
  connect_by_name();
  names_.answer("service.test", {"127.0.0.2", "127.0.0.3"});
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::refused);
}

TEST_F(TransportTest, ANameWithoutAnAddressIsUnresolved) {
  listen("127.0.0.1:0");
  connect_by_name();
  names_.fail("service.test", "no such name");
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::unresolved);
}

TEST_F(TransportTest, ResolvingIsAPartOfTheTimeForConnecting) {
  listen("127.0.0.1:0");
  connect_by_name(milliseconds(20));
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::connect_timeout);
  EXPECT_FALSE(names_.is_asked("service.test")) << "the question is withdrawn";
}

TEST_F(TransportTest, DestroyingATransportWithdrawsItsQuestion) {
  listen("127.0.0.1:0");
  connect_by_name();
  client_.transport.reset();
  EXPECT_FALSE(names_.is_asked("service.test"));
}

TEST_F(TransportTest, TellsThatNobodyListens) {
  listen("127.0.0.1:0");
  const Address address = listening_address();
  listener_.reset();
  connect(address);
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::refused);
}

TEST_F(TransportTest, TellsThatAUnixSocketDoesNotExist) {
  connect({"", 0, dir_ / "nothing"});
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::refused);
}

TEST_F(TransportTest, TakesWhatTheSocketTakesAndSaysWhenThereIsRoom) {
  connected_pair();
  server_.transport->set_reading(false);
  const std::string large(64 << 20, 'x');
  std::size_t sent = client_.transport->write(large);
  ASSERT_LT(sent, large.size());

  server_.transport->set_reading(true);
  while (sent < large.size()) {
    client_.await("writable");
    sent += client_.transport->write(std::string_view(large).substr(sent));
  }
  server_.await_bytes(large.size());
  EXPECT_EQ(server_.received.size(), large.size());
}

TEST_F(TransportTest, AHalfClosedConnectionStillCarriesTheOtherDirection) {
  connected_pair();
  client_.transport->shutdown_write();
  server_.await("eof");
  server_.transport->write("answer");
  client_.await_bytes(6);
  EXPECT_EQ(client_.received, "answer");
}

TEST_F(TransportTest, AnAbortedConnectionIsAnErrorForThePeerAndNotAnEnd) {
  connected_pair();
  server_.transport->abort();
  server_.transport.reset();
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::reset);
}

TEST_F(TransportTest, ABrokenConnectionIsNoticedAlsoWhereNobodyReads) {
  connected_pair();
  client_.transport->set_reading(false);
  server_.transport->abort();
  server_.transport.reset();
  step();
  client_.transport->write("into the void");
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::reset);
}

TEST_F(TransportTest, AnIdleConnectionThatThePeerClosedIsNotUsable) {
  connected_pair();
  EXPECT_TRUE(client_.transport->usable());
  server_.transport.reset();
  EXPECT_FALSE(client_.transport->usable()) << "before its event was delivered";
}

TEST_F(TransportTest, DestroyingATransportCancelsItsConnecting) {
  listen("127.0.0.1:0");
  connect(listening_address());
  client_.transport.reset();
  step();
  EXPECT_FALSE(client_.last_error.has_value());
}

}  // namespace
}  // namespace trackly::net
