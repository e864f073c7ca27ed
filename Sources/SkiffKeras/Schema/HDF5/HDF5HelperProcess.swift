import SkiffBinary
public import SkiffHDF5Index

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads HDF5 files in a process of its own, so that a file which crashes libhdf5 is an error and nothing else.
public struct HDF5HelperProcess: HDF5Indexer {
  /// The path of `skiff-hdf5`, or nil to look for it.
  public var path: String?
  /// How long one file may take, in seconds.
  public var timeLimit: Int

  /// Creates the reader.
  ///
  /// - Parameters:
  ///   - path: The helper. Without one: what the environment variable `SKIFF_HDF5_HELPER` says, else the file
  ///     `skiff-hdf5` beside the running program, else the first one in `PATH`.
  ///   - timeLimit: How long one file may take, in seconds.
  public init(path: String? = nil, timeLimit: Int = 60) {
    self.path = path
    self.timeLimit = max(1, timeLimit)
  }

  /// The index of an HDF5 file.
  ///
  /// - Throws: ``ModelError/Code/inputOutput`` if there is no helper or it cannot be started,
  ///   ``ModelError/Code/malformed`` if the file crashes it, ``ModelError/Code/limitExceeded`` if it takes too long or
  ///   needs too much memory.
  public func index(of source: HDF5Source, limits: Limits) throws(ModelError) -> ByteRegion {
    let helper = try Self.locate(path)
    let input: Descriptor
    let offset: Int
    if let path = source.path {
      input = try Descriptor(opening: path)
      offset = source.bytes.offset
    } else {
      input = try Descriptor.temporary()
      try input.write(source.bytes)
      offset = 0
    }
    let output = try Descriptor.temporary()
    let numbers = [
      offset, source.bytes.count, limits.structureSize, limits.inflatedSize, limits.count, limits.depth,
      timeLimit,
    ]
    let run = try ChildProcess(helper, arguments: numbers.map(String.init), input: input, output: output)
    // The helper's own alarm comes first; this is for a helper that does not even get so far.
    let end = try run.wait(seconds: timeLimit + 2)
    try Self.check(end, helper: helper)
    let index = try output.mapped()
    guard index.count > 0 else {
      throw ModelError(.inputOutput, "'\(helper)' wrote no index: it is not the HDF5 helper")
    }
    return index
  }

  private static func check(_ end: ChildProcess.End, helper: String) throws(ModelError) {
    switch end.cause {
    case .exit(0): return
    case .exit(let status):
      throw ModelError(
        .inputOutput, "'\(helper)' gave up with status \(status)", notes: end.complaint.map { [$0] } ?? [])
    case .signal(SIGALRM), .timeout:
      throw ModelError(.limitExceeded, "libhdf5 did not come to the end of this file in time")
    case .signal(SIGXFSZ):
      throw ModelError(.limitExceeded, "the index of this file is larger than its limit")
    case .signal(let signal):
      throw ModelError(
        .malformed, "the HDF5 file is damaged: libhdf5 crashed on it (signal \(signal))",
        notes: end.complaint.map { [$0] } ?? [])
    }
  }

  /// Where the helper is.
  static func locate(_ path: String?) throws(ModelError) -> String {
    if let path {
      guard access(path, X_OK) == 0 else {
        throw ModelError(
          .inputOutput, "is not the HDF5 helper: \(systemReason())", at: Location(file: path))
      }
      return path
    }
    if let path = getenv("SKIFF_HDF5_HELPER").map({ String(cString: $0) }), !path.isEmpty {
      guard access(path, X_OK) == 0 else {
        throw ModelError(
          .inputOutput, "is what SKIFF_HDF5_HELPER says, but not the HDF5 helper: \(systemReason())",
          at: Location(file: path))
      }
      return path
    }
    var folders: [String] = []
    if let program = runningProgram(), let slash = program.lastIndex(of: "/") {
      folders.append(String(program[..<slash]))
    }
    if let path = getenv("PATH") {
      folders += String(cString: path).split(separator: ":").map(String.init)
    }
    for folder in folders where access(folder + "/skiff-hdf5", X_OK) == 0 { return folder + "/skiff-hdf5" }
    throw ModelError(
      .inputOutput, "HDF5 files are read by the program skiff-hdf5, which is not there",
      notes: [
        "it is looked for where SKIFF_HDF5_HELPER says, beside the running program, and in PATH",
        "it is a product of the package Skiff: swift build -c release --product skiff-hdf5 (needs libhdf5-dev or brew's hdf5)",
      ])
  }

  private static func runningProgram() -> String? {
    #if canImport(Darwin)
      var size = UInt32(0)
      _NSGetExecutablePath(nil, &size)
      var path = [CChar](repeating: 0, count: Int(size))
      guard _NSGetExecutablePath(&path, &size) == 0 else { return nil }
      return String(validating: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    #else
      var path = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/self/exe", &path, path.count)
      guard count > 0 else { return nil }
      return String(validating: path.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    #endif
  }
}
