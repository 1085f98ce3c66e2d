#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace trackly {

/// The fields of a message's header or trailer section, in order, repetitions kept (RFC 9110
/// section 5). Names keep the case they came with and are compared without it.
///
/// The list owns its bytes. Views that it hands out stay valid until the list is destroyed or
/// assigned to, also across add() and remove().
class FieldList {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  FieldList() = default;
  FieldList(FieldList&&) noexcept = default;
  FieldList& operator=(FieldList&&) noexcept = default;
  FieldList(const FieldList& other);
  FieldList& operator=(const FieldList& other);
  ~FieldList() = default;

  void add(std::string_view name, std::string_view value);
  /// Removes every field of that name, then adds this one.
  void set(std::string_view name, std::string_view value);
  /// Returns how many were removed.
  std::size_t remove(std::string_view name);
  template <class Predicate>
  std::size_t remove_if(Predicate predicate) {
    return std::erase_if(fields_, predicate);
  }

  /// The first value of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  bool empty() const { return fields_.empty(); }
  std::size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::string_view keep(std::string_view text);

  std::vector<Field> fields_;
  // Chunks never move, which is what keeps the views valid.
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_room_ = 0;
  char* chunk_next_ = nullptr;
};

}  // namespace trackly
