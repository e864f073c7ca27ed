import SkiffBinary
import SkiffIR

/// How often each of some sequences occurs in a row, with gaps of equal length between elements or without.
///
/// ONNX's TfIdfVectorizer for integers. Shapes: input `[n]` or `[rows, n]`, result `[columns]` or `[rows, columns]`.
public struct NGramCount: ReferenceKernel {
  /// What a column tells.
  public enum Weighting: String, AttributeEnumeration, CaseIterable {
    /// How often the sequence occurs.
    case count
    /// Its weight, if it occurs.
    case weight
    /// The product of both.
    case product
  }

  public static let name = "NGramCount"
  public static let summary = "How often each of some sequences occurs in a row, with equal gaps or without."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes = [
    Attribute<NGramCount>("pool", \.pool, "The elements of all sequences: those of one, then those of two."),
    Attribute<NGramCount>("starts", \.starts, "Where in the pool the sequences of each length begin."),
    Attribute<NGramCount>("columns", \.columns, "The column of the result for each sequence."),
    Attribute<NGramCount>("weights", \.weights, "The weight of each sequence; empty for 1."),
    Attribute<NGramCount>("shortest", \.shortest, "The least length that counts."),
    Attribute<NGramCount>("longest", \.longest, "The greatest length that counts."),
    Attribute<NGramCount>(
      "largestSkip", \.largestSkip, "The most elements that may lie between two of a sequence."),
    Attribute<NGramCount>("weighting", \.weighting, "What a column tells."),
  ]

  /// The elements of all sequences: those of one element, then those of two, and so on.
  public var pool: [Int] = []
  /// Where in the pool the sequences of each length begin.
  public var starts: [Int] = []
  /// The column of the result for each sequence.
  public var columns: [Int] = []
  /// The weight of each sequence; empty for 1.
  public var weights: [Float] = []
  /// The least length that counts.
  public var shortest = 1
  /// The greatest length that counts.
  public var longest = 1
  /// The most elements that may lie between two of a sequence.
  public var largestSkip = 0
  /// What a column tells.
  public var weighting = Weighting.count

  /// Creates an operator without sequences.
  public init() {}

  /// Every sequence of a length that counts, with its number.
  private func sequences() throws(ModelError) -> [[Int]: Int] {
    func fail() -> ModelError { ModelError(.invalidGraph, "the pool does not hold the sequences it should") }
    var result: [[Int]: Int] = [:]
    var number = 0
    for (index, start) in starts.enumerated() {
      let length = index + 1
      let end = index + 1 < starts.count ? starts[index + 1] : pool.count
      guard start >= 0, start <= end, end <= pool.count, (end - start) % length == 0 else { throw fail() }
      for position in stride(from: start, to: end, by: length) {
        if length >= shortest, length <= longest {
          result[Array(pool[position..<position + length])] = number
        }
        number += 1
      }
    }
    guard number == columns.count, weights.isEmpty || weights.count == number, columns.allSatisfy({ $0 >= 0 })
    else { throw fail() }
    return result
  }

  private func width() throws(ModelError) -> Int {
    let greatest = columns.max() ?? -1
    guard greatest < 1 << 31 else { throw ModelError(.limitExceeded, "\(greatest) columns") }
    return greatest + 1
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let input = try context.type(0)
    guard input.rank == 1 || input.rank == 2, input.dataType.isInteger else {
      throw ModelError(.invalidGraph, "sequences in \(input)")
    }
    let width = Shape.Dimension.fixed(try width())
    return [TensorType(.float32, Shape(input.rank == 1 ? [width] : [input.shape[0], width]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let (known, width) = (try sequences(), try width())
    guard let length = input.shape.last, input.rank <= 2 else {
      throw ModelError(.invalidGraph, "sequences in \(input.type)")
    }
    let rows = input.rank == 1 ? 1 : input.shape[0]
    let values = try input.integers()
    var counts = [Float](repeating: 0, count: try checkedCount([rows, width], of: .float32))
    for row in 0..<rows {
      let line = values[row * length..<(row + 1) * length]
      forEachSequence(in: Array(line)) { sequence in
        guard let number = known[sequence] else { return }
        counts[row * width + columns[number]] += 1
      }
      guard weighting != .count else { continue }
      for number in columns.indices {
        let place = row * width + columns[number]
        let weight = weights.isEmpty ? 1 : weights[number]
        guard counts[place] > 0 else { continue }
        counts[place] = weighting == .weight ? weight : counts[place] * weight
      }
    }
    return [Tensor(counts, shape: input.rank == 1 ? [width] : [rows, width])]
  }

  /// Every sequence that counts; those of one element once, though every gap would find them.
  private func forEachSequence(in line: [Int], _ body: ([Int]) -> Void) {
    guard shortest >= 1, shortest <= longest, shortest <= line.count else { return }
    for length in shortest...min(longest, line.count) {
      for gap in 1...(length == 1 ? 1 : min(max(largestSkip, 0), line.count) + 1) {
        guard line.count > (length - 1) * gap else { break }
        for start in 0..<line.count - (length - 1) * gap {
          body((0..<length).map { line[start + $0 * gap] })
        }
      }
    }
  }
}
