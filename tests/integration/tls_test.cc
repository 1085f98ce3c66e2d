// TLS as clients that we did not write see it: curl and openssl s_client.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/support/curl.h"
#include "tests/support/gateway.h"
#include "tests/support/patience.h"
#include "tests/support/process.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tls_certificate.h"

namespace trackly::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

/// What `openssl s_client` says of a handshake; it sends nothing but `input`.
std::string s_client(const Gateway& gateway, std::vector<std::string> options,
                     std::string_view input = "") {
  std::vector<std::string> command{"openssl", "s_client", "-connect",
                                   "127.0.0.1:" + std::to_string(gateway.port(Downstream::tls_h1))};
  command.insert(command.end(), options.begin(), options.end());
  const CommandResult result = run(command, {.input = std::string(input)});
  return result.out + result.err;
}

std::string pair_of(const CertificateFiles& files) {
  return "{certificate: " + files.certificate + ", private_key: " + files.private_key + "}";
}

TEST(Tls, SpeaksNoOlderVersionThan12) {
  Gateway gateway({});
  EXPECT_THAT(s_client(gateway, {"-tls1_3"}), HasSubstr("New, TLSv1.3"));
  EXPECT_THAT(s_client(gateway, {"-tls1_2"}), HasSubstr("New, TLSv1.2"));
  EXPECT_THAT(s_client(gateway, {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}),
              HasSubstr("Cipher is (NONE)"));
}

TEST(Tls, KeepsSecretsOfThePast) {
  Gateway gateway({});
  for (const char* weak : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "NULL", "RC4", "3DES"}) {
    EXPECT_THAT(s_client(gateway, {"-tls1_2", "-cipher", std::string(weak) + ":@SECLEVEL=0"}),
                AnyOf(HasSubstr("Cipher is (NONE)"), HasSubstr("no cipher match")))
        << weak;
  }
  EXPECT_THAT(s_client(gateway, {"-tls1_2"}), HasSubstr("Cipher is ECDHE-"));
}

TEST(Tls, TakesPartInNoExpensiveKeyExchange) {
  Gateway gateway({});
  for (const char* group : {"ffdhe2048", "ffdhe8192", "P-521", "X448"}) {
    EXPECT_THAT(s_client(gateway, {"-tls1_3", "-groups", group}), HasSubstr("Cipher is (NONE)"))
        << group;
  }
  EXPECT_THAT(s_client(gateway, {"-tls1_3", "-groups", "P-256"}), HasSubstr("Cipher is TLS_AES"));
}

TEST(Tls, AgreesOnHttp2First) {
  Gateway gateway({});
  EXPECT_THAT(s_client(gateway, {"-alpn", "http/1.1,h2"}), HasSubstr("ALPN protocol: h2"));
  EXPECT_THAT(s_client(gateway, {"-alpn", "http/1.1"}), HasSubstr("ALPN protocol: http/1.1"));
  EXPECT_THAT(s_client(gateway, {"-alpn", "spdy/3"}), HasSubstr("no application protocol"));
}

TEST(Tls, DoesNotRenegotiate) {
  Gateway gateway({});
  const std::string said = s_client(gateway, {"-tls1_2"}, "R\n");
  EXPECT_THAT(said, HasSubstr("RENEGOTIATING"));
  EXPECT_THAT(said, HasSubstr("no renegotiation"));
}

class TlsSession : public testing::TestWithParam<const char*> {};

TEST_P(TlsSession, IsResumedByItsTicketOnAnyWorker) {
  const TempDir directory;
  const std::string session = directory / "session";
  Gateway gateway({.workers = 2});
  const std::string request = "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const std::vector<std::string> options{GetParam(), "-ign_eof", "-sess_out", session};
  EXPECT_THAT(s_client(gateway, options, request), HasSubstr("New, TLSv1."));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(s_client(gateway, {GetParam(), "-ign_eof", "-sess_in", session}, request),
                HasSubstr("Reused, TLSv1."));
  }
}

INSTANTIATE_TEST_SUITE_P(, TlsSession, testing::Values("-tls1_2", "-tls1_3"), [](const auto& test) {
  return test.param == std::string("-tls1_2") ? "Tls12" : "Tls13";
});

