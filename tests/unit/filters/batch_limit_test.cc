#include "filters/batch_limit.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/filters/filter_bench.h"

namespace trackly::filters {
namespace {

class BatchLimitTest : public testing::Test {
 protected:
  BatchLimitTest() {
    bulk_ = &bench_.operation("POST", "/bulk");
    bulk_->json_body = bulk_->has_body = bulk_->body_required = true;
    bulk_->batch = Batch{"/messages", 3, "too_many", "missing_messages", Mark()};
    single_ = &bench_.operation("POST", "/single");
  }

  std::string ask(std::string_view body) {
    RequestToFilter request(*bulk_);
    const std::string verdict = request.body(body).ask(*bench_.filter(*bulk_));
    items_ = request.exchange.batch_items;
    detail_ = request.detail;
    return verdict;
  }

  FilterBench bench_{{"invalid_input", "too_many", "missing_messages"}};
  Operation* bulk_;
  Operation* single_;
  std::optional<std::size_t> items_;
  std::string detail_;
};

TEST_F(BatchLimitTest, ABatchUpToItsMaximumPassesAndIsCounted) {
  bench_.make(make_batch_limit);
  EXPECT_EQ(ask(R"({"messages":[1,{"a":[1,2,3,4]},null]})"), "next");
  EXPECT_EQ(items_, 3U);
}

TEST_F(BatchLimitTest, ALongerOneIsRefused) {
  bench_.make(make_batch_limit);
  EXPECT_EQ(ask(R"({"messages":[1,2,3,4]})"), "too_many");
  EXPECT_EQ(items_, 4U);
  EXPECT_EQ(detail_, "/messages");
}

TEST_F(BatchLimitTest, AnAccountsOwnMaximumAppliesWhereItIsSmallerAndTheTextNamesIt) {
  const auto entry = [](std::string id, int status, std::string text) {
    ErrorEntry made;
    made.id = std::move(id);
    made.status = status;
    made.text = std::move(text);
    return made;
  };
  bench_.catalogue({entry("invalid_input", 400, "Invalid input"),
                    entry("too_many", 413, "Maximum 3 messages per request"),
                    entry("missing_messages", 400, "Messages are missing")});
  bench_.make(make_batch_limit);
  const auto text_for = [this](std::uint64_t maximum, std::string_view body) {
    auto account = std::make_shared<Account>();
    account->batch_maximum = maximum;
    auto key = std::make_shared<KeyRecord>();
    key->account = account;
    RequestToFilter request(*bulk_);
    request.exchange.key = key;
    const std::string verdict = request.body(body).ask(*bench_.filter(*bulk_));
    return request.error == nullptr ? verdict : request.error->body;
  };
  EXPECT_EQ(text_for(2, R"({"messages":[1,2]})"), "next");
  EXPECT_EQ(text_for(2, R"({"messages":[1,2,3]})"),
            R"({"error":"Maximum 2 messages per request"})");
  EXPECT_EQ(text_for(9, R"({"messages":[1,2,3,4]})"),
            R"({"error":"Maximum 3 messages per request"})");
}

TEST_F(BatchLimitTest, AnEmptyOneIsAnsweredWithTheRowForIt) {
  bench_.make(make_batch_limit);
  EXPECT_EQ(ask(R"({"messages":[]})"), "missing_messages");
}

TEST_F(BatchLimitTest, AnEmptyOnePassesWhereThereIsNoRowForIt) {
  bulk_->batch->empty_error.clear();
  bench_.make(make_batch_limit);
  EXPECT_EQ(ask(R"({"messages":[]})"), "next");
  EXPECT_EQ(items_, 0U);
}

TEST_F(BatchLimitTest, WhatIsNotThereOrNoArrayIsLeftToTheSchema) {
  bench_.make(make_batch_limit);
  for (const char* body : {"{}", R"({"messages":null})", R"({"messages":{"0":1}})"}) {
    EXPECT_EQ(ask(body), "next") << body;
    EXPECT_FALSE(items_) << body;
  }
}

TEST_F(BatchLimitTest, ThePointerMayLeadDeeper) {
  bulk_->batch->pointer = "/a~1b/1/list";
  bench_.make(make_batch_limit);
  EXPECT_EQ(ask(R"({"a/b":[0,{"list":[1,2,3,4]}]})"), "too_many");
  EXPECT_EQ(ask(R"({"a/b":[0]})"), "next");
}

TEST_F(BatchLimitTest, AnAmbiguousBodyIsRefused) {
  bench_.make(make_batch_limit);
  EXPECT_EQ(ask(R"({"messages":[],"messages":[1]})"), "invalid_input");
  EXPECT_EQ(detail_, "body: duplicate member name");
  EXPECT_EQ(ask(""), "invalid_input");
  EXPECT_EQ(ask("[]"), "invalid_input");
}

TEST_F(BatchLimitTest, ACompressedBodyIsRefusedBeforeItIsRead) {
  bench_.make(make_batch_limit);
  RequestToFilter request(*bulk_);
  EXPECT_EQ(request.field("Content-Encoding", "gzip").ask(*bench_.filter(*bulk_)), "invalid_input");
  EXPECT_FALSE(request.was_held);
}

TEST_F(BatchLimitTest, OperationsWithoutABatchDoNotNeedIt) {
  bench_.make(make_batch_limit);
  EXPECT_EQ(bench_.filter(*single_), nullptr);
  EXPECT_EQ(bench_.describe(*single_), "");
  EXPECT_EQ(bench_.describe(*bulk_), "1 to 3 items in /messages");
}

TEST_F(BatchLimitTest, MistakesInItsDescriptionAreReported) {
  bulk_->batch->pointer = "messages";
  single_->batch = Batch{"/x", 1, "too_manny", "", Mark()};
  bench_.make(make_batch_limit, R"({"maximum":5})");
  ASSERT_EQ(bench_.problems().size(), 3U);
  EXPECT_NE(bench_.problems()[0].find("unknown key \"maximum\""), std::string::npos);
  EXPECT_NE(bench_.problems()[1].find("expected a JSON Pointer"), std::string::npos);
  EXPECT_NE(bench_.problems()[2].find("did you mean \"too_many\""), std::string::npos);
}

}  // namespace
}  // namespace trackly::filters
