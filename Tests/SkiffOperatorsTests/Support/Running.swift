import SkiffIR
import SkiffOperators
import Testing

/// The results of an operator on tensors; what inference says of them beforehand must hold.
///
/// Inference is asked twice: with the operands as constants, and as inputs that nothing but their type is known of.
func run(_ kernel: any ReferenceKernel, _ inputs: [Tensor?]) throws -> [Tensor] {
  let results = try kernel.evaluate(inputs)
  #expect(results.count == kernel.outputCount)
  for areConstants in [true, false] {
    var graph = Graph()
    let values = inputs.enumerated().map { index, tensor -> ValueID? in
      tensor.map {
        areConstants || $0.dataType.isInteger && !$0.type.isQuantized && $0.rank <= 1
          ? graph.addConstant($0) : graph.addInput("\(index)", $0.type)
      }
    }
    for (index, output) in try graph.addNode(kernel, values).enumerated() {
      let type = try #require(graph[output].type)
      #expect(type.dataType == results[index].dataType, "\(kernel)")
      #expect(type.quantization == results[index].quantization, "\(kernel)")
      #expect(
        type.shape.isCompatible(with: Shape(results[index].shape)),
        "\(kernel): \(type) is inferred, the result is \(results[index].type)")
      if index == 0, let known = graph[output].knownElements, results[0].dataType.bitWidth > 0 {
        let numbers = known.map(\.fixed)
        let actual = try results[0].integers()
        #expect(numbers.count == actual.count && zip(numbers, actual).allSatisfy { $0 == nil || $0 == $1 })
      }
    }
  }
  return results
}

/// The only result of an operator on tensors.
func run(_ kernel: any ReferenceKernel, _ inputs: Tensor?...) throws -> Tensor {
  try #require(run(kernel, inputs).first)
}

/// The types that are inferred for operands of these types, or for constants.
func inferred(_ kernel: any Operator, _ operands: InferenceOperand?...) throws -> [TensorType] {
  var graph = Graph()
  let values = operands.enumerated().map { index, operand -> ValueID? in
    switch operand {
    case .type(let type): graph.addInput("\(index)", type)
    case .constant(let tensor): graph.addConstant(tensor)
    case nil: nil
    }
  }
  return try graph.addNode(kernel, values).map { try #require(graph[$0].type) }
}

/// What is known of an operand when types are inferred.
enum InferenceOperand {
  case type(TensorType)
  case constant(Tensor)

  static func floats(_ dimensions: Shape.Dimension...) -> Self {
    .type(TensorType(.float32, Shape(dimensions)))
  }
  static func list(_ numbers: Int...) -> Self { .constant(.list(numbers)) }
}

extension Tensor {
  /// A tensor of int64, by default of rank 1.
  static func list(_ numbers: [Int], shape: [Int]? = nil) -> Tensor {
    Tensor(numbers.map(Int64.init), shape: shape ?? [numbers.count])
  }

  /// A tensor of float32, by default of rank 1.
  static func reals(_ numbers: [Float], shape: [Int]? = nil) -> Tensor {
    Tensor(numbers, shape: shape ?? [numbers.count])
  }
}