TEST(TlsCertificate, IsTheOneForTheNameThatTheClientAsksFor) {
  const TempDir directory;
  const CertificateFiles shop = make_certificate(directory, "shop.example");
  const CertificateFiles any = make_certificate(directory, "*.any.example");
  Gateway gateway({.tls_options = ", sni: [" + pair_of(shop) + ", " + pair_of(any) + "]"});
  const auto subject_for = [&gateway](const std::string& name) {
    return s_client(gateway, {"-servername", name});
  };
  EXPECT_THAT(subject_for("shop.example"), HasSubstr("subject=CN = shop.example"));
  EXPECT_THAT(subject_for("SHOP.example"), HasSubstr("subject=CN = shop.example"));
  EXPECT_THAT(subject_for("one.any.example"), HasSubstr("subject=CN = *.any.example"));
  EXPECT_THAT(subject_for("other.example"), HasSubstr("subject=CN = localhost"));
  EXPECT_THAT(s_client(gateway, {"-noservername"}), HasSubstr("subject=CN = localhost"));
}

TEST(TlsCertificate, IsReadAgainOnSighup) {
  const TempDir directory;
  CertificateFiles shop = make_certificate(directory, "shop.example");
  Gateway gateway({.tls_options = ", sni: [" + pair_of(shop) + "]"});
  const auto subject = [&gateway] { return s_client(gateway, {"-servername", "shop.example"}); };
  const auto serial = [](const std::string& file) {
    return run({"openssl", "x509", "-noout", "-serial", "-in", file}).out;
  };
  const std::string old_serial = serial(shop.certificate);
  make_certificate(directory, "shop.example");
  ASSERT_NE(serial(shop.certificate), old_serial);

  const auto served_serial = [&] {
    const std::string pem = directory.write("served.crt", subject());
    return serial(pem);
  };
  EXPECT_EQ(served_serial(), old_serial);
  gateway.process().signal(SIGHUP);
  ASSERT_TRUE(gateway.process().wait_for_err("reloaded: generation 2"));
  EXPECT_EQ(served_serial(), serial(shop.certificate));
}

TEST(TlsCertificate, ThatCannotBeUsedLeavesAllAsTheyWere) {
  const TempDir directory;
  const CertificateFiles shop = make_certificate(directory, "shop.example");
  Gateway gateway({.tls_options = ", sni: [" + pair_of(shop) + "]"});
  directory.write("shop.example.crt", "no certificate");
  gateway.process().signal(SIGHUP);
  ASSERT_TRUE(gateway.process().wait_for_err("not reloaded: cannot use the certificate"));
  EXPECT_THAT(s_client(gateway, {"-servername", "shop.example"}),
              HasSubstr("subject=CN = shop.example"));
}

class TlsClientCertificate : public testing::Test {
 protected:
  CurlAnswer request(const std::vector<std::string>& options, const std::string& id) {
    CurlRequest request = send_message();
    request.fields.push_back("X-Request-Id: " + id);
    request.options = options;
    return gateway_.request(Downstream::tls_h2, request);
  }
  std::vector<std::string> showing(const CertificateFiles& files) {
    return {"--cert", files.certificate, "--key", files.private_key};
  }

  const TempDir directory_;
  const CertificateFiles authority_ = make_certificate(directory_, "authority");
  Service service_{Upstream::h1};
  Gateway gateway_{
      {.upstream = service_.url(), .tls_options = ", client_ca: " + authority_.certificate}};
};

TEST_F(TlsClientCertificate, OfTheAuthorityIsAcceptedAndItsSubjectIsLogged) {
  const CertificateFiles client = make_certificate(directory_, "sender.example", &authority_);
  EXPECT_EQ(request(showing(client), "known").status(), 200);
  const auto line = gateway_.log_of("known");
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)["/client_subject"], "CN=sender.example");
}

TEST_F(TlsClientCertificate, IsNeeded) {
  EXPECT_NE(request({}, "none").exit_code, 0);
  EXPECT_EQ(service_.requests().size(), 0U);
}

TEST_F(TlsClientCertificate, OfAStrangerIsRefused) {
  const CertificateFiles stranger = make_certificate(directory_, "stranger.example");
  EXPECT_NE(request(showing(stranger), "stranger").exit_code, 0);
  EXPECT_EQ(service_.requests().size(), 0U);
}

TEST_F(TlsClientCertificate, IsNotAskedForOnACleartextListener) {
  EXPECT_EQ(gateway_.request(Downstream::h1, send_message()).status(), 200);
}

}  // namespace
}  // namespace trackly::test
