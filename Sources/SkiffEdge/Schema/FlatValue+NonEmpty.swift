import SkiffBinary

extension FlatValue {
  /// Text, or nil to leave it out if it is empty.
  static func nonEmpty(_ text: String) -> FlatValue? { text.isEmpty ? nil : .string(text) }
  static func nonEmpty(_ list: [Int]) -> FlatValue? { list.isEmpty ? nil : .integers(list) }
  static func nonEmpty(_ list: [Double]) -> FlatValue? { list.isEmpty ? nil : .reals(list) }
  static func nonEmpty(_ list: [Float]) -> FlatValue? { nonEmpty(list.map(Double.init)) }
  static func nonEmpty(_ list: [String]) -> FlatValue? { list.isEmpty ? nil : .strings(list) }
  static func nonEmpty(_ list: [UInt8]) -> FlatValue? { list.isEmpty ? nil : .bytes(ByteRegion(list)) }
  static func nonEmpty(_ list: [FlatObject]) -> FlatValue? { list.isEmpty ? nil : .objects(list) }
  static func digest(_ digest: Digest?) -> FlatValue? { digest.map { .bytes(ByteRegion($0.bytes)) } }
}

extension FlatTable {
  /// A digest of sixteen bytes; nil if the field is absent.
  func digest(_ name: String) throws(ModelError) -> Digest? {
    guard let bytes = try bytes(name) else { return nil }
    guard let digest = bytes.withBytes({ Digest(bytes: $0) }) else {
      throw ModelError(
        .malformed, "a digest of \(bytes.count) bytes",
        at: Location(byteOffset: bytes.offset, attribute: "\(type.name).\(name)"))
    }
    return digest
  }

  /// Numbers in float32.
  func singles(_ name: String) throws(ModelError) -> [Float] { (try reals(name) ?? []).map(Float.init) }
}
