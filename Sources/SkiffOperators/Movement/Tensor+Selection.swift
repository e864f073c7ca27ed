import SkiffBinary
import SkiffIR

extension Tensor {
  /// The elements at `offsets`, in their order, as a tensor of `shape`; −1 stands for the only element of `fill`.
  ///
  /// Works on every data type but text. Parameters of a whole tensor stay.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph`` if an offset is outside.
  package func selecting(
    _ offsets: [Int], shape: [Int], otherwise fill: Tensor? = nil
  ) throws(ModelError) -> Tensor {
    guard shape.checkedProduct() == offsets.count else {
      throw ModelError(.invalidGraph, "\(offsets.count) elements for shape \(Shape(shape))")
    }
    if let fill {
      guard fill.dataType == dataType, fill.count == 1 else {
        throw ModelError(.invalidGraph, "one element of \(dataType.rawValue) must fill, found \(fill.type)")
      }
    }
    let result =
      switch dataType.bitWidth {
      case 8: try selected(as: UInt8.self, offsets, shape, fill)
      case 16: try selected(as: UInt16.self, offsets, shape, fill)
      case 32: try selected(as: UInt32.self, offsets, shape, fill)
      case 64: try selected(as: UInt64.self, offsets, shape, fill)
      case 2, 4:
        try Tensor(
          integers: Tensor(integers: integers(), as: .int8, shape: [count])
            .selecting(offsets, shape: shape, otherwise: fill?.asBytes).integers(),
          as: dataType, shape: shape)
      default: throw ModelError(.unsupported, "cannot move elements of \(dataType.rawValue)")
      }
    return result.quantized(with: quantization?.ofWholeTensor)
  }

  private var asBytes: Tensor {
    get throws(ModelError) { try Tensor(integers: integers(), as: .int8, shape: shape) }
  }

  /// The elements' bits, whatever they mean.
  package func bits<Bits: TensorElement>(as type: Bits.Type) throws(ModelError) -> [Bits] {
    try Tensor(Bits.dataType, shape: shape, bytes: bytes).elements(as: Bits.self)
  }

  private func selected<Bits: FixedWidthInteger & TensorElement>(
    as type: Bits.Type, _ offsets: [Int], _ shape: [Int], _ fill: Tensor?
  ) throws(ModelError) -> Tensor {
    let filling = try fill?.bits(as: Bits.self).first
    var result: [Bits] = []
    result.reserveCapacity(offsets.count)
    var missing: Int?
    bytes.withBytes { source in
      let count = source.count / MemoryLayout<Bits>.size
      for offset in offsets {
        if offset >= 0, offset < count {
          result.append(source.loadUnaligned(fromByteOffset: offset * MemoryLayout<Bits>.size, as: Bits.self))
        } else if offset == -1, let filling {
          result.append(filling)
        } else {
          missing = offset
          return
        }
      }
    }
    if let missing { throw ModelError(.invalidGraph, "element \(missing) of \(count) does not exist") }
    return try Tensor(dataType, shape: shape, bytes: Tensor(result, shape: shape).bytes)
  }

  /// Tensors of one data type, equal in all sizes but that of `axis`, one behind another.
  package static func joined(_ tensors: [Tensor], axis: Int) throws(ModelError) -> Tensor {
    guard let first = tensors.first else { throw ModelError(.invalidGraph, "nothing to join") }
    guard
      tensors.allSatisfy({ $0.dataType == first.dataType && $0.rank == first.rank }), axis < first.rank
    else { throw ModelError(.invalidGraph, "tensors of different type or rank cannot be joined") }
    var shape = first.shape
    shape[axis] = 0
    for tensor in tensors {
      for index in shape.indices where index != axis && tensor.shape[index] != shape[index] {
        throw ModelError(.invalidGraph, "\(Shape(tensor.shape)) cannot be joined to \(Shape(first.shape))")
      }
      let (size, overflow) = shape[axis].addingReportingOverflow(tensor.shape[axis])
      guard !overflow else { throw ModelError(.limitExceeded, "the sizes are beyond any tensor") }
      shape[axis] = size
    }
    let parameters = tensors.allSatisfy { $0.quantization == first.quantization } ? first.quantization : nil
    if first.dataType.bitWidth < 8 {
      var parts: [Tensor] = []
      for tensor in tensors { parts.append(try tensor.asBytes) }
      return try Tensor(integers: joined(parts, axis: axis).integers(), as: first.dataType, shape: shape)
        .quantized(with: parameters?.ofWholeTensor)
    }
    let outer = shape[..<axis].reduce(1, *)
    guard let total = shape.checkedProduct(), let size = first.dataType.byteCount(elements: total) else {
      throw ModelError(.limitExceeded, "impossible shape \(Shape(shape))")
    }
    var runs: [Int] = []
    for tensor in tensors { runs.append(outer == 0 ? 0 : tensor.bytes.count / outer) }
    let bytes = ByteRegion(count: size) { target in
      var start = 0
      for (tensor, run) in zip(tensors, runs) {
        tensor.bytes.withBytes { source in
          var position = start
          for index in 0..<outer where run > 0 {
            UnsafeMutableRawBufferPointer(rebasing: target[position..<position + run])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[index * run..<(index + 1) * run]))
            position += outer > 0 ? size / outer : 0
          }
        }
        start += run
      }
    }
    return try Tensor(
      first.dataType, shape: shape, quantization: parameters?.ofWholeTensor, bytes: bytes)
  }
}

extension QuantizationParameters {
  /// The parameters if they hold for a whole tensor, wherever its elements go.
  package var ofWholeTensor: QuantizationParameters? { granularity == .perTensor ? self : nil }
}
