import SkiffBinary
import SkiffIR

/// The sum of products that an equation in Einstein's notation spells out, as NumPy has it.
///
/// Every letter is an axis; those that the result lacks are summed over. `...` stands for axes that broadcast.
/// Without an arrow, the result has the letters that occur once, in alphabetical order, behind the ellipsis.
public struct Einsum: Operator {
  public static let name = "Einsum"
  public static let summary = "The sum of products that an equation spells out."
  public static let operands: [Operand] = [.variadic("inputs")]
  public static let attributes = [
    Attribute<Einsum>("equation", \.equation, "The letters of each operand's axes, and of the result's.")
  ]

  /// The letters of each operand's axes, and of the result's, for example `ij,jk->ik`.
  public var equation = ""

  /// Creates an operator without an equation.
  public init() {}

  /// Creates the operator.
  public init(_ equation: String) { self.equation = equation }

  /// The axes of operands and result by label; those of the ellipsis are labelled `.0`, `.1` and so on, counted
  /// from the last.
  package struct Terms {
    package var operands: [[String]]
    package var result: [String]
  }

  package func terms(ranks: [Int]) throws(ModelError) -> Terms {
    func fail(_ message: String) -> ModelError {
      ModelError(.invalidGraph, message, at: Location(attribute: "equation"))
    }
    let text = equation.filter { !$0.isWhitespace }
    let sides = text.split(separator: "->", omittingEmptySubsequences: false)
    guard sides.count <= 2, let left = sides.first else { throw fail("an equation with several arrows") }
    let parts = left.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == ranks.count else { throw fail("\(parts.count) terms for \(ranks.count) operands") }
    var operands: [[String]] = []
    var broadcastRank = 0
    for (part, rank) in zip(parts, ranks) {
      let labels = try Self.labels(of: part)
      let spread = rank - labels.filter { $0 != "..." }.count
      guard labels.contains("...") ? spread >= 0 : spread == 0 else {
        throw fail("'\(part)' does not fit rank \(rank)")
      }
      if labels.contains("...") { broadcastRank = max(broadcastRank, spread) }
      operands.append(labels.flatMap { $0 == "..." ? Self.spread(spread) : [$0] })
    }
    if sides.count == 2 {
      let labels = try Self.labels(of: sides[1])
      let result = labels.flatMap { $0 == "..." ? Self.spread(broadcastRank) : [$0] }
      let known = Set(operands.joined())
      guard Set(result).count == result.count, result.allSatisfy(known.contains) else {
        throw fail("the result has a label twice, or one that no operand has")
      }
      return Terms(operands: operands, result: result)
    }
    var counts: [String: Int] = [:]
    for label in operands.joined() { counts[label, default: 0] += 1 }
    let single = counts.filter { $0.value == 1 && !$0.key.hasPrefix(".") }.keys.sorted()
    return Terms(operands: operands, result: Self.spread(broadcastRank) + single)
  }

  private static func spread(_ count: Int) -> [String] { (0..<count).reversed().map { ".\($0)" } }

  private static func labels(of term: Substring) throws(ModelError) -> [String] {
    var labels: [String] = []
    var rest = term
    while let letter = rest.first {
      if rest.hasPrefix("..."), !labels.contains("...") {
        labels.append("...")
        rest = rest.dropFirst(3)
      } else if letter.isASCII, letter.isLetter {
        labels.append(String(letter))
        rest = rest.dropFirst()
      } else {
        throw ModelError(.invalidGraph, "'\(term)' is no list of axes", at: Location(attribute: "equation"))
      }
    }
    return labels
  }

