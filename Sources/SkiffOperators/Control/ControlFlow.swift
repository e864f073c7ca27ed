import SkiffBinary
import SkiffIR

/// An operator that runs graphs of its own, as often as its operands say.
///
/// What such a graph uses of the graph around it, the operator has as operands behind its own: its captures.
package protocol ControlFlow: Operator {
  /// Runs a graph on the values of its inputs; gives those of its outputs.
  typealias Call = (Subgraph, [Tensor]) throws(ModelError) -> [Tensor]

  /// The results for operands that exist.
  func evaluate(_ inputs: [Tensor?], call: Call) throws(ModelError) -> [Tensor]
}

extension ControlFlow {
  /// The number of outputs of each of the graphs, checked before anything is made for each.
  func checkedOutputs(_ subgraph: Subgraph, _ count: Int) throws(ModelError) {
    guard subgraph.graph.outputs.count == count else {
      throw ModelError(
        .invalidGraph, "\(subgraph.graph.outputs.count) outputs of a subgraph instead of \(count)")
    }
  }
}

extension InferenceContext {
  /// The types of the operands from one on, nil where they are not known.
  func types(from first: Int) -> [TensorType?] { (first..<max(first, count)).map(optionalType) }
}

extension Shape {
  /// The shape with what differs from `other` unknown; nil if the ranks differ.
  func generalized(to other: Shape) -> Shape? {
    guard rank == other.rank else { return nil }
    return Shape(zip(dimensions, other.dimensions).map { $0 == $1 ? $0 : .unknown })
  }
}

extension TensorType {
  /// A type for tensors of both; nil if there is none.
  func generalized(to other: TensorType) throws(ModelError) -> TensorType? {
    guard dataType == other.dataType else {
      throw ModelError(.invalidGraph, "\(self) in one case and \(other) in another")
    }
    return shape.generalized(to: other.shape).map { TensorType(dataType, $0) }
  }
}

extension Tensor {
  /// The part at one index along an axis, without the axis.
  func part(at index: Int, along axis: Int) throws(ModelError) -> Tensor {
    var (sizes, strides) = (shape, Tensor.strides(of: shape))
    let start = index * strides[axis]
    sizes.remove(at: axis)
    strides.remove(at: axis)
    return try gathered(sizes: sizes, strides: strides, start: start)
  }

  /// Tensors of one shape one behind another along an axis that is new.
  static func stacked(_ parts: [Tensor], along axis: Int) throws(ModelError) -> Tensor {
    var raised: [Tensor] = []
    for part in parts {
      guard axis <= part.rank, part.shape == parts[0].shape, part.dataType == parts[0].dataType else {
        throw ModelError(
          .invalidGraph, "\(part.type) cannot be stacked on \(parts[0].type) along axis \(axis)")
      }
      var sizes = part.shape
      sizes.insert(1, at: axis)
      raised.append(try Tensor(part.dataType, shape: sizes, bytes: part.bytes))
    }
    return try joined(raised, axis: axis)
  }
}
