import SkiffBinary
import SkiffIR

/// The offsets of the elements at every combination of positions along the axes, the last axis fastest; a
/// position of −1 along any axis makes the offset −1.
package func combinedOffsets(_ positions: [[Int]], strides: [Int]) -> [Int] {
  var offsets = [0]
  for (list, stride) in zip(positions, strides) {
    var next: [Int] = []
    next.reserveCapacity(offsets.count * list.count)
    for offset in offsets {
      for position in list { next.append(offset < 0 || position < 0 ? -1 : offset + position * stride) }
    }
    offsets = next
  }
  return offsets
}

/// The number of elements of a shape that was computed.
///
/// - Throws: ``ModelError/Code/limitExceeded`` if such a tensor is larger than ``Limits`` allow.
package func checkedCount(_ sizes: [Int], of type: DataType) throws(ModelError) -> Int {
  guard sizes.allSatisfy({ $0 >= 0 }) else {
    throw ModelError(.invalidGraph, "a negative size in \(Shape(sizes))")
  }
  guard let count = type.elementCount(of: sizes), let bytes = type.byteCount(elements: count),
    bytes <= Limits.current.tensorSize
  else { throw ModelError(.limitExceeded, "a tensor of shape \(Shape(sizes))") }
  return count
}

extension Tensor {
  /// The part of the tensor that starts at `starts` and has these sizes, which must lie inside.
  package func part(starts: [Int], sizes: [Int]) throws(ModelError) -> Tensor {
    let strides = Tensor.strides(of: shape)
    let start = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    let inside = zip(zip(starts, sizes), shape).allSatisfy { $0.0 >= 0 && $0.1 >= 0 && $0.0 <= $1 - $0.1 }
    guard inside, starts.count == rank, sizes.count == rank else {
      throw ModelError(.invalidGraph, "\(Shape(sizes)) at \(starts) is not inside \(Shape(shape))")
    }
    return try gathered(sizes: sizes, strides: strides, start: start)
      .quantized(with: quantization?.ofWholeTensor)
  }

  /// A tensor with all elements zero.
  package static func zeros(_ dataType: DataType, shape: [Int]) throws(ModelError) -> Tensor {
    let count = try checkedCount(shape, of: dataType)
    let bytes = [UInt8](repeating: 0, count: dataType.byteCount(elements: count) ?? 0)
    return try Tensor(dataType, shape: shape, bytes: ByteRegion(bytes))
  }
}
