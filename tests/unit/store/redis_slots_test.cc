// Which slot a key lies in, and what nodes say of who serves a slot.

#include "gateway/store/redis_slots.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/store/resp.h"

namespace trackly::store {
namespace {

using namespace std::string_literals;

// ------------------------------------------------------------------------------------------- keys

TEST(RedisSlot, OfAKeyIsTheOneThatRedisFinds) {
  // As CLUSTER KEYSLOT of Redis 7.0 has it.
  EXPECT_EQ(redis_slot(""), 0);
  EXPECT_EQ(redis_slot("123456789"), 12739);
  EXPECT_EQ(redis_slot("foo"), 12182);
  EXPECT_EQ(redis_slot("bar"), 5061);
  EXPECT_EQ(redis_slot("a\xff\0b"s), 11489);
}

TEST(RedisSlot, OfATaggedKeyIsThatOfItsTag) {
  EXPECT_EQ(redis_slot("{user1000}.following"), redis_slot("user1000"));
  EXPECT_EQ(redis_slot("trackly:b:{acct-1}:x"), redis_slot("acct-1"));
  EXPECT_EQ(redis_slot("foo{bar}{zap}"), redis_slot("bar")) << "the first braces count";
  EXPECT_EQ(redis_slot("foo{{bar}}zap"), redis_slot("{bar")) << "up to the first that closes";
}

TEST(RedisSlot, BracesThatAreNoTagArePartOfTheKey) {
  EXPECT_EQ(redis_slot("foo{}{bar}"), 8363);
  EXPECT_EQ(redis_slot("a{}"), 6082);
  EXPECT_EQ(redis_slot("foo{bar"), 15278);
  EXPECT_EQ(redis_slot("foo}bar{"), 11073);
}

// ---------------------------------------------------------------------------------------- the map

/// "0-5 a:7000, 6-6 :7001"; "no map" where it is none.
std::string map_in(std::string_view wire) {
  const auto ranges = read_cluster_slots(parsed(wire));
  if (!ranges) return "no map";
  std::string text;
  for (const RedisSlotRange& range : *ranges) {
    if (!text.empty()) text += ", ";
    text += std::to_string(range.first) + "-" + std::to_string(range.last) + " " +
            range.primary.host + ":" + std::to_string(range.primary.port);
  }
  return text;
}

TEST(RedisSlotMap, NamesThePrimaryOfEachRange) {
  const std::string with_replicas =
      array({number(6), number(16383), array({bulk("b"), number(7001), bulk("5f")}),
             array({bulk("replica"), number(7002), bulk("6f")})});
  EXPECT_EQ(map_in(array({slot_range(0, 5, "a"), with_replicas})), "0-5 a:7000, 6-16383 b:7001");
}

TEST(RedisSlotMap, MayLeaveTheHostToWhoAsked) {
  EXPECT_EQ(map_in(array({slot_range(0, 5, ""), slot_range(6, 7, "?"),
                          array({number(8), number(9), array({"$-1\r\n", number(7000)})})})),
            "0-5 :7000, 6-7 :7000, 8-9 :7000");
}

TEST(RedisSlotMap, IsNoneWhereAnyOfItCannotBeRead) {
  const auto with_range = [](const std::string& range) {
    return map_in(array({slot_range(0, 5, "a"), range}));
  };
  EXPECT_EQ(with_range(slot_range(-1, 5, "a")), "no map");
  EXPECT_EQ(with_range(slot_range(0, 16384, "a")), "no map");
  EXPECT_EQ(with_range(slot_range(0, 5, "a", 0)), "no map");
  EXPECT_EQ(with_range(slot_range(0, 5, "a", 65536)), "no map");
  EXPECT_EQ(with_range(array({})), "no map");
  EXPECT_EQ(with_range(array({number(0), number(5)})), "no map") << "no node";
  EXPECT_EQ(with_range(array({number(0), number(5), bulk("a:7000")})), "no map");
  EXPECT_EQ(with_range(array({number(0), number(5), array({bulk("a")})})), "no map") << "no port";
  EXPECT_EQ(with_range(array({number(0), number(5), bulks({"a", "7000"})})), "no map");
  EXPECT_EQ(with_range(array({bulk("0"), number(5), array({bulk("a"), number(1)})})), "no map");
  EXPECT_EQ(with_range(array({number(0), bulk("5"), array({bulk("a"), number(1)})})), "no map");
  EXPECT_EQ(with_range(number(5)), "no map");
}

TEST(RedisSlotMap, IsNoneWhereThereIsNothingInIt) {
  EXPECT_EQ(map_in(array({})), "no map") << "a node that has not met the others";
  EXPECT_EQ(map_in("*-1\r\n"), "no map");
  EXPECT_EQ(map_in("+OK\r\n"), "no map");
  EXPECT_EQ(map_in("-ERR This instance has cluster support disabled\r\n"), "no map");
}

// ----------------------------------------------------------------------------------- redirections

/// "moved 5 a:7000"; "none" where it is no redirection.
std::string redirection_in(const std::string& error) {
  const auto redirection = read_redirection(parsed("-" + error + "\r\n"));
  if (!redirection) return "none";
  return (redirection->kind == RedisRedirection::Kind::ask ? "ask " : "moved ") +
         std::to_string(redirection->slot) + " " + redirection->node.host + ":" +
         std::to_string(redirection->node.port);
}

TEST(RedisRedirection, TellsTheSlotAndTheNode) {
  EXPECT_EQ(redirection_in("MOVED 3999 10.0.0.1:6381"), "moved 3999 10.0.0.1:6381");
  EXPECT_EQ(redirection_in("ASK 16383 redis-2:6381"), "ask 16383 redis-2:6381");
  EXPECT_EQ(redirection_in("MOVED 0 fd00::1:6381"), "moved 0 fd00::1:6381");
}

TEST(RedisRedirection, MayLeaveTheHostToWhoAsked) {
  EXPECT_EQ(redirection_in("MOVED 3999 :6381"), "moved 3999 :6381");
  EXPECT_EQ(redirection_in("MOVED 3999 ?:6381"), "moved 3999 :6381");
}

TEST(RedisRedirection, IsNoneWhereAnyOfItCannotBeRead) {
  for (const char* error :
       {"MOVED", "MOVED 3999", "MOVED 3999 ", "MOVED 3999 a", "MOVED 3999 a:", "MOVED 3999 a:0",
        "MOVED 3999 a:65536", "MOVED 3999 a:63x", "MOVED 16384 a:6381", "MOVED -1 a:6381",
        "MOVED x a:6381", "MOVED  a:6381", "MOVED a:6381", "ASK", "MOVEDX 3999 a:6381",
        "ERR MOVED 3999 a:6381", "CLUSTERDOWN Hash slot not served"}) {
    EXPECT_EQ(redirection_in(error), "none") << error;
  }
  EXPECT_FALSE(read_redirection(parsed(bulk("MOVED 3999 a:6381")))) << "a value, not an error";
}

}  // namespace
}  // namespace trackly::store
