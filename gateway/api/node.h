#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace trackly {

/// Where something stands in a file. Lines and columns count from 1; 0 = unknown.
struct Mark {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  /// "file:line:column", shortened by what is unknown.
  std::string to_string() const;
  bool operator==(const Mark&) const = default;
};

/// A value of a configuration file, an API description or a schema, with the place it came from.
/// The tree is a plain value: whoever holds the root may keep pointers into it.
struct Node {
  enum class Kind : std::uint8_t { null, boolean, number, string, sequence, mapping };
  struct Entry;

  Kind kind = Kind::null;
  Mark mark;
  bool boolean = false;
  /// A string's characters, or a number in JSON's grammar (RFC 8259 section 6) with every digit as
  /// it was written.
  std::string text;
  std::vector<Node> items;     // of a sequence
  std::vector<Entry> entries;  // of a mapping, in written order, keys unique

  bool is_null() const { return kind == Kind::null; }
  bool is_boolean() const { return kind == Kind::boolean; }
  bool is_number() const { return kind == Kind::number; }
  bool is_string() const { return kind == Kind::string; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_mapping() const { return kind == Kind::mapping; }

  /// The value under `key`; nullptr where it is absent or this is no mapping.
  const Node* find(std::string_view key) const;
  /// "null", "boolean", "number", "string", "sequence" or "mapping".
  std::string_view kind_name() const;
};

struct Node::Entry {
  std::string key;
  Mark key_mark;
  Node value;
};

/// What is wrong with the files of a configuration. Loading goes on after a problem, so that all of
/// them are reported at once.
class Problems {
 public:
  void add(const Mark& mark, std::string_view text);

  bool empty() const { return lines_.empty(); }
  std::size_t size() const { return lines_.size(); }
  /// "file:line:column: text", in the order found.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace trackly
