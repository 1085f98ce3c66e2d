#include "gateway/proxy/router.h"

#include "gateway/http/request_target.h"

namespace trackly::proxy {
namespace {

/// "/a/b" is a, b; "/a/" is a and an empty segment: a trailing slash is another path.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

Router::Router(const ApiDescription& api) {
  for (const Operation& operation : api.operations) {
    Node* node = &root_;
    for (const std::string_view segment : split(operation.path)) {
      std::unique_ptr<Node>& next =
          is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
      if (next == nullptr) next = std::make_unique<Node>();
      node = next.get();
    }
    node->operations.emplace(operation.method, &operation);
  }
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  std::vector<std::string> segments;
  for (const std::string_view segment : split(path)) {
    segments.push_back(http::decode_segment(segment));
  }
  Match match;
  match.operation = find(root_, method, segments, 0, match.values);
  return match;
}

const Operation* Router::find(const Node& node, std::string_view method,
                              const std::vector<std::string>& segments, std::size_t next,
                              std::vector<std::string>& values) {
  if (next == segments.size()) {
    auto found = node.operations.find(method);
    if (found == node.operations.end() && method == "HEAD") found = node.operations.find("GET");
    return found == node.operations.end() ? nullptr : found->second;
  }
  const std::string& segment = segments[next];
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (const Operation* found = find(*literal->second, method, segments, next + 1, values)) {
      return found;
    }
  }
  // A parameter stands for at least one character (OpenAPI 3.1 leaves the empty one open; a service
  // would route it elsewhere).
  if (node.parameter == nullptr || segment.empty()) return nullptr;
  values.push_back(segment);
  if (const Operation* found = find(*node.parameter, method, segments, next + 1, values))
    return found;
  values.pop_back();
  return nullptr;
}

}  // namespace trackly::proxy
