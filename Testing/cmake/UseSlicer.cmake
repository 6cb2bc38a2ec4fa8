# What "include(${Slicer_USE_FILE})" gives a scripted extension: its name, folders, defaults and macros.

if(NOT EXTENSION_NAME)
  set(EXTENSION_NAME "${PROJECT_NAME}")
endif()
if("${EXTENSION_NAME}" MATCHES "^$|^Slicer$|^Project$")
  message(FATAL_ERROR "error: call project(<extension name>) before include(\${Slicer_USE_FILE})")
endif()

set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR "${Slicer_INSTALL_ROOT}${Slicer_QTSCRIPTEDMODULES_LIB_DIR}")

foreach(file LICENSE_FILE README_FILE)
  if(NOT DEFINED EXTENSION_${file})
    set(EXTENSION_${file} "${Slicer_${file}}")
  endif()
endforeach()
if(NOT DEFINED EXTENSION_DEPENDS)
  set(EXTENSION_DEPENDS NA)
endif()
if(NOT DEFINED EXTENSION_SUPERBUILD_BINARY_DIR)
  set(EXTENSION_SUPERBUILD_BINARY_DIR "${CMAKE_BINARY_DIR}")
endif()

list(APPEND CMAKE_MODULE_PATH "${Slicer_CMAKE_DIR}")
include(SlicerScriptedModule)
include(CTest)
