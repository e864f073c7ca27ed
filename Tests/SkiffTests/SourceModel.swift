import Foundation
import Skiff
import SkiffBinary
import SkiffIR
import SkiffNumPy
import SkiffTestSupport
import Testing

/// A model of somebody else and what it is run on.
struct SourceModel: Sendable, CustomTestStringConvertible {
  /// Where it is among the real models.
  let file: String
  /// The sizes of inputs that are dynamic.
  var shapes: [String: [Int]] = [:]
  /// What the elements of its inputs are drawn from.
  var range: ClosedRange<Float> = -1...1
  /// Samples to calibrate on that are no random numbers.
  var calibration: (@Sendable () throws -> Samples)?

  var testDescription: String { file }

  func model() throws -> Model {
    try Model(contentsOf: RealModel.path(file), inputShapes: shapes)
  }

  /// Seeded random inputs after those at the bounds: all least, all greatest, and both in turn.
  func inputs(_ count: Int, seed: UInt64 = 0x5eed) throws -> [[String: Tensor]] {
    let graph = try model().graph
    var generator = SeededGenerator(Seed(seed))
    let bounds = [range.lowerBound, range.upperBound]
    return try (0..<count).map { index in
      var set: [String: Tensor] = [:]
      for id in graph.inputs {
        let type = try #require(graph[id].type)
        let shape = type.shape.dimensions.map { $0.fixed ?? 1 }
        let size = shape.reduce(1, *)
        let numbers =
          switch index {
          case 0, 1: [Float](repeating: bounds[index], count: size)
          case 2: (0..<size).map { bounds[$0 % 2] }
          default: generator.floats(size, in: range)
          }
        set[graph[id].name] = try Tensor(floats: numbers, as: type.dataType, shape: shape)
      }
      return set
    }
  }

  /// The samples that the model is calibrated on.
  func calibrationSamples() throws -> Samples {
    if let calibration { return try calibration() }
    let sets = try inputs(16, seed: 0xca1)
    let names = sets[0].keys
    return Samples(
      Dictionary(uniqueKeysWithValues: try names.map { name in (name, try joined(sets, name)) }))
  }

  private func joined(_ sets: [[String: Tensor]], _ name: String) throws -> Tensor {
    let tensors = try sets.map { try #require($0[name]) }
    let shape = [tensors.count * tensors[0].shape[0]] + tensors[0].shape.dropFirst()
    return Tensor(try tensors.flatMap { try $0.floats() }, shape: shape)
  }
}

extension Model {
  /// The outputs of every set of inputs, by name, as real numbers.
  func results(of sets: [[String: Tensor]]) throws -> [[String: [Float]]] {
    try sets.map { set in
      let outputs = try outputs(for: Samples(set))
      return Dictionary(uniqueKeysWithValues: try outputs.map { ($0.name, try $0.tensor.floats()) })
    }
  }
}

extension Peer {
  /// The outputs of every set of inputs, by name, as real numbers.
  func results(
    of path: String, under script: String, options: [String], _ sets: [[String: Tensor]]
  ) throws -> [[String: [Float]]] {
    let arrays = try sets.map { try $0.mapValues { try NumPyArray($0) } }
    return try outputs(of: path, under: script, options: options, inputs: arrays).map { set in
      try set.mapValues { try Tensor($0).floats() }
    }
  }

  /// The outputs of a TensorFlow Lite file by the names of its signature.
  func liteRTResults(
    of path: String, resolver: String = "BUILTIN_REF", _ sets: [[String: Tensor]]
  ) throws -> [[String: [Float]]] {
    try results(
      of: path, under: "litert_run.py", options: ["--resolver", resolver, "--signature"], sets)
  }
}
