#include "gateway/store/redis_client.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace trackly::store {
namespace {

// A connection that lived shorter is not replaced at once: whoever accepts and closes again and
// again is asked at the pace of failed attempts.
constexpr Duration kStoodWell = std::chrono::seconds(1);

net::Address address_of(const RedisSettings& settings) {
  return {.host = settings.host, .port = settings.port, .unix_path = settings.unix_path};
}

}  // namespace

std::string_view to_string(RedisFailure failure) {
  switch (failure) {
    case RedisFailure::timeout:
      return "timeout";
    case RedisFailure::lost:
      return "connection lost";
    case RedisFailure::down:
      return "down";
    case RedisFailure::overloaded:
      return "too many commands in flight";
  }
  return "";
}

struct RedisClient::Command {
  std::string wire;
  TimePoint deadline;
  Callback callback;  // empty: nobody waits
  bool cancelled = false;
  bool overdue = false;  // answered with timeout, its reply is still to come

  void answer(RedisAnswer answer) {
    // Moved out, because the callback may destroy the ticket, which clears it.
    if (const Callback call = std::exchange(callback, nullptr)) call(std::move(answer));
  }
};

class RedisClient::Ticket final : public Pending {
 public:
  explicit Ticket(CommandPtr command) : command_(std::move(command)) {}
  ~Ticket() override {
    command_->callback = nullptr;
    command_->cancelled = true;
  }

 private:
  CommandPtr command_;
};

RedisClient::RedisClient(Loop& loop, net::Connector& connector, const RedisSettings& settings)
    : loop_(loop),
      connector_(connector),
      settings_(settings),
      deadline_timer_(loop.timer([this] { on_deadline(); })),
      pause_timer_(loop.timer([this] { connect(); })) {
  connect();
}

RedisClient::~RedisClient() { RedisConnection::close(std::move(connection_)); }

PendingPtr RedisClient::send(std::string_view, std::span<const std::string_view> words,
                             TimePoint deadline, Callback callback) {
  auto command = std::make_shared<Command>();
  command->deadline = deadline;
  command->callback = std::move(callback);
  if (const auto why = obstacle()) {
    loop_.post([command, why] { command->answer(*why); });
  } else {
    command->wire = format_redis_command(words);
    submit(command);
  }
  return std::make_unique<Ticket>(std::move(command));
}

void RedisClient::send(std::string_view, std::span<const std::string_view> words) {
  if (obstacle()) return;
  auto command = std::make_shared<Command>();
  command->deadline = deadline();
  command->wire = format_redis_command(words);
  submit(command);
}

std::optional<RedisFailure> RedisClient::obstacle() const {
  if (stalled() || (down_ && !ready_since_)) return RedisFailure::down;
  if (waiting_.size() + sent_.size() >= settings_.max_in_flight) return RedisFailure::overloaded;
  return std::nullopt;
}

bool RedisClient::stalled() const { return !sent_.empty() && sent_.front()->overdue; }

void RedisClient::submit(const CommandPtr& command) {
  if (ready_since_) {
    transmit(command);
  } else {
    waiting_.push_back(command);
  }
  watch(command->deadline);
}

void RedisClient::transmit(const CommandPtr& command) {
  connection_->send(std::exchange(command->wire, {}));
  sent_.push_back(command);
}

void RedisClient::connect() {
  RedisConnectionEvents& events = *this;
  connection_ = std::make_unique<RedisConnection>(loop_, connector_, address_of(settings_),
                                                  settings_.connect_timeout, events);
}

void RedisClient::on_open() {
  static constexpr std::array<std::string_view, 1> kPing{"PING"};
  auto greeting = std::make_shared<Command>();
  greeting->deadline = loop_.now() + settings_.connect_timeout;
  greeting->callback = [this](const RedisAnswer& answer) { on_greeting(answer); };
  greeting->wire = format_redis_command(kPing);
  transmit(greeting);
  watch(greeting->deadline);
}

void RedisClient::on_greeting(const RedisAnswer& answer) {
  // Then reconnect() is what told us.
  if (!answer && answer.error() == RedisFailure::lost) return;
  // An error, such as LOADING or too many clients: it is there, but of no use yet.
  if (!answer || answer->kind == RedisReply::Kind::error) return reconnect(RedisFailure::down);
  ready_since_ = loop_.now();
  down_ = false;
  for (const CommandPtr& command : std::exchange(waiting_, {})) {
    if (!command->cancelled) transmit(command);
  }
}

void RedisClient::on_reply(RedisReply reply) {
  if (sent_.empty()) return reconnect(RedisFailure::lost);  // to what nobody asked
  const CommandPtr command = std::move(sent_.front());
  sent_.pop_front();
  command->answer(std::move(reply));
}

void RedisClient::on_lost() { reconnect(RedisFailure::lost); }

void RedisClient::reconnect(RedisFailure why) {
  const bool stood_well = ready_since_ && loop_.now() - *ready_since_ >= kStoodWell;
  const bool answering = stood_well && !stalled();
  if (stood_well) pause_ = kFirstPause;

  RedisConnection::close(std::move(connection_));
  ready_since_.reset();
  const Queue sent = std::exchange(sent_, {});
  if (answering) {
    connect();
  } else {
    down_ = true;
    const auto half = static_cast<std::uint64_t>(pause_.count() / 2);
    pause_timer_->arm(pause_ / 2 + Duration(static_cast<std::int64_t>(loop_.random() % half)));
    pause_ = std::min(pause_ * 2, kLongestPause);
  }

  const Queue waiting = down_ ? std::exchange(waiting_, {}) : Queue();
  for (const CommandPtr& command : sent) command->answer(why);
  for (const CommandPtr& command : waiting) command->answer(RedisFailure::down);
}

void RedisClient::watch(TimePoint deadline) {
  if (watched_ && *watched_ <= deadline) return;
  watched_ = deadline;
  deadline_timer_->arm(deadline - loop_.now());
}

void RedisClient::on_deadline() {
  watched_.reset();
  const TimePoint now = loop_.now();
  expire(now);
  if (stalled() && sent_.front()->deadline + kStallLimit <= now) reconnect(RedisFailure::timeout);
  if (const auto next = next_deadline()) watch(*next);
}

void RedisClient::expire(TimePoint now) {
  std::vector<CommandPtr> expired;
  for (const CommandPtr& command : sent_) {
    if (command->overdue || command->deadline > now) continue;
    command->overdue = true;
    expired.push_back(command);
  }
  std::erase_if(waiting_, [&](const CommandPtr& command) {
    if (command->deadline > now) return false;
    expired.push_back(command);
    return true;
  });
  // Last, because a callback may send, which adds to the queues.
  for (const CommandPtr& command : expired) command->answer(RedisFailure::timeout);
}

std::optional<TimePoint> RedisClient::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint deadline) {
    next = next ? std::min(*next, deadline) : deadline;
  };
  if (stalled()) consider(sent_.front()->deadline + kStallLimit);
  for (const CommandPtr& command : sent_) {
    if (!command->overdue) consider(command->deadline);
  }
  for (const CommandPtr& command : waiting_) consider(command->deadline);
  return next;
}

}  // namespace trackly::store
