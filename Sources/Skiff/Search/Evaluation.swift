import SkiffBinary
import SkiffIR
import SkiffInterpreter

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a smaller model is judged by.
public enum Measure: Sendable {
  /// The share of rows, in percent, whose label is not among the so many greatest elements of the first output.
  case top(Int, labels: Tensor)
  /// The root of the mean squared error of all outputs, as a part of the root of their mean square, in percent.
  case error
  /// 1 - cosine of all outputs with those of the source, in percent.
  case cosine
  /// A command of the shell that gets the path of a `.skiff` file behind it and prints a number, the higher the better.
  case command(String)

  var name: String {
    switch self {
    case .top(let count, let labels): "top-\(count) \(Digest(of: labels.bytes))"
    case .error: "error"
    case .cosine: "cosine"
    case .command(let command): "command \(command)"
    }
  }
}

/// A measure on samples.
struct Evaluation: Sendable {
  let measure: Measure
  /// The inputs as the source takes them.
  let runs: [[String: Tensor]]
  /// The outputs of the source, run by run, in the order of the graph.
  let expected: [[Tensor]]
  /// The score of the source, for measures that have one.
  private var sourceScore = 0.0

  /// - Parameters:
  ///   - path: A `.skiff` file of the source, for a command.
  init(_ measure: Measure, runs: [[String: Tensor]], source: Graph, path: String) throws(ModelError) {
    (self.measure, self.runs) = (measure, runs)
    if case .command = measure { expected = [] } else { expected = try source.outputs(of: runs) }
    sourceScore = try score(expected, path: path) ?? 0
  }

  /// What the source scores, percent of the rows or what a command counts; nil for a measure that compares.
  var scoreOfSource: Double? {
    switch measure {
    case .error, .cosine: nil
    case .top, .command: sourceScore * measure.percentOfRow
    }
  }

  /// How much worse a model is than the source: percentage points, percents, or what a command counts.
  ///
  /// - Parameters:
  ///   - outputs: What it gives for the runs; asked for if the measure looks at them.
  ///   - path: Its file.
  func loss(
    of outputs: () throws(ModelError) -> [[Tensor]], path: String
  ) throws(ModelError) -> Double {
    let outputs = if case .command = measure { [[Tensor]]() } else { try outputs() }
    // Whole rows are subtracted before they become a share, so that no digit is lost.
    if let score = try score(outputs, path: path) { return (sourceScore - score) * measure.percentOfRow }
    let sums = try Energies(expected, outputs)
    return 100 * (measure.isCosine ? 1 - sums.cosine : sums.relativeError)
  }

  /// What is better the higher it is; nil for a measure that compares.
  private func score(_ outputs: [[Tensor]], path: String) throws(ModelError) -> Double? {
    switch measure {
    case .error, .cosine: nil
    case .top(let count, let labels): Double(try Self.rightRows(outputs, count, labels))
    case .command(let command): try Self.number(from: command, path)
    }
  }

  /// The number of rows whose label is among the greatest elements.
  private static func rightRows(_ outputs: [[Tensor]], _ count: Int, _ labels: Tensor) throws(ModelError)
    -> Int
  {
    let labels = try labels.integers()
    var (row, right) = (0, 0)
    for run in outputs {
      guard let scores = run.first, let classes = scores.shape.last, classes > 0 else {
        throw ModelError(.invalidArgument, "the model has no output with a number for each class")
      }
      let elements = try scores.dequantizedIfNeeded().floats()
      for start in stride(from: 0, to: elements.count, by: classes) {
        guard row < labels.count, (0..<classes).contains(labels[row]) else {
          throw ModelError(
            .invalidArgument,
            row < labels.count
              ? "\(labels[row]) is none of the \(classes) classes of the model's first output"
              : "there are \(labels.count) labels, and more rows of the model's first output",
            at: Location(attribute: "label \(row)"))
        }
        let own = elements[start + labels[row]]
        let greater = (0..<classes).count {
          elements[start + $0] > own || $0 < labels[row] && elements[start + $0] == own
        }
        right += own.isFinite && greater < count ? 1 : 0
        row += 1
      }
    }
    guard row == labels.count else {
      throw ModelError(
        .invalidArgument, "there are \(labels.count) labels, but \(row) rows of the model's first output")
    }
    return right
  }

