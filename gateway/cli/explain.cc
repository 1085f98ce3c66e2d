#include "gateway/cli/explain.h"

#include <algorithm>
#include <iomanip>
#include <istream>
#include <iterator>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "config/file.h"
#include "gateway/api/ascii.h"
#include "gateway/api/key_text.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/explanation.h"
#include "gateway/cli/load.h"
#include "gateway/cli/rehearsal.h"
#include "gateway/observe/diagnostics.h"
#include "gateway/observe/json_line.h"

namespace trackly::cli {
namespace {

constexpr std::string_view kKeyField = "X-Api-Key";

/// All that is printed.
struct Story {
  Explanation told;
  Rehearsal::Outcome outcome;
  std::string forwarded_head;  // without the key; empty: it is not forwarded
  std::vector<std::string> notes;

  bool is_forwarded() const { return outcome.forwarded.has_value(); }
};

// ----------------------------------------------------------------------------------- the request

Result<std::string> read_request(const std::string& path, std::istream& in) {
  if (path != "-") {
    auto text = config::read_file(path, config::kMaxFileBytes);
    if (!text) return Fault{"cannot read " + path + ": " + text.error().text};
    return text;
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Editors write lines that end with LF alone. Of a head without any CR that is what is meant.
bool mend_line_ends(std::string& request) {
  const std::size_t end = request.find("\n\n");
  if (end == std::string::npos || request.find('\r') < end) return false;
  std::string head;
  for (const char c : std::string_view(request).substr(0, end + 2)) {
    head.append(c == '\n' ? "\r\n" : std::string(1, c));
  }
  request = head + request.substr(end + 2);
  return true;
}

/// A forwarded head as it goes out, but for the key.
std::string without_key(std::string_view head) {
  std::string shown;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    const bool is_key = ascii_iequals(line.substr(0, line.find(':')), kKeyField);
    shown += is_key ? std::string(kKeyField) + ": *" : without_keys(line);
    shown += '\n';
    head.remove_prefix(std::min(head.size(), end + 2));
  }
  return shown;
}

// -------------------------------------------------------------------------------------- for people

std::string refusal_text(const Opinion& opinion) {
  std::string text = std::to_string(opinion.error->status) + " " + opinion.error->id;
  if (!opinion.rule.empty()) text += " by rule " + opinion.rule;
  if (!opinion.place.empty()) text += " at " + opinion.place;
  return text;
}

std::string opinion_text(const Opinion& opinion) {
  switch (opinion.kind) {
    case Opinion::Kind::passes:
      return opinion.shadow ? "passes (in shadow)" : "passes";
    case Opinion::Kind::refuses:
      return "refuses: " + refusal_text(opinion);
    case Opinion::Kind::would_refuse:
      return "in shadow, would refuse: " + refusal_text(opinion);
    case Opinion::Kind::cannot_judge:
      return "in shadow, cannot judge: " + opinion.unjudged;
    case Opinion::Kind::not_asked:
      return "not asked";
  }
  return {};
}

using Rows = std::vector<std::pair<std::string, std::string>>;

void print_rows(const Rows& rows, std::ostream& out) {
  std::size_t width = 0;
  for (const auto& [name, text] : rows) width = std::max(width, name.size());
  for (const auto& [name, text] : rows) {
    out << "  " << std::left << std::setw(static_cast<int>(width)) << name << "  " << text << '\n';
  }
}

void print_fate(const Story& story, std::ostream& out) {
  const Explanation& told = story.told;
  if (story.is_forwarded()) {
    out << "forwarded to upstream " << told.upstream << ", with a body of "
        << story.outcome.forwarded->body_bytes << " bytes:\n\n"
        << story.forwarded_head;
    if (!told.answer_fields.empty()) out << "\nits answer gets:\n\n";
    for (const auto& [name, value] : told.answer_fields) out << name << ": " << value << '\n';
    return;
  }
  const bool by_filter = !told.refused_by.empty();
  out << (by_filter ? "refused by " + told.refused_by : "answered by the gateway itself") << ":\n\n"
      << story.outcome.answer << '\n';
}

void print_text(const Story& story, std::ostream& out) {
  const Explanation& told = story.told;
  out << (told.method.empty() ? "(no method)" : told.method) << ' '
      << (told.route.empty() ? "(no route)" : told.route) << '\n';
  Rows rows;
  for (const Opinion& opinion : told.filters) {
    rows.emplace_back(opinion.filter, opinion_text(opinion));
  }
  print_rows(rows, out);
  out << "found out\n";
  print_rows(told.facts, out);
  for (const std::string& note : story.notes) out << "note: " << note << '\n';
  print_fate(story, out);
}

// ------------------------------------------------------------------------------------ for machines

void append_opinions(observe::JsonLine& line, const std::vector<Opinion>& opinions) {
  line.begin_array("filters");
  for (const Opinion& opinion : opinions) {
    line.begin_item_object();
    line.text("name", opinion.filter);
    line.boolean("shadow", opinion.shadow);
    line.text("verdict", to_string(opinion.kind));
    if (opinion.error != nullptr) {
      line.number("status", opinion.error->status);
      if (!opinion.error->code.empty()) line.text("code", opinion.error->code);
      line.text("error", opinion.error->id);
    }
    if (!opinion.rule.empty()) line.text("rule", opinion.rule);
    if (!opinion.place.empty()) line.text("place", opinion.place);
    if (!opinion.unjudged.empty()) line.text("unjudged", opinion.unjudged);
    line.end_object();
  }
  line.end_array();
}

void append_texts(observe::JsonLine& line, std::string_view name, const Rows& texts) {
  line.begin_object(name);
  for (const auto& [key, text] : texts) line.text(key, text);
  line.end_object();
}

std::string json_of(const Story& story) {
  std::string out;
  observe::JsonLine line(out);
  const Explanation& told = story.told;
  line.text("method", told.method);
  if (!told.route.empty()) line.text("route", told.route);
  append_opinions(line, told.filters);
  append_texts(line, "facts", told.facts);
  line.begin_array("notes");
  for (const std::string& note : story.notes) line.item_text(note);
  line.end_array();
  line.text("outcome", story.is_forwarded() ? "forwarded" : "refused");
  if (story.is_forwarded()) {
    line.text("upstream", told.upstream);
    line.text("head", story.forwarded_head);
    line.number("body_bytes", story.outcome.forwarded->body_bytes);
    append_texts(line, "answer_fields", told.answer_fields);
  } else {
    line.text("refused_by", told.refused_by.empty() ? "gateway" : told.refused_by);
    line.text("answer", story.outcome.answer);
  }
  line.end();
  return out;
}

// --------------------------------------------------------------------------------------- the story

void add_notes(const Settings& settings, const ExplainChoice& choice, const Rehearsal& rehearsal,
               Story& story) {
  if (settings.redis && !choice.connect) {
    story.notes.emplace_back(
        "Redis is not asked: its keys are unknown here, and limits start from full; with --connect "
        "it is asked, and its tokens are taken");
  }
  if (!rehearsal.redis_trouble().empty()) {
    story.notes.push_back("Redis cannot be reached: " + rehearsal.redis_trouble());
  }
  if (!story.outcome.complete) {
    story.notes.emplace_back("the request is not complete: its client is taken to have gone");
  }
  if (story.outcome.left_over > 0) {
    story.notes.push_back(std::to_string(story.outcome.left_over) +
                          " bytes after the request are not looked at: is its Content-Length "
                          "right?");
  }
}

/// nullopt: there is no request in it.
std::optional<Story> tell(Rehearsal& rehearsal, const std::string& request) {
  Story story;
  bool ended = false;
  story.outcome = rehearsal.run(request, [&](const Exchange& exchange) {
    story.told = explanation_of(exchange, rehearsal.chain_of(exchange));
    ended = true;
  });
  if (!ended) return std::nullopt;
  if (story.is_forwarded()) story.forwarded_head = without_key(story.outcome.forwarded->head);
  story.outcome.answer = without_keys(story.outcome.answer);
  return story;
}

}  // namespace

int explain(const ExplainChoice& choice, std::istream& in, std::ostream& out, std::ostream& err) {
  const auto configuration = load(choice.config, err);
  if (configuration == nullptr) return kWrongUsage;
  auto request = read_request(choice.request, in);
  if (!request) {
    err << request.error().text << '\n';
    return kWrongUsage;
  }
  const bool mended = mend_line_ends(*request);
  const auto diagnostics = observe::Diagnostics::start();  // standard output is for the story
  auto rehearsal = Rehearsal::create(configuration, {.connect = choice.connect});
  if (!rehearsal) {
    err << rehearsal.error().text << '\n';
    return kWrongUsage;
  }
  auto story = tell(**rehearsal, *request);
  if (!story) {
    err << choice.request << ": no HTTP/1.1 request is in it\n";
    return kWrongUsage;
  }
  if (mended) story->notes.emplace_back("the lines of the head end with LF; read as CRLF");
  add_notes(configuration->settings, choice, **rehearsal, *story);
  if (choice.json) {
    out << json_of(*story);
  } else {
    print_text(*story, out);
  }
  return story->is_forwarded() ? kFine : kProblem;
}

}  // namespace trackly::cli
