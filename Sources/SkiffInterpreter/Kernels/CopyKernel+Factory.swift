import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

extension CopyKernel {
  /// The kernel of a movement whose places are known before it runs.
  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard context.operator is any DataMovement, let input = context.inputs.first ?? nil,
      let shape = input.shape.fixed, input.dataType.bitWidth >= 8,
      context.outputs.allSatisfy({ $0.dataType == input.dataType && $0.quantization == input.quantization }),
      context.outputs.allSatisfy({ $0.shape.elementCount ?? 0 > 0 }), shape.allSatisfy({ $0 > 0 })
    else { return nil }
    let width = input.dataType.bitWidth / 8
    guard let result = context.outputs[0].shape.fixed else { return nil }
    let strides = Tensor.strides(of: shape)
    switch context.operator {
    case is Reshape, is Squeeze, is Unsqueeze, is Identity:
      let count = shape.reduce(1, *)
      // What a file records of a shape that is computed need not be true.
      guard result.checkedProduct() == count else { return nil }
      return kernel([Copy(sizes: [count], sourceStrides: [1], targetStrides: [1], width: width)], in: context)
    case let transpose as Transpose:
      let order = transpose.permutation(rank: shape.count)
      return kernel(
        [
          Copy(
            sizes: result, sourceStrides: order.map { strides[$0] },
            targetStrides: Tensor.strides(of: result),
            width: width)
        ], in: context)
    case is Expand:
      let missing = result.count - shape.count
      let repeated = result.indices.map { axis in
        axis < missing || shape[axis - missing] == 1 ? 0 : strides[axis - missing]
      }
      return kernel(
        [
          Copy(
            sizes: result, sourceStrides: repeated, targetStrides: Tensor.strides(of: result), width: width)
        ], in: context)
    case let concat as Concat: return try concatenation(concat, context, width)
    case let split as Split:
      let axis = try normalizedAxis(split.axis, rank: shape.count)
      var offset = 0
      let copies = context.outputs.enumerated().map { index, type in
        let sizes = type.shape.fixed ?? []
        defer { offset += sizes[axis] * strides[axis] }
        return Copy(
          target: index, sizes: sizes, sourceStrides: strides, targetStrides: Tensor.strides(of: sizes),
          sourceOffset: offset, width: width)
      }
      return kernel(copies, in: context)
    case let pad as Pad where pad.content == .constant: return try padding(context, width)
    default: return nil
    }
  }

  /// The kernel of copies that lie within their operands and results; nil if one does not or cannot be made.
  private static func kernel(
    _ copies: [Copy?], in context: KernelContext, filling: [UInt8]? = nil
  ) -> CopyKernel? {
    let known = copies.compactMap(\.self)
    guard known.count == copies.count else { return nil }
    let fit = known.allSatisfy { copy in
      guard let source = context.inputs[copy.source]?.byteCount,
        let target = context.outputs[copy.target].byteCount
      else { return false }
      return copy.sourceEnd <= source && copy.targetEnd <= target
    }
    return fit ? CopyKernel(copies: known, filling: filling) : nil
  }

  private static func concatenation(
    _ concat: Concat, _ context: KernelContext, _ width: Int
  ) throws(ModelError) -> CopyKernel? {
    guard let result = context.outputs[0].shape.fixed,
      context.inputs.allSatisfy({ $0?.quantization == context.outputs[0].quantization })
    else { return nil }
    let axis = try normalizedAxis(concat.axis, rank: result.count)
    let strides = Tensor.strides(of: result)
    var offset = 0
    var copies: [Copy?] = []
    for (index, input) in context.inputs.enumerated() {
      guard let sizes = input?.shape.fixed, sizes.count == result.count else { return nil }
      if !sizes.contains(0) {
        copies.append(
          Copy(
            source: index, sizes: sizes, sourceStrides: Tensor.strides(of: sizes), targetStrides: strides,
            targetOffset: offset, width: width))
      }
      offset += sizes[axis] * strides[axis]
    }
    return kernel(copies, in: context)
  }

  private static func padding(_ context: KernelContext, _ width: Int) throws(ModelError) -> CopyKernel? {
    guard let input = context.inputs[0], let shape = input.shape.fixed,
      let result = context.outputs[0].shape.fixed,
      let pads = try context.integers(1)
    else { return nil }
    var begins = [Int](repeating: 0, count: shape.count)
    let axes =
      context.inputs.count > 3 && context.inputs[3] != nil ? try context.integers(3) : Array(shape.indices)
    guard let axes, pads.count == 2 * axes.count else { return nil }
    for (index, axis) in axes.enumerated() {
      begins[try normalizedAxis(axis, rank: shape.count)] = pads[index]
    }
    var filling = [UInt8](repeating: 0, count: width)
    if context.inputs.count > 2, context.inputs[2] != nil {
      guard let value = context.constants[2] else { return nil }
      let tensor = try value.materialize()
      filling = tensor.bytes.withBytes { Array($0) }
    } else if let zeroPoint = input.quantization?.perTensor?.zeroPoint {
      filling = try Tensor(integers: [zeroPoint], as: input.dataType, shape: []).bytes.withBytes { Array($0) }
    }
    guard filling.count == width else { return nil }
    let (strides, targets) = (Tensor.strides(of: shape), Tensor.strides(of: result))
    var (sizes, source, target) = ([Int](), 0, 0)
    for axis in shape.indices {
      // What is taken away at the beginning is not copied, and nothing beyond either end.
      let (skipped, added) = (max(0, -begins[axis]), max(0, begins[axis]))
      sizes.append(max(0, min(shape[axis] - skipped, result[axis] - added)))
      source += skipped * strides[axis]
      target += added * targets[axis]
    }
    guard !sizes.contains(0) else { return CopyKernel(copies: [], filling: filling) }
    let isWhole = sizes == result
    return kernel(
      [
        Copy(
          sizes: sizes, sourceStrides: strides, targetStrides: targets, sourceOffset: source,
          targetOffset: target, width: width)
      ], in: context, filling: isWhole ? nil : filling)
  }
}

extension TensorType {
  /// The bytes of a tensor of this type, nil if its sizes are not known.
  fileprivate var byteCount: Int? { shape.elementCount.flatMap { dataType.byteCount(elements: $0) } }
}

extension KernelContext {
  /// The elements of a constant list of integers.
  fileprivate func integers(_ index: Int) throws(ModelError) -> [Int]? {
    guard constants.indices.contains(index), let constant = constants[index], constant.type.dataType.isInteger
    else { return nil }
    return try constant.materialize().integers()
  }
}
