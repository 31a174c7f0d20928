# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where: the header, both libraries, pkg-config and CMake package files, the programs, their
# man pages and completions.
include(CMakePackageConfigHelpers)

install(FILES include/savedmodel.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS sm_shared sm_static EXPORT savedmodel
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

if(TARGET savedmodel)
    install(TARGETS savedmodel DESTINATION ${CMAKE_INSTALL_BINDIR})
    foreach(name ${SM_PROGRAM_NAMES})
        install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
    endforeach()
endif()

string(REPLACE ";" " " SM_PC_REQUIRES_TEXT "${SM_PC_REQUIRES}")
string(REPLACE ";" " " SM_PC_LIBS_TEXT "${SM_PC_LIBS}")
configure_file(cmake/savedmodel.pc.in savedmodel.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/savedmodel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/savedmodel)
configure_package_config_file(cmake/savedmodel-config.cmake.in savedmodel-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(savedmodel-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/savedmodel-config.cmake ${CMAKE_BINARY_DIR}/savedmodel-config-version.cmake
    DESTINATION ${package})
install(EXPORT savedmodel NAMESPACE savedmodel:: FILE savedmodel-targets.cmake DESTINATION ${package})

file(GLOB man_pages CONFIGURE_DEPENDS docs/man/*.1 docs/man/*.3)
foreach(page ${man_pages})
    string(REGEX REPLACE ".*\\." "" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
if(EXISTS ${CMAKE_SOURCE_DIR}/tools/completion.bash)
    foreach(name savedmodel ${SM_PROGRAM_NAMES})
        install(FILES tools/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${name})
    endforeach()
endif()
