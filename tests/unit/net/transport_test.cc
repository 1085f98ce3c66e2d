#include "gateway/net/transport.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

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

#ifndef __SANITIZE_ADDRESS__
/// While it lives, this process gets no further descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};
#endif

void set_system(const std::string& setting, std::string_view value) {
  std::ofstream("/proc/sys/net/" + setting) << value;
}

/// Runs it on a thread with a loopback interface and ports of its own. False where the system does
/// not let us.
bool in_own_network(const std::function<void()>& work) {
  bool allowed = false;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) return;
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP;
    allowed = ioctl(any, SIOCSIFFLAGS, &loopback) == 0;
    close(any);
    if (allowed) work();
  }).join();
  return allowed;
}

/// A unix socket on which nobody accepts, and whose backlog is full.
class FullUnixSocket {
 public:
  explicit FullUnixSocket(const std::string& path) : address_(unix_socket_address(path).value()) {
    bind(listening_, address_.get(), address_.size());
    listen(listening_, 0);
    while (true) {
      const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      waiting_.push_back(fd);
      if (::connect(fd, address_.get(), address_.size()) != 0) return;
    }
  }
  ~FullUnixSocket() {
    close(listening_);
    for (const int fd : waiting_) close(fd);
  }
  FullUnixSocket(const FullUnixSocket&) = delete;
  FullUnixSocket& operator=(const FullUnixSocket&) = delete;

  void accept_one() { waiting_.push_back(accept(listening_, nullptr, nullptr)); }

 private:
  const SocketAddress address_;
  const int listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::vector<int> waiting_;
};

class TransportTest : public testing::Test {
 protected:
  void listen(const std::string& address) {
    auto socket = ListeningSocket::open(address);
    ASSERT_TRUE(socket.ok()) << socket.error().text;
    listener_ = std::make_unique<Listener>(
        *loop_, std::move(socket).value(), [this](int fd, const SocketAddress& peer) {
          server_.transport = std::make_unique<TcpTransport>(*loop_, fd, peer.host());
          server_.transport->set_events(&server_);
        });
  }
  Address listening_address() const {
    const std::string text = listener_->socket().bound_address();
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
  EXPECT_FALSE(ListeningSocket::open("unix:" + (dir_ / "s")).ok());
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

TEST_F(TransportTest, AnAddressThatIsToComeIsWaitedForWhereTheOthersRefuse) {
  listen("127.0.0.1:0");
  connect_by_name();
  names_.answer_first_half("service.test", {"127.0.0.2"}, AF_INET6);
  for (int i = 0; i < 5; ++i) step();
  EXPECT_FALSE(client_.last_error.has_value());
  names_.answer("service.test", {"127.0.0.2", "127.0.0.1"});
  client_.await("connected");
}

TEST_F(TransportTest, ANameWhoseAddressesAllRefuseIsRefusedWhereNoMoreComes) {
  listen("127.0.0.1:0");
  connect_by_name();
  names_.answer_first_half("service.test", {"127.0.0.2"}, AF_INET6);
  for (int i = 0; i < 5; ++i) step();
  names_.answer_half("service.test", {"127.0.0.2"}, AF_INET6, "server failure");
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

TEST_F(TransportTest, AUnixSocketWithAFullBacklogIsWaitedFor) {
  FullUnixSocket service(dir_ / "s");
  connect({"", 0, dir_ / "s"});
  for (int i = 0; i < 20; ++i) step();
  EXPECT_FALSE(client_.has_seen("connected"));
  EXPECT_FALSE(client_.last_error.has_value());
  service.accept_one();
  client_.await("connected");
}

TEST_F(TransportTest, AUnixSocketWhoseBacklogStaysFullIsNoConnectionInTime) {
  const FullUnixSocket service(dir_ / "s");
  connect({"", 0, dir_ / "s"}, milliseconds(30));
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::connect_timeout);
}

TEST_F(TransportTest, AUnixSocketThatGoesAwayWithItsBacklogFullIsRefused) {
  auto service = std::make_unique<FullUnixSocket>(dir_ / "s");
  connect({"", 0, dir_ / "s"});
  for (int i = 0; i < 20; ++i) step();
  service.reset();
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::refused);
}

// UBSan looks at the type of an object by means of a pipe, for which it needs descriptors.
#ifndef __SANITIZE_ADDRESS__
TEST_F(TransportTest, WhereThereIsNoDescriptorLeftTheServiceIsNotToBlame) {
  listen("127.0.0.1:0");
  {
    const NoDescriptors none;
    connect(listening_address());
    client_.await("error");
  }
  EXPECT_EQ(client_.last_error, TransportError::no_local_resources);
  connect(listening_address());
  client_.await("connected");
}
#endif

TEST_F(TransportTest, WhereThereIsNoLocalPortLeftTheServiceIsNotToBlame) {
  const bool allowed = in_own_network([this] {
    set_system("ipv4/ip_local_port_range", "40000 40001");
    listen("127.0.0.1:30000");
    std::vector<std::unique_ptr<Peer>> others;
    while (!client_.last_error && others.size() < 4) {
      connect(listening_address());
      while (!client_.has_seen("connected") && !client_.last_error) step();
      others.push_back(std::make_unique<Peer>(*loop_));
      if (client_.last_error) break;
      client_.await("connected");
      others.back()->transport = std::move(client_.transport);
      others.back()->transport->set_events(others.back().get());
    }
    EXPECT_EQ(client_.last_error, TransportError::no_local_resources);
    listener_.reset();
  });
  if (!allowed) GTEST_SKIP() << "needs a network of its own";
}

TEST_F(TransportTest, AnAddressOfAFamilyThatWeHaveNoAddressOfIsRefused) {
  const bool allowed = in_own_network([this] {
    set_system("ipv6/conf/lo/disable_ipv6", "1");
    connect({"::1", 30000, ""});
    client_.await("error");
  });
  if (!allowed) GTEST_SKIP() << "needs a network of its own";
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