  /// The last word that a command prints, as a number.
  private static func number(from command: String, _ path: String) throws(ModelError) -> Double {
    try locating(Location(attribute: command)) { () throws(ModelError) in
      let text = try output(of: "\(command) '\(path.replacing("'", with: "'\\''"))'")
      let word = text.split(whereSeparator: \.isWhitespace).last ?? ""
      guard let number = Double(word), number.isFinite else {
        throw ModelError(.invalidArgument, "printed no number but '\(text.suffix(100))'")
      }
      return number
    }
  }

  private static func output(of command: String) throws(ModelError) -> String {
    guard let pipe = popen(command, "r") else {
      throw ModelError(.inputOutput, "cannot run it: \(systemReason())")
    }
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&piece, 1, piece.count, pipe), count > 0 { text += piece.prefix(count) }
    let status = pclose(pipe)
    guard status == 0 else { throw ModelError(.invalidArgument, "ended with status \(status >> 8 & 0xff)") }
    return String(decoding: text, as: UTF8.self)
  }
}

extension Measure {
  /// What one row counts of all, in percent; 1 for what does not count rows.
  fileprivate var percentOfRow: Double {
    if case .top(_, let labels) = self { 100 / Double(max(1, labels.count)) } else { 1 }
  }

  fileprivate var isCosine: Bool { if case .cosine = self { true } else { false } }
}

/// Sums of squares over all elements of all outputs.
struct Energies {
  private var (reference, candidate, products, errors) = (0.0, 0.0, 0.0, 0.0)

  /// - Throws: ``ModelError/Code/checkFailed`` if outputs have other sizes.
  init(_ expected: [[Tensor]], _ found: [[Tensor]]) throws(ModelError) {
    for (expected, found) in zip(expected.joined(), found.joined()) {
      guard expected.count == found.count else {
        throw ModelError(.checkFailed, "an output \(Shape(found.shape)) instead of \(Shape(expected.shape))")
      }
      for (x, y) in zip(try expected.reals(), try found.reals()) {
        reference += x * x
        candidate += y * y
        products += x * y
        errors += (x - y) * (x - y)
      }
    }
  }

  /// ‖x − y‖ / ‖x‖; what is no number counts as infinite.
  var relativeError: Double {
    guard errors.isFinite else { return .infinity }
    return errors == 0 ? 0 : (errors / reference).squareRoot()
  }

  var cosine: Double {
    let norm = (reference * candidate).squareRoot()
    guard norm.isFinite else { return -1 }
    return norm == 0 ? (reference == candidate ? 1 : 0) : products / norm
  }
}

extension Tensor {
  fileprivate func reals() throws(ModelError) -> [Double] {
    let real = try dequantizedIfNeeded()
    return try real.dataType == .float32 ? real.floats().map(Double.init) : real.doubles()
  }
}

extension Graph {
  /// The outputs for each of some runs, in the order of the graph; the runs are shared among the processors.
  func outputs(of runs: [[String: Tensor]]) throws(ModelError) -> [[Tensor]] {
    // States go from one run to the next.
    let workers = states.isEmpty ? max(1, min(Parallel.processorCount, runs.count)) : 1
    var plans: [[String: [Int]]: Plan] = [:]
    for run in runs {
      let shapes = run.mapValues(\.shape)
      if plans[shapes] == nil { plans[shapes] = try Plan(self, inputShapes: shapes) }
    }
    let shared = plans
    let parts = try Parallel.map(workers: workers) { (worker) throws(ModelError) in
      var sessions: [[String: [Int]]: Session] = [:]
      var results: [(run: Int, outputs: [Tensor])] = []
      for index in stride(from: worker, to: runs.count, by: workers) {
        let shapes = runs[index].mapValues(\.shape)
        guard let plan = shared[shapes] else { continue }
        let session = sessions[shapes] ?? Session(plan)
        sessions[shapes] = session
        let named = try session.run(accepting(runs[index]))
        results.append((index, outputs.compactMap { named[$0.name] }))
      }
      return results
    }
    return parts.joined().sorted { $0.run < $1.run }.map(\.outputs)
  }
}
