# How Slicer turns the lists of a scripted module into files.
#
# The traps of the real macros are kept on purpose:
# - only listed files are copied; one that does not exist stops the configuration;
# - all modules are copied into one folder, so that two files of one relative path are two rules for one output;
# - "../x.py" is copied beside that folder, which is not installed;
# - whatever lies in the folder is installed, byte code and files of an earlier build included;
# - a script that does not compile is reported and shipped.

macro(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY_SLICER "WITH_GENERIC_TESTS;WITH_SUBDIR;VERBOSE" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MY_SLICER_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "Unknown keywords given to slicerMacroBuildScriptedModule(): \"${MY_SLICER_UNPARSED_ARGUMENTS}\"")
  endif()
  if(NOT DEFINED MY_SLICER_NAME)
    message(FATAL_ERROR "NAME is mandatory")
  endif()
  if(NOT Slicer_USE_PYTHONQT)
    message(FATAL_ERROR "A scripted module needs a Slicer that was built with Python")
  endif()
  _standin_require_files(SCRIPTS ${MY_SLICER_SCRIPTS})
  _standin_require_files(RESOURCES ${MY_SLICER_RESOURCES})

  set(_standin_folder "${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}")
  if(MY_SLICER_WITH_SUBDIR)
    get_filename_component(_standin_subdir "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    set(_standin_folder "${_standin_folder}/${_standin_subdir}")
  endif()
  _standin_copy(${MY_SLICER_NAME} Script "${_standin_folder}" ${MY_SLICER_SCRIPTS})
  _standin_copy(${MY_SLICER_NAME} Resource "${_standin_folder}" ${MY_SLICER_RESOURCES})
  _standin_compile(${MY_SLICER_NAME} "${_standin_folder}" ${MY_SLICER_SCRIPTS})
  if(MY_SLICER_WITH_SUBDIR)
    set(_standin_installed "${_standin_folder}")
  else()
    set(_standin_installed "${_standin_folder}/")
  endif()
  install(
    DIRECTORY "${_standin_installed}" DESTINATION "${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}"
    COMPONENT RuntimeLibraries USE_SOURCE_PERMISSIONS
    )

  if(BUILD_TESTING AND MY_SLICER_WITH_GENERIC_TESTS)
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/qSlicer${MY_SLICER_NAME}ModuleGenericTest.py" "")
    slicer_add_python_unittest(
      SCRIPT qSlicer${MY_SLICER_NAME}ModuleGenericTest.py
      SLICER_ARGS --no-main-window --disable-cli-modules --additional-module-path "${_standin_folder}"
      TESTNAME_PREFIX nomainwindow_
      )
  endif()
endmacro()

# Tests are registered, never run: there is no application.
macro(slicer_add_python_unittest)
  cmake_parse_arguments(MY "" "TESTNAME_PREFIX;SCRIPT" "SLICER_ARGS" ${ARGN})
  get_filename_component(_standin_test "${MY_SCRIPT}" NAME_WE)
  add_test(
    NAME py_${MY_TESTNAME_PREFIX}${_standin_test}
    COMMAND "${Slicer_LAUNCHER_EXECUTABLE}" --no-splash ${MY_SLICER_ARGS} ${MY_SCRIPT}
    )
endmacro()

function(_standin_require_files list)
  foreach(file IN LISTS ARGN)
    get_filename_component(path "${file}" ABSOLUTE)
    if(NOT EXISTS "${path}" AND NOT EXISTS "${path}.py")
      message(FATAL_ERROR "slicerMacroBuildScriptedModule(${list}) given nonexistent file or directory '${file}'")
    endif()
  endforeach()
endfunction()

# The name under which a script is copied: "X" and "X.data" become "X.py" and "X.data.py".
function(_standin_script_name result file)
  get_filename_component(extension "${file}" EXT)
  if(NOT "${extension}" MATCHES "py")
    set(file "${file}.py")
  endif()
  set(${result} "${file}" PARENT_SCOPE)
endfunction()

function(_standin_copy module kind folder)
  foreach(file IN LISTS ARGN)
    if(kind STREQUAL "Script")
      _standin_script_name(file "${file}")
    endif()
    add_custom_command(
      OUTPUT "${folder}/${file}"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}"
      COMMAND "${CMAKE_COMMAND}" -E copy "${CMAKE_CURRENT_SOURCE_DIR}/${file}" "${folder}/${file}"
      )
    list(APPEND copied "${folder}/${file}")
  endforeach()
  if(copied)
    add_custom_target(Copy${module}Python${kind}Files ALL DEPENDS ${copied})
  endif()
endfunction()

function(_standin_compile module folder)
  foreach(file IN LISTS ARGN)
    _standin_script_name(file "${file}")
    list(APPEND scripts "${folder}/${file}")
  endforeach()
  set(done "${CMAKE_CURRENT_BINARY_DIR}/python_compile_${module}_complete")
  add_custom_command(
    OUTPUT "${done}"
    DEPENDS Copy${module}PythonScriptFiles
    COMMAND "${Slicer_PYTHON_EXECUTABLE}" "${Slicer_CMAKE_DIR}/compile_scripts.py" "${done}" ${scripts}
    )
  add_custom_target(Compile${module}PythonFiles ALL DEPENDS "${done}")
endfunction()
