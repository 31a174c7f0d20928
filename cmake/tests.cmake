# SPDX-License-Identifier: Apache-2.0
# Everything that `ctest` runs, by kind:
#   unit/X       tests/unit/X_test.c, cmocka, linked with the library's insides
#   cli/X        tests/cli/X.sh against X.stdout (tools/run_cli_test.sh)
#   package/X    tests/package/X.sh: what the libraries show, the header as C99 and C++11, the dependency law, installing
#   example/X    examples/X.c against the public header, run with the arguments on its "run:" line
#   fuzz/X       the corpus of fuzz/X.c (cmake/fuzz.cmake)
# A folder tests/NAME/ with a CMakeLists.txt of its own is added as it is.
if(NOT BUILD_TESTING)
    return()
endif()
find_program(AWK awk REQUIRED)

function(sm_test_defaults)
    set_tests_properties(${ARGN} PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77)
endfunction()

# -- unit ------------------------------------------------------------------------------------------

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
# Whether a test includes a header of cli/; if so it is linked with the command line's sources too.
function(sm_includes_cli file result)
    set(${result} FALSE PARENT_SCOPE)
    file(STRINGS ${file} lines REGEX "^#include \"")
    foreach(line ${lines})
        string(REGEX REPLACE ".*\"(.*)\".*" "\\1" header ${line})
        if(EXISTS ${CMAKE_SOURCE_DIR}/cli/${header})
            set(${result} TRUE PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

file(GLOB unit_tests CONFIGURE_DEPENDS tests/unit/*_test.c)
foreach(file ${unit_tests})
    get_filename_component(name ${file} NAME_WE)
    set(main ${CMAKE_BINARY_DIR}/unit/${name}_main.c)
    add_custom_command(OUTPUT ${main}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/unit
        COMMAND ${AWK} -v file=${file} -f ${CMAKE_SOURCE_DIR}/cmake/unit_main.awk ${file} > ${main}.new
        COMMAND ${CMAKE_COMMAND} -E rename ${main}.new ${main}
        DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/unit_main.awk VERBATIM)
    add_executable(${name} ${main})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unit)
    target_include_directories(${name} PRIVATE tests/unit cli)
    target_compile_definitions(${name} PRIVATE SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_compile_options(${name} PRIVATE -UNDEBUG)
    sm_includes_cli(${file} cli)
    if(cli)
        target_link_libraries(${name} PRIVATE cli_internals)
    endif()
    target_link_libraries(${name} PRIVATE sm_internals PkgConfig::CMOCKA)
    string(REGEX REPLACE "_test$" "" short ${name})
    add_test(NAME unit/${short} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    sm_test_defaults(unit/${short})
endforeach()

file(GLOB test_rooms CONFIGURE_DEPENDS tests/*/CMakeLists.txt)
foreach(room ${test_rooms})
    get_filename_component(room ${room} DIRECTORY)
    add_subdirectory(${room})
endforeach()

# -- cli, package ----------------------------------------------------------------------------------

file(GLOB cli_tests CONFIGURE_DEPENDS tests/cli/*.sh)
if(TARGET savedmodel)
    foreach(file ${cli_tests})
        get_filename_component(name ${file} NAME_WE)
        add_test(NAME cli/${name} COMMAND ${CMAKE_SOURCE_DIR}/tools/run_cli_test.sh ${file} $<TARGET_FILE_DIR:savedmodel>
            WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        sm_test_defaults(cli/${name})
    endforeach()
endif()

file(GLOB package_tests CONFIGURE_DEPENDS tests/package/*.sh)
foreach(file ${package_tests})
    get_filename_component(name ${file} NAME_WE)
    add_test(NAME package/${name} COMMAND ${file} ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER}
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    sm_test_defaults(package/${name})
endforeach()

# -- examples --------------------------------------------------------------------------------------

file(GLOB examples CONFIGURE_DEPENDS examples/*.c)
foreach(file ${examples})
    get_filename_component(name ${file} NAME_WE)
    add_executable(example_${name} ${file})
    set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/examples)
    target_link_libraries(example_${name} PRIVATE sm_static)
    target_compile_options(example_${name} PRIVATE -Wall -Wextra)
    add_test(NAME example/${name}
        COMMAND ${CMAKE_SOURCE_DIR}/tools/run_example.sh ${file} $<TARGET_FILE:example_${name}>
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    sm_test_defaults(example/${name})
endforeach()
