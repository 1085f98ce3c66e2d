#include "gateway/net/socket_address.h"

#include <gtest/gtest.h>

#include "gateway/net/listener.h"

namespace trackly::net {
namespace {

std::string parsed(std::string_view text) {
  const auto address = parse_listen_address(text);
  return address ? address->to_string() : address.error().text.substr(0, 20);
}

TEST(ListenAddress, IsReadInAllItsForms) {
  EXPECT_EQ(parsed("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(parsed("0.0.0.0:80"), "0.0.0.0:80");
  EXPECT_EQ(parsed("[::1]:8443"), "[::1]:8443");
  EXPECT_EQ(parsed("*:80"), "[::]:80");
  EXPECT_EQ(parsed("localhost:80"), "127.0.0.1:80");
  EXPECT_EQ(parsed("unix:/run/gateway.sock"), "unix:/run/gateway.sock");
}

TEST(ListenAddress, SaysWhatIsNoAddress) {
  EXPECT_FALSE(parse_listen_address("8080").ok());
  EXPECT_FALSE(parse_listen_address("127.0.0.1:").ok());
  EXPECT_FALSE(parse_listen_address("127.0.0.1:65536").ok());
  EXPECT_FALSE(parse_listen_address("example:80").ok());
  EXPECT_FALSE(parse_listen_address("unix:").ok());
  EXPECT_FALSE(parse_listen_address("unix:/" + std::string(200, 'x')).ok());
  EXPECT_EQ(parse_listen_address("8080").error().text,
            "\"8080\" is no address: expected 127.0.0.1:8080, [::1]:8080, *:8080 or unix:/path");
}

TEST(SocketAddress, ShowsAnIpv4ClientOfAnIpv6SocketAsIpv4) {
  EXPECT_EQ(parse_socket_address("::ffff:10.0.0.1", 80)->host(), "10.0.0.1");
}

}  // namespace
}  // namespace trackly::net
