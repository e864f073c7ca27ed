import SkiffBinary
import SkiffIR
import SkiffOperators

/// What an operator of a compressed graph costs, in precision and in work.
public struct DiagnosedOperator: Sendable {
  /// Its name, or that of the operator of the source that it computes, or its number.
  public let name: String
  /// The name of a node of the source by which recipes leave the operator alone; nil if there is none.
  public let recipeName: String?
  /// The operator's name in `docs/OPERATORS.md`.
  public let operatorName: String
  /// The names of what it is applied to; empty for values without one.
  public let inputs: [String]
  /// The types of what it computes, without their quantization.
  public let outputTypes: [String]
  /// Whether its first result is made of integers that stand for real numbers.
  public let isQuantized: Bool
  /// Whether these integers have 8 bits.
  let hasBytes: Bool
  /// The signal to noise ratio of its result beside the source's value, in decibels; nil if the source has no such value.
  public let signalToNoise: Double?
  /// The least signal to noise ratio of what it is applied to, in decibels; infinite for what equals the source.
  public let signalToNoiseBefore: Double
  /// The energy of the noise that comes up in it, as a part of the energy of its result: that beside what the source computes of
  /// the same operands, or, where no such part of the source can be told, what there is beyond its noisiest operand's; nil if
  /// the source has no such value.
  public let noiseAdded: Double?
  /// Whether the channels of its result have other scales than those of the source, as after equalization.
  public let isRescaled: Bool
  /// The operators before it that compute something and whose results have no counterpart in the source: their noise counts as its
  /// own.
  public let uncomparedBefore: Int
  /// How its result uses the integers that it can be; nil for real numbers.
  public let range: RangeUse?
  /// How far its integers depend on the runtime; nil for real numbers and where that cannot be told.
  public let rounding: RoundingDifference?
  /// How the elements of its first result are spread beside the source's; nil if the source has no such value.
  public let spread: ValueSpread?
  /// The elements of its constants of real numbers, or of integers that stand for some.
  public let parameters: Int
  /// Those of them that are zero.
  public let zeros: Int
  /// The bytes of the same, as they are in memory.
  public let weightBytes: Int
  /// The bytes of what it reads that is computed, and of what it computes; nil if a size is not known.
  public let activationBytes: Int?
  /// The products that it adds up, nil if a size is not known.
  public let multiplyAccumulates: Int?
  /// What to do, if anything.
  public internal(set) var advice: [Finding] = []

  /// How many decibels are lost in it; nil if the source has no such value, infinite where what comes in is exact.
  public var fall: Double? {
    signalToNoise.map { $0 == .infinity ? 0 : max(0, signalToNoiseBefore - $0) }
  }
  /// The signal to noise ratio of its result beside what the source computes of the same operands, in decibels.
  public var signalToNoiseAlone: Double? { noiseAdded.map(decibels) }
  /// The share of its parameters that are zero.
  public var sparsity: Double { parameters == 0 ? 0 : Double(zeros) / Double(parameters) }
  /// The arithmetic intensity: multiply-accumulates for each byte of weights and activations.
  public var intensity: Double? {
    guard let multiplyAccumulates, let activationBytes, activationBytes + weightBytes > 0 else { return nil }
    return Double(multiplyAccumulates) / Double(activationBytes + weightBytes)
  }

  init(
    _ node: Node, at index: Int, recipeName: String?, in graph: Graph, _ records: [ValueID: ValueRecord],
    _ flow: NoiseFlow, alone: Double?, rounding: RoundingDifference?
  ) throws(ModelError) {
    let names = [node.name] + node.origins.map(\.name)
    self.recipeName = recipeName
    operatorName = type(of: node.operator).name
    name = names.first { !$0.isEmpty } ?? "\(operatorName) \(index)"
    inputs = node.inputs.map { $0.map { graph[$0].name } ?? "" }
    outputTypes = node.outputs.map { id in
      graph[id].type.map { TensorType($0.dataType, $0.shape).description } ?? "?"
    }
    isQuantized = node.outputs.first.flatMap { graph[$0].type?.isQuantized } ?? false
    hasBytes = isQuantized && node.outputs.first.flatMap { graph[$0].type?.dataType.bitWidth } == 8
    isRescaled = node.outputs.contains(where: flow.rescaled.contains)
    let compared = node.outputs.compactMap { records[$0]?.noise }.max()
    signalToNoise = compared.map(decibels)
    signalToNoiseBefore = decibels(ofNoise: flow.noise(before: node))
    noiseAdded = alone ?? flow.noise(addedBy: node)
    uncomparedBefore = compared == nil ? 0 : graph.uncompared(before: node, records)
    range = node.outputs.first.flatMap { records[$0]?.range }
    self.rounding = rounding
    spread = node.outputs.first.flatMap { records[$0]?.spread }
    var (parameters, zeros, weightBytes) = (0, 0, 0)
    for id in Set(node.inputs.compactMap(\.self)) {
      guard let constant = graph[id].constant,
        constant.type.dataType.isFloatingPoint || constant.type.isQuantized
      else { continue }
      try locating(Location(tensor: graph[id].name)) { () throws(ModelError) in
        let stored = try constant.stored.materialize()
        parameters += stored.count
        zeros += try stored.zeroCount()
        weightBytes += stored.bytes.count
      }
    }
    (self.parameters, self.zeros, self.weightBytes) = (parameters, zeros, weightBytes)
    let values = node.inputs.compactMap(\.self).filter { graph[$0].constant == nil } + node.outputs
    activationBytes = values.reduce(0) { sum, id in
      guard let sum, let type = graph[id].type, let count = type.shape.elementCount,
        let bytes = type.dataType.byteCount(elements: count)
      else { return nil }
      return sum + bytes
    }
    multiplyAccumulates = graph.multiplications(of: node)
  }
}

extension Graph {
  /// The nodes between a node and what is compared before it, but for those that only move or convert elements.
  fileprivate func uncompared(before node: Node, _ records: [ValueID: ValueRecord]) -> Int {
    var (open, seen, count) = (node.inputs.compactMap(\.self), Set<NodeID>(), 0)
    while let value = open.popLast() {
      guard records[value] == nil, let id = self[value].producer, seen.insert(id).inserted else { continue }
      let isConversion = self[id].operator is Quantize || self[id].operator is Dequantize
      if !isConversion, !(self[id].operator is any DataMovement) { count += 1 }
      open += self[id].inputs.compactMap(\.self)
    }
    return count
  }
}

extension Constant {
  /// The constant before its elements become wider, as files have it.
  var stored: Constant { widened?.narrow ?? self }
}

extension Tensor {
  /// The number of elements that are zero, or integers that stand for it.
  fileprivate func zeroCount() throws(ModelError) -> Int {
    guard dataType.isInteger else { return try floats().count { $0 == 0 } }
    let codes = try integers()
    guard let quantization else { return codes.count { $0 == 0 } }
    if quantization.zeroPoints.allSatisfy({ $0 == 0 }) { return codes.count { $0 == 0 } }
    let group = Tensor.parameterIndices(quantization.granularity, of: shape)
    return codes.indices.count { codes[$0] == quantization.zeroPoints[group($0)] }
  }
}
