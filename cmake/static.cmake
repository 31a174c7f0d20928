# SPDX-License-Identifier: Apache-2.0
# libsavedmodel.a holds one relocatable object whose hidden symbols have been made local, so a program that links it
# may use our internal names for its own functions (tests/package/symbols.sh checks it).
set(one_object ${CMAKE_BINARY_DIR}/savedmodel.o)
add_custom_command(OUTPUT ${one_object}
    COMMAND ${CMAKE_LINKER} -r -o ${one_object} $<TARGET_OBJECTS:sm_objects>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${one_object}
    DEPENDS sm_objects $<TARGET_OBJECTS:sm_objects>
    COMMENT "Joining the library into one object"
    COMMAND_EXPAND_LISTS VERBATIM)
set_source_files_properties(${one_object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
add_library(sm_static STATIC ${one_object})
set_target_properties(sm_static PROPERTIES OUTPUT_NAME savedmodel EXPORT_NAME static LINKER_LANGUAGE C)
target_include_directories(sm_static INTERFACE $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# What the objects need at link time, without the compile definitions: users of the header get none of them.
target_link_libraries(sm_static INTERFACE $<BUILD_INTERFACE:$<LINK_ONLY:sm_libraries>>)
