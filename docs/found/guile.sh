#!/bin/bash
# A test of Guile's sendfile: sends the file `in` through a pipe, which becomes `out`. Run it in a scratch
# folder.
. "$(dirname "$0")/need.sh"
need guile guile-3.0
set -o pipefail
guile -c '
(let* ((from (open-input-file "in" #:binary #t)) (size (stat:size (stat "in"))))
  (let loop ((left size))
    (if (> left 0)
        (let ((sent (sendfile (current-output-port) from left)))
          (if (= sent 0) (exit 1) (loop (- left sent)))))))
' | cat >out
