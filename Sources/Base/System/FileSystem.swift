// SPDX-License-Identifier: Apache-2.0
private import CPosix

/// What is known of file systems as such.
package enum FileSystem {
    /// Those whose every change is made by this machine's kernel, which tells of it by inotify(7): ext2 to
    /// ext4, XFS, Btrfs, F2FS, ZFS, tmpfs, ramfs, overlays of them, and the read-only SquashFS and EROFS.
    private static let telling: Set<Int64> = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x2FC1_2FC1, 0x0102_1994, 0x8584_58F6, 0x794C_7630,
        0x7371_7368, 0xE0F5_E1E2,
    ]

    /// Whether every change of what stands at `path` is told to who watches it. False for network file
    /// systems, FUSE, those that are not known, and when nobody can say.
    package static func tellsOfChanges(at path: String) -> Bool {
        // Safe because the string is passed as a C string that lives for the call.
        telling.contains(unsafe cposix_file_system_type(path))
    }
}
