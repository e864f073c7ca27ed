import SkiffBinary

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a search has measured, in a file to which each figure is added as soon as it is known: a search that was killed goes on
/// where it was.
///
/// A line of JSON for each figure; the first says what the search is of. A last line that is not whole is cut off.
package final class SearchJournal {
  /// What was measured of one question.
  package struct Figures: Hashable, Sendable {
    package let bytes: Int
    /// Damage or loss.
    package let loss: Double

    package init(bytes: Int, loss: Double) { (self.bytes, self.loss) = (bytes, loss) }
  }

  /// The file.
  package let path: String
  private let descriptor: Int32
  private var known: [String: Figures] = [:]
  /// Whether the file was found to be of this search.
  private var isOwn = false

  /// Opens or creates the file.
  ///
  /// - Parameter subject: What the figures depend on.
  /// - Throws: ``ModelError/Code/invalidArgument`` if the file is of another search or in use, or no journal.
  package init(path: String, subject: Digest) throws(ModelError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw ModelError(.inputOutput, "cannot open: \(systemReason())", at: Location(file: path))
    }
    try locating(Location(file: path)) { () throws(ModelError) in
      guard lock() else { throw ModelError(.invalidArgument, "another search is using it") }
      let text = try read()
      let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      // What is behind the last end of a line was not written to its end.
      let whole = lines.dropLast()
      let head = "{\"skiff-search\": \"\(subject)\"}"
      let isOwn = whole.first.map { $0.elementsEqual(head.utf8) } ?? head.utf8.starts(with: text)
      guard isOwn else {
        throw ModelError(
          .invalidArgument,
          "is no journal of this search, whose model, data or recipe were others: remove it, or name another")
      }
      guard ftruncate(descriptor, off_t(text.count - (lines.last?.count ?? 0))) == 0 else {
        throw ModelError(.inputOutput, "cannot write: \(systemReason())")
      }
      self.isOwn = true
      guard !whole.isEmpty else { return try append(head) }
      for line in whole.dropFirst() {
        let object = try JSONValue(parsing: ByteRegion(Array(line)))
        guard let question = object["of"]?.string, let bytes = object["bytes"]?.integer,
          let loss = object["loss"]?.number, bytes >= 0, !loss.isNaN
        else { throw ModelError(.malformed, "has a line that is none of a search") }
        known[question] = Figures(bytes: bytes, loss: loss)
      }
    }
  }

  /// A file without figures is of no use to the next search, and in the way of others.
  deinit {
    if isOwn && known.isEmpty { unlink(path) }
    close(descriptor)
  }

  /// What is known of a question, or what `measure` finds, which is written down.
  package func figures(of question: String, _ measure: () throws(ModelError) -> Figures) throws(ModelError)
    -> Figures
  {
    if let figures = known[question] { return figures }
    let figures = try measure()
    let loss =
      figures.loss == .infinity ? "Infinity" : figures.loss == -.infinity ? "-Infinity" : "\(figures.loss)"
    try locating(Location(file: path)) { () throws(ModelError) in
      try append("{\"of\": \"\(question)\", \"bytes\": \(figures.bytes), \"loss\": \(loss)}")
    }
    known[question] = figures
    return figures
  }

  /// A process that is just being started holds what is open here for a moment.
  private func lock() -> Bool {
    for _ in 0..<20 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      usleep(50_000)
    }
    return false
  }

  private func read() throws(ModelError) -> [UInt8] {
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(descriptor, &piece, piece.count, off_t(text.count))
      guard count >= 0 else { throw ModelError(.inputOutput, "cannot read: \(systemReason())") }
      guard count > 0, text.count < 1 << 28 else { return text }
      text += piece.prefix(count)
    }
  }

  private func append(_ line: String) throws(ModelError) {
    let bytes = Array((line + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      throw ModelError(.inputOutput, "cannot write: \(systemReason())")
    }
  }
}
