import SkiffBinary

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The one owner of an open file; no child process inherits it by accident.
struct Descriptor: ~Copyable {
  let number: Int32

  init(adopting number: Int32) { self.number = number }

  /// Opens the file at `path` for reading.
  init(opening path: String) throws(ModelError) {
    number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else {
      throw ModelError(.inputOutput, "cannot open: \(systemReason())", at: Location(file: path))
    }
  }

  /// An empty file that has no name any more and goes with its last descriptor.
  static func temporary() throws(ModelError) -> Descriptor {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var path = Array("\(folder)/skiff-XXXXXX".utf8CString)
    let number = mkstemp(&path)
    guard number >= 0 else {
      throw ModelError(.inputOutput, "cannot create a file: \(systemReason())", at: Location(file: folder))
    }
    unlink(path)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    return Descriptor(adopting: number)
  }

  deinit { if number >= 0 { close(number) } }

  /// Writes all of `region` and goes back to the start.
  func write(_ region: ByteRegion) throws(ModelError) {
    let number = number
    try region.withBytes { (bytes) throws(ModelError) in
      var rest = bytes[...]
      while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
        let written = pwrite(number, start, rest.count, off_t(bytes.count - rest.count))
        if written < 0, errno == EINTR { continue }
        guard written > 0 else {
          throw ModelError(.inputOutput, "cannot write a temporary file: \(systemReason())")
        }
        rest = rest.dropFirst(written)
      }
    }
  }

  /// The file's bytes, mapped.
  func mapped() throws(ModelError) -> ByteRegion {
    var status = stat()
    guard fstat(number, &status) == 0 else {
      throw ModelError(.inputOutput, "cannot read the size of a temporary file: \(systemReason())")
    }
    let size = Int(status.st_size)
    guard size > 0 else { return .empty }
    guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, number, 0), memory != MAP_FAILED else {
      throw ModelError(.inputOutput, "cannot map a temporary file: \(systemReason())")
    }
    return ByteRegion(adopting: UnsafeRawBufferPointer(start: memory, count: size)) {
      munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
    }
  }
}
