import SkiffBinary

extension Tensor {
  /// The elements as `Double`, exactly where a double can hold them; truth values are 0 and 1.
  public func doubles() throws(ModelError) -> [Double] {
    switch dataType {
    case .boolean: try elements(as: UInt8.self, reinterpreted: true).map { $0 == 0 ? 0 : 1 }
    case .int2, .uint2, .int4, .uint4: try unpacked().map(Double.init)
    case .int8: try elements(as: Int8.self).map(Double.init)
    case .int16: try elements(as: Int16.self).map(Double.init)
    case .int32: try elements(as: Int32.self).map(Double.init)
    case .int64: try elements(as: Int64.self).map(Double.init)
    case .uint8: try elements(as: UInt8.self).map(Double.init)
    case .uint16: try elements(as: UInt16.self).map(Double.init)
    case .uint32: try elements(as: UInt32.self).map(Double.init)
    case .uint64: try elements(as: UInt64.self).map { Double($0) }
    case .float64: try elements(as: Double.self)
    default: try floats().map(Double.init)
    }
  }

  /// The elements as `Float`: exact for floating point up to 32 bits, rounded to nearest for wider types.
  public func floats() throws(ModelError) -> [Float] {
    switch dataType {
    case .float32: return try elements(as: Float.self)
    case .float16: return try elements(as: Float16.self).map(Float.init)
    case .bfloat16: return try elements(as: BFloat16.self).map(\.float)
    case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz: return try floats8()
    case .complex64, .complex128, .string:
      throw ModelError(.unsupported, "no arithmetic on \(dataType.rawValue)")
    default: return try doubles().map(Float.init)
    }
  }

  /// The elements of a type of eight bits; each of the 256 is decoded once.
  private func floats8() throws(ModelError) -> [Float] {
    guard let format = Float8Format(dataType) else { return [] }
    let table = (0...UInt8.max).map { format.float($0) }
    return try elements(as: UInt8.self, reinterpreted: true).map { table[Int($0)] }
  }

  /// The elements as `Int`; truth values are 0 and 1.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` for other than integers and truth values, or beyond `Int`.
  public func integers() throws(ModelError) -> [Int] {
    switch dataType {
    case .boolean: return try elements(as: UInt8.self, reinterpreted: true).map { $0 == 0 ? 0 : 1 }
    case .int2, .uint2, .int4, .uint4: return try unpacked()
    case .int8: return try elements(as: Int8.self).map(Int.init)
    case .int16: return try elements(as: Int16.self).map(Int.init)
    case .int32: return try elements(as: Int32.self).map(Int.init)
    case .int64: return try elements(as: Int64.self).map(Int.init)
    case .uint8: return try elements(as: UInt8.self).map(Int.init)
    case .uint16: return try elements(as: UInt16.self).map(Int.init)
    case .uint32: return try elements(as: UInt32.self).map(Int.init)
    case .uint64:
      let elements = try elements(as: UInt64.self)
      guard elements.allSatisfy({ $0 <= UInt64(Int.max) }) else {
        throw ModelError(.unsupported, "an unsigned integer beyond 63 bits")
      }
      return elements.map(Int.init)
    default: throw ModelError(.unsupported, "expected integers, found \(dataType.rawValue)")
    }
  }

  /// Creates a tensor by rounding `values` to nearest (ties to even) in a floating point type.
  ///
  /// - Parameter saturates: Whether what is beyond the greatest number of an eight-bit type becomes it.
  public init(
    floats values: [Float], as dataType: DataType, shape: [Int], saturates: Bool = true
  ) throws(ModelError) {
    if let format = Float8Format(dataType) {
      let bits = values.map { format.bits($0, saturates: saturates) }
      try self.init(dataType, shape: shape, bytes: Tensor(bits, shape: shape).bytes)
      return
    }
    switch dataType {
    case .float32: self.init(values, shape: shape)
    case .float16: self.init(values.map(Float16.init), shape: shape)
    case .bfloat16: self.init(values.map(BFloat16.init), shape: shape)
    case .float64: self.init(values.map(Double.init), shape: shape)
    default: throw ModelError(.unsupported, "expected a floating point type, found \(dataType.rawValue)")
    }
  }

  /// Creates a tensor of integers or truth values; what a type cannot hold wraps around.
  public init(integers values: [Int], as dataType: DataType, shape: [Int]) throws(ModelError) {
    switch dataType {
    case .boolean: self.init(values.map { $0 != 0 }, shape: shape)
    case .int8: self.init(values.map(Int8.init(truncatingIfNeeded:)), shape: shape)
    case .int16: self.init(values.map(Int16.init(truncatingIfNeeded:)), shape: shape)
    case .int32: self.init(values.map(Int32.init(truncatingIfNeeded:)), shape: shape)
    case .int64: self.init(values.map(Int64.init), shape: shape)
    case .uint8: self.init(values.map(UInt8.init(truncatingIfNeeded:)), shape: shape)
    case .uint16: self.init(values.map(UInt16.init(truncatingIfNeeded:)), shape: shape)
    case .uint32: self.init(values.map(UInt32.init(truncatingIfNeeded:)), shape: shape)
    case .uint64: self.init(values.map(UInt64.init(truncatingIfNeeded:)), shape: shape)
    case .int2, .uint2, .int4, .uint4:
      let width = dataType.bitWidth
      let mask = UInt8(1 << width - 1)
      let perByte = 8 / width
      var packed = [UInt8](repeating: 0, count: (values.count + perByte - 1) / perByte)
      for (index, value) in values.enumerated() {
        packed[index / perByte] |= (UInt8(truncatingIfNeeded: value) & mask) << (index % perByte * width)
      }
      try self.init(dataType, shape: shape, bytes: ByteRegion(packed))
    default: throw ModelError(.unsupported, "expected an integer type, found \(dataType.rawValue)")
    }
  }

  /// The bytes as elements of a type of the same width.
  private func elements<Element: TensorElement>(
    as type: Element.Type, reinterpreted: Bool
  ) throws(ModelError) -> [Element] {
    try Tensor(Element.dataType, shape: shape, bytes: bytes).elements()
  }

  /// The elements of a type narrower than a byte.
  private func unpacked() throws(ModelError) -> [Int] {
    let width = dataType.bitWidth
    let perByte = 8 / width
    let mask = 1 << width - 1
    let sign = dataType.isSignedInteger ? 1 << (width - 1) : 0
    let packed = try Tensor(.uint8, shape: [bytes.count], bytes: bytes).elements(as: UInt8.self)
    return (0..<count).map { index in
      let bits = Int(packed[index / perByte]) >> (index % perByte * width) & mask
      return (bits ^ sign) - sign
    }
  }
}
