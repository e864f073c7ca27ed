import SkiffBinary
import SkiffIR

/// The bytes of tensors in a file.
struct EdgeSegment {
  let bytes: ByteRegion
  /// Nil if it shares that of the file.
  let digest: Digest?
  /// The number of a `Compression`, known or not.
  let compression: Int

  fileprivate func constantCompression() throws(ModelError) -> Constant.Compression {
    switch compression {
    case 0: return .none
    case 1: return .entropyCoded
    default:
      throw ModelError(.unsupported, "is stored in the compression \(compression), which is not known")
    }
  }
}

/// What the tensors that were read need of a file.
struct EdgeSegmentUsage {
  /// Whether a segment belongs to a tensor.
  private(set) var isUsed: [Bool]
  /// The bytes that compressed segments become for the tensors that they belong to.
  private var expandedByteCount = 0

  init(_ count: Int) { isUsed = [Bool](repeating: false, count: count) }

  /// Notes that `constant` is stored in a segment.
  mutating func add(_ constant: Constant, in segment: Int, limits: Limits) throws(ModelError) {
    isUsed[segment] = true
    try constant.verifySize(within: limits)
    guard constant.compression != .none else { return }
    let (sum, overflow) = expandedByteCount.addingReportingOverflow(constant.streamByteCount)
    guard !overflow, sum <= limits.inflatedSize else {
      throw ModelError(
        .limitExceeded, "compressed tensors become more than the limit of \(limits.inflatedSize) bytes")
    }
    expandedByteCount = sum
  }
}

extension EdgeReader {
  /// The constant of a `Constant` or a `State`.
  ///
  /// - Parameter isNested: Whether it is a part of another one.
  func constant(
    _ table: FlatTable, isNested: Bool = false, usage: inout EdgeSegmentUsage
  ) throws(ModelError) -> Constant {
    let wanted = try type(table.integer("type"))
    let stored = table.type.name == "ExampleTensor" ? nil : try type(table.integer("stored_type"))
    guard let wanted, case let type = stored ?? wanted, let shape = type.shape.fixed else {
      throw ModelError(.malformed, "a constant without a fixed shape")
    }
    let number = try table.integer("segment")
    guard segments.indices.contains(number) else {
      throw ModelError(.malformed, "there is no segment \(number)")
    }
    let constant = try Constant(
      type.dataType, shape: shape, quantization: type.quantization, bytes: segments[number].bytes,
      encoding: encoding(of: table, type.dataType, isNested: isNested, usage: &usage),
      compression: segments[number].constantCompression())
    try usage.add(constant, in: number, limits: limits)
    if stored != nil {
      guard let widened = try constant.widened(to: wanted) else {
        throw ModelError(.malformed, "\(type) does not become \(wanted)")
      }
      return widened
    }
    return constant
  }

  private func encoding(
    of table: FlatTable, _ dataType: DataType, isNested: Bool, usage: inout EdgeSegmentUsage
  ) throws(ModelError) -> Constant.Encoding {
    let tag = try table.unionTag("encoding")
    guard tag != 0 else { return .dense }
    guard let member = try table.table("encoding") else {
      throw ModelError(.unsupported, "is stored in the encoding \(tag), which is not known")
    }
    switch member.type.name {
    case "Packed": return .packed(bits: try member.integer("bits"))
    case "Palette":
      let bytes = try member.bytes("elements") ?? .empty
      let count = dataType.bitWidth < 8 ? 0 : bytes.count / (dataType.bitWidth / 8)
      return .palette(
        try Tensor(dataType, shape: [count], bytes: bytes), bits: try member.integer("bits"))
    case "Blocked":
      guard !isNested, let scales = try member.table("scales") else {
        throw ModelError(.malformed, "blocks without scales, or in a part of another tensor")
      }
      return .blocked(
        Constant.Blocks(
          bits: try member.integer("bits"), axis: try member.integer("axis"),
          size: try member.integer("block"),
          scales: try constant(scales, isNested: true, usage: &usage),
          zeroPoints: try member.table("zero_points").map { table throws(ModelError) in
            try constant(table, isNested: true, usage: &usage)
          }))
    case "Codebook":
      guard !isNested, let tables = try member.table("tables") else {
        throw ModelError(.malformed, "a codebook without tables, or in a part of another tensor")
      }
      return .codebook(
        Constant.Codebook(
          bits: try member.integer("bits"), axis: try member.integer("axis"),
          tableAxis: try member.integer("table_axis"), rows: try member.integer("rows"),
          tables: try constant(tables, isNested: true, usage: &usage)))
    default:
      guard !isNested, let elements = try member.table("elements") else {
        throw ModelError(.malformed, "a sparse tensor without elements, or with sparse ones")
      }
      return .sparse(try constant(elements, isNested: true, usage: &usage))
    }
  }

  /// The tensors of an `Example`, which are dense and not compressed.
  func tensors(
    _ tables: [FlatTable]?, usage: inout EdgeSegmentUsage
  ) throws(ModelError) -> [Tensor] {
    var tensors: [Tensor] = []
    for table in tables ?? [] {
      let constant = try constant(table, usage: &usage)
      guard constant.isPlain else { throw ModelError(.malformed, "an example whose tensors are compressed") }
      tensors.append(try constant.materialize())
    }
    return tensors
  }
}
