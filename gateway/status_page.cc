#include "gateway/status_page.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "gateway/observe/json_line.h"
#include "gateway/observe/top_refusals.h"

namespace trackly {
namespace {

using observe::JsonLine;

constexpr std::size_t kTopRefusals = 10;

std::string_view state_of(const PageSources& sources) {
  return sources.draining ? "draining" : "ready";
}

void append_configuration(JsonLine& line, const PageSources& sources) {
  const ReloadState& reloads = sources.reloads;
  line.begin_object("configuration");
  line.number("generation", reloads.generation);
  line.time("loaded_at", reloads.loaded_at);
  line.number("reloads", reloads.attempts);
  line.number("failed_reloads", reloads.failures);
  if (reloads.last_attempt) {
    line.begin_object("last_reload");
    line.time("time", *reloads.last_attempt);
    line.boolean("succeeded", reloads.problems.empty());
    line.begin_array("problems");
    for (const std::string& problem : reloads.problems) line.item_text(problem);
    line.end_array();
    line.end_object();
  }
  line.end_object();
}

void append_listeners(JsonLine& line, const PageSources& sources) {
  line.begin_array("listeners");
  for (std::size_t i = 0; i < sources.listening_on.size(); ++i) {
    line.begin_item_object();
    line.text("address", sources.listening_on[i]);
    line.boolean("tls", sources.generation.settings().listeners[i].tls.has_value());
    line.end_object();
  }
  line.end_array();
}

void append_workers(JsonLine& line, const PageSources& sources) {
  line.begin_array("workers");
  for (const auto& worker : sources.workers) {
    line.begin_item_object();
    line.number("connections", worker->activity().connections.load());
    line.number("requests_in_flight", worker->activity().requests.load());
    line.end_object();
  }
  line.end_array();
}

void append_breaker(JsonLine& line, const proxy::SharedUpstream& upstream) {
  if (upstream.breaker == nullptr) return;
  line.begin_object("circuit_breaker");
  line.boolean("open", upstream.breaker->is_open());
  line.number("openings", upstream.breaker->openings());
  line.end_object();
}

/// Those that there are at the moment: none where a name has no address yet.
void append_targets(JsonLine& line, const PageSources& sources, std::size_t upstream) {
  line.begin_array("targets");
  const auto targets = sources.monitors[upstream]->targets();
  if (targets != nullptr) {
    for (const auto& target : *targets) {
      line.begin_item_object();
      line.text("target", target->text());
      line.boolean("passes_checks", target->passes_checks());
      line.boolean("ejected", target->is_ejected(sources.now));
      line.end_object();
    }
  }
  line.end_array();
}

void append_upstreams(JsonLine& line, const PageSources& sources) {
  line.begin_array("upstreams");
  for (std::size_t i = 0; i < sources.monitors.size(); ++i) {
    const proxy::SharedUpstream& upstream = *sources.generation.upstreams[i];
    line.begin_item_object();
    line.text("name", upstream.settings.name);
    line.number("connections", upstream.connections.load());
    append_breaker(line, upstream);
    append_targets(line, sources, i);
    line.end_object();
  }
  line.end_array();
}

void append_redis(JsonLine& line, const PageSources& sources) {
  const SharedRedis* redis = sources.generation.redis.get();
  if (redis == nullptr) return;
  line.begin_object("redis");
  line.begin_array("servers");
  for (const auto& server : redis->health.servers()) {
    line.begin_item_object();
    line.text("server", server.name);
    line.boolean("up", server.up);
    line.end_object();
  }
  line.end_array();
  line.number("fleet_gateways", redis->fleet.gateways());
  if (redis->keys.in_use()) line.boolean("key_subscription", redis->keys.counts().watched);
  line.end_object();
}

using Metrics = std::vector<const observe::RequestMetrics*>;

/// By the stores that decided: what the limiter does while Redis is away shows here.
void append_limiter(JsonLine& line, const Metrics& metrics) {
  line.begin_object("limiter_decisions");
  for (std::size_t i = 0; i < observe::kLimiterStores.size(); ++i) {
    std::uint64_t count = 0;
    for (const auto* of_worker : metrics) count += of_worker->limiter_decisions(i).value();
    line.number(observe::kLimiterStores[i], count);
  }
  line.end_object();
}

void append_memory(JsonLine& line, const PageSources& sources) {
  const proxy::BodyBudget& budget = sources.process.body_budget;
  line.begin_object("body_memory");
  line.number("bytes", budget.used());
  line.number("limit_bytes", budget.total());
  line.number("waiting_requests", budget.waiting());
  line.end_object();
}

void append_access_log(JsonLine& line, const PageSources& sources) {
  const observe::LogWriter* log = sources.generation.log.get();
  if (log == nullptr) return;
  line.begin_object("access_log");
  line.number("written_lines", log->counts().written.load());
  line.number("lost_lines", log->lost());
  line.end_object();
}

void append_refusals(JsonLine& line, const PageSources& sources, const Metrics& metrics) {
  line.begin_array("top_refusals");
  for (const auto& refusal : top_refusals(*sources.generation.labels, metrics, kTopRefusals)) {
    line.begin_item_object();
    line.text("route", refusal.route);
    line.text("method", refusal.method);
    line.text("filter", refusal.filter);
    line.text("code", refusal.code);
    line.number("count", refusal.count);
    line.end_object();
  }
  line.end_array();
}

void append_escaped_html(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
}

/// Empty where the last reload succeeded, or there was none.
std::string problems_in_html(const ReloadState& reloads) {
  if (reloads.problems.empty()) return {};
  std::string html = "<p>The last reload changed nothing:</p>\n<pre>";
  for (const std::string& problem : reloads.problems) {
    append_escaped_html(html, problem);
    html += '\n';
  }
  return html + "</pre>\n";
}

}  // namespace

std::string status_page(const PageSources& sources) {
  const Metrics metrics = sources.metrics();
  std::string page;
  JsonLine line(page);
  line.text("version", TRACKLY_VERSION);
  line.text("state", state_of(sources));
  line.time("started_at", sources.started_at);
  append_configuration(line, sources);
  append_listeners(line, sources);
  append_workers(line, sources);
  append_upstreams(line, sources);
  append_redis(line, sources);
  append_limiter(line, metrics);
  append_memory(line, sources);
  append_access_log(line, sources);
  append_refusals(line, sources, metrics);
  line.end();
  return page;
}

std::string front_page(const PageSources& sources) {
  return fmt::format(
      "<!doctype html>\n"
      "<html lang=\"en\"><meta charset=\"utf-8\"><title>trackly-gateway</title>\n"
      "<h1>trackly-gateway {}</h1>\n"
      "<p>It is {}, and serves by configuration {}.</p>\n"
      "{}"
      "<ul>\n"
      "<li><a href=\"/status\">/status</a>: how it is, as JSON\n"
      "<li><a href=\"/metrics\">/metrics</a>: for Prometheus\n"
      "<li><a href=\"/healthz\">/healthz</a>: whether the process runs\n"
      "<li><a href=\"/readyz\">/readyz</a>: whether it takes requests; 503 while it drains\n"
      "</ul>\n",
      TRACKLY_VERSION, state_of(sources), sources.reloads.generation,
      problems_in_html(sources.reloads));
}

}  // namespace trackly
