import SkiffBinary
import SkiffIR

/// A kernel for unsigned bytes: the one for signed bytes that are all less by 128, as are their zero points.
package struct UnsignedKernel: PreparedKernel {
  private let kernel: any PreparedKernel
  private let outputs: [TensorType]

  /// A kernel for the types of `context`; nil if none of them is of unsigned bytes, or the operator has no rules for them.
  package init?(_ operator: any QuantizedKernel, _ context: QuantizedContext) throws(ModelError) {
    guard `operator`.takesUnsigned,
      (context.inputs + context.outputs).contains(where: { $0?.isUnsignedBytes == true })
    else { return nil }
    var constants: [Tensor?] = []
    for constant in context.constants { constants.append(try constant?.signed()) }
    let signed = QuantizedContext(
      inputs: context.inputs.map { $0?.signed }, constants: constants, outputs: context.outputs.map(\.signed),
      isUnsigned: true)
    guard let kernel = try `operator`.prepare(signed) else { return nil }
    self.kernel = kernel
    outputs = context.outputs
  }

  package func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    var signed: [Tensor?] = []
    for input in inputs { signed.append(try input?.signed()) }
    var results: [Tensor] = []
    for (result, type) in zip(try kernel.run(signed), outputs) {
      results.append(type.isUnsignedBytes ? try result.flipped(to: type) : result)
    }
    return results
  }
}

extension TensorType {
  fileprivate var isUnsignedBytes: Bool { dataType == .uint8 && isQuantized }

  /// The type of the same tensor with all less by 128.
  fileprivate var signed: TensorType {
    guard isUnsignedBytes, var parameters = quantization else { return self }
    parameters.zeroPoints = parameters.zeroPoints.map { $0 - 128 }
    return TensorType(.int8, shape, quantization: parameters)
  }
}

extension Tensor {
  fileprivate func signed() throws(ModelError) -> Tensor {
    type.isUnsignedBytes ? try flipped(to: type.signed) : self
  }

  /// The bytes with their highest bit flipped, which is 128 more or less.
  fileprivate func flipped(to type: TensorType) throws(ModelError) -> Tensor {
    let flipped = bytes.withBytes { source in
      ByteRegion(count: source.count) { target in
        for index in 0..<source.count { target[index] = source[index] ^ 0x80 }
      }
    }
    return try Tensor(type.dataType, shape: shape, quantization: type.quantization, bytes: flipped)
  }
}
