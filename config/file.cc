#include "config/file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace trackly::config {
namespace {

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Fault last_fault() { return Fault{std::generic_category().message(errno)}; }

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return last_fault();
  std::string text;
  std::array<char, 16384> piece{};
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), count);
    if (text.size() > max_bytes) {
      return Fault{"larger than " + std::to_string(max_bytes) + " bytes"};
    }
  }
  if (std::ferror(file.get()) != 0) return last_fault();
  return text;
}

}  // namespace trackly::config
