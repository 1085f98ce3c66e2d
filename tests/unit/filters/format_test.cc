#include "filters/json_schema/format.h"

#include <gtest/gtest.h>

#include <vector>

#include "filters/json_schema/uri.h"

namespace trackly::json_schema {
namespace {

void expect_format(const char* format, const std::vector<const char*>& valid,
                   const std::vector<const char*>& invalid) {
  const FormatCheck check = find_format(format);
  ASSERT_NE(check, nullptr) << format;
  for (const char* text : valid) EXPECT_TRUE(check(text)) << format << ": " << text;
  for (const char* text : invalid) EXPECT_FALSE(check(text)) << format << ": " << text;
  EXPECT_FALSE(check("")) << format;
}

TEST(Format, Dates) {
  expect_format("date", {"2025-03-14", "2024-02-29", "2000-02-29", "0000-01-01"},
                {"2025-02-29", "1900-02-29", "2025-13-01", "2025-00-01", "2025-04-31", "2025-3-14",
                 "20250314", "2025-03-14T", "2025-03-1x", "2025-03-14 "});
}

TEST(Format, Times) {
  expect_format("time",
                {"09:26:53Z", "23:59:60Z", "15:59:60-08:00", "09:26:53.589+05:30", "00:00:00z"},
                {"09:26:53", "24:00:00Z", "09:60:00Z", "22:59:60Z", "09:26:53.Z", "09:26Z",
                 "09:26:53+24:00", "09:26:53+0530", "9:26:53Z"});
}

TEST(Format, DateTimes) {
  expect_format("date-time",
                {"2025-03-14T09:26:53Z", "2025-03-14t09:26:53.1z", "1998-12-31T15:59:60-08:00"},
                {"2025-03-14", "2025-03-14 09:26:53Z", "2025-03-14T09:26:53",
                 "2025-02-30T09:26:53Z", "2025-03-14T09:26:53Z "});
}

TEST(Format, Ipv4Addresses) {
  expect_format("ipv4", {"203.0.113.7", "0.0.0.0", "255.255.255.255"},
                {"256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "1..2.3", "0x7f.0.0.1",
                 "1.2.3.-4", "1.2.3.4."});
}

TEST(Format, Ipv6Addresses) {
  expect_format("ipv6",
                {"::", "::1", "1::", "2001:db8::8a2e:370:7334", "1:2:3:4:5:6:7:8",
                 "::ffff:192.0.2.1", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7::", "FE80::1"},
                {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g",
                 "1:", ":1", "1:2:3:4:5:6:7:8::", "::1%eth0", "::1.2.3.4:5", "1.2.3.4", "::1 "});
}

TEST(Format, Uuids) {
  expect_format("uuid",
                {"2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"},
                {"2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638",
                 "2eb8aa08-aa98-11ea-b4aa-73b441d1638g", "{2eb8aa08-aa98-11ea-b4aa-73b441d1638}"});
}

TEST(Format, EmailAddresses) {
  expect_format(
      "email",
      {"joe.bloggs@example.com", "te~st@example.com", "\"joe bloggs\"@example.com",
       "\"a\\\"b@c\"@example.com", "joe@[127.0.0.1]", "joe@[IPv6:::1]", "joe@[ipv6:::1]",
       "\"\"@example.com"},
      {"2962", ".test@example.com", "test.@example.com", "te..st@example.com", "@example.com",
       "joe@", "joe@-a.com", "joe@a..com", "joe@[127.0.0.300]", "joe bloggs@example.com",
       "joe@invalid=domain.com", "\"a\"b\"@example.com", "\"@example.com", "joe@[IPv4:127.0.0.1]"});
}

TEST(Format, Uris) {
  expect_format(
      "uri",
      {"http://example.com/a?b=c#d", "https://user:pw@[::1]:8080/", "urn:isbn:123", "mailto:a@b",
       "http://example.com/%20", "tel:+1-816-555-1212", "http://a.b/?q=(x)&y"},
      {"/relative", "//host/path", "http://exa mple.com", "http://example.com/<>", "1http://a",
       "http://a/%2", "http://[::1", "http://a:port/", ":foo", "http://a/{x}", "http:// "});
}

TEST(Format, OthersAreUnknown) { EXPECT_EQ(find_format("hostname"), nullptr); }

TEST(Uri, ReferencesResolveAsTheExamplesOfRfc3986Do) {
  const char* base = "http://a/b/c/d;p?q";
  const char* examples[][2] = {{"g:h", "g:h"},
                               {"g", "http://a/b/c/g"},
                               {"./g", "http://a/b/c/g"},
                               {"g/", "http://a/b/c/g/"},
                               {"/g", "http://a/g"},
                               {"//g", "http://g"},
                               {"?y", "http://a/b/c/d;p?y"},
                               {"g?y", "http://a/b/c/g?y"},
                               {"#s", "http://a/b/c/d;p?q#s"},
                               {"g#s", "http://a/b/c/g#s"},
                               {";x", "http://a/b/c/;x"},
                               {"", "http://a/b/c/d;p?q"},
                               {".", "http://a/b/c/"},
                               {"..", "http://a/b/"},
                               {"../g", "http://a/b/g"},
                               {"../..", "http://a/"},
                               {"../../../g", "http://a/g"},
                               {"/./g", "http://a/g"},
                               {"g;x=1/../y", "http://a/b/c/y"}};
  for (const auto& [reference, expected] : examples) {
    EXPECT_EQ(resolve_uri(base, reference), expected) << reference;
  }
  EXPECT_EQ(resolve_uri("", "#/a"), "#/a");
  EXPECT_EQ(resolve_uri("urn:x:y", "#z"), "urn:x:y#z");
  EXPECT_EQ(resolve_uri("http://a", "b"), "http://a/b");
}

}  // namespace
}  // namespace trackly::json_schema
