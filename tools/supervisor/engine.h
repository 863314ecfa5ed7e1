// The engine of this command, made ready to carry out the calls of a program.
//
// To be called before there are threads.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_ENGINE_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_ENGINE_H_

#include <string>

#include "tools/run_options.h"

namespace anysplice::tools {

// The settings are those of the environment. Calls that are to be blocked are refused to the engine
// as the filter of `--block` would refuse them to the program.
void prepare_engine(const RunOptions& options, const std::string& program);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_ENGINE_H_
