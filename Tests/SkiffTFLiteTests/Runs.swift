import Foundation
import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffPasses
import SkiffTestSupport
import Testing

import SkiffTFLite

/// Graphs of files, and what they compute here and in LiteRT.
enum Runs {
  static func graph(_ path: String) throws -> (graph: Graph, warnings: [Warning]) {
    var warnings: [Warning] = []
    let model = try TFLiteModel(parsing: ByteRegion(mapping: path))
    return (try Importer.makeGraph(from: model, warnings: &warnings), warnings)
  }

  /// Writes a graph in the operators that the format has.
  static func write(_ graph: Graph, to path: String) throws {
    var (lowered, report) = (graph, PassReport())
    try Pipeline.lowering(for: .tensorFlowLite).run(on: &lowered, report: &report)
    var file = try OutputFile(path: path)
    try Exporter.write(lowered, to: &file)
    try file.commit()
  }

  /// The sizes of the inputs with every symbol `size`.
  static func inputShapes(_ graph: Graph, symbols size: Int = 1) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for input in graph.inputs {
      let shape = graph[input].type?.shape ?? .scalar
      let bindings = Dictionary(graph.symbols.map { ($0, size) }, uniquingKeysWith: { a, _ in a })
      shapes[graph[input].name] = shape.binding(bindings).fixed ?? []
    }
    return shapes
  }

  /// Inputs: random ones over the whole range of integers, and boundary ones; reals are uniform over ±`bound`.
  static func inputs(
    _ graph: Graph, count: Int, seed: Seed, bound: Float = 1, symbols: Int = 1
  ) throws -> [[String: Tensor]] {
    var generator = SeededGenerator(seed)
    let shapes = inputShapes(graph, symbols: symbols)
    return try (0..<count).map { index in
      var set: [String: Tensor] = [:]
      for input in graph.inputs {
        let name = graph[input].name
        let type = try graph[input].type.unwrapped("the input has no type")
        let shape = shapes[name] ?? []
        let size = shape.reduce(1, *)
        if type.dataType.isInteger {
          let range = type.dataType.integerRange()
          let values = (0..<size).map { position in
            switch index {
            case 0: type.isQuantized ? range.lowerBound : 0
            case 1: type.isQuantized ? range.upperBound : 100
            case 2 where type.isQuantized: position % 2 == 0 ? range.lowerBound : range.upperBound
            default: Int.random(in: type.isQuantized ? range : 0...100, using: &generator)
            }
          }
          set[name] = try Tensor(integers: values, as: type.dataType, shape: shape)
        } else {
          set[name] = Tensor(generator.floats(size, in: -bound...bound), shape: shape)
        }
      }
      return set
    }
  }

  /// The outputs of the interpreter, in the graph's order.
  static func outputs(_ graph: Graph, _ inputs: [[String: Tensor]], reference: Bool = false) throws
    -> [[Tensor]]
  {
    var shapes: [String: [Int]] = [:]
    for (name, tensor) in inputs.first ?? [:] { shapes[name] = tensor.shape }
    let session = Session(try Plan(graph, inputShapes: shapes, usesReferenceKernels: reference))
    return try inputs.map { set in
      let results = try session.run(set)
      return try graph.outputs.map { try results[$0.name].unwrapped("no output \($0.name)") }
    }
  }

  /// The outputs of LiteRT for inputs by their position, in the order of the file.
  static func peerOutputs(
    _ path: String, _ graph: Graph, _ inputs: [[String: Tensor]], resolver: String = "BUILTIN_REF"
  ) throws -> [[NumPyArray]] {
    let sets = try inputs.map { set in
      try Dictionary(
        uniqueKeysWithValues: graph.inputs.enumerated().map { position, input in
          (String(position), try set[graph[input].name].unwrapped("no input").array())
        })
    }
    let model = try TFLiteModel(parsing: ByteRegion(mapping: path))
    let outputs = try Peer.check.outputs(
      of: path, under: "litert_run.py", options: ["--resolver", resolver], inputs: sets)
    return try outputs.map { set in
      var taken: Set<String> = []
      return try model.subgraphs[0].outputs.enumerated().map { position, tensor in
        let name = model.subgraphs[0].tensors[tensor].name
        let key = taken.insert(name).inserted ? name : String(position)
        return try set[key].unwrapped("LiteRT gave no output \(key) but \(set.keys.sorted())")
      }
    }
  }
}

extension Optional {
  func unwrapped(_ message: String) throws -> Wrapped {
    guard let self else { throw TestSupportError(message) }
    return self
  }
}

/// Expects real results within a share of their range, and all others equal.
func expectClose(
  _ ours: [[Tensor]], _ theirs: [[NumPyArray]], _ bound: Double, _ comment: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(ours.count == theirs.count, sourceLocation: sourceLocation)
  for (set, (our, their)) in zip(ours, theirs).enumerated() {
    #expect(our.count == their.count, sourceLocation: sourceLocation)
    for (index, (a, b)) in zip(our, their).enumerated() {
      #expect(a.shape == b.shape, sourceLocation: sourceLocation)
      if a.dataType == .float32 {
        let difference = try FloatDifference(a.floats(), from: b.elements(as: Float.self))
        #expect(
          difference.errorOfRange <= bound, "\(comment) input \(set), output \(index): \(difference)",
          sourceLocation: sourceLocation)
      } else {
        let difference = try IntegerDifference(a.integers(), from: b.tensor().integers())
        #expect(
          difference.count == 0, "\(comment) input \(set), output \(index): \(difference)",
          sourceLocation: sourceLocation)
      }
    }
  }
}

extension Tensor {
  /// The tensor as NumPy has it.
  func array() throws -> NumPyArray {
    let types: [DataType: NumPyType] = [
      .boolean: .bool, .int8: .int8, .int16: .int16, .int32: .int32, .int64: .int64, .uint8: .uint8,
      .uint16: .uint16, .uint32: .uint32, .uint64: .uint64, .float16: .float16, .float32: .float32,
      .float64: .float64,
    ]
    return try NumPyArray(type: types[dataType].unwrapped("no NumPy type"), shape: shape, bytes: bytes)
  }
}

extension NumPyArray {
  /// The array as a tensor.
  func tensor() throws -> Tensor {
    let types: [NumPyType: DataType] = [
      .bool: .boolean, .int8: .int8, .int16: .int16, .int32: .int32, .int64: .int64, .uint8: .uint8,
      .uint16: .uint16, .uint32: .uint32, .uint64: .uint64, .float16: .float16, .float32: .float32,
      .float64: .float64,
    ]
    return try Tensor(types[type].unwrapped("no type"), shape: shape, bytes: bytes)
  }
}
