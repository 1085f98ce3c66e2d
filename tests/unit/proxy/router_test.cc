#include "gateway/proxy/router.h"

#include <gtest/gtest.h>

#include <string>

namespace trackly::proxy {
namespace {

/// "GET /path" for what the router finds, with the parameters' values behind; "none" else.
class RouterTest : public testing::Test {
 protected:
  void operation(std::string method, std::string path) {
    Operation operation;
    operation.method = std::move(method);
    operation.path = std::move(path);
    api_.operations.push_back(std::move(operation));
  }
  std::string find(std::string_view method, std::string_view path) {
    const Router router(api_);
    const Router::Match match = router.match(method, path);
    if (match.operation == nullptr) return "none";
    std::string text = match.operation->method + " " + match.operation->path;
    for (const std::string& value : match.values) text += " " + value;
    return text;
  }

 private:
  ApiDescription api_;
};

TEST_F(RouterTest, FindsAPathByMethod) {
  operation("GET", "/api/v2/contacts");
  operation("POST", "/api/v2/contacts");
  EXPECT_EQ(find("POST", "/api/v2/contacts"), "POST /api/v2/contacts");
  EXPECT_EQ(find("PATCH", "/api/v2/contacts"), "none");
  EXPECT_EQ(find("GET", "/api/v2"), "none");
  EXPECT_EQ(find("GET", "/api/v2/contacts/more"), "none");
}

TEST_F(RouterTest, HeadUsesTheOperationOfGet) {
  operation("GET", "/a");
  operation("POST", "/b");
  EXPECT_EQ(find("HEAD", "/a"), "GET /a");
  EXPECT_EQ(find("HEAD", "/b"), "none");
}

TEST_F(RouterTest, ATrailingSlashAndAnotherCaseAreOtherPaths) {
  operation("GET", "/a/b");
  EXPECT_EQ(find("GET", "/a/b/"), "none");
  EXPECT_EQ(find("GET", "/a/B"), "none");
}

TEST_F(RouterTest, ParametersAreDecoded) {
  operation("GET", "/contacts/{phone_number}");
  EXPECT_EQ(find("GET", "/contacts/%2B14155551234"), "GET /contacts/{phone_number} +14155551234");
  EXPECT_EQ(find("GET", "/contacts/"), "none");
}

TEST_F(RouterTest, NoRuleIsDodgedBySpellingAPathDifferently) {
  operation("POST", "/api/v2/send");
  EXPECT_EQ(find("POST", "/api/v2/%73end"), "POST /api/v2/send");
}

TEST_F(RouterTest, ALiteralSegmentGoesBeforeAParameter) {
  operation("POST", "/contacts/{id}");
  operation("POST", "/contacts/bulk");
  EXPECT_EQ(find("POST", "/contacts/bulk"), "POST /contacts/bulk");
  EXPECT_EQ(find("POST", "/contacts/7"), "POST /contacts/{id} 7");
}

TEST_F(RouterTest, ComesBackFromALiteralThatLeadsNowhere) {
  operation("GET", "/a/b/c");
  operation("GET", "/a/{x}/d");
  EXPECT_EQ(find("GET", "/a/b/d"), "GET /a/{x}/d b");
}

TEST_F(RouterTest, ALiteralWithoutTheMethodLeavesItToTheParameter) {
  operation("POST", "/contacts/bulk");
  operation("GET", "/contacts/{id}");
  EXPECT_EQ(find("GET", "/contacts/bulk"), "GET /contacts/{id} bulk");
}

}  // namespace
}  // namespace trackly::proxy
