// The engine as the environment asks for it: ANYSPLICE_MODE and the others of anysplice(7).
//
// Called once, when the engine is loaded and before threads exist.
#ifndef ANYSPLICE_CORE_API_SETTINGS_H_
#define ANYSPLICE_CORE_API_SETTINGS_H_

namespace anysplice {

// `program` is argv[0], by which injection knows the process. A mode that is none is reported on
// stderr; an injection that cannot be understood ends the program.
void take_settings(const char* program, char** environment);

// The value of NAME= in an environment that libc may not know yet; null if it is not there.
const char* value_of(char** environment, const char* name);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_API_SETTINGS_H_
