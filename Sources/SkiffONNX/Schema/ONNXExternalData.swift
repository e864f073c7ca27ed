import SkiffBinary

/// Where the bytes of a tensor are that is not in the model's file.
package struct ONNXExternalData: Hashable, Sendable {
  /// The path of the file, relative to the model's folder.
  package var location: String
  package var offset: Int
  /// Nil: up to the end of the file.
  package var length: Int?

  /// Bytes of a file.
  init(location: String, offset: Int, length: Int) {
    self.location = location
    self.offset = offset
    self.length = length
  }

  init(_ properties: [ONNXProperty]) throws(ModelError) {
    func number(_ key: String) throws(ModelError) -> Int? {
      guard let text = properties.last(where: { $0.key == key })?.value else { return nil }
      guard let number = Int(text), number >= 0 else {
        throw ModelError(.malformed, "'\(text)' is not the \(key) of external data")
      }
      return number
    }
    guard let location = properties.last(where: { $0.key == "location" })?.value, !location.isEmpty else {
      throw ModelError(.malformed, "external data has no location")
    }
    self.location = location
    offset = try number("offset") ?? 0
    length = try number("length")
  }
}
