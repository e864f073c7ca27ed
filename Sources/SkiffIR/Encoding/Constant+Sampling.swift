import SkiffBinary

extension Constant {
  /// Some elements of what is stored, the same ones each time; nil where they do not have whole bytes or are encoded.
  ///
  /// - Parameter count: How many; of fewer elements, all are taken.
  package func sample(_ count: Int) throws(ModelError) -> Tensor? {
    guard isPlain, storedType.dataType.pattern != nil, let total = storedType.shape.elementCount, total > 0
    else { return nil }
    guard total > count else { return try stored().reshaped(to: [total]) }
    let size = storedType.dataType.bitWidth / 8
    let sample = ByteRegion(count: count * size) { target in
      bytes.withBytes { source in
        for index in 0..<count {
          // One place in each of `count` parts, so that no pattern of rows and channels is met again and again.
          let (first, end) = (total * index / count, total * (index + 1) / count)
          let mixed = UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
          let place = first + Int(mixed >> 32) % (end - first)
          target[(index * size)..<((index + 1) * size)].copyBytes(
            from: source[(place * size)..<((place + 1) * size)])
        }
      }
    }
    return try Tensor(storedType.dataType, shape: [count], bytes: sample)
  }
}
