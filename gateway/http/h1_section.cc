#include "gateway/http/h1_section.h"

namespace trackly::http {
namespace {

constexpr std::size_t kSkippedLines = 4;
constexpr std::size_t kKeptBuffer = 1024;

}  // namespace

std::size_t SectionReader::read(std::string_view bytes) {
  if (state_ != State::partial || bytes.empty()) return 0;
  std::size_t begin = 0;
  const std::size_t end = find_end(bytes, begin);
  const std::size_t taken = end == std::string_view::npos ? bytes.size() : end;
  const std::string_view section = bytes.substr(begin, taken - begin);
  last_ = bytes[taken - 1];
  if (state_ == State::complete && buffer_.empty()) {
    whole_ = section;
  } else {
    buffer_.append(section);
  }
  return taken;
}

std::size_t SectionReader::find_end(std::string_view bytes, std::size_t& begin) {
  std::size_t line = 0;
  while (line < bytes.size()) {
    const bool starts_line = line_bytes_ == 0;
    if (starts_line && (bytes[line] == ' ' || bytes[line] == '\t')) {
      state_ = State::malformed;
      return line + 1;
    }
    const std::size_t lf = bytes.find('\n', line);
    if (lf == std::string_view::npos) {
      line_bytes_ += bytes.size() - line;
      return std::string_view::npos;
    }
    const char before = lf > 0 ? bytes[lf - 1] : last_;
    const std::size_t length = line_bytes_ + lf + 1 - line;
    line_bytes_ = 0;
    line = lf + 1;
    if (before != '\r') {
      state_ = State::malformed;
      return line;
    }
    if (length > 2) {
      has_lines_ = true;
    } else if (kind_ == Kind::head && !has_lines_) {
      begin = line;
      buffer_.clear();
      if (++skipped_lines_ > kSkippedLines) {
        state_ = State::malformed;
        return line;
      }
    } else {
      state_ = State::complete;
      return line;
    }
  }
  return std::string_view::npos;
}

void SectionReader::clear() {
  state_ = State::partial;
  buffer_.clear();
  if (buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
  whole_ = {};
  line_bytes_ = 0;
  skipped_lines_ = 0;
  has_lines_ = false;
  last_ = '\0';
}

}  // namespace trackly::http
