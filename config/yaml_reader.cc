#include "config/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "config/core_schema.h"
#include "config/file.h"

namespace trackly::config {
namespace {

constexpr std::size_t kMaxDepth = 200;
constexpr std::size_t kMaxAliasBytes = 16 << 20;

constexpr std::string_view kPlainTag = "?";
constexpr std::string_view kQuotedTag = "!";
constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";

using FileName = std::shared_ptr<const std::string>;

/// Leaves yaml-cpp's parser after a problem that has been reported; caught in read_yaml().
class Stop : public std::exception {};

struct Extent {
  std::size_t bytes = 0;  // roughly what a copy takes
  std::size_t depth = 1;
};

Extent extent_of(const Node& node) {
  Extent extent{sizeof(Node) + node.text.size(), 1};
  const auto include = [&extent](const Node& child) {
    const Extent inner = extent_of(child);
    extent.bytes += inner.bytes;
    extent.depth = std::max(extent.depth, inner.depth + 1);
  };
  for (const Node& item : node.items) include(item);
  for (const Node::Entry& entry : node.entries) {
    include(entry.value);
    extent.bytes += sizeof(Node::Entry) - sizeof(Node) + entry.key.size();
  }
  return extent;
}

/// Turns yaml-cpp's events into a tree. Its own tree is not used: that loses the marks of keys and
/// keeps only the last of two equal keys.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(FileName file, Problems& problems, const Environment* environment)
      : file_(std::move(file)), problems_(problems), environment_(environment) {}

  Node take_root() { return std::move(root_); }
  Mark mark(const YAML::Mark& at) const { return Mark{file_, at.line + 1, at.column + 1}; }

