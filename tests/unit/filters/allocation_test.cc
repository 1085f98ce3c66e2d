#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "gateway/json/held_body.h"
#include "tests/unit/filters/schema_judge.h"

namespace {

std::size_t allocations = 0;

void* count_and_allocate(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Replaces the program's own, to see who allocates.
void* operator new(std::size_t size) { return count_and_allocate(size); }
void* operator new[](std::size_t size) { return count_and_allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
// Not inlined: g++ would see a free() without the malloc() that it belongs to.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace trackly::json_schema {
namespace {

constexpr std::string_view kSchema = R"({
  "type": "object", "x-lenient": true, "x-empty-is-missing": true,
  "properties": {
    "to": {"type": "string", "pattern": "^\\+[1-9][0-9]{1,14}$", "x-error": "invalid_to"},
    "body": {"type": "string", "maxLength": 1600, "x-error": "missing_body"},
    "channel": {"enum": ["sms", "voice"]},
    "ip": {"anyOf": [{"format": "ipv4", "x-error": "f"}, {"format": "ipv6", "x-error": "f"}]},
    "price": {"type": "number", "minimum": 0, "multipleOf": 0.01},
    "metadata": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
    "links": {"type": "array", "items": {"$ref": "#/$defs/link"}, "uniqueItems": true},
    "shares": {"x-sum": {"of": ["share", "percent"], "minimum": 99.99, "maximum": 100.01}},
    "filter": {"$ref": "#/$defs/filter"}
  },
  "required": ["to", "body"],
  "dependentRequired": {"price": ["channel"]},
  "not": {"required": ["forbidden"]},
  "x-max-bytes": 4000,
  "x-placeholders": {"text": "/body", "pattern": "\\{\\{(link[0-9]+)\\}\\}",
                     "list": "/links", "key": "key"},
  "$defs": {
    "link": {"required": ["key"]},
    "filter": {"anyOf": [{"required": ["field"]},
                         {"properties": {"all": {"items": {"$ref": "#/$defs/filter"}}}},
                         {"properties": {"any": {"items": {"$ref": "#/$defs/filter"}}}}]}
  }
})";

constexpr std::string_view kBody =
    R"({"to":"+14155551234","body":"Hello \u00e9 \"{{link1}}\" {{link2}}","channel":"voice",)"
    R"("ip":"2001:db8::1","links":[{"key":"link1"},{"key":"link2"}],)"
    R"("shares":[{"percent":33.33},{"share":33.33},{"share":null,"percent":33.34}],)"
    R"("filter":{"any":[{"field":1},{"all":[{"field":2},{"any":[]}]}]},)"
    R"("price":19.99,"metadata":{"a":"b","n":1e400},"unknown":[1,2,{"x":null}]})";

TEST(Allocation, AValidSmallBodyCostsNone) {
  Judge judge(kSchema);
  ASSERT_TRUE(judge.compiled());
  json::Parser parser;
  const auto judge_once = [&] {
    const auto root = parser.parse(kBody, 64, json::Root::object);
    return root.ok() && !judge.program().check(*root);
  };
  // The parser keeps its memory, and an expression the states that it has met.
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(judge_once());
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(judge_once());
  EXPECT_EQ(allocations, before);
}

TEST(Allocation, AHeldBodyCostsTheMemoryForItsBytesOnly) {
  json::Parser parser;
  const auto hold_once = [&] {
    json::HeldBody body(parser, 64);
    body.reserve(kBody.size());
    body.append(kBody);
    return body.document().ok() && body.document().ok();
  };
  ASSERT_TRUE(hold_once());
  const std::size_t before = allocations;
  ASSERT_TRUE(hold_once());
  EXPECT_EQ(allocations, before + 1);
}

}  // namespace
}  // namespace trackly::json_schema
