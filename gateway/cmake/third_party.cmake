# The libraries of Debian 12 that the program stands on, one target each: third_party_<name>.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# third_party(<name> <pkg-config module>...)
function(third_party name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(third_party_${name} INTERFACE)
  target_link_libraries(third_party_${name} INTERFACE PkgConfig::${name})
endfunction()

third_party(event libevent_core libevent_extra libevent_pthreads)
third_party(cares libcares)
third_party(nghttp2 libnghttp2)
third_party(openssl openssl)
third_party(hiredis hiredis)
third_party(yaml yaml-cpp)
third_party(simdjson simdjson)
third_party(re2 re2)
third_party(fmt fmt)
third_party(spdlog spdlog)
third_party(cli11 CLI11)
third_party(zlib zlib)
third_party(systemd libsystemd)

# Debian's node-llhttp ships llhttp as C sources that are meant to be compiled in. Its default accepts
# chunk sizes and line ends that RFC 9112 forbids; strict mode does not.
add_library(third_party_llhttp STATIC /usr/share/llhttp/api.c /usr/share/llhttp/http.c
                                      /usr/share/llhttp/llhttp.c)
target_compile_definitions(third_party_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_include_directories(third_party_llhttp SYSTEM PUBLIC /usr/share/include/llhttp)