  void OnDocumentStart(const YAML::Mark& at) override {
    if (documents_++ > 0) stop(mark(at), "a second document; one file holds one");
    root_.mark = mark(at);
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    if (expects_key()) {
      open_.back().key = refused_key(mark(at), "a key must be a scalar; quote it");
      return;
    }
    Node node;
    node.mark = mark(at);
    // An absent value is reported where the next token stands; its key is the better place.
    if (Key* key = pending_key(); key != nullptr && key->mark.line != node.mark.line) {
      node.mark = key->mark;
    }
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
    if (expects_key()) {
      open_.back().key = refused_key(mark(at), "an alias cannot be a key");
      return;
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(mark(at), "an alias inside of what it stands for");
    if (open_.size() + extent_of(found->second).depth > kMaxDepth) too_deep(mark(at));
    add(copy(found->second, mark(at)), YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (expects_key()) {
      open_.back().key = value == "<<" && tag == kPlainTag
                             ? refused_key(mark(at), "merge keys are not supported")
                             : Key{value, mark(at)};
      return;
    }
    Result<Node> node = scalar(tag, value);
    if (!node) {
      problems_.add(mark(at), node.error().text);
      node = Node();
    }
    node->mark = mark(at);
    add(std::move(*node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(Node::Kind::sequence, "seq", at, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(Node::Kind::mapping, "map", at, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  struct Key {
    std::string text;
    Mark mark;
    bool refused = false;  // its value is read and dropped
  };

  /// A collection that has begun and not ended.
  struct Open {
    Node node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<Key> key;            // of a mapping: its value comes next
    std::map<std::string, Mark> keys;  // of a mapping, for duplicates
  };

  [[noreturn]] void stop(const Mark& at, std::string_view text) {
    problems_.add(at, text);
    throw Stop();
  }
  [[noreturn]] void too_deep(const Mark& at) {
    stop(at, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }

  Key refused_key(const Mark& at, std::string_view text) {
    problems_.add(at, text);
    return Key{{}, at, true};
  }

  Key* pending_key() { return open_.empty() || !open_.back().key ? nullptr : &*open_.back().key; }
  bool expects_key() const {
    return !open_.empty() && open_.back().node.is_mapping() && !open_.back().key;
  }

  Result<Node> scalar(const std::string& tag, const std::string& written) const {
    std::string value = written;
    if (environment_ != nullptr) {
      auto replaced = substituted(written, *environment_);
      if (!replaced) return replaced.error();
      value = *std::move(replaced);
    }
    if (tag == kPlainTag) return typed(value);
    if (tag == kQuotedTag) return text(std::move(value));
    return tagged(tag, std::move(value));
  }

  static Node text(std::string value) {
    Node node;
    node.kind = Node::Kind::string;
    node.text = std::move(value);
    return node;
  }

  static Result<Node> tagged(const std::string& tag, std::string value) {
    const std::string_view name =
        tag.starts_with(kCoreTags) ? std::string_view(tag).substr(kCoreTags.size()) : "";
    if (name == "str") return text(std::move(value));
    const bool is_int = name == "int";
    if (!is_int && name != "float" && name != "bool" && name != "null") {
      return Fault{"unknown tag \"" + tag + "\""};
    }
    Result<Node> node = typed(value);
    if (!node) return node;
    const bool fits = name == "bool"   ? node->is_boolean()
                      : name == "null" ? node->is_null()
                                       : node->is_number();
    const bool whole = node->text.find_first_of(".e") == std::string::npos;
    if (!fits || (is_int && !whole)) {
      return Fault{"\"" + value + "\" is not what its tag !!" + std::string(name) + " says"};
    }
    return node;
  }

  void begin(Node::Kind kind, std::string_view core_name, const YAML::Mark& at,
             const std::string& tag, YAML::anchor_t anchor) {
    if (expects_key()) stop(mark(at), "a key must be a scalar; quote it");
    if (open_.size() >= kMaxDepth) too_deep(mark(at));
    if (tag != kPlainTag && tag != kQuotedTag && tag != std::string(kCoreTags).append(core_name)) {
      problems_.add(mark(at), "unknown tag \"" + tag + "\"");
    }
    Open& open = open_.emplace_back();
    open.node.kind = kind;
    open.node.mark = mark(at);
    open.anchor = anchor;
  }

  void end() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = copy(node, node.mark);
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.is_sequence()) {
      open_.back().node.items.push_back(std::move(node));
    } else {
      add_entry(open_.back(), std::move(node));
    }
  }

  void add_entry(Open& mapping, Node value) {
    const Key key = *std::exchange(mapping.key, std::nullopt);
    if (key.refused) return;
    const auto [first, is_new] = mapping.keys.emplace(key.text, key.mark);
    if (!is_new) {
      problems_.add(key.mark,
                    "duplicate key \"" + key.text + "\", first at " + first->second.to_string());
      return;
    }
    mapping.node.entries.push_back(Node::Entry{key.text, key.mark, std::move(value)});
  }

  /// Aliases are copied, so that the tree stays a plain value; the sum of all copies is bounded.
  Node copy(const Node& node, const Mark& at) {
    copied_bytes_ += extent_of(node).bytes;
    if (copied_bytes_ > kMaxAliasBytes) stop(at, "anchors and aliases expand to too much");
    return node;
  }

  const FileName file_;
  Problems& problems_;
  const Environment* const environment_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t copied_bytes_ = 0;
  int documents_ = 0;
};

std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

/// yaml-cpp guesses encodings and takes some control characters for an end of the text, so a text
/// has to be clean before it gets there. Reports the first fault.
bool is_clean_text(std::string_view text, const FileName& file, Problems& problems) {
  Mark at{file, 1, 1};
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      problems.add(at, "not valid UTF-8");
      return false;
    }
    const bool control = (c >= 0 && c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    if (control) {
      problems.add(at, "a control character");
      return false;
    }
    if (c == '\n') {
      ++at.line;
      at.column = 1;
    } else {
      ++at.column;
    }
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::optional<Node> read_yaml(std::string_view text, const std::string& file, Problems& problems,
                              const Environment* environment) {
  const auto name = std::make_shared<const std::string>(file);
  if (!is_clean_text(text, name, problems)) return std::nullopt;
  TreeBuilder builder(name, problems, environment);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& fault) {
    problems.add(builder.mark(fault.mark), fault.msg);
    return std::nullopt;
  }
  Node root = builder.take_root();
  if (root.mark.file == nullptr) root.mark = Mark{name, 1, 1};
  return root;
}

std::optional<Node> read_yaml_file(const std::string& path, Problems& problems,
                                   const Environment* environment, const Mark& referrer) {
  const auto text = read_file(path);
  if (!text) {
    problems.add(referrer, "cannot read " + path + ": " + text.error().text);
    return std::nullopt;
  }
  return read_yaml(*text, path, problems, environment);
}

}  // namespace trackly::config
