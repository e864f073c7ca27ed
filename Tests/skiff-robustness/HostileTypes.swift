import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport

/// Draws types, elements and attributes, from the plausible to the impossible.
struct HostileDraw {
  var random: SeededGenerator

  init(_ seed: Seed) { random = SeededGenerator(seed) }

  mutating func integer(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
  mutating func chance(_ percent: Int) -> Bool { integer(0...99) < percent }
  mutating func pick<Element>(_ list: [Element], or other: Element) -> Element {
    list.randomElement(using: &random) ?? other
  }

  static let integers: [Int] = [
    .min, .min + 1, .max, .max - 1, 1 << 62, -(1 << 62), 1 << 32, 1 << 31, (1 << 31) - 1, -(1 << 31), 1 << 20,
  ]
  static let reals: [Double] = [
    .nan, .infinity, -.infinity, 0, -0.0, 1, -1, 1e308, -1e308, 5e-324, 1e-40, 3e38, 0.5, 1e19, -1e19,
  ]

  static let dimensions: [Shape.Dimension] = {
    let (n, m) = (Shape.Dimension.symbol("N"), Shape.Dimension.symbol("M"))
    let sizes: [Int] = [0, 0, 0, 1 << 16, 1 << 20, 1 << 24, 1 << 31 - 1, 1 << 31, 1 << 62, .max]
    let huge = Shape.Dimension.fixed(.max)
    return sizes.map { .fixed($0) }
      + [.unknown, n, m * .fixed(3) + .fixed(1), n * .fixed(1 << 62), (n - .fixed(7)) / 2, n + huge]
  }()

  /// An integer: mostly one that makes sense.
  mutating func integer() -> Int {
    chance(85) ? integer(-4...5) : pick(Self.integers, or: 0)
  }

  mutating func real() -> Double {
    chance(70) ? Double.random(in: -4...4, using: &random) : pick(Self.reals, or: 0)
  }

  /// A value for an attribute of this kind, as ``Attribute/kind`` says it.
  mutating func value(kind: String) -> AttributeValue {
    let cases = "one of "
    if kind.hasPrefix(cases) {
      return .text(pick(kind.dropFirst(cases.count).split(separator: ", ").map(String.init), or: ""))
    }
    if kind.hasPrefix("a list") {
      let count = chance(70) ? integer(0...6) : pick([0, 1, 2, 40, 1000], or: 0)
      if kind.contains("integer") { return .integers((0..<count).map { _ in integer() }) }
      if kind.contains("real") { return .reals((0..<count).map { _ in real() }) }
      return .texts((0..<count).map { _ in text() })
    }
    if kind.contains("integer") { return .integer(integer()) }
    if kind.contains("real") { return .real(real()) }
    return kind.contains("true") ? .boolean(chance(50)) : .text(text())
  }

  /// Some text; equations of Einsum among it.
  mutating func text() -> String {
    pick(
      [
        "", "ij,jk->ik", "i,i->", "...ij,...jk->...ik", "ii->i", "ij,kl", "bhwc,hkc->bhwk", "->", ",,,",
        "...",
        "i...i...->", "iiii,i->ii", "é", "\u{0}", "a,b,c,d->abcd",
        String(repeating: "z", count: 200) + ",z->z",
      ], or: "")
  }

  /// An operator with some of its attributes set.
  mutating func make<Kind: Operator>(_ kind: Kind.Type) -> any Operator {
    var result = Kind()
    for attribute in Kind.attributes where chance(40) {
      _ = attribute.set(&result, value(kind: attribute.kind))
    }
    return result
  }

  /// A shape of sizes that are mostly small.
  mutating func shape(rank: Int, hostility: Int) -> Shape {
    Shape(
      (0..<rank).map { _ in
        guard chance(hostility) else { return .fixed(pick([1, 1, 2, 2, 3, 4, 5, 8], or: 1)) }
        return pick(Self.dimensions, or: .unknown)
      })
  }

  /// Parameters for a type; sometimes they do not fit it.
  mutating func quantization(_ type: TensorType) -> QuantizationParameters? {
    guard type.dataType.isInteger ? chance(60) : chance(2) else { return nil }
    func scale(_ draw: inout HostileDraw) -> Float {
      draw.chance(75)
        ? Float(draw.random.logUniform(in: 1e-4...10)) : draw.pick([0, 1e-45, 1e-38, 3e38, 1, 65536], or: 1)
    }
    func zeroPoint(_ draw: inout HostileDraw) -> Int {
      let range = type.dataType.integerRange().clamped(to: -128...127)
      return draw.chance(95) ? draw.integer(range) : draw.pick(Self.integers, or: 0)
    }
    guard type.rank > 0, chance(30) else {
      return QuantizationParameters(scale: scale(&self), zeroPoint: zeroPoint(&self))
    }
    let axis = chance(95) ? integer(0...type.rank - 1) : integer()
    let size = type.shape.dimensions.indices.contains(axis) ? type.shape[axis].fixed ?? 1 : 1
    let count = size <= 64 ? size : 1
    let scales = (0..<count).map { _ in scale(&self) }
    if chance(80) { return QuantizationParameters(scales: scales, axis: axis) }
    return QuantizationParameters(
      scales: scales, zeroPoints: scales.map { _ in zeroPoint(&self) },
      granularity: .blocked(axis: axis, size: integer(0...3)))
  }

  /// A tensor of a type whose sizes are small.
  mutating func tensor(_ type: TensorType) -> Tensor? {
    guard let shape = type.shape.fixed, let count = type.shape.elementCount, count <= 4096,
      let byteCount = type.dataType.byteCount(elements: count)
    else { return nil }
    let isTame = chance(70)
    var content: [UInt8] = []
    content.reserveCapacity(byteCount)
    func append(_ value: Int, _ width: Int) {
      for place in 0..<width { content.append(UInt8(truncatingIfNeeded: value >> (8 * min(place, 7)))) }
    }
    while content.count < byteCount {
      switch type.dataType {
      case .float64:
        append(Int(bitPattern: UInt(real().bitPattern)), 8)
      case .float32:
        append(Int(Float(isTame ? Double(integer(-3...3)) : real()).bitPattern), 4)
      case .boolean: content.append(isTame ? UInt8(integer(0...1)) : UInt8(integer(0...255)))
      case let kind where kind.isInteger && kind.bitWidth >= 8:
        append(isTame ? integer(-2...4) : integer(), kind.bitWidth / 8)
      default: content.append(UInt8(integer(0...255)))
      }
    }
    return try? Tensor(
      type.dataType, shape: shape, quantization: type.quantization, bytes: ByteRegion(content))
  }
}
