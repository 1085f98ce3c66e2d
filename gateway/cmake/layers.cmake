# A layer is a static library that sees only the headers of the layers below it that it names, and only
# the third-party libraries that it names. Both are enforced by the compiler:
#  * a layer's folder is linked into an include directory of its own, and only the include directories
#    of the named layers are on the search path;
#  * the headers of libraries that are installed system-wide, and therefore always on the search path,
#    are shadowed by headers that consist of an #error.

set(TRACKLY_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Wold-style-cast -Wcast-qual -Wimplicit-fallthrough -Wextra-semi -Werror
    # g++ 12 reports it for correct uses of std::string at -O2 (GCC bug 105651).
    # The first flag is for clang-tidy, which reads these commands and does not know the second.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-unknown-warning-option -Wno-restrict>)

set(TRACKLY_GUARDED_HEADERS_event event2/event.h event2/event_struct.h event2/dns.h event2/util.h
    event2/buffer.h event2/http.h event2/listener.h)
set(TRACKLY_GUARDED_HEADERS_cares ares.h)
set(TRACKLY_GUARDED_HEADERS_nghttp2 nghttp2/nghttp2.h)
set(TRACKLY_GUARDED_HEADERS_openssl openssl/ssl.h openssl/evp.h openssl/err.h)
set(TRACKLY_GUARDED_HEADERS_hiredis hiredis/hiredis.h hiredis/read.h hiredis/async.h)
set(TRACKLY_GUARDED_HEADERS_yaml yaml-cpp/yaml.h)
set(TRACKLY_GUARDED_HEADERS_simdjson simdjson.h)
set(TRACKLY_GUARDED_HEADERS_re2 re2/re2.h)
set(TRACKLY_GUARDED_HEADERS_llhttp llhttp.h)
set(TRACKLY_GUARDED_HEADERS_systemd systemd/sd-daemon.h)
set(TRACKLY_GUARDED_LIBRARIES event cares nghttp2 openssl hiredis yaml simdjson re2 llhttp systemd)

foreach(library ${TRACKLY_GUARDED_LIBRARIES})
  foreach(header ${TRACKLY_GUARDED_HEADERS_${library}})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/guard/${library}/${header}
         CONTENT "#error \"this layer may not include <${header}>; see gateway/cmake/layers.cmake\"\n")
  endforeach()
endforeach()

# trackly_layer(<name> <folder> SOURCES <file>... [SEES <layer>...] [USES <library>...])
function(trackly_layer name folder)
  cmake_parse_arguments(PARSE_ARGV 2 layer "" "" "SOURCES;SEES;USES")
  set(target trackly_${name})
  add_library(${target} STATIC ${layer_SOURCES})
  target_compile_options(${target} PRIVATE ${TRACKLY_WARNINGS})

  set(view ${CMAKE_BINARY_DIR}/include/${name})
  cmake_path(GET folder PARENT_PATH parent)
  file(MAKE_DIRECTORY ${view}/${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${view}/${folder} SYMBOLIC)
  target_include_directories(${target} PUBLIC ${view})

  foreach(library ${TRACKLY_GUARDED_LIBRARIES})
    if(NOT library IN_LIST layer_USES)
      target_include_directories(${target} BEFORE PRIVATE ${CMAKE_BINARY_DIR}/guard/${library})
    endif()
  endforeach()
  foreach(seen ${layer_SEES})
    target_link_libraries(${target} PUBLIC trackly_${seen})
  endforeach()
  foreach(library ${layer_USES})
    target_link_libraries(${target} PRIVATE third_party_${library})
  endforeach()
endfunction()
