# The package and the description that goes into it.

if(NOT "${EXTENSION_NAME}" STREQUAL "${PROJECT_NAME}")
  # Real Slicer says no more than this either, and there is no package.
  message(STATUS "Skipping extension packaging: EXTENSION_NAME [${EXTENSION_NAME}] different from PROJECT_NAME")
  return()
endif()
foreach(var EXTENSION_README_FILE EXTENSION_LICENSE_FILE)
  if(NOT EXISTS "${${var}}")
    message(FATAL_ERROR "error: ${var} points to an inexistent file: ${${var}}")
  endif()
endforeach()

set(description "${CMAKE_BINARY_DIR}/${EXTENSION_NAME}.s4ext")
file(WRITE "${description}" "")
foreach(key DEPENDS HOMEPAGE CONTRIBUTORS ICONURL DESCRIPTION SCREENSHOTURLS)
  # The format knows one line per value.
  if("${EXTENSION_${key}}" STREQUAL "" OR "${EXTENSION_${key}}" MATCHES "\n")
    message(FATAL_ERROR "error: EXTENSION_${key} must be one line that is not empty")
  endif()
  string(TOLOWER "${key}" key_lower)
  file(APPEND "${description}" "${key_lower} ${EXTENSION_${key}}\n")
endforeach()
install(FILES "${description}" DESTINATION "${Slicer_INSTALL_ROOT}${Slicer_SHARE_DIR}" COMPONENT RuntimeLibraries)

set(CPACK_MONOLITHIC_INSTALL ON)
set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_FILE_NAME "${Slicer_REVISION}-${Slicer_OS}-${Slicer_ARCHITECTURE}-${EXTENSION_NAME}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${EXTENSION_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION_FILE "${EXTENSION_README_FILE}")
set(CPACK_RESOURCE_FILE_LICENSE "${EXTENSION_LICENSE_FILE}")
include(CPack)
