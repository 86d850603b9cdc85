# The pages of src/dashboard, made by esbuild and embedded as page_files[] in the library `pages`.
find_program(NODE NAMES node nodejs REQUIRED)
find_program(NPM npm REQUIRED)
set(pages_in ${CMAKE_SOURCE_DIR}/src/dashboard)
set(pages_out ${CMAKE_BINARY_DIR}/pages)
set(pages_packages ${pages_in}/node_modules/.lock-of-this)
file(GLOB_RECURSE pages_sources CONFIGURE_DEPENDS ${pages_in}/*.ts ${pages_in}/*.tsx ${pages_in}/*.css)
list(FILTER pages_sources EXCLUDE REGEX "/node_modules/")

# The packages are installed once for each state of the lock file, whatever the build directory; one build at a time.
add_custom_command(OUTPUT ${pages_packages}
  COMMAND flock ${pages_in}/package-lock.json sh -c
    "cmp -s package-lock.json node_modules/.lock-of-this || \
     { ${NPM} ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null && cp package-lock.json node_modules/.lock-of-this; }; \
     touch -c node_modules/.lock-of-this"
  WORKING_DIRECTORY ${pages_in}
  DEPENDS ${pages_in}/package-lock.json ${pages_in}/package.json
  COMMENT "npm ci in src/dashboard" VERBATIM)
add_custom_command(OUTPUT ${pages_out}/page_files.c ${pages_out}/page_files.h
  COMMAND ${NODE} build.mjs ${pages_out}
  WORKING_DIRECTORY ${pages_in}
  DEPENDS ${pages_packages} ${pages_sources} ${pages_in}/build.mjs ${pages_in}/index.html ${pages_in}/icon.svg
    ${pages_in}/tsconfig.json
  COMMENT "Building the pages" VERBATIM)
add_library(pages STATIC ${pages_out}/page_files.c ${pages_out}/page_files.h)
target_include_directories(pages PUBLIC ${pages_out})
target_link_libraries(pages PRIVATE flags base)
