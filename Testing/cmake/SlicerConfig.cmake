# Stand-in of the package that "find_package(Slicer)" finds, for scripted modules only; never installed.
#
# It imitates what Slicer 5.12 does with listed files, so that a file that would be missing, lost or overwritten in a
# real package is missing, lost or overwritten here.

set(Slicer_VERSION_MAJOR 5)
set(Slicer_VERSION_MINOR 12)
set(Slicer_VERSION 5.12.0)
set(Slicer_REVISION 00000)
set(Slicer_OS linux)
set(Slicer_ARCHITECTURE amd64)
set(Slicer_USE_PYTHONQT ON)

set(Slicer_INSTALL_ROOT "./")
set(Slicer_SHARE_DIR "share/Slicer-${Slicer_VERSION_MAJOR}.${Slicer_VERSION_MINOR}")
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR "lib/Slicer-${Slicer_VERSION_MAJOR}.${Slicer_VERSION_MINOR}/qt-scripted-modules")

# The interpreter that compiles scripts, and the program that tests would start.
if(NOT DEFINED Slicer_PYTHON_EXECUTABLE)
  find_program(Slicer_PYTHON_EXECUTABLE NAMES python3 python REQUIRED)
endif()
set(Slicer_LAUNCHER_EXECUTABLE "${CMAKE_CURRENT_LIST_DIR}/Slicer")

# An extension that does not name its own files is shipped with Slicer's.
set(Slicer_LICENSE_FILE "${CMAKE_CURRENT_LIST_DIR}/SlicerConfig.cmake")
set(Slicer_README_FILE "${CMAKE_CURRENT_LIST_DIR}/SlicerConfig.cmake")

set(Slicer_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/SlicerExtensionGenerateConfig.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/SlicerExtensionCPack.cmake")
