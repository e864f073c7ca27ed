import SkiffBinary

extension Constant {
  /// The tensor as it is stored, decoded.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if the bytes do not encode it, ``ModelError/Code/limitExceeded`` if it takes more
  ///   memory than ``Limits/current`` allow one tensor.
  func stored() throws(ModelError) -> Tensor {
    let shape = storedType.shape.fixed ?? []
    if isPlain {
      return try Tensor(
        storedType.dataType, shape: shape, quantization: storedType.quantization, bytes: bytes)
    }
    try verifySize(within: .current)
    let stream = try stream()
    switch encoding {
    case .dense:
      return try Tensor(
        storedType.dataType, shape: shape, quantization: storedType.quantization, bytes: stream)
    case .packed(let bits): return try Self.integers(in: stream, bits: bits, as: storedType)
    case .palette(let table, let bits):
      return try Self.elements(of: table, in: stream, bits: bits, as: storedType)
    case .sparse(let nonzeros):
      return try Self.elements(nonzeros.materialize(), at: stream, as: storedType)
    case .blocked(let blocks): return try blocks.elements(stream, as: storedType.dataType, shape: shape)
    case .codebook(let codebook): return try codebook.elements(stream, as: storedType)
    }
  }

  /// The bytes before compression.
  package func stream() throws(ModelError) -> ByteRegion {
    compression == .none ? bytes : try bytes.entropyDecoded(count: streamByteCount)
  }

  /// This constant without compression.
  package func entropyDecoded() throws(ModelError) -> Constant {
    try Constant(self, bytes: stream(), compression: .none)
  }

  /// Checks that the decoded tensor is not larger than `limits` allow.
  package func verifySize(within limits: Limits) throws(ModelError) {
    let count = storedType.shape.elementCount.flatMap { storedType.dataType.byteCount(elements: $0) }
    guard isPlain || count ?? Int.max <= limits.tensorSize else {
      throw ModelError(
        .limitExceeded, "a tensor of \(storedType), more than the limit of \(limits.tensorSize) bytes")
    }
  }

  /// The bytes of this constant in fewer, if there are any: what they become is stored.
  package func entropyCoded(_ histogram: ByteHistogram? = nil) -> Constant {
    guard compression == .none, !bytes.isEmpty else { return self }
    return Constant(self, bytes: bytes.entropyCoded(histogram), compression: .entropyCoded)
  }
}
