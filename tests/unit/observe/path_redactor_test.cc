#include "gateway/observe/path_redactor.h"

#include <gtest/gtest.h>

#include <string>

namespace trackly::observe {
namespace {

class RedactedPath : public testing::Test {
 protected:
  RedactedPath() {
    add("/api/v2/contacts/{phone_number}", {"phone_number"});
    add("/api/v2/contacts/{phone_number}/{secret}", {"secret"});
    add("/api/v2/lists/{list_id}", {});
    api_.unknown.is_unknown = true;
  }

  void add(const std::string& path, const std::vector<std::string>& sensitive) {
    Operation operation;
    operation.path = path;
    for (const std::string& name : sensitive) {
      Parameter parameter;
      parameter.in = Parameter::In::path;
      parameter.name = name;
      parameter.sensitive = true;
      operation.parameters.push_back(parameter);
    }
    api_.operations.push_back(std::move(operation));
  }

  /// Of a request that was routed to the operation with that path.
  std::string described(std::string_view path, std::string_view template_path) const {
    for (const Operation& operation : api_.operations) {
      if (operation.path == template_path) return PathRedactor(api_).redacted(path, &operation);
    }
    return "no such operation";
  }
  std::string undescribed(std::string_view path) const {
    const std::string shown = PathRedactor(api_).redacted(path, &api_.unknown);
    EXPECT_EQ(PathRedactor(api_).redacted(path, nullptr), shown) << "a request that was not routed";
    return shown;
  }

  ApiDescription api_;
};

TEST_F(RedactedPath, HasAStarForASensitiveParameter) {
  EXPECT_EQ(described("/api/v2/contacts/%2B14155556789", "/api/v2/contacts/{phone_number}"),
            "/api/v2/contacts/*");
}

TEST_F(RedactedPath, ShowsOtherParameters) {
  EXPECT_EQ(described("/api/v2/lists/4200000000", "/api/v2/lists/{list_id}"),
            "/api/v2/lists/4200000000");
}

TEST_F(RedactedPath, HidesWhatMissedItsOperation) {
  EXPECT_EQ(undescribed("/api/v2/contacts/me"), "/api/v2/contacts/*") << "another method";
  EXPECT_EQ(undescribed("/api/v2/contacts/me/"), "/api/v2/contacts/*/*") << "a slash too many";
  EXPECT_EQ(undescribed("/api/v2/contacts/me/hush/now"), "/api/v2/contacts/*/*/now");
  EXPECT_EQ(undescribed("/api/v2/%63ontacts/me"), "/api/v2/*/*") << "encoded";
  EXPECT_EQ(undescribed("/api/v2/contacts"), "/api/v2/contacts");
}

TEST_F(RedactedPath, HidesWhatLooksLikeDataWherePathsAreNotDescribed) {
  EXPECT_EQ(undescribed("/hlr/+14155556789"), "/hlr/*");
  EXPECT_EQ(undescribed("/hlr/%2B1%20415%20555%206789/now"), "/hlr/*/now");
  EXPECT_EQ(undescribed("/otp/123456"), "/otp/*");
  EXPECT_EQ(undescribed("/otp/1234"), "/otp/*");
  EXPECT_EQ(undescribed("/hooks/3f1c9a2e"), "/hooks/*");
  EXPECT_EQ(undescribed("/hooks/abcdef12"), "/hooks/*");
  EXPECT_EQ(undescribed("/hooks/aGVsbG8gd29"), "/hooks/*");
  EXPECT_EQ(undescribed("/hooks/hush%68ush"), "/hooks/*");
  EXPECT_EQ(undescribed("/hooks/aVeryLongSecretOfLettersAndNothingElse"), "/hooks/*");
}

TEST_F(RedactedPath, ShowsNamesWherePathsAreNotDescribed) {
  for (const char* path : {"/", "/wp-login.php", "/api/v3/oauth2/token", "/.env", "/2fa/sha256/b/",
                           "/api/v2/lists/42", ""}) {
    EXPECT_EQ(undescribed(path), path);
  }
}

TEST_F(RedactedPath, HasNoKeyWhereverItStands) {
  const std::string key = "trk_Active00000000000000000000000001";
  EXPECT_EQ(described("/api/v2/lists/" + key, "/api/v2/lists/{list_id}"), "/api/v2/lists/*");
  EXPECT_EQ(described("/api/v2/lists/%54RK%5Fa", "/api/v2/lists/{list_id}"), "/api/v2/lists/*");
  EXPECT_EQ(undescribed("/a/" + key + "/b"), "/a/*/b");
}

TEST(Referer, IsItsOriginAndWhatMayBeShownOfItsPath) {
  EXPECT_EQ(redacted_referer(""), "");
  EXPECT_EQ(redacted_referer("https://app.example"), "https://app.example");
  EXPECT_EQ(redacted_referer("https://app.example/a/b?c=d#e"), "https://app.example/a/b");
  EXPECT_EQ(redacted_referer("https://u:p@app.example:8443/a"), "https://app.example:8443/a");
  EXPECT_EQ(redacted_referer("https://app.example/contacts/+14155556789"),
            "https://app.example/contacts/*");
  EXPECT_EQ(redacted_referer("/hlr/14155556789"), "/hlr/*");
  EXPECT_EQ(redacted_referer("x?+14155556789"), "x");
  EXPECT_EQ(redacted_referer("trk_1://trk_2/trk_3"), "*://*/*");
}

}  // namespace
}  // namespace trackly::observe
