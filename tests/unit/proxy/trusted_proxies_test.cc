#include "gateway/proxy/trusted_proxies.h"

#include <gtest/gtest.h>

namespace trackly::proxy {
namespace {

FieldList forwarded_for(std::initializer_list<std::string_view> values) {
  FieldList fields;
  for (const std::string_view value : values) fields.add("X-Forwarded-For", value);
  return fields;
}

TEST(TrustedProxies, AreNobodyByDefault) {
  const TrustedProxies nobody;
  EXPECT_FALSE(nobody.contains("127.0.0.1"));
  EXPECT_EQ(nobody.client_address("10.0.0.1", forwarded_for({"1.2.3.4"})), "10.0.0.1");
}

TEST(TrustedProxies, ContainAddressesAndBlocks) {
  const TrustedProxies proxies({"10.0.0.0/8", "192.168.1.7", "172.16.0.0/12", "2001:db8::/33"});
  for (const char* address : {"10.0.0.0", "10.255.255.255", "192.168.1.7", "172.31.0.1",
                              "::ffff:10.1.2.3", "2001:db8:7fff::1"}) {
    EXPECT_TRUE(proxies.contains(address)) << address;
  }
  for (const char* address :
       {"11.0.0.0", "9.255.255.255", "192.168.1.8", "172.32.0.1", "2001:db8:8000::1", "::10.0.0.1",
        "", "unix", "10.0.0.1:80", "10.1"}) {
    EXPECT_FALSE(proxies.contains(address)) << address;
  }
}

TEST(TrustedProxies, KeepTheAddressFamiliesApart) {
  const TrustedProxies all_v4({"0.0.0.0/0"});
  EXPECT_TRUE(all_v4.contains("8.8.8.8"));
  EXPECT_FALSE(all_v4.contains("::1"));
  EXPECT_TRUE(TrustedProxies({"::/0"}).contains("::1"));
  EXPECT_TRUE(TrustedProxies({"::ffff:10.0.0.0/104"}).contains("10.9.9.9"));
  EXPECT_FALSE(TrustedProxies({"::ffff:10.0.0.0/104"}).contains("11.9.9.9"));
}

TEST(TrustedProxies, TellTheClientFromTheRight) {
  const TrustedProxies proxies({"10.0.0.0/8"});
  const auto client = [&](std::initializer_list<std::string_view> values) {
    return proxies.client_address("10.0.0.1", forwarded_for(values));
  };
  EXPECT_EQ(client({}), "10.0.0.1");
  EXPECT_EQ(client({"1.2.3.4"}), "1.2.3.4");
  EXPECT_EQ(client({"6.6.6.6, 1.2.3.4, 10.0.0.2"}), "1.2.3.4")
      << "anybody may have written 6.6.6.6";
  EXPECT_EQ(client({"6.6.6.6", "1.2.3.4 ,10.0.0.3", "10.0.0.2"}), "1.2.3.4");
  EXPECT_EQ(client({"10.0.0.3, 10.0.0.2"}), "10.0.0.3") << "all trusted: the first of them";
  EXPECT_EQ(client({"1.2.3.4:5678"}), "1.2.3.4");
  EXPECT_EQ(client({"[2001:db8::1]:443"}), "2001:db8::1");
  EXPECT_EQ(client({"2001:db8::1"}), "2001:db8::1");
}

TEST(TrustedProxies, BelieveNothingLeftOfWhatIsNoAddress) {
  const TrustedProxies proxies({"10.0.0.0/8"});
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded_for({"1.2.3.4, unknown"})), "10.0.0.1");
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded_for({"1.2.3.4, x, 10.0.0.2"})),
            "10.0.0.2");
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded_for({"1.2.3.4,"})), "1.2.3.4");
  EXPECT_EQ(proxies.client_address("10.0.0.1", forwarded_for({"1.2.3.4, ,10.0.0.2"})), "10.0.0.2");
}

}  // namespace
}  // namespace trackly::proxy
