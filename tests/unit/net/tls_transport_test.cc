#include "gateway/net/tls_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/net/dns_resolver.h"
#include "gateway/net/listener.h"
#include "gateway/net/tcp_connector.h"
#include "gateway/net/tcp_transport.h"
#include "gateway/net/tls_client_context.h"
#include "gateway/net/tls_context.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tls_certificate.h"
#include "tests/unit/net/peer.h"

namespace trackly::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::CertificateFiles;
using test::make_certificate;
using test::make_expired_certificate;

CertificateSettings to_settings(const CertificateFiles& files) {
  return {files.certificate, files.private_key};
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Passes on what the two sides of a connection say to each other, one byte a turn each, until the
/// answers reach a limit.
class Trickle {
 public:
  Trickle(EventLoop& loop, Connector& connector, const Address& to, int accepted, std::size_t limit)
      : limit_(limit) {
    near_.transport = std::make_unique<TcpTransport>(loop, accepted, "trickle");
    near_.transport->set_events(&near_);
    far_.transport = connector.connect(to, seconds(10), far_);
    drip_ = loop.timer([this] { drip(); });
    drip_->arm(Duration::zero());
  }

  /// Into what the client says.
  void inject(std::string_view bytes) { near_.received += bytes; }

 private:
  struct Side final : TransportEvents {
    void on_connected() override { connected = true; }
    void on_data(std::string_view bytes) override { received += bytes; }
    void on_eof() override {}
    void on_writable() override {}
    void on_error(TransportError) override {}

    std::unique_ptr<Transport> transport;
    std::string received;
    bool connected = false;
  };

  static std::size_t pass_one_byte(Side& from, Side& to) {
    const std::size_t taken = to.transport->write(std::string_view(from.received).substr(0, 1));
    from.received.erase(0, taken);
    return taken;
  }
  void drip() {
    if (far_.connected) {
      pass_one_byte(near_, far_);
      if (limit_ > 0) limit_ -= pass_one_byte(far_, near_);
    }
    drip_->arm(Duration::zero());
  }

  std::size_t limit_;
  Side near_;
  Side far_;
  std::unique_ptr<Timer> drip_;
};

/// A service on loopback whose certificate is for localhost and 127.0.0.1 and comes from an
/// authority that we trust, unless a test says otherwise.
class TlsTransportTest : public testing::Test {
 protected:
  TlsTransportTest() {
    // As in the program: OpenSSL writes to sockets without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    service_.main = to_settings(make_certificate(dir_, "localhost", &authority()));
    trust_.ca = authority().certificate;
  }

  static const CertificateFiles& authority() {
    static const test::TempDir directory;
    static const CertificateFiles files = make_certificate(directory, "authority");
    return files;
  }

  /// What each accepted connection is handed to.
  void listen(Listener::OnAccept on_accept) {
    auto socket = ListeningSocket::open("127.0.0.1:0");
    ASSERT_TRUE(socket.ok()) << socket.error().text;
    listener_ = std::make_unique<Listener>(*loop_, std::move(socket).value(), std::move(on_accept));
  }
  void serve_tls() {
    if (context_ == nullptr) {
      auto context = TlsContext::create(service_);
      ASSERT_TRUE(context.ok()) << context.error().text;
      context_ = *context;
    }
    listen([this](int fd, const SocketAddress& peer) {
      server_.transport = std::make_unique<TlsTransport>(*loop_, fd, peer.host(), context_);
      server_.transport->set_events(&server_);
    });
  }
  /// Before serve_tls().
  SSL_CTX* service_context() {
    context_ = TlsContext::create(service_).value();
    return context_->get();
  }
  void serve_tls_12() { SSL_CTX_set_max_proto_version(service_context(), TLS1_2_VERSION); }
  /// A service that knows nothing of TLS.
  void serve_plain() {
    listen([this](int fd, const SocketAddress& peer) {
      server_.transport = std::make_unique<TcpTransport>(*loop_, fd, peer.host());
      server_.transport->set_events(&server_);
    });
  }

  Address address() const {
    const std::string text = listener_->socket().bound_address();
    Address address{"127.0.0.1",
                    static_cast<std::uint16_t>(std::stoi(text.substr(text.find(':') + 1))), ""};
    address.tls = {TlsClientContext::create(trust_, alpn_).value(), server_name_,
                   handshake_timeout_};
    return address;
  }
  /// In front of what listens now.
  void listen_through_trickle(std::size_t limit) {
    Address service = address();
    service.tls.reset();
    direct_ = std::move(listener_);
    listen([this, service, limit](int fd, const SocketAddress&) {
      trickle_ = std::make_unique<Trickle>(*loop_, connector_, service, fd, limit);
    });
  }
  void connect() { client_.transport = connector_.connect(address(), seconds(10), client_); }
  void connected_pair() {
    serve_tls();
    connect();
    client_.await("connected");
    server_.await("connected");
  }
  /// Connecting fails with this.
  TransportError failure() {
    connect();
    client_.await("error");
    EXPECT_FALSE(client_.has_seen("connected"));
    EXPECT_EQ(client_.transport->write("request"), 0U);
    EXPECT_FALSE(client_.transport->usable());
    return *client_.last_error;
  }
  void pass(Duration time) {
    const auto over = loop_->timer([this] { loop_->stop(); });
    over->arm(time);
    loop_->run();
  }

  test::TempDir dir_;
  TlsSettings service_;
  UpstreamTlsSettings trust_;
  std::vector<std::string> alpn_;
  std::string server_name_ = "localhost";
  Duration handshake_timeout_ = seconds(10);

  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  DnsResolver resolver_{*loop_, ResolverSettings{}};
  TcpConnector connector_{*loop_, resolver_};
  std::shared_ptr<const TlsContext> context_;
  Peer server_{*loop_};
  Peer client_{*loop_};
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Listener> direct_;
  std::unique_ptr<Trickle> trickle_;
};

TEST_F(TlsTransportTest, CarriesBytesBothWays) {
  connected_pair();
  EXPECT_TRUE(client_.transport->is_tls());
  EXPECT_EQ(client_.transport->peer_subject(), "CN=localhost");
  EXPECT_EQ(client_.transport->write("hello"), 5U);
  server_.await_bytes(5);
  server_.transport->write("welcome");
  client_.await_bytes(7);
  EXPECT_EQ(server_.received, "hello");
  EXPECT_EQ(client_.received, "welcome");
}

TEST_F(TlsTransportTest, CarriesBytesBothWaysOverTls12) {
  serve_tls_12();
  connected_pair();
  client_.transport->write("hello");
  server_.await_bytes(5);
  server_.transport->write("welcome");
  client_.await_bytes(7);
  EXPECT_EQ(client_.received, "welcome");
}

TEST_F(TlsTransportTest, TakesWhatTheSocketTakesAndSaysWhenThereIsRoom) {
  connected_pair();
  server_.transport->set_reading(false);
  const std::string large(16 << 20, 'x');
  std::size_t sent = client_.transport->write(large);
  ASSERT_LT(sent, large.size());

  server_.transport->set_reading(true);
  while (sent < large.size()) {
    client_.await("writable");
    sent += client_.transport->write(std::string_view(large).substr(sent));
  }
  server_.await_bytes(large.size());
  EXPECT_EQ(server_.received, large);
}

TEST_F(TlsTransportTest, AHandshakeThatArrivesByteByByteSucceeds) {
  serve_tls();
  listen_through_trickle(1 << 20);
  connect();
  client_.await("connected");
  client_.transport->write("hello");
  server_.await_bytes(5);
  server_.transport->write("welcome");
  client_.await_bytes(7);
  EXPECT_EQ(client_.received, "welcome");
}

TEST_F(TlsTransportTest, TheServiceChoosesFromTheProtocolsThatAreOffered) {
  alpn_ = {"http/1.1", "h2"};
  connected_pair();
  EXPECT_EQ(client_.transport->alpn(), "h2");
  EXPECT_EQ(server_.transport->alpn(), "h2");
}

TEST_F(TlsTransportTest, AProtocolThatIsNotOfferedIsNotChosen) {
  alpn_ = {"http/1.1"};
  connected_pair();
  EXPECT_EQ(client_.transport->alpn(), "http/1.1");
}

TEST_F(TlsTransportTest, WithoutAnOfferNoProtocolIsAgreedOn) {
  connected_pair();
  EXPECT_EQ(client_.transport->alpn(), "");
}

TEST_F(TlsTransportTest, AServiceThatTakesNoPartInAlpnAgreesToNothing) {
  alpn_ = {"h2", "http/1.1"};
  SSL_CTX_set_alpn_select_cb(service_context(), nullptr, nullptr);
  connected_pair();
  EXPECT_EQ(client_.transport->alpn(), "");
}

TEST_F(TlsTransportTest, NoCommonProtocolFailsTheHandshake) {
  alpn_ = {"gopher"};
  serve_tls();
  EXPECT_EQ(failure(), TransportError::handshake);
}

TEST_F(TlsTransportTest, TheNameThatIsVerifiedIsAlsoAskedFor) {
  service_.others.push_back(service_.main);
  service_.main = to_settings(make_certificate(dir_, "other.test", &authority()));
  connected_pair();
  EXPECT_EQ(client_.transport->peer_subject(), "CN=localhost");
}

TEST_F(TlsTransportTest, ANameMayEndWithADot) {
  server_name_ = "localhost.";
  connected_pair();
}

TEST_F(TlsTransportTest, AnAddressIsVerifiedButNotAskedFor) {
  server_name_ = "127.0.0.1";
  connected_pair();
}

TEST_F(TlsTransportTest, AnUnknownAuthorityIsACertificateFault) {
  const CertificateFiles other = make_certificate(dir_, "another");
  trust_.ca = other.certificate;
  serve_tls();
  EXPECT_EQ(failure(), TransportError::certificate);
}

TEST_F(TlsTransportTest, ACertificateForAnotherNameIsACertificateFault) {
  server_name_ = "api.test";
  serve_tls();
  EXPECT_EQ(failure(), TransportError::certificate);
}

TEST_F(TlsTransportTest, ACertificateForAnotherAddressIsACertificateFault) {
  server_name_ = "127.0.0.2";
  serve_tls();
  EXPECT_EQ(failure(), TransportError::certificate);
}

TEST_F(TlsTransportTest, AnExpiredCertificateIsACertificateFault) {
  const CertificateFiles own = make_expired_certificate(dir_, "localhost");
  service_.main = to_settings(own);
  trust_.ca = own.certificate;
  serve_tls();
  EXPECT_EQ(failure(), TransportError::certificate);
}

TEST_F(TlsTransportTest, ACertificateThatIsTrustedItselfIsEnough) {
  const CertificateFiles own = make_certificate(dir_, "localhost");
  service_.main = to_settings(own);
  trust_.ca = own.certificate;
  connected_pair();
}

TEST_F(TlsTransportTest, AnIntermediateAuthorityMayBeTrustedWithoutItsRoot) {
  const CertificateFiles intermediate = make_certificate(dir_, "intermediate", &authority());
  service_.main = to_settings(make_certificate(dir_, "localhost", &intermediate));
  trust_.ca = intermediate.certificate;
  connected_pair();
}

TEST_F(TlsTransportTest, WithoutAnAuthorityFileThoseOfTheSystemCount) {
  setenv("SSL_CERT_FILE", trust_.ca.c_str(), 1);
  trust_.ca.clear();
  connected_pair();
  unsetenv("SSL_CERT_FILE");
}

TEST_F(TlsTransportTest, TheSystemDoesNotTrustAnAuthorityOfOurs) {
  trust_.ca.clear();
  serve_tls();
  EXPECT_EQ(failure(), TransportError::certificate);
}

TEST_F(TlsTransportTest, NothingIsTrustedWhereNoNameIsToBeVerified) {
  server_name_.clear();
  serve_tls();
  EXPECT_EQ(failure(), TransportError::handshake);
}

TEST_F(TlsTransportTest, AServiceThatWantsACertificateGetsOurs) {
  service_.client_ca = authority().certificate;
  trust_.client_certificate = to_settings(make_certificate(dir_, "gateway", &authority()));
  connected_pair();
  EXPECT_EQ(server_.transport->peer_subject(), "CN=gateway");
}

TEST_F(TlsTransportTest, AServiceThatMissesOurCertificateFailsTheHandshakeOfTls12) {
  service_.client_ca = authority().certificate;
  serve_tls_12();
  serve_tls();
  EXPECT_EQ(failure(), TransportError::handshake);
}

TEST_F(TlsTransportTest, AServiceThatMissesOurCertificateFailsTheHandshakeAfterOurSideOfIt) {
  service_.client_ca = authority().certificate;
  serve_tls();
  connect();
  client_.await("error");
  EXPECT_TRUE(client_.has_seen("connected"));
  EXPECT_EQ(client_.last_error, TransportError::handshake);
}

TEST_F(TlsTransportTest, ACertificateOfOursThatTheServiceDoesNotTrustFailsTheHandshake) {
  service_.client_ca = authority().certificate;
  trust_.client_certificate = to_settings(make_certificate(dir_, "stranger"));
  serve_tls();
  connect();
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::handshake);
}

