import SkiffBinary

extension Tensor {
  /// The tensor whose axis `i` is axis `permutation[i]` of this one; per-axis parameters move along.
  public func permuted(by permutation: [Int]) throws(ModelError) -> Tensor {
    guard permutation.sorted() == Array(0..<rank) else {
      throw ModelError(.invalidArgument, "impossible permutation \(permutation) of rank \(rank)")
    }
    let sizes = permutation.map { shape[$0] }
    let strides = Tensor.strides(of: shape)
    let parameters = quantization.flatMap { $0.permuted(by: permutation) }
    return try gathered(sizes: sizes, strides: permutation.map { strides[$0] }, start: 0).quantized(
      with: parameters)
  }

  /// The elements at `start + Σ index[i] · strides[i]` for every index below `sizes`, as a tensor of those sizes.
  ///
  /// Strides count elements and may be 0 or negative; quantization parameters are kept as they are.
  package func gathered(sizes: [Int], strides: [Int], start: Int) throws(ModelError) -> Tensor {
    switch dataType.bitWidth {
    case 8, 16, 32, 64:
      guard let bytes = sizes.checkedProduct().flatMap(dataType.byteCount) else {
        throw ModelError(.limitExceeded, "impossible shape \(sizes)")
      }
      let region = self.bytes.withBytes { source in
        ByteRegion(count: bytes) {
          guard bytes > 0 else { return }
          let view = StridedView(sizes: sizes, strides: strides, start: start)
          view.copy(
            rows: 0..<view.rowCount, elementSize: dataType.bitWidth / 8, from: source, to: $0)
        }
      }
      return try Tensor(dataType, shape: sizes, quantization: quantization, bytes: region)
    case 2, 4:
      return try Tensor(
        integers: Tensor(integers: integers(), as: .int8, shape: shape)
          .gathered(sizes: sizes, strides: strides, start: start).integers(),
        as: dataType, shape: sizes
      ).quantized(with: quantization)
    default: throw ModelError(.unsupported, "cannot move elements of \(dataType.rawValue)")
    }
  }

  /// The distance in elements between neighbours along each axis of a dense tensor.
  package static func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }
}
