#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ByteRegion {
  /// Maps the regular file at `path` read-only; nothing is read until it is touched.
  ///
  /// - Throws: ``ModelError/Code/inputOutput`` with the system's reason,
  ///   ``ModelError/Code/limitExceeded`` if the file is larger than `limits` allow.
  public init(mapping path: String, limits: Limits = .standard) throws(ModelError) {
    let place = Location(file: path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ModelError(.inputOutput, "cannot open: \(systemReason())", at: place) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw ModelError(.inputOutput, "cannot read its size: \(systemReason())", at: place)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelError(.inputOutput, "is not a regular file", at: place)
    }
    let size = Int(status.st_size)
    guard size <= limits.fileSize else {
      throw ModelError(
        .limitExceeded, "has \(size) bytes, more than the limit of \(limits.fileSize)", at: place)
    }
    guard size > 0 else {
      self = .empty
      return
    }
    guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
      throw ModelError(.inputOutput, "cannot map: \(systemReason())", at: place)
    }
    self.init(adopting: UnsafeRawBufferPointer(start: memory, count: size), file: FileIdentity(status)) {
      munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
    }
  }
}

/// The system's sentence for the last error of a C call.
package func systemReason() -> String {
  String(cString: strerror(errno))
}