TEST_F(TlsTransportTest, AnAlertThatIsNotAboutOurCertificateBreaksTheConnection) {
  serve_tls();
  listen_through_trickle(1 << 20);
  connect();
  client_.await("connected");
  server_.await("connected");
  trickle_->inject(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::reset);
}

TEST_F(TlsTransportTest, APeerThatNeverAnswersTheHandshakeRunsIntoItsDeadline) {
  handshake_timeout_ = milliseconds(20);
  serve_plain();
  EXPECT_EQ(failure(), TransportError::handshake_timeout);
}

TEST_F(TlsTransportTest, APeerThatStopsWithinTheHandshakeRunsIntoItsDeadline) {
  handshake_timeout_ = milliseconds(50);
  serve_tls();
  listen_through_trickle(100);
  EXPECT_EQ(failure(), TransportError::handshake_timeout);
}

TEST_F(TlsTransportTest, TheDeadlineOfTheHandshakeEndsWithIt) {
  handshake_timeout_ = milliseconds(500);
  connected_pair();
  pass(milliseconds(600));
  EXPECT_FALSE(client_.last_error.has_value());
  EXPECT_TRUE(client_.transport->usable());
}

TEST_F(TlsTransportTest, APeerThatClosesWithinTheHandshakeFailsIt) {
  listen([](int fd, const SocketAddress&) { close(fd); });
  EXPECT_EQ(failure(), TransportError::handshake);
}

