import SkiffBinary

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A started program that is waited for exactly once, or killed.
struct ChildProcess: ~Copyable {
  /// How it ended.
  enum Cause {
    case exit(Int32)
    case signal(Int32)
    /// It had to be killed.
    case timeout
  }

  /// How it ended and what it said last.
  struct End {
    let cause: Cause
    let complaint: String?
  }

  private let identifier: pid_t
  private let complaints: Descriptor
  private var isWaitedFor = false
  private static let complaintSize = 4096

  /// Starts the program at `path` with nothing but these three files and the paths of shared libraries.
  init(
    _ path: String, arguments: [String], input: borrowing Descriptor, output: borrowing Descriptor
  ) throws(ModelError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ModelError(.inputOutput, "cannot make a pipe: \(systemReason())") }
    let readEnd = Descriptor(adopting: ends[0])
    let writeEnd = Descriptor(adopting: ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }

    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input.number, 0)
    posix_spawn_file_actions_adddup2(&actions, output.number, 1)
    posix_spawn_file_actions_adddup2(&actions, writeEnd.number, 2)

    // A signal that this process ignores or blocks, the alarm for one, must not be ignored there.
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGALRM, SIGXFSZ, SIGSEGV, SIGBUS, SIGPIPE, SIGTERM, SIGINT] {
      sigaddset(&signals, signal)
    }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    // A crashed child would hold the pipe while it prints a backtrace.
    var environment = ["SWIFT_BACKTRACE=enable=no"]
    for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
      if let value = getenv(name) { environment.append("\(name)=\(String(cString: value))") }
    }
    var identifier: pid_t = 0
    var status: Int32 = 0
    // A program that was just written is busy while another thread's child still holds it open for writing.
    for _ in 0..<100 {
      status = withCStrings([path] + arguments) { arguments in
        withCStrings(environment) { environment in
          posix_spawn(&identifier, path, &actions, &attributes, arguments, environment)
        }
      }
      guard status == ETXTBSY else { break }
      usleep(10_000)
    }
    guard status == 0 else {
      throw ModelError(
        .inputOutput, "cannot be started: \(String(cString: strerror(status)))", at: Location(file: path))
    }
    complaints = readEnd
    self.identifier = identifier
  }

  deinit { if !isWaitedFor { _ = kill() } }

  /// Waits until it ends, and kills it if it takes longer than `seconds`.
  consuming func wait(seconds: Int) throws(ModelError) -> End {
    let deadline = ContinuousClock.now + .seconds(seconds)
    let text = read(until: deadline)
    var status: Int32 = 0
    // The pipe is closed, so that it has ended or will at once; one that does not is killed.
    while true {
      let waited = waitpid(identifier, &status, WNOHANG)
      if waited == identifier { break }
      if waited < 0, errno != EINTR {
        isWaitedFor = true
        throw ModelError(.inputOutput, "cannot wait for the HDF5 helper: \(systemReason())")
      }
      if ContinuousClock.now >= deadline {
        isWaitedFor = true
        _ = kill()
        return End(cause: .timeout, complaint: text)
      }
      usleep(500)
    }
    isWaitedFor = true
    let signal = status & 0x7F
    return End(cause: signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal), complaint: text)
  }

  /// What it writes to standard error until it closes that, cut off at a length.
  private func read(until deadline: ContinuousClock.Instant) -> String? {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: Self.complaintSize)
    while true {
      let rest = ContinuousClock.now.duration(to: deadline)
      guard rest > .zero else { break }
      var wanted = pollfd(fd: complaints.number, events: Int16(POLLIN), revents: 0)
      let ready = poll(&wanted, 1, Int32(clamping: rest.components.seconds * 1000 + 1))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { break }
      let count = systemRead(complaints.number, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      text += buffer.prefix(min(count, Self.complaintSize - text.count))
    }
    let trimmed = text.prefix { $0 != UInt8(ascii: "\n") }
    return trimmed.isEmpty ? nil : String(decoding: trimmed, as: UTF8.self)
  }

  private func kill() -> Int32 {
    systemKill(identifier)
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

// Calls of the system that methods of the same name hide.
private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
private func systemKill(_ identifier: pid_t) { kill(identifier, SIGKILL) }

/// Calls `body` with a list of C strings that ends in nil.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies + [nil])
}
