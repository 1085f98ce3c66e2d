#include "gateway/cli/explanation.h"

#include "gateway/api/key_text.h"

namespace trackly::cli {
namespace {

using Kind = Opinion::Kind;

/// The place of the filter that refused: the one that was asked last, or the one whose cap on the
/// body was crossed later.
std::optional<std::size_t> refusing(const Exchange& exchange, const proxy::Chain& chain) {
  if (exchange.refused_by.empty()) return std::nullopt;
  for (std::size_t i = exchange.trace.size(); i > 0; --i) {
    const ChainLink& link = chain.links[i - 1];
    if (!link.shadow && link.name == exchange.refused_by) return i - 1;
  }
  return std::nullopt;
}

void add_findings(const Exchange& exchange, std::vector<Opinion>& opinions) {
  for (const ShadowFinding& finding : exchange.shadow) {
    for (Opinion& opinion : opinions) {
      const bool is_meant =
          opinion.shadow && opinion.filter == finding.filter && opinion.kind == Kind::passes;
      if (!is_meant) continue;
      opinion.kind = finding.error == nullptr ? Kind::cannot_judge : Kind::would_refuse;
      opinion.error = finding.error;
      opinion.place = finding.place;
      opinion.rule = finding.rule;
      opinion.unjudged = finding.unjudged;
      break;
    }
  }
}

std::vector<Opinion> opinions_of(const Exchange& exchange, const proxy::Chain& chain) {
  std::vector<Opinion> opinions;
  const auto refused_at = refusing(exchange, chain);
  for (std::size_t i = 0; i < chain.links.size(); ++i) {
    Opinion opinion;
    opinion.filter = chain.links[i].name;
    opinion.shadow = chain.links[i].shadow;
    if (i >= exchange.trace.size()) opinion.kind = Kind::not_asked;
    if (i == refused_at) {
      opinion.kind = Kind::refuses;
      opinion.error = exchange.local_reply;
      opinion.place = exchange.refused_place;
      if (exchange.limiter.refused) opinion.rule = exchange.limiter.rule;
    }
    opinions.push_back(std::move(opinion));
  }
  add_findings(exchange, opinions);
  return opinions;
}

std::string limiter_text(const LimiterFacts& limiter) {
  std::string text = limiter.rule;
  if (limiter.remaining) text += ": " + std::to_string(*limiter.remaining) + " left";
  return text + (text.empty() ? "" : ", ") + "store " + std::string(limiter.store_mode);
}

void add_facts(const Exchange& exchange, Explanation& told) {
  told.facts.emplace_back("request_id", without_keys(exchange.request_id));
  if (exchange.key != nullptr) {
    told.facts.emplace_back("account", exchange.key->account->id);
    told.facts.emplace_back("key", exchange.key->name);
  }
  if (exchange.batch_items) {
    told.facts.emplace_back("batch_items", std::to_string(*exchange.batch_items));
  }
  if (!exchange.limiter.store_mode.empty()) {
    told.facts.emplace_back("limiter", limiter_text(exchange.limiter));
  }
  if (!exchange.flag.empty()) told.facts.emplace_back("flag", exchange.flag);
}

}  // namespace

std::string_view to_string(Opinion::Kind kind) {
  switch (kind) {
    case Kind::passes:
      return "passes";
    case Kind::refuses:
      return "refuses";
    case Kind::would_refuse:
      return "would_refuse";
    case Kind::cannot_judge:
      return "cannot_judge";
    case Kind::not_asked:
      return "not_asked";
  }
  return {};
}

Explanation explanation_of(const Exchange& exchange, const proxy::Chain* chain) {
  Explanation told;
  told.method = without_keys(exchange.request.method);
  if (exchange.operation != nullptr && !exchange.operation->is_unknown) {
    told.route = exchange.operation->path;
  }
  if (chain != nullptr) told.filters = opinions_of(exchange, *chain);
  add_facts(exchange, told);
  told.error = exchange.local_reply;
  told.refused_by = exchange.refused_by;
  told.upstream = exchange.upstream;
  for (const FieldList::Field& field : exchange.response_fields) {
    told.answer_fields.emplace_back(field.name, field.value);
  }
  return told;
}

}  // namespace trackly::cli
