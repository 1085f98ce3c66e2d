#include "gateway/json/held_body.h"

#include <algorithm>

namespace trackly::json {

HeldBody::~HeldBody() {
  if (is_current()) parser_.release();
}

void HeldBody::append(std::string_view bytes) {
  const std::size_t needed = bytes_.size() + bytes.size();
  if (needed > bytes_.capacity()) {
    bytes_.reserve(std::max(needed, std::min(2 * bytes_.capacity(), bound_)));
  }
  bytes_.append(bytes);
  result_.reset();
}

Result<Value, ParseError> HeldBody::document() {
  // A fault stays a fault; a value needs its tape.
  const bool known = result_ && (!result_->ok() || is_current());
  if (!known) {
    result_ = parser_.parse(bytes_, max_depth_, Root::object);
    generation_ = parser_.generation();
  }
  return *result_;
}

}  // namespace trackly::json
