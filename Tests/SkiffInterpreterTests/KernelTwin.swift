import CKernels
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Synchronization
import Testing

/// The level of the kernels belongs to the process: one test at a time changes it.
private let level = Mutex(())

/// Runs `body` with the kernels of every level up to the CPU's own.
func inAllForms(_ body: () throws -> Void) throws {
  try level.withLock { _ in
    defer { skiff_kernels_limit_level(skiff_avx512) }
    for level in [skiff_portable, skiff_avx2, skiff_avx512]
    where skiff_kernels_limit_level(level) == level { try body() }
  }
}

/// One node that runs twice: in the kernel that the plan chooses, and in its plain Swift twin.
struct KernelTwin: CustomStringConvertible {
  var node: any Operator
  var operands: [Tensor]
  /// Which operands are constants.
  var constants: Set<Int> = []
  var result: QuantizationParameters?
  /// Which result is compared.
  var output = 0

  var description: String {
    let attributes = node.attributeValues.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
    return "\(type(of: node).name)(\(attributes)) of \(operands.map { $0.type.description })"
  }

  /// The result of one of the two, in threads that divide all that can be divided.
  private func run(reference: Bool, threads: Int = 1) throws -> Tensor {
    try prepared(reference: reference, threads: threads)()
  }

  /// One of the two, planned now and run when it is called.
  func prepared(reference: Bool, threads: Int = 1) throws -> () throws -> Tensor {
    var graph = Graph()
    var inputs: [String: Tensor] = [:]
    var values: [ValueID] = []
    for (index, tensor) in operands.enumerated() {
      if constants.contains(index) {
        values.append(graph.addConstant(tensor))
      } else {
        values.append(graph.addInput("x\(index)", tensor.type))
        inputs["x\(index)"] = tensor
      }
    }
    let id = try graph.addNode(node, values.map { $0 })[output]
    if let result {
      var type = try #require(graph[id].type)
      type.quantization = result
      graph.setType(of: id, to: type)
    }
    graph.addOutput(id, name: "y")
    let plan = try Plan(graph, threads: threads, leastWork: 1, usesReferenceKernels: reference)
    let isEmpty = graph[id].type?.shape.elementCount == 0
    #expect(isEmpty || (plan.arenaByteCount > 0) != reference, "no direct kernel for \(self)")
    return { [inputs] in try #require(try Session(plan).run(inputs)["y"]) }
  }

  /// Checks that both agree: integers in every bit, floats within 1e-5 of their range; and that threads change nothing.
  func check(_ note: @autoclosure () -> String = "") throws {
    let (actual, expected) = (try run(reference: false), try run(reference: true))
    for threads in [2, 3] {
      let divided = try run(reference: false, threads: threads)
      #expect(divided.hasSameBits(as: actual), "\(note()) \(self) in \(threads) threads")
    }
    if expected.dataType == .float32 {
      let difference = FloatDifference(try actual.floats(), from: try expected.floats())
      #expect(difference.largestError <= 1e-5 * max(1, difference.range), "\(note()) \(self): \(difference)")
    } else {
      #expect(actual == expected, "\(note()) \(self)")
    }
  }
}

extension Tensor {
  /// Whether type and bytes are the same, not-a-number included.
  fileprivate func hasSameBits(as other: Tensor) -> Bool {
    type == other.type && bytes.withBytes { own in other.bytes.withBytes { own.elementsEqual($0) } }
  }
}

extension SeededGenerator {
  mutating func integer(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }
  mutating func pick<Element>(_ list: [Element]) -> Element { list[integer(0...list.count - 1)] }

  mutating func floatTensor(_ shape: [Int]) -> Tensor { Tensor(floats(shape.reduce(1, *)), shape: shape) }

  /// Integers of a scale and a zero point at random, extremes among them.
  mutating func integerTensor(_ shape: [Int]) -> Tensor {
    let zeroPoint = pick([-128, 127, 0, integer(-128...127)])
    let count = shape.reduce(1, *)
    let elements: [Int8] =
      switch integer(0...3) {
      case 0: [Int8](repeating: pick([-128, 127]), count: count)
      case 1: (0..<count).map { _ in pick([-128, 127]) }
      default: integers(count)
      }
    let scale = Float(logUniform(in: 1e-4...10))
    return Tensor(elements, shape: shape, quantization: .init(scale: scale, zeroPoint: zeroPoint))
  }

  /// Symmetric weights with a scale per output and the bias that belongs to them.
  mutating func weights(_ shape: [Int], input: Tensor) -> (weights: Tensor, bias: Tensor) {
    let base = logUniform(in: 1e-4...1)
    let scales = (0..<shape[0]).map { _ in Float(base * logUniform(in: 0.1...10)) }
    let elements: [Int8] = integers(shape.reduce(1, *), in: -127...127)
    let bias: [Int32] = integers(shape[0], in: -65536...65536)
    return (
      Tensor(elements, shape: shape, quantization: .init(scales: scales, axis: 0)),
      Tensor(bias, shape: [shape[0]])
    )
  }

  /// Parameters that bring sums of `count` products of the two scales into int8, sometimes not.
  mutating func resultParameters(_ input: Tensor, _ weights: Tensor, count: Int) -> QuantizationParameters {
    let scale = (input.quantization?.scales[0] ?? 1) * (weights.quantization?.scales.max() ?? 1)
    let spread = 60 * Float(count).squareRoot() * 60 / 128
    return .init(
      scale: max(scale * spread * Float(logUniform(in: 0.1...10)), 1e-30),
      zeroPoint: pick([-128, 127, 0, integer(-128...127)]))
  }
}
