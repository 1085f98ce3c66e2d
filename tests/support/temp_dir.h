#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace trackly::test {

/// A directory of its own below the system's temporary one, removed with all that is in it. Its
/// path is short enough for a unix socket.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The path of `name` inside.
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

/// The whole content; empty where the file cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace trackly::test
