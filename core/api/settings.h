// Sets up the engine according to the environment: ANYSPLICE_MODE and the other variables of
// anysplice(7).
//
// To be called once, when the engine is loaded and before there are threads.
#ifndef ANYSPLICE_CORE_API_SETTINGS_H_
#define ANYSPLICE_CORE_API_SETTINGS_H_

namespace anysplice {

// `program` is argv[0], after which injection names the process. An invalid mode is reported on
// stderr; an invalid injection ends the program.
void take_settings(const char* program, char** environment);

// Whether there is any variable of ours in an environment.
bool any_setting(char** environment);

// The value of NAME= in an environment that libc may not know yet; null if it is not there.
const char* value_of(char** environment, const char* name);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_API_SETTINGS_H_
