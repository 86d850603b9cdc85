# Compiler and linker flags, in one interface target. The hardening list follows the OpenSSF guide, cut to what
# gcc 12 and clang 14 accept.
option(RINGBACK_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer, warnings are errors" OFF)
option(RINGBACK_TESTS "Build the tests" OFF)
option(RINGBACK_FUZZ "Build the fuzz targets; needs clang" OFF)
option(RINGBACK_BENCH "Build the benchmarks" OFF)

add_library(flags INTERFACE)
target_compile_definitions(flags INTERFACE _GNU_SOURCE RINGBACK_VERSION="${PROJECT_VERSION}")
target_compile_options(flags INTERFACE
  -Wall -Wextra -Wformat=2 -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wshadow -Wvla -Wundef
  -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition
  -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion
  -Werror=unused-result -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -g)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(flags INTERFACE -Wbidi-chars=any -Wtrampolines -Wduplicated-cond -Wlogical-op)
endif()

if(RINGBACK_FUZZ)
  target_compile_options(flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(RINGBACK_SANITIZE)
  target_compile_options(flags INTERFACE -Werror -O1 -fno-omit-frame-pointer -fsanitize=address,undefined
    -fno-sanitize-recover=all)
  target_link_options(flags INTERFACE -fsanitize=address,undefined)
else()
  target_compile_options(flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -O2 -fPIE
    -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(flags INTERFACE -fcf-protection=full)
  endif()
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(flags INTERFACE -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
  endif()
  target_link_options(flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen -Wl,--as-needed)
endif()
# Asserts stay on in every build: a broken invariant must stop the program, not corrupt a row.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-O3" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
