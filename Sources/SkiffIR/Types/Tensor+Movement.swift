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
    case 8: try gathered(as: UInt8.self, sizes, strides, start)
    case 16: try gathered(as: UInt16.self, sizes, strides, start)
    case 32: try gathered(as: UInt32.self, sizes, strides, start)
    case 64: try gathered(as: UInt64.self, sizes, strides, start)
    case 2, 4:
      try Tensor(
        integers: Tensor(integers: integers(), as: .int8, shape: shape)
          .gathered(sizes: sizes, strides: strides, start: start).integers(),
        as: dataType, shape: sizes
      ).quantized(with: quantization)
    default: throw ModelError(.unsupported, "cannot move elements of \(dataType.rawValue)")
    }
  }

  private func gathered<Bits: TensorElement>(
    as bits: Bits.Type, _ sizes: [Int], _ strides: [Int], _ start: Int
  ) throws(ModelError) -> Tensor {
    guard let total = sizes.checkedProduct() else {
      throw ModelError(.limitExceeded, "impossible shape \(sizes)")
    }
    let source = try Tensor(Bits.dataType, shape: shape, bytes: bytes).elements(as: Bits.self)
    let result = [Bits](unsafeUninitializedCapacity: total) { buffer, initialized in
      var index = [Int](repeating: 0, count: sizes.count)
      var offset = start
      let innerSize = sizes.last ?? 1
      let innerStride = strides.last ?? 0
      while initialized < total {
        for step in 0..<innerSize {
          buffer.initializeElement(at: initialized + step, to: source[offset + step * innerStride])
        }
        initialized += innerSize
        var axis = sizes.count - 2
        while axis >= 0 {
          index[axis] += 1
          offset += strides[axis]
          if index[axis] < sizes[axis] { break }
          offset -= strides[axis] * sizes[axis]
          index[axis] = 0
          axis -= 1
        }
      }
    }
    return try Tensor(
      dataType, shape: sizes, quantization: quantization, bytes: Tensor(result, shape: sizes).bytes)
  }

  /// The distance in elements between neighbours along each axis of a dense tensor.
  package static func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }
}
