#if SKIFF_FUZZ
  import CFuzzer
  import SkiffBinary

  /// The file whose bytes libFuzzer replaces.
  nonisolated(unsafe) private var subject: FileCases?

  extension Robustness {
    /// Reads what libFuzzer makes of the files in its folders, as guided by the code that they reach, until it finds
    /// something or its time is over.
    ///
    /// - Parameter arguments: A file of the format, then libFuzzer's options and folders.
    static func fuzz(_ arguments: [String]) throws {
      subject = try FileCases(arguments[0])
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
  }
#endif
