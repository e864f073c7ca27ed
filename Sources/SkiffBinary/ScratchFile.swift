#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Room for results that memory need not hold: the first ones stay in memory, the others go to a file without a name, which is
/// gone when the last region of it is.
///
/// Regions of the file are mapped to be read, so that the system can take their memory back at any time.
package struct ScratchFile: ~Copyable {
  private let folder: String
  /// The bytes that may still stay in memory.
  private var memory: Int
  private var file: (descriptor: Int32, identity: FileIdentity)?
  /// The part of the file that is mapped and not taken yet.
  private var free = ByteRegion.empty
  /// Where that part begins in the file.
  private var offset = 0

  /// So much is mapped at a time: a process has some ten thousand mappings.
  private static let segment = 1 << 28
  /// What regions begin at a multiple of.
  private static let alignment = 64

  /// The folder that the system has for files that nobody keeps.
  package static var standardFolder: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

  /// - Parameters:
  ///   - folder: Where the file is created when it is needed.
  ///   - memory: The bytes that stay in memory.
  package init(in folder: String = standardFolder, memory: Int = 1 << 26) {
    (self.folder, self.memory) = (folder, memory)
  }

  deinit { if let file { close(file.descriptor) } }

  /// A region of `count` bytes, all of which must be written.
  ///
  /// - Throws: ``ModelError/Code/inputOutput``.
  package mutating func region(count: Int) throws(ModelError) -> ScratchRegion {
    guard count > memory else {
      memory -= count
      return ScratchRegion(memory: count)
    }
    let descriptor = try descriptor()
    let room = (count + Self.alignment - 1) / Self.alignment * Self.alignment
    if room > free.count { try map(max(room, Self.segment)) }
    let region = ScratchRegion(try free.slice(offset: 0, count: count), offset: offset, of: descriptor)
    free = try free.slice(offset: room, count: free.count - room)
    offset += room
    return region
  }

  /// A region with the bytes of another, which itself stays if it is in memory and may.
  package mutating func moved(_ bytes: ByteRegion) throws(ModelError) -> ByteRegion {
    guard bytes.count > memory else {
      memory -= bytes.count
      return bytes
    }
    let region = try region(count: bytes.count)
    try bytes.withBytes { (bytes) throws(ModelError) in try region.write(bytes, at: 0) }
    return region.bytes
  }

  private mutating func descriptor() throws(ModelError) -> Int32 {
    if let file { return file.descriptor }
    var template = Array("\(folder)/skiff-scratch-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw fail("create") }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      throw fail("create")
    }
    file = (descriptor, FileIdentity(status))
    return descriptor
  }

  /// Maps `count` bytes more of the file, in place of those that are left.
  private mutating func map(_ count: Int) throws(ModelError) {
    guard let file else { return }
    let start = offset + free.count
    guard ftruncate(file.descriptor, off_t(start + count)) == 0,
      let memory = mmap(nil, count, PROT_READ, MAP_SHARED, file.descriptor, off_t(start)),
      memory != MAP_FAILED
    else { throw fail("map") }
    free = ByteRegion(adopting: UnsafeRawBufferPointer(start: memory, count: count), file: file.identity) {
      munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
    }
    offset = start
  }

  private func fail(_ verb: String) -> ModelError {
    ModelError(.inputOutput, "cannot \(verb) a scratch file: \(systemReason())", at: Location(file: folder))
  }
}

/// A part of a scratch file. It is written before anybody reads it, and while the file is there.
package struct ScratchRegion: ~Copyable {
  /// What was written.
  package let bytes: ByteRegion
  private let target: Target

  private enum Target {
    case memory(UnsafeMutableRawBufferPointer)
    case file(descriptor: Int32, offset: Int)
  }

  fileprivate init(memory count: Int) {
    let memory = UnsafeMutableRawBufferPointer.allocateBlock(byteCount: count)
    target = .memory(memory)
    bytes = ByteRegion(adopting: UnsafeRawBufferPointer(memory)) {
      UnsafeMutableRawBufferPointer(mutating: $0).deallocate()
    }
  }

  fileprivate init(_ bytes: ByteRegion, offset: Int, of descriptor: Int32) {
    self.bytes = bytes
    target = .file(descriptor: descriptor, offset: offset)
  }

  /// Writes bytes at an offset in the region.
  ///
  /// - Throws: ``ModelError/Code/inputOutput``, for example if the disk is full.
  package func write(_ source: UnsafeRawBufferPointer, at start: Int) throws(ModelError) {
    // Places come from sizes that the region was made for, never from a file.
    precondition(start >= 0 && source.count <= bytes.count - start)
    switch target {
    case .memory(let memory):
      UnsafeMutableRawBufferPointer(rebasing: memory[start...]).copyMemory(from: source)
    case .file(let descriptor, let offset):
      var rest = source[...]
      while !rest.isEmpty {
        let place = off_t(offset + start + source.count - rest.count)
        let written = pwrite(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, place)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else {
          throw ModelError(.inputOutput, "cannot write a scratch file: \(systemReason())")
        }
        rest = rest.dropFirst(written)
      }
    }
  }

  /// Writes elements at an offset in bytes.
  package func write<Element: BitwiseCopyable>(_ elements: [Element], at start: Int) throws(ModelError) {
    let result = elements.withUnsafeBytes { bytes in
      do throws(ModelError) {
        return Result<Void, ModelError>.success(try write(bytes, at: start))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
}
