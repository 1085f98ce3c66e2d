// Measures for tests/bench/validation, which explains them: the CPU time of judging a body, and of
// a bare simdjson DOM parse of the same bytes.
//
//   validation_bench prepare <openapi.yaml> <directory>    writes api.json and the bodies
//   validation_bench run <directory>                       prints "<case> <measure> <ns>" lines

#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_reader.h"
#include "filters/json_schema/compiler.h"
#include "filters/json_schema/pointer.h"
#include "gateway/api/error.h"
#include "gateway/json/parser.h"
#include "gateway/json/read_node.h"

namespace trackly {
namespace {

struct Case {
  std::string_view name;
  std::string_view schema;  // JSON Pointer into api.json
  std::string_view body;    // file
};

// Other programs find the cases in cases.txt.
constexpr Case kCases[] = {
    {"batch", "/paths/~1v2~1send~1bulk/post/requestBody/content/application~1json/schema",
     "batch.json"},
    {"batch-judged-by-item", "/components/schemas/JudgedBatch", "batch.json"},
    {"send", "/paths/~1v2~1send/post/requestBody/content/application~1json/schema", "send.json"},
    {"send-short", "/paths/~1v2~1send/post/requestBody/content/application~1json/schema",
     "send-short.json"},
};

constexpr int kBatchSize = 1000;
constexpr std::size_t kDepth = 64;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << why << '\n';
  std::exit(1);
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) give_up("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) give_up("cannot write " + path);
}

// ---------------------------------------------------------------------------------------- prepare

void append_json(const Node& node, std::string& out) {
  const auto append_string = [&out](std::string_view text) {
    out.append("\"").append(json_escaped(text)).append("\"");
  };
  const char* separator = "";
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      break;
    case Node::Kind::boolean:
      out += node.boolean ? "true" : "false";
      break;
    case Node::Kind::number:
      out += node.text;
      break;
    case Node::Kind::string:
      append_string(node.text);
      break;
    case Node::Kind::sequence:
      out += "[";
      for (const Node& item : node.items) {
        out += separator;
        append_json(item, out);
        separator = ",";
      }
      out += "]";
      break;
    case Node::Kind::mapping:
      out += "{";
      for (const Node::Entry& entry : node.entries) {
        out += separator;
        append_string(entry.key);
        out += ":";
        append_json(entry.value, out);
        separator = ",";
      }
      out += "}";
      break;
  }
}

Node& member(Node& node, std::string_view key) {
  for (Node::Entry& entry : node.entries) {
    if (entry.key == key) return entry.value;
  }
  give_up("the API description has no " + std::string(key));
}

// Like the shipped batch, but each item must be a message.
Node judged_batch(Node batch) {
  Node reference;
  reference.kind = Node::Kind::string;
  reference.text = "#/components/schemas/Message";
  Node& items = member(member(member(batch, "properties"), "messages"), "items");
  items.kind = Node::Kind::mapping;
  items.entries = {{"$ref", Mark(), reference}};
  return batch;
}

std::string message(int number) {
  const std::string digits = std::to_string(5550000 + number);
  return R"({"to":"+1415)" + digits +
         R"(","list_number":"+14155551234","body":"Hi Ada, your order )" + digits +
         R"( is on its way: https://example.com/orders/)" + digits +
         R"( Reply STOP to opt out.","wrap_links":true,"metadata":{"campaign":"spring","order":)" +
         std::to_string(number) + "}}";
}

std::string batch() {
  std::string text = R"({"messages":[)";
  for (int i = 0; i < kBatchSize; ++i) text.append(i == 0 ? "" : ",").append(message(i));
  return text + "]}";
}

void prepare(const std::string& description, const std::string& directory) {
  Problems problems;
  auto api = config::read_yaml_file(description, problems);
  if (!api || !problems.empty()) give_up(problems.lines().front());
  Node& schemas = member(member(*api, "components"), "schemas");
  Node judged = judged_batch(member(schemas, "MessageBatch"));
  schemas.entries.push_back({"JudgedBatch", Mark(), std::move(judged)});
  std::string text;
  append_json(*api, text);
  write(directory + "/api.json", text);
  write(directory + "/batch.json", batch());
  write(directory + "/send.json", message(7));
  write(directory + "/send-short.json",
        R"({"to":"+14155556789","list_number":"+14155551234","body":"Hello!"})");
  std::ostringstream cases;
  for (const Case& c : kCases) cases << c.name << ' ' << c.schema << ' ' << c.body << '\n';
  write(directory + "/cases.txt", cases.str());
}

// -------------------------------------------------------------------------------------------- run

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Of one call of `act`, which tells whether it went well: the median of a few runs.
template <class Act>
double nanoseconds(Act act) {
  constexpr double kEnough = 4e7;
  std::size_t calls = 1;
  const auto run = [&] {
    const double begin = cpu_nanoseconds();
    for (std::size_t i = 0; i < calls; ++i) {
      if (!act()) give_up("a body is not valid");
    }
    return cpu_nanoseconds() - begin;
  };
  while (run() < kEnough) calls *= 2;
  std::vector<double> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(run() / static_cast<double>(calls));
  std::sort(runs.begin(), runs.end());
  return runs[runs.size() / 2];
}

void run(const std::string& directory) {
  Problems problems;
  const std::string text = read(directory + "/api.json");
  const Node api = json::read_node(text, "api.json", problems);
  if (!problems.empty()) give_up(problems.lines().front());
  const json_schema::FindRow any_row = [](const auto&...) { return ErrorRef(); };
  for (const Case& c : kCases) {
    const Node* schema = json_schema::Pointer::parse(c.schema)->find(api);
    if (schema == nullptr) give_up("no schema at " + std::string(c.schema));
    const auto program = json_schema::compile(api, *schema, any_row, problems);
    if (!program) give_up(problems.lines().front());

    const std::string body = read(directory + "/" + std::string(c.body));
    json::Parser parser;
    const double parse =
        nanoseconds([&] { return parser.parse(body, kDepth, json::Root::object).ok(); });
    const double both = nanoseconds([&] {
      const auto value = parser.parse(body, kDepth, json::Root::object);
      return value && !program->check(*value);
    });
    const simdjson::padded_string padded(body);
    simdjson::dom::parser dom_parser;
    const double dom =
        nanoseconds([&] { return dom_parser.parse(padded).error() == simdjson::SUCCESS; });
    std::printf("%s bytes %zu\n", c.name.data(), body.size());
    std::printf("%s parse %.1f\n%s gateway %.1f\n%s dom %.1f\n", c.name.data(), parse,
                c.name.data(), both, c.name.data(), dom);
  }
}

}  // namespace
}  // namespace trackly

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "prepare" && argc == 4) {
    trackly::prepare(argv[2], argv[3]);
  } else if (mode == "run" && argc == 3) {
    trackly::run(argv[2]);
  } else {
    trackly::give_up("validation_bench prepare <openapi.yaml> <directory> | run <directory>");
  }
}
