#include "gateway/proxy/response_judge.h"

#include <zlib.h>

#include <utility>

#include "gateway/api/ascii.h"
#include "gateway/json/error_object.h"

namespace trackly::proxy {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;
constexpr auto kMaxTime = std::chrono::seconds(2);

/// The content of a gzip-coded body, or nullopt where it is none or is larger than what is judged.
std::optional<std::string> gunzip(std::string_view coded) {
  z_stream stream{};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return std::nullopt;
  std::string plain(kMaxBytes, '\0');
  // zlib does not write to its input; its interface predates const.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int outcome = inflate(&stream, Z_FINISH);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  if (outcome != Z_STREAM_END) return std::nullopt;
  return plain;
}

}  // namespace

ResponseJudge::ResponseJudge(Loop& loop, Head head, std::function<void()> on_timeout)
    : head_(std::move(head)), deadline_(loop.timer(std::move(on_timeout))) {
  deadline_->arm(kMaxTime);
}

std::optional<ResponseJudge::Verdict> ResponseJudge::add(std::string_view bytes) {
  if (body_.size() + bytes.size() > kMaxBytes) return Verdict::foreign;
  body_.append(bytes);
  return std::nullopt;
}

ResponseJudge::Verdict ResponseJudge::ended() {
  deadline_->disarm();
  const auto coding = head_.fields.find("Content-Encoding");
  if (!coding || ascii_iequals(*coding, "identity")) {
    return json::is_error_object(body_) ? Verdict::documented : Verdict::foreign;
  }
  if (!ascii_iequals(*coding, "gzip") && !ascii_iequals(*coding, "x-gzip")) return Verdict::foreign;
  const auto plain = gunzip(body_);
  return plain && json::is_error_object(*plain) ? Verdict::documented : Verdict::foreign;
}

}  // namespace trackly::proxy
