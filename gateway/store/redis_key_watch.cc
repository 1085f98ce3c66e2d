#include "gateway/store/redis_key_watch.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "gateway/store/redis_key_records.h"

namespace trackly::store {
namespace {

// A connection that lived shorter is not replaced at once: whoever accepts and closes again and
// again is asked at the pace of failed attempts.
constexpr Duration kStoodWell = std::chrono::seconds(1);

}  // namespace

RedisKeyWatch::RedisKeyWatch(Loop& loop, net::Connector& connector, RedisGuide& guide,
                             Duration connect_timeout, KeyCache& cache)
    : loop_(loop),
      connector_(connector),
      guide_(guide),
      connect_timeout_(connect_timeout),
      cache_(cache),
      tick_(loop.timer([this] { on_tick(); })),
      pause_timer_(loop.timer([this] { look_for_redis(); })) {
  look_for_redis();
}

RedisKeyWatch::~RedisKeyWatch() { RedisConnection::close(std::move(connection_)); }

void RedisKeyWatch::look_for_redis() {
  search_ = guide_.find([this](const RedisEntrance& found) { connect(found); });
}

void RedisKeyWatch::connect(const RedisEntrance& entrance) {
  login_ = entrance.login;
  RedisConnectionEvents& events = *this;
  connection_ = std::make_unique<RedisConnection>(loop_, connector_, entrance.address,
                                                  connect_timeout_, events);
}

void RedisKeyWatch::on_open() {
  login_replies_ = login_.size();
  for (const std::string& command : std::exchange(login_, {})) connection_->send(command);
  send({"SUBSCRIBE", kChangesChannel});
  tick_->arm(connect_timeout_);
}

void RedisKeyWatch::send(std::initializer_list<std::string_view> words) {
  connection_->send(format_redis_command(std::span(words.begin(), words.size())));
}

void RedisKeyWatch::on_reply(RedisReply reply) {
  // Wrong password, LOADING, too many clients, …
  if (reply.kind == RedisReply::Kind::error) return start_over();
  if (login_replies_ > 0) {
    --login_replies_;
    return;
  }
  if (reply.kind == RedisReply::Kind::array && !reply.items.empty()) on_message(reply);
}

void RedisKeyWatch::on_message(const RedisReply& reply) {
  const std::string& what = reply.items.front().text;
  if (what == "message" && reply.items.size() == 3) {
    on_change(reply.items[2].text);
  } else if (what == "subscribe") {
    subscribed();
  } else if (what == "pong" && ping_sent_) {
    cache_.watch_confirmed(*std::exchange(ping_sent_, std::nullopt));
  }
}

void RedisKeyWatch::on_change(const std::string& message) {
  const Change change = parse_change(message);
  if (change.key) {
    cache_.key_changed(*change.key);
  } else if (!change.account.empty()) {
    cache_.account_changed(change.account);
  } else {
    // Whatever it is that has changed, nothing is certain any more.
    cache_.watch_began(loop_.now());
  }
}

void RedisKeyWatch::subscribed() {
  subscribed_since_ = loop_.now();
  cache_.watch_began(loop_.now());
  tick_->arm(kPing);
}

void RedisKeyWatch::on_tick() {
  if (!subscribed_since_ || ping_sent_) return start_over();
  ping_sent_ = loop_.now();
  send({"PING"});
  tick_->arm(kPing);
}

void RedisKeyWatch::start_over() {
  cache_.watch_lost();
  tick_->disarm();
  RedisConnection::close(std::move(connection_));
  const bool stood_well = subscribed_since_ && loop_.now() - *subscribed_since_ >= kStoodWell;
  const bool was_answering = !ping_sent_;
  subscribed_since_.reset();
  ping_sent_.reset();
  if (stood_well) pause_ = kFirstPause;
  if (stood_well && was_answering) {
    // Not from inside an event of the connection.
    pause_timer_->arm(Duration::zero());
    return;
  }
  const auto half = static_cast<std::uint64_t>(pause_.count() / 2);
  pause_timer_->arm(pause_ / 2 + Duration(static_cast<std::int64_t>(loop_.random() % half)));
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace trackly::store
