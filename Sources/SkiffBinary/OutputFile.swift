import CSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears whole or not at all.
///
/// Bytes go to a temporary file in the target's folder; ``commit()`` syncs it and renames it over the target.
/// Without a commit the temporary file is removed and the target stays as it was. A file that is replaced passes on its
/// permissions, a symbolic link still leads to the file, and a pipe or device is written to as it is. What a killed program left of an earlier
/// file at the same path is removed by the next one: a writer holds a lock on its temporary file, the dead hold none.
public struct OutputFile: ~Copyable {
  private let path: String
  /// The file that becomes the target; nil for a target that is no ordinary file.
  private let temporaryPath: String?
  private let descriptor: Int32
  private var pending: [UInt8] = []
  private var isCommitted = false

  /// The number of bytes written so far.
  public private(set) var count = 0

  /// The bytes that the descriptor has, and those of them that the system began to store.
  private var (sent, begun) = (0, 0)

  private static let chunk = 1 << 16
  private static let part = 1 << 23

  /// Starts writing what will become the file at `path`.
  public init(path: String) throws(ModelError) {
    self.path = Self.resolved(path)
    (descriptor, temporaryPath) = try Self.start(self.path)
  }

  /// Opens what is written to; nil for the temporary file where that is the target itself.
  private static func start(_ path: String) throws(ModelError) -> (descriptor: Int32, temporaryPath: String?)
  {
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG {
      let descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw ModelError(.inputOutput, "cannot write: \(systemReason())", at: Location(file: path))
      }
      return (descriptor, nil)
    }
    AbandonedFiles.remove(besides: path)
    var attempt = 0
    while true {
      let candidate = temporaryPath(for: path, process: getpid(), attempt: attempt)
      let descriptor = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
        if exists { _ = fchmod(descriptor, status.st_mode & 0o7777) }
        return (descriptor, candidate)
      }
      guard errno == EEXIST, attempt < 1000 else {
        throw ModelError(.inputOutput, "cannot create: \(systemReason())", at: Location(file: path))
      }
      attempt += 1
    }
  }

  /// The name of a temporary file of a process, beside the file that it is to become.
  package static func temporaryPath(for path: String, process: pid_t, attempt: Int) -> String {
    "\(resolved(path)).\(process)-\(attempt)\(AbandonedFiles.suffix)"
  }

  deinit {
    close(descriptor)
    if let temporaryPath, !isCommitted { unlink(temporaryPath) }
  }

  /// The path behind symbolic links, also if nothing is there yet.
  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Appends `bytes`.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
    count += bytes.count
    if pending.count + bytes.count <= Self.chunk {
      pending.append(contentsOf: bytes)
      return
    }
    try flush()
    if bytes.count >= Self.chunk {
      try send(bytes)
    } else {
      pending.append(contentsOf: bytes)
    }
  }

  /// Appends the bytes of `region`.
  public mutating func write(_ region: ByteRegion) throws(ModelError) {
    try region.withBytes { (bytes) throws(ModelError) in try write(bytes) }
  }

  /// Appends `bytes`.
  public mutating func write(_ bytes: [UInt8]) throws(ModelError) {
    try withBytes(of: bytes) { (bytes) throws(ModelError) in try write(bytes) }
  }

  /// Appends zeros until ``count`` is a multiple of `alignment`.
  public mutating func align(to alignment: Int) throws(ModelError) {
    let rest = count % alignment
    if rest != 0 { try write([UInt8](repeating: 0, count: alignment - rest)) }
  }

  /// Makes what was written the file at the path: synced, then renamed in one step.
  public consuming func commit() throws(ModelError) {
    try flush()
    guard let temporaryPath else {
      isCommitted = true
      return
    }
    let place = Location(file: path)
    guard fsync(descriptor) == 0 else {
      throw ModelError(.inputOutput, "cannot sync: \(systemReason())", at: place)
    }
    guard rename(temporaryPath, path) == 0 else {
      throw ModelError(.inputOutput, "cannot replace: \(systemReason())", at: place)
    }
    isCommitted = true
    syncFolder()
  }

  /// Syncs the folder's entry; a file system that cannot sync folders is no error.
  private func syncFolder() {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let handle = open(folder, O_RDONLY | O_CLOEXEC)
    guard handle >= 0 else { return }
    _ = fsync(handle)
    close(handle)
  }

  private mutating func flush() throws(ModelError) {
    let bytes = pending
    pending.removeAll(keepingCapacity: true)
    try withBytes(of: bytes) { (bytes) throws(ModelError) in try send(bytes) }
  }

  private mutating func send(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
    var rest = bytes[...]
    while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      #if canImport(Darwin)
        let written = Darwin.write(descriptor, start, rest.count)
      #elseif canImport(Musl)
        let written = Musl.write(descriptor, start, rest.count)
      #else
        let written = Glibc.write(descriptor, start, rest.count)
      #endif
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        throw ModelError(.inputOutput, "cannot write: \(systemReason())", at: Location(file: path))
      }
      rest = rest.dropFirst(written)
    }
    sent += bytes.count
    // Less is left for the sync at the end.
    if temporaryPath != nil, sent - begun >= Self.part {
      skiff_begin_storing(descriptor, Int64(begun), Int64(sent - begun))
      begun = sent
    }
  }
}

/// `Array.withUnsafeBytes` with a typed error.
package func withBytes<Element, Result>(
  of array: [Element], _ body: (UnsafeRawBufferPointer) throws(ModelError) -> Result
) throws(ModelError) -> Result {
  let result = array.withUnsafeBytes { bytes in
    do throws(ModelError) {
      return Swift.Result<Result, ModelError>.success(try body(bytes))
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}
