# Part of find_package(anysplice): tests that explore which failures another test does not survive.
#
#   anysplice_add_explore_test(
#     NAME name
#     COMMAND program [argument...]
#     [OUTPUT file...]       what the program writes, to be compared (explore --output)
#     [BUDGET time]          for all its runs, as in 5m
#     [OPTIONS option...]    further ones of anysplice explore
#     [TIMEOUT seconds])     of the test; default 600
#
# The name of an executable target stands for its file. The report is NAME.xml in the folder of the
# build (JUnit). Without the command `anysplice` the test is there and fails.

find_program(ANYSPLICE_COMMAND anysplice HINTS "${_anysplice_prefix}/bin")

function(anysplice_add_explore_test)
  cmake_parse_arguments(PARSE_ARGV 0 test "" "NAME;BUDGET;TIMEOUT" "COMMAND;OUTPUT;OPTIONS")
  if(test_UNPARSED_ARGUMENTS OR NOT test_NAME OR NOT test_COMMAND)
    message(FATAL_ERROR
      "anysplice_add_explore_test: needs NAME and COMMAND; unknown: '${test_UNPARSED_ARGUMENTS}'")
  endif()
  list(GET test_COMMAND 0 program)
  if(TARGET "${program}")
    list(REMOVE_AT test_COMMAND 0)
    list(INSERT test_COMMAND 0 "$<TARGET_FILE:${program}>")
  endif()
  set(options "--junit=${CMAKE_CURRENT_BINARY_DIR}/${test_NAME}.xml")
  foreach(file IN LISTS test_OUTPUT)
    list(APPEND options "--output=${file}")
  endforeach()
  if(test_BUDGET)
    list(APPEND options "--budget=${test_BUDGET}")
  endif()
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 600)
  endif()
  add_test(NAME "${test_NAME}"
    COMMAND "${ANYSPLICE_COMMAND}" explore ${options} ${test_OPTIONS} -- ${test_COMMAND})
  set_tests_properties("${test_NAME}" PROPERTIES TIMEOUT "${test_TIMEOUT}")
endfunction()
