import SkiffBinary

extension Tensor {
  /// The elements as a list like `[1.0, 2.0]`; nil if a list would not read back to the same bytes.
  var literal: String? {
    let elements: [String]
    switch dataType {
    case .boolean: elements = ((try? integers()) ?? []).map { $0 == 0 ? "false" : "true" }
    case .float64: elements = ((try? doubles()) ?? []).map { Self.text(of: $0) }
    case _ where dataType.isFloatingPoint: elements = ((try? floats()) ?? []).map { Self.text(of: $0) }
    default: elements = ((try? integers()) ?? []).map(String.init)
    }
    guard let same = try? Tensor(literal: elements, as: dataType, shape: shape), same.bytes == bytes else {
      return nil
    }
    return "[\(elements.joined(separator: ", "))]"
  }

  /// The bytes in hexadecimal digits, like `x"0102"`.
  var hexadecimal: String { "x\"\(bytes.withBytes { $0.hexadecimalDigits })\"" }

  /// Creates a tensor from the elements of a list.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if their number does not fit the shape or the type cannot hold one.
  init(literal elements: [String], as dataType: DataType, shape: [Int]) throws(ModelError) {
    guard shape.checkedProduct() == elements.count else {
      throw ModelError(.malformed, "\(elements.count) elements for the shape \(Shape(shape))")
    }
    func converted<Element>(_ convert: (String) -> Element?) throws(ModelError) -> [Element] {
      var result: [Element] = []
      result.reserveCapacity(elements.count)
      for element in elements {
        guard let value = convert(element) else {
          throw ModelError(.malformed, "'\(element)' is no element of type \(dataType.rawValue)")
        }
        result.append(value)
      }
      return result
    }
    switch dataType {
    case .boolean: self.init(try converted(Bool.init), shape: shape)
    case .float64: self.init(try converted { $0 == "nan" ? .nan : Double($0) }, shape: shape)
    case _ where dataType.isFloatingPoint:
      try self.init(
        floats: try converted { $0 == "nan" ? .nan : Float($0) }, as: dataType, shape: shape)
    default:
      let range = dataType.integerRange()
      let integers = try converted { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
      try self.init(integers: integers, as: dataType, shape: shape)
    }
  }

  private static func text(of value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
    value.isNaN ? "nan" : value.description
  }
}

extension Double {
  /// The shortest decimal number that reads back to the same bits; `nan(0x…)` with the bits of an unusual one.
  package var textForm: String {
    if isNaN, bitPattern != Double.nan.bitPattern { return "nan(0x\(String(bitPattern, radix: 16)))" }
    return "\(self)"
  }
}

extension Sequence<UInt8> {
  /// Two lower-case digits for each byte.
  package var hexadecimalDigits: String {
    var digits: [UInt8] = []
    digits.reserveCapacity(2 * underestimatedCount)
    func digit(_ value: UInt8) -> UInt8 {
      value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
    for byte in self {
      digits.append(digit(byte >> 4))
      digits.append(digit(byte & 15))
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
