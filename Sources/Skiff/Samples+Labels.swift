import SkiffBinary
import SkiffCompression
import SkiffIR

extension Tensor {
  /// Labels as classes: rows of shares, of which the greatest counts, become one number each.
  package func classes() throws(ModelError) -> Tensor {
    let numbers = try doubles()
    guard numbers.allSatisfy({ !$0.isNaN }) else {
      throw ModelError(.invalidArgument, "the labels are not all numbers", at: Location(tensor: "labels"))
    }
    guard rank >= 2, let width = shape.last, width > 1 else {
      let classes = numbers.compactMap { Int64(exactly: $0) }
      guard classes.count == numbers.count else {
        throw ModelError(.invalidArgument, "the labels are no whole numbers", at: Location(tensor: "labels"))
      }
      return Tensor(classes, shape: [classes.count])
    }
    let classes = stride(from: 0, to: numbers.count, by: width).map { start -> Int64 in
      let row = numbers[start..<start + width]
      return Int64((row.indices.max { row[$0] < row[$1] } ?? start) - start)
    }
    return Tensor(classes, shape: [classes.count])
  }
}

extension Recipe {
  /// The samples without the arrays that tell classes.
  public func inputs(in samples: Samples) -> Samples { self.samples(samples, forStepsBefore: 0) }

  /// The samples without the arrays that tell classes to steps from a place on, and to none before it.
  func samples(_ samples: Samples, forStepsBefore end: Int) -> Samples {
    steps.labelArrays.subtracting(Array(steps.prefix(end)).labelArrays).sorted().reduce(samples) {
      $0.separating($1)?.samples ?? $0
    }
  }
}

extension Compression {
  /// The samples without the arrays that tell classes, and these.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` if one is missing.
  func separatingLabels() throws(ModelError) -> (inputs: Samples?, labels: [String: [Int]]) {
    var labels: [String: [Int]] = [:]
    var inputs = samples
    for name in steps.labelArrays.sorted() {
      guard let (rest, array) = inputs?.separating(name) else {
        throw ModelError(
          .invalidArgument, "the samples have no such array of labels", at: Location(tensor: name))
      }
      labels[name] = try array.classes().integers()
      inputs = rest
    }
    return (inputs, labels)
  }
}

extension [Compression.Step] {
  fileprivate var labelArrays: Set<String> {
    var names: Set<String> = []
    for step in self {
      let name =
        switch step {
        case .channels(let pruning): pruning.labels
        case .weights(let weights): weights.labels
        default: nil as String?
        }
      if let name { names.insert(name) }
    }
    return names
  }
}
