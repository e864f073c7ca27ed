import SkiffBinary

extension Constant {
  /// The tensor after every transform.
  public func materialize() throws(ModelError) -> Tensor {
    var tensor = try stored()
    for transform in transforms { tensor = try transform.apply(to: tensor) }
    return tensor
  }
}

extension Constant.Transform {
  /// The type that the step makes of `type`.
  func resultType(of type: TensorType) throws(ModelError) -> TensorType {
    func fail(_ reason: String) -> ModelError {
      ModelError(.invalidArgument, "\(reason) of a constant \(type)")
    }
    switch self {
    case .reshape(let sizes):
      guard sizes.allSatisfy({ $0 >= 0 }), sizes.checkedProduct() == type.shape.elementCount else {
        throw fail("impossible reshape to \(sizes)")
      }
      if let parameters = type.quantization, parameters.granularity != .perTensor {
        guard let moved = Self.reshaped(parameters, from: type.shape.fixed ?? [], to: sizes) else {
          throw fail("reshape across the quantized axis to \(sizes)")
        }
        return TensorType(type.dataType, Shape(sizes), quantization: moved)
      }
      return TensorType(type.dataType, Shape(sizes), quantization: type.quantization)
    case .permute(let permutation):
      guard permutation.sorted() == Array(0..<type.rank) else {
        throw fail("impossible permutation \(permutation)")
      }
      var quantization = type.quantization
      if let parameters = quantization {
        guard let moved = parameters.permuted(by: permutation) else {
          throw fail("permutation of the blocks")
        }
        quantization = moved
      }
      return TensorType(type.dataType, Shape(permutation.map { type.shape[$0] }), quantization: quantization)
    case .cast(let dataType):
      guard !type.isQuantized else { throw fail("cast") }
      return TensorType(dataType, type.shape)
    case .scale(let axis, let factors):
      guard type.dataType.isFloatingPoint, axis >= 0, axis < type.rank,
        type.shape[axis].fixed == factors.count
      else { throw fail("scaling by \(factors.count) factors along axis \(axis)") }
      return type
    case .quantize(let dataType, let parameters, let inverseScales):
      guard type.dataType.isFloatingPoint, inverseScales.count == parameters.scales.count else {
        throw fail("quantization")
      }
      try parameters.verify(dataType: dataType, shape: type.shape)
      return TensorType(dataType, type.shape, quantization: parameters)
    case .dequantize:
      guard type.isQuantized else { throw fail("dequantization") }
      return TensorType(.float32, type.shape)
    }
  }

  /// The parameters of an axis whose size and whose inner volume a reshape leaves alone.
  private static func reshaped(
    _ parameters: QuantizationParameters, from old: [Int], to new: [Int]
  ) -> QuantizationParameters? {
    guard case .perAxis(let axis) = parameters.granularity, axis < old.count else { return nil }
    let inner = old[(axis + 1)...].checkedProduct()
    guard
      let moved = new.indices.first(where: {
        new[$0] == old[axis] && new[($0 + 1)...].checkedProduct() == inner
      })
    else { return nil }
    var result = parameters
    result.granularity = .perAxis(moved)
    return result
  }

  /// Does the step.
  func apply(to tensor: Tensor) throws(ModelError) -> Tensor {
    switch self {
    case .reshape(let sizes):
      let type = try resultType(of: tensor.type)
      return try Tensor(tensor.dataType, shape: sizes, quantization: type.quantization, bytes: tensor.bytes)
    case .permute(let permutation): return try tensor.permuted(by: permutation)
    case .cast(let dataType): return try tensor.cast(to: dataType)
    case .scale(let axis, let factors):
      var values = try tensor.floats()
      Tensor.forEachRun(.perAxis(axis), of: tensor.shape) { run, group in
        for index in run { values[index] *= factors[group] }
      }
      return try Tensor(floats: values, as: tensor.dataType, shape: tensor.shape)
    case .quantize(let dataType, let parameters, let inverseScales):
      return try tensor.quantized(as: dataType, parameters, inverseScales: inverseScales)
    case .dequantize: return try tensor.dequantized()
    }
  }
}
