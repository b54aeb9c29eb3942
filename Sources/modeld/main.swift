// SPDX-License-Identifier: Apache-2.0
import DaemonApp
import Glibc

let status = Daemon.run(arguments: Array(CommandLine.arguments.dropFirst()))
fflush(nil)
// Not `exit`: models may still be loading on other threads, and libraries (OpenSSL is one) would take down
// what they use.
_exit(status)
