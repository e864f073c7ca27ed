import SkiffBinary

extension Constant {
  /// Whether two constants are one tensor, bit for bit. What is stored alike is compared as it is stored.
  package func hasEqualElements(as other: Constant) throws(ModelError) -> Bool {
    guard type == other.type else { return false }
    if case .blocked(let blocks) = encoding, case .blocked(let others) = other.encoding, transforms.isEmpty,
      other.transforms.isEmpty, blocks.hasLayout(of: others)
    {
      guard try blocks.scales.hasEqualElements(as: others.scales), try blocks.hasEqualZeroPoints(as: others)
      else { return false }
      return try entropyDecoded().hasEqualBytes(as: other.entropyDecoded())
    }
    let isAlike =
      (encoding, compression, storedType, transforms)
      == (other.encoding, other.compression, other.storedType, other.transforms)
    if isAlike, hasEqualBytes(as: other) { return true }
    return try materialize() == other.materialize()
  }

  /// Checks that ``materialize()`` can make the tensor; large ones are not made.
  ///
  /// - Throws: What ``materialize()`` throws.
  package func verifyContents() throws(ModelError) {
    guard case .blocked(let blocks) = encoding, transforms.isEmpty else {
      _ = try materialize()
      return
    }
    _ = (try blocks.scales.materialize(), try blocks.zeroPoints?.materialize(), try entropyDecoded())
  }

  private func hasEqualBytes(as other: Constant) -> Bool {
    defer {
      bytes.releasePages()
      other.bytes.releasePages()
    }
    return bytes == other.bytes
  }
}

extension Constant.Blocks {
  fileprivate func hasLayout(of other: Self) -> Bool {
    (bits, axis, size) == (other.bits, other.axis, other.size)
  }

  fileprivate func hasEqualZeroPoints(as other: Self) throws(ModelError) -> Bool {
    guard let zeroPoints, let others = other.zeroPoints else {
      return (zeroPoints == nil) == (other.zeroPoints == nil)
    }
    return try zeroPoints.hasEqualElements(as: others)
  }
}
