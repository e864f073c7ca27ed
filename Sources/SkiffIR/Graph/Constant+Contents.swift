import SkiffBinary

extension Constant {
  /// What a constant is made of. Where it is equal, so are the elements' bytes, and a file needs them once.
  package struct Contents: Hashable {
    private let bytes: ByteRegion
    /// What the bytes are before anything is done to them; nil if nothing is.
    private let type: TensorType?
    private let encoding: Encoding
    private let compression: Compression
    private let transforms: [Transform]

    package init(_ constant: Constant) {
      bytes = constant.bytes
      type = constant.isPlain && constant.transforms.isEmpty ? nil : constant.storedType
      encoding = constant.encoding
      compression = constant.compression
      transforms = constant.transforms
    }

    /// Combines the beginning alone: constants may have many bytes, and few begin alike.
    package func hash(into hasher: inout Hasher) {
      hasher.combine(bytes.count)
      hasher.combine(transforms)
      bytes.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(256))) }
    }
  }
}