  /// The size of each label; sizes of 1 broadcast.
  func sizes(_ terms: Terms, _ shapes: [Shape]) throws(ModelError) -> [String: Shape.Dimension] {
    var sizes: [String: Shape.Dimension] = [:]
    for (labels, shape) in zip(terms.operands, shapes) {
      for (label, size) in zip(labels, shape.dimensions) {
        guard let old = sizes[label] else {
          sizes[label] = size
          continue
        }
        if old != size, let a = old.fixed, let b = size.fixed, a != 1, b != 1 {
          throw ModelError(.invalidGraph, "the axis '\(label)' has sizes \(a) and \(b)")
        }
        sizes[label] = try Broadcasting.shape(of: [Shape([old]), Shape([size])])[0]
      }
    }
    return sizes
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let first = try context.type(0)
    var shapes: [Shape] = []
    for index in 0..<context.count {
      let type = try context.type(index)
      guard type.dataType == first.dataType else {
        throw ModelError(
          .invalidGraph, "operands of \(first.dataType.rawValue) and \(type.dataType.rawValue)")
      }
      shapes.append(type.shape)
    }
    let terms = try terms(ranks: shapes.map(\.rank))
    let sizes = try sizes(terms, shapes)
    return [TensorType(first.dataType, Shape(terms.result.map { sizes[$0] ?? .unknown }))]
  }
}

extension Einsum: ReferenceKernel {
  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    var tensors: [Tensor] = []
    for index in inputs.indices { tensors.append(try inputs.required(index)) }
    guard let type = tensors.first?.dataType else { throw ModelError(.invalidGraph, "no operands") }
    let terms = try terms(ranks: tensors.map(\.rank))
    let sizes = try sizes(terms, tensors.map { Shape($0.shape) })
    let summed = Set(terms.operands.joined()).subtracting(terms.result).sorted()
    let shape = terms.result.map { sizes[$0]?.fixed ?? 0 }
    let count = try checkedCount(shape, of: type)
    let outer = zip(tensors, terms.operands).map { offsets($0, $1, terms.result, shape) }
    let innerShape = summed.map { sizes[$0]?.fixed ?? 0 }
    _ = try checkedCount(innerShape, of: type)
    let inner = zip(tensors, terms.operands).map { offsets($0, $1, summed, innerShape) }
    if type == .float64 {
      var values: [[Double]] = []
      for tensor in tensors { values.append(try tensor.doubles()) }
      return [
        Tensor(Self.sums(values, outer, inner, count, zero: 0, one: 1, add: +, multiply: *), shape: shape)
      ]
    }
    if type.isFloatingPoint {
      var values: [[Float]] = []
      for tensor in tensors { values.append(try tensor.floats()) }
      let sums = Self.sums(values, outer, inner, count, zero: 0, one: 1, add: +, multiply: *)
      return [try Tensor(floats: sums, as: type, shape: shape)]
    }
    var values: [[Int]] = []
    for tensor in tensors { values.append(try tensor.plainIntegers()) }
    let sums = Self.sums(values, outer, inner, count, zero: 0, one: 1, add: &+, multiply: &*)
    return [try Tensor(integers: sums, as: type, shape: shape)]
  }

  /// Where the element of an operand is at each combination of some labels.
  private func offsets(_ tensor: Tensor, _ own: [String], _ labels: [String], _ sizes: [Int]) -> [Int] {
    let strides = Tensor.strides(of: tensor.shape)
    let steps = labels.map { label in
      own.indices.reduce(0) { own[$1] == label && tensor.shape[$1] != 1 ? $0 + strides[$1] : $0 }
    }
    return combinedOffsets(sizes.map { Array(0..<$0) }, strides: steps)
  }

  @inline(__always)
  private static func sums<Number>(
    _ values: [[Number]], _ outer: [[Int]], _ inner: [[Int]], _ count: Int, zero: Number, one: Number,
    add: (Number, Number) -> Number, multiply: (Number, Number) -> Number
  ) -> [Number] {
    var result: [Number] = []
    result.reserveCapacity(count)
    let length = inner.first?.count ?? 0
    if values.count == 2 {
      let (a, b, aInner, bInner) = (values[0], values[1], inner[0], inner[1])
      for (aStart, bStart) in zip(outer[0], outer[1]) {
        var sum = zero
        for place in 0..<length {
          sum = add(sum, multiply(a[aStart + aInner[place]], b[bStart + bInner[place]]))
        }
        result.append(sum)
      }
      return result
    }
    for index in 0..<count {
      var sum = zero
      for place in 0..<length {
        var product = one
        for operand in values.indices {
          product = multiply(product, values[operand][outer[operand][index] + inner[operand][place]])
        }
        sum = add(sum, product)
      }
      result.append(sum)
    }
    return result
  }
}
