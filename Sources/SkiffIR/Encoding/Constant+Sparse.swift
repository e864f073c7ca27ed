import SkiffBinary

extension Constant {
  /// Creates a constant that stores a bit for each element of `tensor`, and those that are not zero.
  ///
  /// - Parameter encode: How the latter, a tensor of rank 1, are stored.
  /// - Returns: nil if elements do not have whole bytes.
  public init?(
    sifting tensor: Tensor, encode: (Tensor) throws(ModelError) -> Constant = { Constant($0) }
  ) throws(ModelError) {
    guard
      let (bitmap, nonzeros) = tensor.dataType.pattern.map({ pattern in
        tensor.bytes.withBytes { pattern.sifted($0) }
      })
    else { return nil }
    let elements = try Tensor(
      tensor.dataType, shape: [nonzeros.count * 8 / tensor.dataType.bitWidth], bytes: ByteRegion(nonzeros))
    try self.init(
      tensor.dataType, shape: tensor.shape, quantization: tensor.quantization, bytes: ByteRegion(bitmap),
      encoding: .sparse(encode(elements)))
  }

  /// Zeros, with elements where a bitmap has ones.
  static func elements(
    _ nonzeros: Tensor, at bitmap: ByteRegion, as type: TensorType
  ) throws(ModelError) -> Tensor {
    let count = type.shape.elementCount ?? 0
    guard let pattern = type.dataType.pattern else {
      throw ModelError(.malformed, "\(type.dataType.rawValue) has no sparse form")
    }
    let (ones, rest) = bitmap.withBytes { bitmap in
      (bitmap.reduce(0) { $0 + $1.nonzeroBitCount }, Int(bitmap.last ?? 0) >> ((count + 7) % 8 + 1))
    }
    guard rest == 0, ones == nonzeros.count else {
      throw ModelError(
        .malformed,
        rest == 0
          ? "a bitmap with \(ones) ones for \(nonzeros.count) elements"
          : "a bitmap that goes on beyond the tensor")
    }
    let bytes = ByteRegion(count: count * type.dataType.bitWidth / 8) { target in
      nonzeros.bytes.withBytes { source in
        bitmap.withBytes { pattern.scatter(source, by: $0, to: target) }
      }
    }
    return try Tensor(
      type.dataType, shape: type.shape.fixed ?? [], quantization: type.quantization, bytes: bytes)
  }
}
