// SPDX-License-Identifier: Apache-2.0
import DaemonApp
import Glibc

exit(Daemon.run(arguments: Array(CommandLine.arguments.dropFirst())))
