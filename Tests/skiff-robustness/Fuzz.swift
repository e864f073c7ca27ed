#if SKIFF_FUZZ
  import CFuzzer
  import SkiffBinary
  import SkiffHDF5InProcess
  import SkiffHDF5Index

  /// The file whose bytes libFuzzer replaces.
  nonisolated(unsafe) private var subject: FileCases?

  extension Robustness {
    /// Reads what libFuzzer makes of the files in its folders, as guided by the code that they reach, until it finds
    /// something or its time is over.
    ///
    /// - Parameter arguments: A file of the format, then libFuzzer's options and folders.
    static func fuzz(_ arguments: [String]) throws {
      subject = try FileCases(arguments[0], hdf5: hdf5(for: arguments[0]))
      let words = ["skiff-robustness"] + arguments.dropFirst()
      var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
      var count = Int32(words.count)
      pointers.withUnsafeMutableBufferPointer { buffer in
        var start = buffer.baseAddress
        _ = LLVMFuzzerRunDriver(&count, &start) { data, size in
          // What is local to a task is not seen by a callback.
          Limits.$current.withValue(FileCases.limits) {
            _ = try? subject?.replaced(by: Array(UnsafeBufferPointer(start: data, count: size)))
          }
          return 0
        }
      }
    }

    /// What reads the HDF5 parts of files of the example's format, nil for formats without: libhdf5 for files of it alone. In
    /// the others it would be the same all the time, so that what it says of the example is given.
    private static func hdf5(for example: String) throws -> (any HDF5Indexer)? {
      switch example.split(separator: ".").last {
      case "h5": InProcessHDF5()
      case "json": try given(ByteRegion(mapping: KerasParts.wholePath))
      case "keras":
        try given(Archive(parsing: ByteRegion(mapping: example))["model.weights.h5"]?.contents() ?? .empty)
      default: nil
      }
    }

    private static func given(_ file: ByteRegion) throws -> GivenIndex {
      GivenIndex(bytes: try InProcessHDF5().index(of: HDF5Source(file), limits: FileCases.limits))
    }
  }
#endif
