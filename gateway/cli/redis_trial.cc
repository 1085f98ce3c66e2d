#include "gateway/cli/redis_trial.h"

#include <charconv>
#include <utility>

#include "gateway/store/redis_protocol.h"

namespace trackly::cli {
namespace {

using store::RedisReply;

std::string command(const std::vector<std::string_view>& words) {
  return store::format_redis_command(words);
}

}  // namespace

RedisTrial::RedisTrial(Loop& loop, net::Connector& connector, const net::Address& address,
                       Duration timeout, store::RedisLogin login, Question question, Report report,
                       std::function<void(const RedisNodeSettings&)> on_primary)
    : login_(std::move(login)),
      question_(std::move(question)),
      report_(std::move(report)),
      on_primary_(std::move(on_primary)),
      connection_(std::make_unique<store::RedisConnection>(
          loop, connector, address, timeout, static_cast<store::RedisConnectionEvents&>(*this))) {}

RedisTrial::~RedisTrial() { store::RedisConnection::close(std::move(connection_)); }

void RedisTrial::on_open() {
  for (const std::string& one : login_.commands) connection_->send(one);
  switch (question_.kind) {
    case Kind::server:
      return connection_->send(command({"ROLE"}));
    case Kind::cluster_node:
      return connection_->send(command({"CLUSTER", "INFO"}));
    case Kind::sentinel:
      return connection_->send(command({"SENTINEL", "get-master-addr-by-name", question_.primary}));
  }
}

void RedisTrial::on_lost() {
  const auto why = connection_->failure();
  report_(false, why ? std::string(net::phrase_of(*why)) : "it closes the connection");
}

void RedisTrial::on_reply(RedisReply reply) {
  const std::size_t place = replies_++;
  if (place > login_.commands.size()) return;
  if (reply.kind == RedisReply::Kind::error) {
    const bool in_login = place < login_.commands.size();
    return report_(false, (in_login ? login_.names[place] + " refused: " : "") + reply.text);
  }
  if (place == login_.commands.size()) judge(reply);
}

void RedisTrial::judge(const RedisReply& reply) {
  switch (question_.kind) {
    case Kind::server:
      return judge_role(reply);
    case Kind::cluster_node:
      return judge_cluster(reply);
    case Kind::sentinel:
      return judge_sentinel(reply);
  }
}

void RedisTrial::judge_role(const RedisReply& reply) {
  const bool is_primary = !reply.items.empty() && reply.items.front().text == "master";
  if (is_primary) return report_(true, "answers, a primary");
  report_(false, "answers, but is no primary: nothing can be written there");
}

void RedisTrial::judge_cluster(const RedisReply& reply) {
  const bool ok = reply.text.find("cluster_state:ok") != std::string::npos;
  report_(ok, ok ? "answers, its cluster is whole" : "answers, but its cluster is not whole");
}

void RedisTrial::judge_sentinel(const RedisReply& reply) {
  if (reply.items.size() != 2) {
    return report_(false, "answers, but knows no primary called " + question_.primary);
  }
  RedisNodeSettings primary{reply.items[0].text, 0};
  const std::string& port = reply.items[1].text;
  std::from_chars(port.data(), port.data() + port.size(), primary.port);
  on_primary_(primary);
  report_(true, "answers, the primary is " + primary.host + ":" + port);
}

}  // namespace trackly::cli
