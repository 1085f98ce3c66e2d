# cmake -D SCRIPT=<token_bucket.lua> -D OUTPUT=<file.cc> -P embed_script.cmake

file(READ ${SCRIPT} text)
file(SHA1 ${SCRIPT} sha1)
file(WRITE ${OUTPUT} "#include \"gateway/store/token_bucket_script.h\"

namespace trackly::store {

const std::string_view kTokenBucketScript = R\"lua(${text})lua\";
const std::string_view kTokenBucketScriptSha1 = \"${sha1}\";

}  // namespace trackly::store
")
