#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace trackly::json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

/// One value or one member name of a parsed text. Entries stand in the order of the text, a
/// member's name right before its value, a container before what it contains.
struct Entry {
  std::uint32_t begin;      // offset of the value's first byte in the text
  std::uint32_t length;     // in the text, quotes included
  std::uint32_t size;       // items, members, or bytes of the unescaped string
  std::uint32_t next : 29;  // index of the entry after this value and all that it contains
  std::uint32_t kind : 3;
};

/// Where the parts of a parsed text lie; owned by whoever parsed it.
struct Tape {
  const char* text = nullptr;
  /// Strings with escapes stand here unescaped, at the offset of their first byte in the text.
  const char* unescaped = nullptr;
  const Entry* entries = nullptr;
};

class Items;
class Members;

/// A value of a parsed text: a cheap handle, to be passed by value. Valid until the text's owner
/// parses another or is destroyed; see HeldBody and Parser.
class Value {
 public:
  Value(const Tape& tape, std::uint32_t index) : tape_(&tape), index_(index) {}

  Kind kind() const { return static_cast<Kind>(entry().kind); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_boolean() const { return kind() == Kind::boolean; }
  bool is_number() const { return kind() == Kind::number; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }

  /// The value exactly as received, inner white space and quotes included.
  std::string_view bytes() const { return {tape_->text + entry().begin, entry().length}; }

  /// Requires: is_boolean().
  bool boolean() const { return tape_->text[entry().begin] == 't'; }
  /// The number's text, in the grammar of RFC 8259 section 6 and of any size. Requires:
  /// is_number().
  std::string_view number() const { return bytes(); }
  /// Unescaped, valid UTF-8; may contain NUL. Requires: is_string().
  std::string_view string() const {
    const Entry& e = entry();
    // An escape is always longer than what it stands for, so equal lengths mean: no escapes.
    if (e.size + 2 == e.length) return {tape_->text + e.begin + 1, e.size};
    return {tape_->unescaped + e.begin, e.size};
  }

  /// How many items or members. Requires: is_array() or is_object().
  std::size_t size() const { return entry().size; }
  /// Requires: is_array().
  inline Items items() const;
  /// Requires: is_object().
  inline Members members() const;
  /// The member of that name. Linear: for a few look-ups. Requires: is_object().
  inline std::optional<Value> find(std::string_view name) const;

  /// Names the value within its text; value_at() on any handle of the text brings it back.
  std::uint32_t index() const { return index_; }
  Value value_at(std::uint32_t index) const { return {*tape_, index}; }
  /// All that the value contains has an index between its own and this one.
  std::uint32_t end_index() const { return entry().next; }
  /// Offset of the first byte in the text.
  std::size_t offset() const { return entry().begin; }

 private:
  friend class Items;
  friend class Members;

  const Entry& entry() const { return tape_->entries[index_]; }

  const Tape* tape_;
  std::uint32_t index_;
};

/// The items of an array, in order, for a range-based for.
class Items {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Value;

    explicit Iterator(Value value) : value_(value) {}
    Value operator*() const { return value_; }
    Iterator& operator++() {
      value_.index_ = value_.entry().next;
      return *this;
    }
    bool operator==(const Iterator& other) const { return value_.index_ == other.value_.index_; }

   private:
    friend class Items;
    Value value_;
  };

  explicit Items(Value array) : array_(array) {}
  Iterator begin() const { return Iterator(array_.value_at(array_.index_ + 1)); }
  Iterator end() const { return Iterator(array_.value_at(array_.entry().next)); }

 private:
  Value array_;
};

/// A member of an object. The name is a value of kind string, so that it can be judged like one.
struct Member {
  Value name;
  Value value;
};

/// The members of an object, in the order of the text, for a range-based for.
class Members {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Member;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Member;

    explicit Iterator(Value name) : name_(name) {}
    Member operator*() const { return {name_, name_.value_at(name_.index_ + 1)}; }
    Iterator& operator++() {
      name_.index_ = name_.value_at(name_.index_ + 1).entry().next;
      return *this;
    }
    bool operator==(const Iterator& other) const { return name_.index_ == other.name_.index_; }

   private:
    friend class Members;
    Value name_;
  };

  explicit Members(Value object) : object_(object) {}
  Iterator begin() const { return Iterator(object_.value_at(object_.index_ + 1)); }
  Iterator end() const { return Iterator(object_.value_at(object_.entry().next)); }

 private:
  Value object_;
};

inline Items Value::items() const { return Items(*this); }
inline Members Value::members() const { return Members(*this); }

inline std::optional<Value> Value::find(std::string_view name) const {
  for (const auto& [member_name, value] : members()) {
    if (member_name.string() == name) return value;
  }
  return std::nullopt;
}

}  // namespace trackly::json
