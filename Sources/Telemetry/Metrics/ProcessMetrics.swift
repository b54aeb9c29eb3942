// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// The `process_*` family, read from /proc when somebody scrapes; about 0.1 ms.
package enum ProcessMetrics {
    /// Adds the process' own numbers to every scrape of `registry`.
    package static func register(in registry: MetricRegistry) {
        let bootTime = bootTime()
        registry.collect { samples(bootTime: bootTime) }
    }

    private static func samples(bootTime: Double?) -> [MetricSample] {
        var samples: [MetricSample] = []
        if let status = ProcessStatus.read() {
            let ticks = Double(max(sysconf(CInt(_SC_CLK_TCK)), 1))
            samples.append(MetricSample(.processCPU, Double(status.cpuTicks) / ticks))
            samples.append(MetricSample(.processVirtualMemory, Double(status.virtualBytes)))
            let pageSize = Double(max(sysconf(CInt(_SC_PAGESIZE)), 1))
            samples.append(MetricSample(.processResidentMemory, Double(status.residentPages) * pageSize))
            if let bootTime {
                samples.append(MetricSample(.processStartTime, bootTime + Double(status.startTicks) / ticks))
            }
        }
        if let open = openDescriptors() {
            samples.append(MetricSample(.processOpenDescriptors, Double(open)))
        }
        var limit = rlimit()
        // Safe because the kernel writes only the struct, which lives through the call.
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.append(MetricSample(.processMaxDescriptors, Double(limit.rlim_cur)))
        }
        return samples
    }

    /// `btime` of /proc/stat: seconds since the epoch at boot.
    private static func bootTime() -> Double? {
        guard let text = ProcessStatus.contents(of: "/proc/stat") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            return Double(line.dropFirst("btime ".count))
        }
        return nil
    }

    private static func openDescriptors() -> Int? {
        // Safe because the stream is used and closed here only.
        guard let stream = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(stream) }
        var count = 0
        while unsafe readdir(stream) != nil { count += 1 }
        // Less `.`, `..` and the descriptor of the stream itself.
        return max(count - 3, 0)
    }
}

/// The fields of /proc/self/stat that are shown (proc_pid_stat(5)).
struct ProcessStatus: Equatable {
    var cpuTicks: UInt64
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentPages: UInt64

    static func read() -> ProcessStatus? { contents(of: "/proc/self/stat").flatMap(ProcessStatus.init) }

    /// The command's name may hold blanks and parentheses: fields are counted from the last `)`.
    init?(_ text: String) {
        guard let end = text.lastIndex(of: ")") else { return nil }
        // The first field behind the name is the third of the page's numbering.
        let fields = text[text.index(after: end)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard fields.count > 21, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
            let start = UInt64(fields[19]), let virtual = UInt64(fields[20]),
            let resident = UInt64(fields[21])
        else { return nil }
        cpuTicks = user &+ system
        startTicks = start
        virtualBytes = virtual
        residentPages = resident
    }

    /// The first 64 KiB of a file of /proc; nil for none.
    static func contents(of path: String) -> String? { (try? read(path)) ?? nil }

    private static func read(_ path: String) throws(SystemError) -> String? {
        let descriptor = try FileDescriptor(opening: path, O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: 65536)
        var filled = 0
        while filled < bytes.count {
            // Safe because the kernel writes at most the bytes behind `filled`.
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe Glibc.read(descriptor.number, base + filled, buffer.count - filled)
            }
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { break }
            filled += got
        }
        return filled == 0 ? nil : String(decoding: bytes[..<filled], as: UTF8.self)
    }
}
