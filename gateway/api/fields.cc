#include "gateway/api/fields.h"

#include <algorithm>
#include <cstring>

#include "gateway/api/ascii.h"

namespace trackly {
namespace {

// Most messages fit into one chunk; a field larger than that gets a chunk of its own size.
constexpr std::size_t kChunkBytes = 1024;
constexpr std::size_t kUsualFieldCount = 16;

}  // namespace

FieldList::FieldList(const FieldList& other) {
  fields_.reserve(other.fields_.size());
  for (const Field& field : other.fields_) add(field.name, field.value);
}

FieldList& FieldList::operator=(const FieldList& other) {
  if (this != &other) *this = FieldList(other);
  return *this;
}

void FieldList::add(std::string_view name, std::string_view value) {
  if (fields_.empty()) fields_.reserve(kUsualFieldCount);
  const std::string_view kept_name = keep(name);
  fields_.push_back({kept_name, keep(value)});
}

void FieldList::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

std::size_t FieldList::remove(std::string_view name) {
  return remove_if([name](const Field& field) { return ascii_iequals(field.name, name); });
}

std::optional<std::string_view> FieldList::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (ascii_iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t FieldList::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [name](const Field& f) { return ascii_iequals(f.name, name); }));
}

std::string_view FieldList::keep(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > chunk_room_) {
    const std::size_t size = std::max(kChunkBytes, text.size());
    chunks_.push_back(std::make_unique<char[]>(size));
    chunk_next_ = chunks_.back().get();
    chunk_room_ = size;
  }
  char* const start = chunk_next_;
  std::memcpy(start, text.data(), text.size());
  chunk_next_ += text.size();
  chunk_room_ -= text.size();
  return {start, text.size()};
}

}  // namespace trackly
