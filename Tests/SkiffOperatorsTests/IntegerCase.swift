import SkiffTestSupport
import Testing

import SkiffOperators

/// Runs one case of a sweep in the kernel of its operator.
struct IntegerCase {
  let testCase: LiteRTSweep.Case
  let sweep: LiteRTSweep

  init(_ testCase: LiteRTSweep.Case, in sweep: LiteRTSweep) {
    self.testCase = testCase
    self.sweep = sweep
  }

  func tensor(_ name: String) throws -> LiteRTSweep.Tensor {
    try #require(testCase.tensors.first { $0.name == name })
  }

  func linear(_ name: String) throws -> LinearQuantization {
    let found = try tensor(name)
    return LinearQuantization(scale: found.scales[0], zeroPoint: found.zeroPoints[0])
  }

  func integers(_ name: String) throws -> [Int8] { sweep.elements(try tensor(name), as: Int8.self) }

  func bias() -> [Int32] {
    testCase.tensors.first { $0.name == "bias" }.map { sweep.elements($0, as: Int32.self) } ?? []
  }

  func list(_ name: String) -> [Int] {
    if case .integers(let list) = testCase.attributes[name] { list } else { [] }
  }

  func flag(_ name: String) -> Bool {
    if case .boolean(let flag) = testCase.attributes[name] { flag } else { false }
  }

  func real(_ name: String) -> Float {
    switch testCase.attributes[name] {
    case .real(let real): Float(real)
    case .integer(let integer): Float(integer)
    default: 0
    }
  }

  var activation: FusedActivation {
    if case .text(let text) = testCase.attributes["activation"] {
      text == "relu_n1_to_1" ? .reluN1To1 : FusedActivation(rawValue: text) ?? .none
    } else {
      .none
    }
  }

  /// The window on the larger side `large` that yields `small`.
  func geometry(large: [Int], small: [Int]) -> WindowGeometry {
    func size(_ list: [Int]) -> WindowGeometry.Size { WindowGeometry.Size(height: list[0], width: list[1]) }
    return WindowGeometry(
      batch: large[0], input: size([large[1], large[2]]), output: size([small[1], small[2]]),
      kernel: size(list("kernel")), stride: size(list("stride")), dilation: size(list("dilation")),
      paddingBegin: size(list("padding_begin")))
  }

  func broadcast(_ first: String, _ second: String) throws -> QuantizedBroadcast {
    try #require(QuantizedBroadcast(try tensor(first).shape, try tensor(second).shape))
  }

  /// How many elements of the output differ from LiteRT's.
  func countDifferences() throws -> Int {
    let output = try tensor("output")
    let count = output.shape.reduce(1, *)
    switch output.type {
    case "bool":
      var result = [Bool](repeating: false, count: count)
      try compare(into: &result)
      return differences(result.map { $0 ? UInt8(1) : 0 }, sweep.elements(output, as: UInt8.self))
    case "float32":
      var result = [Float](repeating: 0, count: count)
      try dequantize(into: &result)
      return differences(result.map(\.bitPattern), sweep.elements(output, as: UInt32.self))
    default: break
    }
    if ["quantize", "requantize"].contains(testCase.operator) {
      switch output.type {
      case "uint8": return try quantized(as: UInt8.self, count: count)
      case "int16": return try quantized(as: Int16.self, count: count)
      default: return try quantized(as: Int8.self, count: count)
      }
    }
    var result = [Int8](repeating: 99, count: count)
    try run(into: &result)
    return differences(result, sweep.elements(output, as: Int8.self))
  }

  private func differences<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
    a.count == b.count ? zip(a, b).count { $0 != $1 } : max(a.count, b.count)
  }

  private func quantized<Target: FixedWidthInteger & BitwiseCopyable>(
    as type: Target.Type, count: Int
  ) throws -> Int {
    var result = [Target](repeating: 0, count: count)
    let input = try tensor("input")
    let output = try linear("output")
    switch input.type {
    case "float32":
      let data = sweep.elements(input, as: Float.self)
      var span = result.mutableSpan
      FloatQuantization(output: output).run(input: data.span, output: &span)
    case "uint8": try requantize(sweep.elements(input, as: UInt8.self), into: &result)
    case "int16": try requantize(sweep.elements(input, as: Int16.self), into: &result)
    default: try requantize(sweep.elements(input, as: Int8.self), into: &result)
    }
    return differences(result, sweep.elements(try tensor("output"), as: Target.self))
  }

  private func requantize<Source: FixedWidthInteger, Target: FixedWidthInteger>(
    _ data: [Source], into result: inout [Target]
  ) throws {
    let kernel = Requantization(input: try linear("input"), output: try linear("output"))
    var span = result.mutableSpan
    kernel.run(input: data.span, output: &span)
  }

  private func dequantize(into result: inout [Float]) throws {
    let input = try tensor("input")
    switch input.type {
    case "uint8": try dequantize(sweep.elements(input, as: UInt8.self), into: &result)
    case "int16": try dequantize(sweep.elements(input, as: Int16.self), into: &result)
    default: try dequantize(sweep.elements(input, as: Int8.self), into: &result)
    }
  }

  private func dequantize<Source: FixedWidthInteger>(_ data: [Source], into result: inout [Float]) throws {
    let kernel = Dequantization(input: try linear("input"))
    var span = result.mutableSpan
    kernel.run(input: data.span, output: &span)
  }

  private func compare(into result: inout [Bool]) throws {
    let relations: [String: QuantizedComparison.Relation] = [
      "equal": .equal, "not_equal": .notEqual, "less": .less, "less_equal": .lessEqual, "greater": .greater,
      "greater_equal": .greaterEqual,
    ]
    let relation = try #require(relations[testCase.operator])
    let kernel = try #require(
      QuantizedComparison(
        relation, broadcast: try broadcast("first", "second"), first: try linear("first"),
        second: try linear("second")))
    let (first, second) = (try integers("first"), try integers("second"))
    var span = result.mutableSpan
    kernel.run(first: first.span, second: second.span, output: &span)
  }
}
