#include "gateway/store/redis_sentinels.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "gateway/store/redis_refusals.h"

namespace trackly::store {
namespace {

using Kind = RedisReply::Kind;

constexpr std::string_view kChannel = "+switch-master";
// Those that answer and close again and again are asked at the pace of failed attempts.
constexpr Duration kStoodWell = std::chrono::seconds(1);
// After the login.
constexpr std::size_t kAddress = 0;
constexpr std::size_t kSentinels = 1;

std::optional<RedisNodeSettings> read_node(std::string_view host, std::string_view port) {
  RedisNodeSettings node{std::string(host), 0};
  const char* const end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data(), end, node.port);
  const bool is_port = parsed.ec == std::errc() && parsed.ptr == end && node.port != 0;
  return host.empty() || !is_port ? std::nullopt : std::optional(std::move(node));
}

/// The value after `field` in a list of fields and values.
std::string_view field(const RedisReply& list, std::string_view name) {
  for (std::size_t i = 0; i + 1 < list.items.size(); i += 2) {
    if (list.items[i].text == name) return list.items[i + 1].text;
  }
  return {};
}

/// "name old-host old-port new-host new-port".
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string wire(std::initializer_list<std::string_view> words) {
  return format_redis_command({words.begin(), words.end()});
}

}  // namespace

RedisSentinels::RedisSentinels(Loop& loop, net::Connector& connector, const RedisAccess& access,
                               RedisHealth* health, Found found)
    : loop_(loop),
      connector_(connector),
      access_(access),
      settings_(*access_.settings.sentinels),
      login_(login_of(settings_)),
      found_(std::move(found)),
      health_(health, "sentinels of " + settings_.primary),
      nodes_(settings_.nodes),
      tick_(loop.timer([this] { on_tick(); })),
      pause_timer_(loop.timer([this] { connect(); })) {
  connect();
}

RedisSentinels::~RedisSentinels() { RedisConnection::close(std::move(connection_)); }

void RedisSentinels::ask_again() {
  // Else the answer is on its way.
  const bool is_answered = answers_ > login_.commands.size() + kAddress;
  if (connection_ == nullptr || !is_answered) return;
  if (settled_at_) forget_failures();
  RedisConnection::close(std::move(connection_));
  tick_->disarm();
  connect();
}

void RedisSentinels::connect() {
  RedisConnectionEvents& events = *this;
  questions_ = login_.commands.size() + 3;
  answers_ = 0;
  is_pinged_ = false;
  settled_at_.reset();
  const Duration timeout = access_.settings.connect_timeout;
  connection_ = std::make_unique<RedisConnection>(
      loop_, connector_, access_.address_of(nodes_[turn_++ % nodes_.size()]), timeout, events);
}

void RedisSentinels::on_open() {
  for (const std::string& command : login_.commands) connection_->send(command);
  connection_->send(wire({"SENTINEL", "get-master-addr-by-name", settings_.primary}));
  connection_->send(wire({"SENTINEL", "sentinels", settings_.primary}));
  connection_->send(wire({"SUBSCRIBE", kChannel}));
  tick_->arm(access_.settings.connect_timeout);
}

void RedisSentinels::on_lost() { give_up("the connection to one was lost, or not made"); }

void RedisSentinels::give_up(std::string_view why) {
  RedisConnection::close(std::move(connection_));
  tick_->disarm();
  if (settled_at_ && loop_.now() - *settled_at_ >= kStoodWell) forget_failures();
  if (++failed_ % nodes_.size() != 0) return connect();
  health_.set("none answers: " + std::string(why));
  pause_timer_->arm(jittered(pause_, loop_.random()));
  pause_ = std::min(pause_ * 2, kLongestPause);
}

void RedisSentinels::on_reply(RedisReply reply) {
  if (is_subscribed()) return on_push(reply);
  const std::size_t number = answers_++;
  if (reply.kind == Kind::error) {
    return give_up("refused: " + reply.text.substr(0, reply.text.find(' ')));
  }
  const std::size_t logins = login_.commands.size();
  if (number >= logins) on_answer(number - logins, reply);
}

void RedisSentinels::on_answer(std::size_t question, const RedisReply& reply) {
  if (question == kSentinels) remember(reply);
  if (question == kAddress) {
    const bool is_known = reply.items.size() == 2;
    const auto primary =
        is_known ? read_node(reply.items[0].text, reply.items[1].text) : std::nullopt;
    if (!primary) return give_up("the primary's name is not known to one");
    found_(access_.address_of(*primary));
  }
  if (is_subscribed()) settle();
}

/// One that names the primary but takes no subscription has failed.
void RedisSentinels::settle() {
  settled_at_ = loop_.now();
  health_.set("");
  tick_->arm(kPing);
}

void RedisSentinels::forget_failures() {
  failed_ = 0;
  pause_ = kFirstPause;
}

void RedisSentinels::remember(const RedisReply& sentinels) {
  for (const RedisReply& one : sentinels.items) {
    const auto node = read_node(field(one, "ip"), field(one, "port"));
    if (!node || nodes_.size() >= kMostSentinels) continue;
    const bool is_known = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& known) {
      return known.host == node->host && known.port == node->port;
    });
    if (!is_known) nodes_.push_back(*node);
  }
}

void RedisSentinels::on_push(const RedisReply& message) {
  is_pinged_ = false;
  if (message.items.size() != 3 || message.items[0].text != "message") return;
  const std::vector<std::string_view> words = words_of(message.items[2].text);
  if (words.size() != 5 || words[0] != settings_.primary) return;
  if (const auto primary = read_node(words[3], words[4])) found_(access_.address_of(*primary));
}

void RedisSentinels::on_tick() {
  if (!is_subscribed() || is_pinged_) return give_up("one does not answer in time");
  is_pinged_ = true;
  connection_->send(wire({"PING"}));
  tick_->arm(kPing);
}

// ----------------------------------------------------------------------------------- the primary

RedisPrimary::RedisPrimary(Loop& loop, net::Connector& connector, const RedisAccess& access,
                           RedisObservers observers)
    : client_(
          loop, connector, access, "primary " + access.settings.sentinels->primary,
          [this] { sentinels_.ask_again(); }, observers),
      sentinels_(loop, connector, access, observers.health,
                 [this](const net::Address& address) { client_.move_to(address); }) {}

}  // namespace trackly::store
