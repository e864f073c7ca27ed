import SkiffBinary

extension Constant {
  /// Whether no more than a piece of the bytes has to be in memory: nothing is to be done, or elements only move.
  package var comesInPieces: Bool { transforms.isEmpty || movement != nil }

  /// The bytes after every transform. They are encoded as before if nothing is to be done, else dense.
  package func finalBytes() throws(ModelError) -> ByteRegion {
    transforms.isEmpty ? bytes : try materialize().bytes
  }

  /// The digest of the ``finalBytes()``.
  ///
  /// - Parameter body: Sees each piece as it is computed.
  package func digest(
    _ body: (UnsafeRawBufferPointer) throws(ModelError) -> Void = { _ in }
  ) throws(ModelError) -> Digest {
    var stream = DigestStream()
    try forEachPiece { (piece) throws(ModelError) in
      stream.append(piece)
      try body(piece)
    }
    return stream.digest()
  }

  /// Calls `body` with the ``finalBytes()`` from first to last, about `size` of them at a time: few enough for the cache.
  package func forEachPiece(
    of size: Int = 1 << 19, _ body: (UnsafeRawBufferPointer) throws(ModelError) -> Void
  ) throws(ModelError) {
    guard let view = movement, view.rowLength > 0, view.rowCount > 0 else {
      return try finalBytes().withBytes { (bytes) throws(ModelError) in
        for first in stride(from: 0, to: bytes.count, by: size) {
          try body(UnsafeRawBufferPointer(rebasing: bytes[first..<min(first + size, bytes.count)]))
        }
      }
    }
    let elementSize = type.dataType.bitWidth / 8
    let rowSize = view.rowLength * elementSize
    let rows = min(max(1, size / rowSize), view.rowCount)
    let piece = { @Sendable [bytes] (first: Int) in
      let end = min(first + rows, view.rowCount)
      return ByteRegion(count: (end - first) * rowSize) { target in
        bytes.withBytes { view.copy(rows: first..<end, elementSize: elementSize, from: $0, to: target) }
      }
    }
    guard rows < view.rowCount else { return try piece(0).withBytes(body) }
    // The next piece is gathered while this one is looked at.
    var next = Background { piece(0) }
    for end in stride(from: rows, to: view.rowCount + rows, by: rows) {
      let current = try next.value()
      if end < view.rowCount { next = Background { piece(end) } }
      try current.withBytes(body)
    }
  }

  /// The bytes of some elements after every transform, in the order of the tensor; nil unless they ``comesInPieces`` and are plain
  /// elements of whole bytes. Nothing is copied if nothing is to be done.
  package func finalBytes(of elements: Range<Int>) throws(ModelError) -> ByteRegion? {
    let size = type.dataType.bitWidth / 8
    guard isPlain, type.dataType.bitWidth % 8 == 0 else { return nil }
    if transforms.isEmpty {
      return try bytes.slice(offset: elements.lowerBound * size, count: elements.count * size)
    }
    guard let view = movement, view.rowLength > 0 else { return nil }
    let rows =
      elements.lowerBound / view.rowLength..<(elements.upperBound + view.rowLength - 1) / view.rowLength
    let copied = ByteRegion(count: rows.count * view.rowLength * size) { target in
      bytes.withBytes { view.copy(rows: rows, elementSize: size, from: $0, to: target) }
    }
    return try copied.slice(
      offset: (elements.lowerBound - rows.lowerBound * view.rowLength) * size, count: elements.count * size)
  }

  /// Where each element is stored, if the transforms only move elements; nil if they do not or nothing is to be done.
  private var movement: StridedView? {
    guard isPlain, !transforms.isEmpty, [8, 16, 32, 64].contains(type.dataType.bitWidth),
      var sizes = storedType.shape.fixed, let count = storedType.dataType.elementCount(of: sizes), count > 0
    else { return nil }
    var strides = Tensor.strides(of: sizes)
    for (index, transform) in transforms.enumerated() {
      switch transform {
      case .permute(let permutation):
        sizes = permutation.map { sizes[$0] }
        strides = permutation.map { strides[$0] }
      case .reshape(let shape):
        // What is not dense any more keeps its order, so that a last step may give it any shape.
        if strides == Tensor.strides(of: sizes) {
          (sizes, strides) = (shape, Tensor.strides(of: shape))
        } else if index < transforms.count - 1 {
          return nil
        }
      default: return nil
      }
    }
    return StridedView(sizes: sizes, strides: strides)
  }
}
