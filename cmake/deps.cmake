# Libraries, all from Debian packages; deps/ says why each is there and how ./dev installs them.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq>=15)
pkg_check_modules(YAJL REQUIRED IMPORTED_TARGET yajl>=2.1)
pkg_check_modules(CJOSE REQUIRED IMPORTED_TARGET cjose>=0.6)
pkg_check_modules(CRYPT REQUIRED IMPORTED_TARGET libcrypt)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)

# Debian 12 has no usable llhttp: ./dev puts Debian 13's package under .local/deps/llhttp.
find_path(LLHTTP_INCLUDE llhttp.h HINTS ${CMAKE_SOURCE_DIR}/.local/deps/llhttp/usr/include REQUIRED)
find_library(LLHTTP_LIBRARY NAMES libllhttp.a llhttp
  HINTS ${CMAKE_SOURCE_DIR}/.local/deps/llhttp/usr/lib ${CMAKE_SOURCE_DIR}/.local/deps/llhttp/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}
  REQUIRED)
file(STRINGS ${LLHTTP_INCLUDE}/llhttp.h llhttp_version REGEX "define LLHTTP_VERSION_(MAJOR|MINOR) ")
string(REGEX REPLACE "[^0-9]*([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2" llhttp_version "${llhttp_version}")
if(llhttp_version VERSION_LESS 9.2)
  message(FATAL_ERROR "llhttp ${llhttp_version} is too old: 9.2 or newer is needed. Run ./dev, it installs one.")
endif()
add_library(llhttp INTERFACE)
target_include_directories(llhttp SYSTEM INTERFACE ${LLHTTP_INCLUDE})
target_link_libraries(llhttp INTERFACE ${LLHTTP_LIBRARY})
