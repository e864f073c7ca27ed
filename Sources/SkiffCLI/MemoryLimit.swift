import ArgumentParser
import SkiffBinary

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A number of bytes: digits, and K, M or G for powers of 1000 (Ki, Mi or Gi for those of 1024).
struct ByteCount: ExpressibleByArgument, CustomStringConvertible {
  let bytes: Int
  let description: String

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    let units = [
      "": 1, "K": 1000, "M": 1_000_000, "G": 1_000_000_000, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30,
    ]
    guard let number = Int(digits), number > 0, let unit = units[String(argument.dropFirst(digits.count))]
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    self.bytes = bytes
    description = argument
  }
}

/// A command that works on models and can be held to some memory.
protocol ModelCommand: ParsableCommand {
  var modelOptions: ModelOptions { get }
  /// The file that it writes, if any.
  var writtenFile: String? { get }
}

extension ModelCommand {
  var writtenFile: String? { nil }
}

/// Runs a command in a process of its own that gets no more memory than it may: what asks for more ends that process, not the
/// file that is there already.
///
/// Memory is what the process allocates; files that are mapped do not count, nor does what the program has when it starts.
struct MemoryLimit {
  private let limit: ByteCount
  private let writtenFile: String?

  /// Nil if the command has no limit.
  init?(of command: any ParsableCommand) {
    guard let command = command as? any ModelCommand, let limit = command.modelOptions.maxMemory else {
      return nil
    }
    self.limit = limit
    writtenFile = command.writtenFile
  }

  /// The code that the command ended with.
  func run(_ arguments: [String]) throws(ModelError) -> ExitCode {
    var old = rlimit()
    getrlimit(Self.resource, &old)
    var new = old
    let (bytes, overflow) = limit.bytes.addingReportingOverflow(Self.bytesAtStart)
    new.rlim_cur = min(old.rlim_max, rlim_t(overflow ? limit.bytes : bytes))
    // What is started has the limits of who starts it.
    guard setrlimit(Self.resource, &new) == 0 else {
      throw ModelError(.inputOutput, "cannot limit the memory: \(systemReason())")
    }
    defer { setrlimit(Self.resource, &old) }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ModelError(.inputOutput, "cannot make a pipe: \(systemReason())") }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let child = try start(Self.withoutLimit(arguments), errors: ends[1])
    close(ends[1])
    let lastLines = relay(ends[0])
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else { throw ModelError(.inputOutput, "cannot wait: \(systemReason())") }
    }
    let code = ExitCode(status >> 8 & 0xFF)
    if status & 0x7F == 0 && code != Self.notLoaded {
      for line in lastLines { Terminal.write(line) }
      return code
    }
    if let writtenFile { removeRest(of: writtenFile, by: child) }
    throw exceeded
  }

  private var exceeded: ModelError {
    ModelError(.limitExceeded, "needs more memory than --max-memory \(limit)")
  }

  /// How a process ends whose program was started, but found no memory for its libraries.
  private static let notLoaded = ExitCode(127)

  /// What the runtime and the loader say.
  private static let lastWords = ["Fatal error: ", ": error while loading shared libraries: "]

  /// Prints what the process says of errors, up to what can be what the runtime or the loader says when it gives up, which tells
  /// a user nothing: that is returned, line by line.
  private func relay(_ end: Int32) -> [String] {
    guard let errors = fdopen(end, "r") else {
      close(end)
      return []
    }
    defer { fclose(errors) }
    var (line, capacity) = (UnsafeMutablePointer<CChar>?.none, 0)
    defer { free(line) }
    var lastLines: [String] = []
    while getline(&line, &capacity, errors) > 0, let text = line {
      if lastLines.isEmpty, !Self.lastWords.contains(where: { strstr(text, $0) != nil }) {
        write(2, text, strlen(text))
      } else {
        lastLines.append(String(cString: text))
      }
    }
    return lastLines
  }

  private func start(_ arguments: [String], errors: Int32) throws(ModelError) -> pid_t {
    let path = realpath("/proc/self/exe", nil).map { path in
      defer { free(path) }
      return String(cString: path)
    }
    var child: pid_t = 0
    setenv("SWIFT_BACKTRACE", "enable=no", 1)
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    posix_spawn_file_actions_addclose(&actions, errors)
    var pointers: [UnsafeMutablePointer<CChar>?] =
      ([CommandLine.arguments[0]] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    let status = posix_spawnp(
      &child, path ?? CommandLine.arguments[0], &actions, nil, &pointers, environ)
    guard status == 0 else {
      throw status == ENOMEM
        ? exceeded : ModelError(.inputOutput, "cannot start: \(String(cString: strerror(status)))")
    }
    return child
  }

  /// Removes what the process left of a file that it was writing.
  private func removeRest(of path: String, by process: pid_t) {
    for attempt in 0..<8 { unlink(OutputFile.temporaryPath(for: path, process: process, attempt: attempt)) }
  }

  private static func withoutLimit(_ arguments: [String]) -> [String] {
    var (result, skips) = ([String](), false)
    for argument in arguments {
      if skips || argument.hasPrefix("--max-memory=") {
        skips = false
      } else if argument == "--max-memory" {
        skips = true
      } else {
        result.append(argument)
      }
    }
    return result
  }

  #if os(Linux)
    private static let resource = __rlimit_resource_t(RLIMIT_DATA.rawValue)

    /// What this process, which has done nothing so far, has of what the limit counts: most of it the program's own data
    /// (proc_pid_statm(5): the sixth number, in pages).
    private static var bytesAtStart: Int {
      let file = open("/proc/self/statm", O_RDONLY)
      guard file >= 0 else { return 0 }
      defer { close(file) }
      let text = String(unsafeUninitializedCapacity: 256) { max(0, read(file, $0.baseAddress, $0.count)) }
      let numbers = text.split(separator: " ")
      guard numbers.count > 5, let pages = Int(numbers[5]) else { return 0 }
      return pages * sysconf(Int32(_SC_PAGESIZE))
    }
  #else
    private static let resource = RLIMIT_DATA
    private static let bytesAtStart = 0
  #endif
}
