#include "config/address.h"

#include <gtest/gtest.h>

namespace trackly::config {
namespace {

std::string host_and_port(std::string_view text) {
  const auto parsed = parse_host_port(text);
  return parsed ? parsed->host + " " + std::to_string(parsed->port) : "refused";
}

TEST(HostPort, NamesAndAddressesHaveAPort) {
  EXPECT_EQ(host_and_port("service:80"), "service 80");
  EXPECT_EQ(host_and_port("my-service.prod.svc_1:8080"), "my-service.prod.svc_1 8080");
  EXPECT_EQ(host_and_port("10.0.0.1:65535"), "10.0.0.1 65535");
  EXPECT_EQ(host_and_port("[fd00::1]:1"), "fd00::1 1");
}

TEST(HostPort, AnythingElseIsRefused) {
  for (const std::string_view text :
       {"", ":", ":80", "host", "host:", "host:+1", "host:80x", "host:65536", "host: 80",
        "ho st:80", "::1:80", "[::1]", "[::1]80", "[::1", "[host]:80", "host:80:80"}) {
    EXPECT_EQ(host_and_port(text), "refused") << text;
  }
}

TEST(HostPort, ADefaultStandsInForAMissingPort) {
  EXPECT_EQ(parse_host_port("service", 80)->port, 80);
  EXPECT_EQ(parse_host_port("[::1]", 80)->port, 80);
  EXPECT_EQ(parse_host_port("service:81", 80)->port, 81);
  EXPECT_FALSE(parse_host_port("service:", 80).ok());
}

TEST(Endpoint, TheSchemeDecidesTheProtocol) {
  EXPECT_EQ(parse_endpoint("http://a")->protocol, EndpointSettings::Protocol::http1);
  EXPECT_EQ(parse_endpoint("h2c://a")->protocol, EndpointSettings::Protocol::h2c);
  EXPECT_EQ(parse_endpoint("https://a")->protocol, EndpointSettings::Protocol::https);
  EXPECT_EQ(parse_endpoint("unix:/a")->protocol, EndpointSettings::Protocol::http1);
}

TEST(Endpoint, TheSchemeHasADefaultPort) {
  EXPECT_EQ(parse_endpoint("http://a")->port, 80);
  EXPECT_EQ(parse_endpoint("h2c://[::1]")->port, 80);
  EXPECT_EQ(parse_endpoint("https://a")->port, 443);
  EXPECT_EQ(parse_endpoint("https://a:8443")->port, 8443);
}

TEST(ResolverAddress, IsAnAddressThatMayHaveAPort) {
  for (const std::string_view text : {"10.0.0.2", "10.0.0.2:5353", "::1", "[::1]:5353"}) {
    EXPECT_FALSE(check_resolver_address(text).has_value()) << text;
  }
  for (const std::string_view text : {"", "dns", "dns:53", "10.0.0.2:", "10.0.0.2:0", "[::1]"}) {
    EXPECT_TRUE(check_resolver_address(text).has_value()) << text;
  }
}

TEST(Faults, NeverRepeatAPassword) {
  EXPECT_EQ(parse_endpoint("http://user:hunter2@host:80").error().text.find("hunter2"),
            std::string::npos);
  for (const char* const url :
       {"redis://user:hunter2@host:0", "rediss://user:hunter2@host:80/main",
        "redis://user:hunter2%@host", "redis://user:hunter2@host?x=1", "http://user:hunter2@host",
        "redis://user:hunter2", "redis://user:@hunter2@", "redis://user:/hunter2"}) {
    RedisSettings redis;
    const auto fault = read_redis_url(url, redis);
    ASSERT_TRUE(fault) << url;
    EXPECT_EQ(fault->text.find("hunter2"), std::string::npos) << url;
  }
}

TEST(RedisUrl, HasALoginWithEscapesAndADatabase) {
  RedisSettings redis;
  ASSERT_FALSE(read_redis_url("rediss://gate%3Away:a@b%2Fc@[::1]:1/15", redis));
  EXPECT_EQ(redis.user, "gate:way");
  EXPECT_EQ(redis.password, "a@b/c");
  EXPECT_EQ(redis.host, "::1");
  EXPECT_EQ(redis.port, 1);
  EXPECT_EQ(redis.database, 15U);
  EXPECT_TRUE(redis.tls);
}

TEST(RedisUrl, NeedsOnlyAHost) {
  RedisSettings redis;
  ASSERT_FALSE(read_redis_url("redis://redis.internal/", redis));
  EXPECT_EQ(redis.port, 6379);
  EXPECT_EQ(redis.user + redis.password, "");
  EXPECT_EQ(redis.database, 0U);
  EXPECT_FALSE(redis.tls);
}

TEST(RedisUrl, IsMoreThanItsScheme) {
  RedisSettings redis;
  for (const char* const url :
       {"", "redis", "rediss", "redis:", "redis:/", "redis://", "rediss://"}) {
    EXPECT_TRUE(read_redis_url(url, redis)) << url;
  }
}

TEST(Addresses, HoldNoNul) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(is_ip_block("10.0.0.0\0.1/8"sv));
  EXPECT_FALSE(is_ip_address("::1\0"sv));
  EXPECT_FALSE(parse_endpoint("unix:/a\0b"sv).ok());
  EXPECT_TRUE(check_listener_address("unix:/a\0b"sv).has_value());
}

TEST(IpBlock, PrefixLengthsFitTheFamily) {
  EXPECT_TRUE(is_ip_block("10.0.0.0/0"));
  EXPECT_TRUE(is_ip_block("10.0.0.0/32"));
  EXPECT_TRUE(is_ip_block("fd00::/128"));
  EXPECT_FALSE(is_ip_block("10.0.0.0/33"));
  EXPECT_FALSE(is_ip_block("fd00::/129"));
  EXPECT_FALSE(is_ip_block("10.0.0.0/"));
  EXPECT_FALSE(is_ip_block("/8"));
}

TEST(ListenerAddress, IsLocalWhereNoOtherMachineReachesIt) {
  for (const char* local : {"127.0.0.1:1", "127.8.9.10:0", "[::1]:80", "unix:/run/x.sock"}) {
    EXPECT_TRUE(is_local_listener(local)) << local;
  }
  for (const char* remote :
       {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "[fe80::1]:1", "[::ffff:7f00:1]:1"}) {
    EXPECT_FALSE(is_local_listener(remote)) << remote;
  }
}

}  // namespace
}  // namespace trackly::config
