#include "gateway/http/h1_fields.h"

#include <llhttp.h>

#include "gateway/api/ascii.h"
#include "gateway/http/framing.h"

namespace trackly::http {
namespace {

static_assert(LLHTTP_STRICT_MODE, "by default llhttp takes what RFC 9112 forbids");

struct Target {
  FieldList& fields;
  std::size_t max_count;
  bool too_many = false;
  std::string_view name;
  std::string_view value;
};

Target& target_of(llhttp_t* parser) { return *static_cast<Target*>(parser->data); }

int on_name(llhttp_t* parser, const char* at, std::size_t length) {
  target_of(parser).name = {at, length};
  target_of(parser).value = {};
  return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t length) {
  target_of(parser).value = {at, length};
  return 0;
}

int on_field(llhttp_t* parser) {
  Target& target = target_of(parser);
  const std::string_view value = trim_ows(target.value);
  if (!is_token(target.name) || !is_field_value(value)) return -1;
  if (target.fields.size() >= target.max_count) {
    target.too_many = true;
    return -1;
  }
  target.fields.add(target.name, value);
  return 0;
}

// What the fields mean is decided by framing, so the parser stops where it would act upon them.
int on_section_end(llhttp_t*) { return HPE_PAUSED; }

const llhttp_settings_t& settings() {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_header_field = on_name;
    made.on_header_value = on_value;
    made.on_header_value_complete = on_field;
    made.on_headers_complete = on_section_end;
    return made;
  }();
  return kSettings;
}

}  // namespace

FieldsFault parse_fields(std::string_view lines, std::size_t max_count, FieldList& fields) {
  // llhttp knows a closed list of methods and a few protocols beside HTTP; start lines are read in
  // h1_head, and the parser gets one that means nothing to it.
  static constexpr std::string_view kStartLine = "POST / HTTP/1.1\r\n";
  Target target{fields, max_count, false, {}, {}};
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings());
  parser.data = &target;
  llhttp_execute(&parser, kStartLine.data(), kStartLine.size());
  const bool whole = llhttp_execute(&parser, lines.data(), lines.size()) == HPE_PAUSED;
  if (target.too_many) return FieldsFault::too_many;
  return whole ? FieldsFault::none : FieldsFault::malformed;
}

}  // namespace trackly::http