TEST_F(TlsTransportTest, APeerThatResetsWithinTheHandshakeFailsIt) {
  serve_plain();
  connect();
  server_.await("data");
  server_.transport->abort();
  server_.transport.reset();
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::handshake);
}

TEST_F(TlsTransportTest, APeerThatSpeaksSomethingElseFailsTheHandshake) {
  listen([this](int fd, const SocketAddress& peer) {
    server_.transport = std::make_unique<TcpTransport>(*loop_, fd, peer.host());
    server_.transport->set_events(&server_);
    server_.transport->write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  EXPECT_EQ(failure(), TransportError::handshake);
}

TEST_F(TlsTransportTest, NobodyWhoListensIsNoFaultOfTls) {
  serve_plain();
  const Address nobody = address();
  listener_.reset();
  client_.transport = connector_.connect(nobody, seconds(10), client_);
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::refused);
}

TEST_F(TlsTransportTest, AnIdleConnectionOnWhichSessionTicketsWaitIsUsable) {
  serve_tls();
  connect();
  client_.await("connected");
  client_.transport->set_reading(false);  // what comes stays on the socket
  server_.await("connected");
  EXPECT_TRUE(client_.transport->usable());
  client_.transport->set_reading(true);
  server_.transport->write("answer");
  client_.await_bytes(6);
  EXPECT_EQ(client_.received, "answer") << "and no ticket was taken for a part of it";
}

TEST_F(TlsTransportTest, AnIdleConnectionThatThePeerClosedIsNotUsable) {
  connected_pair();
  EXPECT_TRUE(client_.transport->usable());
  server_.transport->shutdown_write();
  EXPECT_FALSE(client_.transport->usable()) << "before its event was delivered";
  client_.await("eof");
}

TEST_F(TlsTransportTest, AnIdleConnectionThatThePeerClosedWithoutAWordIsNotUsable) {
  connected_pair();
  server_.transport.reset();
  EXPECT_FALSE(client_.transport->usable());
}

TEST_F(TlsTransportTest, AnIdleConnectionThatThePeerResetIsNotUsable) {
  connected_pair();
  server_.transport->abort();
  server_.transport.reset();
  EXPECT_FALSE(client_.transport->usable());
}

TEST_F(TlsTransportTest, AnIdleConnectionOnWhichSomethingUnaskedCameIsNotUsable) {
  connected_pair();
  server_.transport->write("surprise");
  EXPECT_FALSE(client_.transport->usable());
  client_.await_bytes(8);
  EXPECT_EQ(client_.received, "surprise");
}

TEST_F(TlsTransportTest, AConnectionThatEndsWithoutCloseNotifyIsCutAndNotEnded) {
  connected_pair();
  server_.transport->write("half an answ");
  client_.await_bytes(12);
  server_.transport.reset();
  client_.await("error");
  EXPECT_EQ(client_.last_error, TransportError::reset);
  EXPECT_FALSE(client_.has_seen("eof"));
}

TEST_F(TlsTransportTest, ATransportThatIsNotConnectedYetTakesEveryCall) {
  serve_tls();
  connect();
  EXPECT_EQ(client_.transport->write("early"), 0U);
  EXPECT_FALSE(client_.transport->usable());
  EXPECT_EQ(client_.transport->alpn(), "");
  client_.transport->set_reading(false);
  client_.transport->set_reading(true);
  client_.transport->shutdown_write();
  client_.transport->abort();
  client_.await("connected");
}

TEST_F(TlsTransportTest, ATransportMayBeDestroyedAtAnyStepOfItsHandshake) {
  serve_tls();
  const std::size_t descriptors = open_descriptors();
  connect();
  client_.transport.reset();  // before it has begun
  for (int turns = 1; turns <= 8; ++turns) {
    connect();
    for (int i = 0; i < turns; ++i) {
      loop_->post([this] { loop_->stop(); });
      loop_->run();
    }
    client_.transport.reset();
    server_.transport.reset();
  }
  EXPECT_FALSE(client_.last_error.has_value());
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(TlsClientContextTest, AFileThatCannotBeUsedIsNamed) {
  const auto text = [](std::string ca, std::optional<CertificateSettings> shown) {
    const auto context = TlsClientContext::create({std::move(ca), "", std::move(shown)}, {});
    return context ? std::string() : context.error().text;
  };
  const test::TempDir dir;
  const std::string bad = dir.write("bad.pem", "no certificate");
  const auto good = to_settings(make_certificate(dir, "gateway"));
  const auto other = to_settings(make_certificate(dir, "other"));

  EXPECT_THAT(text(bad, {}), testing::HasSubstr("authorities " + bad));
  EXPECT_THAT(text(dir / "missing", {}), testing::HasSubstr(dir / "missing"));
  EXPECT_THAT(text("", {{bad, good.private_key}}), testing::HasSubstr("certificate " + bad));
  EXPECT_THAT(text("", {{good.certificate, bad}}), testing::HasSubstr("private key " + bad));
  EXPECT_THAT(text("", {{good.certificate, other.private_key}}),
              testing::HasSubstr("private key " + other.private_key));
}

}  // namespace
}  // namespace trackly::net
