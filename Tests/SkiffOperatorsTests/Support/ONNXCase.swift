import Foundation
import SkiffBinary
import SkiffIR
import SkiffNumPy
import SkiffOperators
import SkiffTestSupport
import Testing

/// One of ONNX's operators with its inputs, and what ought to compute the same.
struct ONNXCase {
  let type: String
  var attributes: [String: any Sendable]
  let inputs: [Tensor?]
  let kernel: any ReferenceKernel
  let operands: [Tensor?]
  let opset: Int

  /// - Parameter operands: What the kernel is applied to, by default the same inputs.
  init(
    _ type: String, _ attributes: [String: any Sendable] = [:], _ inputs: [Tensor?],
    is kernel: any ReferenceKernel,
    of operands: [Tensor?]? = nil, opset: Int = 18
  ) {
    self.type = type
    self.attributes = attributes
    self.inputs = inputs
    self.kernel = kernel
    self.operands = operands ?? inputs
    self.opset = opset
  }

  private var json: [String: Any] {
    [
      "type": type, "opset": opset, "attributes": attributes, "inputs": inputs.map { $0 != nil },
      "outputs": kernel.outputCount,
    ]
  }

  /// Runs all cases in one process of ONNX Runtime, and here; integers must be equal, floating point within
  /// `tolerance` of the range.
  static func expectEqual(_ cases: [ONNXCase], tolerance: Double = 1e-5) throws {
    let folder = try TemporaryFolder()
    try JSONSerialization.data(withJSONObject: cases.map(\.json))
      .write(to: URL(fileURLWithPath: folder.path("cases.json")))
    var arrays: [(name: String, array: NumPyArray)] = []
    for (index, example) in cases.enumerated() {
      for (position, input) in example.inputs.enumerated() {
        if let input { arrays.append(("\(index)/\(position)", try input.numPyArray)) }
      }
    }
    try NumPyArchive.write(arrays, to: folder.path("inputs.npz"))
    let files = ["cases.json", "inputs.npz", "outputs.npz"].map { folder.path($0) }
    try Peer.check.run("onnx_nodes.py", files)
    let expected = Dictionary(
      uniqueKeysWithValues: try NumPyArchive(mapping: files[2]).arrays().map { ($0.name, $0.array) })
    for (index, example) in cases.enumerated() {
      for (position, actual) in try SkiffOperatorsTests.run(example.kernel, example.operands).enumerated() {
        let peer = try #require(expected["\(index)/\(position)"]).tensor
        let label: Comment = "\(example.type) \(example.attributes), case \(index), result \(position)"
        #expect(actual.dataType == peer.dataType, label)
        #expect(actual.shape == peer.shape, label)
        if actual.dataType.isFloatingPoint {
          let difference = FloatDifference(try actual.doubles(), from: try peer.doubles())
          let bound = actual.dataType == .float16 ? 2e-3 : tolerance
          let magnitude = try peer.doubles().filter(\.isFinite).map { abs($0) }.max() ?? 0
          let scale = difference.range > 0 ? difference.range : max(1, magnitude)
          #expect(difference.largestError <= bound * scale, "\(label): \(difference)")
        } else if actual.dataType == .uint64 {
          #expect(try actual.elements(as: UInt64.self) == peer.elements(as: UInt64.self), label)
        } else {
          let difference = IntegerDifference(try actual.integers(), from: try peer.integers())
          #expect(difference.count == 0, "\(label): \(difference)")
        }
      }
    }
  }
}

extension Tensor {
  var numPyArray: NumPyArray {
    get throws {
      let type = try #require(Self.numPyTypes.first { $0.value == dataType }?.key)
      return try NumPyArray(type: type, shape: shape, bytes: bytes)
    }
  }

  static let numPyTypes: [NumPyType: DataType] = [
    .bool: .boolean, .int8: .int8, .int16: .int16, .int32: .int32, .int64: .int64, .uint8: .uint8,
    .uint16: .uint16, .uint32: .uint32, .uint64: .uint64, .float16: .float16, .float32: .float32,
    .float64: .float64,
  ]

  /// A tensor of random numbers.
  static func random(
    _ shape: [Int], in range: ClosedRange<Float> = -3...3, _ random: inout SeededGenerator
  ) -> Tensor {
    Tensor(random.floats(shape.reduce(1, *), in: range), shape: shape)
  }
}

extension NumPyArray {
  var tensor: Tensor {
    get throws {
      let type = try #require(Tensor.numPyTypes[type])
      return try Tensor(type, shape: shape, bytes: bytes)
    }
  }
}
