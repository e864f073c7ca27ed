import SkiffBinary
import SkiffIR
import SkiffOperators

/// Computes in 32 bits what a graph computes in real numbers of 16 or 64 bits, for targets that have no kernels for those.
///
/// Inputs and outputs keep their types and are cast; constants of 16 bits stay so in the file and are cast when they are read.
/// Numbers of 64 bits lose digits, of which there is a warning.
///
/// ```
/// %y = MatrixMultiply(%x, const f16[4,8]) : f16[2,8]
///   →
/// %a = Cast(%x) : f32[2,4]
/// %b = MatrixMultiply(%a, const f32[4,8]) : f32[2,8]
/// %y = Cast(%b, dataType=f16) : f16[2,8]
/// ```
public struct ComputeInFloat32: Pass {
  public static let name = "compute-in-float32"

  /// Creates the pass.
  public init() {}

  public func run(on graph: inout Graph, report: inout PassReport) throws(ModelError) {
    let changed = graph.nodeIDs.map { graph[$0] }.filter { graph.computes($0) { $0.isOtherReal } }
    guard !changed.isEmpty else { return }
    if let wide = changed.first(where: { graph.computes($0) { $0 == .float64 } }) {
      report.warnings.append(
        Warning(
          "real numbers of 64 bits are computed in 32, for which the target has kernels", at: wide.location))
    }
    graph = try Float32Builder.graph(of: graph, keepsInterface: true)
    report.count(changed.count, of: Self.name)
  }
}

/// A graph while it is built again with real numbers of 32 bits.
private struct Float32Builder {
  private let old: Graph
  private var new: Graph
  private var values: [ValueID: ValueID] = [:]

  static func graph(of old: Graph, keepsInterface: Bool) throws(ModelError) -> Graph {
    var builder = Float32Builder(old: old, new: Graph(name: old.name))
    for input in old.inputs {
      guard let type = old[input].type else { throw ModelError(.unsupported, "an input without a type") }
      let own = builder.new.addInput(old[input].name, keepsInterface ? type : type.inFloat32)
      builder.values[input] = try builder.inFloat32(own)
    }
    for state in old.states {
      guard let initial = old[state.value].initialState else { continue }
      builder.values[state.value] = builder.new.addState(
        old[state.value].name, initial: try initial.inFloat32())
    }
    for id in old.constantIDs {
      guard let constant = old[id].constant else { continue }
      builder.values[id] = builder.new.addConstant(try constant.inFloat32(), name: old[id].name)
    }
    for id in old.nodeIDs {
      let node = old[id]
      try locating(node.location) { () throws(ModelError) in try builder.add(node) }
    }
    for state in old.states {
      if let value = builder.values[state.value], let next = builder.values[state.next] {
        builder.new.setNext(of: value, to: next)
      }
    }
    for output in old.outputs {
      guard var value = builder.values[output.value] else { continue }
      if keepsInterface, let type = old[output.value].type, type.isOtherReal {
        value = try builder.new.add(Cast(to: type.dataType), value, outputName: output.name)
      }
      builder.new.addOutput(value, name: output.name)
    }
    return builder.new
  }

  private mutating func add(_ node: Node) throws(ModelError) {
    let inputs = node.inputs.map { $0.flatMap { values[$0] } }
    if node.operator is Dequantize, let input = node.inputs[0], old[input].type?.isOtherReal == true {
      values[node.outputs[0]] = inputs[0]
      return
    }
    if let cast = node.operator as? Cast, cast.dataType.isOtherReal, let input = inputs[0],
      new[input].type?.dataType == .float32
    {
      values[node.outputs[0]] = input
      return
    }
    let results = try new.addNode(
      try Self.inFloat32(node.operator), inputs, name: node.name, origins: node.origins,
      outputNames: node.outputs.map { old[$0].name },
      types: node.outputs.map {
        old[$0].type.flatMap { $0.isQuantized || node.operator is ForeignOperator ? $0 : nil }
      })
    for (output, result) in zip(node.outputs, results) { values[output] = try inFloat32(result) }
  }

  /// The value, cast if it is of another type of real numbers.
  private mutating func inFloat32(_ value: ValueID) throws(ModelError) -> ValueID {
    guard new[value].type?.isOtherReal == true else { return value }
    return try new.add(Cast(to: .float32), value, outputName: "\(new[value].name)_float32")
  }

  /// The operator with what its attributes say of types, and with the graphs inside.
  private static func inFloat32(_ node: any Operator) throws(ModelError) -> any Operator {
    var node = node
    for (name, value) in node.attributeValues {
      if let type = DataType(value), type.isOtherReal {
        try node.setAttribute(name, to: DataType.float32.attributeValue)
      } else if case .graph(let inner) = value {
        let changed = try graph(of: inner.graph, keepsInterface: false)
        try node.setAttribute(name, to: .graph(Subgraph(changed)))
      }
    }
    return node
  }
}

extension Graph {
  /// Whether a node computes elements of some type, or the graphs in it do.
  fileprivate func computes(_ node: Node, _ type: (DataType) -> Bool) -> Bool {
    if !(node.operator is Cast),
      node.outputs.contains(where: { self[$0].type.map { type($0.dataType) } ?? false })
    {
      return true
    }
    return node.operator.subgraphs.contains { inner in
      inner.graph.nodeIDs.contains { inner.graph.computes(inner.graph[$0], type) }
    }
  }
}

extension DataType {
  /// Whether elements are real numbers that are computed in 32 bits instead.
  fileprivate var isOtherReal: Bool { [.float16, .bfloat16, .float64].contains(self) }
}

extension TensorType {
  fileprivate var isOtherReal: Bool { dataType.isOtherReal }

  fileprivate var inFloat32: TensorType { isOtherReal ? TensorType(.float32, shape) : self }
}

extension Constant {
  fileprivate func inFloat32() throws(ModelError) -> Constant {
    type.isOtherReal ? try transformed(by: .cast(.float32)) : self
  }
}
