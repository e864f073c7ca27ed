#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Temporary files of an ``OutputFile`` whose program was killed.
enum AbandonedFiles {
  /// How the name of a temporary file ends; it begins with the name of the file that it was to become.
  static let suffix = ".partial"

  /// How long a file without a lock is left alone, in seconds: its program may be about to lock it, or be on a file system
  /// that has no locks.
  private static let grace = 10

  /// Removes those that were to become the file at `path`; what cannot be removed stays.
  static func remove(besides path: String) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? "./"
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    guard let listing = opendir(folder) else { return }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
      let candidate = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if isTemporary(candidate, of: name) { removeIfAbandoned(folder + candidate) }
    }
  }

  /// Whether the name is `name.PROCESS-NUMBER.partial`.
  private static func isTemporary(_ candidate: String, of name: Substring) -> Bool {
    guard candidate.hasPrefix(name + "."), candidate.hasSuffix(suffix),
      candidate.utf8.count > name.utf8.count + 1 + suffix.utf8.count
    else { return false }
    let numbers = candidate.dropFirst(name.count + 1).dropLast(suffix.count).split(
      separator: "-", omittingEmptySubsequences: false)
    return numbers.count == 2 && numbers.allSatisfy { Int32($0) != nil }
  }

  private static func removeIfAbandoned(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      time(nil) - modificationTime(status) >= grace, flock(descriptor, LOCK_EX | LOCK_NB) == 0
    else { return }
    unlink(path)
  }

  private static func modificationTime(_ status: stat) -> Int {
    #if canImport(Darwin)
      status.st_mtimespec.tv_sec
    #else
      status.st_mtim.tv_sec
    #endif
  }
}
