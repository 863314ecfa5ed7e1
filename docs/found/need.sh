# For the scripts beside it, which source it.

# need WHAT PACKAGE: ends the script if there is no WHAT, a command or (with a slash) a file or a pattern of files.
need() {
  case $1 in
    */*) compgen -G "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac && return
  echo "${0##*/}: there is no $1: it needs Debian's package $2" >&2
  exit 127
}
